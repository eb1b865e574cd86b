"""Sums of products over named axes: the canonical form in which a derivation is simplified.

A factor is an atom, the labels of its axes and an exponent. A term is a product of factors; a label
that is no axis of the result is summed over (contracted). A value is a sum of terms. The labels of
a result are the numbers of its axes; those of contracted axes begin at FIRST and are numbered so
that equal terms are equal tuples. Axes of size 1 have no label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from typing import Any, NamedTuple, TypeAlias

from gradcli.sizes import Shape, Size, is_one

Exponent: TypeAlias = int | Fraction
Labels: TypeAlias = tuple[int, ...]
IDENTITY = "identity"
FIRST = 16  # the first label of a contracted axis
MOST_ORDERS = 4  # contracted labels whose every numbering is tried


class Atom:
    """What a product consists of: a name, an operation on values, a sum, a size, a number.

    shape: with axes of size 1; `axes` are the others. linear: whether it holds a cotangent, of
    which each term of a derivative has exactly one. boolean: whether it is 0 or 1.
    """

    __slots__ = ("axes", "boolean", "id", "linear", "shape", "sizes", "what")

    def __init__(
        self, number: int, what: Any, shape: Shape, linear: bool = False, boolean: bool = False
    ) -> None:
        self.id = number
        self.what = what
        self.shape = shape
        self.axes = tuple([i for i, size in enumerate(shape) if not is_one(size)])
        self.sizes = tuple([shape[i] for i in self.axes])
        self.linear = linear
        self.boolean = boolean

    def __lt__(self, other: Atom) -> bool:
        return self.id < other.id

    def __repr__(self) -> str:
        return f"<{self.id} {self.what}>"


class Factor(NamedTuple):
    atom: Atom
    labels: Labels
    exponent: Exponent


Term: TypeAlias = tuple[Factor, ...]
Terms: TypeAlias = Mapping[Term, Fraction]


class Value(NamedTuple):
    """A sum of terms of some shape. `terms` is in order, so that equal values are equal tuples."""

    shape: Shape
    terms: tuple[tuple[Term, Fraction], ...]

    @property
    def linear(self) -> bool:
        return any(f.atom.linear for term, _ in self.terms[:1] for f in term)

    @property
    def labels(self) -> Labels:
        """The axes that are not of size 1."""
        return tuple([i for i, size in enumerate(self.shape) if not is_one(size)])


def magnitude(exponent: Exponent) -> Fraction:
    return abs(Fraction(exponent))


def whole(exponent: Exponent) -> Exponent:
    return exponent.numerator if exponent.denominator == 1 else exponent


def value(shape: Shape, terms: Iterable[tuple[Term, Fraction]]) -> Value:
    """A sum: like terms are one, and those of coefficient 0 are gone."""
    found: dict[Term, Fraction] = {}
    for term, coefficient in terms:
        found[term] = found.get(term, Fraction(0)) + coefficient
    return Value(shape, tuple(sorted((t, c) for t, c in found.items() if c)))


def contracted(term: Term) -> set[int]:
    return {label for f in term for label in f.labels if label >= FIRST}


def sizes_of(term: Iterable[Factor]) -> dict[int, Size]:
    """The size of each label."""
    return {c: s for f in term for c, s in zip(f.labels, f.atom.sizes, strict=True)}


def merged(
    factors: Iterable[Factor],
    coefficient: Fraction,
    measure: Callable[[Size], tuple[Fraction, list[Factor]]],
) -> tuple[Term, Fraction]:
    """A product in canonical form: equal factors merged, identities used up, labels numbered.

    measure: the factors that a size is, by which a sum over nothing multiplies.
    """
    given = list(factors)
    before = {c: size for c, size in sizes_of(given).items() if c >= FIRST}
    left, used = _without_identities(given)
    powers: dict[tuple[Atom, Labels], Exponent] = {}
    for atom, labels, exponent in left:
        powers[atom, labels] = powers.get((atom, labels), 0) + exponent
    held = {label for (_, labels), e in powers.items() if e for label in labels}
    for label, size in before.items():
        if label not in held and label not in used:
            number, more = measure(size)
            coefficient *= number
            for atom, labels, exponent in more:
                powers[atom, labels] = powers.get((atom, labels), 0) + exponent
    found = [
        Factor(atom, labels, 1 if atom.boolean and e > 0 else whole(e))
        for (atom, labels), e in powers.items()
        if e
    ]
    return numbered(found), coefficient


def _without_identities(factors: list[Factor]) -> tuple[list[Factor], set[int]]:
    """Identity matrices used up, Σ_j I_ij x_j = x_i; and the labels whose sums they took."""
    used: set[int] = set()
    for atom in [f.atom for f in factors if f.atom.what == IDENTITY]:
        (_, labels, _), *rest = sorted(factors, key=lambda g: g.atom is not atom)
        a, b = sorted(labels)
        if b < FIRST and a != b:
            continue
        if a != b:
            used.add(b)
        factors = relabelled(rest, {b: a})
    return factors, used


def numbered(factors: Sequence[Factor]) -> Term:
    """Factors in order, with contracted labels numbered canonically."""
    loose = sorted({label for f in factors for label in f.labels if label >= FIRST})
    if not loose:
        return tuple(sorted(factors))
    if len(loose) == 1:
        return _renamed(factors, {loose[0]: FIRST})
    if len(loose) <= MOST_ORDERS:
        numbers = range(FIRST, FIRST + len(loose))
        return min(
            _renamed(factors, dict(zip(order, numbers, strict=True)))
            for order in permutations(loose)
        )
    blind = sorted(
        factors, key=lambda f: (f.atom.id, f.exponent, [min(c, FIRST) for c in f.labels])
    )
    names: dict[int, int] = {}
    for f in blind:
        for label in f.labels:
            if label >= FIRST:
                names.setdefault(label, FIRST + len(names))
    return _renamed(factors, names)


def _renamed(factors: Iterable[Factor], names: Mapping[int, int]) -> Term:
    return tuple(sorted([Factor(a, tuple([names.get(c, c) for c in s]), e) for a, s, e in factors]))


def relabelled(term: Iterable[Factor], names: Mapping[int, int]) -> list[Factor]:
    """The factors with some labels renamed."""
    return [Factor(a, tuple([names.get(c, c) for c in s]), e) for a, s, e in term]


def apart(term: Term, taken: int) -> list[Factor]:
    """The factors with contracted labels beyond the first `taken`."""
    return [Factor(a, tuple([c + taken if c >= FIRST else c for c in s]), e) for a, s, e in term]


def times(one: Iterable[Factor], other: Term) -> Iterator[Factor]:
    """The factors of a product; the contracted labels of both stay apart."""
    first = tuple(one)
    count = max((c for f in first for c in f.labels if c >= FIRST), default=FIRST - 1) - FIRST + 1
    yield from first
    yield from apart(other, count)
