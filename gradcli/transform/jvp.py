"""How an operation's result moves with its operands: its Jacobian–vector product.

An operation's vector–Jacobian product is linear in its cotangent, and the transpose of that linear
map is the Jacobian itself (Radul et al. 2023, "You only linearize once", read backwards). So the
tangent needs no rule of its own. Where an operation is linear, its tangent is the operation itself,
applied to the operands' tangents.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from gradcli.expr import Expr, as_expr, leaf
from gradcli.ops.core import Call
from gradcli.program import Step
from gradcli.record import Record
from gradcli.sizes import Shape
from gradcli.template import Node, print_nodes, typed
from gradcli.transform.linear import transposed
from gradcli.transform.vjp import COTANGENT, RESULT, Code, code, leaves, rules


class Moving(Record):
    """The leaf that stands for the tangent of an operand."""

    operand: int


class Tangent(Record):
    """What a step's tangent is, in the shape of the step's result.

    `nodes` compute it, `code` is the same as calls on places. In `text`, {0} stands for the result,
    {1}, {2} … for the operands and {d1}, {d2} … for their tangents.
    """

    nodes: list[Node]
    code: Code
    text: str

    def formula(self, step: Step, names: Sequence[str | None]) -> str:
        """Its text; `names` has what the operands' tangents are called."""
        tangents = {f"d{k}": name for k, name in enumerate(names, 1)}
        return self.text.format(step.name, *step.args, **tangents)


def tangent(step: Step, moving: Sequence[bool]) -> Tangent | None:
    """The tangent of a step whose operands move, or do not; None where it is 0."""
    made = step.call.rules
    plain = tuple([None if a.__class__ is str else a for a in step.args])
    key = ("jvp", plain, tuple(moving))
    if key not in made:
        made[key] = _tangent(step.call, plain, key[2])
    found: Tangent | None = made[key]
    return found


def terms(step: Step, moving: Sequence[bool]) -> list[Tangent]:
    """The terms of a step's tangent, each by itself; their sum is the tangent."""
    plain = tuple([None if a.__class__ is str else a for a in step.args])
    return [_written(step.call, term) for term in _terms(step.call, plain, moving)]


def _tangent(kind: Call, plain: Sequence[Any], moving: Sequence[bool]) -> Tangent | None:
    found = _terms(kind, plain, moving)
    return _written(kind, reduce(Expr.plus, found)) if found else None


def _written(kind: Call, expr: Expr) -> Tangent:
    nodes = typed(expr, _shapes(kind), kind.signature.sizes)
    count = len(kind.signature.shapes)
    order = (RESULT, *range(count), *map(Moving, range(count)))
    return Tangent(nodes, code(nodes, order), _text(nodes))


def _terms(kind: Call, plain: Sequence[Any], moving: Sequence[bool]) -> list[Expr]:
    """The tangent's terms, in the order of the operands."""
    count = len(moving)
    held = [leaf(k) if n is None else as_expr(n) for k, n in enumerate(plain)]
    left = {k for k in range(count) if moving[k]}
    found: dict[int, Expr] = {}
    for group in kind.op.linear_groups(count):
        if group and left.issuperset(group):
            operands = [leaf(Moving(k)) if k in group else held[k] for k in range(count)]
            found[group[0]] = Expr(kind.op.name, tuple(operands), kind.attrs)
            left -= set(group)
    if left:
        stated = rules(kind, plain)
        for k in sorted(left):
            if (rule := stated[k]) is not None and (term := _by_rule(kind, k, rule)) is not None:
                found[k] = term
    return [found[k] for k in sorted(found)]


def _by_rule(kind: Call, k: int, rule: Expr) -> Expr | None:
    """One operand's term: the transpose of its rule, which is linear in the cotangent."""
    shapes, sizes = _shapes(kind), kind.signature.sizes
    nodes = typed(rule, leaves(kind), sizes)
    return transposed(nodes, COTANGENT, leaf(Moving(k)), shapes, sizes)


def _shapes(kind: Call) -> dict[Any, Shape]:
    own = {Moving(k): shape for k, shape in enumerate(kind.signature.shapes)}
    return {**leaves(kind), **own}


def _text(nodes: list[Node]) -> str:
    def name(key: Any) -> str:
        if isinstance(key, Moving):
            return f"{{d{key.operand + 1}}}"
        return "{0}" if key == RESULT else f"{{{key + 1}}}"

    return print_nodes(nodes, name)[0]
