"""`=` and `+=`: which entries of each derivative have been reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from gradcli.ops.core import Array, Call
from gradcli.ops.parts import Part, Region, kept_shape, stepped, whole
from gradcli.program import Program
from gradcli.sizes import Shape, Sizes, numbers
from gradcli.transform.vjp import Contribution

Box: TypeAlias = tuple[tuple[int, int], ...]


class Tracker:
    """What of each derivative has been reached, entry by entry where a slice reached a part."""

    def __init__(self, program: Program, always: bool) -> None:
        self.program = program
        self.always = always
        self.full = set(program.outputs())
        self.partial: dict[str, Array] = {}
        self.left: dict[str, int] = {}  # how many entries of a partly reached one are missing

    def reached(self, name: str) -> bool:
        return name in self.full or name in self.partial

    def reach(
        self, call: Call, contribution: Contribution, target: str
    ) -> Iterator[tuple[str, Region | None, Region | None]]:
        """The steps that a contribution needs: assign, the target's region, the part of it."""
        sizes = call.signature.sizes
        shape = self.program.shapes[target]
        region = contribution.region
        if region is not None and covers(region, shape, sizes):
            region = None
        if self.always or contribution.at is not None:  # rows are added to, be it to 0
            self.full.add(target)
            self.partial.pop(target, None)
            yield "+=", region, None
        elif target in self.full:
            yield "+=", region, None
        elif region is None and target not in self.partial:
            self.full.add(target)
            yield "=", None, None
        else:
            yield from self._reach_part(target, shape, region, sizes)

    def _reach_part(
        self, target: str, shape: Shape, region: Region | None, sizes: Sizes
    ) -> Iterator[tuple[str, Region | None, Region | None]]:
        if target not in self.partial:
            self.partial[target] = np.zeros(numbers(shape), dtype=bool)
            self.left[target] = self.partial[target].size
        area = region or tuple(whole(size, sizes) for size in shape)
        mask = self.partial[target][tuple(part.slice() for part in area)]
        before = int(np.count_nonzero(mask))
        if before == 0:
            yield "=", region, None
        elif before == mask.size:
            yield "+=", region, None
        else:
            for old, box in boxes(mask):
                yield "+=" if old else "=", *_pieces(area, box, shape, sizes)
        self.left[target] -= mask.size - before
        mask[...] = True
        if not self.left[target]:
            self.full.add(target)
            del self.partial[target], self.left[target]


def covers(region: Region, shape: Shape, sizes: Sizes) -> bool:
    """Whether a region is all of an array, and its contribution has the array's own axes."""
    if len(shape) > 2 and any(part.single for part in region):
        return False
    return numbers(kept_shape(sizes, region)) == numbers(shape)


def boxes(mask: Array) -> Iterator[tuple[bool, Box]]:
    """A mask as boxes: those where it is True, then those where it is False."""
    for value in (True, False):
        rest = mask == value
        while rest.any():
            first = np.unravel_index(int(np.argmax(rest)), rest.shape)
            box = [(int(i), int(i) + 1) for i in first]
            for axis in reversed(range(rest.ndim)):
                while box[axis][1] < rest.shape[axis]:
                    start, stop = box[axis]
                    box[axis] = (stop, stop + 1)
                    grows = bool(rest[tuple(slice(a, b) for a, b in box)].all())
                    box[axis] = (start, stop + 1 if grows else stop)
                    if not grows:
                        break
            rest[tuple(slice(a, b) for a, b in box)] = False
            yield value, tuple(box)


def _pieces(area: Region, box: Box, shape: Shape, sizes: Sizes) -> tuple[Region, Region]:
    """A box within a region as the target's region and as the part of the contribution."""
    target, piece = [], []
    for part, (start, stop), size in zip(area, box, shape, strict=True):
        origin = int(part.start.value)
        if part.single:
            target.append(part)
            if len(area) == 2:
                piece.append(whole(sizes.constant(1), sizes))
            continue
        length = int(part.length(sizes).value)
        if part.step is None:
            ends = origin + start, origin + stop, int(size.value)
            target.append(_part(*ends, size, sizes, len(area)))
        else:
            target.append(_stepped(part, start, stop, size, sizes, len(area)))
        piece.append(_part(start, stop, length, part.length(sizes), sizes, len(area)))
    while len(piece) < 2:
        piece.append(whole(sizes.constant(1), sizes))
    return tuple(target), tuple(piece)


def _stepped(part: Part, start: int, stop: int, size: Any, sizes: Sizes, rank: int) -> Part:
    """Some of the entries of a slice with steps."""
    taken = range(*part.ends)[start:stop]
    single = len(taken) == 1 and rank == 2
    ends = sizes.constant(taken[0]), sizes.constant(taken[-1] + 1)
    if len(taken) == 1:
        return Part(*ends, single)
    return stepped(Part(*ends, step=part.step), size, sizes)


def _part(start: int, stop: int, length: int, size: Any, sizes: Sizes, rank: int) -> Part:
    if start == 0 and stop == length:
        return whole(size, sizes)
    single = stop - start == 1 and rank == 2
    return Part(sizes.constant(start), sizes.constant(stop), single)
