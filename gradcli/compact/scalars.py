"""The number of a term: a fraction, powers of dims, and numbers such as sqrt(D)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from gradcli.compact.terms import Exponent, whole
from gradcli.sizes import ATOM, PRODUCT, Number, Size, Sizes, plain


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
            if _is_short(self.number):
                return plain(float(self.number))
            text = f"{self.number.numerator}/{self.number.denominator}"
            return Number(float(self.number), None, text, PRODUCT)
        size = self.as_size(sizes)
        if size is not None:
            return Number(size.number, size, size.text, size.precedence)
        above: list[str] = []
        below: list[str] = []
        result = float(self.number)
        for what, exponent in self.powers:
            result *= _worth(what) ** float(exponent)
            (above if exponent > 0 else below).append(_power(what, abs(Fraction(exponent))))
        if self.number.numerator != 1 or not above:
            above.insert(0, str(self.number.numerator))
        if self.number.denominator != 1:
            below.insert(0, str(self.number.denominator))
        text = "/".join(["*".join(above), *below])
        alone = len(above) == 1 and not below
        return Number(result, None, text, ATOM if alone and text[-1] in ")i" else PRODUCT)


def _is_short(number: Fraction) -> bool:
    """Whether a fraction is a numeral of few digits."""
    return math.isfinite(float(number)) and (
        number.denominator == 1 or Fraction(repr(float(number))) == number
    )


def _worth(what: Any) -> float:
    return what.number if isinstance(what, Size) else float(what.value)


def _power(what: Any, exponent: Fraction) -> str:
    text = what.text
    if exponent == 1:
        return text if not isinstance(what, Size) or what.precedence >= PRODUCT else f"({text})"
    if exponent == Fraction(1, 2):
        return f"sqrt({text})"
    base = text if text.isidentifier() or text.endswith(")") else f"({text})"
    return f"{base}^{exponent}" if exponent.denominator == 1 else f"{base}^({exponent})"
