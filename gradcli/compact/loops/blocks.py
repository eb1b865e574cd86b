"""The equations of a nest as loops and the blocks between them: what is compacted at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, TypeAlias

from gradcli.nests.nest import Equation, Loop, Nest, Ref, Unkept, ends, substitute, variables
from gradcli.program import Program
from gradcli.sizes import Size, Sizes


class Block(NamedTuple):
    """Equations that stand one after the other in the same loops."""

    loops: tuple[Loop, ...]
    equations: tuple[Equation, ...]


class Around(NamedTuple):
    """A loop, and what stands in it."""

    loop: Loop
    items: tuple[Item, ...]


Item: TypeAlias = Block | Around


def items(nest: Nest) -> tuple[Item, ...]:
    """A nest's equations as blocks and loops; loops over one range that can be one are one."""
    return _fused(nest.sizes, _items(nest.equations, ()))


def with_last_totals(program: Program, nest: Nest) -> Nest:
    """A nest in which a sum without a name of its own is called as its last total is: z5[t, T]."""
    more: dict[str, Size] = {}
    for e in nest.equations:
        first = {loop.variable: loop.first for loop in reversed(e.loops)}
        at = e.target.at
        for _ in e.loops:  # bounds may hold the variables of loops around
            at = tuple([substitute(nest.sizes, size, first) for size in at])
        own = [str(size.value) for size in at]
        last = (
            [str(e.loops[-1].last.value)]
            if e.adds and not _letters((e.loops[-1].last,)) & {loop.variable for loop in e.loops}
            else []
        )
        if f"{e.target.name}[{', '.join([*own, *last])}]" in program.shapes and last:
            more[e.target.name] = e.loops[-1].last

    def ref(one: Ref) -> Ref:
        return Ref(one.name, (*one.at, more[one.name])) if one.name in more else one

    return nest._replace(
        equations=tuple(
            e._replace(
                target=ref(e.target),
                args=tuple([ref(a) if isinstance(a, Ref) else a for a in e.args]),
            )
            for e in nest.equations
        )
    )


def equations(items: Sequence[Item]) -> Iterator[Equation]:
    for item in items:
        yield from item.equations if isinstance(item, Block) else equations(item.items)


def _items(some: Sequence[Equation], loops: tuple[Loop, ...]) -> tuple[Item, ...]:
    found: list[Item] = []
    depth = len(loops)
    for loop, group in groupby(some, key=lambda e: e.loops[depth] if e.loops[depth:] else None):
        if loop is None:
            found.append(Block(loops, tuple(group)))
        else:
            found.append(Around(loop, _items(list(group), (*loops, loop))))
    return tuple(found)


# ── loops over one range ──


def _fused(sizes: Sizes, some: Sequence[Item]) -> tuple[Item, ...]:
    """Loops that run over the same range as one, where each iteration of the later one needs of the
    earlier one no more than the same iteration.
    """
    found: list[Item] = []
    for each in some:
        item = each
        if isinstance(item, Around):
            place = _partner(sizes, found, item)
            if place is not None:
                first = found[place]
                assert isinstance(first, Around)
                second = _renamed(sizes, item, first.loop)
                found[place] = Around(first.loop, _joined((*first.items, *second)))
                continue
        found.append(item)
    return tuple(
        Around(item.loop, _fused(sizes, item.items)) if isinstance(item, Around) else item
        for item in found
    )


def _joined(some: Sequence[Item]) -> tuple[Item, ...]:
    """Blocks that follow each other as one."""
    found: list[Item] = []
    for item in some:
        last = found[-1] if found else None
        if isinstance(item, Block) and isinstance(last, Block):
            found[-1] = Block(last.loops, (*last.equations, *item.equations))
        else:
            found.append(item)
    return tuple(found)


def _partner(sizes: Sizes, before: Sequence[Item], later: Around) -> int | None:
    """The place of an earlier loop that a later one may be part of."""
    read = {ref.name for e in equations([later]) for ref in e.refs()}
    for place in range(len(before) - 1, -1, -1):
        item = before[place]
        if isinstance(item, Around) and _fits(sizes, item, later):
            return place
        if any(e.target.name in read for e in equations([item])):
            return None
    return None


