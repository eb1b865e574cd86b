"""Names replaced by what they are, and products with sums multiplied out."""

from __future__ import annotations

from fractions import Fraction

from gradcli.compact.book import Book
from gradcli.compact.terms import Atom, Term, Value, value

OPEN_TERMS = 40


def unfolded(book: Book, x: Value, atom: Atom, definition: Value) -> tuple[Value, int] | None:
    """The value with a name, or a sum, replaced by what it is, and multiplied out.

    With it, how many terms fell together or cancelled; None where the value does not hold the name.
    """
    terms: list[tuple[Term, Fraction]] = []
    open_terms = list(x.terms)
    hit = False
    while open_terms:
        term, c = open_terms.pop()
        place = next((f for f in term if f.atom is atom and f.exponent in (1, 2)), None)
        if place is None:
            terms.append((term, c))
            continue
        hit = True
        rest = [g for g in term if g is not place]
        if place.exponent == 2:
            rest.append(place._replace(exponent=1))
        open_terms += book.substituted(rest, place, definition, c)
        if len(open_terms) + len(terms) > OPEN_TERMS:
            return None
    if not hit:
        return None
    found = value(x.shape, terms)
    return found, len(terms) - len(found.terms)
