"""Entries taken by their numbers: rows, and entries along an axis.

An operand that is an index holds whole numbers from 0 on, and has no derivative. `indexes` says
below what they lie, which is compared with what is declared: none is ever out of range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import gather_code as coding
from gradcli.ops import lists
from gradcli.ops.core import (
    EXACT,
    Array,
    Op,
    Pair,
    Signature,
    Spelling,
    coded,
    define,
    no_vjp,
    register,
)
from gradcli.ops.flops import none
from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import POSTFIX, Shape, is_one, is_scalar, numbers, same, spell

ROWS = "a row of an identity for each number; the transpose adds where one repeats"
ALONG = "NumPy, take_along_axis: entries move, and where one is taken twice its cotangents add"


def index(x: Array) -> Array:
    """Whole numbers as NumPy indexes with."""
    return np.asarray(np.rint(x.real.astype(float)), dtype=int)


# ── rows: C[i], and their sums ──


def _rows(shape: Shape) -> Shape:
    """The axes of what rows an index takes: a column takes as many as it has entries."""
    return shape[:1] if len(shape) == 2 and is_one(shape[1]) else shape


def _take_shape(s: Signature) -> Shape:
    x, i = s.shapes
    if is_scalar(x):
        raise Mismatch("{0} is a scalar and has no rows")
    rows, rest = _rows(i), x[1:]
    if len(rows) > 1 and len(rest) == 1 and is_one(rest[0]):
        return rows  # of a column: numbers in the index's own shape
    return (*rows, *rest)


def _flat(x: Array, rank: int) -> Array:
    """An array's first axis, behind those in front, and all the others as one."""
    lead = x.shape[: x.ndim - rank]
    return x.reshape((*lead, x.shape[len(lead)], -1))


def _take(x: Array, i: Array, ranks: tuple[int, int], shape: tuple[int, ...]) -> Array:
    rows = _flat(x, ranks[0])
    places = index(i).reshape((*i.shape[: i.ndim - ranks[1]], -1, 1))
    lead = np.broadcast_shapes(rows.shape[:-2], places.shape[:-2])
    rows = np.broadcast_to(rows, (*lead, *rows.shape[-2:]))
    places = np.broadcast_to(places, (*lead, *places.shape[-2:]))
    return np.take_along_axis(rows, places, -2).reshape((*lead, *shape))


def _segment_shape(s: Signature) -> Shape:
    x, i = s.shapes
    rows, count = _rows(i), s.attrs["count"]
    if len(x) < len(rows) or any(same(a, b) is None for a, b in zip(x, rows, strict=False)):
        raise Mismatch(
            f"{{0}} is {spell(x)} and {{1}} is {spell(i)}: there is a number for each row"
        )
    rest = x[len(rows) :]
    return (count, *rest) if rest else (count, s.sizes.constant(1))


def _segment_sum(
    x: Array, i: Array, ranks: tuple[int, int], count: int, shape: tuple[int, ...]
) -> Array:
    places = index(i).reshape((*i.shape[: i.ndim - ranks[1]], -1))
    lead = np.broadcast_shapes(x.shape[: x.ndim - ranks[0]], places.shape[:-1])
    rows = x.reshape((*x.shape[: x.ndim - ranks[0]], places.shape[-1], -1))
    rows = np.broadcast_to(rows, (*lead, *rows.shape[-2:]))
    places = np.broadcast_to(places, (*lead, places.shape[-1]))
    total = np.zeros((*lead, count, rows.shape[-1]), x.dtype)
    for at in np.ndindex(*lead):
        np.add.at(total[at], places[at], rows[at])
    return total.reshape((*lead, *shape))


def _brackets(s: Signature, i: Expr) -> tuple[Expr, Expr]:
    """An index as it takes rows, and as it takes those of the transpose."""
    return i, i.T if len(_rows(s.shapes[1])) > 1 else i


def _ranks(s: Signature) -> tuple[int, ...]:
    return tuple(map(len, s.shapes))


def _moved(forward: Callable[..., Array]) -> Callable[..., Any]:
    """The exact form of what moves and adds entries of its first operand, as numbers say."""

    def exact(a: Any, x: Any, i: Any, **static: Any) -> Any:
        found = a.ring(lambda v: forward(v, i.near, **static), (x,))
        return a.doubted(found, *(doubt for doubt in i.doubts if doubt.grave))

    return exact


register(
    Op(
        name="take",
        operands=("x", "i"),
        shape=_take_shape,
        forward=_take,
        vjp=lambda s, g, y, x, i: (call("segment_sum", g, i, count=s.shapes[0][0]), None),
        linear=((0,),),
        indexes={1: lambda s: s.shapes[0][0]},
        flops=none,
        exact=_moved(_take),
        about="rows by their numbers; the cotangents of a row that is taken more than once add up",
        cite=ROWS,
        text=Spelling("{0}[{1}]", POSTFIX, (POSTFIX, 0)),
        latex=Spelling("{0}[{1}]", POSTFIX, (POSTFIX, 0)),
        static=lambda s: {"ranks": _ranks(s), "shape": numbers(_take_shape(s))},
        group="indices",
        rounding=EXACT,
        code=coding.rows,
        lists=lists.take,
    ),
    function=False,
)
define(
    "segment_sum",
    operands=("x", "i"),
    attributes=("count",),
    shape=_segment_shape,
    forward=_segment_sum,
    vjp=lambda s, g, y, x, i: (call("take", g, i), None),
    linear=((0,),),
    indexes={1: lambda s: s.attrs["count"]},
    flops=lambda s, shape: s.sizes.product(s.shapes[0]),
    exact=_moved(_segment_sum),
    about="the sum of the rows of each number; zeros where there are none",
    cite=ROWS,
    rows=_brackets,
    static=lambda s: {"ranks": _ranks(s), **coded(s), "shape": numbers(_segment_shape(s))},
    group="indices",
    yields=True,
    code=coding.row_sums,
    lists=lists.segment_sum,
)


