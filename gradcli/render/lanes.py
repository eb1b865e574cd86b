"""The graph as text: one node a line, a lane for each value that is still needed."""

from __future__ import annotations

from collections.abc import Iterator

from gradcli.render.flow import label
from gradcli.render.folding import fold
from gradcli.render.layout import INDENT, LEAST
from gradcli.views.graph import CONST, LOOP, OPERATION, PARAM, VARIABLE, Graph, Node

SIGNS = {VARIABLE: "□", PARAM: "▣", CONST: "◇", OPERATION: "○", LOOP: "◎"}
TAPPED = "•"  # where a line takes a value that goes on


def text(found: Graph, digits: int | None = None, room: int | None = None) -> Iterator[str]:
    """The graph as lanes: a value runs down its lane to the last line that uses it.

    A line joins the lanes that its node is computed from: `•` where the lane goes on, a corner or
    `┴` where it ends; `┼` only crosses. What stands beside is folded where the room is stated.
    """
    rows = list(_lanes(found, digits))
    width = max((len(line) for line, _, _ in rows), default=0)
    beside = None if room is None else max(LEAST, room - width - 1)
    for line, below, words in rows:
        for k, part in enumerate(fold(words, beside, INDENT)):
            yield f"{(below if k else line).ljust(width)} {part}".rstrip() + "\n"


def _lanes(found: Graph, digits: int | None) -> Iterator[tuple[str, str, str]]:
    """Each line's lanes, those that go on below it, and what stands beside them."""
    sources: dict[str, list[str]] = {}
    left: dict[str, int] = {}
    for edge in found.edges:
        sources.setdefault(edge.head, []).append(edge.tail)
        left[edge.tail] = left.get(edge.tail, 0) + 1
    backs = {(e.tail, e.head): label(e.gradient, digits) for e in found.edges}
    lanes: list[str | None] = []
    around: tuple[str, ...] = ()
    for node in _lazily(found, sources):
        if node.cluster != around and sources.get(node.name):
            around = node.cluster
            if around:
                yield _through(lanes), _through(lanes), ", ".join(around) + ":"
        taken = sources.get(node.name, [])
        at = [lanes.index(name) for name in taken]
        own = lanes.index(None) if None in lanes else len(lanes)
        if own == len(lanes):
            lanes.append(None)
        for name in taken:
            left[name] -= 1
        ends = {i for name, i in zip(taken, at, strict=True) if not left[name]}
        line = _line(lanes, at, ends, own, SIGNS[node.kind])
        for i in ends:
            lanes[i] = None
        lanes[own] = node.name if left.get(node.name) else None
        while lanes and lanes[-1] is None:
            lanes.pop()
        first, *rest = node.text.split("\n")
        back = [f"{name} {backs[name, node.name]}" for name in taken if backs[name, node.name]]
        below = _through(lanes)
        yield line, below, f"{first}   ← {', '.join(back)}" if back else first
        yield from ((below, below, f"  {more}") for more in rest)


def _through(lanes: list[str | None]) -> str:
    """The lanes where nothing is joined."""
    return "".join("│ " if name is not None else "  " for name in lanes).rstrip()


def _lazily(found: Graph, sources: dict[str, list[str]]) -> Iterator[Node]:
    """The nodes in order, but what is declared just before it is first used."""
    nodes = {node.name: node for node in found.nodes}
    seen: set[str] = set()
    for node in found.nodes:
        if node.name not in sources and any(e.tail == node.name for e in found.edges):
            continue
        for name in (*sources.get(node.name, ()), node.name):
            if name not in seen:
                seen.add(name)
                yield nodes[name]


def _line(lanes: list[str | None], at: list[int], ends: set[int], own: int, sign: str) -> str:
    first, last = min([*at, own]), max([*at, own])
    cells = []
    for i in range(max(len(lanes), own + 1)):
        inside = first <= i <= last
        after = "─" if first <= i < last else " "
        if i == own:
            cell = sign
        elif i in at and i not in ends:
            cell = TAPPED
        elif i in ends:
            cell = "└" if i == first else "┘" if i == last else "┴"
        elif i < len(lanes) and lanes[i] is not None:
            cell = "┼" if inside else "│"
        else:
            cell = "─" if inside else " "
        cells.append(cell + after)
    return "".join(cells).rstrip()
