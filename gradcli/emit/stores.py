"""Where values are kept: in an array, or in a variable of a loop's body; and what adds to it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

from gradcli.emit.schedule import Item
from gradcli.nests.nest import Axis, Nest, Ref, coefficient, ends, variables
from gradcli.sizes import Shape, Size, Sizes

WHOLE, LOCAL, ARRAY = "whole", "local", "array"


class Store(NamedTuple):
    """How a name's value is kept.

    WHOLE: one statement makes all of it. LOCAL: a variable of the loops' bodies, whose first
    `inside` axes are these loops. ARRAY: made before, and filled; `zeros` where additions need it.
    """

    kind: str
    axes: tuple[Axis, ...]
    shape: Shape
    inside: int = 0
    zeros: bool = False


class Stores(NamedTuple):
    """The stores of a pass by name, and for each of its items whether it adds to what is there."""

    of: dict[str, Store]
    adds: list[bool]


def stores(
    nest: Nest, items: Sequence[Item], kept: Container[str], arriving: Container[str]
) -> Stores:
    """kept: the names whose arrays are wanted as wholes. arriving: those that are there before."""
    made: dict[str, list[int]] = {}
    used: dict[str, list[tuple[int, Ref]]] = {}
    runs = entered(items)
    for i, item in enumerate(items):
        made.setdefault(item.equation.target.name, []).append(i)
        for ref in item.equation.refs():
            used.setdefault(ref.name, []).append((i, ref))
    found: dict[str, Store] = {}
    adds = [False] * len(items)
    for name, places in made.items():
        axes, shape = nest.axes[name], nest.shapes[name]
        first = items[places[0]]
        alone = len(places) == 1 and name not in arriving
        if name not in kept and (inside := _added_to(items, runs, places, used.get(name, ()))):
            found[name] = Store(LOCAL, axes, shape, inside)
            for i in places[1:]:
                adds[i] = True
        elif alone and _all_of_it(nest, first, axes, shape):
            found[name] = Store(WHOLE, axes, shape)
        elif (
            alone
            and name not in kept
            and (inside := _local(items, runs, places[0], used.get(name, ())))
        ):
            found[name] = Store(LOCAL, axes, shape, inside)
        else:
            zeros = _fill(nest, items, runs, places, axes, shape, adds, name in arriving)
            found[name] = Store(ARRAY, axes, shape, zeros=zeros)
    return Stores(found, adds)


def _all_of_it(nest: Nest, item: Item, axes: Sequence[Axis], shape: Shape) -> bool:
    """Whether an item outside all loops makes each entry of its target once."""
    if item.loops or not _bare(item.equation.target, [loop.variable for loop in item.batch]):
        return False
    box = _box(nest, item, shape)
    return all(
        low is axis.first and high is axis.last
        for (low, high), axis in zip(box, axes, strict=False)
    ) and _whole_region(item, shape)


def _bare(target: Ref, names: Sequence[str]) -> bool:
    """Whether the axes of a target are loops, in their order."""
    order = []
    for size in target.at:
        own = variables(size).intersection(names)
        if len(own) != 1 or coefficient(size, (name := own.pop())) != 1 or len(size.terms) != 1:
            return False
        order.append(names.index(name))
    return order == sorted(set(order))


def _whole_region(item: Item, shape: Shape) -> bool:
    spans = item.equation.spans if item.equation.adds else None
    return spans is None or all(
        span.whole or (span.start.value == 0 and span.stop is size and span.step is None)
        for span, size in zip(spans, shape, strict=True)
    )


def entered(items: Sequence[Item]) -> list[tuple[int, ...]]:
    """For each item which run of each loop it stands in: loops are left and entered anew."""
    found: list[tuple[int, ...]] = []
    before: tuple[int, ...] = ()
    keys: list[int] = []
    count = 0
    for item in items:
        own = [loop.key for loop in item.loops]
        same = 0
        while same < min(len(own), len(keys)) and own[same] == keys[same]:
            same += 1
        fresh = range(count + 1, count + 1 + len(own) - same)
        count += len(fresh)
        before, keys = (*before[:same], *fresh), own
        found.append(before)
    return found


def _local(
    items: Sequence[Item],
    runs: Sequence[tuple[int, ...]],
    place: int,
    uses: Sequence[tuple[int, Ref]],
) -> int:
    """How many loops a variable of their body stands in for; 0 where it can't."""
    item = items[place]
    names = [loop.variable for loop in item.loops]
    target = item.equation.target
    depth = len(names)
    if not depth or len(target.at) < depth:
        return 0
    if [size.text for size in target.at[:depth]] != names:
        return 0
    if not _bare(target, [*names, *(loop.variable for loop in item.batch)]):
        return 0
    if item.equation.adds and item.equation.spans is not None:
        return 0
    if any(not variables(loop.first).isdisjoint(names) for loop in item.batch):
        return 0  # its axes would begin elsewhere in each iteration
    for user, ref in uses:
        if runs[user][:depth] != runs[place] or ref.at[:depth] != target.at[:depth]:
            return 0
    return depth


