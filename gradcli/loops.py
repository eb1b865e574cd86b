"""Loops rolled up again: the equations of a program's loops once, with all places they stand for.

Iterations are drawn together where their bodies are alike: the same operations in the same order,
of which an iteration may lack the last ones, as the first term of a sum lacks the addition.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from gradcli import forms
from gradcli.forms import At, Member
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import At as Known
from gradcli.ops.core import Call, Signature
from gradcli.ops.parts import Worth
from gradcli.program import Loop, Program, Step
from gradcli.record import Record
from gradcli.sizes import Form, Shape

Indices: TypeAlias = tuple[int, ...]  # the loops' variables, from the outermost to the innermost
Ends: TypeAlias = tuple[tuple[bool, bool], ...]  # of each: whether its range starts, ends there

MOST_GROUPS = 8  # of unlike iterations, before each is taken to be unlike all others


class Place(Record):
    """An equation of the rolled listing: a step to show, and all the steps it stands for."""

    step: int
    where: dict[Indices, int]


class Block(Record):
    """A loop of the rolled listing, or those of its iterations whose bodies are alike.

    `loops` are the loops around the items, the block's own last; `ends` has the block's iterations
    in the order of the backward pass, and `all_ends` those of the blocks beside it as well.
    """

    loops: tuple[Loop, ...]
    items: tuple[Place | Block, ...]
    ends: dict[Indices, Ends]
    all_ends: dict[Indices, Ends]


class Total(Record):
    """The running total of a sum: each iteration but the first adds its term to the one before.

    first, last: the total's name in these iterations, with their letters. term: what is the total
    in the first one, which has no addition. result: what the program calls the last total, where
    an equation gives it a name.
    """

    first: Member
    term: str | Member | Form
    last: Member
    result: str | Member | None


class Iteration(Record):
    """One run of a loop's body; `chosen` where it lies in a body that is shown."""

    indices: Indices
    ends: Ends
    items: list[int | Loop]
    steps: int
    chosen: bool


def placed(step: Step, at: At, shapes: Mapping[str, Shape] | None = None) -> Step:
    """A step as it stands in an iteration; `at` says what its letters, the dims too, stand for.

    shapes: those of its operands there, by their names; what is not among them has the shape that
    it has in this step.
    A running total has the names of all its terms alike: where the program calls its first and its
    last one otherwise, they are the same.
    """
    if step.rolled is None:
        return step
    name, args, attrs = step.rolled
    moved = [each if isinstance(each, str) else forms.placed(each, at) for each in args]
    shown = name if isinstance(name, str) else str(forms.placed(name, at))
    own = step.call.signature.shapes
    if shapes is not None:
        own = tuple(
            [shapes.get(a, s) if isinstance(a, str) else s for a, s in zip(moved, own, strict=True)]
        )
    call = _placed_call(step.call, own, dict(attrs), at)
    return step._replace(name=shown, call=call, args=tuple(moved))


def total(program: Program, block: Block) -> Total | None:
    """A block's running total; None for what is no sum, or has no addition."""
    add = block.items[-1]
    if not isinstance(add, Place) or len(add.where) == len(block.ends):
        return None
    shown = program.steps[add.step].rolled
    result = program.steps[max(add.where.values())].rolled
    if not block.loops[-1].over or shown is None or result is None:
        return None
    before, term = shown.args
    assert isinstance(before, Member)
    first, last = [
        before._replace(indices=(*before.indices[:-1], bound.form))
        for bound in block.loops[-1].bounds
    ]
    return Total(first, term, last, result.name if result.name != shown.name else None)


def _placed_call(call: Call, shapes: tuple[Shape, ...], letters: Mapping[str, Any], at: At) -> Call:
    """An operation with the shapes and the attributes that it has in an iteration."""
    sizes, before, attrs = call.signature
    worth = Worth(lambda form: forms.size(form, sizes, at), lambda form: forms.worth(form, at))
    known = Known(sizes, shapes, (len(shapes[0]) if shapes else 2) + call.op.new_axes)
    moved = {
        key: ATTRIBUTES[key].moved(each, letters.get(key), known, worth)
        for key, each in attrs.items()
    }
    if moved == attrs and shapes == before:
        return call
    signature = Signature(sizes, shapes, moved)
    return Call(call.op, signature, tuple(moved.items()), call.op.shape(signature))


