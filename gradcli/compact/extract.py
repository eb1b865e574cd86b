"""Sums of products as operations of the table: matrix products, sums along axes, quotients."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import TypeAlias

from gradcli.compact.atoms import Atoms, Total
from gradcli.compact.product import Product, Want
from gradcli.compact.terms import Factor, Term, Value, numbered, relabelled
from gradcli.compact.trees import Grove, Tree, below
from gradcli.sizes import alike, is_one, is_scalar, numbers, plain

TermC: TypeAlias = tuple[Term, Fraction]
Signed: TypeAlias = tuple[int, Tree]


def flops(tree: Tree) -> int:
    """The operations of a tree, what it uses twice once."""
    return sum(node.flops for node in below((tree,)))


def _is_rest(factor: Factor, mask: Factor) -> bool:
    """Whether a factor is 1 less a mask."""
    if not isinstance(factor.atom.what, Total) or factor.exponent != 1:
        return False
    names = dict(enumerate(factor.labels))
    terms = {tuple(relabelled(t, names)): c for t, c in factor.atom.what.value.terms}
    return terms == {(): Fraction(1), (mask,): Fraction(-1)}


def _differs(term: Term) -> bool:
    """Whether a product holds a difference, which may be turned round."""
    return any(
        isinstance(f.atom.what, Total)
        and f.exponent == 1
        and any(c < 0 for _, c in f.atom.what.value.terms)
        for f in term
    )


class Extractor:
    """Makes trees of values. Equal values give one tree."""

    def __init__(self, book: Atoms, grove: Grove) -> None:
        self.book = book
        self.grove = grove
        self.known: dict[object, Tree] = {}

    def line(self, x: Value) -> Tree:
        """A value in its own shape."""
        want = tuple([None if is_one(size) else i for i, size in enumerate(x.shape)])
        if not x.terms:
            zero = self.grove.number(plain(0))
            return zero if is_scalar(x.shape) else self.grove.apply("zeros", sizes=x.shape)
        tree = self.sum(x.terms, want)
        if alike(tree.shape, x.shape) or numbers(tree.shape) == numbers(x.shape):
            return tree
        return self.grove.apply("broadcast", tree, shape=x.shape)

    # ── sums ──

    def sum(self, terms: Sequence[TermC], want: Want) -> Tree:
        """A sum, positive terms first; small terms are added before they are stretched."""
        key = self._key(terms, want)
        found = self._again(key, want)
        if found is None:
            found = self.known[key] = self._sum(terms, want)
        return found

    def _sum(self, terms: Sequence[TermC], want: Want) -> Tree:
        if len(terms) == 1:
            return self.product(*terms[0], want)
        added = self._added(terms, want)
        chosen = self._chosen(terms, want)
        return min((added, chosen), key=flops) if chosen is not None else added

    def _chosen(self, terms: Sequence[TermC], want: Want) -> Tree | None:
        """What is one product where a mask is 1, and another one where it is 0."""
        if len(terms) != 2:
            return None
        for (one, c), (other, d) in (terms, terms[::-1]):
            for mask in one:
                if not mask.atom.boolean or not set(mask.labels) <= set(want):
                    continue
                rest = [f for f in other if not _is_rest(f, mask)]
                if len(rest) == len(other) - 1:
                    mine = tuple([f for f in one if f is not mask])
                    return self.grove.apply(
                        "where",
                        self.product((mask,), Fraction(1), want),
                        self.product(mine, c, want),
                        self.product(tuple(rest), d, want),
                    )
        return None

    def _added(self, terms: Sequence[TermC], want: Want) -> Tree:
        groups: dict[frozenset[int], list[Signed]] = {}
        turned = self._turned(terms, want)
        for term, c in terms:
            labels = frozenset(label for f in term for label in f.labels if label in want)
            sign = 1 if c > 0 or term in turned else -1
            groups.setdefault(labels, []).append((sign, self.product(term, sign * c, want)))
        ordered = sorted(groups, key=lambda g: (len(g), sorted(g)))
        *small, last = [self._group(groups[labels]) for labels in ordered]
        if not small:
            return self._signed(*last)
        total = small[0]
        for more in small[1:]:
            total = self._plus(total, more)
        return self._signed(*self._plus(last, total))

    def _turned(self, terms: Sequence[TermC], want: Want) -> list[Term]:
        """The terms that bear a minus sign inside, where all have one and that costs less.

        A difference is turned round for nothing; of others one is enough.
        """
        if any(c > 0 for _, c in terms):
            return []
        pairs = [(self.product(term, c, want), self.product(term, -c, want)) for term, c in terms]
        more = [flops(minus) - flops(plus) for minus, plus in pairs]
        free = [term for k, (term, _) in zip(more, terms, strict=True) if k <= 0 and _differs(term)]
        if free:
            return free
        least = min(range(len(terms)), key=lambda k: more[k])
        outside = max(prod([int(size.value) for size in tree.shape]) for tree, _ in pairs)
        return [terms[least][0]] if more[least] < outside else []

    def _group(self, pieces: Sequence[Signed]) -> Signed:
        """The sum of terms on the same labels, but for its sign."""
        ordered = sorted(pieces, key=lambda piece: piece[0] < 0)
        total = ordered[0]
        for more in ordered[1:]:
            total = self._plus(total, more)
        return total

    def _plus(self, one: Signed, other: Signed) -> Signed:
        if one[0] < 0 < other[0]:
            one, other = other, one
        return one[0], self.grove.apply("add" if one[0] == other[0] else "sub", one[1], other[1])

    def _signed(self, sign: int, tree: Tree) -> Tree:
        return tree if sign > 0 else self.grove.apply("neg", tree)

    # ── products ──

    def product(self, term: Term, c: Fraction, want: Want) -> Tree:
        held = {label for f in term for label in f.labels}
        want = tuple([w if w in held else None for w in want])
        key = self._key([(term, c)], want)
        found = self._again(key, want)
        if found is None:
            found = self.known[key] = Product(self.book, self.grove, self, term, c, want).tree()
        return found

    def _key(self, terms: Sequence[TermC], want: Want) -> object:
        names = {label: k for k, label in enumerate(want) if label is not None}
        return len(want), tuple(sorted((numbered(relabelled(term, names)), c) for term, c in terms))

    def _again(self, key: object, want: Want) -> Tree | None:
        found = self.known.get(key)
        if found is None and len(want) == 2:
            assert isinstance(key, tuple)
            swap = {0: 1, 1: 0}
            other = key[0], tuple(sorted((numbered(relabelled(t, swap)), c) for t, c in key[1]))
            if (turned := self.known.get(other)) is not None:
                found = self.grove.transposed(turned)
        return found
