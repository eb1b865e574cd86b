"""Equations and loops: what a file, a loop and the body of a definition have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.forms import Member
from gradcli.lower.again import codes
from gradcli.lower.env import Env
from gradcli.lower.expressions import ends, number, quantity
from gradcli.lower.members import form, member_key
from gradcli.lower.names import check_new
from gradcli.lower.outline import has_sum, weight
from gradcli.lower.scope import Family, Ref
from gradcli.lower.unroll import iterate
from gradcli.ops import TABLE
from gradcli.sizes import Number
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


def block(env: Env, statements: Sequence[Any]) -> bool:
    """Lower equations and loops, up to the first error, which is raised."""
    for node in statements:
        if isinstance(node, ast.For):
            loop(env, node)
        elif isinstance(node, ast.Equation):
            define(env, node.target, node.value)
        else:
            raise misplaced(env, node)
    return True


def misplaced(env: Env, node: Any) -> Exception:
    """The error for a statement that stands in a loop or a definition, and not in the file."""
    word, place = head(node)
    return env.error(
        f"`{word}` does not stand inside a block",
        place,
        "move it out of the block",
        kind="misplaced-statement",
    )


def head(node: Any) -> tuple[str, Place]:
    """What a statement begins with, and the place of the first name behind that."""
    match node:
        case ast.Layout():
            return "layout", node.name.place
        case ast.Dims():
            return "dim", node.items[0].name.place
        case ast.Declaration():
            return node.role, node.items[0].name.place
        case ast.Loss():
            return "loss", node.target.name.place
        case ast.Given():
            return "given", node.items[0].target.name.place
        case ast.Assume():
            return "assume", node.name.place
    return "def", node.name.place


def loop(env: Env, node: ast.For) -> None:
    """A `for`: its body once for each value of its variable, up to one that has an error."""
    size = weight(node.body, env.scope)
    place = node.variable.place
    body = codes(node.body)
    for inner in iterate(env, node.variable, ends(env, node.interval), size, place, body=body):
        if not env.dialect.block(inner, node.body):
            break


def define(env: Env, target: ast.Target, code: ast.Code, total: bool = False) -> Ref:
    """Lower an equation; its last operation carries the name on the left.

    total: whether the result is wanted as a scalar, as a loss is. Sums over a range then go over
    the entries of their terms too, where without that an array would be left.
    """
    _check_target(env, target)
    begin = len(env.listing.steps)
    value = _total(env, code) if total and has_sum(code) else quantity(env, code)
    if target.members is not None:
        return _define_member(env, target, value, begin)
    name, place = target.name
    if env.scope.holder().kind == "def":
        # The inner names of a definition are the tool's: its operations keep their z names.
        env.scope.bind(name, value, place)
        return value if isinstance(value, Ref) else Ref(name, env.text.sizes.scalar)
    shown = _shown(env, target.name)
    rolled = env.frame.form(shown)
    ref = bind_last(env, value, shown + env.frame.suffix, rolled, begin, place)
    env.scope.bind(name, ref, place)
    env.listing.named[ref.name] = place
    return ref


def _total(env: Env, code: ast.Code) -> Ref | Number:
    """The value of an expression as a scalar, with what its sums go over."""
    mark = env.listing.mark()
    value = quantity(env, code)
    if env.shape_of(value) == env.text.sizes.scalar:
        return value
    env.listing.forget(mark)
    return quantity(env._replace(frame=env.frame._replace(totals=True)), code)


def _check_target(env: Env, target: ast.Target) -> None:
    """Raise GradError where the name on the left is taken."""
    name, place = target.name
    found = env.scope.find(name) if target.members is not None else None
    if isinstance(found, Family):
        return
    if isinstance(found, Ref) and found.name == name:
        raise env.error(
            f"{name} is an array: its entries can't be assigned one by one",
            place,
            "give the new value a name of its own",
            kind="no-quantity",
        )
    check_new(env, target.name)


def _shown(env: Env, name: ast.Name) -> str:
    """A name as the listing shows it: a second loop's local of that name gets a number."""
    if env.scope.kind == "file":
        return name.text
    taken = name.text in env.outline.later
    number = env.outline.locals[name.text].index(name.place) + taken
    if not number:
        return name.text
    shown = f"{name.text}_{number + 1}"
    while shown in env.text.used:
        shown += "_"
    return shown


def _define_member(env: Env, target: ast.Target, value: Ref | Number, begin: int) -> Ref:
    name, place = target.name
    assert target.members is not None
    bounds = [number(env, code, "an index") for code in target.members]
    holder = env.scope.holder()
    family = env.scope.find(name)
    if not isinstance(family, Family):
        family = Family(name, len(bounds), place)
        holder.bind(name, family, place)
    key = member_key(env, family, bounds, place)
    member = f"{name}[{', '.join(map(str, key))}]"
    if key in family.members:
        before = env.listing.named.get(member)
        line = env.text.line(before or family.place)
        raise env.error(
            f"`{member}` is already defined "
            + ("in an iteration before" if before == place else f"in line {line}"),
            place,
            "a name is defined once, each member too",
            kind="defined-twice",
        )
    if holder.kind == "def":
        if isinstance(value, Number):
            value = env.emit(TABLE["copy"], (value,), (), place)
        family.members[key] = value
        return value
    rolled = form(name, bounds)
    ref = bind_last(env, value, member, rolled, begin, place)
    family.members[key] = ref
    env.listing.use(family, rolled, ref, defines=True)
    env.listing.named[member] = place
    return ref


def bind_last(
    env: Env, value: Ref | Number, name: str, rolled: Member | None, begin: int, place: Place
) -> Ref:
    """Bind an equation's value to its name: the last step takes it, or a copy is made."""
    steps = env.listing.steps
    if isinstance(value, Number) or len(steps) == begin or value.name != steps[-1].name:
        value = env.emit(TABLE["copy"], (value,), (), place)
    return env.listing.name_last(value, name, rolled)
