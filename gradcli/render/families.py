"""The members of a family as one: dL/dx[1..T] for dL/dx[1], dL/dx[2] and all up to dL/dx[T]."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from gradcli.forms import Member
from gradcli.loops import Block, Place
from gradcli.program import Program
from gradcli.record import Record
from gradcli.sizes import Lettered
from gradcli.transform.letters import bounds

Range: TypeAlias = tuple[int, int]
Ranges: TypeAlias = dict[tuple[str, int, Range], str]  # of a family and one of its indices


class Family(Record):
    """Some names as one text: all members of a family that lie in ranges; or a name by itself."""

    text: str
    members: tuple[str, ...]


def families(
    program: Program, items: Sequence[Place | Block], names: Sequence[str]
) -> list[Family]:
    """Names, those of one family with one shape together where they fill a range of each index.

    items: the program's loops rolled up, from whose ranges an index has its letters.
    """
    ranges: Ranges = {}
    for block in _blocks(items):
        _read(program, block, ranges)
    found: list[Family] = []
    for _, group in groupby(names, key=lambda n: (n.partition("[")[0], program.shapes[n])):
        members = tuple(group)
        text = _filled(members, ranges) if len(members) > 1 else None
        found += [Family(text, members)] if text else [Family(n, (n,)) for n in members]
    return found


def _blocks(items: Sequence[Place | Block]) -> Iterator[Block]:
    for item in items:
        if isinstance(item, Block):
            yield item
            yield from _blocks(item.items)


def _read(program: Program, block: Block, ranges: Ranges) -> None:
    """The ranges, with letters, of indices that are the variable of a loop with fixed ends."""
    variables = {loop.variable for loop in block.loops}
    fixed = {
        loop.variable: "..".join(bounds(loop))
        for loop in block.loops
        if variables.isdisjoint(re.findall(r"\w+", " ".join(bounds(loop))))
    }
    ends = {loop.variable: (loop.first, loop.last) for loop in block.loops}
    for item in block.items:
        form = program.steps[item.step].rolled if isinstance(item, Place) else None
        for each in (form.name, *form.args) if form else ():
            if not isinstance(each, Member):
                continue
            for axis, index in enumerate(each.indices):
                if isinstance(index, Lettered) and index.text in fixed:
                    key = each.family, axis, ends[index.text]
                    ranges.setdefault(key, fixed[index.text])


def _filled(members: Sequence[str], ranges: Ranges) -> str | None:
    """The members as one, where they are all that there are in a range of each index."""
    family = members[0].partition("[")[0]
    indices = [[int(n) for n in name[len(family) + 1 : -1].split(",")] for name in members]
    ends = [(min(axis), max(axis)) for axis in zip(*indices, strict=True)]
    if math.prod(last - first + 1 for first, last in ends) != len(members):
        return None
    texts = [
        str(first) if first == last else ranges.get((family, axis, end), f"{first}..{last}")
        for axis, end in enumerate(ends)
        for first, last in [end]
    ]
    return f"{family}[{', '.join(texts)}]"
