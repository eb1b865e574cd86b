"""The way to each compact line, and what the passes cost, as rows of text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcli.compact.why import why
from gradcli.render.layout import EQUATION, Column, Line, Section
from gradcli.session import Session
from gradcli.views.cost import Cost, costs, of_row

WHY = (
    Column("step", right=True, gap=0),
    Column("", gap=1),
    Column("", right=True, gap=1),
    Column("formula", flexible=True, gap=1, least=40),
    Column("rule", flexible=True, least=24),
)
COST = (
    Column("", gap=0),
    Column("operations", right=True),
    Column("as the sizes go", flexible=True),
    Column("bytes moved", right=True),
)


def ways(session: Session) -> Section:
    """The way to each line: the literal steps that it stands for, then rule by rule."""
    derivation = session.derivation
    lines: list[Line] = []
    for number, (row, reasons) in enumerate(zip(derivation.rows, why(derivation), strict=True), 1):
        lines.append(Line((f"{number} {derivation.left(row)}",), EQUATION))
        lines += [Line((str(r.step or ""), r.left, r.assign, r.formula, r.rule)) for r in reasons]
    return Section("Why: from the literal steps to each line", WHY, lines)


def cost(session: Session) -> Section:
    """What each pass costs, and each line of the backward one."""
    derivation, sizes = session.derivation, session.program.sizes
    lines = [
        Line((name, str(found.flops.value), found.flops.text, str(found.bytes.value)))
        for name, found in costs(session).items()
    ]
    for row in derivation.rows:
        flops = of_row(row, sizes)
        lines.append(Line((f"  {derivation.left(row)}", str(flops.value), flops.text, "")))
    return Section("Cost", COST, lines)


# ── JSON ──


def ways_json(session: Session) -> Iterator[list[dict[str, Any]]]:
    """For each line the way to it."""
    for reasons in why(session.derivation):
        yield [
            {
                "assign": r.assign,
                "formula": r.formula,
                **({"step": r.step, "left": r.left} if r.step else {"rule": r.rule}),
            }
            for r in reasons
        ]


def cost_json(session: Session) -> dict[str, Any]:
    """What each pass costs."""
    return {name: _cost(found) for name, found in costs(session).items()}


def _cost(found: Cost) -> dict[str, Any]:
    return {
        "flops": found.flops.value,
        "bytes": found.bytes.value,
        "symbolic_flops": found.flops.text,
    }