def _added_to(
    items: Sequence[Item],
    runs: Sequence[tuple[int, ...]],
    places: Sequence[int],
    uses: Sequence[tuple[int, Ref]],
) -> int:
    """The same for what is made whole, and of which a part gains more in the same iteration."""
    first, *rest = places
    equation = items[first].equation
    more = [items[i].equation for i in rest]
    made = not equation.adds and equation.spans is None
    if not rest or not made or any(e.spans is None or e.target != equation.target for e in more):
        return 0
    if items[first].batch or any(runs[i] != runs[first] or items[i].batch for i in rest):
        return 0
    return _local(items, runs, first, uses)


def _fill(
    nest: Nest,
    items: Sequence[Item],
    runs: Sequence[tuple[int, ...]],
    places: Sequence[int],
    axes: Sequence[Axis],
    shape: Shape,
    adds: list[bool],
    arriving: bool,
) -> bool:
    """Decide for each item whether it adds. Whether the array has to begin with zeros."""
    boxes: list[list[tuple[Size, Size]]] = []
    zeros = False
    whole = [(axis.first, axis.last) for axis in axes] + [
        (nest.sizes.constant(0), nest.sizes.add(size, nest.sizes.constant(-1))) for size in shape
    ]
    for i in places:
        item = items[i]
        box = _box(nest, item, shape)
        again = item.equation.adds and not _once(item)
        # Of a loop that both stand in, either may come first.
        beside = [
            _box(nest, items[k], shape) for k in places if k > i and runs[k][:1] == runs[i][:1]
        ]
        others = [*boxes, *(beside if runs[i] else ())]
        apart = not arriving and all(_disjoint(nest.sizes, box, other) for other in others)
        if item.equation.adds and (again or not apart):
            adds[i] = True
            zeros = zeros or not any(_holds(nest.sizes, other, box) for other in boxes)
        boxes.append(box)
    if not zeros and not arriving:
        zeros = not _covered(nest.sizes, boxes, whole)
    return zeros


def _once(item: Item) -> bool:
    """Whether no entry of the target is reached by two iterations of the loops in which it is."""
    serial = [loop.variable for loop in item.loops]
    found: set[str] = set()
    for size in item.equation.target.at:
        own = variables(size).intersection(serial)
        if len(own) == 1 and coefficient(size, next(iter(own))) in (1, -1):
            found |= own
    return found == set(serial)


def _box(nest: Nest, item: Item, shape: Shape) -> list[tuple[Size, Size]]:
    """The entries that an item reaches, as the ends of each axis."""
    sizes, equation = nest.sizes, item.equation
    box: list[tuple[Size, Size]] = [
        tuple(ends(sizes, size, equation.loops))  # type: ignore[misc]
        for size in equation.target.at
    ]
    one = sizes.constant(-1)
    spans = equation.spans if equation.adds else None
    for k, size in enumerate(shape):
        if spans is None or spans[k].whole:
            box.append((sizes.constant(0), sizes.add(size, one)))
        else:
            low = ends(sizes, spans[k].start, equation.loops).first
            high = ends(sizes, spans[k].stop, equation.loops).last
            box.append((low, sizes.add(high, one)))
    return box


def _less(sizes: Sizes, a: Size, b: Size) -> bool:
    """Whether a < b at all sizes."""
    return _at_most(sizes, sizes.add(a, sizes.constant(1)), b)


def _at_most(sizes: Sizes, a: Size, b: Size) -> bool:
    """Whether a <= b at all sizes: no dim is less than 0."""
    return all(factor >= 0 for _, factor in sizes.add(b, a, -1).terms)


Box = Sequence[tuple[Size, Size]]


def _disjoint(sizes: Sizes, one: Box, other: Box) -> bool:
    return any(
        _less(sizes, a[1], b[0]) or _less(sizes, b[1], a[0])
        for a, b in zip(one, other, strict=True)
    )


def _holds(sizes: Sizes, outer: Box, inner: Box) -> bool:
    return all(
        _at_most(sizes, a[0], b[0]) and _at_most(sizes, b[1], a[1])
        for a, b in zip(outer, inner, strict=True)
    )


def _covered(sizes: Sizes, boxes: Sequence[Box], whole: Box) -> bool:
    """Whether some boxes fill an array: one alone, or several one behind the other on an axis."""
    if any(_holds(sizes, box, whole) for box in boxes):
        return True
    for axis in range(len(whole)):
        rest = [k for k in range(len(whole)) if k != axis]
        fits = [
            box[axis]
            for box in boxes
            if all(
                _at_most(sizes, box[k][0], whole[k][0]) and _at_most(sizes, whole[k][1], box[k][1])
                for k in rest
            )
        ]
        reached = sizes.add(whole[axis][0], sizes.constant(-1))
        grows = True
        while grows:
            grows = False
            for low, high in fits:
                following = sizes.add(reached, sizes.constant(1))
                if low is following or (
                    _at_most(sizes, low, following) and _less(sizes, reached, high)
                ):
                    reached, grows = high, high is not reached
        if _at_most(sizes, whole[axis][1], reached):
            return True
    return False
