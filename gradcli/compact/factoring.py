"""What two or more terms share, taken out of them: a b + a c is a (b + c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from gradcli.compact.atoms import ONE, Total, common
from gradcli.compact.book import Book
from gradcli.compact.terms import (
    FIRST,
    Factor,
    Term,
    Value,
    apart,
    magnitude,
    merged,
    relabelled,
    value,
    whole,
)

MOST_GROUPS = 6  # of terms that share something, tried at once


def factored(book: Book, x: Value, price: Callable[[Value], Any]) -> Value:
    """What two or more terms share taken out of them, as long as that costs less.

    What is a number for each entry is then put back where it meets others.
    """
    x = _taken_out(book, x, price)
    inside = _put_back(book, x)
    return x if inside is None or price(inside) >= price(x) else inside


def _taken_out(book: Book, x: Value, price: Callable[[Value], Any]) -> Value:
    cost = price(x)
    while len(x.terms) > 1:
        groups: dict[object, list[tuple[int, Factor]]] = {}
        for i, (term, _) in enumerate(x.terms):
            for f in term:
                key = (f.atom, tuple([min(c, FIRST) for c in f.labels]), f.exponent > 0)
                mine = groups.setdefault(key, [])
                if all(j != i for j, _ in mine):
                    mine.append((i, f))
        able = [g for g in groups.values() if len(g) > 1]
        able.sort(key=lambda g: (len(g), _weight(g[0][1])), reverse=True)
        tried = [_grouped(book, x, g, price) for g in able[:MOST_GROUPS]]
        tried.append(_scaled(book, x))
        found = [(price(y), k, y) for k, y in enumerate(tried) if y is not None]
        if not found or min(found)[0] > cost:
            return x
        cost, _, x = min(found)
    return x


def _put_back(book: Book, x: Value) -> Value | None:
    """A sum that numbers multiply with these in each of its terms."""
    if len(x.terms) != 1:
        return None
    ((term, c),) = x.terms
    numbers = [f for f in term if not f.labels]
    others = [f for f in term if f.labels]
    if not numbers or len(others) != 1 or others[0].exponent != 1:
        return None
    (total,) = others
    if not isinstance(total.atom.what, Total):
        return None
    names = dict(enumerate(total.labels))
    inner = [(relabelled(t, names), d) for t, d in total.atom.what.value.terms]
    return value(x.shape, [merged([*t, *numbers], c * d, book.measure) for t, d in inner])


def _scaled(book: Book, x: Value) -> Value | None:
    """A sum by the number that all its terms have."""
    if {abs(c) for _, c in x.terms} == {ONE} or len({abs(c) for _, c in x.terms}) > 1:
        return None
    atom, labels, content = book.sum_atom(x)
    return value(x.shape, [((Factor(atom, labels, 1),), content)])


def _weight(f: Factor) -> tuple[int, bool, int]:
    return (len(f.labels), f.atom.linear, -f.atom.id)


def _grouped(
    book: Book, x: Value, group: Sequence[tuple[int, Factor]], price: Callable[[Value], Any]
) -> Value | None:
    """Some terms that share a factor as one: the factor by the sum of what is left of them."""
    first = group[0][1]
    exponent = min((f.exponent for _, f in group), key=magnitude)
    rank = len(x.shape)
    loose = [k for k, c in enumerate(first.labels) if c >= FIRST]
    if len(loose) + rank > FIRST:
        return None
    inside = {k: rank + n for n, k in enumerate(loose)}  # the labels that the rest has for them
    parts: list[tuple[Term, Fraction]] = []
    for i, f in group:
        term, c = x.terms[i]
        left = [g for g in term if g is not f]
        if f.exponent != exponent:
            left.append(f._replace(exponent=whole(Fraction(f.exponent - exponent))))
        names = {f.labels[k]: inside[k] for k in loose}
        parts.append(merged(relabelled(left, names), c, book.measure))
    shape = (*x.shape, *(first.atom.sizes[k] for k in loose))
    inner = value(shape, parts)
    used = {c for term, _ in inner.terms for f in term for c in f.labels if c < FIRST}
    if len(used) > max(rank, 2):
        return None  # what would be added up has more axes than anything here
    back = {inside[k]: FIRST + n for n, k in enumerate(loose)}
    shared = [
        Factor(
            first.atom,
            tuple([back[inside[k]] if k in inside else c for k, c in enumerate(first.labels)]),
            exponent,
        )
    ]
    if not inner.terms:
        new: list[tuple[Term, Fraction]] = []
    elif len(inner.terms) == 1:
        ((term, c),) = inner.terms
        new = [merged([*relabelled(apart(term, 8), back), *shared], c, book.measure)]
    else:
        more = relabelled(common([term for term, _ in inner.terms]), back)
        inverse = [Factor(a, s, -e) for a, s, e in common([term for term, _ in inner.terms])]
        rest = value(shape, [merged([*t, *inverse], c, book.measure) for t, c in inner.terms])
        rest, order = book.dense(rest)
        rest = factored(book, rest, price)
        names = {k: back.get(label, label) for k, label in enumerate(order)}
        if len(rest.terms) == 1:
            ((term, content),) = rest.terms
            pieces = relabelled(apart(term, 8), names)
        else:
            atom, labels, content = book.sum_atom(rest)
            pieces = relabelled([Factor(atom, labels, 1)], names)
        new = [merged([*pieces, *more, *shared], content, book.measure)]
    chosen = {i for i, _ in group}
    return value(x.shape, [*(t for i, t in enumerate(x.terms) if i not in chosen), *new])
