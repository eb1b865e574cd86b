"""An order in which equations can be computed, as near as can be to the one that they had.

Equations of one loop stay together. An equation waits for what makes its operands: of what was
there before, for what stood before it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

from gradcli.emit.schedule import another
from gradcli.nests.nest import Equation


class Entry(NamedTuple):
    """An equation, where it stood, and in which run of each loop it is.

    place: that of the last of the equations that it replaces or serves. new: whether it was not
    there at first.
    """

    equation: Equation
    place: float
    path: tuple[int, ...]
    new: bool = False


class Cyclic(Exception):
    """Equations that wait for each other."""


def entries(equations: Sequence[Equation]) -> list[Entry]:
    """Equations with the runs of loops that they stand in."""
    found: list[Entry] = []
    numbers = count()
    keys: tuple[int, ...] = ()
    path: tuple[int, ...] = ()
    for place, equation in enumerate(equations):
        own = tuple(loop.key for loop in equation.loops)
        same = 0
        while same < min(len(own), len(keys)) and own[same] == keys[same]:
            same += 1
        path = (*path[:same], *(next(numbers) for _ in own[same:]))
        keys = own
        found.append(Entry(equation, place, path))
    return found


def ordered(every: Sequence[Entry], depth: int = 0) -> Iterator[Equation]:
    """The equations in an order that computes them. Raises Cyclic where there is none."""
    units: dict[Any, list[Entry]] = {}
    for k, entry in enumerate(every):
        key = entry.path[depth] if len(entry.path) > depth else ("alone", k)
        units.setdefault(key, []).append(entry)
    parts = list(units.values())
    makers: dict[str, list[tuple[int, Entry]]] = {}
    for i, part in enumerate(parts):
        for entry in part:
            makers.setdefault(entry.equation.target.name, []).append((i, entry))
    waits: list[set[int]] = [set() for _ in parts]
    leads: list[set[int]] = [set() for _ in parts]
    for i, part in enumerate(parts):
        for entry in part:
            for j in _before(i, entry, makers, depth):
                waits[i].add(j)
                leads[j].add(i)
    places = [min(entry.place for entry in part) for part in parts]
    ready = [(places[i], i) for i in range(len(parts)) if not waits[i]]
    heapq.heapify(ready)
    done = 0
    while ready:
        _, i = heapq.heappop(ready)
        done += 1
        if len(parts[i][0].path) > depth:
            yield from ordered(parts[i], depth + 1)
        else:
            yield parts[i][0].equation
        for j in leads[i]:
            waits[j].discard(i)
            if not waits[j]:
                heapq.heappush(ready, (places[j], j))
    if done < len(parts):
        raise Cyclic


def _before(
    i: int, entry: Entry, makers: dict[str, list[tuple[int, Entry]]], depth: int
) -> Iterator[int]:
    """The units that an entry of a unit waits for."""
    serial = [loop.variable for loop in entry.equation.loops[:depth]]
    target = entry.equation.target
    for j, maker in makers[target.name]:
        if j != i and maker.place < entry.place:
            yield j
    for ref in entry.equation.refs():
        for j, maker in makers.get(ref.name, ()):
            if j == i or another(maker.equation.target, ref, serial):
                continue
            if maker.new or maker.place < entry.place:
                yield j
