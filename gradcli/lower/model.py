"""A file's statements, one after the other, to a Program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradcli.errors import GradError, GradErrors, Span
from gradcli.lower import equations, gradients, indexing
from gradcli.lower.assumptions import assume
from gradcli.lower.definitions import definition
from gradcli.lower.dims import check_options, dims
from gradcli.lower.draft import Draft, Options
from gradcli.lower.env import Dialect, Env, Outline
from gradcli.lower.inputs import declaration
from gradcli.lower.listing import Listing
from gradcli.lower.names import lookup, no_function, unknown
from gradcli.lower.numbers import PI
from gradcli.lower.outline import defined, local_names, targets
from gradcli.lower.prelude import prelude
from gradcli.lower.results import check_loss, given, loss, unstated
from gradcli.lower.rules import user_function
from gradcli.lower.scope import Family, Item, Scope
from gradcli.lower.text import Poisoned, Text
from gradcli.ops import FUNCTIONS
from gradcli.program import LAYOUTS, Program, verify
from gradcli.sizes import Sizes
from gradcli.syntax import Parsed, ast
from gradcli.syntax.ast import Place


def lower(parsed: Parsed, options: Options | None = None) -> Program:
    """The Program of a model. Raises GradErrors with every error of the file."""
    draft = _draft(parsed, options or Options())
    try:
        _block(draft, draft.env, parsed.statements)
    except GradErrors as error:  # there is no going on
        raise GradErrors([*draft.errors, *error.errors]) from None
    draft.errors += check_options(draft)
    if not draft.env.listing.steps and not draft.errors:
        draft.errors.append(
            GradError(
                "there is no equation in this file",
                Span(parsed.source, 1, 1),
                "an equation is written name = expression",
                kind="empty-file",
            )
        )
    if draft.errors:
        raise GradErrors(draft.errors)
    return _program(draft)


def _draft(parsed: Parsed, options: Options) -> Draft:
    """A draft of which no statement has been read yet."""
    text = Text(parsed.source, parsed.signs, Sizes(), parsed.names(), options.max_elements)
    later: dict[str, Place] = {}
    for name in defined(parsed.statements):
        later.setdefault(name.text, name.place)
    locals_: dict[str, list[Place]] = {}
    for local, place in sorted(set(local_names(parsed.statements)), key=lambda found: found[1]):
        locals_.setdefault(local, []).append(place)
    outline = Outline(parsed.statements, later, locals_, set(parsed.broken))
    scope = Scope("file", None)
    scope.names["pi"] = PI

    def block(env: Env, statements: Sequence[Any]) -> bool:
        return _block(draft, env, statements)

    dialect = Dialect(
        unknown, _no_derivative, indexing.index, block, gradients.gradient, repeats=True
    )
    own = prelude(text.used)
    env = Env(text, outline, dialect, Listing(text), scope, prelude=own)
    draft = Draft(parsed, options, env, list(parsed.errors))
    return draft


def _no_derivative(env: Env, name: str, place: Place) -> Item:
    raise env.error(
        f"dL/d{name} is a derivative, and belongs to `given`, `op` rules and .grad files",
        place,
        "a division is written with spaces: dL / d" + name,
        kind="misplaced-statement",
    )


def _program(draft: Draft) -> Program:
    """A draft without errors, with what is differentiated."""
    listing, notes = draft.env.listing, []
    arriving = given(draft)
    if draft.loss is None and not draft.given:
        arriving, note = unstated(draft)
        notes.append(note)
    error = None if draft.errors else check_loss(draft)
    if error is not None:
        raise GradErrors([error])
    if draft.errors:
        raise GradErrors(draft.errors)
    program = Program(
        source=draft.parsed.source,
        sizes=draft.env.text.sizes,
        layout=draft.layout,
        inputs=tuple(draft.inputs.values()),
        ranges=draft.ranges,
        steps=tuple(listing.steps),
        shapes=listing.shapes,
        families={
            name: tuple(ref.name for ref in found.members.values())
            for name, found in draft.env.scope.names.items()
            if isinstance(found, Family)
        },
        loss=draft.loss[0] if draft.loss else None,
        given=tuple(arriving.values()),
        loops=tuple(listing.recorder.loops),
        notes=(*notes, *(listing.notes[place] for place in sorted(listing.notes))),
    )
    verify(program)
    return program


# ── statements ──


def _layout(draft: Draft, node: ast.Layout) -> None:
    name, place = node.name
    if name not in LAYOUTS:
        raise draft.env.error(
            f"there is no layout `{name}`", place, "numerator or denominator", kind="bad-layout"
        )
    if not ast.at_head(node, draft.parsed.statements):
        raise draft.env.error(
            "`layout` stands at the head of the file",
            place,
            "move it above the rest",
            kind="misplaced-statement",
        )
    draft.layout = name


def _def(draft: Draft, node: ast.Def) -> None:
    draft.env.scope.bind(node.name.text, definition(draft.env, node), node.name.place)


def _op(draft: Draft, node: ast.UserOp) -> None:
    function = user_function(draft.env, node, draft.layout)
    draft.env.scope.bind(node.name.text, function, node.name.place)


def _given(draft: Draft, node: ast.Given) -> None:
    draft.given += node.items


HANDLERS: dict[type, Callable[[Draft, Any], None]] = {
    ast.Layout: _layout,
    ast.Dims: dims,
    ast.Declaration: declaration,
    ast.Loss: loss,
    ast.Given: _given,
    ast.Assume: assume,
    ast.Def: _def,
    ast.UserOp: _op,
}


def _block(draft: Draft, env: Env, statements: Sequence[Any]) -> bool:
    """Lower statements. In the file and in loops an error ends its own statement alone."""
    errors = len(draft.errors)
    for node in statements:
        try:
            if env.scope.kind == "file" and type(node) in HANDLERS:
                HANDLERS[type(node)](draft, node)
            else:
                equations.block(env, (node,))
        except GradError as error:
            if env.scope.kind == "def":
                raise
            if error.span is None:
                named = next(iter(defined((node,))), None)
                error.span = env.text.span(named.place) if named else None
            draft.report(error)
            _poison(env, node)
        except Poisoned:
            if env.scope.kind == "def":
                raise
            _look_over(draft, env, node)
            _poison(env, node)
    return len(draft.errors) == errors


def _look_over(draft: Draft, env: Env, node: Any) -> None:
    """Report the unknown names in a statement that another's error keeps from being lowered."""
    if not isinstance(node, ast.Equation | ast.Loss):
        return
    for operation, argument, place in node.value or ():
        try:
            if operation == "name":
                lookup(env, argument, place)
            elif operation == "call" and not _is_function(env, argument[0]):
                draft.report(no_function(env, argument[0], place))
        except GradError as error:
            draft.report(error)
        except Poisoned:
            continue


def _is_function(env: Env, name: str) -> bool:
    known = (FUNCTIONS, env.prelude, env.outline.poisoned)
    return any(name in names for names in known) or env.scope.find(name) is not None


def _poison(env: Env, node: Any) -> None:
    names = [name.text for name in defined((node,))]
    env.outline.poisoned.update(names, (name.text for name, _ in targets((node,))))
