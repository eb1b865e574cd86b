"""The Jacobian of a step as a map on entries, from its rule alone.

A rule is linear in its cotangent: it is the product with the transposed Jacobian. So the rule's own
map, transposed, is the Jacobian.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.expr import Expr, as_expr, leaf
from gradcli.interpret import interpret
from gradcli.interpret import leaves as started_from
from gradcli.ops import maps
from gradcli.ops.core import Call
from gradcli.ops.maps import Map
from gradcli.program import Step
from gradcli.sizes import Shape, Sizes
from gradcli.template import Node, postorder, print_nodes, typed
from gradcli.transform.vjp import COTANGENT, RESULT, gains, leaves, replaced, rules

MOST_NODES = 100  # of a rule, beyond which its map is no formula to read


class Arriving(NamedTuple):
    """The leaf that stands for the cotangent of an operation within a rule."""

    operation: str


def local(step: Step, k: int) -> Map | None:
    """How a step's entries move with those of its k-th operand, in terms of the model's names.

    None where no gradient flows, or where it has no plain form.
    """
    call = step.call
    plain = [None if isinstance(arg, str) else arg for arg in step.args]
    rule = rules(call, plain)[k]
    if rule is None or len(postorder(rule)) > MOST_NODES:
        return None
    if call.op.jacobian is not None and _linear(call, k):
        operands = [leaf(arg) if isinstance(arg, str) else as_expr(arg) for arg in step.args]
        return call.op.jacobian(call.signature, k, operands)
    shapes = leaves(call)
    known: dict[Any, Expr] = {RESULT: leaf(step.name)}
    named: dict[Any, Shape] = {COTANGENT: shapes[COTANGENT], step.name: call.shape}
    for i, arg in enumerate(step.args):
        known[i] = leaf(arg) if isinstance(arg, str) else as_expr(arg)
        if isinstance(arg, str):
            named[arg] = shapes[i]
    own = {
        id(expr): known[expr.attrs[0]]
        for expr in postorder(rule)
        if expr.op == "leaf" and expr.attrs[0] in known
    }
    found = mapped(replaced(rule, own), COTANGENT, named, call)
    return None if found is None else maps.transposed(found)


def mapped(
    expr: Expr, variable: Any, shapes: Mapping[Any, Shape], call: Call, nested: bool = False
) -> Map | None:
    """The map of an expression that is linear in one leaf; None where it has no plain form.

    nested: whether each operation in it must say of itself what map it is.
    """
    sizes = call.signature.sizes
    nodes = typed(expr, shapes, sizes)
    found: list[Map | None] = []
    for node in nodes:
        if node.call is None:
            own = isinstance(node.key, str | Arriving) and node.key == variable
            found.append(maps.identity(node.shape, sizes) if own else None)
            continue
        terms = []
        for k, i in enumerate(node.args):
            before = found[i]
            if before is None:
                continue
            own_map = _of_operand(nodes, node, k, shapes, nested)
            if own_map is None:
                return None
            terms.append(maps.product(own_map, before, sizes, spread=True))
        found.append(maps.plus(terms, sizes) if terms else None)
    return found[-1]


def _of_operand(
    nodes: Sequence[Node], node: Node, k: int, shapes: Mapping[Any, Shape], nested: bool
) -> Map | None:
    """An operation within an expression as a map of its k-th operand, in which it is linear."""
    call = node.call
    assert call is not None
    op, s = call.op, call.signature
    operands = [nodes[i].expr for i in node.args]
    if not _linear(call, k):
        return None
    if op.jacobian is not None:
        return op.jacobian(s, k, operands)
    if nested:
        return None
    arriving = Arriving(op.name)
    rule = op.vjp(s, leaf(arriving), node.expr, *operands)[k]
    if rule is None:
        return None
    found = mapped(rule, arriving, {**shapes, arriving: call.shape}, call, nested=True)
    return None if found is None else maps.transposed(found)


def _linear(call: Call, k: int) -> bool:
    return any(k in group for group in call.op.linear_groups(len(call.signature.shapes)))


# ── along a program ──

LONGEST = 160  # characters of a formula, beyond which what it is made of keeps a name


def along(steps: Sequence[Step], wrt: str, shapes: Mapping[str, Shape]) -> dict[str, Map]:
    """The Jacobian of each step by a quantity as a map, the chain rule applied step by step.

    steps: those that the quantity moves. What has no plain form, or a long one, is known by its
    name: dz3/dz2, dz3/dx.
    """

    def moved(step: Step, befores: list[Map | None]) -> Map | None:
        sizes = step.call.signature.sizes
        terms = []
        for k, (arg, before) in enumerate(zip(step.args, befores, strict=True)):
            if before is None or gains(step).operands[k] is None:
                continue
            own = local(step, k) or named(step.name, str(arg), shapes, sizes)
            terms.append(own if arg == wrt else maps.product(own, before, sizes))
        if not terms:
            return None
        total = maps.plus(terms, sizes)
        if len(text(total, shapes, sizes)) > LONGEST and step is not steps[-1]:
            total = named(step.name, wrt, shapes, sizes)
        return total

    if not steps:
        return {}
    found: dict[str, Map | None] = dict.fromkeys(started_from(steps), None)
    found[wrt] = maps.identity(shapes[wrt], steps[0].call.signature.sizes)
    interpret(steps, found, moved, lambda number: None)
    return {step.name: known for step in steps if (known := found[step.name]) is not None}


def named(of: str, wrt: str, shapes: Mapping[str, Shape], sizes: Sizes) -> Map:
    """A Jacobian that is known by its name alone."""
    both = (sizes.product(shapes[of]), sizes.product(shapes[wrt]))
    return maps.Dense(leaf(Jacobian(of, wrt, both)), both)


class Jacobian(NamedTuple):
    """The leaf that stands for a whole Jacobian."""

    of: str
    wrt: str
    shape: Shape

    def __str__(self) -> str:
        return f"d{self.of}/d{self.wrt}"


def expression(found: Map, shapes: Mapping[str, Shape], sizes: Sizes) -> list[Node]:
    """A map as an expression of the language, typed."""
    root = maps.as_matrix(found)
    known: dict[Any, Shape] = {}
    for expr in postorder(root):
        if expr.op == "leaf":
            key = expr.attrs[0]
            known[key] = key.shape if isinstance(key, Jacobian) else shapes[key]
    return typed(root, known, sizes)


def text(found: Map, shapes: Mapping[str, Shape], sizes: Sizes) -> str:
    """A map as it is written in the language."""
    return print_nodes(expression(found, shapes, sizes), str)[0]
