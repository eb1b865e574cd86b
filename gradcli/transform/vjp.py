"""What one operand's derivative gains from an operation: its vector–Jacobian product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from gradcli.errors import Defect
from gradcli.expr import Expr, as_expr, call, leaf
from gradcli.ops.core import Call
from gradcli.ops.regions import Part, Region, indexed_shape, whole
from gradcli.program import Step
from gradcli.sizes import Number, Shape, Sizes, alike, is_one, is_scalar, same, spell
from gradcli.template import Node, flip, print_nodes, typed

COTANGENT, RESULT = "g", "out"


class Code(NamedTuple):
    """An expression's calls in order, and the place of its value.

    A place is the number of a call, or ~i for the i-th of the leaves; or it is a plain number.
    """

    calls: tuple[tuple[Call, tuple[int | Number, ...]], ...]
    result: int | Number


class Contribution(NamedTuple):
    """What one operand's derivative gains from an operation, at given shapes.

    `nodes` compute it in the variable's own shape; `code` is the same as calls on places. `texts`
    has for each layout the formula, in which {0} stands for the operation's result and {1}, {2} …
    for its operands. `region` is the part of the variable that gains it, None for all of it;
    `piece` the part of the whole contribution that this one is, where it is split.
    """

    nodes: list[Node]
    code: Code
    texts: dict[str, str]
    shape: Shape
    region: Region | None
    piece: Region | None

    def formula(self, step: Step, layout: str) -> str:
        return self.texts[layout].format(step.name, *step.args)


Contributions: TypeAlias = tuple[Contribution | None, ...]


def contributions(step: Step) -> Contributions:
    """What each operand gains from a step; None where no gradient flows."""
    made = step.call.rules
    plain = tuple([None if a.__class__ is str else a for a in step.args])
    found: Contributions | None = made.get(plain)
    if found is None:
        found = made[plain] = _contributions(step.call, plain)
    return found


def contribute(step: Step, k: int, piece: Region | None = None) -> Contribution | None:
    """What the k-th operand gains from a step; None where no gradient flows.

    piece: the part of the contribution to take, where it is split.
    """
    whole = contributions(step)[k]
    if whole is None or piece is None:
        return whole
    made = step.call.rules
    key = (k, piece, whole.texts["denominator"])
    if key not in made:
        expr = call("index", whole.nodes[-1].expr, region=piece)
        made[key] = _contribution(step.call, expr, whole.region, piece)
    found: Contribution = made[key]
    return found


def rules(kind: Call, plain: Sequence[Any]) -> list[Expr | None]:
    """An operation's rules, each in its operand's own shape, with broadcasting undone.

    plain: for each operand the plain number that it is, or None.
    """
    operands = [leaf(i) if n is None else as_expr(n) for i, n in enumerate(plain)]
    stated = kind.op.rule(kind.signature, leaf(COTANGENT), leaf(RESULT), *operands)
    sizes, known = kind.signature.sizes, leaves(kind)
    return [
        rule and unbroadcast(rule, typed(rule, known, sizes)[-1].shape, shape, sizes)
        for rule, shape in zip(stated, kind.signature.shapes, strict=True)
    ]


def leaves(kind: Call) -> dict[Any, Shape]:
    """The shapes of what a rule is stated in."""
    own = dict(enumerate(kind.signature.shapes))
    return {COTANGENT: kind.shape, RESULT: kind.shape, **own}


def _contributions(kind: Call, plain: Sequence[Any]) -> Contributions:
    sizes, known = kind.signature.sizes, leaves(kind)
    found: list[Contribution | None] = []
    for expr in rules(kind, plain):
        if expr is None:
            found.append(None)
            continue
        inner, region = expr, None
        root = typed(expr, known, sizes)[-1].call
        if root is not None and root.op.region is not None:
            (region,) = root.op.region(root.signature)  # the listing's target, not its formula
            (inner,) = expr.args
        found.append(_contribution(kind, inner, region, None))
    for k, item in enumerate(found):
        if item is not None:
            target = kind.signature.shapes[k]
            wanted = target if item.region is None else indexed_shape(sizes, item.region)
            if not alike(item.shape, wanted):
                message = f"the rule of {kind.op.name} gives {spell(item.shape)}"
                raise Defect(f"{message}, not {spell(wanted)}")
    return tuple(found)


def _contribution(
    kind: Call, expr: Expr, region: Region | None, piece: Region | None
) -> Contribution:
    sizes, known = kind.signature.sizes, leaves(kind)
    nodes = typed(expr, known, sizes)
    turned = flip(nodes, COTANGENT, leaf(COTANGENT))
    flipped = typed(turned, {**known, COTANGENT: kind.shape[::-1]}, sizes)
    shape = nodes[-1].shape
    if not alike(flipped[-1].shape, shape[::-1]):
        raise Defect(f"a rule of {kind.op.name} is {spell(flipped[-1].shape)} when transposed")
    texts = {"denominator": _text(nodes), "numerator": _text(flipped)}
    order = (COTANGENT, RESULT, *range(len(kind.signature.shapes)))
    return Contribution(nodes, code(nodes, order), texts, shape, region, piece)


def code(nodes: Sequence[Node], order: Sequence[Any]) -> Code:
    """An expression's nodes as calls on places; `order` has the keys of the leaves."""
    places: list[int | Number] = []
    calls: list[tuple[Call, tuple[int | Number, ...]]] = []
    for node in nodes:
        if node.call is not None:
            calls.append((node.call, tuple([places[i] for i in node.args])))
            places.append(len(calls) - 1)
        else:
            own = isinstance(node.key, Number)
            places.append(node.key if own else ~order.index(node.key))
    return Code(tuple(calls), places[-1])


def _text(nodes: list[Node]) -> str:
    def name(key: Any) -> str:
        if key == COTANGENT:
            return "dL/d{0}"
        return "{0}" if key == RESULT else f"{{{key + 1}}}"

    return print_nodes(nodes, name)[0]


def unbroadcast(expr: Expr, shape: Shape, target: Shape, sizes: Sizes) -> Expr:
    """Sum over what broadcasting stretched: the one place where it is undone."""
    if len(shape) == len(target) and all(same(a, b) for a, b in zip(shape, target, strict=True)):
        return expr
    if is_scalar(target):
        return call("sum", expr, axis=None)
    for _ in range(len(shape) - len(target)):
        expr = call("sum", expr, axis=0)
        first = Part(sizes.constant(0), sizes.constant(1), single=True)
        rest = tuple(whole(size, sizes) for size in shape[1:])
        expr = call("index", expr, region=(first, *rest))
        shape = shape[1:]
    for axis, (size, wanted) in enumerate(zip(shape, target, strict=True)):
        if is_one(wanted) and not is_one(size):
            expr = call("sum", expr, axis=axis)
    return expr
