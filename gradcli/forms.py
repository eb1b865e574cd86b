"""What the steps of a loop are in all of its iterations: names and numbers with letters.

A letter is a loop's variable or a dim. What has the same form in two iterations is one thing of the
loop's body, and from a form follows what it is in any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

from gradcli.errors import GradError
from gradcli.ops.core import TABLE
from gradcli.record import Record
from gradcli.sizes import Form, Lettered, Number, Size, Sizes, plain

T = TypeVar("T")


class Member(Record):
    """A quantity of a loop: the name that its iterations share, and its index, `h[t - 1]`."""

    family: str
    indices: tuple[Form, ...]

    def __str__(self) -> str:
        return f"{self.family}[{', '.join([form.text for form in self.indices])}]"


# The forms of attributes that have letters: under each one's name, built as its value is, with None
# in place of what has no letters.
Letters: TypeAlias = tuple[tuple[str, Any], ...]


class Rolled(Record):
    """The form that a step has in every iteration.

    Steps with the same form have one and the same `Rolled`: they are one step of the loop's body.
    """

    name: str | Member
    args: tuple[str | Member | Form, ...]
    attrs: Letters = ()


At: TypeAlias = Mapping[str, float]  # what the letters stand for


def fold(
    form: Form,
    letter: Callable[[str], T],
    number: Callable[[Number], T],
    operation: Callable[[str, Sequence[T]], T],
) -> T:
    """What a form is worth, from what letters, numbers and the table's operations on them are."""
    known: dict[int, T] = {}
    waiting: list[Form] = [form]
    while waiting:
        each = waiting[-1]
        if isinstance(each, Number):
            known[id(each)] = number(each)
        elif not each.op:
            known[id(each)] = letter(each.text)
        elif left := [operand for operand in each.operands if id(operand) not in known]:
            waiting += left
            continue
        else:
            known[id(each)] = operation(each.op, [known[id(o)] for o in each.operands])
        waiting.pop()
    return known[id(form)]


def letters_of(form: Form) -> frozenset[str]:
    """The letters that a form is made of: loops' variables and dims."""
    none: frozenset[str] = frozenset()
    return fold(
        form, lambda name: frozenset((name,)), lambda _: none, lambda _, parts: none.union(*parts)
    )


def worth(form: Form, at: At) -> float:
    """The number that a form is."""

    def operation(op: str, operands: Sequence[float]) -> float:
        with np.errstate(all="ignore"):
            return float(TABLE[op].forward(*map(np.float64, operands)))

    return fold(form, at.__getitem__, lambda number: number.value, operation)


def placed(form: str | Member | Form, at: At) -> str | Number:
    """An operand as it stands in an iteration: a name, or a number."""
    if isinstance(form, Member):
        return f"{form.family}[{', '.join([str(int(worth(each, at))) for each in form.indices])}]"
    return plain(worth(form, at)) if isinstance(form, Lettered) else form


def polynomial(form: Form, sizes: Sizes) -> Size | None:
    """A form as a polynomial over its letters; None for what is none."""

    def operation(op: str, operands: Sequence[Size | None]) -> Size | None:
        sized = TABLE[op].sized
        return sized(sizes, *operands) if sized and None not in operands else None

    try:
        return fold(form, sizes.letter, lambda number: number.size, operation)
    except GradError:  # it has too many terms
        return None


def plus(form: Form, offset: int, sizes: Sizes) -> str:
    """A form and a whole number, drawn together where the form ends in one: t - 1 + 1 is t."""
    found, text = polynomial(form, sizes), form.text
    constant = dict(found.terms).get((), 0) if found is not None else 0
    if found is not None and (constant or not found.terms):
        rest = sizes.add(found, sizes.constant(constant), -1)
        text = rest.text if rest.terms else ""
        offset += int(constant)
    if not text:
        return str(offset)
    return f"{text} {'+' if offset > 0 else '-'} {abs(offset)}" if offset else text


def size(form: Form, sizes: Sizes, at: At) -> Size:
    """A form as a size: with a dim's symbol, where it stands for the size of its own."""

    def letter(name: str) -> Size | None:
        dim = sizes.dims.get(name)
        return dim if dim and dim.value == at[name] else sizes.constant(int(at[name]))

    def operation(op: str, operands: Sequence[Size | None]) -> Size | None:
        sized = TABLE[op].sized
        return sized(sizes, *operands) if sized and None not in operands else None

    found = fold(form, letter, lambda number: number.size, operation)
    return found or sizes.constant(int(worth(form, at)))
