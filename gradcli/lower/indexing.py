"""Brackets behind an operand: members of families, entries and slices of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.interpret import interpret
from gradcli.lower.env import Env
from gradcli.lower.members import member
from gradcli.lower.operands import value
from gradcli.lower.scope import Family, Item, NewAxis, Ref
from gradcli.lower.slices import sized, turned_region
from gradcli.lower.text import described
from gradcli.ops import TABLE, Op, Signature
from gradcli.ops.core import Attrs
from gradcli.program import Program, Step
from gradcli.sizes import Number, Size, is_one, same
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


def index(env: Env, base: Item, kinds: tuple[Any, ...], bounds: list[Item], place: Place) -> Item:
    """A member of a family, or a slice of an array."""
    if isinstance(base, Family):
        return member(env, base, kinds, bounds, place)
    array = value(env, base, place)
    if isinstance(array, Number):
        raise env.error(f"{array.text} is a number and has no entries", place, kind="no-quantity")
    if any(isinstance(bound, Ref) and bound.below for bound in bounds):
        return _rows(env, array, kinds, bounds, place)
    if any(isinstance(bound, NewAxis) for bound in bounds):
        return _with_axes(env, array, kinds, bounds, place)
    found, turned = turned_region(env, array.shape, kinds, bounds, place, array.name)
    array = env.emit(TABLE["index"], (array,), (("region", found),), place)
    for axis in turned:
        array = env.emit(TABLE["flip"], (array,), (("axis", axis),), place)
    return array


# ── members ──


# ── rows by their numbers ──


def _rows(env: Env, array: Ref, kinds: tuple[Any, ...], bounds: list[Item], place: Place) -> Ref:
    """The rows of an array that an index names; of its other axes all is taken."""
    if kinds[0] != ast.AT or any(kind != (False, False) for kind in kinds[1:]):
        raise env.error(
            "an index of whole numbers takes whole rows",
            place,
            f"{array.name}[i]; {array.name}.T[i].T takes columns, "
            "pick(x, i, axis=1) an entry of each row",
            kind="bad-index",
        )
    op, operands = TABLE["take"], (array, value(env, bounds[0], place, 0))
    check_indexes(env, op, operands, (), place)
    return env.emit(op, operands, (), place)


def check_indexes(
    env: Env, op: Op, operands: Sequence[Ref | Number], attrs: Attrs, place: Place
) -> None:
    """Raise GradError unless an operation's indices hold whole numbers that are in range."""
    sizes = env.text.sizes
    one = sizes.constant(1)
    signature = Signature(sizes, tuple(map(env.shape_of, operands)), dict(attrs))
    for k, wanted in op.indexes.items():
        item, size = operands[k], wanted(signature)
        below = item.below if isinstance(item, Ref) else None
        shown = described(item, env.listing.steps, env.text.used)[0]
        last = sizes.add(below or size, one, -1).text
        if below is None:
            name = shown if shown.isidentifier() else "i"
            raise env.error(
                f"{shown} is no index: it may hold other numbers than whole ones in a range",
                place,
                f"index {name}: [N] in 0..{last}",
                kind="bad-index",
                part=k,
            )
        rest = sizes.add(size, below, -1)
        if same(below, size) is None and not (rest.is_constant and rest.value >= 0):
            raise env.error(
                f"{shown} goes up to {last}, but there are {sized(size)} to take from",
                place,
                "sizes are compared as symbols",
                kind="bad-index",
                part=k,
            )


def counted(program: Program) -> dict[str, Size]:
    """The quantities of a program that hold whole numbers from 0 on: below what."""
    known = {
        item.name: program.sizes.add(item.within[1], program.sizes.constant(1))
        if item.within
        else None
        for item in program.inputs
    }

    def meaning(step: Step, belows: list[Size | None]) -> Size | None:
        counts = step.call.op.counts
        return counts(step.call.signature, belows) if counts else None

    interpret(program.steps, known, meaning, lambda number: None)
    return {name: below for name, below in known.items() if below is not None}


# ── axes of size 1 ──


def _with_axes(
    env: Env, array: Ref, kinds: tuple[Any, ...], bounds: list[Item], place: Place
) -> Ref:
    """`x[:, None]`: an array with axes of size 1 more. A column has one axis here, its entries'."""
    rest = iter(bounds)
    owned = [[next(rest) for _ in range(1 if k == ast.AT else sum(k))] for k in kinds]
    new = [bool(own) and isinstance(own[0], NewAxis) for own in owned]
    named = [kind for kind, is_new in zip(kinds, new, strict=True) if not is_new]
    if ast.AT in named:
        raise env.error(
            "None stands beside slices, not beside an entry's number",
            place,
            "one after the other: x[0][None, :]",
            kind="bad-index",
            part=kinds.index(ast.AT),
        )
    column = len(array.shape) == 2 and is_one(array.shape[1]) and len(named) < 2
    where = [k for k, is_new in enumerate(new) if is_new]
    if any(kind != (False, False) for kind in named):
        own = [b for items, is_new in zip(owned, new, strict=True) if not is_new for b in items]
        found = index(env, array, tuple(named), own, place)
        assert isinstance(found, Ref)
        array = found
    if column:
        entries = new.index(False) if named else len(new)
        if entries == len(new) - (1 if named else 0) and entries:
            array = env.emit(TABLE["transpose"], (array,), (), place)
            where.remove(entries - 1)  # it is a row's first axis
        else:
            where.remove(entries + 1)  # it is the column's second axis
    for axis in where:
        array = env.emit(TABLE["expand_dims"], (array,), (("axis", axis),), place)
    return Ref(array.name, array.shape, array.rolled, array.below, stretches=True)


# ── slices ──
