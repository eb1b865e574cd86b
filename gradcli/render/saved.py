"""What a backward pass needs of the forward one, as rows of text, as JSON and in Markdown."""

from __future__ import annotations

from typing import Any

from gradcli.render.arrays import shape_text
from gradcli.render.layout import Column, Line, Section
from gradcli.session import Session
from gradcli.views.saved import Saved, Value, saved

SAVED = (
    Column("value", gap=0),
    Column("shape"),
    Column("bytes", right=True),
    Column("as the sizes go"),
    Column("last used"),
    Column("computed again by"),
    Column("operations", right=True),
    Column("as the sizes go", flexible=True),
    Column(""),
)
MOST = 40  # rows of a table


def section(session: Session, limit: int | None, full: bool) -> Section:
    """The values, and what is to be saved of them."""
    found = saved(session, limit)
    shown = found.values if full else found.values[:MOST]
    lines = [Line(_cells(value, found)) for value in shown]
    if len(shown) < len(found.values):
        lines.append(Line((f"… {len(found.values) - len(shown)} more, with --full",)))
    whole = ("saved", "", str(found.bytes), "", "", _choice(found), str(found.flops), "", "")
    lines.append(Line(whole))
    return Section("Saved for the backward pass", SAVED, lines)


def _cells(value: Value, found: Saved) -> tuple[str, ...]:
    last = f"{value.last}  {value.target}"
    front = (value.name, shape_text(value.shape), str(value.bytes.value), value.bytes.text, last)
    if value.given:
        return (*front, "an input", "", "", "")
    numbers = [f"({k})" for k in value.equations[:4]]
    by = " ".join(numbers) + (" …" if len(value.equations) > len(numbers) else "")
    kept = "" if found.limit is None else "saved" if value.kept else "computed again"
    return (*front, by, str(value.flops.value), value.flops.text, kept)


def _choice(found: Saved) -> str:
    if found.limit is None:
        return ""
    if found.bytes > found.limit:
        return "more than the limit"
    how = "the cheapest choice" if found.cheapest else "a cheap choice"
    return f"{how} for {found.limit} bytes"


def record(session: Session, limit: int | None) -> dict[str, Any]:
    """The same as JSON."""
    found = saved(session, limit)
    values = [
        {
            "name": value.name,
            "shape": [size.value for size in value.shape],
            "bytes": value.bytes.value,
            "symbolic_bytes": value.bytes.text,
            "last_use": value.last,
            "input": value.given,
            "kept": value.kept,
            **({} if value.given else _again(value)),
        }
        for value in found.values
    ]
    return {
        "values": values,
        "bytes": found.bytes,
        "flops": found.flops,
        "limit": found.limit,
        "cheapest": found.cheapest,
    }


def _again(value: Value) -> dict[str, Any]:
    return {
        "recompute": {
            "equations": list(value.equations),
            "flops": value.flops.value,
            "symbolic_flops": value.flops.text,
        }
    }
