"""What the forms of a graph share: what flows back along an edge, and names for the nodes."""

from __future__ import annotations

from gradcli.ops.core import Array
from gradcli.render.arrays import entry_text, norm_text
from gradcli.views.graph import Graph

DIGITS = 4


def label(gradient: Array | None, digits: int | None = None) -> str:
    """What flows back along an edge: a number, or a norm."""
    if gradient is None:
        return ""
    digits = digits or DIGITS
    if gradient.size == 1:
        return entry_text(float(gradient.reshape(-1)[0]), digits)
    return norm_text(gradient, digits)


def ids(found: Graph) -> dict[str, str]:
    return {node.name: f"n{k}" for k, node in enumerate(found.nodes)}