def _fits(sizes: Sizes, one: Around, other: Around) -> bool:
    if (one.loop.first, one.loop.last) != (other.loop.first, other.loop.last):
        return False
    same = one.loop.variable == other.loop.variable
    if not same and not all(e.step and not e.spans for e in equations([other])):
        return False  # letters in numbers and slices stay what they are
    here = {other.loop.variable: sizes.dims[one.loop.variable]}
    made: dict[str, list[tuple[Size, ...]]] = {}
    for e in equations([one]):
        made.setdefault(e.target.name, []).append(() if e.adds else e.target.at)
    for e in equations([other]):
        for ref in e.refs():
            places = made.get(ref.name)
            at = tuple([substitute(sizes, size, here) for size in ref.at])
            if places is not None and (
                at not in places or one.loop.variable not in _letters(at) or len(places) > 1
            ):
                return False
    return True


def _letters(at: Sequence[Size]) -> set[str]:
    return {name for size in at for name in variables(size)}


def _renamed(sizes: Sizes, around: Around, loop: Loop) -> tuple[Item, ...]:
    """The items of a loop with another loop in its place."""
    here = {around.loop.variable: sizes.dims[loop.variable]}

    def ref(one: Ref) -> Ref:
        return Ref(one.name, tuple([substitute(sizes, size, here) for size in one.at]))

    def loops(some: tuple[Loop, ...]) -> tuple[Loop, ...]:
        return tuple(
            [
                loop
                if each == around.loop
                else each._replace(
                    first=substitute(sizes, each.first, here),
                    last=substitute(sizes, each.last, here),
                )
                for each in some
            ]
        )

    def item(one: Item) -> Item:
        if isinstance(one, Around):
            (inner,) = loops((one.loop,))
            return Around(inner, tuple(map(item, one.items)))
        return Block(
            loops(one.loops),
            tuple(
                e._replace(
                    target=ref(e.target),
                    args=tuple([ref(a) if isinstance(a, Ref) else a for a in e.args]),
                    loops=loops(e.loops),
                )
                for e in one.equations
            ),
        )

    return tuple(map(item, around.items))


# ── which entries ──


def overlap(
    sizes: Sizes, one: Ref, around: Sequence[Loop], other: Ref, other_around: Sequence[Loop]
) -> bool:
    """Whether two references to one family may be to the same entry in some iterations."""
    if one.name != other.name:
        return False
    for a, b in zip(one.at, other.at, strict=False):
        mine, theirs = ends(sizes, a, around), ends(sizes, b, other_around)
        if mine.last.value < theirs.first.value or theirs.last.value < mine.first.value:
            return False
    return True


def once(ref: Ref, loops: Sequence[Loop]) -> bool:
    """Whether each iteration has another entry: each variable is alone along some axis."""
    alone = {name for size in ref.at if len(found := variables(size)) == 1 for name in found}
    return alone >= {loop.variable for loop in loops}


def is_load(equation: Equation, loops: Sequence[Loop]) -> bool:
    """Whether it takes a slice that moves with a loop."""
    moving = {loop.variable for loop in loops}
    return any(
        not moving.isdisjoint(variables(span.start) | variables(span.stop))
        for span in equation.spans or ()
    )


def named(ref: Ref, loops: Sequence[Loop]) -> str:
    """A reference as it is written: h[t-1]."""
    if not ref.at:
        return ref.name
    return f"{ref.name}[{', '.join([spelled(size, loops) for size in ref.at])}]"


def spelled(size: Size, loops: Sequence[Loop] = ()) -> str:
    """A polynomial as an index is written: what is added first, loops' variables before dims."""
    order = [loop.variable for loop in loops]

    def place(term: tuple[tuple[tuple[str, int], ...], object]) -> tuple[bool, bool, int]:
        monomial, factor = term
        names = [name for name, _ in monomial if name in order]
        return not monomial, factor < 0, order.index(names[0]) if names else len(order)  # type: ignore[operator]

    texts: list[str] = []
    for monomial, factor in sorted(size.terms, key=place):
        letters = "*".join([name if power == 1 else f"{name}^{power}" for name, power in monomial])
        number = abs(factor)
        if number.denominator != 1:
            raise Unkept("an index with a fraction")
        text = letters if number == 1 and letters else f"{number}*{letters}".rstrip("*")
        texts.append(("-" if factor < 0 else "+" if texts else "") + text)
    return "".join(texts) or "0"
