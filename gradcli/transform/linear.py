"""The transpose of a linear expression: from x ↦ A x to y ↦ Aᵀ y, by the table's own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradcli.expr import Expr
from gradcli.sizes import Number, Shape, Sizes
from gradcli.template import Node, typed
from gradcli.transform.vjp import unbroadcast


def transposed(
    nodes: Sequence[Node], variable: Any, cotangent: Expr, shapes: Mapping[Any, Shape], sizes: Sizes
) -> Expr | None:
    """The adjoint of an expression that is linear in one leaf, applied to a cotangent.

    variable: the leaf's key. shapes: those of the leaves, of the cotangent's too. The result has
    the leaf's shape; None where the expression does not hold the leaf.
    """
    holds: list[bool] = []
    for node in nodes:
        own = not isinstance(node.key, Number) and node.key == variable
        holds.append(own if node.call is None else any(holds[i] for i in node.args))
    arrived: dict[int, Expr] = {len(nodes) - 1: cotangent}
    found: Expr | None = None
    for i in reversed(range(len(nodes))):
        node = nodes[i]
        if not holds[i] or i not in arrived:
            continue
        if node.call is None:
            found = arrived[i] if found is None else found + arrived[i]
            continue
        operands = [nodes[j].expr for j in node.args]
        rules = node.call.op.vjp(node.call.signature, arrived[i], node.expr, *operands)
        for j, rule in zip(node.args, rules, strict=True):
            if rule is None or not holds[j]:
                continue
            shape = typed(rule, shapes, sizes)[-1].shape
            gain = unbroadcast(rule, shape, nodes[j].shape, sizes)
            arrived[j] = arrived[j] + gain if j in arrived else gain
    return found
