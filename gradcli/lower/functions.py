"""Calls: a function's arguments bound to what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from gradcli.forms import Letters
from gradcli.lower import gradients
from gradcli.lower.arguments import TAKERS, Argument
from gradcli.lower.env import Env
from gradcli.lower.indexing import check_indexes
from gradcli.lower.names import no_function
from gradcli.lower.operands import apply, formed, value
from gradcli.lower.scope import Family, Function, Item, Ref
from gradcli.lower.text import Poisoned
from gradcli.ops import FUNCTIONS, Mismatch, Op
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import (
    FIRST,
    At,
    Attribute,
)
from gradcli.ops.core import Attrs
from gradcli.record import Record
from gradcli.sizes import Number
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
