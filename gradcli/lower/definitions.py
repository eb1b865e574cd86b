"""Definitions: `def`, whose body stands in place of each call, and what must hold of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.errors import GradError
from gradcli.lower.env import Env
from gradcli.lower.expressions import run
from gradcli.lower.names import check_new, no_function
from gradcli.lower.operands import value
from gradcli.lower.outline import inner_names, instructions, targets, weight
from gradcli.lower.scope import Function, Ref, Scope
from gradcli.lower.text import Unknown
from gradcli.ops import FUNCTIONS
from gradcli.sizes import Number
from gradcli.suggest import suggestion
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

RECURRENCE = "use a `for` over a family for a recurrence"


def definition(env: Env, node: ast.Def) -> Function:
    """A `def` as what its calls are. Raises GradError where it can't be one."""
    check_head(env, node.name, node.parameters)
    body = (*node.body, ast.Equation(ast.Target(node.name, None), node.result))
    check_recursion(env, node.name, body)
    _check_names(env, node, body)
    size = weight(body, env.scope)

    def apply(at_call: Env, arguments: Sequence[Ref | Number], place: Place) -> Ref | Number:
        return expand(at_call, node, size, arguments, place, at_call.scope.root())

    return Function("def", node, size, apply)


def check_head(env: Env, name: ast.Name, parameters: Sequence[ast.Name]) -> None:
    """Raise GradError unless the name is new and each parameter stands once."""
    known = FUNCTIONS.get(name.text)
    if known is not None and not known.gives_way(name.text):
        raise env.error(
            f"`{name.text}` is a function of the language",
            name.place,
            "choose another name",
            kind="reserved-name",
        )
    check_new(env, name)
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.text in seen:
            raise env.error(
                f"the parameter `{parameter.text}` stands twice",
                parameter.place,
                kind="defined-twice",
            )
        seen.add(parameter.text)


def check_recursion(env: Env, name: ast.Name, body: Sequence[Any]) -> None:
    """Raise GradError where a definition's body calls it."""
    for operation, argument, place in instructions(body):
        if operation == "call" and argument[0] == name.text:
            raise env.error(f"`{name.text}` calls itself", place, RECURRENCE, kind="recursion")


def _check_names(env: Env, node: ast.Def, body: Sequence[Any]) -> None:
    """Raise GradError for a name in a definition that nothing in the file defines."""
    inner = inner_names(node) | {name.text for name, _ in targets(node.body)}
    later, poisoned = env.outline.later, env.outline.poisoned
    elsewhere = (inner, env.scope.names, later, FUNCTIONS, env.prelude, poisoned)
    for operation, argument, place in instructions(body):
        if operation == "comprehension":
            inner.add(argument.generator.variable.text)
        if operation not in ("name", "call"):
            continue
        name = argument if operation == "name" else argument[0]
        if any(name in known for known in elsewhere):
            continue
        if operation == "call":
            raise no_function(env, name, place)
        hint = suggestion(name, inner | set(env.scope.names) | set(later))
        raise Unknown(name, env.text.span(place), hint)


def expand(
    env: Env,
    node: ast.Def,
    size: int,
    arguments: Sequence[Ref | Number],
    place: Place,
    around: Scope,
) -> Ref | Number:
    """A definition's body in place of its call, with names of its own, and those around it."""
    name, calls = node.name.text, env.frame.calls
    if name in calls:
        way = " → ".join([*calls[calls.index(name) :], name])
        raise env.error(f"`{name}` calls itself: {way}", place, RECURRENCE, kind="recursion")
    frame = env.deeper(size, place)._replace(calls=(*calls, name))
    scope = Scope("def", around)
    scope.names.update(zip((p.text for p in node.parameters), arguments, strict=True))
    inner = env._replace(scope=scope, frame=frame)
    try:
        inner.dialect.block(inner, node.body)
        return value(inner, run(inner, node.result), ast.extent(node.result))
    except GradError as error:
        if not calls and error.span is not None:
            line = env.text.line(place)
            if line != env.text.source.place(error.span.start)[0]:
                error.message += f" ({name} is called in line {line})"
        raise
