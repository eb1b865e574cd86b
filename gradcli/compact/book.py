"""What is known of the names of a program: what each is, and which sums of theirs are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from gradcli.compact.algebra import Algebra
from gradcli.compact.atoms import ONE, Made, Name, Total, normal
from gradcli.compact.terms import (
    FIRST,
    Atom,
    Factor,
    Labels,
    Term,
    Value,
    apart,
    merged,
    relabelled,
    value,
)
from gradcli.ops.core import TABLE, Signature
from gradcli.sizes import Shape, Sizes

MOST_DEEP = 3  # definitions put in one after the other


class Book(Algebra):
    """What is known of names.

    defined: the names that are a sum. products: those that are one product of others, and `called`
    the names by these. named: the names of operations on values. closed: along which axis of a
    name the entries have which sum; declared: how a model says so of its data. masks: the data that
    are 0 or 1, and how the model says so.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.defined: dict[Atom, Value] = {}
        self.products: dict[Atom, Value] = {}
        self.called: dict[Value, Atom] = {}
        self.named: dict[Atom, Atom] = {}
        self.closed: dict[tuple[Atom, int | None], Fraction] = {}
        self.declared: dict[Atom, str] = {}
        self.masks: dict[Atom, str] = {}
        self.totals: dict[tuple[Atom, Labels], Fraction | None] = {}
        self.close: Callable[[Value], tuple[Value, str]] | None = None  # by sums that are known

    # ── names ──

    def operation(self, made: Made, shape: Shape, linear: bool) -> Atom:
        """An operation as one factor; the name that it has in the forward pass."""
        found = self.atom(made, shape, linear, made.op.boolean)
        return self.named.get(found, found)

    def made(self, op: str, *args: Value, **attrs: Any) -> Value:
        operands = tuple([self.tidy(x) for x in args])
        found = Made(TABLE[op], tuple(attrs.items()), operands)
        return self.alone(self.operation(found, found.op.shape(self._signed(found)), linear=False))

    def _signed(self, made: Made) -> Signature:
        return Signature(self.sizes, tuple([x.shape for x in made.args]), dict(made.attrs))

    def tidy(self, x: Value) -> Value:
        """A forward sum, or product, that has a name is that name."""
        if x in self.called:
            return self.alone(self.called[x])
        if x.linear or len(x.terms) < 2:
            return x
        found = self.factor(x)
        ((term, _),) = found.terms
        return x if any(isinstance(f.atom.what, Total) for f in term) else found

    def dense(self, x: Value) -> tuple[Value, Labels]:
        """A value whose axes are those alone that its terms hold, and which these are."""
        used = sorted({c for term, _ in x.terms for f in term for c in f.labels if c < FIRST})
        names = {label: k for k, label in enumerate(used)}
        shape = tuple([x.shape[label] for label in used])
        shape += (self.sizes.constant(1),) * (2 - len(shape))
        terms = [(tuple(sorted(relabelled(t, names))), c) for t, c in x.terms]
        return value(shape, terms), tuple(used)

    def define(self, atom: Atom, x: Value) -> Atom:
        """Note what a name is computed as; the atom that is equal to it already, or the name's."""
        key, labels, content = normal(x)
        found = self.known.get(key)
        if found is not None:
            other, places, number = found
            if number == content and tuple([labels[i] for i in places]) == atom.axes:
                return other
            return atom
        places = tuple([labels.index(axis) for axis in atom.axes if axis in labels])
        if len(places) == len(labels) == len(atom.axes):
            self.known[key] = (atom, places, content)
        return atom

    # ── sums that are known ──

    def total(self, atom: Atom, positions: Labels) -> Fraction | None:
        """The sums of a name along some of its axes, where they are all one number."""
        key = (atom, positions)
        if key not in self.totals:
            self.totals[key] = self._total(atom, tuple([atom.axes[k] for k in positions]))
        return self.totals[key]

    def _total(self, atom: Atom, axes: Labels) -> Fraction | None:
        if len(axes) == 1 and (atom, axes[0]) in self.closed:
            return self.closed[atom, axes[0]]
        if len(axes) == len(atom.axes) and (atom, None) in self.closed:
            return self.closed[atom, None]
        if isinstance(atom.what, Made) and atom.what.op.sums_to_one is not None:
            axis = atom.what.op.sums_to_one(self._signed(atom.what))
            return ONE if axes == (axis,) or (axis is None and axes == atom.axes) else None
        x = self.defined.get(atom)
        if x is None:
            return None
        one = self.sizes.constant(1)
        shape = tuple([one if k in axes else size for k, size in enumerate(x.shape)])
        found = self.contract(self.spread_out(x), axes, shape)
        if self.close is not None:
            found = self._closed(atom, found)
        if not found.terms:
            return Fraction(0)
        if len(found.terms) == 1 and not found.terms[0][0]:
            return found.terms[0][1]
        return None

    def _closed(self, atom: Atom, x: Value) -> Value:
        """A sum with those in it that are known, and with its numbers put in."""
        assert self.close is not None
        for _ in range(MOST_DEEP):
            found, facts = self.close(x)
            told = [said for said in self.declared.values() if said in facts]
            if told:
                self.declared[atom] = told[0]
            terms: list[tuple[Term, Fraction]] = []
            for term, c in found.terms:
                inside = self.defined.get(term[0].atom) if len(term) == 1 else None
                if inside is not None and term[0].exponent == 1 and len(term[0].atom.axes) == 0:
                    terms += self.substituted((), term[0], inside, c)
                else:
                    terms.append((term, c))
            found = value(x.shape, terms)
            if found == x:
                break
            x = found
        return x

    def spread_out(self, x: Value) -> Value:
        """A value with the names that are one sum of products, a mean say, put in."""
        for _ in range(MOST_DEEP):
            terms: list[tuple[Term, Fraction]] = []
            for term, c in x.terms:
                for k, f in enumerate(term):
                    inside = self.defined.get(f.atom)
                    if f.exponent == 1 and inside is not None and len(inside.terms) == 1:
                        rest = [*term[:k], *term[k + 1 :]]
                        terms += self.substituted(rest, f, inside, c)
                        break
                else:
                    terms.append((term, c))
            found = value(x.shape, terms)
            if found == x:
                break
            x = found
        return x

    def substituted(
        self, rest: Sequence[Factor], factor: Factor, definition: Value, c: Fraction
    ) -> Iterator[tuple[Term, Fraction]]:
        """The terms of a definition in place of a factor, beside the rest of its product."""
        atom, labels, _ = factor
        taken = max((label for f in (*rest, factor) for label in f.labels), default=0) + 1
        axes = range(len(labels)) if isinstance(atom.what, Total) else atom.axes
        names = dict(zip(axes, labels, strict=True))
        for inner, d in definition.terms:
            new = relabelled(apart(inner, taken), names)
            held = {label for f in (*new, *rest) for label in f.labels}
            extra: list[Factor] = []
            number = ONE
            for label, size in zip(labels, atom.sizes, strict=True):
                if label >= FIRST and label not in held:
                    times, more = self.measure(size)
                    number *= times
                    extra += more
            yield merged([*rest, *new, *extra], c * d * number, self.measure)

    def spell(self, atom: Atom) -> str:
        return atom.what.name if isinstance(atom.what, Name) else "a sum"
