"""Attributes in quotes, and those that the grammar has brackets for: letters, regions, literals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from gradcli.ops.attributes.kind import (
    FIRST,
    INSIDE,
    NOTHING,
    TEXT,
    At,
    Markup,
    attribute,
    put,
)
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
    Sizes,
    is_one,
    numeral,
)


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
