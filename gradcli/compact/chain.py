"""The steps of both passes as sums of products: the derivation before any rule is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from gradcli.compact.algebra import Unknown
from gradcli.compact.atoms import Constant, Made
from gradcli.compact.book import Book
from gradcli.compact.terms import Atom, Value, contracted
from gradcli.draws import DISTRIBUTIONS
from gradcli.interpret import interpret
from gradcli.ops.core import Array
from gradcli.program import Drawn, Program, Step
from gradcli.sizes import Size

ONE = Fraction(1)
ROUNDING = 1e-9  # of what sums to 1


def forward(program: Program, book: Book, data: Mapping[str, Array]) -> dict[str, Value]:
    """What each forward name is, in terms of the names that are no products of others.

    data: what the inputs are worth.
    """
    values = {}
    for item in program.inputs:
        atom = book.name(item.name, item.shape)
        values[item.name] = book.alone(atom)
        if isinstance(item.value, Drawn) and _is_mask(item.value, data[item.name]):
            book.masks[atom] = f"{item.name} is 0 or 1, as it is drawn"
        if isinstance(item.value, Drawn) and _sums_to_one(item.value, data[item.name]):
            axis = item.value.axis
            book.closed[atom, axis] = ONE
            book.declared[atom] = f"{item.name} sums to 1 along axis {axis}, as it is drawn"
        for each in item.sums:
            book.closed[atom, each.axis] = Fraction(repr(each.total.value))
            book.declared[atom] = f"{program.span(each.place).text}, as is assumed"

    def meaning(step: Step, operands: list[Value]) -> Value:
        found = meant(book, step, operands)
        atom = _single(found)
        name = book.name(step.name, step.call.shape, boolean=bool(atom and atom.boolean))
        if atom is not None and isinstance(atom.what, Made):
            book.named[atom] = name
            if (axis := _normed(step)) is not None:
                book.closed[name, axis] = ONE
            return book.alone(name)
        if len(found.terms) == 1 and not contracted(found.terms[0][0]):
            book.products[name] = found
            if atom is None:
                book.called.setdefault(found, name)
            return found
        if not found.terms:
            return found
        book.defined[name] = found
        known = book.define(name, found)
        return book.alone(known)

    return interpret(program.steps, values, meaning, book.number)


def _is_mask(drawn: Drawn, value: Array) -> bool:
    """Whether a draw's entries are 0 or 1, those of data in its place too."""
    return DISTRIBUTIONS[drawn.distribution].boolean and bool(np.all(value * value == value))


def _sums_to_one(drawn: Drawn, value: Array) -> bool:
    """Whether a draw's entries sum to 1 along its axis, those of data in its place too."""
    if not DISTRIBUTIONS[drawn.distribution].sums_to_one:
        return False
    return bool(np.allclose(value.sum(axis=drawn.axis), 1, rtol=0, atol=ROUNDING))


def _normed(step: Step) -> int | None:
    """The axis along which the entries of a result sum to 1."""
    rule = step.call.op.sums_to_one
    return None if rule is None else rule(step.call.signature)


def meant(book: Book, step: Step, operands: Sequence[Value]) -> Value:
    """An operation on values: a sum of products, or one factor."""
    op, signature = step.call.op, step.call.signature
    if op.terms is not None:
        try:
            found: Value = op.terms(signature, book, *operands)
        except Unknown:
            pass
        else:
            return Value(step.call.shape, found.terms)
    linear = [k for k, x in enumerate(operands) if x.linear]
    args = [book.tidy(x) for x in operands]
    number = Value(book.scalar, (((), ONE),))
    if len(linear) == 1 and len(args[linear[0]].terms) == 1:  # numbers stand before it
        number, args[linear[0]] = _apart(args[linear[0]], book)
    made = Made(op, step.call.attrs, tuple(args))
    return book.multiply(number, book.alone(book.operation(made, step.call.shape, bool(linear))))


def _apart(x: Value, book: Book) -> tuple[Value, Value]:
    """The numbers of a term, and the rest of it."""
    ((term, c),) = x.terms
    numbers = [f for f in term if isinstance(f.atom.what, Size | Constant)]
    rest = tuple([f for f in term if f not in numbers])
    return Value(book.scalar, ((tuple(numbers), c),)), Value(x.shape, ((rest, ONE),))


def _single(x: Value) -> Atom | None:
    """The atom that a value is, entry for entry."""
    if len(x.terms) != 1 or x.terms[0][1] != 1 or len(x.terms[0][0]) != 1:
        return None
    ((factor,), _) = x.terms[0]
    return factor.atom if factor.exponent == 1 and factor.labels == factor.atom.axes else None
