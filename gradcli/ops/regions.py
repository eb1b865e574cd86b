"""Regions of arrays: `index` takes one, `scatter` puts one back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import lists, maps
from gradcli.ops.coding import CALLED, JAX, NUMPY, TORCH
from gradcli.ops.core import (
    ALL,
    EXACT,
    RING,
    Array,
    Op,
    Pair,
    Signature,
    Spelling,
    coded,
    kept_counts,
    register,
)
from gradcli.ops.flops import none
from gradcli.ops.maps import Map
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.parts import Part, Region, indexed_shape, whole
from gradcli.ops.shape_code import padded, padded_torch, taken
from gradcli.ops.shape_code import regions as coded_regions
from gradcli.sizes import POSTFIX, Shape, Size, Sizes, numbers, same, spell

SLICES = "course recitation on computing derivatives, scanning with an MLP"


# ── index ──


def _index(x: Array, slices: tuple[slice, ...], shape: tuple[int, ...]) -> Array:
    index: Any = (..., *slices)
    found: Array = x[index]
    return found.reshape((*found.shape[: found.ndim - len(slices)], *shape))


def _turns(region: Region) -> bool:
    """Whether a region's transpose is the transposed array's region: not where a column is left."""
    if len(region) <= 2 or not any(part.single for part in region):
        return True
    return sum(not part.single for part in region) >= 2


def _index_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    region = s.attrs["region"]
    return call("index", pairs[0].flipped, region=region[::-1]) if _turns(region) else None


register(
    Op(
        name="index",
        operands=("x",),
        attributes=("region",),
        shape=lambda s: indexed_shape(s.sizes, s.attrs["region"]),
        forward=_index,
        vjp=lambda s, g, y, x: (
            call("scatter", g, regions=(s.attrs["region"],), shape=s.shapes[0]),
        ),
        linear=ALL,
        flops=none,
        jacobian=lambda s, k, operands: selected(s.attrs["region"], s.shapes[0], s.sizes),
        exact=RING,
        about="a slice or an entry; its cotangent goes to that region alone",
        cite=SLICES,
        text=Spelling("{0}[{region}]", POSTFIX, (POSTFIX,)),
        latex=Spelling("{0}[{region}]", POSTFIX, (POSTFIX,)),
        flip=_index_flip,
        static=lambda s: {
            "slices": coded(s)["region"],
            "shape": numbers(indexed_shape(s.sizes, s.attrs["region"])),
        },
        counts=kept_counts,
        group="operators",
        rounding=EXACT,
        code={NUMPY: taken},
        lists=lists.taken,
    ),
    function=False,
)


def selected(region: Region, shape: Shape, sizes: Sizes) -> Map | None:
    """The map from an array to a region of it: rows of an identity, axis by axis."""
    if len(shape) != 2:
        return None
    axes = [_rows(part, size, sizes) for part, size in zip(region, shape, strict=True)]
    return maps.kron(axes[0], axes[1], sizes)


def _rows(part: Part, size: Size, sizes: Sizes) -> Map:
    if part.whole:
        return maps.Eye(size)
    chosen = call("index", call("eye", size=size), region=(part, whole(size, sizes)))
    return maps.Dense(chosen, (part.length(sizes), size))


# ── scatter: the adjoint of an index ──


def _scatter_shape(s: Signature) -> Shape:
    places: tuple[Region, ...] = s.attrs["regions"]
    if len(places) != len(s.shapes):
        raise Mismatch(
            f"there are {len(places)} regions and {len(s.shapes)} operands", attribute="regions"
        )
    filled: Shape = s.attrs["shape"]
    for i, (shape, region) in enumerate(zip(s.shapes, places, strict=True)):
        lies = len(region) == len(filled) and all(
            same(part.stop, size) if part.whole else part.stop.value <= size.value
            for part, size in zip(region, filled, strict=True)
        )
        if not lies:
            raise Mismatch(f"a region does not lie within {spell(filled)}", attribute="regions")
        fits = indexed_shape(s.sizes, region)
        if numbers(shape) != numbers(fits):
            raise Mismatch(f"{{{i}}} is {spell(shape)} and its region {spell(fits)}")
    return filled


def _scatter_flops(s: Signature, shape: Shape) -> Size:
    """An operand whose region others have been put into is added, entry by entry."""
    filled = np.zeros(numbers(shape), dtype=bool)
    total = s.sizes.constant(0)
    for operand, region in zip(s.shapes, s.attrs["regions"], strict=True):
        area = tuple(part.slice() for part in region)
        if filled[area].any():
            total = s.sizes.add(total, s.sizes.product(operand))
        filled[area] = True
    return total


def scatter(
    *xs: Array,
    slices: tuple[tuple[slice, ...], ...],
    ranks: tuple[int, ...],
    shape: tuple[int, ...],
) -> Array:
    leads = [x.shape[: x.ndim - rank] for x, rank in zip(xs, ranks, strict=True)]
    total = np.zeros((*np.broadcast_shapes(*leads), *shape), np.result_type(*xs))
    for x, lead, region in zip(xs, leads, slices, strict=True):
        index: Any = (..., *region)
        area = total[index]  # a view
        area += x.reshape((*lead, *area.shape[area.ndim - len(shape) :]))
    return total


def _scatter_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    places: tuple[Region, ...] = s.attrs["regions"]
    if not all(map(_turns, places)):
        return None
    turned = tuple(region[::-1] for region in places)
    flipped = [pair.flipped for pair in pairs]
    return call("scatter", *flipped, regions=turned, shape=s.attrs["shape"][::-1])


def _scatter_static(s: Signature) -> dict[str, Any]:
    code = coded(s)
    return {
        "slices": code["regions"], "ranks": tuple(map(len, s.shapes)), "shape": code["shape"],
    }  # fmt: skip


register(
    Op(
        name="scatter",
        operands=("*xs",),
        attributes=("regions", "shape"),
        shape=_scatter_shape,
        forward=scatter,
        vjp=lambda s, g, y, *xs: tuple(
            call("index", g, region=region) for region in s.attrs["regions"]
        ),
        linear=ALL,
        flops=_scatter_flops,
        exact=RING,
        about="zeros, with each operand added at its region",
        cite=SLICES,
        text=Spelling("scatter"),
        latex=Spelling(r"\operatorname{{scatter}}_{{{regions}}}^{{{shape}}}\left({,}\right)"),
        flip=_scatter_flip,
        static=_scatter_static,
        region=lambda s: s.attrs["regions"],
        group="shaping",
        code={CALLED: coded_regions, TORCH: padded_torch, JAX: padded},
        lists=lists.scattered,
    )
)
