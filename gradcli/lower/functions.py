"""Calls: a function's arguments bound to what it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from gradcli.errors import GradError
from gradcli.forms import Letters
from gradcli.lower import gradients
from gradcli.lower.env import Env
from gradcli.lower.indexing import check_indexes
from gradcli.lower.names import no_function
from gradcli.lower.operands import apply, formed, shape, value, whole
from gradcli.lower.scope import Brackets, Family, Function, Item, NewAxis, Quoted, Ref
from gradcli.lower.text import Poisoned
from gradcli.ops import FUNCTIONS, Mismatch, Op
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import (
    AMOUNT,
    AMOUNTS,
    BRACKETS,
    COUNT,
    FIRST,
    LISTED,
    SIZE,
    SIZES,
    TEXT,
    WHOLE,
    WHOLES,
    At,
    Attribute,
)
from gradcli.ops.core import Attrs
from gradcli.record import Record
from gradcli.sizes import Number, Shape, Size
from gradcli.suggest import ARGUMENTS
from gradcli.syntax.ast import Place


class PlainCall(Record):
    """A function whose operands are all quantities, called without keywords."""

    op: Op
    operands: int
    attrs: Attrs


def plain_call(
    env: Env, name: str, keywords: tuple[str | None, ...], items: Sequence[Item]
) -> PlainCall | None:
    """What most calls are: a function of the language on quantities alone, as many as it takes."""
    plain = _plain(name)
    if plain is None or plain.operands != len(items) or any(keywords):
        return None
    if _is_own(env, name, plain.op):
        return None
    return plain if all([item.__class__ is Ref for item in items]) else None


def _is_own(env: Env, name: str, op: Op) -> bool:
    """Whether the file's own definition stands before the language's function of that name."""
    return op.gives_way(name) and isinstance(env.scope.find(name), Function)


@cache
def _plain(name: str) -> PlainCall | None:
    op = FUNCTIONS.get(name)
    if (
        op is None
        or op.attributes
        or op.indexes
        or any(operand.startswith("*") for operand in op.operands)
    ):
        return None
    return PlainCall(op, len(op.operands), tuple(op.keywords.items()))


def call(
    env: Env, name: str, keywords: tuple[str | None, ...], items: list[Item], place: Place
) -> Ref | Number:
    """A call of any function. Raises GradError, Poisoned where it can't be one."""
    op = FUNCTIONS.get(name)
    if op is not None and not _is_own(env, name, op):
        operands, attrs, letters = _bind(env, op, name, keywords, items, place)
        if op.indexes:
            check_indexes(env, op, operands, attrs, place)
        return apply(env, op, operands, attrs, place, letters)
    found = env.scope.find(name)
    if found is None and name not in env.outline.poisoned:
        found = env.prelude.get(name)
    if isinstance(found, Function):
        return found.apply(env, _arguments(env, found, keywords, items, place), place)
    if found is not None:
        what = "a family" if isinstance(found, Family) else "a value"
        index = "[t]" if isinstance(found, Family) else "[i]"
        raise env.error(
            f"`{name}` is not a function, but {what}",
            place,
            f"a product is written {name} * (…), an entry {name}{index}",
            kind="undefined-function",
        )
    if name in env.outline.poisoned:
        raise Poisoned(name)
    if name == gradients.NAME:
        if env.dialect.gradient is None:
            raise env.error(
                "grad stands in the equations of a model alone", place, kind="bad-arguments"
            )
        return env.dialect.gradient(env, keywords, items, place)
    raise no_function(env, name, place)


def _arguments(
    env: Env, function: Function, keywords: tuple[str | None, ...], items: list[Item], place: Place
) -> list[Ref | Number]:
    """The arguments of a function that the file defines."""
    name, parameters = function.node.name.text, function.node.parameters
    if any(keywords):
        raise env.error(f"{name} takes no keyword arguments", place, kind="bad-arguments")
    if len(items) != len(parameters):
        names = ", ".join(p.text for p in parameters)
        raise env.error(
            f"{name}({names}) takes {_count(len(parameters))}, not {len(items)}",
            place,
            kind="bad-arguments",
        )
    return [value(env, item, place, k) for k, item in enumerate(items)]


# ── functions of the language ──


class Argument(Record):
    """An argument of a call: what it is, and which part of the call."""

    item: Item
    part: int


