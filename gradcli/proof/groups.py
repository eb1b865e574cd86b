"""The groups in which exponentials and turns are drawn, and columns of their elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.ops.core import Array
from gradcli.proof.field import Field, rank_of_bits

TURNS = 12  # an angle is drawn as so many times another one
LARGEST_FACTOR = 1000


def independent(rows: Sequence[tuple[bool, ...]]) -> bool:
    """Whether no product of some elements is a square times a constant, from which of them are
    squares at each of several points: then any choice of their roots' signs is as good as another.
    """
    if not rows or not rows[0]:
        return True
    return rank_of_bits([(1, *map(int, row)) for row in rows]) == 1 + len(rows[0])


def lifted(x: Array, rank: int) -> Array:
    """An array with axes behind its first so that the others are as many as `rank`."""
    return x.reshape((x.shape[0], *(1,) * (rank + 1 - x.ndim), *x.shape[1:]))


def columns_of(at: Array) -> list[list[int]]:
    """Each entry's values at all points."""
    found: list[list[int]] = at.reshape(at.shape[0], -1).T.tolist()
    return found


def of_columns(columns: Sequence[Sequence[Any]], shape: tuple[int, ...]) -> Array:
    found = np.empty((len(columns), shape[0]), dtype=object)
    for i, column in enumerate(columns):
        found[i] = column
    return found.T.reshape(shape)


def group_of_squares(field: Field, fresh: Callable[[], list[int]]) -> Any:
    """How values are combined: the product of rational powers of squares."""

    def combined(values: Sequence[int], powers: Sequence[Fraction]) -> int | None:
        total = 1
        for value, power in zip(values, powers, strict=True):
            exponent = int(power) if power.denominator == 1 else field.exponent(power)
            if exponent is None or (value == 0 and power < 0):
                return None
            if power.denominator % 2 == 0 and not field.is_square(value):
                return None
            total = total * (value if exponent == 1 else pow(value, exponent, field.p)) % field.p
        return total

    def drawn() -> tuple[list[int], int]:
        return [v * v % field.p for v in fresh()], 1

    return drawn, combined


def group_of_turns(field: Field, fresh: Callable[[], list[int]]) -> Any:
    """The same for points of the circle: (cos, sin) of an angle, TURNS times a drawn one."""
    p = field.p

    def times(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return (a[0] * b[0] - a[1] * b[1]) % p, (a[0] * b[1] + a[1] * b[0]) % p

    def raised(a: tuple[int, int], n: int) -> tuple[int, int]:
        if n < 0:
            a, n = (a[0], -a[1] % p), -n
        found = (1, 0)
        while n:
            if n & 1:
                found = times(found, a)
            a = times(a, a)
            n >>= 1
        return found

    def combined(values: Sequence[Any], powers: Sequence[Fraction]) -> tuple[int, int] | None:
        """values: the drawn angles' points."""
        total = (1, 0)
        for value, power in zip(values, powers, strict=True):
            n = power * TURNS
            if n.denominator != 1:
                return None
            total = times(total, raised(value, int(n)))
        return total

    def drawn() -> tuple[list[tuple[int, int]], int]:
        found = []
        for t in fresh():
            below = pow(1 + t * t, -1, p)  # never 0: -1 is no square
            found.append(((1 - t * t) * below % p, 2 * t * below % p))
        return found, 2 * TURNS

    return drawn, combined


def prime_factors(fraction: Fraction) -> dict[int, int] | None:
    """A positive fraction's prime factors and their powers; None where one is large."""
    found: dict[int, int] = {}
    for whole, sign in ((fraction.numerator, 1), (fraction.denominator, -1)):
        rest, q = whole, 2
        while rest > 1:
            while rest % q == 0:
                found[q] = found.get(q, 0) + sign
                rest //= q
            q += 1
            if q > LARGEST_FACTOR and rest > 1:
                return None
    return found
