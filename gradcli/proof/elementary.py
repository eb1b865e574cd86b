"""Exponentials, logarithms, roots and angles at points of a field.

An exponential of an exponent that is independent of all others is an element of its own: such
exponentials are algebraically independent (Ax 1971; in towers, the structure theorem of Risch).
What depends on others is their product: where u = 2 v + w, exp(u) is exp(v)² exp(w). The dependence
is found by linear algebra over the points, and holds at more of them than there are unknowns.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.ops.core import Array
from gradcli.proof.element import SURE, Degree, Doubt, Doubts, Element, product
from gradcli.proof.exponents import Exponents, MorePoints
from gradcli.proof.groups import (
    columns_of,
    group_of_squares,
    group_of_turns,
    independent,
    of_columns,
    prime_factors,
)
from gradcli.proof.unknown import Unknown

__all__ = ["Elementary", "MorePoints"]

VANISHES = -1e5  # the exponent, a mask, below which an exponential is 0
FAR = -VANISHES / 2  # an exponent that one of a mask, and another one, may differ by
MOST_PAIRED = 60  # logarithms that are looked for as products of two known ones
LARGEST_POWER = 10**6

LOGARITHM = Doubt("a logarithm")
BESIDE_A_MASK = Doubt("an exponential that is beyond all range, as one that is taken for 0")
HIGH = Doubt("a power too high")
LARGE = Doubt("a root of a large order")
ROOT = Doubt("a root whose sign may depend on another's")
NO_ROOT = Doubt("a root that does not exist at the points drawn")
ANGLE = Doubt("an angle with pi in it")


class OtherPrime(Exception):
    """Modulo this prime a positive constant is no square."""


class Elementary(Unknown):
    """The part of `Arithmetic` that is not rational."""

    streams: list[random.Random]
    element: Callable[[Any], Element]
    inverse: Callable[[Element], Element]
    divide: Callable[[Degree, int], Degree]
    only: Callable[[Array, Element], Element]

    def begin(self) -> None:
        self.exponents = Exponents(
            self.field, self.points, group_of_squares(self.field, self.fresh)
        )
        self.angles = Exponents(self.field, self.points, group_of_turns(self.field, self.fresh))
        self.exponents.add(
            np.array([1] * self.points, dtype=object), self._square(), SURE, Degree(1)
        )
        self.logarithms: set[tuple[int, ...]] = set()  # those drawn, by what they are of
        self.primes: dict[int, list[int]] = {}
        self.opaque = {}
        self.roots: set[tuple[int, ...]] = set()
        self.rooted: list[list[tuple[bool, ...]]] = []  # at each point, which of some roots exist
        self.gone: set[int] = set()  # points at which a root does not exist
        self.hasty = False  # whether what lies behind a root that does not exist is no matter
        self.certain = False  # whether the signs of roots are known to be independent
        self.folds = 1
        self._pi: Element | None = None

    def fresh(self) -> list[int]:
        """An element of its own at each point, from the point's own stream."""
        return [self.field.drawn(stream, 1)[0] for stream in self.streams]

    def draw(self, shape: tuple[int, ...]) -> Array:
        """Independent elements, with the points in front."""
        count = math.prod(shape)
        found = np.empty((self.points, count), dtype=object)
        for k, stream in enumerate(self.streams):
            found[k] = self.field.drawn(stream, count)
        return found.reshape((self.points, *shape))

    def _square(self) -> list[int]:
        return [pow(v, 2, self.field.p) for v in self.fresh()]

    def _made(self, x: Element, at: Array, near: Array, degree: Degree, doubts: Doubts) -> Element:
        return Element(self, near, at, degree, doubts, x.lost)

    def pi(self) -> Element:
        """Pi, an element of which nothing is known but that it is positive."""
        if self._pi is None:
            at = np.array(self._square(), dtype=object).reshape(self.points, 1, 1)
            near = np.full((1, 1), math.pi)
            self._pi = Element(self, near, at, Degree(2), frozenset({ANGLE}))
        return self._pi

    # ── exponentials and logarithms ──

    def exp(self, x: Element) -> Element:
        columns = columns_of(x.at)
        found, degree, doubts = [], Degree(), SURE
        with np.errstate(all="ignore"):
            near = np.exp(x.near)
        for column, exponent in zip(columns, x.near.reshape(-1).tolist(), strict=True):
            if exponent < VANISHES:
                found.append([0] * self.points)
                continue
            values, own, why = self.exponents.of(column, x.doubts)
            found.append(values)
            degree = Degree(max(degree.own, own.own), max(degree.times, own.times))
            doubts |= why
            if abs(exponent) > FAR:  # its product with one that vanishes may be no 0
                doubts |= {BESIDE_A_MASK}
        if degree.times:
            degree = Degree(degree.own, 1 + self.divide(Degree(degree.own), len(columns)).times)
        at = of_columns(found, x.at.shape)
        made = self._made(x, at, near, degree, doubts)
        if x.dot is not None:
            made.dot = at * x.dot % self.field.p
        return made

    def log(self, x: Element) -> Element:
        with np.errstate(all="ignore"):
            near = np.log(x.near)
        found, doubts = [], x.doubts
        for column in columns_of(x.at):
            values, why = self._log(column, x.degree)
            found.append(values)
            doubts |= why
        made = self._made(x, of_columns(found, x.at.shape), near, Degree(1), doubts)
        if x.dot is not None:
            made.dot = x.dot * self.field.inverse(x.at) % self.field.p
        return made

    def _log(self, column: list[int], degree: Degree) -> tuple[list[int], Doubts]:
        """The logarithm of one entry: of a fraction, of what is known, of a product of two, or a
        new one.
        """
        p, fraction = self.field.p, self._constant(column)
        factors = prime_factors(fraction) if fraction is not None and fraction > 0 else None
        if factors is not None:
            terms = [[n * v % p for v in self._log_prime(q)] for q, n in factors.items()]
            return [sum(row) % p for row in zip(*terms, strict=True)] or [0] * len(column), SURE
        known = {tuple(v): e for e, v in self.exponents.generators()}
        fresh = {k: frozenset({LOGARITHM}) for k in self.logarithms}
        if (found := self._of_known(column, known)) is not None:
            terms, used = found
            doubts = SURE.union(*(fresh.get(key, SURE) for key in used))
            return [sum(row) % p for row in zip(*terms, strict=True)], doubts
        log = self.fresh()
        self.logarithms.add(tuple(column))
        self.exponents.add(np.array(log, dtype=object), list(column), SURE, degree)
        return log, frozenset({LOGARITHM})

    def _of_known(
        self, column: list[int], known: Mapping[tuple[int, ...], list[int]]
    ) -> tuple[list[list[int]], list[tuple[int, ...]]] | None:
        """A logarithm as terms, each known, or its opposite: by what they are the logarithms of."""
        p, key = self.field.p, tuple(column)
        if key in known:
            return [known[key]], [key]
        if not all(column) or len(known) > MOST_PAIRED:
            return None
        every = np.array(list(known), dtype=object)
        own = np.array(column, dtype=object)
        both, ratio = every * own % p, every * self.field.inverse(own) % p
        for products, first, second in (
            (both, -1, 1),  # x·b = c
            (ratio, 1, -1),  # b/x = c
            (self.field.inverse(ratio), 1, 1),  # x/b = c
            (self.field.inverse(both), -1, -1),  # 1/(x·b) = c
        ):
            for b, row in zip(known, products, strict=True):
                c = tuple(row)
                if c in known or set(c) == {1}:
                    rest = [[second * v for v in known[c]]] if c in known else []
                    return [[first * v for v in known[b]], *rest], [b, c]
        return None

    def _log_prime(self, q: int) -> list[int]:
        if q not in self.primes:
            self.primes[q] = self.fresh()
            log = np.array(self.primes[q], dtype=object)
            self.exponents.add(log, [q] * self.points, SURE, Degree())
        return self.primes[q]

    # ── powers ──

    def power(self, x: Element, r: Fraction) -> Element:
        """A rational power, entry by entry."""
        p = self.field.p
        if r.denominator == 1:
            if r < 0:
                return self.power(self.inverse(x), -r)
            if r > LARGEST_POWER:
                return self.unknown("power", x, self.element(r), doubt=HIGH)
            with np.errstate(all="ignore"):
                near = np.asarray(x.near ** float(r))
            at = self.field.power(x.at, int(r))
            made = self._made(x, at, near, product([x.degree] * int(r)), x.doubts)
            if x.dot is not None:
                lower = self.field.power(x.at, int(r) - 1) if r >= 1 else 0
                made.dot = int(r) * lower * x.dot % p
            return made
        if r < 0:
            return self.inverse(self.power(x, -r))
        if self.field.exponent(r) is None:
            return self.unknown("power", x, self.element(r), doubt=LARGE)
        with np.errstate(all="ignore"):
            near = np.asarray(x.near ** float(r))
        doubts, lost = x.doubts, x.lost
        if r.denominator % 2:
            at = self.field.power(x.at, self.field.exponent(r) or 0)
        else:
            at, why, missing = self._rooted(x, r)
            doubts, lost = doubts | why, lost | missing
            if (x.near < 0).any():
                doubts |= {NO_ROOT}
        own = math.ceil(x.degree.own * r)
        made = self._made(x, at, near, Degree(own, math.ceil(x.degree.times * r)), doubts)
        made.lost = lost
        if x.dot is not None:
            factor = self.field.residue(r)
            made.dot = factor * at * self.field.inverse(x.at) * x.dot % p
        return made

    def _rooted(self, x: Element, r: Fraction) -> tuple[Array, Doubts, frozenset[int]]:
        """A power with square roots in it; what is doubtful; and the points at which roots lack.

        Of entries not seen before it is noted at which points their roots exist, and whether their
        signs are independent. Roots of fractions are positive, and no matter. In haste nothing is
        computed behind a point's first root that does not exist.
        """
        every = list(map(tuple, columns_of(x.at)))
        fresh = list(dict.fromkeys(c for c in every if c not in self.roots))
        exists: list[tuple[bool, ...]] = []
        found: dict[tuple[int, ...], list[int]] = {}
        missing: set[int] = set()
        for column in dict.fromkeys(every):
            roots = [
                None if self.hasty and k in self.gone else self.field.power_of_square(v, r)
                for k, v in enumerate(column)
            ]
            found[column] = [root or 0 for root in roots]
            lacking = {k for k, root in enumerate(roots) if root is None}
            missing |= lacking
            self.gone |= lacking
            if len(set(column)) == 1:
                if lacking and not self.hasty:
                    raise OtherPrime
            elif column not in self.roots:
                exists.append(tuple(root is not None for root in roots))
        self.roots.update(fresh)
        rows = [tuple(bits[k] for bits in exists) for k in range(self.points)]
        self.rooted.append(rows)
        self.folds *= 2 ** len(exists)
        at = of_columns([found[column] for column in every], x.at.shape)
        certain = self.certain or independent(rows)
        return at, SURE if certain else frozenset({ROOT}), frozenset(missing)

    def raised(self, x: Element, y: Element) -> Element:
        """x^y: by roots where the exponents are fractions, else exp(y log x)."""
        columns = columns_of(y.at)
        powers = [r for r in map(self._constant, columns) if r is not None]
        if y.dot is None and len(powers) == len(columns):
            if y.near.size == 1:
                return self.power(x, powers[0])
            return self._each(x, y, powers)
        return self.exp(y * self.log(x))

    def _constant(self, column: list[int]) -> Fraction | None:
        return self.field.fraction(column[0]) if len(set(column)) == 1 else None

    def _each(self, x: Element, y: Element, powers: Sequence[Fraction]) -> Element:
        """Powers that differ from entry to entry."""
        shape = np.broadcast_shapes(x.shape, y.shape)
        rank = len(shape) - len(y.shape)
        every = np.array(powers, dtype=object).reshape((*(1,) * rank, *y.shape))
        every = np.broadcast_to(every, shape)
        total: Element | None = None
        for r in dict.fromkeys(powers):
            mask = np.array([v == r for v in every.reshape(-1)]).reshape(shape)
            term = self.only(mask, self.power(x, r))
            total = term if total is None else total + term
        assert total is not None
        return total

    # ── angles ──

    def turn(self, x: Element) -> tuple[Element, Element]:
        """The cosine and the sine, by the rational form of half the angle."""
        columns = columns_of(x.at)
        pairs, doubts, own = [], x.doubts, 0
        for column in columns:
            values, degree, why = self.angles.of(column, x.doubts)
            pairs.append(values)
            doubts |= why
            own = max(own, degree.own)
        self.divide(Degree(own), len(columns))
        cos = of_columns([[v[0] for v in pair] for pair in pairs], x.at.shape)
        sin = of_columns([[v[1] for v in pair] for pair in pairs], x.at.shape)
        degree = Degree(own, 1)
        c = self._made(x, cos, np.cos(x.near), degree, doubts)
        s = self._made(x, sin, np.sin(x.near), degree, doubts)
        if x.dot is not None:
            c.dot, s.dot = -sin * x.dot % self.field.p, cos * x.dot % self.field.p
        return c, s
