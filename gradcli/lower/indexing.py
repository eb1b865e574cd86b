"""Brackets behind an operand: members of families, entries and slices of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradcli.errors import GradError
from gradcli.forms import Member
from gradcli.interpret import interpret
from gradcli.lower import numbers
from gradcli.lower.env import Env
from gradcli.lower.operands import value, whole
from gradcli.lower.scope import Family, Item, NewAxis, Ref
from gradcli.lower.text import Poisoned, described
from gradcli.ops import TABLE, Op, Signature
from gradcli.ops.core import Attrs
from gradcli.ops.parts import Part, stepped
from gradcli.ops.parts import whole as whole_axis
from gradcli.program import Program, Step
from gradcli.sizes import Form, Number, Shape, Size, is_one, of_size, same, spell
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
    kinds, bounds, turned = _forwards(env, array, kinds, bounds, place)
    found = region(env, array.shape, kinds, bounds, place, array.name)
    array = env.emit(TABLE["index"], (array,), (("region", found),), place)
    for axis in turned:
        array = env.emit(TABLE["flip"], (array,), (("axis", axis),), place)
    return array


def _forwards(
    env: Env, array: Ref, kinds: tuple[Any, ...], bounds: list[Item], place: Place
) -> tuple[tuple[Any, ...], list[Item], list[int]]:
    """Slices with steps back as the same entries forwards, and the result's axes to turn round."""
    if not any(len(kind) > 2 for kind in kinds if kind != ast.AT):
        return kinds, bounds, []
    sizes, rest = env.text.sizes, iter(bounds)
    found: list[Item] = []
    shown: list[Any] = []
    turned = []
    drops = len(array.shape) > 2 and ast.AT in kinds
    for k, kind in enumerate(kinds):
        own = [next(rest) for _ in range(1 if kind == ast.AT else sum(kind))]
        back = kind != ast.AT and len(kind) > 2 and getattr(own[-1], "value", 1) < 0
        if not back or k >= len(array.shape):
            shown.append(kind)
            found += own
            continue
        step = -whole(env, own.pop(), "a step", place, k)
        size, where = array.shape[k], env.text.part(place, k)
        high = numbers.whole(own[0], "an index") if kind[0] else -1
        high += int(size.value) if high < 0 else 0
        low = -1
        if kind[1]:
            low = whole(env, own[-1], "an index", where, int(kind[0]))
            low += int(size.value) if low < 0 else 0
        ends = range(high, low, -step)
        if not ends or not 0 <= ends[-1] <= high < size.value:
            what = "is out of range" if ends else "is empty"
            raise env.text.misfit(
                f"the slice {high}:{low if kind[1] else ''}:{-step} {what}: "
                f"axis {k} of {array.name} has size {_sized(size)}",
                place,
                "slices count from 0 and leave the end out",
                kind="bad-index",
                part=k,
            )
        if any(isinstance(item, Number) and item.rolled for item in own):
            raise env.error(
                "a slice back does not change in a loop",
                place,
                "flip(x[first:end], axis=0) turns a slice round",
                kind="bad-index",
                part=k,
            )
        shown.append((True, True, True))
        stop = sizes.constant(high + 1) if kind[0] else size
        found += map(of_size, (sizes.constant(ends[-1]), stop, sizes.constant(step)))
        turned.append(k - (kinds[:k].count(ast.AT) if drops else 0))
    return tuple(shown), found, turned


# ── members ──


def member(
    env: Env, family: Family, kinds: tuple[Any, ...], bounds: list[Item], place: Place
) -> Ref:
    """The member that an index names. Raises GradError, Poisoned where there is none."""
    if any(kind != ast.AT for kind in kinds):
        raise env.error(
            f"{family.name} is a family: an index names one member",
            place,
            f"{family.name}[1]",
            kind="bad-index",
        )
    key = member_key(env, family, bounds, place)
    found = family.members.get(key)
    if found is not None:
        rolled = form(family.name, bounds)
        env.listing.use(family, rolled, found)
        return Ref(found.name, found.shape, rolled, found.below)
    if family.name in env.outline.poisoned:
        raise Poisoned(family.name)
    name = f"{family.name}[{', '.join(map(str, key))}]"
    span = env.text.span(place)
    raise GradError(f"`{name}` is not defined", span, _range(family), kind="undefined-name")


def member_key(env: Env, family: Family, bounds: Sequence[Item], place: Place) -> tuple[int, ...]:
    """The whole numbers that an index is made of. Raises GradError elsewhere."""
    if len(bounds) != family.arity:
        plural = "index" if family.arity == 1 else "indices"
        raise env.error(
            f"{family.name} has {family.arity} {plural}, not {len(bounds)}",
            place,
            _range(family),
            kind="bad-index",
        )
    return tuple([whole(env, bound, "an index", place, k) for k, bound in enumerate(bounds)])


