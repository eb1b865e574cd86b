"""Why a line of a loop is allowed: the way to it in one iteration's body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradcli.compact.assembly import Compact
from gradcli.compact.gate import Near
from gradcli.compact.loops.derivation import Looped
from gradcli.compact.loops.lines import Stated
from gradcli.compact.loops.placing import name, points
from gradcli.interpret import run
from gradcli.ops.core import Array
from gradcli.sizes import numbers
from gradcli.transform.reify import OWN, Row


class Bodies:
    """The compact forms of the bodies, with a point at which ways are proven, and the numbers that
    their literal steps have in the whole listing.
    """

    def __init__(self, looped: Looped) -> None:
        self.looped = looped
        self.values = run(looped.program.steps, dict(looped.values))
        self.made: dict[int, Compact] = {}
        places = {step.name: eq for eq, step in enumerate(looped.program.steps, 1)}
        self.equations = places
        self.rows: dict[tuple[int, int], int] = {}
        for number, row in enumerate(looped.source.rows, 1):
            self.rows.setdefault((row.eq, row.operand), number)

    def __iter__(self) -> Iterator[tuple[Stated, Compact]]:
        """Each line with its body's compact form."""
        for each in self.looped.stated:
            if id(each.body) not in self.made:
                self.made[id(each.body)] = self._proven(each)
            yield each, self.made[id(each.body)]

    def _proven(self, each: Stated) -> Compact:
        body, point = each.body, self.point(each)
        rng = np.random.default_rng(0)
        values: dict[str, Array] = {}
        for item in body.literal.reified.program.inputs:
            ref = each.refs.get(item.name)
            known = None if ref is None else self.values.get(name(ref, point))
            drawn = rng.standard_normal(numbers(item.shape))
            values[item.name] = drawn if known is None else known
        proofs = {
            row.target: self.looped.proofs[target]
            for row, target in self.targets(each.body)
            if target in self.looped.proofs
        }
        near = Near.of(body.literal.reified.program, values, ())
        return replace(body, near=near, proofs=proofs)

    def targets(self, body: Compact) -> Iterator[tuple[Row, str]]:
        """The rows of a body, and what the whole derivation calls their targets."""
        for stated, row in zip(self.looped.stated, self.looped.rows, strict=True):
            if stated.body is body and row.operand != OWN:
                yield stated.row, row.target

    def point(self, each: Stated) -> dict[str, int]:
        """Where the backward pass enters the loops of a line."""
        dims = {name: int(size.value) for name, size in self.looped.program.sizes.dims.items()}
        *_, last = points((*each.loops, *reversed(each.over)), dims)
        return last

    def number(self, each: Stated, body: Compact, k: int) -> int:
        """The number in the whole listing of the k-th literal step of a body; 0 for none."""
        row = body.literal.rows[k]
        step = body.literal.step(row)
        ref = each.refs.get(step.name)
        eq = 0 if ref is None else self.equations.get(name(ref, self.point(each)), 0)
        return self.rows.get((eq, row.operand), 0)