# ── along an axis: pick and put ──


def _alike_elsewhere(s: Signature, *shapes: Shape) -> None:
    """Raise Mismatch unless two arrays have the same axes, but for one."""
    x, i = shapes
    axis = s.attrs["axis"]
    if len(x) != len(i) or any(
        same(a, b) is None for k, (a, b) in enumerate(zip(x, i, strict=True)) if k != axis
    ):
        raise Mismatch(f"{{0}} is {spell(x)} and {{1}} is {spell(i)}: axis {axis} alone may differ")


def _pick_shape(s: Signature) -> Shape:
    _alike_elsewhere(s, *s.shapes)
    return s.shapes[1]


def _pick(x: Array, i: Array, axis: int) -> Array:
    lead = np.broadcast_shapes(x.shape[: x.ndim + axis], i.shape[: i.ndim + axis])
    x = np.broadcast_to(x, (*lead, *x.shape[x.ndim + axis :]))
    i = np.broadcast_to(index(i), (*lead, *i.shape[i.ndim + axis :]))
    return np.take_along_axis(x, i, axis)


def _put_shape(s: Signature) -> Shape:
    x, i = s.shapes
    if len(x) != len(i) or any(same(a, b) is None for a, b in zip(x, i, strict=True)):
        raise Mismatch(
            f"{{0}} is {spell(x)} and {{1}} is {spell(i)}: there is a number for each entry"
        )
    return tuple(s.attrs["count"] if k == s.attrs["axis"] else size for k, size in enumerate(x))


def _put(x: Array, i: Array, axis: int, count: int) -> Array:
    shape = np.broadcast_shapes(x.shape, i.shape)
    entries = np.moveaxis(np.broadcast_to(x, shape), axis, -1)
    places = np.moveaxis(np.broadcast_to(index(i), shape), axis, -1)
    total = np.zeros((*entries.shape[:-1], count), x.dtype)
    for at in np.ndindex(*entries.shape[:-1]):
        np.add.at(total[at], places[at], entries[at])
    return np.moveaxis(total, -1, axis)


def _turned(name: str) -> Callable[[Signature, Sequence[Pair]], Expr | None]:
    def flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
        attrs = {**s.attrs, "axis": s.rank - 1 - s.attrs["axis"]}
        return call(name, *(pair.flipped for pair in pairs), **attrs)

    return flip


define(
    "pick",
    operands=("x", "i"),
    keywords={"axis": 0},
    shape=_pick_shape,
    forward=_pick,
    vjp=lambda s, g, y, x, i: (
        call("put", g, i, count=s.shapes[0][s.attrs["axis"]], axis=s.attrs["axis"]),
        None,
    ),
    linear=((0,),),
    indexes={1: lambda s: s.shapes[0][s.attrs["axis"]]},
    flops=none,
    exact=_moved(_pick),
    about="entries along an axis by their numbers: one a row with axis=1 and a column",
    cite=ALONG,
    flip=_turned("pick"),
    group="indices",
    rounding=EXACT,
    yields=True,
    code=coding.picked,
    lists=lists.pick,
)


def _put_terms(s: Signature, book: Any, x: Any, i: Any) -> Any:
    """Of one entry a row its product with the row's 1."""
    book.expect(s.rank == 2 and s.attrs["axis"] == 1 and is_one(s.shapes[1][1]))
    return book.multiply(x, book.made("onehot", i, count=s.attrs["count"]))


define(
    "put",
    operands=("x", "i"),
    attributes=("count",),
    keywords={"axis": 0},
    shape=_put_shape,
    forward=_put,
    vjp=lambda s, g, y, x, i: (call("pick", g, i, axis=s.attrs["axis"]), None),
    linear=((0,),),
    indexes={1: lambda s: s.attrs["count"]},
    flops=lambda s, shape: s.sizes.product(s.shapes[0]),
    terms=_put_terms,
    exact=_moved(_put),
    about="zeros, with each entry added at its number along an axis: what pick takes, put back",
    cite=ALONG,
    flip=_turned("put"),
    group="indices",
    yields=True,
    code=coding.put_back,
    lists=lists.put,
)


# ── masks ──


def _onehot_shape(s: Signature) -> Shape:
    return (*_rows(s.shapes[0]), s.attrs["count"])


def _onehot(i: Array, rank: int, count: int, shape: tuple[int, ...]) -> Array:
    places = index(i).reshape((*i.shape[: i.ndim - rank], *shape[:-1], 1))
    return np.asarray(places == np.arange(count), dtype=float)


define(
    "onehot",
    operands=("i",),
    attributes=("count",),
    shape=_onehot_shape,
    forward=_onehot,
    vjp=no_vjp,
    indexes={0: lambda s: s.attrs["count"]},
    flops=none,
    exact=lambda a, i, **static: a.constant(_onehot(i.near, **static)),
    about="a row for each number: 1 at its place, 0 elsewhere",
    cite="an index has no derivative",
    static=lambda s: {"rank": s.rank, **coded(s), "shape": numbers(_onehot_shape(s))},
    boolean=True,
    sums_to_one=lambda s: len(_onehot_shape(s)) - 1,
    places="put",
    group="indices",
    rounding=EXACT,
    yields=True,
    code=coding.onehot,
    lists=lists.onehot,
)
