"""What statements define and use, read from their code alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradcli.lower.scope import Function, Scope
from gradcli.syntax import ast


def has_sum(code: ast.Code) -> bool:
    return any(operation == "comprehension" for operation, _, _ in code)


def defined(statements: Iterable[Any]) -> list[ast.Name]:
    """The names that statements define for the file, loops' locals left out."""
    found: list[ast.Name] = []
    for node in statements:
        if isinstance(node, ast.Equation | ast.Loss):
            if not isinstance(node, ast.Loss) or node.value is not None:
                found.append(node.target.name)
        elif isinstance(node, ast.Dims | ast.Declaration):
            found += [item.name for item in node.items]
        elif isinstance(node, ast.Def | ast.UserOp):
            found.append(node.name)
        elif isinstance(node, ast.For):
            found += [n for n, members in targets(node.body) if members]
    return found


def equations(statements: Iterable[Any]) -> Iterable[ast.Equation]:
    """The equations among statements, those inside loops included."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.For):
            waiting.extend(node.body)
        elif isinstance(node, ast.Equation):
            yield node


def targets(statements: Iterable[Any]) -> Iterable[tuple[ast.Name, bool]]:
    """The left-hand sides inside loops, and whether each is a family's member."""
    for node in equations(statements):
        yield node.target.name, node.target.members is not None


def inner_names(node: ast.For | ast.Def) -> set[str]:
    """The names that end with a block: loop variables, parameters, what is defined inside."""
    names = {name.text for name, member in targets(node.body) if not member}
    loops = [node]
    while loops:
        block = loops.pop()
        heads = block.parameters if isinstance(block, ast.Def) else (block.variable,)
        names |= {head.text for head in heads}
        loops += [inner for inner in block.body if isinstance(inner, ast.For)]
    return names


def local_names(statements: Iterable[Any]) -> Iterable[tuple[str, ast.Place]]:
    for node in statements:
        if isinstance(node, ast.For):
            for name, member in targets(node.body):
                if not member:
                    yield name.text, name.place


def instructions(statements: Iterable[Any]) -> Iterable[ast.Instruction]:
    """Every instruction of statements, those of sums included."""
    waiting: list[Any] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.For):
            waiting.extend(node.body)
            waiting += [node.interval.first, node.interval.last]
        elif isinstance(node, ast.Equation):
            waiting.append(node.value)
        elif type(node) is tuple:  # code; what else stands in a block is refused there
            for instruction in node:
                yield instruction
                if instruction[0] == "comprehension":
                    waiting += instruction[1].codes()


def weight(statements: Iterable[Any], scope: Scope) -> int:
    """How many operations statements unroll to, ranges inside them counted once."""
    return sum(max(1, operations(node.value, scope)) for node in equations(statements))


def operations(code: ast.Code, scope: Scope) -> int:
    count = 0
    for operation, argument, _ in instructions((code,)):
        count += operation not in ("name", "number", "string")
        if operation == "call":
            found = scope.find(argument[0])
            if isinstance(found, Function):
                count += found.weight
    return count