def form(family: str, bounds: Sequence[Item]) -> Member | None:
    """A member with letters, where its index has some."""
    found = [bound for bound in bounds if isinstance(bound, Number)]
    if not any(bound.rolled for bound in found):
        return None
    return Member(family, tuple([bound.form for bound in found]))


def _range(family: Family) -> str | None:
    """A hint that says which members there are."""
    keys = list(family.members)
    if not keys or family.arity != 1:
        return None
    low, high = min(keys)[0], max(keys)[0]
    if len(keys) == 1:
        return f"{family.name}[{low}] alone is defined"
    if len(keys) == high - low + 1:
        return f"{family.name}[{low}] to {family.name}[{high}] are defined"
    return f"{len(keys)} members between {family.name}[{low}] and {family.name}[{high}] are defined"


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
                f"{shown} goes up to {last}, but there are {_sized(size)} to take from",
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


def region(
    env: Env, shape: Shape, kinds: tuple[Any, ...], bounds: list[Item], place: Place, name: str
) -> tuple[Part, ...]:
    """What an index takes of each axis. Raises Misfit where it does not fit the shape."""
    if len(kinds) > len(shape):
        raise env.text.misfit(
            f"{name} is {spell(shape)} and has {len(shape)} axes, not {len(kinds)}",
            place,
            kind="bad-index",
            part=len(shape),
        )
    rest = iter(bounds)
    parts = []
    for axis, size in enumerate(shape):
        where = f"axis {axis} of {name} has size {_sized(size)}"
        if axis >= len(kinds) or kinds[axis] == (False, False):
            parts.append(whole_axis(size, env.text.sizes))
        elif kinds[axis] == ast.AT:
            parts.append(_entry(env, next(rest), size, where, place, axis))
        else:
            parts.append(_slice(env, kinds[axis], rest, size, where, place, axis))
    return tuple(parts)


def _entry(env: Env, item: Item, size: Size, where: str, place: Place, axis: int) -> Part:
    start, letters = _bound(env, item, size, place, axis)
    if not 0 <= start.value < size.value:
        assert isinstance(item, Number)
        raise env.text.misfit(
            f"index {numbers.worth(item)} is out of range: {where}, and its first entry is 0",
            place,
            kind="bad-index",
            part=axis,
        )
    sizes = env.text.sizes
    return Part(start, sizes.add(start, sizes.constant(1)), True, letters=(letters, None))


def _slice(
    env: Env,
    kind: tuple[bool, ...],
    rest: Iterator[Item],
    size: Size,
    where: str,
    place: Place,
    axis: int,
) -> Part:
    sizes, own = env.text.sizes, env.text.part(place, axis)
    start, stop = sizes.constant(0), size
    first: Form | None = None
    last: Form | None = None
    if kind[0]:
        start, first = _bound(env, next(rest), size, own, 0)
    if kind[1]:
        stop, last = _bound(env, next(rest), size, own, int(kind[0]))
    step = _step(env, next(rest), own, sum(kind) - 1) if len(kind) > 2 else None
    if not 0 <= start.value < stop.value <= size.value:
        what = "is empty" if start.value >= stop.value else "is out of range"
        raise env.text.misfit(
            f"the slice {start.value}:{stop.value} {what}: {where}",
            place,
            "slices count from 0 and leave the end out",
            kind="bad-index",
            part=axis,
        )
    if step is not None:
        return stepped(Part(start, stop, letters=(first, last), step=step), size, sizes)
    if same(stop, size) and start.value == 0:
        return whole_axis(size, sizes, (first, last))
    return Part(start, stop, letters=(first, last))


def _step(env: Env, item: Item, place: Place, part: int) -> Size | None:
    """A step, a whole number from 1 on; None for 1."""
    number = whole(env, item, "a step", place, part)
    assert isinstance(item, Number)
    if number < 1 or item.rolled:
        raise env.error(
            f"a step is at least 1 here, not {numbers.worth(item)}"
            if number < 1
            else "a step does not change in a loop",
            place,
            kind="bad-index",
            part=part,
        )
    return None if number == 1 else item.size or env.text.sizes.constant(number)


def _bound(env: Env, item: Item, size: Size, place: Place, part: int) -> tuple[Size, Form]:
    """A bound of a slice as a size, and its form; a negative one counts from the end."""
    try:
        number = numbers.whole(item, "an index")
    except GradError as error:
        raise env.text.misfit(error.message, place, error.hint, error.kind, part) from None
    assert isinstance(item, Number)
    bound = item.size or env.text.sizes.constant(number)
    return (env.text.sizes.add(size, bound) if number < 0 else bound), item.form


def _sized(size: Size) -> str:
    return size.text if size.text == str(size.value) else f"{size.text} = {size.value}"
