"""The rules in order, on one line: what is cheapest is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from gradcli.compact.atoms import Total, normal
from gradcli.compact.book import Book
from gradcli.compact.closed import Rewritten, closed, masked
from gradcli.compact.extract import Extractor
from gradcli.compact.factoring import factored
from gradcli.compact.naming import Pattern, is_outer, named, pattern
from gradcli.compact.terms import FIRST, Atom, Factor, Labels, Term, Value, merged, value
from gradcli.compact.trees import Tree, below, shared
from gradcli.compact.unfolding import unfolded
from gradcli.sizes import Shape
from gradcli.transform.vjp import Known

MOST_NAMES = 10
MOST_INSIDE = 3  # terms of a sum that is multiplied out
ONE = Fraction(1)
FACTOR = "the same factor in several terms"
NAMES = "what has a name"
PUT_IN = "a derivative put in"
MOST_PUT_IN = 4


Price: TypeAlias = tuple[int, int, int]  # operations, names used, length: less is better
HEAD = 3  # what a line is longer than its formula


def price(roots: Sequence[Tree], frugal: bool = True) -> Price:
    """What some lines cost together. frugal: with all that they share in lines of its own."""
    trees = below(roots)
    names = sum(1 + is_numbered(tree.key.name) for tree in trees if isinstance(tree.key, Known))
    common = shared(roots, frugal)
    return common.flops, names, common.length + HEAD * (len(roots) + len(common.lines))


def is_numbered(name: str) -> bool:
    """Whether a name is one that gradcli gave: a person's own is worth more."""
    return re.fullmatch(r"z[0-9]+(\[.*\])?", name) is not None


