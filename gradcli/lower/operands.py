"""What may stand on the stack, made into operands: numbers, brackets, shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradcli.errors import GradError
from gradcli.forms import Letters
from gradcli.lower import numbers
from gradcli.lower.env import Env
from gradcli.lower.limits import DEEPEST
from gradcli.lower.scope import Brackets, Family, Item, NewAxis, Ref
from gradcli.ops import TABLE, Op
from gradcli.ops.core import Attrs
from gradcli.sizes import Number, Shape, is_scalar, spell
from gradcli.syntax.ast import Place


def value(env: Env, item: Item, place: Place, part: int | None = None) -> Ref | Number:
    """An item as an operand, the `part` of what stands at a place.

    Raises GradError for families and texts.
    """
    if isinstance(item, Ref | Number):
        return item
    if isinstance(item, Brackets):
        return _matrix(env, item)
    if isinstance(item, Family):
        index = ", ".join("ijk"[: item.arity]) if item.arity <= 3 else "…"
        raise env.error(
            f"{item.name} is a family, not a quantity",
            place,
            f"name a member: {item.name}[{index}]",
            kind="no-quantity",
            part=part,
        )
    if isinstance(item, NewAxis):
        raise env.error(
            f"{item.text} is no quantity",
            place,
            "in brackets it is an axis of size 1: x[:, None]",
            kind="no-quantity",
            part=part,
        )
    raise env.error("a text can't be computed with", place, kind="no-quantity", part=part)


def apply(
    env: Env,
    op: Op,
    items: Sequence[Ref | Number],
    attrs: Attrs,
    place: Place,
    letters: Letters = (),
) -> Ref | Number:
    """An operation on operands; plain numbers alone are drawn together here and now."""
    if op.foldable and all(isinstance(item, Number) for item in items):
        plain = [item for item in items if isinstance(item, Number)]
        try:
            return numbers.apply(env.text.sizes, op, plain)
        except GradError as error:
            raise env.error(error.message, place, error.hint, kind=error.kind) from None
    return env.emit(op, items, attrs, place, letters)


def whole(env: Env, item: Item, what: str, place: Place, part: int | None = None) -> int:
    """An item as a whole number. Raises GradError elsewhere."""
    try:
        return numbers.whole(item, what)
    except GradError as error:
        raise env.error(error.message, place, error.hint, kind=error.kind, part=part) from None


def shape(env: Env, items: Sequence[Item], place: Place) -> Shape:
    """Items, the parts of what stands at a place, as the sizes of a shape.

    Raises GradError for what is no positive whole number.
    """
    sizes = env.text.sizes
    found = []
    for part, item in enumerate(items):
        number = whole(env, item, "a size", place, part)
        assert isinstance(item, Number)
        if number < 1:
            raise env.error(
                f"a size is positive, not {numbers.worth(item)}", place, kind="bad-size", part=part
            )
        found.append(item.size or sizes.constant(number))
    if not found:
        return sizes.scalar
    return (found[0], sizes.scalar[0]) if len(found) == 1 else tuple(found)


# ── brackets ──


def brackets(env: Env, items: Sequence[Item], kind: str, place: Place) -> Brackets:
    depth = 1 + max(item.depth if isinstance(item, Brackets) else 0 for item in items)
    if depth > DEEPEST:
        raise env.error(f"brackets nest more than {DEEPEST} deep here", place, kind="too-large")
    return Brackets(tuple(items), kind == "stacked", place, depth, kind == "tuple")


def _matrix(env: Env, found: Brackets) -> Ref | Number:
    """Brackets as a value: a literal where all is numbers, otherwise blocks stacked."""
    if found.listed:
        raise env.error(
            "a list in round brackets stands for axes and sizes alone",
            found.place,
            "[a, b] is a column of scalars",
            kind="bad-literal",
        )
    data = _data(found, lambda number: float(number.value))
    if data is not None:
        return _constant(env, data, _data(found, lambda number: number.rolled), found.place)
    if not found.stacked and all(isinstance(item, Brackets) for item in found.items):
        return _rows(env, found)
    return env.emit(TABLE["vstack"], _entries(env, found), (), found.place)


def _entries(env: Env, found: Brackets) -> list[Ref | Number]:
    """What stands in brackets: blocks, or scalars with commas between."""
    items = [value(env, item, found.place, k) for k, item in enumerate(found.items)]
    for k, item in enumerate(items):
        if isinstance(item, Ref) and not found.stacked and not is_scalar(item.shape):
            raise env.error(
                f"[a, b] makes a column of scalars, but {item.name} is {spell(item.shape)}",
                found.place,
                "[a; b] stacks blocks vertically; concat(a, b, axis=1) joins side by side",
                kind="bad-literal",
                part=k,
            )
    return items


def _data(found: Brackets, entry: Callable[[Number], Any]) -> tuple[Any, ...] | None:
    """The nested numbers of a literal, or None where a quantity is among them."""
    data: list[Any] = []
    for item in found.items:
        if isinstance(item, Number):
            data.append(entry(item))
        elif isinstance(item, Brackets) and not found.stacked:
            inner = _data(item, entry)
            if inner is None:
                return None
            data.append(inner)
        else:
            return None
    return tuple(data)


def _constant(env: Env, data: tuple[Any, ...], letters: Any, place: Place) -> Ref:
    columns = len(data[0]) if isinstance(data[0], tuple) else 1
    for k, row in enumerate(data):
        if (len(row) if isinstance(row, tuple) else 1) != columns or (
            isinstance(row, tuple) != isinstance(data[0], tuple)
        ):
            raise env.error(
                "the rows of this literal differ in length",
                place,
                "[[1, 2], [3, 4]]",
                kind="bad-literal",
                part=k,
            )
        if isinstance(row, tuple) and any(isinstance(entry, tuple) for entry in row):
            raise env.error(
                "a literal is a column or a matrix",
                place,
                "stack(a, b) adds an axis",
                kind="bad-literal",
                part=k,
            )
    return env.emit(TABLE["constant"], (), (("data", data),), place, formed({"data": letters}))


def formed(letters: Mapping[str, Any]) -> Letters:
    """The forms of attributes; those that have no letters are left out."""
    return tuple([(key, forms) for key, forms in letters.items() if _any(forms)])


def _any(forms: Any) -> bool:
    if isinstance(forms, tuple):
        return any(map(_any, forms))
    return forms is not None


def _rows(env: Env, found: Brackets) -> Ref:
    """[[a, b], [c, d]]: a matrix of scalars, by rows."""
    rows = [item for item in found.items if isinstance(item, Brackets)]
    for k, row in enumerate(rows):
        if len(row.items) != len(rows[0].items):
            raise env.error(
                "the rows of this matrix differ in length", found.place, kind="bad-literal", part=k
            )
    entries = [entry for row in rows for entry in _entries(env, row)]
    column = env.emit(TABLE["vstack"], entries, (), found.place)
    sizes = env.text.sizes
    stated = (sizes.constant(len(rows)), sizes.constant(len(rows[0].items)))
    return env.emit(TABLE["reshape"], (column,), (("shape", stated),), found.place)
