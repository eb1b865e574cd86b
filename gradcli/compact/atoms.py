"""What products consist of, each once: names, operations, numbers, and sums as one factor."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from math import gcd, lcm
from typing import Any, NamedTuple

from gradcli.compact.terms import (
    FIRST,
    Atom,
    Exponent,
    Factor,
    Labels,
    Term,
    Value,
    magnitude,
    merged,
    relabelled,
    value,
)
from gradcli.ops.core import Attrs, Op
from gradcli.sizes import Lettered, Number, Shape, Size, Sizes

ONE = Fraction(1)
SMALL = 12  # coefficients up to here are no burden


class Name(NamedTuple):
    """A quantity that has a name: an input, a step, a derivative."""

    name: str


class Made(NamedTuple):
    """An operation of the table on values."""

    op: Op
    attrs: Attrs
    args: tuple[Value, ...]


class Total(NamedTuple):
    """A sum as one factor."""

    value: Value


class Constant(NamedTuple):
    """A number that is no fraction: sqrt(D), pi, a loop's t. made: the operation and numbers it is
    from. rolled: what it is with letters.
    """

    text: str
    value: float
    precedence: int
    made: tuple[str, tuple[Number, ...]] | None = None
    rolled: Lettered | None = None

    def number(self) -> Number:
        return Number(self.value, None, self.text, self.precedence, self.rolled, self.made)


class Seed(NamedTuple):
    """The derivative of the loss by itself, 1, which every term of a gradient holds."""


class Atoms:
    """Atoms, each once. known: the sums that a name is, with its labels and its scale."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.scalar: Shape = sizes.scalar
        self.atoms: dict[Any, Atom] = {}
        self.known: dict[Any, tuple[Atom, Labels, Fraction]] = {}
        self.seed = self.atom(Seed(), self.scalar, linear=True)

    def atom(self, what: Any, shape: Shape, linear: bool = False, boolean: bool = False) -> Atom:
        key = (what, tuple(map(id, shape)))
        found = self.atoms.get(key)
        if found is None:
            found = self.atoms[key] = Atom(len(self.atoms), what, shape, linear, boolean)
        return found

    def alone(self, atom: Atom, exponent: Exponent = 1) -> Value:
        """An atom as a value of its own shape."""
        return Value(atom.shape, (((Factor(atom, atom.axes, exponent),), ONE),))

    def name(self, name: str, shape: Shape, linear: bool = False, boolean: bool = False) -> Atom:
        return self.atom(Name(name), shape, linear, boolean)

    # ── numbers and sizes ──

    def measure(self, size: Size) -> tuple[Fraction, list[Factor]]:
        """A size as a number and factors."""
        if len(size.terms) != 1:
            return ONE, [Factor(self.atom(size, self.scalar), (), 1)]
        ((monomial, coefficient),) = size.terms
        factors = [
            Factor(self.atom(self.sizes.dims[name], self.scalar), (), power)
            for name, power in monomial
        ]
        return coefficient, factors

    def number(self, number: Number) -> Value:
        if number.size is not None:
            if not number.size.terms:
                return Value(self.scalar, ())
            coefficient, factors = self.measure(number.size)
            return value(self.scalar, [merged(factors, coefficient, self.measure)])
        exact = _fraction(number.text)
        if exact is not None:
            return value(self.scalar, [((), exact)])
        found = Constant(number.text, number.value, number.precedence, number.made, number.rolled)
        return self.alone(self.atom(found, self.scalar))

    # ── sums as one factor ──

    def factor(self, x: Value, single: bool = False) -> Value:
        """A forward sum as one product: what its terms share, and the rest as one factor."""
        if (len(x.terms) < 2 and not single) or x.linear or not x.terms:
            return x
        if len(x.terms) == 1:
            ((term, c),) = x.terms
            inner = Value(x.shape, ((term, ONE),))
            rest, labels, content = self.sum_atom(inner)
            return value(x.shape, [merged([Factor(rest, labels, 1)], c * content, self.measure)])
        shared = common([term for term, _ in x.terms])
        inverse = [Factor(a, s, -e) for a, s, e in shared]
        inner = value(x.shape, [merged([*term, *inverse], c, self.measure) for term, c in x.terms])
        rest, labels, content = self.sum_atom(inner)
        return value(x.shape, [merged([*shared, Factor(rest, labels, 1)], content, self.measure)])

    def sum_atom(self, x: Value) -> tuple[Atom, Labels, Fraction]:
        """An atom for a sum, its labels in it, and the number that was taken out."""
        key, labels, content = normal(x)
        known = self.known.get(key)
        if known is not None:
            atom, places, number = known
            return atom, tuple([labels[i] for i in places]), content / number
        shape = tuple([x.shape[i] for i in labels])
        if len(shape) < 2:
            shape += (self.sizes.constant(1),) * (2 - len(shape))
        inner = Value(shape, key)
        return self.atom(Total(inner), shape, x.linear), labels, content


def normal(x: Value) -> tuple[tuple[tuple[Term, Fraction], ...], Labels, Fraction]:
    """A sum's key, whatever its labels and its scale are; its labels in order; its scale."""
    used = sorted({c for term, _ in x.terms for f in term for c in f.labels if c < FIRST})
    orders = permutations(used) if len(used) <= 3 else iter([tuple(used)])
    best: tuple[Any, Labels] | None = None
    for order in orders:
        names = {label: k for k, label in enumerate(order)}
        terms = sorted(((tuple(sorted(relabelled(t, names))), c) for t, c in x.terms))
        if best is None or terms < best[0]:
            best = terms, order
    assert best is not None
    terms, order = best
    content = _content([c for _, c in terms])
    if terms and terms[0][1] < 0:
        content = -content
    return tuple((t, c / content) for t, c in terms), order, content


def common(terms: Sequence[Term]) -> list[Factor]:
    """The factors on labels of the result that all terms share, to the least power."""
    shared = {(a, s): e for a, s, e in terms[0] if all(c < FIRST for c in s)}
    for term in terms[1:]:
        mine = {(a, s): e for a, s, e in term}
        for key in list(shared):
            e, f = shared[key], mine.get(key, 0)
            if f == 0 or (e > 0) != (f > 0):
                del shared[key]
            else:
                shared[key] = min(e, f, key=magnitude)
    return [Factor(a, s, e) for (a, s), e in shared.items()]


def _content(numbers: Sequence[Fraction]) -> Fraction:
    """The number to take out of several: what all are small multiples of, or the most common."""
    sizes = [abs(n) for n in numbers]
    top = gcd(*(n.numerator for n in sizes))
    found = Fraction(top, lcm(*(n.denominator for n in sizes)))
    if max(sizes) / found <= SMALL:
        return found
    return max(sizes, key=lambda n: (sizes.count(n), n))


def _fraction(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