class Simplifier:
    """Rewrites values.

    patterns: the products that have a name. lines: the derivatives that keep one, as they are.
    """

    def __init__(self, book: Book, extractor: Extractor, patterns: Sequence[Pattern]) -> None:
        self.book = book
        self.extractor = extractor
        self.patterns = tuple([p for p in patterns if not p.is_multiple])
        self.multiples = tuple([p for p in patterns if p.is_multiple])
        self.prices: dict[Value, Price] = {}
        self.shared: dict[Value, Value] = {}
        self.shortest: dict[object, tuple[Term, Fraction]] = {}
        self.done: dict[object, tuple[Value, list[Rewritten]]] = {}
        self.begin()

    def begin(self) -> None:
        """Begin a listing; what is known of others is kept."""
        self.lines: dict[Atom, Value] = {}
        self.own: dict[Atom, list[Pattern]] = {}  # of the lines, by the cotangents in them
        self.sums: dict[object, tuple[Atom, Labels, Fraction]] = {}  # the lines that are sums

    def keep(self, atom: Atom, x: Value, short: Value) -> None:
        """A derivative keeps its name: lines below may use it."""
        self.lines[atom] = x
        if len(x.terms) > 1:
            key, labels, scale = normal(x)
            if len(labels) == len(atom.axes):
                self.sums.setdefault(key, (atom, labels, scale))
        found = None if is_outer(short) else pattern(atom, x)
        if found is not None:
            for held in found.atoms:
                if held.linear:
                    self.own.setdefault(held, []).append(found)

    # ── costs ──

    def cost(self, x: Value) -> Price:
        """What a value costs with what its terms share taken out."""
        return self.price(self.factored(x))

    def price(self, x: Value) -> Price:
        """What a value costs as it stands."""
        found = self.prices.get(x)
        if found is None:
            found = self.prices[x] = price([self.extractor.line(x)])
        return found

    def factored(self, x: Value) -> Value:
        found = self.shared.get(x)
        if found is None:
            found = self.shared[x] = factored(self.book, x, self.price)
        return found

    # ── a line ──

    def simplified(self, x: Value) -> tuple[Value, list[Rewritten]]:
        """The value as short as the rules make it, and the way there."""
        again = self._multiple(x) if len(x.terms) > 1 else None
        if again is not None:
            return again.value, [again]
        key = (x, self._near(x))
        if key not in self.done:
            self.done[key] = self._simplified(x)
        return self.done[key]

    def _multiple(self, x: Value) -> Rewritten | None:
        """A line by a number, where the value is that."""
        key, labels, scale = normal(x)
        known = self.sums.get(key)
        if known is None:
            return None
        atom, places, other = known
        names = dict(zip(places, labels, strict=True))
        factor = Factor(atom, tuple([names[axis] for axis in atom.axes]), 1)
        return Rewritten(value(x.shape, [((factor,), scale / other)]), NAMES, "")

    def _near(self, x: Value) -> object:
        """What of other lines may stand in a line."""
        held = {f.atom for term, _ in x.terms for f in term if f.atom.linear}
        inside = {a: self.lines[a] for a in held if a in self.lines}
        for y in inside.values():
            held |= {f.atom for term, _ in y.terms for f in term if f.atom.linear}
        own = {p for a in held for p in self.own.get(a, ())}
        return frozenset(inside.items()), frozenset(own)

    def _simplified(self, x: Value) -> tuple[Value, list[Rewritten]]:
        way: list[Rewritten] = []

        def take(found: Rewritten | None) -> Value:
            if found is not None and found.value != x:
                way.append(found)
                return found.value
            return x

        x = take(masked(self.book, x))
        x = take(closed(self.book, x))
        x = take(self._expanded(x))
        x = take(self._unfolded(x))
        names_first = self.named(x)
        one = self.factored(names_first)
        factors_first = self.factored(x)
        other = self.factored(self.named(factors_first))
        if self.price(other) < self.price(one):
            x = take(Rewritten(factors_first, FACTOR, ""))
            x = take(Rewritten(other, NAMES, ""))
        else:
            x = take(Rewritten(names_first, NAMES, ""))
            x = take(Rewritten(one, FACTOR, ""))
        if self.multiples:
            by_number = self.named(x, multiples=True)
            if self.price(by_number) < self.price(x):
                x = take(Rewritten(by_number, NAMES, ""))
        return x, way

    # ── names ──

    def named(self, x: Value, multiples: bool = False) -> Value:
        """Each term with names for groups of its factors, where that costs less.

        multiples: with those alone that are another name by a number.
        """
        terms: list[tuple[Term, Fraction]] = []
        for term, c in x.terms:
            factors: list[Factor] = []
            number = c
            for f in term:
                if f.atom.linear and isinstance(f.atom.what, Total):
                    inner = self.named(f.atom.what.value, multiples)
                    atom, places, content = self.book.sum_atom(inner)
                    factors.append(Factor(atom, tuple([f.labels[k] for k in places]), f.exponent))
                    number *= content
                else:
                    factors.append(f)
            terms.append(
                self._shortest(x.shape, *merged(factors, number, self.book.measure), multiples)
            )
        return value(x.shape, terms)

    def _shortest(
        self, shape: Shape, term: Term, c: Fraction, multiples: bool
    ) -> tuple[Term, Fraction]:
        """The cheapest way to write a term with names: best first."""
        own = {p: None for f in term for p in self.own.get(f.atom, ())}
        start = Value(shape, ((term, abs(c)),))
        key = (start, multiples or tuple(own))
        known = self.shortest.get(key)
        if known is None:
            patterns = self.multiples if multiples else (*self.patterns, *own)
            known = self.shortest[key] = self._search(start, patterns)
        return known[0], known[1] * (1 if c > 0 else -1)

    def _search(self, start: Value, patterns: Sequence[Pattern]) -> tuple[Term, Fraction]:
        order = count()
        shape = start.shape
        ((term, c),) = start.terms
        best = self._term(shape, term, c), (term, c)
        heap = [(best[0], next(order), best[1])]
        seen = {term}
        for _ in range(MOST_NAMES):
            if not heap:
                break
            _, _, at = heappop(heap)
            for new, d in named(self.book, patterns, *at):
                if new in seen:
                    continue
                seen.add(new)
                cost = self._term(shape, new, d)
                best = min(best, (cost, (new, d)), key=lambda b: b[0])
                heappush(heap, (cost, next(order), (new, d)))
        return best[1]

    def _term(self, shape: Shape, term: Term, c: Fraction) -> Price:
        return self.price(Value(shape, ((term, abs(c)),)))

    # ── definitions put in ──

    def _expanded(self, x: Value) -> Rewritten | None:
        """Sums multiplied out, where terms cancel then."""
        inside: dict[Atom, Value] = {}
        for term, _ in x.terms:
            for f in term:
                if f.exponent in (1, 2):
                    own = isinstance(f.atom.what, Total)
                    found = f.atom.what.value if own else self.book.defined.get(f.atom)
                    if found is not None and len(found.terms) <= MOST_INSIDE:
                        inside[f.atom] = found
        best: Value | None = None
        tries = [[a] for a in inside] + ([list(inside)] if len(inside) > 1 else [])
        for some in tries:
            y, fewer = x, False
            for atom in some:
                out = unfolded(self.book, y, atom, inside[atom])
                if out is not None:
                    y, fewer = out[0], fewer or out[1] > 0
            if fewer:
                y = self._short(y)
                if best is None or self.cost(y) < self.cost(best):
                    best = y
        if best is None or self.cost(best) >= self.cost(self.named(x)):
            return None
        return Rewritten(best, "multiplied out", "")

    def _unfolded(self, x: Value) -> Rewritten | None:
        """Derivatives that keep a name, put in where that makes another name appear."""
        start, said = x, []
        cost = min(self.cost(x), self.cost(self.named(x)))
        for _ in range(MOST_PUT_IN):
            tried = [(self.cost(y), k, y, atom) for k, (y, atom) in enumerate(self._put_in(x))]
            if not tried or min(tried)[0] >= cost:
                break
            cost, _, x, atom = min(tried)
            said.append(f"{self.book.spell(atom)} is a line of its own")
        return Rewritten(x, PUT_IN, ", ".join(said)) if x != start else None

    def _put_in(self, x: Value) -> Iterator[tuple[Value, Atom]]:
        """The value with one derivative in one of its terms replaced by what it is."""
        for k, (term, c) in enumerate(x.terms):
            for f in term:
                inside = self.lines.get(f.atom)
                summed = any(label >= FIRST for label in f.labels)
                if inside is None or not summed or len(inside.terms) > 2:
                    continue
                alone = unfolded(self.book, Value(x.shape, ((term, c),)), f.atom, inside)
                if alone is not None:
                    rest = [t for i, t in enumerate(x.terms) if i != k]
                    yield self._short(value(x.shape, [*rest, *alone[0].terms])), f.atom

    def _short(self, x: Value) -> Value:
        found = closed(self.book, x)
        return self.named(x if found is None else found.value)
