"""The steps of both passes as sums of products: the derivation before any rule is applied."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from gradcli.compact.algebra import Unknown
from gradcli.compact.atoms import Made
from gradcli.compact.book import Book
from gradcli.compact.terms import Atom, Value, contracted
from gradcli.interpret import interpret
from gradcli.program import Program, Step

ONE = Fraction(1)


def forward(program: Program, book: Book) -> dict[str, Value]:
    """What each forward name is, in terms of the names that are no products of others."""
    values = {item.name: book.alone(book.name(item.name, item.shape)) for item in program.inputs}

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
            return found
        if not found.terms:
            return found
        book.defined[name] = found
        known = book.define(name, found)
        return book.alone(known)

    return interpret(program.steps, values, meaning, book.number)


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
    linear = any(x.linear for x in operands)
    made = Made(op, step.call.attrs, tuple(book.tidy(x) for x in operands))
    return book.alone(book.operation(made, step.call.shape, linear))


def _single(x: Value) -> Atom | None:
    """The atom that a value is, entry for entry."""
    if len(x.terms) != 1 or x.terms[0][1] != 1 or len(x.terms[0][0]) != 1:
        return None
    ((factor,), _) = x.terms[0]
    return factor.atom if factor.exponent == 1 and factor.labels == factor.atom.axes else None
