"""What a quantity is worth to exact evaluation: an array at points of a field, near a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.ops.core import Array


class Doubt(NamedTuple):
    """Why a difference may be none. A grave one also says that an equality may be none."""

    text: str
    grave: bool = False


Doubts = frozenset[Doubt]
SURE: Doubts = frozenset()


class Degree(NamedTuple):
    """A bound on a rational function's degree: its numerator has at most `own + times * T`.

    T is the degree of all that has been divided by, together; the denominator divides its power
    `times`.
    """

    own: int = 0
    times: int = 0


CONSTANT = Degree()


def together(degrees: Iterable[Degree]) -> Degree:
    """The degree of a sum."""
    every = list(degrees)
    return Degree(max((d.own for d in every), default=0), max((d.times for d in every), default=0))


def product(degrees: Iterable[Degree]) -> Degree:
    every = list(degrees)
    return Degree(sum(d.own for d in every), sum(d.times for d in every))


class Element:
    """An array of a field's elements, at several points, and what it is near to in the reals.

    near: floats in the array's own shape; they decide branches alone. at: with an axis for the
    points in front. dot: the derivative along a direction, where one is looked for. lost: the
    points at which a root does not exist.
    """

    __slots__ = ("arithmetic", "at", "degree", "dot", "doubts", "lost", "near")
    __array_ufunc__ = None  # NumPy leaves the operators to this class

    def __init__(
        self,
        arithmetic: Any,
        near: Array,
        at: Array,
        degree: Degree = CONSTANT,
        doubts: Doubts = SURE,
        lost: frozenset[int] = frozenset(),
        dot: Array | None = None,
    ) -> None:
        self.arithmetic = arithmetic
        self.near = near
        self.at = at
        self.degree = degree
        self.doubts = doubts
        self.lost = lost
        self.dot = dot

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.near.shape)

    def ring(self, forward: Callable[..., Array], *others: Any) -> Element:
        """What only adds, subtracts and moves entries."""
        return self._ring(forward, (self, *others), together)

    def _ring(self, forward: Callable[..., Array], operands: Sequence[Any], degree: Any) -> Element:
        found: Element = self.arithmetic.ring(forward, operands, degree)
        return found

    def __add__(self, other: Any) -> Element:
        return self.ring(np.add, other)

    def __radd__(self, other: Any) -> Element:
        return self.ring(np.add, other)

    def __sub__(self, other: Any) -> Element:
        return self.ring(np.subtract, other)

    def __rsub__(self, other: Any) -> Element:
        return self._ring(np.subtract, (other, self), together)

    def __neg__(self) -> Element:
        return self._ring(np.negative, (self,), together)

    def __mul__(self, other: Any) -> Element:
        return self._ring(np.multiply, (self, other), product)

    def __rmul__(self, other: Any) -> Element:
        return self._ring(np.multiply, (other, self), product)

    def __truediv__(self, other: Any) -> Element:
        below = self.arithmetic.inverse(self.arithmetic.element(other))
        return self._ring(np.multiply, (self, below), product)

    def __rtruediv__(self, other: Any) -> Element:
        return self._ring(np.multiply, (other, self.arithmetic.inverse(self)), product)

    def __matmul__(self, other: Any) -> Element:
        return self._ring(np.matmul, (self, other), product)
