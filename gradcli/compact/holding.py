"""What a value holds: names, how many factors, one derivative alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from gradcli.compact.atoms import Made, Name, Total
from gradcli.compact.terms import Term, Value, contracted

LINE_TERMS, LINE_FACTORS, LINE_SUMS = 8, 10, 3  # of a line put together from others


def is_long(x: Value) -> bool:
    """Whether a value is too long for a line, so that what it is keeps its name."""
    return len(x.terms) > LINE_TERMS or any(
        len(term) > LINE_FACTORS or _sums(term) > LINE_SUMS for term, _ in x.terms
    )


def _sums(term: Term) -> int:
    """How many sums a term has: one along several axes of the same factors is one."""
    return len(
        {frozenset(k for k, f in enumerate(term) if c in f.labels) for c in contracted(term)}
    )


def multiple(x: Value) -> tuple[str, Fraction]:
    """The derivative that a value is by a number, entry for entry; no name where it is more."""
    if len(x.terms) == 1:
        ((term, c),) = x.terms
        if len(term) == 1 and isinstance(term[0].atom.what, Name):
            ((atom, labels, exponent),) = term
            if exponent == 1 and labels == atom.axes and atom.shape == x.shape:
                return str(atom.what.name), c
    return "", Fraction(0)


def alone(x: Value) -> str:
    """The derivative that a value is, entry for entry; no name where it is more."""
    name, c = multiple(x)
    return name if c == 1 else ""


def names_in(x: Value) -> set[str]:
    """The derivatives, and other names, that a value holds."""
    found: set[str] = set()
    stack = [x]
    while stack:
        for term, _ in stack.pop().terms:
            for f in term:
                what: Any = f.atom.what
                if isinstance(what, Name):
                    found.add(what.name)
                elif isinstance(what, Total):
                    stack.append(what.value)
                elif isinstance(what, Made):
                    stack.extend(what.args)
    return found
