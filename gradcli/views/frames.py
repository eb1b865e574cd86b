"""A layered layout with frames: what stands in a frame is laid out by itself, and is then one box.

An edge that crosses a frame passes through a gate in its border, one that leads in at the top, one
that leads out at the bottom. So no frame holds what does not belong to it, and none meets another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from gradcli.views.layers import NOTHING, Box, Laid, lay_out

TITLE, PAD = 20.0, 10.0  # within a frame, above what is in it and around it
GATE, FRAME = "\n", "\r"  # before their names, which no node's name begins with

Point = tuple[float, float]
Edge = tuple[int, str, str]  # its number, its tail and its head


class Framed(NamedTuple):
    """A layout: boxes, each edge's points and each label's box by the edges' numbers, the frames
    with their titles, the outer before the inner, and the size of the whole.
    """

    boxes: dict[str, Box]
    lines: dict[int, list[Point]]
    labels: dict[int, Box]
    frames: list[tuple[str, Box]]
    width: float
    height: float


class Layout:
    """The layout of nodes of some sizes, given in an order in which no edge leads back.

    around: the titles of the frames around each node, from the outermost; those that follow each
    other with the same title share a frame. labels: the sizes of edges' labels.
    """

    def __init__(
        self,
        sizes: Mapping[str, Point],
        around: Mapping[str, tuple[str, ...]],
        labels: Mapping[int, Point],
        between: float,
    ) -> None:
        self.sizes = sizes
        self.around = around
        self.labels = labels
        self.between = between

    def framed(
        self,
        names: Sequence[str],
        edges: Sequence[Edge],
        depth: int = 0,
        gates: tuple[Sequence[str], Sequence[str]] = ((), ()),
    ) -> Framed:
        """Nodes within so many frames. gates: where edges come in, and where they go out."""
        inner: dict[str, Framed] = {}
        titles: dict[str, str] = {}
        item: dict[str, str] = {gate: gate for side in gates for gate in side}
        sizes: dict[str, Point] = dict.fromkeys(gates[0], NOTHING)

        def kind(name: str) -> tuple[str, str]:
            own = self.around.get(name, ())
            return ("frame", own[depth]) if len(own) > depth else ("node", name)

        for (what, title), run in groupby(names, kind):
            some = list(run)
            key = title if what == "node" else f"{FRAME}{some[0]}"
            item |= dict.fromkeys(some, key)
            if what == "node":
                sizes[key] = self.sizes[title]
                continue
            inner[key] = found = self._inside(some, edges, depth + 1)
            titles[key] = title
            sizes[key] = found.width + 2 * PAD, found.height + TITLE + PAD
        sizes |= dict.fromkeys(gates[1], NOTHING)
        own = [edge for edge in edges if item[edge[1]] != item[edge[2]]]
        laid = lay_out(
            sizes,
            [(item[tail], item[head]) for _, tail, head in own],
            {
                k: self.labels[number]
                for k, (number, tail, head) in enumerate(own)
                if number in self.labels and not (_is_gate(tail) or _is_gate(head))
            },
            first=gates[0],
            last=gates[1],
            between=self.between,
        )
        return _together(laid, item, own, inner, titles)

    def _inside(self, names: Sequence[str], edges: Sequence[Edge], depth: int) -> Framed:
        """What is in a frame, with gates for the edges that cross it."""
        there = set(names)
        inward, outward, found = [], [], []
        for number, tail, head in edges:
            if tail in there and head in there:
                found.append((number, tail, head))
            elif head in there:
                inward.append(f"{GATE}>{number}")
                found.append((number, inward[-1], head))
            elif tail in there:
                outward.append(f"{GATE}<{number}")
                found.append((number, tail, outward[-1]))
        return self.framed(names, found, depth, (inward, outward))


def _together(
    laid: Laid,
    item: Mapping[str, str],
    edges: Sequence[Edge],
    inner: Mapping[str, Framed],
    titles: Mapping[str, str],
) -> Framed:
    """A layout with those of its frames in their places."""
    boxes = {name: laid.boxes[name] for name in item if item[name] == name and not _is_gate(name)}
    labels = {edges[k][0]: box for k, box in laid.labels.items()}
    lines: dict[int, list[Point]] = {}
    frames: list[tuple[str, Box]] = []
    for key, found in inner.items():
        x, y, width, height = laid.boxes[key]
        left, top = x - width / 2 + PAD, y - height / 2 + TITLE
        frames += [(titles[key], laid.boxes[key])]
        frames += [(title, _moved(box, left, top)) for title, box in found.frames]
        boxes |= {name: _moved(box, left, top) for name, box in found.boxes.items()}
        labels |= {number: _moved(box, left, top) for number, box in found.labels.items()}
        for number, way in found.lines.items():
            moved = [(a + left, b + top) for a, b in way]
            # What crosses the frame is met twice: on its way out of one, and into the next.
            lines[number] = [*lines.get(number, ()), *moved]
    for (number, tail, _), points in zip(edges, laid.lines, strict=True):
        out = inner.get(item[tail])
        parts = lines.pop(number, [])
        cut = len(out.lines[number]) if out else 0
        begin, *through, goal = points
        way, end = parts[:cut] or [begin], parts[cut:] or [goal]
        way.append((way[-1][0], laid.rows[begin[1]][1]))
        for x, y in through:
            above, below = laid.rows[y]
            way += [(x, above), (x, y), (x, below)]
        lines[number] = [*way, (end[0][0], laid.rows[goal[1]][0]), *end]
    return Framed(boxes, lines, labels, frames, laid.width, laid.height)


def _is_gate(name: str) -> bool:
    return name.startswith(GATE)


def _moved(box: Box, right: float, down: float) -> Box:
    return box._replace(x=box.x + right, y=box.y + down)