def _bind(
    env: Env,
    op: Op,
    name: str,
    keywords: tuple[str | None, ...],
    items: list[Item],
    place: Place,
) -> tuple[list[Ref | Number], Attrs, Letters]:
    """A call's arguments as the operation's operands and attributes, and the forms of these."""
    arguments = [Argument(item, k) for k, item in enumerate(items)]
    named = _named(env, op, name, keywords, arguments, place)
    positional = arguments[: keywords.count(None)]
    taken = {}
    letters: dict[str, Any] = {}
    behind = [key for key in op.attributes if ATTRIBUTES[key].stands != FIRST]
    for key in (*(k for k in op.attributes if k not in behind), *reversed(behind)):
        kind = ATTRIBUTES[key]
        taken[key], letters[key] = TAKERS[kind.takes](env, name, kind, positional, place)
    _check_count(env, op, name, [argument.item for argument in positional], place)
    operands = [value(env, argument.item, place, argument.part) for argument in positional]
    shapes = tuple([env.shape_of(operand) for operand in operands])
    known: dict[str, Any] = {}
    at = At(env.text.sizes, shapes, (len(shapes[0]) if shapes else 2) + op.new_axes, known=known)
    for key in reversed(op.attributes):  # a text before the operands is about what is behind them
        known[key] = _read(env, ATTRIBUTES[key], taken[key], at, place)
    for key, argument in named.items():
        kind = ATTRIBUTES[key]
        found, letters[key] = TAKERS[kind.takes](env, name, kind, [argument], place)
        known[key] = _read(env, kind, found, at._replace(default=op.keywords[key]), place)
    attrs = tuple((key, known.get(key, op.keywords.get(key))) for key in op.takes())
    return operands, attrs, formed(letters)


def _read(env: Env, kind: Attribute, taken: Any, at: At, place: Place) -> Any:
    """What was taken as an attribute's value. Raises GradError where it is none."""
    try:
        return kind.read(taken, at)
    except Mismatch as mismatch:
        part = env.text.attribute(place, kind)
        raise env.error(
            mismatch.message, place, mismatch.hint, kind=kind.error, part=part
        ) from None


# ── what is taken off a call's arguments, for each that an attribute may be: it, and its forms ──


