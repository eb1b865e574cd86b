"""Calls: a function's arguments bound to what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from gradcli.lower.env import Env
from gradcli.lower.names import no_function
from gradcli.lower.operands import apply, shape, value, whole
from gradcli.lower.scope import Brackets, Family, Function, Item, Quoted, Ref
from gradcli.lower.text import Poisoned
from gradcli.ops import FUNCTIONS, Mismatch, Op
from gradcli.ops.core import Attrs
from gradcli.ops.regions import Region, regions
from gradcli.sizes import Number, Shape
from gradcli.syntax.ast import Place

KEYWORDS = {
    "keepdims": "the axis is kept at size 1 without asking",
    "keepdim": "the axis is kept at size 1 without asking",
    "dim": "the axis is written axis=",
    "dims": "the axis is written axis=",
}
SUBSCRIPTS = '"ij,jk->ik", A, B'
REGIONS = '"0:2, :", x, [N, M]'


class PlainCall(NamedTuple):
    """A function whose operands are all quantities, called without keywords."""

    op: Op
    operands: int
    attrs: Attrs


def plain_call(
    name: str, keywords: tuple[str | None, ...], items: Sequence[Item]
) -> PlainCall | None:
    """What most calls are: a function of the language on quantities alone, as many as it takes."""
    plain = _plain(name)
    if plain is None or plain.operands != len(items) or any(keywords):
        return None
    return plain if all([item.__class__ is Ref for item in items]) else None


@cache
def _plain(name: str) -> PlainCall | None:
    op = FUNCTIONS.get(name)
    if op is None or any(
        not operand.isidentifier() or operand == "size" for operand in op.operands
    ):
        return None
    return PlainCall(op, len(op.operands), tuple(op.keywords.items()))


def call(
    env: Env, name: str, keywords: tuple[str | None, ...], items: list[Item], place: Place
) -> Ref | Number:
    """A call of any function. Raises GradError, Poisoned where it can't be one."""
    op = FUNCTIONS.get(name)
    if op is not None:
        operands, attrs = _bind(env, op, name, keywords, items, place)
        return apply(env, op, operands, attrs, place)
    found = env.scope.find(name)
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
    return [value(env, item, place) for item in items]


# ── functions of the language ──


def _bind(
    env: Env,
    op: Op,
    name: str,
    keywords: tuple[str | None, ...],
    items: list[Item],
    place: Place,
) -> tuple[list[Ref | Number], Attrs]:
    """A call's arguments as the operation's operands and attributes."""
    named = _named(env, op, name, keywords, items, place)
    positional = [item for key, item in zip(keywords, items, strict=True) if key is None]
    attrs: list[tuple[str, Any]] = []
    parameters = list(op.operands)
    places = None
    if parameters[0] == '"subscripts"':
        attrs.append(("subscripts", _text(env, name, "subscripts", SUBSCRIPTS, positional, place)))
        parameters.pop(0)
    elif parameters[0] == '"regions"':
        places = _text(env, name, "regions", REGIONS, positional, place)
        parameters.pop(0)
    if parameters[-1] == "[shape]":
        last = positional.pop() if len(positional) > 1 else None
        if not isinstance(last, Brackets):
            raise env.error(
                f"{name} takes a quantity and a shape",
                place,
                f"{name}(x, [N, M])",
                kind="bad-arguments",
            )
        filled = shape(env, last.items, place)
        if places is not None:
            attrs.append(("regions", _regions(env, places, filled, place)))
        attrs.append(("shape", filled))
        parameters.pop()
    if parameters[-1] in ("*sizes", "size"):
        attrs.append(("sizes", _sizes(env, name, parameters[-1] == "size", positional, place)))
        positional, parameters = [], []
    _check_count(env, op, name, parameters, positional, place)
    operands = [value(env, item, place) for item in positional]
    attrs += [(key, _axis(env, op, item, operands, place)) for key, item in named.items()]
    return operands, tuple(attrs)


