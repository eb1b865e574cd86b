"""Attributes that are sizes: shapes, windows, counts, and how much is put at ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from gradcli.ops.attributes.kind import (
    ALONE,
    AMOUNTS,
    BRACKETS,
    COUNT,
    LAST,
    SIZE,
    SIZES,
    At,
    Markup,
    attribute,
)
from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import (
    Shape,
    Size,
    is_one,
    numbers,
)


def _latex_sizes(value: Shape, default: Any, markup: Markup) -> str:
    return r" \times ".join(map(markup.size, value))


def _shapes(at: At) -> Iterator[Shape]:
    one = at.sizes.constant(1)
    if at.shapes:
        entries = at.sizes.product(at.shapes[0])
        yield from (at.shapes[0][::-1], (entries, one), (one, entries))
    n, m, k = list(at.sizes.dims.values())[:3]
    yield from ((n, m), (m, n), (n, n), (k, n, m), (m, n, k), (k, n, n), (n, k, m))
    yield at.sizes.add(n, n), m


attribute(
    "shape",
    LAST,
    BRACKETS,
    shown="[shape]",
    example="x, [N, M]",
    about="takes a quantity and a shape",
    text=lambda value: "[" + ", ".join(size.text for size in value) + "]",
    latex=_latex_sizes,
    code=lambda value, shapes: numbers(value),
    tried=_shapes,
)


def _plain_shape(value: Shape) -> str:
    """A shape; that of a column has one axis."""
    shown = value[:1] if len(value) == 2 and is_one(value[1]) else value
    return "[" + ", ".join(size.text for size in shown) + "]"


attribute(
    "window",
    LAST,
    BRACKETS,
    shown="[K, K]",
    example="…, [K, K]",
    about="ends with a window's axes",
    text=_plain_shape,
    latex=_latex_sizes,
    code=lambda value, shapes: numbers(value),
    tried=lambda at: itertools.product(
        (at.sizes.dims["M"], at.sizes.constant(2)), (at.sizes.constant(1), at.sizes.constant(2))
    ),
)


def _ends(found: tuple[Size, ...], at: At) -> tuple[int | Size, ...]:
    """How much comes in front and behind."""
    if len(found) > 2 or any(size.value < 0 for size in found):
        raise Mismatch("one number stands here, or how much comes in front and how much behind")
    both = found * 2 if len(found) == 1 else found
    return tuple(int(size.value) if size.is_constant else size for size in both)


def _text_amounts(value: tuple[int | Size, ...]) -> str:
    shown = value[:1] if value[0] == value[1] else value
    texts = [size.text if isinstance(size, Size) else str(size) for size in shown]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def latex_amount(value: int | Size, markup: Markup) -> str:
    return markup.size(value) if isinstance(value, Size) else str(value)


attribute(
    "ends",
    LAST,
    AMOUNTS,
    shown="(before, after)",
    example="x, (1, 1)",
    about="ends with how many zeros come in front and behind",
    read=_ends,
    text=_text_amounts,
    latex=lambda value, default, markup: (
        "(" + ", ".join(latex_amount(size, markup) for size in value) + ")"
    ),
    code=lambda value, shapes: tuple(
        int(size.value) if isinstance(size, Size) else size for size in value
    ),
    tried=lambda at: ((1, 0), (0, 2), (1, 1)),
)


def _alone(at: At) -> Iterator[Shape]:
    n, m, k = list(at.sizes.dims.values())[:3]
    yield from ((n, m), (n,), (k, n, m))


attribute(
    "sizes",
    ALONE,
    SIZES,
    shown="*sizes",
    example="N, M",
    about="takes its sizes",
    text=lambda value: ", ".join(size.text for size in value),
    latex=_latex_sizes,
    code=lambda value, shapes: numbers(value),
    tried=_alone,
)
ONE: dict[str, Any] = {  # how one size is written and handed on
    "text": lambda value: value.text,
    "latex": lambda value, default, markup: markup.size(value),
    "code": lambda value, shapes: int(value.value),
}
attribute(
    "size",
    ALONE,
    SIZE,
    shown="size",
    example="N",
    about="takes one size",
    **ONE,
    tried=lambda at: (next(iter(at.sizes.dims.values())), at.sizes.constant(1)),
)


attribute(
    "count",
    LAST,
    COUNT,
    shown="n",
    example="…, N",
    about="ends with how many there are",
    **ONE,
    tried=lambda at: (*list(at.sizes.dims.values())[:2], at.sizes.constant(2)),
)
