"""Groups of factors that have a name already, before or with the sum over their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from gradcli.compact.atoms import Name, Total
from gradcli.compact.book import Book
from gradcli.compact.terms import (
    FIRST,
    Atom,
    Exponent,
    Factor,
    Term,
    Value,
    contracted,
    magnitude,
    merged,
    whole,
)

ONE = Fraction(1)


class Pattern(NamedTuple):
    """A product that a name stands for, to a power: name = c · factors."""

    name: Atom
    labels: tuple[int, ...]
    factors: tuple[Factor, ...]
    c: Fraction
    loose: frozenset[int]
    atoms: frozenset[Atom]
    is_multiple: bool  # of one other name, by a number


def pattern(name: Atom, x: Value) -> Pattern | None:
    """What a name stands for, where that is one product that can be looked for."""
    if len(x.terms) != 1:
        return None
    ((term, c),) = x.terms
    factors = [f for f in term if f.labels or not _is_number(f.atom)]
    lone = len(factors) == 1 and abs(factors[0].exponent) == 1 and not contracted(term)
    if not factors or (lone and (name.linear or (len(term) == 1 and abs(c) == 1))):
        return None
    held = {label for f in factors for label in f.labels}
    if not set(name.axes) <= held:
        return None
    if (
        name.linear
        and not contracted(term)
        and all(len(f.labels) < len(name.axes) for f in factors)
    ):
        return None  # an outer product: no shorter way to what it is made of
    atoms = frozenset(f.atom for f in factors)
    return Pattern(name, name.axes, tuple(term), c, frozenset(contracted(term)), atoms, lone)


def is_outer(x: Value) -> bool:
    """Whether a value is an outer product, which is no shorter way to what it is made of."""
    return len(x.terms) == 1 and all(
        len(f.labels) < len(x.labels) and all(c < FIRST for c in f.labels) for f in x.terms[0][0]
    )


def _is_number(atom: Atom) -> bool:
    return not isinstance(atom.what, Name | Total | tuple)


def named(
    book: Book, patterns: Sequence[Pattern], term: Term, c: Fraction
) -> Iterator[tuple[Term, Fraction]]:
    """The term with a group of its factors replaced by the name that they are."""
    held = {f.atom for f in term}
    for p in patterns:
        if not p.atoms <= held:
            continue
        for power in POWERS[:1] if p.loose or p.name.linear else POWERS:
            found = _match(book, term, c, p, power)
            if found is not None:
                yield found


POWERS: tuple[Exponent, ...] = (1, -1, 2, -2)


def _match(
    book: Book, term: Term, c: Fraction, p: Pattern, power: Exponent
) -> tuple[Term, Fraction] | None:
    solid = [f for f in p.factors if f.labels or not _is_number(f.atom)]
    for names, taken in _places(term, solid, 0, {}, (), power):
        if not _stays_inside(term, taken, names, p):
            continue
        labels = tuple([names[label] for label in p.labels])
        rest: list[Factor] = []
        for k, f in enumerate(term):
            less = sum((e for i, e in taken if i == k), 0)
            rest.append(f._replace(exponent=f.exponent - less))
        numbers = [
            Factor(f.atom, (), -f.exponent * power)
            for f in p.factors
            if not f.labels and _is_number(f.atom)
        ]
        if abs(power) != 1 and p.c <= 0:
            continue
        by = ONE / p.c ** int(power)
        loose = {names[label] for label in p.loose}
        left = [f for f in rest if f.exponent or not loose & set(f.labels)]
        left = [f for f in left if f.exponent]
        new = [*left, *numbers, Factor(p.name, labels, power)]
        missing = contracted(term) - loose - {x for f in new for x in f.labels}
        if missing:
            continue
        return merged(new, c * by, book.measure)
    return None


def _places(
    term: Term,
    solid: Sequence[Factor],
    k: int,
    names: dict[int, int],
    taken: tuple[tuple[int, Exponent], ...],
    power: Exponent,
) -> Iterator[tuple[dict[int, int], tuple[tuple[int, Exponent], ...]]]:
    """How the factors of a pattern lie among those of a term."""
    if k == len(solid):
        yield names, taken
        return
    wanted = solid[k]
    exponent = whole(Fraction(wanted.exponent * power))
    for i, f in enumerate(term):
        if f.atom is not wanted.atom:
            continue
        left = f.exponent - sum((e for j, e in taken if j == i), 0)
        if Fraction(left) * exponent <= 0 or magnitude(left) < magnitude(exponent):
            continue
        mine = dict(names)
        fits = all(mine.setdefault(a, b) == b for a, b in zip(wanted.labels, f.labels, strict=True))
        if fits and len(set(mine.values())) == len(mine):
            yield from _places(term, solid, k + 1, mine, (*taken, (i, exponent)), power)


def _stays_inside(
    term: Term,
    taken: Sequence[tuple[int, Exponent]],
    names: Mapping[int, int],
    p: Pattern,
) -> bool:
    """Whether the labels that a pattern sums over are summed, and in no other factor."""
    loose = {names[label] for label in p.loose}
    if any(label < FIRST for label in loose):
        return False
    used: dict[int, Exponent] = {}
    for i, e in taken:
        used[i] = used.get(i, 0) + e
    for i, f in enumerate(term):
        if loose & set(f.labels) and used.get(i, 0) != f.exponent:
            return False
    return all(label in names for label in p.labels)