def _text(
    env: Env, name: str, what: str, example: str, positional: list[Item], place: Place
) -> str:
    """The text that a call begins with, taken off its arguments."""
    first = positional.pop(0) if positional else None
    if not isinstance(first, Quoted):
        raise env.error(
            f"{name} begins with its {what}", place, f"{name}({example})", kind="bad-arguments"
        )
    return first.text


def _regions(env: Env, text: str, filled: Shape, place: Place) -> tuple[Region, ...]:
    try:
        return regions(text, filled, env.text.sizes)
    except Mismatch as mismatch:
        raise env.error(mismatch.message, place, mismatch.hint, kind="bad-arguments") from None


def _named(
    env: Env,
    op: Op,
    name: str,
    keywords: tuple[str | None, ...],
    items: Sequence[Item],
    place: Place,
) -> dict[str, Any]:
    """The keyword arguments, and the defaults of those that are left out."""
    positional = keywords.count(None)
    if any(key is None for key in keywords[positional:]):
        raise env.error(
            f"{name}'s operands stand before its keyword arguments", place, kind="bad-arguments"
        )
    given: dict[str, Item] = {}
    for key, item in zip(keywords, items, strict=True):
        if key is None:
            continue
        if key not in op.keywords:
            takes = ", ".join(f"{k}=" for k in op.keywords)
            hint = f"it takes {takes}" if takes else None
            if key not in KEYWORDS and env.scope.find(key) is not None:
                hint = f"a comparison is written {key} == …"
            raise env.error(
                f"{name} has no argument `{key}`",
                place,
                KEYWORDS.get(key, hint),
                kind="bad-arguments",
            )
        if key in given:
            raise env.error(f"{name} is given {key}= twice", place, kind="bad-arguments")
        given[key] = item
    return {**op.keywords, **given}


def _sizes(env: Env, name: str, single: bool, items: Sequence[Item], place: Place) -> Shape:
    if len(items) == 1 and isinstance(items[0], Brackets):
        items = items[0].items
    if not items or (single and len(items) != 1):
        what, form = ("one size", "N") if single else ("its sizes", "N, M")
        raise env.error(f"{name} takes {what}", place, f"{name}({form})", kind="bad-arguments")
    found = shape(env, items, place)
    return found[:1] if len(items) == 1 else found


def _check_count(
    env: Env, op: Op, name: str, parameters: Sequence[str], items: Sequence[Item], place: Place
) -> None:
    if parameters and parameters[-1].startswith("*"):
        if len(items) < 1:
            raise env.error(f"{name} takes at least one operand", place, kind="bad-arguments")
        return
    if len(items) == len(parameters):
        return
    hint = None
    if len(items) == 2 and op.keywords and isinstance(items[1], Number):
        hint = f"the axis has its name: {name}(…, axis={items[1].text})"
    elif len(items) == 2 and f"{name}imum" in FUNCTIONS:
        hint = f"{name}imum(a, b) takes two quantities"
    elif len(items) > len(parameters) and "axis" in op.keywords:
        hint = f"join them first: {name}([a; b])"
    names = ", ".join(parameters)
    raise env.error(
        f"{name}({names}) takes {_count(len(parameters))}, not {len(items)}",
        place,
        hint,
        kind="bad-arguments",
    )


def _axis(
    env: Env, op: Op, item: Any, operands: Sequence[Ref | Number], place: Place
) -> int | None:
    """An axis, counted from 0; a negative one counts from the end."""
    if item is None or isinstance(item, int):
        return item
    axis = whole(env, item, "an axis", place)
    first = operands[0]
    rank = (len(first.shape) if isinstance(first, Ref) else 2) + op.new_axes
    if not -rank <= axis < rank:
        raise env.error(
            f"axis {axis} is out of range: there are {rank} axes, from 0", place, kind="bad-axis"
        )
    return axis % rank


def _count(n: int) -> str:
    return "one argument" if n == 1 else f"{n} arguments"
