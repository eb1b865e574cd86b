"""Attributes that stand under a name: axes, whole numbers, flags."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from gradcli.ops.attributes.kind import (
    AMOUNT,
    KEYWORD,
    LAST,
    LISTED,
    WHOLE,
    WHOLES,
    At,
    Markup,
    attribute,
    put,
    same_value,
)
from gradcli.ops.attributes.shapes import latex_amount
from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import (
    Size,
)

MOST_ORDER = 20  # of a derivative


def _axis(axis: int, rank: int) -> int:
    """An axis, counted from 0; a negative one counts from the end."""
    if not -rank <= axis < rank:
        raise Mismatch(f"axis {axis} is out of range: there are {rank} axes, from 0")
    return axis % rank


def _axes(found: int | tuple[int, ...] | None, at: At) -> int | tuple[int, ...] | None:
    """One axis, or several where all go if none is said."""
    if isinstance(found, int):
        return _axis(found, at.rank)
    if at.default is not None:
        if found is None:
            raise Mismatch("one axis stands here")
        raise Mismatch("one axis stands here, not several")
    if found is None:
        return None
    axes = tuple(_axis(axis, at.rank) for axis in found)
    for k, axis in enumerate(axes):
        if axis in axes[:k]:
            raise Mismatch(f"axis {found[k]} is named twice")
    return axes


def _tried_axes(at: At) -> Iterator[Any]:
    if at.default is not None:
        yield from range(at.rank)
        return
    yield from (None, *range(at.rank))
    if at.rank > 2:
        yield from itertools.combinations(range(at.rank), at.rank - 1)


def _latex_axes(value: Any, default: Any, markup: Markup) -> str:
    return "" if value == default else rf"\text{{axis}}={value}"


attribute(
    "axis",
    KEYWORD,
    WHOLES,
    about="an axis",
    error="bad-axis",
    read=_axes,
    text=str,
    latex=_latex_axes,
    code=lambda value, shapes: None if value is None else value - len(shapes[0]),
    moved=lambda value, forms, at, worth: (
        value
        if forms is None
        else _axes(put(value, forms, lambda form: int(worth.number(form))), at)
    ),
    tried=_tried_axes,
)


def _permutation(found: tuple[int, ...], at: At) -> tuple[int, ...]:
    axes = tuple(_axis(axis, at.rank) for axis in found)
    if sorted(axes) != list(range(at.rank)):
        raise Mismatch(f"all of the {at.rank} axes stand here, each once")
    return axes


attribute(
    "axes",
    LAST,
    LISTED,
    shown="(0, 2, 1)",
    example="x, (0, 2, 1)",
    about="takes its axes in their new order",
    error="bad-axis",
    read=_permutation,
    text=str,
    latex=lambda value, default, markup: str(value),
    tried=lambda at: itertools.permutations(range(at.rank)),
)


def _order(order: int, at: At) -> int:
    if not 1 <= order <= MOST_ORDER:
        raise Mismatch(f"an order is from 1 to {MOST_ORDER}, not {order}")
    return order


attribute(
    "order",
    KEYWORD,
    WHOLE,
    about="an order",
    read=_order,
    text=str,
    latex=lambda value, default, markup: str(value),
    tried=lambda at: (1, 2),
)


def _ddof(ddof: int, at: At) -> int:
    if ddof < 0:
        raise Mismatch(f"ddof is not negative: {ddof}")
    return ddof


attribute(
    "ddof",
    KEYWORD,
    WHOLE,
    about="ddof",
    read=_ddof,
    text=str,
    latex=lambda value, default, markup: rf"\text{{ddof}}={value}" if value else "",
    tried=lambda at: (0, 1),
)


def _number(name: str, about: str, tried: tuple[int, ...], read: Any = same_value) -> None:
    """Register a whole number that stands under its name."""
    attribute(
        name,
        KEYWORD,
        WHOLE,
        about=about,
        read=read,
        text=str,
        latex=lambda value, default, markup: (
            "" if value == default else rf"\text{{{name}}}={value}"
        ),
        tried=lambda at: tried,
    )


def _flag(name: str) -> Any:
    """Reads a number that is 0 or 1."""

    def read(value: int, at: At) -> int:
        if value not in (0, 1):
            raise Mismatch(f"{name} is 0 or 1, not {value}")
        return value

    return read


_number("reverse", "reverse", (0, 1), _flag("reverse"))
_number("shift", "a shift", (1, -1, 2))
_number("by", "a number of places", (1, -1, 2))
_number("k", "a diagonal's number", (0, 1, -1))
attribute(
    "lower",
    KEYWORD,
    WHOLE,
    about="which triangle is read",
    read=_flag("lower"),
    text=str,
    latex=lambda value, default, markup: "" if value else r"_{\text{upper}}",
    tried=lambda at: (1, 0),
)
attribute(
    "trans",
    KEYWORD,
    WHOLE,
    about="whether the matrix is transposed",
    read=_flag("trans"),
    text=str,
    latex=lambda value, default, markup: r"-\top" if value else "-1",
    tried=lambda at: (0, 1),
)


def _amount(name: str, about: str, least: int, *tried: int) -> None:
    """Register a whole number, which may be made of dims, that stands under its name."""

    def plain(size: Size) -> int | Size:
        if size.value < least:
            raise Mismatch(f"{about} is at least {least}, not {size.text}")
        return int(size.value) if size.is_constant else size

    attribute(
        name,
        KEYWORD,
        AMOUNT,
        about=about,
        read=lambda size, at: plain(size),
        text=lambda value: value.text if isinstance(value, Size) else str(value),
        latex=lambda value, default, markup: (
            "" if value == default else rf",\ \text{{{name}}}={latex_amount(value, markup)}"
        ),
        code=lambda value, shapes: int(value.value) if isinstance(value, Size) else value,
        moved=lambda value, forms, at, worth: value if forms is None else plain(worth.size(forms)),
        tried=lambda at: [at.default, *tried],
    )


def _extra(found: int | tuple[int, ...], at: At) -> int | tuple[int, ...]:
    """How much longer axes are: one number where it is the same of all."""
    if isinstance(found, tuple) and len(set(found)) == 1:
        return found[0]
    return found


attribute(
    "extra",
    KEYWORD,
    WHOLES,
    about="extra",
    read=_extra,
    text=str,
    latex=lambda value, default, markup: "" if value == default else rf",\ \text{{extra}}={value}",
    moved=lambda value, forms, at, worth: (
        value
        if forms is None
        else _extra(put(value, forms, lambda form: int(worth.number(form))), at)
    ),
    tried=lambda at: (0, 1),
)


_amount("stride", "a stride", 1, 2)
_amount("pad", "pad", 0, 1)
_amount("dilation", "a dilation", 1, 2)
_amount("groups", "the number of groups", 1, 2)