def _text(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[str, None]:
    first = arguments.pop(0).item if arguments else None
    if not isinstance(first, Quoted):
        raise _lacking(env, name, kind, place)
    return first.text, None


def _brackets(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[Shape, Any]:
    last = arguments.pop().item if arguments else None
    if not isinstance(last, Brackets):
        raise _lacking(env, name, kind, place)
    found = shape(env, last.items, last.place)
    return found, _forms(last.items, len(found))


def _sizes(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[Shape, Any]:
    items: Sequence[Item] = [argument.item for argument in arguments]
    arguments.clear()
    if len(items) == 1 and isinstance(items[0], Brackets):
        items, place = items[0].items, items[0].place
    if not items:
        raise _lacking(env, name, kind, place)
    found = shape(env, items, place)
    found = found[:1] if len(items) == 1 else found
    return found, _forms(items, len(found))


def _size(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[Size, Any]:
    found, forms = _sizes(env, name, kind, arguments, place)
    if len(found) != 1:
        raise _lacking(env, name, kind, place)
    return found[0], forms[0]


def _count_of(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[Size, Any]:
    last = arguments.pop().item if arguments else None
    if not isinstance(last, Number):
        raise _lacking(env, name, kind, place)
    return shape(env, (last,), place)[0], last.rolled


def _whole(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[int, Any]:
    item, part = arguments.pop()
    return whole(env, item, kind.about, place, part), _forms([item], 1)[0]


def _wholes(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[int | tuple[int, ...] | None, Any]:
    item = arguments[-1].item
    if isinstance(item, NewAxis):  # axis=None
        arguments.pop()
        return None, None
    if not isinstance(item, Brackets) or item.stacked:
        return _whole(env, name, kind, arguments, place)
    arguments.pop()
    found = [whole(env, each, kind.about, item.place, k) for k, each in enumerate(item.items)]
    forms = _forms(item.items, len(found))
    return (found[0], forms[0]) if len(found) == 1 else (tuple(found), forms)


def _amount(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[Size, Any]:
    item, part = arguments.pop()
    found = whole(env, item, kind.about, place, part)
    assert isinstance(item, Number)
    return item.size or env.text.sizes.constant(found), item.rolled


def _amounts(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[tuple[Size, ...], Any]:
    items = _last(env, name, kind, arguments, place)
    found = []
    for item in items:
        number = whole(env, item, kind.about, place)
        assert isinstance(item, Number)
        found.append(item.size or env.text.sizes.constant(number))
    return tuple(found), _forms(items * 2 if len(items) == 1 else items, 2)


def _listed(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> tuple[tuple[int, ...], Any]:
    found = _last(env, name, kind, arguments, place)
    numbers = [whole(env, each, "an axis", place) for each in found]
    return tuple(numbers), _forms(found, len(numbers))


def _last(
    env: Env, name: str, kind: Attribute, arguments: list[Argument], place: Place
) -> list[Item]:
    """The numbers at the end of a call's arguments, or what stands in brackets there."""
    if arguments and isinstance(last := arguments[-1].item, Brackets):
        arguments.pop()
        return list(last.items)
    several: list[Item] = []
    while arguments and isinstance(arguments[-1].item, Number):
        several.insert(0, arguments.pop().item)
    if not several:
        raise _lacking(env, name, kind, place)
    return several


def _forms(items: Sequence[Item], count: int) -> tuple[Any, ...]:
    """The forms of so many sizes, of which the items are the first."""
    found = [item.rolled if isinstance(item, Number) else None for item in items]
    return (*found, *[None] * (count - len(found)))


TAKERS: dict[str, Callable[..., Any]] = {
    TEXT: _text, BRACKETS: _brackets, SIZES: _sizes, SIZE: _size, COUNT: _count_of, WHOLE: _whole,
    WHOLES: _wholes, LISTED: _listed, AMOUNT: _amount, AMOUNTS: _amounts,
}  # fmt: skip


def _lacking(env: Env, name: str, kind: Attribute, place: Place) -> GradError:
    hint = f"{name}({kind.example})"
    return env.error(f"{name} {kind.about}", place, hint, kind="bad-arguments")


def _named(
    env: Env,
    op: Op,
    name: str,
    keywords: tuple[str | None, ...],
    arguments: Sequence[Argument],
    place: Place,
) -> dict[str, Argument]:
    """The keyword arguments."""
    first = keywords.count(None)
    for key, argument in zip(keywords[first:], arguments[first:], strict=True):
        if key is None:
            raise env.error(
                f"{name}'s operands stand before its keyword arguments",
                place,
                kind="bad-arguments",
                part=argument.part,
            )
    named: dict[str, Argument] = {}
    for key, argument in zip(keywords, arguments, strict=True):
        if key is None:
            continue
        if key not in op.keywords:
            takes = ", ".join(f"{k}=" for k in op.keywords)
            hint = f"it takes {takes}" if takes else None
            if key not in ARGUMENTS and env.scope.find(key) is not None:
                hint = f"a comparison is written {key} == …"
            raise env.error(
                f"{name} has no argument `{key}`",
                place,
                ARGUMENTS.get(key, hint),
                kind="bad-arguments",
                part=argument.part,
            )
        if key in named:
            raise env.error(
                f"{name} is given {key}= twice", place, kind="bad-arguments", part=argument.part
            )
        named[key] = argument
    return named


def _check_count(env: Env, op: Op, name: str, items: Sequence[Item], place: Place) -> None:
    parameters = op.operands
    if parameters and parameters[-1].startswith("*"):
        if len(items) < 1:
            raise env.error(f"{name} takes at least one operand", place, kind="bad-arguments")
        return
    if len(items) == len(parameters):
        return
    hint = None
    last = items[-1] if len(items) == len(parameters) + 1 else None
    if len(items) == 2 and f"{name}imum" in FUNCTIONS:
        hint = f"{name}imum(a, b) takes two quantities"
        hint += f"; an axis has its name, axis={last.text}" if isinstance(last, Number) else ""
    elif isinstance(last, Number) and op.keywords:
        key = next(iter(op.keywords))
        what = "the axis has its name" if key == "axis" else "it has its name"
        hint = f"{what}: {name}(…, {key}={last.text})"
    elif len(items) > len(parameters) and "axis" in op.keywords:
        hint = f"join them first: {name}([a; b])"
    names = ", ".join(parameters)
    raise env.error(
        f"{name}({names}) takes {_count(len(parameters))}, not {len(items)}",
        place,
        hint,
        kind="bad-arguments",
    )


def _count(n: int) -> str:
    return "one argument" if n == 1 else f"{n} arguments"
