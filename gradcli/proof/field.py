"""Arithmetic modulo a prime in which what is positive is a square.

The prime is p = 8·3·5·7·…·73·k - 1. Then -1 is no square, and 2, 3, 5, … 73 are; so a square stands
for a positive number as far as products, quotients and rational powers go. The squares form a group
of odd order, prime to all of 2, 3, … 73: each has exactly one root of each such order among them,
and roots of products are products of roots.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from gradcli.ops.core import Array

BITS = 191
SMOOTH = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73)
STRIDE = 4 * math.prod(SMOOTH)
HALF = 55  # bits of a fraction's numerator and of its denominator, where one is looked for
SIMPLER = 40  # bits by which a fraction must be simpler than others
WITNESSES = 50
DRAWN = 320  # bits from which an element is made


class Field:
    """The integers modulo a prime that a seed draws; arrays of them hold Python's own integers."""

    def __init__(self, seed: int | str) -> None:
        self.p = _prime(f"gradcli {seed}")
        self.order = (self.p - 1) // 2  # of the group of squares
        self.known: dict[tuple[int, Fraction], int | None] = {}

    # ── elements ──

    def drawn(self, rng: random.Random, count: int) -> list[int]:
        """Independent elements other than 0, all alike likely: but for a part of 2^-128, which is
        what is left of so many bits modulo the prime.
        """
        size = DRAWN // 8
        bits = rng.randbytes(size * count)
        every = (bits[k : k + size] for k in range(0, size * count, size))
        return [int.from_bytes(each, "little") % self.p or 1 for each in every]

    def residue(self, value: Fraction) -> int:
        n, d = value.numerator, value.denominator
        return n % self.p if d == 1 else n * pow(d, -1, self.p) % self.p

    def is_square(self, x: int) -> bool:
        return x == 0 or pow(x, self.order, self.p) == 1

    def power_of_square(self, x: int, power: Fraction) -> int | None:
        """A power whose denominator is even; None where the root does not exist."""
        key = (x, power)
        if key not in self.known:
            n, d = power.numerator, power.denominator
            root = pow(x, self.exponent(Fraction(1, d)) or 0, self.p)
            self.known[key] = pow(root, n, self.p) if pow(root, d, self.p) == x else None
        return self.known[key]

    def fraction(self, x: int) -> Fraction | None:
        """The fraction of small numbers that an element stands for, where there is one (Wang,
        Guy & Davenport 1982).
        """
        if x in (0, 1):
            return Fraction(x)
        a, b, s, t = self.p, x, 0, 1
        while b >> HALF:
            q = a // b
            a, b, s, t = b, a - q * b, t, s - q * t
        if t == 0 or abs(t) >> HALF:
            return None
        return Fraction(b, t)

    def likely(self, x: int) -> Fraction | None:
        """The simplest fraction that an element stands for, if it is much simpler than any other
        (Monagan 2004): one side may be long where the other is short.
        """
        a, b, s, t = self.p, x, 0, 1
        best, found = 1 << SIMPLER, None
        while b:
            q = a // b
            if q > best:
                best, found = q, Fraction(b, t)
            a, b, s, t = b, a - q * b, t, s - q * t
        return found if x else Fraction(0)

    # ── arrays ──

    def inverse(self, x: Array) -> Array:
        """Each entry's inverse, by one inversion for all (Montgomery); 0 for 0."""
        p = self.p
        flat = x.reshape(-1).tolist()
        products, running = [], 1
        for entry in flat:
            products.append(running)
            running = running * (entry or 1) % p
        back = pow(running, -1, p)
        found = np.empty(len(flat), dtype=object)
        for i in range(len(flat) - 1, -1, -1):
            entry = flat[i]
            found[i] = back * products[i] % p if entry else 0
            back = back * (entry or 1) % p
        return found.reshape(x.shape)

    def weights(self, count: int) -> Array:
        """Fixed elements that look random, one for each of some entries."""
        rng = random.Random(count)
        found = np.empty(count, dtype=object)
        found[:] = self.drawn(rng, count)
        return found

    def power(self, x: Array, exponent: int) -> Array:
        p = self.p
        found = np.empty(x.size, dtype=object)
        found[:] = [pow(entry, exponent, p) for entry in x.reshape(-1).tolist()]
        return found.reshape(x.shape)

    def exponent(self, power: Fraction) -> int | None:
        """What to raise a square to for a rational power of it; None where the root isn't one.

        For an odd denominator the same serves for elements that are no squares.
        """
        n, d = power.numerator, power.denominator
        order = self.order if d % 2 == 0 else self.p - 1
        if math.gcd(d, order) != 1:
            return None
        return n * pow(d, -1, order) % order


def rank_of_bits(rows: Sequence[Sequence[int]]) -> int:
    """The rank over the field of two elements."""
    basis: list[int] = []
    for row in rows:
        value = int("".join(map(str, row)), 2)
        for other in basis:
            value = min(value, value ^ other)
        if value:
            basis.append(value)
    return len(basis)


@lru_cache(maxsize=64)
def _prime(seed: str) -> int:
    rng = random.Random(seed)
    while True:
        k = rng.randrange(2 ** (BITS - 1) // STRIDE, 2**BITS // STRIDE)
        if _is_prime(k * STRIDE - 1, rng):
            return k * STRIDE - 1


def _is_prime(n: int, rng: random.Random) -> bool:
    """Miller & Rabin's test; n - 1 is 2 times an odd number."""
    return pow(2, n - 1, n) == 1 and all(
        pow(rng.randrange(2, n - 1), (n - 1) // 2, n) in (1, n - 1) for _ in range(WITNESSES)
    )
