"""Sizes as symbols, and plain numbers.

A size is a polynomial over the named dims with rational coefficients, so that `2*H` and `H + H` are
one and `H` and `X` are two even where both are 4. Sizes are interned: equal sizes are identical.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TypeAlias

from gradcli.errors import GradError
from gradcli.record import Record

Monomial: TypeAlias = tuple[tuple[str, int], ...]
Terms: TypeAlias = tuple[tuple[Monomial, Fraction], ...]

LARGEST = 10**15  # sizes are whole numbers up to here
TOO_LARGE = "a size is at most 10^15"
MOST_TERMS = 50
MOST_POWER = 8
EXACT = 2**53  # beyond this, whole numbers are floats

# How tightly an operation binds; the printers use the same numbers as the grammar's levels.
COMPARISON, SUM, PRODUCT, SIGN, POWER, POSTFIX, ATOM = range(1, 8)


class Size:
    """A size: its polynomial, its value, and how it is written. Made by `Sizes` only."""

    __slots__ = ("free", "one", "precedence", "terms", "text", "value")

    def __init__(self, terms: Terms, value: Fraction, text: str, precedence: int) -> None:
        self.terms = terms
        self.value = int(value) if value.denominator == 1 else value
        self.text = text
        self.precedence = precedence
        self.free = False  # the size of a literal, which is compared by number
        self.one = value == 1 and self.is_constant  # the number 1, not only worth 1

    def __repr__(self) -> str:
        return self.text

    @property
    def number(self) -> float:
        """Its value as a plain number."""
        return self.value if isinstance(self.value, int) else float(self.value)

    @property
    def whole(self) -> bool:
        return isinstance(self.value, int)

    @property
    def is_constant(self) -> bool:
        """Whether it is a number, with no dim in it."""
        return not self.terms or (len(self.terms) == 1 and not self.terms[0][0])


Shape: TypeAlias = tuple[Size, ...]


class Sizes:
    """The sizes of one model: what its dims are worth, and every size made from them."""

    def __init__(self) -> None:
        self.dims: dict[str, Size] = {}
        self._values: dict[str, int] = {}
        self._interned: dict[Terms, Size] = {}
        self._names: dict[Terms, str] = {}
        self._free: dict[int, Size] = {}
        self._constants: dict[int | Fraction, Size] = {}
        self._lettered: dict[str, Lettered] = {}
        self.scalar: Shape = (self.constant(1), self.constant(1))

    def constant(self, value: int | Fraction) -> Size:
        size = self._constants.get(value)
        if size is None:
            size = self._constants[value] = self._make({(): Fraction(value)})
        return size

    def literal(self, value: int) -> Size:
        """The size of a literal, equal to every size of that value."""
        size = self._free.get(value)
        if size is None:
            size = Size((((), Fraction(value)),), Fraction(value), str(value), ATOM)
            size.free = True
            self._free[value] = size
        return size

    def symbol(self, name: str, value: int) -> Size:
        """Define a dim of its own."""
        self._values[name] = value
        self.dims[name] = self._make({((name, 1),): Fraction(1)})
        return self.dims[name]

    def letter(self, name: str) -> Size:
        """A dim, or the variable of a loop: no size, but what polynomials are made of."""
        if name not in self.dims and name not in self._values:
            self._values[name] = 1
        return self.dims.get(name) or self._make({((name, 1),): Fraction(1)})

    def alias(self, name: str, size: Size) -> Size:
        """Define a dim as an expression over earlier ones; it is shown under its name."""
        if size.terms and size.terms[0][0] and size.terms not in self._names:
            self._names[size.terms] = name
            size.text, size.precedence = name, ATOM
        self.dims[name] = size
        return size

    def lettered(
        self, text: str, precedence: int = ATOM, op: str = "", operands: tuple[Form, ...] = ()
    ) -> Lettered:
        """The number with letters that is written so: a letter, or an operation on forms."""
        found = self._lettered.get(text)
        if found is None:
            found = self._lettered[text] = Lettered(text, precedence, op, operands)
        return found

    def add(self, a: Size, b: Size, sign: int = 1) -> Size:
        terms = dict(a.terms)
        for monomial, coefficient in b.terms:
            terms[monomial] = terms.get(monomial, Fraction(0)) + sign * coefficient
        return self._make(terms)

    def multiply(self, a: Size, b: Size) -> Size:
        terms: dict[Monomial, Fraction] = {}
        for first, x in a.terms:
            for second, y in b.terms:
                monomial = _product(first, second, 1)
                terms[monomial] = terms.get(monomial, Fraction(0)) + x * y
        return self._make(terms)

    def divide(self, a: Size, b: Size) -> Size | None:
        """The quotient a / b where b is a single term, None elsewhere."""
        if len(b.terms) != 1:
            return None
        divisor, y = b.terms[0]
        return self._make({_product(monomial, divisor, -1): x / y for monomial, x in a.terms})

    def power(self, a: Size, b: Size) -> Size | None:
        """a^b for a small whole b, None elsewhere."""
        if not b.is_constant or not b.whole or not 0 <= b.value <= MOST_POWER:
            return None
        return self.product((a,) * int(b.value))

    def product(self, sizes: Shape) -> Size:
        result = self.constant(1)
        for size in sizes:
            result = self.multiply(result, size)
        return result

    def _make(self, terms: dict[Monomial, Fraction]) -> Size:
        key = tuple(sorted((item for item in terms.items() if item[1]), key=_order))
        size = self._interned.get(key)
        if size is None:
            if len(key) > MOST_TERMS:
                raise GradError("this size has too many terms", kind="too-large")
            value = sum((c * self._worth(m) for m, c in key), Fraction(0))
            if abs(value) > LARGEST:
                raise GradError(TOO_LARGE, kind="too-large")
            text, precedence = _spell(key)
            size = self._interned[key] = Size(key, value, self._names.get(key, text), precedence)
        return size

    def _worth(self, monomial: Monomial) -> Fraction:
        value = Fraction(1)
        for name, power in monomial:
            value *= Fraction(self._values[name]) ** power
        return value


def same(a: Size, b: Size) -> Size | None:
    """The one size that both are, or None; a literal's size is compared by number."""
    if a is b:
        return a
    if (a.free or b.free) and a.value == b.value:
        return b if a.free else a
    return None


