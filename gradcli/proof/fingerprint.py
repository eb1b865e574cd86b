"""Which quantities are worth the same: a mark for each, from its values at points of a field.

Equal marks mean equal values, but for a chance that Schwartz and Zippel's lemma bounds; different
marks mean different values where both are sure. So marks serve to look a quantity up among others,
and nothing is compared in pairs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gradcli.ops.core import Array
from gradcli.program import Step
from gradcli.proof.evaluation import Evaluation
from gradcli.proof.restricted import Kept
from gradcli.proof.verdict import Proof, weakest


class Mark(NamedTuple):
    """key: equal where values are, shape and all. sure: whether different keys tell, too.

    No mark is made where a branch is too close to call or a root has no value.
    """

    key: tuple[object, ...]
    sure: bool


class Fingerprints:
    """Marks of a program's quantities, near one or more real points.

    near: for each point the floats of all inputs, which say on which side of its kinks the program
    is: give points on both sides. kept: the inputs that are not free; the others, constants
    too, are drawn, so that nothing is found that holds for one data set alone. Raises
    `evaluation.TooLarge`.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        near: Sequence[Mapping[str, Array]],
        kept: Collection[str] | Kept = (),
        seed: int | str = 0,
    ) -> None:
        self.evaluations = [
            Evaluation(steps, point, kept, f"{seed} {i}") for i, point in enumerate(near)
        ]

    def add(self, steps: Iterable[Step]) -> None:
        """Evaluate more steps, of names not known yet."""
        steps = tuple(steps)
        for evaluation in self.evaluations:
            evaluation.extend(steps)

    def mark(self, name: str) -> Mark | None:
        """The mark of a quantity."""
        keys: list[object] = []
        sure = True
        for evaluation in self.evaluations:
            value = evaluation.values[name]
            if value.lost or any(doubt.grave for doubt in value.doubts):
                return None
            sure = sure and not value.doubts
            known = np.isfinite(value.near)
            keys.append((value.shape, known.tobytes(), tuple((value.at * known).reshape(-1))))
        return Mark(tuple(keys), sure)

    def equal(self, one: str, other: str) -> Proof:
        """Whether two quantities are one, with the bound on the chance of error."""
        return weakest(e.equal(e.values[one], e.values[other]) for e in self.evaluations)
