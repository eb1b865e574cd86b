"""Inputs and their values: what is declared, in which shape, and how it is had."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from gradcli.errors import GradError
from gradcli.lower import equations, indexing
from gradcli.lower.distributions import drawn, fitted
from gradcli.lower.draft import Draft
from gradcli.lower.env import Dialect, Env
from gradcli.lower.expressions import ends, number, quantity
from gradcli.lower.limits import MOST_MEMBERS
from gradcli.lower.listing import Listing
from gradcli.lower.names import check_new, unknown
from gradcli.lower.numbers import worth
from gradcli.lower.operands import shape as shape_of_sizes
from gradcli.lower.scope import Family, Function, Ref, Scope
from gradcli.lower.text import Poisoned
from gradcli.program import Drawn, FromFile, Input, Program
from gradcli.sizes import Number, Shape, Size, numbers, spell
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

CONST = "const"  # what no gradient is computed for
Value: TypeAlias = Program | Drawn | FromFile | None


def declaration(draft: Draft, node: ast.Declaration) -> None:
    """Declare the names of a statement; an error ends its own name alone."""
    poisoned = draft.env.outline.poisoned
    for item in node.items:
        try:
            _declare(draft, node.role, item)
        except GradError as error:
            draft.report(error)
            poisoned.add(item.name.text)
        except Poisoned:
            poisoned.add(item.name.text)


def _declare(draft: Draft, role: str, item: ast.Declared) -> None:
    env, (name, place) = draft.env, item.name
    check_new(env, item.name)
    stated = _stated_shape(env, item)
    value, natural = declared_value(draft, item.value)
    if stated is not None and natural is not None and numbers(natural) != numbers(stated):
        raise _unlike(env, item, stated, natural)
    shape = stated or natural or env.text.sizes.scalar
    if isinstance(value, Drawn):
        value = fitted(env, value, shape, item.value)
    size = env.text.size(shape, place)
    within = below = None
    if item.within is not None:
        within, role = _range(env, item), CONST
        below = env.text.sizes.add(within[1], env.text.sizes.constant(1))
        value = value or Drawn("integers", (float(within[0].value), float(within[1].value)))

    def bind(full: str) -> Ref:
        env.listing.take(size, place)
        draft.inputs[full] = Input(full, role, shape, value, place, within)
        env.listing.shapes[full] = shape
        return Ref(full, shape, below=below)

    if item.family is None:
        env.scope.bind(name, bind(name), place)
        return
    family = Family(name, len(item.family), place)
    env.scope.bind(name, family, place)
    ranges = draft.ranges[name] = tuple([ends(env, interval) for interval in item.family])
    for key in _members(env, ranges, place):
        family.members[key] = bind(f"{name}[{', '.join(map(str, key))}]")


def _range(env: Env, item: ast.Declared) -> tuple[Size, Size]:
    """The first and the last of the whole numbers that an index holds."""
    assert item.within is not None
    if isinstance(item.value, ast.Draw):
        raise env.error(
            "an index is drawn evenly from its range",
            item.value.distribution.place,
            "leave the draw out",
            kind="bad-value",
        )
    first, last = ends(env, item.within)
    if first.value < 0:
        raise env.error(
            f"an index counts from 0; {first.text} is less",
            ast.extent(item.within.first),
            kind="bad-range",
        )
    assert first.size is not None
    assert last.size is not None
    return first.size, last.size


def _unlike(env: Env, item: ast.Declared, stated: Shape, natural: Shape) -> GradError:
    """The error for a value in another shape than is declared."""
    shown, found = numbers(stated), numbers(natural)
    product = "×".join(map(str, shown))
    named = product if product == spell(stated) else f"{spell(stated)} = {product}"
    assert item.value is not None
    assert not isinstance(item.value, ast.Draw)
    return env.error_over(
        f"{item.name.text} is {named}, but its value is {'×'.join(map(str, found))}",
        item.value,
        "it looks transposed" if found == shown[::-1] else None,
        kind="bad-value",
    )


def _members(
    env: Env, bounds: Sequence[tuple[Number, Number]], place: Place
) -> Iterable[tuple[int, ...]]:
    """The indices of a declared family."""
    ranges = [range(int(first.value), int(last.value) + 1) for first, last in bounds]
    count = 1
    for indices in ranges:
        count *= len(indices)
    if count > MOST_MEMBERS:
        raise env.error(
            f"a family of {count:,} members; {MOST_MEMBERS:,} are the limit",
            place,
            kind="too-large",
        )
    return itertools.product(*ranges)


def _stated_shape(env: Env, item: ast.Declared) -> Shape | None:
    if item.shape is None:
        return None
    sizes = [number(env, code, "a size") for code in item.shape]
    for size, code in zip(sizes, item.shape, strict=True):
        if size.value < 1:
            raise env.error_over(f"a size is positive, not {worth(size)}", code, kind="bad-size")
    return shape_of_sizes(env, sizes, item.name.place)


# ── values ──


def declared_value(draft: Draft, value: ast.Value) -> tuple[Value, Shape | None]:
    """How a declared value is had, and the shape that it brings with it."""
    if value is None:
        return None, None
    if isinstance(value, ast.Draw):
        return drawn(draft.env, value), None
    if value[-1][0] == "call" and value[-1][1][0] == "file":
        return _from_file(draft, value)
    program = constant_program(draft, value)
    return program, program.shapes["value"]


def _from_file(draft: Draft, code: ast.Code) -> tuple[FromFile, Shape]:
    env = draft.env
    if len(code) != 2 or code[0][0] != "string":
        raise env.error('write file("name.npy")', ast.extent(code), kind="bad-value")
    _, path, place = code[0]
    found = draft.options.shape_in(path, env.text.span(place))
    shape = tuple(env.text.sizes.literal(n) for n in found)
    if len(shape) < 2:
        shape = (*shape, *env.text.sizes.scalar)[:2] if shape else env.text.sizes.scalar
    return FromFile(path, place), shape


def constant_program(draft: Draft, code: ast.Code) -> Program:
    """An expression over constants as a Program of its own, whose last step is `value`."""
    env = _constants(draft.env)
    equations.bind_last(env, quantity(env, code), "value", None, 0, ast.extent(code))
    return Program(
        env.text.source, env.text.sizes, draft.layout, (), tuple(env.listing.steps),
        env.listing.shapes, {}, None, (), (), (),
    )  # fmt: skip


def _constants(file: Env) -> Env:
    """What a declared value is lowered in: only numbers, sizes and definitions are known."""
    scope = Scope("file", None)
    for name, found in file.scope.names.items():
        if isinstance(found, Number) or (isinstance(found, Function) and found.word == "def"):
            scope.names[name] = found

    def strange(env: Env, name: str, place: Place) -> Exception:
        if not isinstance(file.scope.find(name), Ref | Family):
            return unknown(file, name, place)
        return env.error(
            f"a declared value is made of numbers and sizes; {name} is a quantity",
            place,
            "what is computed is an equation: name = expression",
            kind="bad-value",
        )

    dialect = Dialect(strange, file.dialect.derivative, indexing.index, equations.block)
    return Env(file.text, file.outline, dialect, Listing(file.text), scope, prelude=file.prelude)
