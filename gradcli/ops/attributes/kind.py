"""What a kind of attribute is: where a call has it, how it is read, written and handed on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gradcli.ops.parts import (
    Worth,
)
from gradcli.record import Record
from gradcli.sizes import (
    Form,
    Number,
    Shape,
    Size,
    Sizes,
)

# Where a call has it.
FIRST = "first"  # before the operands
LAST = "last"  # behind them
ALONE = "alone"  # in their place: there are none
KEYWORD = "keyword"  # behind them, by its name
INSIDE = "inside"  # in the operation's own template

# What stands there, for the lowering to read.
TEXT = "text"  # a text in quotes
BRACKETS = "brackets"  # sizes in brackets
SIZES = "sizes"  # sizes one by one, or in brackets
SIZE = "size"  # one size
AMOUNT = "amount"  # one size, or 0
AMOUNTS = "amounts"  # such sizes behind operands, one by one or in brackets
COUNT = "count"  # one size, behind operands
WHOLE = "whole"  # a whole number
WHOLES = "wholes"  # a whole number, or several in brackets
LISTED = "listed"  # whole numbers, one by one or in brackets
NOTHING = "nothing"  # the grammar's own


class At(Record):
    """What a kind may look at: the operands' shapes, and what is known of the call.

    rank: how many axes the result has. default: the keyword's. known: the attributes that are read
    before this one.
    """

    sizes: Sizes
    shapes: tuple[Shape, ...]
    rank: int = 2
    default: Any = None
    known: dict[str, Any] = {}  # noqa: RUF012 -- read only


class Markup(Record):
    """How a printer of another language writes a size and a number."""

    size: Callable[[Size], str]
    number: Callable[[float], str]


def same_value(value: Any, at: Any) -> Any:
    return value


def _lettered(value: Any, forms: Any) -> Any:
    """A value with its forms in place of what has some."""
    if isinstance(forms, tuple) and not isinstance(forms, Number):
        return tuple(_lettered(v, form) for v, form in zip(value, forms, strict=True))
    return value if forms is None else forms


def put(value: Any, forms: Any, worth: Callable[[Form], Any]) -> Any:
    """A value with what its forms are worth in place of what has some."""
    if isinstance(forms, tuple) and not isinstance(forms, Number):
        return tuple(put(v, form, worth) for v, form in zip(value, forms, strict=True))
    return value if forms is None else worth(forms)


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """A kind of attribute: its whole truth.

    stands, takes: where a call has it, and what stands there.
    shown: how a signature shows it. example: a call's arguments, for hints.
    about: what a call that lacks it is told. error: the kind of error of one that does not fit.
    read: what was read, as a value; raises Mismatch.
    text: the value as it is written in the language.
    latex: the same in LaTeX, by a printer's own ways with sizes and numbers.
    code: the value as `forward` gets it, from the operands' shapes.
    rolled: the value with the loops' variables as letters, from its forms: built as the value is,
        None in place of what has no letters, and of all where nothing has.
    moved: the value in another iteration, from its forms, what is known there, and what forms are
        worth.
    tried: values to try at some shapes, the plainest first: for the page of operations, and for the
        tests. What does not fit is refused by the operation's shape rule.
    """

    name: str
    stands: str
    takes: str
    text: Callable[[Any], str]
    latex: Callable[[Any, Any, Markup], str]
    tried: Callable[[At], Iterable[Any]]
    read: Callable[[Any, At], Any] = same_value
    code: Callable[[Any, tuple[Shape, ...]], Any] = same_value
    rolled: Callable[[Any, Any], Any] = _lettered
    moved: Callable[[Any, Any, At, Worth], Any] = lambda value, forms, at, worth: put(
        value, forms, worth.size
    )
    shown: str = ""
    example: str = ""
    about: str = ""
    error: str = "bad-arguments"


ATTRIBUTES: dict[str, Attribute] = {}


def attribute(name: str, stands: str, takes: str, **fields: Any) -> None:
    """Register a kind."""
    if takes == WHOLE:
        read = fields.get("read", same_value)
        fields["moved"] = lambda value, forms, at, worth: (
            value if forms is None else read(int(worth.number(forms)), at)
        )
    ATTRIBUTES[name] = Attribute(name, stands, takes, **fields)
