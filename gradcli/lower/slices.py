"""Entries and slices of arrays: what an index takes of each axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.errors import GradError
from gradcli.lower import numbers
from gradcli.lower.env import Env
from gradcli.lower.operands import whole
from gradcli.lower.scope import Item
from gradcli.lower.text import Misfit
from gradcli.ops.parts import Part, stepped
from gradcli.ops.parts import whole as whole_axis
from gradcli.sizes import Form, Number, Shape, Size, Sizes, of_size, same, spell
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


def region(
    env: Env, shape: Shape, kinds: tuple[Any, ...], bounds: list[Item], place: Place, name: str
) -> tuple[Part, ...]:
    """What an index takes of each axis. Raises Misfit where it does not fit the shape, GradError
    where it goes back.
    """
    return _parts(env, shape, kinds, bounds, place, name, back=False)[0]


def turned_region(
    env: Env, shape: Shape, kinds: tuple[Any, ...], bounds: list[Item], place: Place, name: str
) -> tuple[tuple[Part, ...], list[int]]:
    """The same, of slices with steps back their entries forwards; the result's axes to turn."""
    parts, axes = _parts(env, shape, kinds, bounds, place, name, back=True)
    dropped = [axis for axis, part in enumerate(parts) if part.single and len(shape) > 2]
    return parts, [axis - sum(before < axis for before in dropped) for axis in axes]


def _parts(
    env: Env,
    shape: Shape,
    kinds: tuple[Any, ...],
    bounds: list[Item],
    place: Place,
    name: str,
    *,
    back: bool,
) -> tuple[tuple[Part, ...], list[int]]:
    """What is taken of each axis, and the axes along which it goes back, where it may."""
    if len(kinds) > len(shape):
        raise env.text.misfit(
            f"{name} is {spell(shape)} and has {len(shape)} axes, not {len(kinds)}",
            place,
            kind="bad-index",
            part=len(shape),
        )
    rest = iter(bounds)
    parts: list[Part] = []
    turned: list[int] = []
    for axis, size in enumerate(shape):
        where = f"axis {axis} of {name} has size {sized(size)}"
        kind = kinds[axis] if axis < len(kinds) else (False, False)
        if kind == (False, False):
            parts.append(whole_axis(size, env.text.sizes))
        elif kind == ast.AT:
            parts.append(_entry(env, next(rest), size, where, place, axis))
        else:
            items = [next(rest) for _ in range(sum(kind))]
            own = env.text.part(place, axis)
            step = _step(env, items.pop(), own, len(items), back=back) if len(kind) > 2 else None
            if step is not None and step.value < 0:
                parts.append(_back(env, kind, items, size, where, place, axis, -int(step.value)))
                turned.append(axis)
            else:
                parts.append(_slice(env, kind, items, size, where, place, axis, step))
    return tuple(parts), turned


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
    items: Sequence[Item],
    size: Size,
    where: str,
    place: Place,
    axis: int,
    step: Size | None,
) -> Part:
    sizes, own = env.text.sizes, env.text.part(place, axis)
    start, stop = sizes.constant(0), size
    first: Form | None = None
    last: Form | None = None
    if kind[0]:
        start, first = _bound(env, items[0], size, own, 0)
    if kind[1]:
        stop, last = _bound(env, items[-1], size, own, int(kind[0]))
    if not 0 <= start.value < stop.value <= size.value:
        empty = start.value >= stop.value
        raise _unfit(env, f"{start.value}:{stop.value}", empty, where, place, axis)
    return _from_to(start, stop, (first, last), step, size, sizes)


def _from_to(
    start: Size,
    stop: Size,
    letters: tuple[Form | None, Form | None],
    step: Size | None,
    size: Size,
    sizes: Sizes,
) -> Part:
    """The entries between two ends of an axis. step: from one to the next; None for 1."""
    if step is not None:
        return stepped(Part(start, stop, letters=letters, step=step), size, sizes)
    if same(stop, size) and start.value == 0:
        return whole_axis(size, sizes, letters)
    return Part(start, stop, letters=letters)


def _back(
    env: Env,
    kind: tuple[bool, ...],
    items: Sequence[Item],
    size: Size,
    where: str,
    place: Place,
    axis: int,
    step: int,
) -> Part:
    """The entries of a slice that goes back by a step, forwards."""
    sizes, own = env.text.sizes, env.text.part(place, axis)
    high, low = int(size.value) - 1, -1
    if kind[0]:
        high = int(_bound(env, items[0], size, own, 0)[0].value)
    if kind[1]:
        low = int(_bound(env, items[-1], size, own, int(kind[0]))[0].value)
    taken = range(high, low, -step)
    if not taken or not 0 <= taken[-1] <= high < size.value:
        shown = f"{high}:{low if kind[1] else ''}:{-step}"
        raise _unfit(env, shown, not taken, where, place, axis)
    if any(isinstance(item, Number) and item.rolled for item in items):
        raise env.error(
            "a slice back does not change in a loop",
            place,
            "flip(x[first:end], axis=0) turns a slice round",
            kind="bad-index",
            part=axis,
        )
    start, stop = sizes.constant(taken[-1]), sizes.constant(high + 1) if kind[0] else size
    letters = of_size(start).form, of_size(stop).form
    every = sizes.constant(step) if step > 1 else None
    return _from_to(start, stop, letters, every, size, sizes)


def _unfit(env: Env, shown: str, empty: bool, where: str, place: Place, axis: int) -> Misfit:
    """The error for a slice that has no entries, or some beyond the axis."""
    what = "is empty" if empty else "is out of range"
    return env.text.misfit(
        f"the slice {shown} {what}: {where}",
        place,
        "slices count from 0 and leave the end out",
        kind="bad-index",
        part=axis,
    )


def _step(env: Env, item: Item, place: Place, part: int, *, back: bool) -> Size | None:
    """A step, a whole number other than 0, and from 1 on where no slice goes back; None for 1."""
    number = whole(env, item, "a step", place, part)
    assert isinstance(item, Number)
    if number == 0 or (number < 0 and not back):
        message = f"a step is at least 1 here, not {numbers.worth(item)}"
        raise env.error(message, place, kind="bad-index", part=part)
    if item.rolled:
        message = "a step does not change in a loop"
        raise env.error(message, place, kind="bad-index", part=part)
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


def sized(size: Size) -> str:
    return size.text if size.text == str(size.value) else f"{size.text} = {size.value}"
