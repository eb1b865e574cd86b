"""A backward rule at given shapes: typed, transposed, printed and computed, without recursion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gradcli.expr import Expr
from gradcli.ops.core import TABLE, Array, Op, Pair, Signature, asarray
from gradcli.sizes import ATOM, Number, Shape, Sizes, is_scalar
from gradcli.spelling import Written, write


class Node(NamedTuple):
    """One operation of an expression; `args` are the positions of its operands in the list.

    A leaf has its key, a number its value, instead of an operation.
    """

    op: Op | None
    args: tuple[int, ...]
    attrs: tuple[tuple[str, Any], ...]
    shape: Shape
    static: dict[str, Any]
    key: Any
    expr: Expr
    signature: Signature | None


def postorder(root: Expr) -> list[Expr]:
    """Every expression below a root once, operands before operations."""
    order: list[Expr] = []
    seen: set[int] = set()
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        expr, ready = stack.pop()
        if id(expr) in seen:
            continue
        if ready or not expr.args:
            seen.add(id(expr))
            order.append(expr)
        else:
            stack.append((expr, True))
            stack.extend((arg, False) for arg in reversed(expr.args))
    return order


def typed(
    root: Expr, leaves: Mapping[Any, Shape], sizes: Sizes, ops: Mapping[str, Op] = TABLE
) -> list[Node]:
    """An expression as a list of nodes with their shapes; the last node is the result.

    A scalar's transpose is the scalar itself. Raises Mismatch where shapes do not fit.
    """
    nodes: list[Node] = []
    where: dict[int, int] = {}
    one = (sizes.constant(1),) * 2
    for expr in postorder(root):
        if expr.op == "leaf":
            key = expr.attrs[0]
            node = Node(None, (), (), leaves[key], {}, key, expr, None)
        elif expr.op == "number":
            node = Node(None, (), (), one, {}, expr.number, expr, None)
        else:
            op = ops[expr.op]
            args = tuple(where[id(arg)] for arg in expr.args)
            shapes = tuple(nodes[i].shape for i in args)
            if expr.is_transpose() and is_scalar(shapes[0]):
                where[id(expr)] = args[0]
                continue
            signature = Signature(sizes, shapes, dict(expr.attrs))
            node = Node(
                op,
                args,
                expr.attrs,
                op.shape(signature),
                op.static(signature),
                None,
                expr,
                signature,
            )
        where[id(expr)] = len(nodes)
        nodes.append(node)
    result = where[id(root)]
    return nodes if result == len(nodes) - 1 else nodes[: result + 1]


def flip(nodes: list[Node], cotangent: Any, flipped_leaf: Expr) -> Expr:
    """The transposed expression, with transposition moved inward to the cotangent.

    The leaf `cotangent` becomes `flipped_leaf`, which stands for its transpose. An operand without
    the cotangent keeps its `.T` outside, but for products: (A @ B).T = B.T @ A.T.
    """
    pairs: list[Pair] = []
    inside: list[bool] = []
    for node in nodes:
        scalar = is_scalar(node.shape)
        if node.op is None:
            has = node.key == cotangent and not isinstance(node.key, Number)
            if has:
                pair = Pair(flipped_leaf if scalar else flipped_leaf.T, flipped_leaf)
            else:
                pair = Pair(node.expr, node.expr if scalar else node.expr.T)
        else:
            operands = [pairs[i] for i in node.args]
            has = any(inside[i] for i in node.args)
            assert node.signature is not None
            moved = None
            if node.op.flip is not None and (has or node.op.spread):
                moved = node.op.flip(node.signature, operands)
            plain = Expr(node.op.name, tuple(p.plain for p in operands), node.attrs)
            if not has:
                pair = Pair(plain, plain if scalar else (moved if moved is not None else plain.T))
            elif moved is None:
                pair = Pair(plain, plain if scalar else plain.T)
            else:
                pair = Pair(moved if scalar else moved.T, moved)
        pairs.append(pair)
        inside.append(has)
    return pairs[-1].flipped


def print_nodes(
    nodes: list[Node],
    leaf: Callable[[Any], str],
    write_op: Callable[[Op, tuple[tuple[str, Any], ...], list[Written]], Written] = write,
    number: Callable[[Number], Written] = lambda n: (n.text, n.precedence),
) -> Written:
    """The expression as text; `leaf` names the leaves, which bind as names do."""
    texts: list[Written] = []
    for node in nodes:
        if node.op is not None:
            texts.append(write_op(node.op, node.attrs, [texts[i] for i in node.args]))
        elif isinstance(node.key, Number):
            texts.append(number(node.key))
        else:
            texts.append((leaf(node.key), ATOM))
    return texts[-1]


def compute(nodes: list[Node], leaves: Mapping[Any, Array]) -> Array:
    """The expression's value."""
    values: list[Array] = []
    for node in nodes:
        if node.op is not None:
            arguments = [values[i] for i in node.args]
            values.append(node.op.forward(*arguments, **node.static))
        elif isinstance(node.key, Number):
            values.append(asarray(node.key.value))
        else:
            values.append(leaves[node.key])
    return values[-1]
