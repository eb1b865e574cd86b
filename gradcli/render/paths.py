"""Paths of influence as rows of text, and as JSON."""

from __future__ import annotations

from typing import Any

from gradcli.render.arrays import entry_text, json_number
from gradcli.render.layout import NOTE, Column, Line, Section
from gradcli.render.table import DIGITS
from gradcli.version import __version__
from gradcli.views.diagram import LAST, Path
from gradcli.views.paths import Paths

SCHEMA_VERSION = 1
LISTED = (
    Column("#", right=True, gap=0),
    Column("path", flexible=True, gap=1),
    Column("factors", flexible=True),
    Column("product", right=True),
)
ARROWS = (Column("local", gap=0), Column("formula", flexible=True))


def sections(found: Paths, precision: int | None = None) -> list[Section]:
    """The paths with their factors, what they add up to, and the formulas of the arrows."""
    digits = precision or DIGITS
    lines = [
        Line(
            (f"{number}", _steps(found, path), _factors(path, digits), _text(path.product, digits))
        )
        for number, path in enumerate(found.paths, 1)
    ]
    left, rest = found.rest
    if left:
        lines.append(Line(("", f"… {left:,} more", "", _text(rest, digits)), NOTE))
    lines.append(Line(("", "sum", "", _text(found.total, digits))))
    lines.append(Line(("", "by reverse mode", "", _text(found.gradient, digits))))
    title = f"Paths from {found.label(found.start)} to {_end(found)}: {found.number:,}"
    arrows = [Line((f"∂{one.of}/∂{one.wrt}", one.formula)) for one in found.arrows]
    parts = [Section(title, LISTED, lines)]
    if arrows:
        note = "the local derivatives, each with the other names held"
        parts.append(Section("Arrows", ARROWS, arrows, (note,)))
    return parts


def _end(found: Paths) -> str:
    if found.end is not None:
        return found.label(found.end)
    program = found.session.program
    return program.loss if program.loss and not program.given else LAST


def _steps(found: Paths, path: Path) -> str:
    return " → ".join(map(found.label, path.steps))


def _factors(path: Path, digits: int) -> str:
    return " · ".join(_text(factor, digits) for factor in path.factors) or "1"


def _text(value: float, digits: int) -> str:
    return entry_text(value, digits)


def document(found: Paths, precision: int | None = None) -> dict[str, Any]:
    """The JSON document."""
    left, rest = found.rest
    return {
        "schema_version": SCHEMA_VERSION,
        "gradcli_version": __version__,
        "source": found.session.program.source.name,
        "from": found.label(found.start),
        "to": _end(found),
        "count": found.number,
        "paths": [
            {
                "steps": list(map(found.label, path.steps)),
                "factors": [json_number(factor, precision) for factor in path.factors],
                "product": json_number(path.product, precision),
            }
            for path in found.paths
        ],
        "rest": {"count": left, "sum": json_number(rest, precision)},
        "sum": json_number(found.total, precision),
        "gradient": json_number(found.gradient, precision),
        "arrows": [{"of": one.of, "wrt": one.wrt, "formula": one.formula} for one in found.arrows],
        "notes": [note.message for note in found.session.notes],
    }
