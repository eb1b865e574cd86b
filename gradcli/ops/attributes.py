"""The kinds of attributes: what an operation takes besides its operands. One entry a kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from gradcli.ops.attribute import (
    ALONE,
    AMOUNT,
    AMOUNTS,
    BRACKETS,
    COUNT,
    FIRST,
    INSIDE,
    KEYWORD,
    LAST,
    LISTED,
    NOTHING,
    SIZE,
    SIZES,
    TEXT,
    WHOLE,
    WHOLES,
    At,
    Attribute,
    Markup,
    put,
    same_value,
)
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.parts import (
    Part,
    Region,
    all_written,
    indexed_shape,
    moved,
    read_regions,
    stepped,
    whole,
    written,
)
from gradcli.sizes import (
    Lettered,
    Number,
    Shape,
    Size,
    Sizes,
    is_one,
    numbers,
    numeral,
)

MOST_ORDER = 20  # of a derivative

ATTRIBUTES: dict[str, Attribute] = {}


def attribute(name: str, stands: str, takes: str, **fields: Any) -> None:
    """Register a kind."""
    if takes == WHOLE:
        read = fields.get("read", same_value)
        fields["moved"] = lambda value, forms, at, worth: (
            value if forms is None else read(int(worth.number(forms)), at)
        )
    ATTRIBUTES[name] = Attribute(name, stands, takes, **fields)


# ── texts before the operands ──


def _subscripts(at: At) -> Iterator[str]:
    """Letters for the operands' axes: all apart, equal sizes joined, repeated, some left out."""
    yield "ij,jk->ik"
    fresh = iter("abcdefghijklmnop")
    apart = ["".join(next(fresh) for _ in shape) for shape in at.shapes]
    known = list(dict.fromkeys(size for shape in at.shapes for size in shape))
    joined = ["".join("ijklmnop"[known.index(size)] for size in shape) for shape in at.shapes]
    for terms in (apart, joined):
        every = "".join(dict.fromkeys("".join(terms)))
        for right in dict.fromkeys((every, every[::-1], every[:2], every[1:], every[:1], "")):
            yield f"{','.join(terms)}->{right}"


attribute(
    "subscripts",
    FIRST,
    TEXT,
    shown='"subscripts"',
    example='"ij,jk->ik", A, B',
    about="begins with its subscripts",
    text=lambda value: f'"{value}"',
    latex=lambda value, default, markup: value,
    tried=_subscripts,
)


def _tried_regions(shape: Shape, sizes: Sizes) -> list[Region]:
    """Of each axis: all of it, a single entry, a slice; not all of all of them."""
    choices = []
    for size in shape:
        parts = [whole(size, sizes)]
        if not is_one(size):
            last = int(size.value)
            parts.append(Part(sizes.constant(last - 1), sizes.constant(last), single=True))
            parts.append(Part(sizes.constant(0), sizes.constant(last - 1)))
        if size.value > 2:
            every = Part(sizes.constant(0), size, step=sizes.constant(2))
            parts.append(stepped(every, size, sizes))
        choices.append(parts)
    return [
        region for region in itertools.product(*choices) if not all(part.whole for part in region)
    ]


def _scattered(at: At) -> Iterator[tuple[Region, ...]]:
    """The operands below each other; for each the regions of its size, in two axes and in three."""
    start, below = at.sizes.constant(0), []
    for shape in at.shapes:
        stop = at.sizes.add(start, shape[0])
        below.append((Part(start, stop), *(whole(size, at.sizes) for size in shape[1:])))
        start = stop
    yield tuple(below)
    n, m, k = list(at.sizes.dims.values())[:3]
    for target in ((n, m), (k, n, m)):
        fitting = [
            [r for r in _tried_regions(target, at.sizes) if indexed_shape(at.sizes, r) == shape]
            for shape in at.shapes
        ]
        yield from itertools.product(*fitting)


def _latex_region(region: Region) -> str:
    return written(region).replace(":", "{:}")


