"""The graph as text, DOT, Mermaid, SVG, a page and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from gradcli.foreign import dumps, visible
from gradcli.ops.core import Array
from gradcli.render.arrays import entry_text, json_number, norm, norm_text
from gradcli.version import __version__
from gradcli.views.graph import CONST, LOOP, OPERATION, PARAM, VARIABLE, Graph, Node
from gradcli.views.layers import lay_out

SCHEMA_VERSION = 1
DIGITS = 4


def label(gradient: Array | None, digits: int | None = None) -> str:
    """What flows back along an edge: a number, or a norm."""
    if gradient is None:
        return ""
    digits = digits or DIGITS
    if gradient.size == 1:
        return entry_text(float(gradient.reshape(-1)[0]), digits)
    return norm_text(gradient, digits)


# ── text: one node a line, a lane for each value that is still needed ──

SIGNS = {VARIABLE: "□", PARAM: "▣", CONST: "◇", OPERATION: "○", LOOP: "◎"}
TAPPED = "•"  # where a line takes a value that goes on


def text(found: Graph, digits: int | None = None) -> Iterator[str]:
    """The graph as lanes: a value runs down its lane to the last line that uses it.

    A line joins the lanes that its node is computed from: `•` where the lane goes on, a corner or
    `┴` where it ends; `┼` only crosses.
    """
    rows = list(_lanes(found, digits))
    width = max((len(line) for line, _ in rows), default=0)
    for line, words in rows:
        yield f"{line.ljust(width)} {words}".rstrip() + "\n"


def _lanes(found: Graph, digits: int | None) -> Iterator[tuple[str, str]]:
    """Each line's lanes, and what stands beside them."""
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
                yield _through(lanes), ", ".join(around) + ":"
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
        yield line, f"{first}   ← {', '.join(back)}" if back else first
        yield from ((_through(lanes), f"  {more}") for more in rest)


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


# ── DOT and Mermaid ──


def dot(found: Graph, digits: int | None = None) -> Iterator[str]:
    """Graphviz's language."""
    shapes = {
        VARIABLE: "shape=box",
        PARAM: 'shape=box, style="bold"',
        CONST: 'shape=box, style="dashed"',
        OPERATION: "shape=ellipse",
        LOOP: "shape=box3d",
    }
    yield f"digraph {_quoted(found.name)} {{\n"
    ids = _ids(found)

    def node(n: Node, indent: str) -> str:
        return f"{indent}{ids[n.name]} [label={_quoted(n.text)}, {shapes[n.kind]}];\n"

    yield from _clustered(
        found,
        node,
        lambda k, title, indent: (
            f"{indent}subgraph cluster_{k} {{\n{indent}  label={_quoted(title)};\n"
        ),
        lambda indent: f"{indent}}}\n",
    )
    for edge in found.edges:
        back = label(edge.gradient, digits)
        more = f" [label={_quoted(back)}]" if back else ""
        yield f"  {ids[edge.tail]} -> {ids[edge.head]}{more};\n"
    yield "}\n"


def mermaid(found: Graph, digits: int | None = None) -> Iterator[str]:
    """Mermaid's flowchart, which code hosts draw."""
    around = {VARIABLE: "[]", PARAM: "[[]]", CONST: "[//]", OPERATION: "([])", LOOP: "{{}}"}
    yield "flowchart TD\n"
    ids = _ids(found)

    def node(n: Node, indent: str) -> str:
        marks = around[n.kind]
        half = len(marks) // 2
        return f"{indent}{ids[n.name]}{marks[:half]}{_entities(n.text)}{marks[half:]}\n"

    yield from _clustered(
        found,
        node,
        lambda k, title, indent: f"{indent}subgraph c{k} [{_entities(title)}]\n",
        lambda indent: f"{indent}end\n",
    )
    for edge in found.edges:
        back = label(edge.gradient, digits)
        more = f"|{_entities(back)}|" if back else ""
        yield f"  {ids[edge.tail]} -->{more} {ids[edge.head]}\n"


def _ids(found: Graph) -> dict[str, str]:
    return {node.name: f"n{k}" for k, node in enumerate(found.nodes)}


def _clustered(
    found: Graph,
    node: Callable[[Node, str], str],
    begin: Callable[[int, str, str], str],
    end: Callable[[str], str],
) -> Iterator[str]:
    """The nodes in their clusters, which stand inside each other."""
    around: tuple[str, ...] = ()
    number = 0
    for n in found.nodes:
        same = 0
        while same < min(len(around), len(n.cluster)) and around[same] == n.cluster[same]:
            same += 1
        for depth in range(len(around), same, -1):
            yield end("  " * depth)
        for depth in range(same, len(n.cluster)):
            number += 1
            yield begin(number, n.cluster[depth], "  " * (depth + 1))
        around = n.cluster
        yield node(n, "  " * (len(around) + 1))
    for depth in range(len(around), 0, -1):
        yield end("  " * depth)


def _quoted(text: str) -> str:
    inner = visible(text.replace("\n", "\0")).replace("\\0", "\0").replace("\\x00", "\0")
    inner = inner.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\\n")
    return f'"{inner}"'


