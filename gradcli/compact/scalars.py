"""The number of a term: a fraction, powers of dims, and numbers such as sqrt(D)."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from gradcli.compact.terms import Exponent, whole
from gradcli.sizes import ATOM, POWER, PRODUCT, Number, Size, Sizes, of_size, plain


class Scalar(NamedTuple):
    """A fraction by powers of sizes and of other numbers."""

    number: Fraction
    powers: tuple[tuple[Any, Exponent], ...] = ()

    def times(self, what: Any, exponent: Exponent) -> Scalar:
        return self._replace(powers=(*self.powers, (what, exponent)))

    @property
    def is_plain(self) -> bool:
        return not self.powers

    @property
    def is_one(self) -> bool:
        return self.number == 1 and not self.powers

    @property
    def divides(self) -> bool:
        """Whether it is the inverse of something simple."""
        return self.number.numerator == 1 and (
            (bool(self.powers) and all(e < 0 for _, e in self.powers))
            or (not self.powers and not _is_short(self.number))
        )

    def negative(self) -> Scalar:
        return self._replace(number=-self.number)

    def inverse(self) -> Scalar:
        return Scalar(1 / self.number, tuple((w, whole(-e)) for w, e in self.powers))

    def inverts(self, sizes: Sequence[Size], known: Sizes) -> bool:
        """Whether it is one over the product of some sizes."""
        own = self.as_size(known)
        return own is not None and known.multiply(
            own, known.product(tuple(sizes))
        ) is known.constant(1)

    def as_size(self, sizes: Sizes) -> Size | None:
        """It as a polynomial over the dims, where it is one."""
        found: Size | None = sizes.constant(self.number)
        for what, exponent in self.powers:
            if not isinstance(what, Size) or not isinstance(exponent, int) or found is None:
                return None
            for _ in range(abs(exponent)):
                if found is None:
                    return None
                found = sizes.multiply(found, what) if exponent > 0 else sizes.divide(found, what)
        return found

    def as_number(self, sizes: Sizes) -> Number:
        if not self.powers:
            return _fraction(self.number)
        size = self.as_size(sizes)
        if size is not None:
            return of_size(size)
        above = [_power(what, e) for what, e in self.powers if e > 0]
        below = [_power(what, -e) for what, e in self.powers if e < 0]
        if self.number.numerator != 1 or not above:
            above.insert(0, plain(float(self.number.numerator)))
        if self.number.denominator != 1:
            below.insert(0, plain(float(self.number.denominator)))
        found = above[0]
        for op, sign, compute, others in (
            ("mul", "*", operator.mul, above[1:]),
            ("div", "/", operator.truediv, below),
        ):
            for other in others:
                value = compute(found.value, other.value)
                text = f"{_bracketed(found)}{sign}{_bracketed(other, ATOM)}"
                found = Number(value, None, text, PRODUCT, made=(op, (found, other)))
        return found


def _is_short(number: Fraction) -> bool:
    """Whether a fraction is a numeral of few digits."""
    return math.isfinite(float(number)) and (
        number.denominator == 1 or Fraction(repr(float(number))) == number
    )


def _fraction(number: Fraction) -> Number:
    if _is_short(number):
        return plain(float(number))
    parts = plain(float(number.numerator)), plain(float(number.denominator))
    text = f"{number.numerator}/{number.denominator}"
    return Number(float(number), None, text, PRODUCT, made=("div", parts))


def _power(what: Any, exponent: Exponent) -> Number:
    """A size or a constant to a positive power."""
    base = of_size(what) if isinstance(what, Size) else what.number()
    if exponent == 1:
        return base
    value = base.value ** float(exponent)
    if exponent == Fraction(1, 2):
        return Number(value, None, f"sqrt({base.text})", ATOM, made=("sqrt", (base,)))
    text = f"{exponent}" if Fraction(exponent).denominator == 1 else f"({exponent})"
    power = _fraction(Fraction(exponent))
    return Number(
        value, None, f"{_bracketed(base, ATOM)}^{text}", POWER, made=("pow", (base, power))
    )


def _bracketed(number: Number, least: int = PRODUCT) -> str:
    return number.text if number.precedence >= least else f"({number.text})"
