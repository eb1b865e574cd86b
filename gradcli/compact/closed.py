"""What is known of names: sums, of what is centred 0, of a softmax's rows 1; masks of 0 and 1."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from gradcli.compact.book import Book
from gradcli.compact.terms import FIRST, Factor, Labels, Term, Value, contracted, merged, value


class Rewritten(NamedTuple):
    """An equal value, the rule that gave it, and the fact that this rests on."""

    value: Value
    rule: str
    fact: str


def closing(book: Book, x: Value) -> tuple[Value, str]:
    """A value with the sums that are known in it, and the facts that it then rests on."""
    found = closed(book, x)
    return (x, "") if found is None else (found.value, found.fact)


def closed(book: Book, x: Value) -> Rewritten | None:
    """The sums over a factor alone that are known, each by what it is."""
    terms, facts = [], []
    for start in x.terms:
        term, c = start
        while c and (found := _closed(book, term)) is not None:
            term, number, fact = found
            c *= number
            facts.append(fact)
        if c:
            terms.append((term, c))
    if not facts:
        return None
    return Rewritten(value(x.shape, terms), "a known sum", "; ".join(dict.fromkeys(facts)))


def masked(book: Book, x: Value) -> Rewritten | None:
    """A power of a mask is the mask."""
    facts: dict[str, None] = {}
    terms = []
    for term, c in x.terms:
        factors = []
        for f in term:
            said = book.masks.get(f.atom)
            if said is not None and f.exponent > 1:
                facts[said] = None
            factors.append(f if said is None or f.exponent < 1 else f._replace(exponent=1))
        terms.append(merged(factors, c, book.measure))
    if not facts:
        return None
    return Rewritten(value(x.shape, terms), "a mask is its own square", "; ".join(facts))


def _closed(book: Book, term: Term) -> tuple[Term, Fraction, str] | None:
    for f, labels in _summed_alone(term):
        total = book.total(f.atom, tuple([f.labels.index(label) for label in labels]))
        if total is None:
            continue
        rest = [g for g in term if g is not f]
        extra: list[Factor] = []
        for other, size in zip(f.labels, f.atom.sizes, strict=True):
            if other not in labels and other >= FIRST and not any(other in g.labels for g in rest):
                number, more = book.measure(size)
                total *= number
                extra += more
        new, c = merged([*rest, *extra], total, book.measure)
        usual = f"the sums of {book.spell(f.atom)} are {total}"
        said = book.declared.get(f.atom, usual)
        return new, c, said
    return None


def _summed_alone(term: Term) -> Iterator[tuple[Factor, Labels]]:
    """The forward factors with labels that they alone are summed over: one, and all together."""
    found: dict[Factor, list[int]] = {}
    for label in sorted(contracted(term)):
        holding = [f for f in term if label in f.labels]
        if len(holding) == 1 and holding[0].labels.count(label) == 1:
            (f,) = holding
            if f.exponent == 1 and not f.atom.linear:
                yield f, (label,)
                found.setdefault(f, []).append(label)
    for f, labels in found.items():
        if len(labels) > 1:
            yield f, tuple(labels)
