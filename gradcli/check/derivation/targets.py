"""What the left side of a person's line names: a derivative or a region of one, or an own name."""

from __future__ import annotations

from gradcli.check.derivation.machine import DL, Key, LineMachine
from gradcli.check.derivation.postfix import operands, starts
from gradcli.check.derivation.rows import Rows, rows
from gradcli.errors import GradError
from gradcli.lower.members import member, member_key
from gradcli.lower.operands import value as operand
from gradcli.lower.scope import Family, Ref
from gradcli.lower.slices import region as index_region
from gradcli.ops.parts import Region
from gradcli.syntax import ast


def target(
    machine: LineMachine, node: ast.BackwardLine, layout: str
) -> tuple[str, Region | None, Rows | None]:
    """The variable, and the region or the rows of it, that a line states the derivative of."""
    text, at = node.name
    found = machine.derivative(text, at)
    brackets = list(node.brackets)
    if isinstance(found, Family):
        if not brackets:
            operand(machine.file, found, at)  # raises: a family is no quantity
        kinds, codes = brackets.pop(0)
        found = member(machine.file, found, kinds, machine.bounds(codes), at)
    assert isinstance(found, Ref)
    name = found.name.removeprefix(DL)
    if not brackets:
        return name, None, None
    if len(brackets) > 1:
        raise machine.text.error("one pair of brackets names a region", at, kind="bad-target")
    kinds, codes = brackets[0]
    bounds = machine.bounds(codes)
    at_rows = rows(machine, brackets[0], bounds, found, layout)
    if at_rows is not None:
        return name, None, at_rows
    region = index_region(machine.file, found.shape, kinds, bounds, at, found.name)
    if all(part.whole for part in region):
        return name, None, None
    return name, region[::-1] if layout == "numerator" else region, None


def own_key(machine: LineMachine, node: ast.BackwardLine) -> Key:
    """The member that a line defines of a name of the person's own; None for all of it."""
    if not node.brackets:
        return None
    kinds, codes = node.brackets[0]
    at = node.name.place
    if len(node.brackets) > 1 or any(kind != ast.AT for kind in kinds):
        raise machine.text.error(
            "a name of your own is defined whole, or member by member", at, kind="bad-target"
        )
    bounds = machine.bounds(codes)
    family = Family(node.name.text, len(bounds), at)
    return member_key(machine.file, family, bounds, at)


def added(code: ast.Code, machine: LineMachine, name: str) -> ast.Code | None:
    """What `dL/dx + …`, or `… + dL/dx`, adds to dL/dx itself; None for other code."""
    if code[-1][:2] != ("binary", "+"):
        return None
    parts = operands(code, starts(code), len(code) - 1)
    for (a, b), (c, d) in (parts, parts[::-1]):
        if code[a][0] != "derivative" or any(
            i[0] not in ("derivative", "number", "index") for i in code[a:b]
        ):
            continue
        try:
            own = machine.lower(code[a:b], {})
        except GradError:
            continue
        if own.result == DL + name and not own.steps:
            return code[c:d]
    return None
