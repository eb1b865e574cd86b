"""The graph as a drawing: SVG, and a page with it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gradcli.foreign import visible
from gradcli.render.flow import ids, label
from gradcli.views.frames import Layout
from gradcli.views.graph import OPERATION, Graph, Node
from gradcli.views.layers import Box

BARE, LABELLED = 36.0, 20.0  # between layers
CHARACTER, SMALL, LINE, PAD = 7.8, 6.6, 18.0, 10.0
STYLE = """
svg.gradcli { --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --fill: #f3f5f8;
  --tint: #dfe9f5; --param: #9a6700;
  background: var(--paper); font: 13px ui-monospace, monospace; }
@media (prefers-color-scheme: dark) {
  svg.gradcli { --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --fill: #1c2430; --tint: #28374b;
    --param: #e3b341; } }
svg.gradcli text { fill: var(--ink); text-anchor: middle; dominant-baseline: middle; }
svg.gradcli .shape { fill: var(--fill); stroke: var(--soft); }
svg.gradcli .frame { fill: var(--tint); fill-opacity: 0.45; stroke: var(--soft);
  stroke-opacity: 0.5; }
svg.gradcli .title { text-anchor: start; }
svg.gradcli .param .shape { stroke: var(--param); stroke-width: 2.5; }
svg.gradcli .const .shape { stroke-dasharray: 4 3; }
svg.gradcli .edge { fill: none; stroke: var(--soft); }
svg.gradcli .back, svg.gradcli .title { fill: var(--soft); font-size: 11px; paint-order: stroke;
  stroke: var(--paper); stroke-width: 4px; }
svg.gradcli .head { fill: var(--soft); stroke: none; }
"""


def svg(found: Graph, digits: int | None = None) -> Iterator[str]:
    """A drawing that needs nothing else, for light and dark pages."""
    sizes = {node.name: _size(node.text) for node in found.nodes}
    numbered = [(k, edge.tail, edge.head) for k, edge in enumerate(found.edges)]
    backs = [label(edge.gradient, digits) for edge in found.edges]
    labels = {k: (len(back) * SMALL, LINE) for k, back in enumerate(backs) if back}
    around = {node.name: node.cluster for node in found.nodes}
    laid = Layout(sizes, around, labels, LABELLED if labels else BARE).framed([*sizes], numbered)
    width, height = laid.width + 2 * PAD, laid.height + 2 * PAD
    title = escape(visible(found.name))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gradcli" role="img" aria-label="{title}" '
        f'viewBox="{-PAD:g} {-PAD:g} {width:.6g} {height:.6g}" width="{width:.6g}" '
        f'height="{height:.6g}">\n<title>The graph of {title}</title>\n<style>{STYLE}</style>\n'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>\n'
    )
    names = ids(found)
    yield from (_frame(*frame) for frame in laid.frames)
    for k, edge in enumerate(found.edges):
        points = laid.lines[k]
        tail, head = laid.boxes[edge.tail], laid.boxes[edge.head]
        first = (points[0][0], tail.y + tail.height / 2)
        last = (points[-1][0], head.y - head.height / 2)
        way = dict.fromkeys((first, *points[1:-1], last))
        path = "M" + "L".join(f"{x:.5g} {y:.5g}" for x, y in way)
        yield (
            f'<path class="edge" data-from="{names[edge.tail]}" data-to="{names[edge.head]}" '
            f'marker-end="url(#head)" d="{path}"/>\n'
        )
    yield from (_title(*frame) for frame in laid.frames)
    for k, box in laid.labels.items():
        yield f'<text class="back" x="{box.x:.5g}" y="{box.y:.5g}">{escape(backs[k])}</text>\n'
    for node in found.nodes:
        yield _node(node, names[node.name], laid.boxes[node.name])
    yield "</svg>\n"


def _size(text: str) -> tuple[float, float]:
    lines = text.split("\n")
    return max(map(len, lines)) * CHARACTER + 2 * PAD, len(lines) * LINE + PAD


def _frame(title: str, box: Box) -> str:
    """An iteration."""
    x, y, width, height = box
    return (
        f'<rect class="frame" data-title="{escape(title)}" x="{x - width / 2:.5g}" '
        f'y="{y - height / 2:.5g}" width="{width:.5g}" height="{height:.5g}" rx="6"/>\n'
    )


def _title(title: str, box: Box) -> str:
    left, top = box.x - box.width / 2, box.y - box.height / 2
    at = f'x="{left + PAD:.5g}" y="{top + LINE / 2 + 2:.5g}"'
    return f'<text class="title" {at}>{escape(title)}</text>\n'


def _node(node: Node, identifier: str, box: Box) -> str:
    x, y, width, height = box
    around = f' data-cluster="{escape(", ".join(node.cluster))}"' if node.cluster else ""
    radius = height / 2 if node.kind == OPERATION else 3
    lines = node.text.split("\n")
    top = y - (len(lines) - 1) * LINE / 2
    texts = "".join(
        f'<text x="{x:.5g}" y="{top + k * LINE:.5g}">{escape(line)}</text>'
        for k, line in enumerate(lines)
    )
    return (
        f'<g id="{identifier}" class="{node.kind}"{around}>'
        f'<rect class="shape" x="{x - width / 2:.5g}" '
        f'y="{y - height / 2:.5g}" width="{width:.5g}" height="{height:.5g}" rx="{radius:g}"/>'
        f"{texts}</g>\n"
    )


def page(found: Graph, digits: int | None = None) -> Iterator[str]:
    """The drawing on a page of its own."""
    title = escape(visible(found.name))
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>The graph of {title}</title>\n"
        "<style>:root { color-scheme: light dark; }\n"
        "body { margin: 1rem; overflow-x: auto; }</style>\n"
        "</head>\n<body>\n<main>\n"
    )
    yield from svg(found, digits)
    yield "</main>\n</body>\n</html>\n"
