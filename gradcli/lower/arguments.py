"""What is taken off a call's arguments, for each that an attribute may be: it, and its forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradcli.errors import GradError
from gradcli.lower.env import Env
from gradcli.lower.operands import shape, whole
from gradcli.lower.scope import Brackets, Item, NewAxis, Quoted
from gradcli.ops.attributes.kind import (
    AMOUNT,
    AMOUNTS,
    BRACKETS,
    COUNT,
    LISTED,
    SIZE,
    SIZES,
    TEXT,
    WHOLE,
    WHOLES,
    Attribute,
)
from gradcli.record import Record
from gradcli.sizes import Number, Shape, Size
from gradcli.syntax.ast import Place


class Argument(Record):
    """An argument of a call: what it is, and which part of the call."""

    item: Item
    part: int


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
