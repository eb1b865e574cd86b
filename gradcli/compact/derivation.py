"""The compact derivation of a program, as a Program like any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from gradcli.compact.assembly import Compact, assembled, operations
from gradcli.compact.gate import Near, differing, proven
from gradcli.compact.lines import Lines, applicable
from gradcli.compact.loops.derivation import Looped, Shorter, looped
from gradcli.errors import Defect
from gradcli.ops.core import Array
from gradcli.ops.mismatch import Mismatch
from gradcli.proof.verdict import REFUTED, Proof
from gradcli.transform.reverse import Derivation
from gradcli.transform.vjp import Known

TRIES = 3
LONGEST = 1000  # steps of a listing that a compact form is looked for


def compact(
    literal: Derivation,
    values: Mapping[str, Array],
    bound: Collection[str] = (),
    shorter: Shorter = tuple,
) -> Derivation:
    """The compact form of a derivation; the derivation itself where none is found.

    values: what the inputs and the given derivatives are worth at a point; bound: the inputs whose
    values are data. The whole is compared with the literal one there and nearby, and proven; a line
    that differs is put together anew, by no rule. Loops stay loops where their iterations are
    alike; shorter: the same with shorter loops.
    """
    if any(len(loop.iterations) > 1 for loop in literal.program.loops):
        found_loops = looped(literal, values, bound, shorter)
        if found_loops is not None:
            return found_loops
    if len(literal.rows) > LONGEST:
        return literal
    near = Near.of(literal.program, values, bound)
    applied = applicable(literal.program)
    found = _found(literal, Lines(literal, values, applied=applied), near) if applied else None
    if found is None or not applied.isdisjoint(_names(found)):
        found = _found(literal, Lines(literal, values), near)
    return literal if found is None else found


def _names(short: Compact) -> set[str]:
    """The names of the model that the lines use."""
    nodes = [node for row in short.rows for node in row.contribution.nodes]
    return {node.key.name for node in nodes if isinstance(node.key, Known)}


def _found(literal: Derivation, found: Lines, near: Near) -> Compact | None:
    """The lines put together, compared and proven; None where they are none that are right, or
    take more operations, those from which every derivative's name was put in step by step too.
    """
    plain: set[str] = set()
    every = False
    for _ in range(TRIES):
        try:
            short = assembled(literal, found, found.found(plain, every), near)
            if operations(short) > operations(literal) and not every:
                every = True
                short = assembled(literal, found, found.found(plain, every), near)
        except (Mismatch, Defect):
            return None
        wrong = differing(literal.reified, short.reified, found.data)
        if not wrong:
            if operations(short) > operations(literal):
                return None
            proofs = _proofs(literal, short)
            wrong = {name for name, proof in proofs.items() if proof.verdict == REFUTED}
            if not wrong:
                return replace(short, proofs=proofs)
        plain |= {literal.reified.totals[name] for name in wrong}
    return None


def _proofs(literal: Derivation, short: Compact) -> dict[str, Proof]:
    """What exact evaluation says of each derivative that has a line."""
    totals, own = literal.reified.totals, short.reified.totals
    pairs = {totals[name]: own[name] for name in own if name in totals}
    found = proven(literal.reified, short.reified.program, pairs, short.near)
    return {name: found[totals[name]] for name in own if name in totals}


__all__ = ["Compact", "Looped", "compact"]
