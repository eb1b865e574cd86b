"""The transpose of a linear expression: from x ↦ A x to y ↦ Aᵀ y, by the table's own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradcli.expr import Expr, call
from gradcli.sizes import Number, Shape, Sizes
from gradcli.template import Node, typed
from gradcli.transform.vjp import unbroadcast


def transposed(
    nodes: Sequence[Node], variable: Any, cotangent: Expr, shapes: Mapping[Any, Shape], sizes: Sizes
) -> Expr | None:
    """The adjoint of an expression that is linear in one leaf, applied to a cotangent.

    variable: the leaf's key. shapes: those of the leaves, of the cotangent's too. The result has
    the leaf's shape; None where the expression does not hold the leaf.

    What is linear has the same derivative everywhere. So where an operation on the way is not
    linear by itself, the rule that it has is taken with 0 in the leaf's place.
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
    return found and _at_zero(found, variable, shapes, {})


def _at_zero(
    expr: Expr, variable: Any, shapes: Mapping[Any, Shape], known: dict[int, Expr]
) -> Expr:
    """An expression with 0 in a leaf's place. known: what has been made of its parts."""
    if expr.op == "leaf":
        own = not isinstance(expr.attrs[0], Number) and expr.attrs[0] == variable
        return call("zeros", sizes=shapes[variable]) if own else expr
    if id(expr) not in known:
        args = tuple([_at_zero(arg, variable, shapes, known) for arg in expr.args])
        same = all(one is other for one, other in zip(args, expr.args, strict=True))
        known[id(expr)] = expr if same else Expr(expr.op, args, expr.attrs)
    return known[id(expr)]
