"""A tree as a formula, in each layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gradcli.compact.trees import Tree, expression
from gradcli.errors import Defect
from gradcli.expr import Expr
from gradcli.sizes import Sizes, alike
from gradcli.template import Node, flip, print_nodes, typed
from gradcli.transform.vjp import Code, Derived, Known, code


class Formula(NamedTuple):
    """A formula: its nodes and its text for each layout, and the calls that compute it."""

    expr: Expr
    nodes: dict[str, list[Node]]
    texts: dict[str, str]
    code: Code


def formula(
    tree: Tree, known: Mapping[int, Derived], names: Mapping[str, str], sizes: Sizes
) -> Formula:
    """The formula of a tree.

    known: the trees, by their numbers, that have a line. names: for what a program calls a
    derivative the variable that it is of.
    """
    expr, leaves = expression(tree, known)
    nodes = typed(expr, leaves, sizes)
    turned = {key for key in leaves if isinstance(key, Derived)}
    other = {key: s[::-1] if key in turned else s for key, s in leaves.items()}
    flipped = typed(flip(nodes, turned, fewest=True), other, sizes)
    if not alike(flipped[-1].shape, nodes[-1].shape[::-1]):
        raise Defect("a compact line has another shape when transposed")
    both = {
        "denominator": [_named(node, names) for node in nodes],
        "numerator": [_named(node, names) for node in flipped],
    }
    texts = {layout: print_nodes(some, spelled_leaf)[0] for layout, some in both.items()}
    return Formula(expr, both, texts, code(nodes, list(leaves)))


def _named(node: Node, names: Mapping[str, str]) -> Node:
    """A leaf under the name of the variable whose derivative it is."""
    key = node.key
    if isinstance(key, Derived) and not key.own:
        return node._replace(key=Derived(names[key.name]))
    return node


def spelled_leaf(key: Any) -> str:
    """What a leaf of a formula is written as."""
    return key.name if isinstance(key, Known) or key.own else f"dL/d{key.name}"