def roll(program: Program) -> tuple[Place | Block, ...]:
    """A program's equations in order, each loop's once."""
    listing = _Listing(program)
    outside = Iteration(
        (), (), listing.runs.items(0, len(program.steps), 0), len(program.steps), chosen=True
    )
    return listing.body((), [outside])


class Runs:
    """The runs of a program's loops, by how many loops are around; those that have steps."""

    def __init__(self, program: Program) -> None:
        self.of: dict[int, list[Loop]] = {}
        for loop in program.loops:
            if loop.iterations and loop.iterations[0][0] < loop.iterations[-1][1]:
                self.of.setdefault(loop.depth, []).append(loop)
        for loops in self.of.values():
            loops.sort(key=_start)

    def items(self, begin: int, end: int, depth: int) -> list[int | Loop]:
        """What stands between two steps: steps, and the runs of loops, as one item each."""
        runs = self.of.get(depth, [])
        k = bisect_left(runs, begin, key=_start)
        found: list[int | Loop] = []
        while begin < end:
            if k < len(runs) and _start(runs[k]) == begin:
                found.append(runs[k])
                begin = runs[k].iterations[-1][1]
                k += 1
            else:
                found.append(begin)
                begin += 1
        return found


class _Listing:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.runs = Runs(program)

    def body(
        self, loops: tuple[Loop, ...], alike: Sequence[Iteration]
    ) -> tuple[Place | Block, ...]:
        """The items of iterations that are alike; the first of them is shown."""
        found: list[Place | Block] = []
        for k, item in enumerate(alike[0].items):
            some = [i for i in alike if k < len(i.items)]
            if isinstance(item, Loop):
                found += self.blocks((*loops, item), some, k)
            else:
                found.append(Place(item, {i.indices: _step(i.items[k]) for i in some}))
        return tuple(found)

    def blocks(
        self, loops: tuple[Loop, ...], around: Sequence[Iteration], k: int
    ) -> Iterator[Block]:
        """The runs of one loop, the k-th item of the iterations around: alike ones together."""
        iterations = [inner for outer in around for inner in self.iterations(outer, k)]
        # The longest body is shown; not a range's last, in which a sum's total has its final name.
        iterations.sort(key=lambda i: (not i.chosen, -i.steps, i.ends[-1][1]))
        all_ends = {i.indices: i.ends for i in iterations}
        groups: list[list[Iteration]] = []
        for iteration in iterations:
            group = next((g for g in groups[:MOST_GROUPS] if self.alike(iteration, g[0])), None)
            if group is None:
                groups.append(group := [])
            group.append(iteration)
        for group in sorted(groups, key=lambda g: min(i.indices for i in g)):
            shown = group[0]._replace(chosen=True)
            body = [shown, *(i._replace(chosen=False) for i in group[1:])]
            ends = {i.indices: i.ends for i in sorted(group, key=lambda i: i.indices, reverse=True)}
            yield Block(loops, self.body(loops, body), ends, all_ends)

    def iterations(self, outer: Iteration, k: int) -> Iterator[Iteration]:
        loop = outer.items[k]
        assert isinstance(loop, Loop)
        last = len(loop.iterations) - 1
        for i, (begin, end) in enumerate(loop.iterations):
            yield Iteration(
                (*outer.indices, loop.first + i),
                (*outer.ends, (i == 0, i == last)),
                self.runs.items(begin, end, loop.depth + 1),
                end - begin,
                outer.chosen,
            )

    def alike(self, one: Iteration, other: Iteration) -> bool:
        """Whether a body has the same operations as another, or its first ones."""
        return len(one.items) <= len(other.items) and all(
            self._kind(a) == self._kind(b) for a, b in zip(one.items, other.items, strict=False)
        )

    def _kind(self, item: int | Loop) -> object:
        if isinstance(item, Loop):
            return item.place
        step = self.program.steps[item]
        letters = dict(step.rolled.attrs) if step.rolled else {}
        attrs = [ATTRIBUTES[k].rolled(v, letters.get(k)) for k, v in step.call.attrs]
        return step.call.op.name, attrs, tuple(isinstance(arg, str) for arg in step.args)


def _start(loop: Loop) -> int:
    return loop.iterations[0][0]


def _step(item: int | Loop) -> int:
    assert isinstance(item, int)
    return item
