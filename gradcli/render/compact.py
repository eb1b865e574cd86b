"""The way to each compact line, and what the passes cost, as rows of text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from gradcli.proof.verdict import PROVEN
from gradcli.render.layout import EQUATION, Column, Line, Section
from gradcli.render.records import cost_record, proof_record
from gradcli.session import Session
from gradcli.sizes import Size, Sizes
from gradcli.views.cost import Cost, costs, of_rows, quotient

if TYPE_CHECKING:
    from gradcli.compact.why import Reason

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
    Column("as the sizes go", flexible=True),
)


def reasons(session: Session) -> Iterator[tuple[Reason, ...]]:
    """The way to each line. The compact form is loaded here, where it is told of."""
    from gradcli.compact.why import why

    return why(session.derivation)


def ways(session: Session) -> Section:
    """The way to each line: the literal steps that it stands for, then rule by rule."""
    derivation = session.derivation
    lines: list[Line] = []
    for number, (row, way) in enumerate(zip(derivation.rows, reasons(session), strict=True), 1):
        lines.append(Line((f"{number} {derivation.left(row)}",), EQUATION))
        lines += [Line((str(r.step or ""), r.left, r.assign, r.formula, _rule(r))) for r in way]
    return Section("Why: from the literal steps to each line", WHY, lines)


def _rule(reason: Reason) -> str:
    """A rule, and whether points alone bear it out."""
    unproven = reason.proof is not None and reason.proof.verdict != PROVEN
    return f"{reason.rule} (compared at some points, not proven)" if unproven else reason.rule


def _counted(size: Size) -> tuple[str, str]:
    return str(size.value), size.text


def ratios(passes: Mapping[str, Cost], sizes: Sizes) -> list[tuple[float, str]]:
    """How many times the forward pass's operations and bytes the backward one has."""
    one, other = passes["backward"], passes["forward"]
    pairs = (one.flops, other.flops), (one.bytes, other.bytes)
    return [(float(a.value / b.value) if b.value else nan, quotient(a, b, sizes)) for a, b in pairs]


def cost(session: Session) -> Section:
    """What each pass costs, and each line of the backward one."""
    derivation, sizes = session.derivation, session.program.sizes
    passes = costs(session)
    lines = [
        Line((name, *_counted(found.flops), *_counted(found.bytes)))
        for name, found in passes.items()
    ]
    (times, symbolic), (moved, text) = ratios(passes, sizes)
    lines.insert(2, Line(("backward / forward", f"{times:.3g}", symbolic, f"{moved:.3g}", text)))
    for row, flops in zip(derivation.rows, of_rows(derivation), strict=True):
        lines.append(Line((f"  {derivation.left(row)}", *_counted(flops), "", "")))
    return Section("Cost", COST, lines)


# ── JSON ──


def ways_json(session: Session) -> Iterator[list[dict[str, Any]]]:
    """For each line the way to it."""
    for way in reasons(session):
        yield [
            {
                "assign": r.assign,
                "formula": r.formula,
                **({"step": r.step, "left": r.left} if r.step else {"rule": r.rule}),
                **({} if r.proof is None else proof_record(r.proof)),
            }
            for r in way
        ]


def proofs_json(session: Session) -> Iterator[dict[str, Any]]:
    """For each line of a compact form what exact evaluation says of it."""
    derivation = session.derivation
    if derivation.literal is None:
        yield from ({} for _ in derivation.rows)
        return
    from gradcli.compact.why import proofs

    for proof in proofs(derivation):
        yield {} if proof is None else proof_record(proof)


def cost_json(session: Session) -> dict[str, Any]:
    """What each pass costs."""
    passes = costs(session)
    (flops, symbolic), (moved, text) = ratios(passes, session.program.sizes)
    ratio = {
        "flops": None if isnan(flops) else flops,
        "bytes": None if isnan(moved) else moved,
        "symbolic_flops": symbolic,
        "symbolic_bytes": text,
    }
    return {**{name: cost_record(found) for name, found in passes.items()}, "ratio": ratio}
