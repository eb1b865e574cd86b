"""A backward rule at given shapes: typed, transposed and printed, without recursion."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

from gradcli.expr import NAMED, Expr, leaf
from gradcli.ops.core import TABLE, Call, Op, Pair, Signature
from gradcli.record import Record
from gradcli.sizes import ATOM, Number, Shape, Sizes, is_scalar
from gradcli.spelling import Written, write


class Node(Record):
    """One operation of an expression; `args` are the positions of its operands in the list.

    A leaf has its key, a number its value, instead of a call.
    """

    call: Call | None
    args: tuple[int, ...]
    shape: Shape
    key: Any
    expr: Expr


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
            node = Node(None, (), leaves[key], key, expr)
        elif expr.op == "number":
            node = Node(None, (), one, expr.number, expr)
        elif expr.op == NAMED:
            where[id(expr)] = where[id(expr.args[0])]
            continue
        else:
            op = ops[expr.op]
            args = tuple(where[id(arg)] for arg in expr.args)
            shapes = tuple(nodes[i].shape for i in args)
            if expr.is_transpose() and is_scalar(shapes[0]):
                where[id(expr)] = args[0]
                continue
            signature = Signature(sizes, shapes, dict(expr.attrs))
            kind = Call(op, signature, expr.attrs, op.shape(signature))
            node = Node(kind, args, kind.shape, None, expr)
        where[id(expr)] = len(nodes)
        nodes.append(node)
    result = where[id(root)]
    return nodes if result == len(nodes) - 1 else nodes[: result + 1]


def flip(nodes: list[Node], turned: Container[Any], *, fewest: bool = False) -> Expr:
    """The transposed expression, with transposition moved inward to the cotangent.

    turned: the keys of the leaves, the cotangent among them, that stand for their own transposes in
    the result. An operand without these keeps its `.T` outside, but for products:
    (A @ B).T = B.T @ A.T. fewest: also where that leaves fewer transpositions: (A.T / 2).T = A / 2.
    """
    pairs: list[Pair] = []
    inside: list[bool] = []
    for node in nodes:
        scalar = is_scalar(node.shape)
        if node.call is None:
            has = not isinstance(node.key, Number) and node.key in turned
            if has:
                own = leaf(node.key)
                pair = Pair(own if scalar else own.T, own)
            else:
                pair = Pair(node.expr, node.expr if scalar else node.expr.T)
        else:
            operands = [pairs[i] for i in node.args]
            has = any(inside[i] for i in node.args)
            op, signature, attrs = node.call.op, node.call.signature, node.call.attrs
            moved = None
            if op.flip is not None and (has or op.spread):
                moved = op.flip(signature, operands)
            plain = Expr(op.name, tuple(p.plain for p in operands), attrs)
            if not has:
                if fewest and moved is None and op.flip is not None and not scalar:
                    inward = op.flip(signature, operands)
                    if inward is not None and _turns(inward) < _turns(plain.T):
                        moved = inward
                other = moved if moved is not None else plain.T
                pair = Pair(plain, plain if scalar else other, signature.shapes)
            elif moved is None:
                pair = Pair(plain, plain if scalar else plain.T)
            else:
                pair = Pair(moved if scalar else moved.T, moved, signature.shapes)
        pairs.append(pair)
        inside.append(has)
    return pairs[-1].flipped


def _turns(expr: Expr) -> int:
    """How many transpositions an expression has."""
    return sum(TABLE[each.op].turns for each in postorder(expr) if each.op in TABLE)


def print_nodes(
    nodes: list[Node],
    leaf: Callable[[Any], str],
    write_op: Callable[[Op, tuple[tuple[str, Any], ...], list[Written]], Written] = write,
    number: Callable[[Number], Written] = lambda n: (n.text, n.precedence),
) -> Written:
    """The expression as text; `leaf` names the leaves, which bind as names do."""
    texts: list[Written] = []
    for node in nodes:
        if node.call is not None:
            operands = [texts[i] for i in node.args]
            texts.append(write_op(node.call.op, node.call.attrs, operands))
        elif isinstance(node.key, Number):
            texts.append(number(node.key))
        else:
            texts.append((leaf(node.key), ATOM))
    return texts[-1]
