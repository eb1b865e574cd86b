"""A derivation's gradients, proven: against the exact derivative of the program along directions.

The program is evaluated on dual numbers over the field, x + ε dx, so that the loss's derivative
along dx comes out beside its value. For a random direction it must be the sum of dL/dx · dx. One
direction in all quantities together, intermediate ones moved besides what moves them, proves all of
their derivatives; where that fails, each is tried alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gradcli.interpret import interpret
from gradcli.ops.core import Array
from gradcli.program import Step
from gradcli.proof.element import Degree, Element
from gradcli.proof.evaluation import TOO_LARGE, Evaluation, TooLarge
from gradcli.proof.exponents import MorePoints
from gradcli.proof.restricted import Kept
from gradcli.proof.verdict import PROVEN, Proof, undecided
from gradcli.proof.work import work
from gradcli.transform.reverse import Derivation

MOST_WORK, LEAST = 1_000_000, 8  # how many names are tried alone: operations in all, and names
MANY = "not all are proven, and there are too many to try each alone"


def prove_gradients(
    derivation: Derivation,
    near: Mapping[str, Array],
    given: Mapping[str, Array],
    kept: Collection[str] | Kept = (),
    seed: int | str = 0,
    names: Sequence[str] | None = None,
) -> dict[str, Proof]:
    """For each name that a derivation differentiates by, whether its gradient is right.

    near: the inputs' values; given: the derivatives that arrive. Both say on which side of its
    kinks the program is. kept: inputs that are not free. names: other names, of intermediate
    quantities too.
    """
    program, reified = derivation.program, derivation.reified
    arriving = {
        name: given[item.name] for item, name in zip(program.given, reified.arriving, strict=True)
    }
    names = derivation.wrt if names is None else tuple(names)
    try:
        evaluation = Evaluation((*program.steps, *reified.steps), {**near, **arriving}, kept, seed)
        while True:
            try:
                prover = _Prover(derivation, evaluation)
                together = prover.along(names)
                if together.verdict == PROVEN or len(names) == 1:
                    return dict.fromkeys(names, together)
                alone = names[: max(LEAST, MOST_WORK // work(program.steps))]
                found = dict.fromkeys(names, undecided(MANY))
                return found | {name: prover.along([name]) for name in alone}
            except MorePoints:
                evaluation.widen()
    except TooLarge:
        return dict.fromkeys(names, undecided(TOO_LARGE))


class _Prover:
    """Directions in an evaluation of both passes."""

    def __init__(self, derivation: Derivation, evaluation: Evaluation) -> None:
        self.derivation = derivation
        self.evaluation = evaluation
        self.arithmetic = evaluation.arithmetic

    def along(self, names: Sequence[str]) -> Proof:
        """Whether the derivative along a random direction in some names is as the totals say."""
        program, values = self.derivation.program, self.evaluation.values
        wanted = set(names)
        directions = {name: self._drawn(values[name]) for name in wanted}

        def moved(name: str, value: Element) -> Element:
            if name not in wanted:
                return value
            dot = directions[name].at
            if value.dot is not None:
                dot = (dot + value.dot) % self.arithmetic.field.p
            return Element(
                self.arithmetic, value.near, value.at, value.degree, value.doubts, value.lost, dot
            )

        def meaning(step: Step, operands: list[Element]) -> Element:
            return moved(step.name, self.arithmetic.meaning(step, operands))

        dual = {item.name: moved(item.name, values[item.name]) for item in program.inputs}
        interpret(program.steps, dual, meaning, self.arithmetic.number)
        forward = self._sum([self._gain(name, dual) for name in program.outputs()])
        totals = self.derivation.reified.totals
        backward = self._sum(
            [self._dot(values[totals[name]], directions[name]) for name in names if name in totals]
        )
        return self.evaluation.equal(backward, forward)

    def _drawn(self, value: Element) -> Element:
        return Element(self.arithmetic, value.near, self.arithmetic.draw(value.shape), Degree(1))

    def _gain(self, name: str, dual: Mapping[str, Element]) -> Element:
        """What an output's derivative along the direction adds to the loss's."""
        value = dual[name]
        if value.dot is None:
            return self.arithmetic.element(0)
        # A derivative has about the degree of what it is a derivative of, divided by it once more.
        degree = Degree(2 * value.degree.own + 2, 2 * value.degree.times + 1)
        moved = Element(self.arithmetic, value.near, value.dot, degree, value.doubts, value.lost)
        found = self.arithmetic.element(0)
        if name == self.derivation.program.loss:
            found = found + moved
        items = zip(self.derivation.program.given, self.derivation.reified.arriving, strict=True)
        for item, arriving in items:
            if item.name == name:
                found = found + self._dot(self.evaluation.values[arriving], moved)
        return found

    def _dot(self, x: Element, y: Element) -> Element:
        axes = tuple(range(-len(x.shape), 0))
        return self.arithmetic.total(x * y, axes, scalar=True)

    def _sum(self, terms: Sequence[Element]) -> Element:
        total = self.arithmetic.element(0)
        for term in terms:
            total = total + term
        return total
