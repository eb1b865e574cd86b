"""Arithmetic on elements: sums, products and quotients, branches, numbers.

What only adds, subtracts, multiplies and moves entries needs no form of its own: NumPy carries it
out on Python's integers, and the result is reduced.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.interpret import interpret
from gradcli.ops.core import ALL, RING, TABLE, Array, Op
from gradcli.program import Step
from gradcli.proof.element import SURE, Degree, Doubt, Doubts, Element, product, together
from gradcli.proof.elementary import Elementary
from gradcli.proof.field import Field
from gradcli.proof.matrices import Matrices
from gradcli.sizes import Number

SLACK = 64  # bits for the sums of products
CLOSE = 1e-12  # of a number that decides a branch, how near to 0 it is too near
ROUNDED = 15  # digits from which on a numeral is the float nearest to something simple
SHORTENED = 8  # digits from which on a numeral may be a rounded one
SIMPLE = 1000  # the largest denominator of something simple
SPARE_DIGITS = 4  # by which a numeral must be longer than what it is taken for
LAST_BITS = 4 * 2.0**-52  # how far off a numeral may be that a program wrote
PLAIN, NEAR = 10, 8  # the largest denominator of the plainest; units of a last digit beside them
DIVISION = Doubt("a division by 0")
TOO_CLOSE = Doubt("a comparison that is too close to call", grave=True)
NUMERAL = Doubt("a rounded numeral")
INFINITE = Doubt("a number that is not finite")


class Arithmetic(Elementary, Matrices):
    """Arithmetic at several points. Each draws what is new from a stream of its own.

    divided: the degree of all that has been divided by, together. folds: by how much roots multiply
    the number of zeros.
    """

    def __init__(self, field: Field, streams: Sequence[str]) -> None:
        self.field = field
        self.streams = [random.Random(stream) for stream in streams]
        self.points = len(streams)
        self.divided = 0
        self.numbers: dict[tuple[Number, bool], Element] = {}
        self.begin()

    # ── elements ──

    def constant(self, near: Array) -> Element:
        """Given numbers: each is the rational number that its shortest numeral says."""
        near = np.asarray(near, dtype=float)
        doubts = SURE if np.isfinite(near).all() else frozenset({INFINITE})
        flat = [self.field.residue(_rational(v)) for v in near.reshape(-1).tolist()]
        at = np.empty(len(flat), dtype=object)
        at[:] = flat
        return self._everywhere(near, at, doubts)

    def stated(self, near: Array) -> Element:
        """The same for data: numbers of many digits may be rounded ones."""
        found = self.constant(near)
        digits = max((len(_digits(repr(v))) for v in near.reshape(-1).tolist()), default=0)
        return self.doubted(found, NUMERAL) if digits >= SHORTENED else found

    def _everywhere(self, near: Array, at: Array, doubts: Doubts = SURE) -> Element:
        whole = np.broadcast_to(at.reshape(near.shape), (self.points, *near.shape))
        return Element(self, near, whole, doubts=doubts)

    def element(self, value: Any) -> Element:
        """An element as it is, or what a fraction, a whole number or a plain number is worth."""
        if isinstance(value, Element):
            return value
        if isinstance(value, Number):
            return self.number(value)
        exact = Fraction(value)
        at = np.empty(1, dtype=object)
        at[0] = self.field.residue(exact)
        return self._everywhere(np.full((1, 1), float(exact)), at)

    def number(self, number: Number, rounded: bool = False) -> Element:
        """A plain number. rounded: whether a long numeral may be another number, shortened."""
        key = (number, rounded)
        if key not in self.numbers:
            self.numbers[key] = self._number(number, rounded)
        return self.numbers[key]

    def _number(self, number: Number, rounded: bool) -> Element:
        if number.size is not None:
            return self.element(Fraction(number.size.value))
        if number.made is not None:
            name, operands = number.made
            return self.apply(TABLE[name], [self.number(n, rounded) for n in operands], {})
        if number.text == "pi":
            return self.pi()
        if not math.isfinite(number.value):
            return self.constant(np.full((1, 1), number.value))
        digits = _digits(number.text)
        if len(digits) < (SHORTENED if rounded else ROUNDED):
            return self.element(_rational(number.value))
        if (number, False) in self.numbers:  # the model says so, too
            return self.doubted(self.numbers[number, False], NUMERAL)
        unit = 1 / int(digits)  # of its last digit, relative to it
        most = min(SIMPLE, 10 ** ((len(digits) - SPARE_DIGITS) // 2))
        meant = self._simple(number.value, most, 0.51 * unit, 0.99 * unit)  # or is cut off there
        itself = self.element(_rational(number.value))
        if meant is None and self._simple(number.value, PLAIN, NEAR * unit, NEAR * unit):
            return itself  # 3.0000001: nothing that it rounds would lie so near to 3
        return self.doubted(meant or itself, NUMERAL)

    def _simple(self, value: float, most: int, below: float, above: float) -> Element | None:
        """The fraction of small numbers, its root, or one with pi in it, that a numeral is about.

        most: of the denominator. below, above: how far it may lie from the numeral, relative to it.
        """
        for shape in (1.0, math.pi, 1 / math.pi):
            for power in (1, 2):
                square = abs(value) ** power / shape
                near = Fraction(square).limit_denominator(most)
                off = (float(near) / square - 1) / power
                if near and -max(below, LAST_BITS) < off < max(above, LAST_BITS):
                    found = self.element(near)
                    if shape != 1.0:
                        found = found * self.pi() if shape > 1 else found / self.pi()
                    if power == 2:
                        found = self.power(found, Fraction(1, 2))
                    return found if value > 0 else -found
        return None

    def doubted(self, x: Element, *doubts: Doubt) -> Element:
        return Element(self, x.near, x.at, x.degree, x.doubts | set(doubts), x.lost, x.dot)

    # ── operations ──

    def apply(self, op: Op, operands: Sequence[Element], static: dict[str, Any]) -> Element:
        """What an operation of the table is worth."""
        if op.body is not None:
            values = dict(zip(op.body.operands, operands, strict=True))
            interpret(op.body.steps, values, self.meaning, self.number)
            result = op.body.result
            return self.number(result) if isinstance(result, Number) else values[result]
        if not operands:
            return self.constant(op.forward(**static))
        if op.exact == RING:
            degree = together if op.linear == ALL else product
            return self.ring(op.forward, operands, degree, lifts=op.lifts, **static)
        with np.errstate(all="ignore"):
            near = _near(op, operands, static)
            if op.exact is None:
                return self.unknown_array(op.name, near, operands, static)
            assert not isinstance(op.exact, str)
            found: Element = op.exact(self, *operands, **static)
        found.near = near.reshape(found.near.shape)
        return found

    def meaning(self, step: Step, operands: list[Element]) -> Element:
        return self.apply(step.call.op, operands, step.call.static)

    def ring(
        self,
        forward: Callable[..., Any],
        operands: Iterable[Any],
        degree: Callable[[Iterable[Degree]], Degree] = together,
        lifts: bool = True,
        factors: int = 0,
        **static: Any,
    ) -> Element:
        """What a function is worth that only adds, subtracts, multiplies and moves entries.

        factors: of how many elements its products are; 0 for as many as there are operands.
        """
        elements = [self.element(x) for x in operands]
        p, shift = self.field.p, None
        values = [x.at for x in elements]
        if any(x.dot is not None for x in elements):
            # x + 2^shift·dx: in a product the second digit is the derivative.
            shift = p.bit_length() * (factors or len(elements)) + SLACK
            values = [x.at if x.dot is None else x.at + x.dot * (1 << shift) for x in elements]
        if lifts:
            rank = max((v.ndim for v in values), default=0)
            values = [
                v.reshape((v.shape[0], *(1,) * (rank - v.ndim), *v.shape[1:])) for v in values
            ]
        with np.errstate(all="ignore"):
            near = np.asarray(forward(*[x.near for x in elements], **static), dtype=float)
            at = np.asarray(forward(*values, **static), dtype=object)
        dot = None
        if shift is not None:
            half, full = 1 << (shift - 1), 1 << shift
            low = (at + half) % full - half
            dot = (((at - low) >> shift) + half) % full - half
            at, dot = low, dot % p
        if at.shape[1:] != near.shape or at.shape[0] != self.points:
            at = np.broadcast_to(at, (self.points, *near.shape))
        return Element(
            self, near, at % p, degree(x.degree for x in elements), *self._traits(elements), dot
        )

    def _traits(self, elements: Sequence[Element]) -> tuple[Doubts, frozenset[int]]:
        """What all that comes of some elements has from them: their doubts, their lost points."""
        doubts, lost = SURE, frozenset[int]()
        for x in elements:
            if x.doubts:
                doubts |= x.doubts
            if x.lost:
                lost |= x.lost
        return doubts, lost

    def inverse(self, x: Element) -> Element:
        """Each entry's inverse; where it is 0 at a point, an element of its own."""
        at = self.field.inverse(x.at)
        doubts = x.doubts
        none = x.at == 0
        if none.any():
            at = np.where(none, self.draw(x.shape), at)
            doubts = doubts | {DIVISION}
        dot = None
        if x.dot is not None:
            dot = -x.dot * at * at % self.field.p
        degree = self.divide(x.degree, x.near.size)
        with np.errstate(all="ignore"):
            return Element(self, 1 / x.near, at, degree, doubts, x.lost, dot)

    def divide(self, degree: Degree, entries: int) -> Degree:
        """Note a division by some entries of a degree; that of each entry's inverse."""
        if degree == (0, 0):
            return degree
        before = self.divided
        self.divided += entries * (degree.own + degree.times * before)
        return Degree(max(0, degree.times - 1) * before, 1)

    def total(self, x: Element, axes: tuple[int, ...], scalar: bool = False) -> Element:
        """The sum along axes counted from the end, which stay at size 1; 1×1 if `scalar`."""
        return self.ring(lambda a: _reduced(np.sum, a, axes, scalar), (x,))

    def every(self, x: Element, axes: tuple[int, ...], scalar: bool = False) -> Element:
        """The product along axes."""
        count = math.prod(x.shape[axis] for axis in axes)
        return self.ring(
            lambda a: _reduced(np.prod, a, axes, scalar),
            (x,),
            lambda d: product([*d] * count),
            factors=count,
        )

    def powers(
        self, forward: Callable[..., Any], factors: int, *xs: Element, **static: Any
    ) -> Element:
        """What a function is worth that adds products of up to some factors of each operand."""
        count = factors * len(xs)
        return self.ring(
            forward, xs, lambda d: product([together(d)] * count), factors=count, **static
        )

    # ── branches: the reals nearby decide ──

    def sign(self, x: Element) -> tuple[Array, Doubts]:
        """-1, 0 or 1 for each entry, and the doubts about it: 0 where it is 0 at every point."""
        zero = ~(x.at != 0).any(axis=0)
        found = np.where(zero | np.isnan(x.near), 0, np.sign(x.near))
        unclear = ~zero & ~(np.abs(x.near) > CLOSE)
        return found, frozenset({TOO_CLOSE}) if unclear.any() else SURE

    def choose(self, x: Element, *pieces: Any) -> Element:
        """Entry by entry the first, second or third piece, as `x` is negative, 0 or positive."""
        signs, doubts = self.sign(x)
        shape = np.broadcast_shapes(signs.shape, *(self.element(piece).shape for piece in pieces))
        signs = np.broadcast_to(signs, shape)
        chosen = [self.element(piece) for piece in pieces]
        used = [(signs == sign, y) for sign, y in zip((-1, 0, 1), chosen, strict=True)]
        total: Element | None = None
        for mask, y in used:
            if mask.any():
                term = self.only(mask, y)
                total = term if total is None else total + term
        assert total is not None
        return self.doubted(total, *doubts, *(d for d in x.doubts if d.grave))

    def only(self, mask: Array, x: Element) -> Element:
        """The entries in a mask, and 0 elsewhere; what is not finite elsewhere is no matter."""
        rank = x.near.ndim

        def forward(a: Array) -> Array:
            lead = a.shape[: a.ndim - rank]
            return np.where(mask, a.reshape((*lead, *(1,) * (mask.ndim - rank), *x.shape)), 0)

        return self.ring(forward, (x,))

    def first(self, x: Element, axes: tuple[int, ...], sign: int = 1) -> Element:
        """1 at the first largest entry (smallest, for sign -1) along axes, 0 elsewhere."""
        near = sign * x.near
        rest = tuple(axis for axis in range(-near.ndim, 0) if axis not in axes)
        turned = np.transpose(near, [axis % near.ndim for axis in (*rest, *axes)])
        flat = turned.reshape((*turned.shape[: len(rest)], -1))
        best = np.argmax(flat, axis=-1)[..., None]
        mask = (np.arange(flat.shape[-1]) == best).reshape(turned.shape)
        order = np.argsort([axis % near.ndim for axis in (*rest, *axes)])
        mask = np.transpose(mask, order)
        top = np.take_along_axis(flat, best, -1)
        near_top = np.abs(flat - top) <= CLOSE * np.maximum(1, np.abs(top))
        doubts = {d for d in x.doubts if d.grave}
        if np.any((flat != top) & near_top):
            doubts.add(TOO_CLOSE)
        return self.doubted(self.constant(mask.astype(float)), *doubts)


def _reduced(function: Any, a: Array, axes: tuple[int, ...], scalar: bool) -> Array:
    found = np.asarray(function(a, axis=axes, keepdims=True))
    return found.reshape((*found.shape[: found.ndim - len(axes)], 1, 1)) if scalar else found


def _near(op: Op, operands: Sequence[Element], static: dict[str, Any]) -> Array:
    """An operation's value nearby; nan where it has none."""
    arrays = [x.near for x in operands]
    try:
        return np.asarray(op.forward(*arrays, **static), dtype=float)
    except np.linalg.LinAlgError:
        whole = np.eye(arrays[0].shape[-1])
        shape = np.shape(op.forward(whole, *arrays[1:], **static))
        return np.full(shape, np.nan)


def _digits(text: str) -> str:
    """The significant digits of a numeral."""
    return re.sub(r"e.*|[.-]", "", text).strip("0")


def _rational(value: float) -> Fraction:
    if not math.isfinite(value):
        return Fraction(0)
    return Fraction(repr(value)) if value != int(value) else Fraction(int(value))
