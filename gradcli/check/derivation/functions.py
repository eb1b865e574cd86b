"""The functions that a derivation may call: its model's definitions and ops, and its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from gradcli.errors import GradError, Source
from gradcli.lower.definitions import definition
from gradcli.lower.env import Env, Outline
from gradcli.lower.listing import Listing
from gradcli.lower.rules import user_function
from gradcli.lower.scope import Function, Ref
from gradcli.lower.text import Misfit, Text
from gradcli.sizes import Number
from gradcli.syntax import Parsed, ast, read
from gradcli.syntax.ast import Place


@lru_cache(maxsize=2)
def parsed(source: Source) -> Parsed:
    """A model's statements, for all derivations on it."""
    return read(source)


def of_model(model: Parsed, layout: str, env: Env) -> None:
    """Bind the functions of a model in the scope of a derivation on it."""
    most, sizes = env.text.max_elements, env.text.sizes
    text = Text(model.source, model.signs, sizes, model.names(), most)
    outline = Outline(model.statements, {}, {}, set())
    theirs = env._replace(text=text, outline=outline, listing=Listing(text))
    for node in model.statements:
        try:
            if isinstance(node, ast.Def):
                function = definition(theirs, node)
            elif isinstance(node, ast.UserOp):
                function = user_function(theirs, node, layout)
            else:
                continue
        except GradError:  # a name that stands for something else here
            continue
        env.scope.bind(node.name.text, _called(function), node.name.place)


def of_file(env: Env, node: ast.Def) -> None:
    """Bind a definition of the derivation's own. Raises GradError."""
    env.scope.bind(node.name.text, definition(env, node), node.name.place)


def _called(function: Function) -> Function:
    """A model's function, whose errors stand where a derivation calls it."""

    def apply(env: Env, arguments: Sequence[Ref | Number], place: Place) -> Ref | Number:
        try:
            return function.apply(env, arguments, place)
        except GradError as error:
            kind = Misfit if isinstance(error, Misfit) else GradError
            span = env.text.span(env.text.sign(place))
            raise kind(error.message, span, error.hint, kind=error.kind) from None

    return function._replace(apply=apply)
