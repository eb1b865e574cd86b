"""Floating-point formats: how numbers are rounded to one, and what that makes of derivatives.

Both passes run with every value rounded to one of its two neighbours in the format, the nearer one
being the likelier (stochastic rounding: Parker, Pierce & Eggert 2000; Connolly, Higham & Mary
2021). Their mean distance from the exact derivatives is what the format makes of them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradcli.evaluate import arrived
from gradcli.interpret import interpret, number, value
from gradcli.ops.core import Array
from gradcli.program import Step
from gradcli.record import Record
from gradcli.session import Session

RUNS = 16
SURE = 2.0  # mean distances; a judge allows twice as many


class Format(Record):
    """A binary floating-point format (IEEE 754; bfloat16 as its users have it).

    digits: of a significand, the leading one included. lowest: the exponent of the smallest normal
    number. highest: that of the largest number.
    """

    name: str
    digits: int
    lowest: int
    highest: int

    @property
    def epsilon(self) -> float:
        """The distance from 1 to the next larger number."""
        return 2.0 ** (1 - self.digits)

    @property
    def smallest(self) -> float:
        """The smallest positive number, with a single digit left."""
        return 2.0 ** (self.lowest - self.digits + 1)

    @property
    def normal(self) -> float:
        """The smallest number that has all digits."""
        return 2.0**self.lowest

    @property
    def largest(self) -> float:
        return (2 - self.epsilon) * 2.0**self.highest

    def rounded(self, values: Array, rng: np.random.Generator | None = None) -> Array:
        """The nearest numbers of the format; with `rng`, neighbours drawn by their nearness."""
        with np.errstate(all="ignore"):
            exponent = np.maximum(np.frexp(values)[1], self.lowest + 1) - self.digits
            scaled = np.ldexp(values, -exponent)
            whole = np.rint(scaled) if rng is None else np.floor(scaled + rng.random(values.shape))
            found = np.ldexp(whole, exponent)
            beyond = np.abs(found) > self.largest
            return np.asarray(np.where(beyond, np.copysign(np.inf, found), found))

    def holds(self, values: Array) -> bool:
        """Whether every value is a number of the format."""
        return bool(np.all((self.rounded(values) == values) | np.isnan(values)))


DOUBLE, SINGLE = Format("float64", 53, -1022, 1023), Format("float32", 24, -126, 127)
BFLOAT16, HALF = Format("bfloat16", 8, -126, 127), Format("float16", 11, -14, 15)
FORMATS = {each.name: each for each in (DOUBLE, SINGLE, BFLOAT16, HALF)}


def rounding(
    session: Session, names: Iterable[str], precision: Format, seed: int
) -> dict[str, Array]:
    """What the format makes of the derivatives by some names, each in its variable's own shape.

    A bound on the distance of a right derivative from the exact one: SURE times the root of the
    mean squared distance in RUNS runs, and half of the smallest number. It is inf where a run
    leaves the format's range.
    """
    totals = session.derivation.reified.totals
    exact = {name: session.backward.totals[name] for name in names}
    squares = {name: np.zeros(total.shape) for name, total in exact.items()}
    rng = np.random.default_rng([seed, 8])
    with np.errstate(all="ignore"):
        for _ in range(RUNS):
            found = _both_passes(session, precision, rng)
            for name, total in exact.items():
                squares[name] += (found[totals[name]] - total) ** 2
        bounds = {
            name: SURE * np.sqrt(each / RUNS) + precision.smallest / 2
            for name, each in squares.items()
        }
    return {name: np.where(np.isnan(each), np.inf, each) for name, each in bounds.items()}


def _both_passes(session: Session, precision: Format, rng: np.random.Generator) -> dict[str, Array]:
    """All values of both passes, rounded, from rounded inputs.

    Inside an operation nothing is rounded: sums are accumulated in more digits, as BLAS and tensor
    cores do. A branch that a rounded value takes is taken.
    """

    def rounded(step: Step, operands: list[Array]) -> Array:
        return precision.rounded(value(step, operands), rng)

    given = {name: precision.rounded(each, rng) for name, each in session.given.items()}
    values = {name: precision.rounded(each, rng) for name, each in session.inputs.items()}
    interpret(session.program.steps, values, rounded, number)
    found = arrived(session.derivation, values, given)
    return interpret(session.derivation.reified.steps, found, rounded, number)
