"""The graph that the backward pass is walked on: a node for each equation, shapes on the edges."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from gradcli.loops import roll
from gradcli.program import Program
from gradcli.render.page.listing import Listing
from gradcli.sizes import is_scalar, spell
from gradcli.views import graph as views
from gradcli.views.graph import OPERATION
from gradcli.views.layers import lay_out

MOST = 250  # nodes of a drawing
MOST_EDGES = 800
LETTER, LINE, PAD = 7.3, 17.0, 9.0
WIDEST = 34  # characters of a line in a node


class Drawn(NamedTuple):
    """A node: its lines of text, its kind, and the lines of the listing that it stands for."""

    lines: tuple[str, ...]
    kind: str
    members: tuple[str, ...]


def drawings(listing: Listing) -> Iterator[tuple[str, str]]:
    """The drawings that are not too large, each with its title: with loops folded, and whole."""
    program = listing.program
    if any(not loop.over for loop in program.loops):
        yield from _drawing(listing, "Loops folded", *_rolled(listing))
    yield from _drawing(listing, "Every equation", *_whole(listing))


def _whole(listing: Listing) -> tuple[dict[str, Drawn], dict[str, str]]:
    program = listing.program
    used = {arg for step in program.steps for arg in step.operands()}
    nodes = {
        item.name: Drawn((item.name,), item.role, (listing.ids[item.name],))
        for item in program.inputs
        if item.name in used
    }
    for step in program.steps:
        nodes[step.name] = Drawn((step.name, step.expression), OPERATION, (listing.ids[step.name],))
    return nodes, {name: name for name in nodes}


def _rolled(listing: Listing) -> tuple[dict[str, Drawn], dict[str, str]]:
    program = listing.program
    made = views.boxes(program, roll(program))
    members: dict[str, list[str]] = {}
    shown = {program.steps[i].name for i in listing.equations if i is not None}
    shown |= {item.name for item in listing.inputs if item is not None}
    for name, node in made.items():
        members.setdefault(node, []).extend([listing.ids[name]] if name in shown else [])
    found = views.graph(listing.session, set(), rolled=True)
    nodes = {
        node.name: Drawn(tuple(node.text.split("\n")), node.kind, tuple(members[node.name]))
        for node in found.nodes
    }
    return nodes, made


def _edges(program: Program, made: dict[str, str]) -> dict[tuple[str, str], str]:
    """The edges between the nodes, each with the shapes of what goes along it."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for step in program.steps:
        for arg in step.operands():
            if made[arg] != made[step.name]:
                shape = program.shapes[arg]
                text = "1" if is_scalar(shape) else spell(shape)
                found.setdefault((made[arg], made[step.name]), {})[text] = None
    return {edge: ", ".join([*shapes][:2]) for edge, shapes in found.items()}


def _drawing(
    listing: Listing, title: str, nodes: dict[str, Drawn], made: dict[str, str]
) -> Iterator[tuple[str, str]]:
    if len(nodes) > MOST:
        return
    edges = _edges(listing.program, made)
    if len(edges) <= MOST_EDGES:
        yield title, "".join(_svg(title, nodes, edges))


def _svg(title: str, nodes: dict[str, Drawn], edges: dict[tuple[str, str], str]) -> Iterator[str]:
    texts = {name: [_cut(line) for line in node.lines] for name, node in nodes.items()}
    sizes = {name: _size(lines) for name, lines in texts.items()}
    room = {k: (len(shape) * LETTER + 4, LINE) for k, shape in enumerate(edges.values())}
    laid = lay_out(sizes, list(edges), room, apart=18.0, between=14.0)
    width, height = laid.width + 2 * PAD, laid.height + 2 * PAD
    yield (
        f'<svg role="img" aria-label="{title}: the graph of the model" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="{-PAD:g} {-PAD:g} {width:.0f} {height:.0f}">\n'
    )
    numbers = {name: k for k, name in enumerate(nodes)}
    labels = []
    for k, (((tail, head), shape), points) in enumerate(
        zip(edges.items(), laid.lines, strict=True)
    ):
        one, other = laid.boxes[tail], laid.boxes[head]
        way = [
            (points[0][0], one.y + one.height / 2),
            *points[1:-1],
            (points[-1][0], other.y - other.height / 2),
        ]
        ends = f'data-ends="{numbers[tail]} {numbers[head]}"'
        yield f'<path {ends} d="{_curve(way)}"/>\n'
        at = f'x="{laid.labels[k].x:.0f}" y="{laid.labels[k].y:.0f}"'
        labels.append(f"<text {ends} {at}>{escape(shape)}</text>\n")
    yield from labels
    for name, node in nodes.items():
        yield _node(node, texts[name], *laid.boxes[name])
    yield "</svg>\n"


def _curve(way: list[tuple[float, float]]) -> str:
    """An edge that leaves and arrives upright."""
    (x, y), *rest = way
    found = f"M{x:.0f} {y:.0f}"
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        found += f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
        x, y = to_x, to_y
    return found


def _cut(line: str) -> str:
    return line if len(line) <= WIDEST else line[: WIDEST - 1] + "…"


def _size(lines: list[str]) -> tuple[float, float]:
    widest = max(9, *map(len, lines))
    return widest * LETTER + 2 * PAD, (len(lines) + 1) * LINE + PAD


def _node(node: Drawn, lines: list[str], x: float, y: float, width: float, height: float) -> str:
    """A node, with a line left free for what its derivative is worth."""
    left, top = x - width / 2, y - height / 2
    texts = "".join(
        f'<text x="{x:.0f}" y="{top + PAD / 2 + LINE * (k + 0.5):.0f}">{escape(line)}</text>'
        for k, line in enumerate([*lines, ""])
    )
    return (
        f'<g class="{node.kind}" data-n="{" ".join(node.members)}">'
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6"/>'
        f"{texts}</g>\n"
    )
