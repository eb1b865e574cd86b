"""Sums and products of values: what the table states the meaning of operations in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradcli.compact.atoms import ONE, Atoms, Made
from gradcli.compact.terms import (
    FIRST,
    IDENTITY,
    Atom,
    Factor,
    Term,
    Value,
    contracted,
    merged,
    relabelled,
    times,
    value,
    whole,
)
from gradcli.ops.broadcasting import broadcast_shapes
from gradcli.sizes import Shape, Size, Sizes, is_one

LARGEST_EXPONENT = 16


class Unknown(Exception):
    """Of an operation whose meaning at some operands is no sum of products."""


class Algebra(Atoms):
    """Arithmetic on values.

    divided: by what something has been divided. not_zero: the atoms that are known not to be 0.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.divided: set[Atom] = set()
        self.not_zero: set[Atom] = set()

    def add(self, one: Value, other: Value, sign: int = 1) -> Value:
        shape = broadcast_shapes(self.sizes, (one.shape, other.shape))
        second = self.lifted(other, len(shape)).terms
        more = [(term, sign * c) for term, c in second]
        return value(shape, [*self.lifted(one, len(shape)).terms, *more])

    def lifted(self, x: Value, rank: int) -> Value:
        """A value with axes of size 1 in front, up to a rank."""
        shift = rank - len(x.shape)
        if shift <= 0 or not x.labels:
            return x if shift <= 0 else Value((self.sizes.constant(1),) * shift + x.shape, x.terms)
        names = {label: label + shift for label in range(len(x.shape))}
        return Value(
            (self.sizes.constant(1),) * shift + x.shape,
            tuple((tuple(sorted(relabelled(term, names))), c) for term, c in x.terms),
        )

    def multiply(self, one: Value, other: Value) -> Value:
        """A product; of sums only those that hold a cotangent are multiplied out."""
        shape = broadcast_shapes(self.sizes, (one.shape, other.shape))
        one, other = self.lifted(one, len(shape)), self.lifted(other, len(shape))
        one, other = self.factor(one), self.factor(other)
        return value(
            shape,
            [
                merged(times(s, t), c * d, self.measure)
                for s, c in one.terms
                for t, d in other.terms
            ],
        )

    def scaled(self, x: Value, by: Fraction) -> Value:
        return Value(x.shape, tuple((t, c * by) for t, c in x.terms) if by else ())

    def power(self, x: Value, exponent: Fraction) -> Value:
        """A power of what is one product, or of a sum as one factor."""
        if not x.terms or x.linear:
            raise Unknown
        if exponent == 0:
            return value(x.shape, [((), ONE)])
        x = self.factor(x)
        if not x.terms:
            raise Unknown
        ((term, c),) = x.terms
        if exponent < 0:
            self.divided.update(f.atom for f in term)
        if contracted(term) or not _raises(term, c, exponent):
            x = self.factor(x, single=True)
            ((term, c),) = x.terms
        raised = [Factor(a, labels, whole(e * exponent)) for a, labels, e in term]
        number = c ** int(exponent) if exponent.denominator == 1 else c
        return value(x.shape, [merged(raised, Fraction(number), self.measure)])

    def contract(self, x: Value, axes: Iterable[int], shape: Shape) -> Value:
        """Sum over some axes, which have size 1 in `shape`."""
        gone = [a for a in axes if a in x.labels]
        terms = []
        for term, number in x.terms:
            c = number
            held = {label for f in term for label in f.labels}
            extra: list[Factor] = []
            for axis in gone:
                if axis not in held:
                    count, more = self.measure(x.shape[axis])
                    c *= count
                    extra += more
            base = max((label for label in held if label >= FIRST), default=FIRST - 1) + 1
            names = {axis: base + k for k, axis in enumerate(gone)}
            terms.append(merged([*relabelled(term, names), *extra], c, self.measure))
        return value(shape, terms)

    def turned(self, x: Value, order: Sequence[int], shape: Shape) -> Value:
        """Axes moved: the axis `order[k]` of x is the axis k of the result."""
        names = {axis: k for k, axis in enumerate(order)}
        return Value(
            shape,
            tuple(sorted((merged(relabelled(t, names), c, self.measure)) for t, c in x.terms)),
        )

    def product(
        self,
        xs: Sequence[Value],
        inputs: Sequence[Sequence[Any]],
        output: Sequence[Any],
        shape: Shape,
    ) -> Value:
        """A sum of products: `inputs` names each operand's axes, `output` those of the result."""
        numbers = {c: k for k, c in enumerate(output)}
        for letters in inputs:
            for c in letters:
                numbers.setdefault(c, FIRST + len(numbers))
        taken = FIRST + len(numbers)
        terms: list[tuple[list[Factor], Fraction]] = [([], ONE)]
        unheld: set[int] = set()
        for x, letters in zip(xs, inputs, strict=True):
            names = {axis: numbers[c] for axis, c in enumerate(letters)}
            mine = self.factor(x).terms
            more = [(relabelled(_beyond(t, taken), names), c) for t, c in mine]
            taken += 8
            terms = [([*s, *t], c * d) for s, c in terms for t, d in more]
            unheld |= {names[axis] for axis in x.labels}
        return value(shape, [self._summed(t, c, unheld, xs, inputs, numbers) for t, c in terms])

    def _summed(
        self,
        factors: list[Factor],
        c: Fraction,
        labels: set[int],
        xs: Sequence[Value],
        inputs: Sequence[Sequence[Any]],
        numbers: Mapping[Any, int],
    ) -> tuple[Term, Fraction]:
        """A term of a product, by the sizes of contracted labels that no factor holds."""
        held = {label for f in factors for label in f.labels}
        for label in sorted(labels - held):
            if label >= FIRST:
                size = next(
                    x.shape[axis]
                    for x, letters in zip(xs, inputs, strict=True)
                    for axis, letter in enumerate(letters)
                    if numbers[letter] == label and axis in x.labels
                )
                number, more = self.measure(size)
                c, factors = c * number, [*factors, *more]
        return merged(factors, c, self.measure)

    def stretched(self, x: Value, shape: Shape) -> Value:
        return Value(shape, self.lifted(x, len(shape)).terms)

    def filled(self, number: int, shape: Shape) -> Value:
        return value(shape, [((), Fraction(number))])

    def identity(self, size: Size) -> Value:
        if is_one(size):
            return self.filled(1, (size, size))
        return self.alone(self.atom(IDENTITY, (size, size)))

    def rational(self, x: Value) -> Fraction:
        """The plain number that a value is."""
        if not x.terms:
            return Fraction(0)
        if len(x.terms) > 1 or x.terms[0][0] or x.terms[0][1].denominator > LARGEST_EXPONENT:
            raise Unknown
        return x.terms[0][1]

    def chosen(self, c: Value, a: Value, b: Value) -> Value:
        """A cotangent where a 0/1 mask is 1, and another where it is 0.

        A product with the mask is the same only of what is finite, as what is divided by nothing
        and holds no function is where its names are.
        """
        if not c.terms:
            return b
        mask = len(c.terms) == 1 and all(f.atom.boolean for f in c.terms[0][0])
        if not (mask and (a.linear or b.linear) and _is_finite(a) and _is_finite(b)):
            raise Unknown
        found = self.multiply(c, a) if a.terms else Value(c.shape, ())
        if b.terms:
            other = self.add(self.filled(1, self.scalar), c, -1)
            found = self.add(found, self.multiply(other, b))
        return found

    # ── what is not 0 ──

    def expect_not_zero(self, x: Value) -> None:
        """Raise Unknown unless a value is known not to be 0."""
        x = self.factor(x)
        if len(x.terms) != 1 or not all(self._is_not_zero(f.atom) for f in x.terms[0][0]):
            raise Unknown

    def _is_not_zero(self, atom: Atom) -> bool:
        return atom in self.not_zero or isinstance(atom.what, Size)

    def of_unlike(self, x: Value, y: Value, mask: int) -> Value:
        """What a comparison gives where it asks whether something is 0 that never is."""
        if x.terms and y.terms:
            raise Unknown
        self.expect_not_zero(x if x.terms else y)
        return self.filled(mask, broadcast_shapes(self.sizes, (x.shape, y.shape)))

    def expect(self, holds: bool) -> None:
        """Raise Unknown where what a meaning rests on does not hold."""
        if not holds:
            raise Unknown

    def made(self, op: str, *args: Value, **attrs: Any) -> Value:
        """An operation of the table on values, by its name there."""
        raise NotImplementedError


def _beyond(term: Term, first: int) -> list[Factor]:
    """The factors with contracted labels from some number on."""
    return relabelled(term, {c: c - FIRST + first for c in contracted(term)})


def _raises(term: Term, c: Fraction, exponent: Fraction) -> bool:
    """Whether the power of a product is the product of powers, wherever it is defined."""
    if exponent.denominator == 1:
        return all(abs(e * exponent) <= LARGEST_EXPONENT for _, _, e in term)
    return (
        c == 1
        and len(term) == 1
        and Fraction(term[0].exponent).numerator % 2 == 1
        and exponent.denominator <= LARGEST_EXPONENT
    )


def _is_finite(x: Value) -> bool:
    factors = [f for term, _ in x.terms for f in term if not isinstance(f.atom.what, Size)]
    return all(f.exponent > 0 and not isinstance(f.atom.what, Made) for f in factors)
