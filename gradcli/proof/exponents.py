"""Which exponents depend on which: each as a combination of others, with fractions as coefficients.

An exponent is known by its values at the points. The values of n independent ones span n dimensions
of the space of all points; where there are more points than that by a few, what lies in the span by
luck is as unlikely as that a polynomial other than 0 vanishes at as many points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.ops.core import Array
from gradcli.proof.element import SURE, Degree, Doubt, Doubts
from gradcli.proof.field import Field

SPARE = 3  # points more than independent exponents
MOST = 100  # independent exponents that are told apart
MANY = Doubt("more exponentials than are told apart")
STRANGE = Doubt("an exponent that depends on others by no small fraction")


class MorePoints(Exception):
    """There are too few points to tell dependent exponents from independent ones."""


class Exponents:
    """Exponents met so far, and what their exponentials are at each point.

    made: how a new independent one's value is drawn (and of which degree), and how values combine.
    """

    def __init__(self, field: Field, points: int, made: Any) -> None:
        self.field = field
        self.points = points
        self.drawn, self.combined = made
        self.met = 0  # how many different ones
        self.open = False  # whether what is past the last that is told apart is no matter
        self.known: dict[tuple[int, ...], tuple[list[Any], Degree, Doubts]] = {}
        self.exponent: list[list[int]] = []  # of the independent ones
        self.value: list[list[Any]] = []
        self.degree: list[Degree] = []
        self.doubts: list[Doubts] = []
        self.rows: Array = np.empty((0, points), dtype=object)  # reduced: a 1 at each one's pivot
        self.coefficients: Array = np.empty((0, 0), dtype=object)  # of the rows in the exponents
        self.pivots: list[int] = []

    def generators(self) -> Iterator[tuple[list[int], list[Any]]]:
        yield from zip(self.exponent, self.value, strict=True)

    def of(self, column: Sequence[int], doubts: Doubts) -> tuple[list[Any], Degree, Doubts]:
        """The values of an exponent's exponential, their degree, and what is doubtful."""
        key = tuple(column)
        if key not in self.known:
            self.known[key] = self._made(list(column), doubts)
        return self.known[key]

    def add(self, exponent: Array, value: list[Any], doubts: Doubts, degree: Degree) -> None:
        """An independent exponent whose exponential is known."""
        residual, combination = self._reduced(exponent)
        if (len(self.rows) and self._full()) or not (residual != 0).any():
            return
        self._keep(exponent, value, doubts, degree, residual, combination)

    def _made(self, column: list[int], doubts: Doubts) -> tuple[list[Any], Degree, Doubts]:
        exponent = np.array(column, dtype=object)
        if not any(column):
            return self._combined([]), Degree(), SURE
        self.met += 1
        residual, combination = self._reduced(exponent)
        if (residual != 0).any():
            value, degree = self.drawn()
            if self._full():
                return self._many(column, doubts)
            raised = self._one(value)
            self._keep(exponent, value, doubts, Degree(degree), residual, combination)
            return raised, Degree(degree), doubts
        used = np.dot(combination, self.coefficients) % self.field.p
        powers = [(i, self.field.fraction(int(c))) for i, c in enumerate(used) if c]
        if any(power is None for _, power in powers):
            return self._strange(doubts)
        found = self._combined([(i, power) for i, power in powers if power is not None])
        if any(value is None for value in found):
            return self._strange(doubts)
        degree, negative, why = 0, False, SURE
        for i, power in powers:
            assert power is not None
            degree += abs(power.numerator) * max(1, self.degree[i].own)
            negative |= power < 0 or self.degree[i].times > 0
            why |= self.doubts[i]
        return found, Degree(degree, int(negative)), why

    def _full(self) -> bool:
        """Whether no more are told apart. Raises MorePoints where more points would tell."""
        full = len(self.rows) + SPARE >= self.points
        if full and not self.open and self.points < MOST + SPARE:
            raise MorePoints
        return full

    def _one(self, value: list[Any]) -> list[Any]:
        return [self.combined([v], [Fraction(1)]) for v in value]

    def _combined(self, powers: Sequence[tuple[int, Fraction]]) -> list[Any]:
        every = [power for _, power in powers]
        return [
            self.combined([self.value[i][k] for i, _ in powers], every) for k in range(self.points)
        ]

    def _strange(self, doubts: Doubts) -> tuple[list[Any], Degree, Doubts]:
        value, degree = self.drawn()
        return self._one(value), Degree(degree), doubts | {STRANGE}

    def _many(self, column: list[int], doubts: Doubts) -> tuple[list[Any], Degree, Doubts]:
        """An element of its own for an exponent past the last that is told apart, and the inverse
        for its opposite.
        """
        value, degree = self.drawn()
        opposite = tuple(-c % self.field.p for c in column)
        inverse = [self.combined([v], [Fraction(-1)]) for v in value]
        self.known[opposite] = (inverse, Degree(degree, 1), doubts | {MANY})
        return self._one(value), Degree(degree), doubts | {MANY}

    def _reduced(self, exponent: Array) -> tuple[Array, Array]:
        """What is left of an exponent, and of which rows the rest is made."""
        combination = exponent[self.pivots] if self.pivots else np.empty(0, dtype=object)
        if not self.pivots:
            return exponent % self.field.p, combination
        return (exponent - np.dot(combination, self.rows)) % self.field.p, combination

    def _keep(
        self,
        exponent: Array,
        value: list[Any],
        doubts: Doubts,
        degree: Degree,
        residual: Array,
        combination: Array,
    ) -> None:
        p, n = self.field.p, len(self.rows)
        pivot = int(np.flatnonzero(residual != 0)[0])
        scale = pow(int(residual[pivot]), -1, p)
        row = residual * scale % p
        own = np.zeros(n + 1, dtype=object)
        if n:
            own[:n] = -np.dot(combination, self.coefficients) * scale % p
        own[n] = scale
        wider = np.zeros((n + 1, n + 1), dtype=object)
        wider[:n, :n] = self.coefficients
        if n:
            factor = self.rows[:, pivot : pivot + 1]
            self.rows = (self.rows - factor * row) % p
            wider[:n] = (wider[:n] - factor * own) % p
        wider[n] = own
        self.rows = np.concatenate([self.rows, row[None]])
        self.coefficients = wider
        self.pivots.append(pivot)
        self.exponent.append([int(v) for v in exponent])
        self.value.append(value)
        self.degree.append(degree)
        self.doubts.append(doubts)
        key = tuple(self.exponent[-1])
        self.known.setdefault(key, (self._one(value), degree, doubts))
