"""The graph as DOT, Mermaid and JSON; and all of its forms by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gradcli.foreign import dumps, visible
from gradcli.render.arrays import json_number, norm
from gradcli.render.drawing import page, svg
from gradcli.render.flow import ids, label
from gradcli.render.lanes import text
from gradcli.version import __version__
from gradcli.views.graph import CONST, LOOP, OPERATION, PARAM, VARIABLE, Graph, Node

SCHEMA_VERSION = 1


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
    names = ids(found)

    def node(n: Node, indent: str) -> str:
        return f"{indent}{names[n.name]} [label={_quoted(n.text)}, {shapes[n.kind]}];\n"

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
        yield f"  {names[edge.tail]} -> {names[edge.head]}{more};\n"
    yield "}\n"


def mermaid(found: Graph, digits: int | None = None) -> Iterator[str]:
    """Mermaid's flowchart, which code hosts draw."""
    around = {VARIABLE: "[]", PARAM: "[[]]", CONST: "[//]", OPERATION: "([])", LOOP: "{{}}"}
    yield "flowchart TD\n"
    names = ids(found)

    def node(n: Node, indent: str) -> str:
        marks = around[n.kind]
        half = len(marks) // 2
        return f"{indent}{names[n.name]}{marks[:half]}{_entities(n.text)}{marks[half:]}\n"

    yield from _clustered(
        found,
        node,
        lambda k, title, indent: f"{indent}subgraph c{k} [{_entities(title)}]\n",
        lambda indent: f"{indent}end\n",
    )
    for edge in found.edges:
        back = label(edge.gradient, digits)
        more = f"|{_entities(back)}|" if back else ""
        yield f"  {names[edge.tail]} -->{more} {names[edge.head]}\n"


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