attribute(
    "regions",
    FIRST,
    TEXT,
    shown='"regions"',
    example='"0:2, :", x, [N, M]',
    about="begins with its regions",
    read=lambda text, at: read_regions(text, at.known["shape"], at.sizes),
    text=lambda value: f'"{all_written(value)}"',
    latex=lambda value, default, markup: "; ".join(map(_latex_region, value)),
    code=lambda value, shapes: tuple(tuple(part.slice() for part in r) for r in value),
    tried=_scattered,
)


# ── sizes ──


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
        "(" + ", ".join(_latex_amount(size, markup) for size in value) + ")"
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
attribute(
    "size",
    ALONE,
    SIZE,
    shown="size",
    example="N",
    about="takes one size",
    text=lambda value: value.text,
    latex=lambda value, default, markup: markup.size(value),
    code=lambda value, shapes: int(value.value),
    tried=lambda at: (next(iter(at.sizes.dims.values())), at.sizes.constant(1)),
)


attribute(
    "count",
    LAST,
    COUNT,
    shown="n",
    example="…, N",
    about="ends with how many there are",
    text=lambda value: value.text,
    latex=lambda value, default, markup: markup.size(value),
    code=lambda value, shapes: int(value.value),
    tried=lambda at: (*list(at.sizes.dims.values())[:2], at.sizes.constant(2)),
)


# ── keywords ──


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
    return "" if value == default else rf"\text{{axis }}{value}"


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
    latex=lambda value, default, markup: rf"\text{{ddof }}{value}" if value else "",
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
            "" if value == default else rf"\text{{{name} }}{value}"
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
            "" if value == default else rf",\ \text{{{name} }}{_latex_amount(value, markup)}"
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
    latex=lambda value, default, markup: "" if value == default else rf",\ \text{{extra }}{value}",
    moved=lambda value, forms, at, worth: (
        value
        if forms is None
        else _extra(put(value, forms, lambda form: int(worth.number(form))), at)
    ),
    tried=lambda at: (0, 1),
)


def _latex_amount(value: int | Size, markup: Markup) -> str:
    return markup.size(value) if isinstance(value, Size) else str(value)


_amount("stride", "a stride", 1, 2)
_amount("pad", "pad", 0, 1)
_amount("dilation", "a dilation", 1, 2)
_amount("groups", "the number of groups", 1, 2)


# ── what the grammar has brackets for ──


def _slices(at: At) -> Iterator[Region]:
    """The first rows, and what else there is."""
    sizes, shape = at.sizes, at.shapes[0]
    rows = sizes.constant(max(1, int(shape[0].value) - 1))
    if not is_one(shape[0]):
        yield Part(sizes.constant(0), rows), *(whole(size, sizes) for size in shape[1:])
    yield from _tried_regions(shape, sizes)


attribute(
    "region",
    INSIDE,
    NOTHING,
    shown="…",
    text=written,
    latex=lambda value, default, markup: _latex_region(value),
    code=lambda value, shapes: tuple(part.slice() for part in value),
    rolled=lambda value, forms: [part.rolled or str(part) for part in value],
    moved=lambda value, forms, at, worth: moved(value, at.shapes[0], at.sizes, worth),
    tried=_slices,
)


def _literal(data: Any) -> str:
    """A literal's nested tuples as they are written: a column has numbers, a matrix rows."""
    if isinstance(data, tuple) and not isinstance(data, Number):
        return "[" + ", ".join(_literal(entry) for entry in data) + "]"
    return data.text if isinstance(data, Lettered | Number) else numeral(data)


def _latex_literal(data: Any, default: Any, markup: Markup) -> str:
    rows = [
        " & ".join(map(markup.number, row)) if isinstance(row, tuple) else markup.number(row)
        for row in data
    ]
    return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"


attribute(
    "data",
    INSIDE,
    NOTHING,
    shown="[1, 2, 3]",
    text=_literal,
    latex=_latex_literal,
    moved=lambda value, forms, at, worth: put(value, forms, worth.number),
    tried=lambda at: ((1.0, 2.0, 3.0), ((1.0, 2.0), (3.0, 4.0))),
)
