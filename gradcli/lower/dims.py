"""Dims, and where their values come from: an option, the data, the file, the shapes of what is
bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcli.errors import GradError
from gradcli.lower.draft import Draft
from gradcli.lower.expressions import number
from gradcli.lower.inputs import constant_program
from gradcli.lower.names import check_new
from gradcli.lower.numbers import worth
from gradcli.sizes import ATOM, Size, numbers, of_size
from gradcli.suggest import nearest
from gradcli.syntax import ast


def dims(draft: Draft, node: ast.Dims) -> None:
    """Define the dims of a statement. Raises GradError for one without a value."""
    scope = draft.env.scope
    for name, code in node.items:
        check_new(draft.env, name)
        size = of_size(_size(draft, name, code))
        letter = draft.env.text.sizes.lettered(name.text)
        shown = size._replace(text=name.text, precedence=ATOM, rolled=letter)
        scope.bind(name.text, shown, name.place)


def check_options(draft: Draft) -> Iterator[GradError]:
    """The errors of `--dim` for names that are no dims."""
    known = draft.env.text.sizes.dims
    for name in draft.options.dims:
        if name not in known and name not in draft.env.outline.poisoned:
            hint = nearest(name, known)
            yield GradError(
                f"--dim {name}: the model has no dim `{name}`", hint=hint, kind="bad-option"
            )


def _size(draft: Draft, name: ast.Name, code: ast.Code | None) -> Size:
    """A dim's size. Raises GradError where it has none."""
    env, text = draft.env, name.text
    given = draft.options.dims.get(text)
    if given is not None:
        if given < 1:
            raise env.error(
                f"a size is positive, not --dim {text}={given}",
                name.place,
                hint="a whole number from 1 on",
                kind="bad-option",
            )
        return env.text.sizes.symbol(text, given)
    if text in draft.options.data:
        return env.text.sizes.symbol(text, _own_data(draft, name))
    if code is None:
        return env.text.sizes.symbol(text, _from_shapes(draft, name))
    return _stated(draft, name, code)


def _stated(draft: Draft, name: ast.Name, code: ast.Code) -> Size:
    """The size that the file states; one made of other dims has their symbols."""
    sizes = draft.env.text.sizes
    found = number(draft.env, code, "a size")
    if found.value < 1:
        raise draft.env.error_over(f"a size is positive, not {worth(found)}", code, kind="bad-size")
    assert found.size is not None
    if found.size.is_constant or (len(code) == 1 and code[0][0] == "number"):
        return sizes.symbol(name.text, int(found.value))
    return sizes.alias(name.text, found.size)


def _own_data(draft: Draft, name: ast.Name) -> int:
    """The value that the data gives to a dim under its own name."""
    values = draft.options.data[name.text].reshape(-1).tolist()
    if len(values) != 1 or not float(values[0]).is_integer() or values[0] < 1:
        raise draft.env.error(
            f"the data's {name.text} is not a positive whole number", name.place, kind="bad-size"
        )
    return int(values[0])


def _from_shapes(draft: Draft, name: ast.Name) -> int:
    """The value of a dim that has none of its own: from the shapes of what is bound."""
    for node in draft.parsed.statements:
        if not isinstance(node, ast.Declaration):
            continue
        for item in node.items:
            found = _in_data(draft, item, name.text)
            if found is not None:
                return found
    raise draft.env.error(
        f"the dim {name.text} has no value",
        name.place,
        f"write dim {name.text} = 4, or give --dim {name.text}=4",
        kind="missing-size",
    )


def _in_data(draft: Draft, item: ast.Declared, dim: str) -> int | None:
    """The size that the data, or a literal, gives to a dim that a declaration names alone."""

    def names(code: ast.Code) -> bool:
        return len(code) == 1 and code[0][:2] == ("name", dim)

    data, prefix = draft.options.data, item.name.text + "["
    members = [key for key in data if key.startswith(prefix)]
    if item.family is not None and len(item.family) == 1 and names(item.family[0].last) and members:
        indices = [key[len(prefix) : -1] for key in members]
        return max(int(index) for index in indices if index.isdigit())
    keys = [item.name.text] if item.family is None else members
    arrays = [data[key] for key in keys if key in data]
    for axis, code in enumerate(item.shape or ()):
        if not names(code):
            continue
        for array in arrays:
            if array.ndim > axis:
                return int(array.shape[axis])
        size = _in_literal(draft, item.value, axis)
        if size is not None:
            return size
    return None


def _in_literal(draft: Draft, value: ast.Value, axis: int) -> int | None:
    """The size of an axis of a declared value that is made of numerals alone."""
    if not isinstance(value, tuple) or isinstance(value, ast.Draw):
        return None
    code: Any = value
    if any(instruction[0] not in ("number", "unary", "column") for instruction in code):
        return None
    shape = numbers(constant_program(draft, code).shapes["value"])
    return shape[axis] if axis < len(shape) else None
