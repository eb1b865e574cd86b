"""What the tests of the listings share."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from gradcli.lower import lower
from gradcli.ops import Op
from gradcli.ops.core import Attrs
from gradcli.render.layout import Section, write_plain, write_rich
from gradcli.session import Request, Session, compute
from gradcli.syntax import read, read_source

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.eq"))


def derived(text: str | Path, **options: Any) -> Session:
    """A model, derived and computed."""
    name, raw = (
        ("model.eq", text.encode()) if isinstance(text, str) else (text.name, text.read_bytes())
    )
    program = lower(read(read_source(name, raw)))
    return compute(program, {}, Request(**options))


def taken(op: Op, attrs: Attrs) -> int:
    """How many operands an operation has in a test: as many as its attributes are for, or three."""
    known = dict(attrs)
    if "subscripts" in known:
        return known["subscripts"].partition("->")[0].count(",") + 1
    if "regions" in known:
        return len(known["regions"])
    return 3 if any(name.startswith("*") for name in op.operands) else len(op.operands)


def plain(sections: list[Section]) -> str:
    out = io.StringIO()
    write_plain(sections, out)
    return out.getvalue()


def painted(sections: list[Section], width: int = 80, **options: Any) -> str:
    """What a terminal gets."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, **options)
    write_rich(sections, console)
    return out.getvalue()


def squeezed(text: str) -> str:
    return "".join(text.split())
