"""A layered layout of a graph: layers by the longest way, few crossings, straight edges.

Sugiyama, Tagawa & Toda 1981: layers, places for edges that pass a layer, an order within each layer
by the barycentres of the neighbours, and coordinates. Deterministic, and nearly linear in the edges
for each of a fixed number of sweeps.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

SWEEPS = 8
NOTHING = (0.0, 0.0)  # the size of an edge's way through a layer
NO_LABELS: Mapping[int, tuple[float, float]] = MappingProxyType({})


class Box(NamedTuple):
    """Where a node lies: its centre and its size."""

    x: float
    y: float
    width: float
    height: float


class Laid(NamedTuple):
    """A layout: the nodes' boxes, the points of each edge, the labels' boxes by the edges' numbers,
    the top and the bottom of each layer by its middle, and the size of the whole.
    """

    boxes: dict[str, Box]
    lines: tuple[tuple[tuple[float, float], ...], ...]
    labels: dict[int, Box]
    rows: dict[float, tuple[float, float]]
    width: float
    height: float


def lay_out(
    sizes: Mapping[str, tuple[float, float]],
    edges: Sequence[tuple[str, str]],
    labels: Mapping[int, tuple[float, float]] = NO_LABELS,
    *,
    first: Container[str] = (),
    last: Container[str] = (),
    apart: float = 24.0,
    between: float = 36.0,
) -> Laid:
    """The layout of nodes of some sizes, given in an order in which no edge leads back.

    labels: the sizes of edges' labels, by the edges' numbers; each has a place of its own in the
    layer behind the edge's tail. first, last: what lies in the first layer, and in the last. apart,
    between: the least distance of neighbours, and of layers.
    """
    layer = _layers(list(sizes), edges, labels, first, last)
    places: list[list[object]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in sizes:
        places[layer[name]].append(name)
    ways: list[list[object]] = []
    above: dict[object, list[object]] = {}
    below: dict[object, list[object]] = {}
    at: dict[object, int] = dict(layer.items())
    for k, (tail, head) in enumerate(edges):
        way: list[object] = [tail]
        for level in range(layer[tail] + 1, layer[head]):
            dummy = (k, level)
            places[level].append(dummy)
            at[dummy] = level
            way.append(dummy)
        way.append(head)
        ways.append(way)
        for one, other in itertools.pairwise(way):
            below.setdefault(one, []).append(other)
            above.setdefault(other, []).append(one)
    _order(places, above, below)
    room: dict[object, tuple[float, float]] = dict(sizes.items())
    room |= {(k, layer[edges[k][0]] + 1): size for k, size in labels.items()}
    widths = {thing: room.get(thing, NOTHING)[0] for row in places for thing in row}
    x = _coordinates(places, above, below, widths, apart)
    tops, y = [], 0.0
    rows: dict[float, tuple[float, float]] = {}
    for row in places:
        height = max((room.get(thing, NOTHING)[1] for thing in row), default=0.0)
        tops.append(y + height / 2)
        rows[tops[-1]] = y, y + height
        y += height + between
    left = min((x[t] - widths[t] / 2 for t in x), default=0.0)
    boxes = {n: Box(x[n] - left, tops[layer[n]], *sizes[n]) for n in sizes}
    lines = tuple(tuple((x[t] - left, tops[at[t]]) for t in way) for way in ways)
    right = max((x[t] + widths[t] / 2 for t in x), default=0.0)
    named = {k: Box(*lines[k][1], *size) for k, size in labels.items()}
    return Laid(boxes, lines, named, rows, right - left, max(0.0, y - between))


def _layers(
    names: Sequence[str],
    edges: Sequence[tuple[str, str]],
    labels: Container[int],
    first: Container[str],
    last: Container[str],
) -> dict[str, int]:
    """Each node's layer: inputs as late as they may be, all else as early."""
    before: dict[str, list[tuple[str, int]]] = {}
    behind: dict[str, list[tuple[str, int]]] = {}
    for k, (tail, head) in enumerate(edges):
        layers = 2 if k in labels else 1
        before.setdefault(head, []).append((tail, layers))
        behind.setdefault(tail, []).append((head, layers))
    layer: dict[str, int] = {}
    for name in names:
        layer[name] = max((layer[n] + layers for n, layers in before.get(name, ())), default=0)
    for name in names:
        if name not in before and name in behind and name not in first:
            layer[name] = min(layer[n] - layers for n, layers in behind[name])
    bottom = max(layer.values(), default=0)
    return {name: bottom if name in last else level for name, level in layer.items()}


def _order(
    places: list[list[object]],
    above: Mapping[object, list[object]],
    below: Mapping[object, list[object]],
) -> None:
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        rows = range(1, len(places)) if down else range(len(places) - 2, -1, -1)
        neighbours = above if down else below
        for i in rows:
            beside = {t: float(k) for k, t in enumerate(places[i - 1 if down else i + 1])}
            own = {t: float(k) for k, t in enumerate(places[i])}

            def centre(thing: object) -> float:
                found = [beside[n] for n in neighbours.get(thing, ())]  # noqa: B023
                return sum(found) / len(found) if found else own[thing]  # noqa: B023

            places[i].sort(key=centre)


def _coordinates(
    places: list[list[object]],
    above: Mapping[object, list[object]],
    below: Mapping[object, list[object]],
    widths: Mapping[object, float],
    apart: float,
) -> dict[object, float]:
    """Things of a row beside each other in its order, each as near its neighbours as that lets."""
    x: dict[object, float] = {}
    for row in places:
        right = 0.0
        for thing in row:
            x[thing] = right + widths[thing] / 2
            right += widths[thing] + apart
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in places if down else places[::-1]:
            wanted = {}
            for thing in row:
                near = [x[n] for n in (above if down else below).get(thing, ())]
                wanted[thing] = sum(near) / len(near) if near else x[thing]
            _settle(row, wanted, widths, apart, x)
    return x


def _settle(
    row: Sequence[object],
    wanted: Mapping[object, float],
    widths: Mapping[object, float],
    apart: float,
    x: dict[object, float],
) -> None:
    """The least moves, in squares, that keep neighbours apart: blocks that meet move together."""
    blocks: list[tuple[float, int]] = []  # where a block's first thing wants to be, its things
    offsets: list[float] = []
    total = 0.0
    for k, thing in enumerate(row):
        if k:
            total += widths[row[k - 1]] / 2 + apart + widths[thing] / 2
        offsets.append(total)
        mean, count = wanted[thing] - total, 1
        while blocks and blocks[-1][0] >= mean:
            other, many = blocks.pop()
            mean = (mean * count + other * many) / (count + many)
            count += many
        blocks.append((mean, count))
    k = 0
    for mean, count in blocks:
        for _ in range(count):
            x[row[k]] = mean + offsets[k]
            k += 1