def alike(one: Shape, other: Shape) -> bool:
    """Whether two shapes are one; sizes of literals are compared by number."""
    return one == other or (len(one) == len(other) and all(map(same, one, other)))


def is_one(size: Size) -> bool:
    """Whether a size is the number 1, not only worth 1."""
    return size.one


def is_scalar(shape: Shape) -> bool:
    return len(shape) == 2 and shape[0].one and shape[1].one


def numbers(shape: Shape) -> tuple[int, ...]:
    """A shape's values."""
    return tuple([int(size.value) for size in shape])


def spell(shape: Shape) -> str:
    """A shape as messages show it: H×X; a scalar is 1×1."""
    return "×".join(s.text if s.precedence >= PRODUCT else f"({s.text})" for s in shape)


def _order(item: tuple[Monomial, Fraction]) -> tuple[int, Monomial]:
    """Terms from the highest degree down, the constant last."""
    return -sum(power for _, power in item[0]), item[0]


def _product(a: Monomial, b: Monomial, sign: int) -> Monomial:
    powers = dict(a)
    for name, power in b:
        powers[name] = powers.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _spell(terms: Terms) -> tuple[str, int]:
    """A size in the language's own syntax, and how tightly it binds."""
    if not terms:
        return "0", ATOM
    below = dict(terms).get((), Fraction(1)).denominator
    if below > 1 and len(terms) > 1:  # a half is no size: (N + 1)/2, not N/2 + 1/2
        below = lcm(*(coefficient.denominator for _, coefficient in terms))
        above, _ = _spell(tuple((monomial, below * c) for monomial, c in terms))
        return f"({above})/{below}", PRODUCT
    text = ""
    for monomial, coefficient in terms:
        sign, size = ("-", -coefficient) if coefficient < 0 else ("+", coefficient)
        term = _spell_term(monomial, size)
        if text:
            text += f" {sign} {term}"
        else:
            text = f"-{term}" if sign == "-" else term
    if len(terms) > 1:
        return text, SUM
    if text.startswith("-"):
        return text, SIGN
    if text.isalnum() or text.isidentifier():
        return text, ATOM
    return text, PRODUCT if "*" in text or "/" in text else POWER


def _spell_term(monomial: Monomial, coefficient: Fraction) -> str:
    above = [_power(name, power) for name, power in monomial if power > 0]
    below = [_power(name, -power) for name, power in monomial if power < 0]
    if coefficient.numerator != 1 or not above:
        above.insert(0, str(coefficient.numerator))
    if coefficient.denominator != 1:
        below.insert(0, str(coefficient.denominator))
    return "/".join(["*".join(above), *below])


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


class Lettered:
    """A number with letters for loops' variables and dims. Made by `Sizes` only, one for each text.

    op: the operation of the table that makes it of its operands; "" for a letter. No value of a
    letter is in it.
    """

    __slots__ = ("op", "operands", "precedence", "text")

    def __init__(self, text: str, precedence: int, op: str, operands: tuple[Form, ...]) -> None:
        self.text = text
        self.precedence = precedence
        self.op = op
        self.operands = operands

    def __repr__(self) -> str:
        return self.text


class Number(Record):
    """A plain number: its value, its size where it is one, and how it is written.

    `rolled` is what it is with letters, where it is made of some.
    `made` is the operation and the numbers that it is computed from, where it is no numeral.
    """

    value: float
    size: Size | None
    text: str
    precedence: int
    rolled: Lettered | None = None
    made: tuple[str, tuple[Number, ...]] | None = None

    @property
    def form(self) -> Form:
        """What it is whatever its letters stand for."""
        return self.rolled or self


Form: TypeAlias = Lettered | Number


def of_size(size: Size) -> Number:
    return Number(size.number, size, size.text, size.precedence)


def plain(value: float) -> Number:
    """A number written as a numeral."""
    text = numeral(value)
    return Number(value, None, text, SIGN if text.startswith("-") else ATOM)


def numeral(value: float) -> str:
    """The shortest numeral that reads back as the same value; whole numbers have no point."""
    if float(value).is_integer() and abs(value) < 1e16:
        return str(int(value))
    return exponents(repr(float(value)))


def exponents(text: str) -> str:
    """Exponents as people write them: 1e9 and 1e-9, not 1e+09 and 1e-09."""
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