def _entities(text: str) -> str:
    """A text in Mermaid's quotes: what is a sign of its own is an entity."""
    found = "".join(
        c if c.isalnum() or c in " =+-_.,:‖" else f"#{ord(c)};" for c in text.replace("\n", "\0")
    )
    return '"' + found.replace("#0;", "<br/>") + '"'


# ── SVG and a page ──

CHARACTER, LINE, PAD = 7.8, 18.0, 10.0
STYLE = """
svg.gradcli { --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --fill: #f3f5f8; --param: #9a6700;
  background: var(--paper); font: 13px ui-monospace, monospace; }
@media (prefers-color-scheme: dark) {
  svg.gradcli { --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --fill: #1c2430;
    --param: #e3b341; } }
svg.gradcli text { fill: var(--ink); text-anchor: middle; dominant-baseline: middle; }
svg.gradcli .shape { fill: var(--fill); stroke: var(--soft); }
svg.gradcli .param .shape { stroke: var(--param); stroke-width: 2.5; }
svg.gradcli .const .shape { stroke-dasharray: 4 3; }
svg.gradcli .edge { fill: none; stroke: var(--soft); }
svg.gradcli .back { fill: var(--soft); font-size: 11px; paint-order: stroke; stroke: var(--paper);
  stroke-width: 4px; }
svg.gradcli .head { fill: var(--soft); stroke: none; }
"""


def svg(found: Graph, digits: int | None = None) -> Iterator[str]:
    """A drawing that needs nothing else, for light and dark pages."""
    sizes = {node.name: _size(node.text) for node in found.nodes}
    laid = lay_out(sizes, [(edge.tail, edge.head) for edge in found.edges])
    width, height = laid.width + 2 * PAD, laid.height + 2 * PAD
    title = escape(visible(found.name))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gradcli" role="img" aria-label="{title}" '
        f'viewBox="{-PAD:g} {-PAD:g} {width:.6g} {height:.6g}" width="{width:.6g}" '
        f'height="{height:.6g}">\n<title>The graph of {title}</title>\n<style>{STYLE}</style>\n'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>\n'
    )
    ids = _ids(found)
    for edge, points in zip(found.edges, laid.lines, strict=True):
        tail, head = laid.boxes[edge.tail], laid.boxes[edge.head]
        first = (points[0][0], tail.y + tail.height / 2)
        last = (points[-1][0], head.y - head.height / 2)
        way = [first, *points[1:-1], last]
        path = "M" + "L".join(f"{x:.5g} {y:.5g}" for x, y in way)
        yield (
            f'<path class="edge" data-from="{ids[edge.tail]}" data-to="{ids[edge.head]}" '
            f'marker-end="url(#head)" d="{path}"/>\n'
        )
        if back := label(edge.gradient, digits):
            (x0, y0), (x1, y1) = way[-2], way[-1]
            middle = f'x="{(x0 + x1) / 2:.5g}" y="{(y0 + y1) / 2:.5g}"'
            yield f'<text class="back" {middle}>{escape(back)}</text>\n'
    for node in found.nodes:
        yield _node(node, ids[node.name], *laid.boxes[node.name])
    yield "</svg>\n"


def _size(text: str) -> tuple[float, float]:
    lines = text.split("\n")
    return max(map(len, lines)) * CHARACTER + 2 * PAD, len(lines) * LINE + PAD


def _node(node: Node, identifier: str, x: float, y: float, width: float, height: float) -> str:
    radius = height / 2 if node.kind == OPERATION else 3
    lines = node.text.split("\n")
    top = y - (len(lines) - 1) * LINE / 2
    texts = "".join(
        f'<text x="{x:.5g}" y="{top + k * LINE:.5g}">{escape(line)}</text>'
        for k, line in enumerate(lines)
    )
    return (
        f'<g id="{identifier}" class="{node.kind}"><rect class="shape" x="{x - width / 2:.5g}" '
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


# ── JSON ──


def document(found: Graph, digits: int | None = None) -> dict[str, Any]:
    """The JSON document."""
    return {
        "schema_version": SCHEMA_VERSION,
        "gradcli_version": __version__,
        "source": found.name,
        "nodes": [
            {"name": n.name, "kind": n.kind, "text": n.text, "cluster": list(n.cluster)}
            for n in found.nodes
        ],
        "edges": [
            {
                "from": e.tail,
                "to": e.head,
                **(
                    {}
                    if e.gradient is None
                    else {"gradient": json_number(norm(e.gradient), digits)}
                ),
            }
            for e in found.edges
        ],
        "outputs": list(found.outputs),
    }


def json(found: Graph, digits: int | None = None) -> Iterator[str]:
    """The JSON document as text."""
    yield dumps(document(found, digits)) + "\n"


FORMS: dict[str, Callable[[Graph, int | None], Iterator[str]]] = {
    "text": text,
    "dot": dot,
    "mermaid": mermaid,
    "svg": svg,
    "html": page,
    "json": json,
}
