"""The prelude's functions: a call is their body, at the place of the call."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cache
from typing import Any

from gradcli.lower.definitions import expand
from gradcli.lower.env import Env
from gradcli.lower.numbers import PI
from gradcli.lower.outline import weight
from gradcli.lower.scope import Function, Ref, Scope
from gradcli.ops.prelude import NAMES, TEXT
from gradcli.sizes import Number, alike, spell
from gradcli.syntax import ast, read, read_source
from gradcli.syntax.ast import Place


def prelude(used: Container[str]) -> dict[str, Function]:
    """The functions of the prelude for a text that uses these names."""
    return {name: _functions()[name] for name in sorted(NAMES) if name in used}


@cache
def _functions() -> dict[str, Function]:
    parsed = read(read_source("prelude", TEXT.encode()))
    return {node.name.text: _function(node) for node in parsed.statements}


def _function(node: ast.Def) -> Function:
    size = weight((*node.body, ast.Equation(ast.Target(node.name, None), node.result)), _scope())

    def apply(at_call: Env, arguments: Sequence[Ref | Number], place: Place) -> Ref | Number:
        _check_numbers(at_call, node.name.text, arguments, place)
        return expand(at_call, _moved(node, place), size, arguments, place, _scope())

    return Function("def", node, size, apply)


def _check_numbers(
    at_call: Env, name: str, arguments: Sequence[Ref | Number], place: Place
) -> None:
    """Raise GradError where the numbers of classes would be stretched beside scores of them all."""
    for k, one in enumerate(arguments):
        if not isinstance(one, Ref) or one.below is None:
            continue
        for other in arguments:
            if isinstance(other, Ref) and other.below is None and not alike(one.shape, other.shape):
                raise at_call.error(
                    f"{one.name} holds numbers, and {name} goes entry by entry: "
                    f"{other.name} is {spell(other.shape)} and {one.name} is {spell(one.shape)}",
                    place,
                    f"onehot({one.name}, {one.below.text}) has a row for each number; "
                    f"-mean(pick(log_softmax(z, axis=1), {one.name}, axis=1)) takes its entry",
                    kind="shape-mismatch",
                    part=k,
                )


def _scope() -> Scope:
    """What a body sees besides its own names: nothing of the file's."""
    scope = Scope("file", None)
    scope.names["pi"] = PI
    return scope


def _moved(node: ast.Def, place: Place) -> ast.Def:
    """A definition whose every name and operation stands where it is called."""

    def code(found: ast.Code) -> ast.Code:
        return tuple([(operation, argument, place) for operation, argument, _ in found])

    def equation(found: Any) -> ast.Equation:
        target = ast.Target(ast.Name(found.target.name.text, place), None)
        return ast.Equation(target, code(found.value))

    return node._replace(body=tuple(map(equation, node.body)), result=code(node.result))
