"""Spreads and unit vectors: reductions under whose names a file may define others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, as_expr, call, equal
from gradcli.ops import along_lists, exact
from gradcli.ops.coding import JAX, TORCH
from gradcli.ops.core import Array, Signature, roman
from gradcli.ops.flops import reduced
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.normalisations import total
from gradcli.ops.reduction_code import along, spread
from gradcli.ops.reductions import (
    entries,
    norm,
    reduced_shape,
    reduction,
    reduction_axes,
    size_number,
)
from gradcli.sizes import PRODUCT, Shape

VARIANCE = "d Σ (x - x̄)² / (n - ddof) = 2 (x - x̄) · dx / (n - ddof), since Σ (x - x̄) = 0"

UNIT = "{0} / {xp}.clip({xp}.sqrt({xp}.square({0}).sum(WITH)), 1e-38)"


def _spread_shape(s: Signature) -> Shape:
    n, ddof = entries(s), s.attrs["ddof"]
    if n.value <= ddof:
        raise Mismatch(
            f"{n.text} entries less ddof = {ddof} leave none to divide by", attribute="ddof"
        )
    return reduced_shape(s)


def _spread_static(s: Signature) -> dict[str, Any]:
    return {**reduction_axes(s), "ddof": s.attrs["ddof"]}


def _left(s: Signature) -> Expr:
    """How many entries a spread is divided by."""
    less = s.sizes.constant(s.attrs["ddof"])
    return as_expr(size_number(s.sizes.add(entries(s), less, -1)))


def _deviations(s: Signature, x: Expr) -> Expr:
    return x - call("mean", x, axis=s.attrs["axis"])


def _variance(x: Array, axes: tuple[int, ...], ddof: int) -> Array:
    count = math.prod(x.shape[axis] for axis in axes)
    off = x - np.mean(x, axis=axes, keepdims=True)
    return np.asarray(np.sum(off * off, axis=axes, keepdims=True) / (count - ddof))


def _var(x: Array, axes: tuple[int, ...], scalar: bool, ddof: int) -> Array:
    found = _variance(x, axes, ddof)
    return found.reshape((*x.shape[: x.ndim - len(axes)], 1, 1)) if scalar else found


def _std(x: Array, axes: tuple[int, ...], scalar: bool, ddof: int) -> Array:
    return np.asarray(np.sqrt(_var(x, axes, scalar, ddof)))


reduction(
    "var",
    _var,
    lambda s, g, y, x: (g * 2 * _deviations(s, x) / _left(s),),
    VARIANCE,
    "variance; ddof=1 divides by one entry less",
    roman("var") + r"{keywords}\left({0}\right)",
    exact=exact.var,
    static=_spread_static,
    shape=_spread_shape,
    keywords={"axis": None, "ddof": 0},
    yields=True,
    flops=reduced(function=3, rest=1),
    code={
        TORCH: spread("{0}.var(dim=AXES, correction=DDOF, keepdim=True)"),
        JAX: spread("{0}.var(axis=AXES, ddof=DDOF, keepdims=True)"),
    },
    lists=along_lists.var,
)
reduction(
    "std",
    _std,
    lambda s, g, y, x: (g * _deviations(s, x) / (_left(s) * call("where", equal(y, 0), 1, y)),),
    "the square root of the variance: dσ = dσ² / (2 σ)",
    "standard deviation; ddof=1 divides by one entry less",
    roman("std") + r"{keywords}\left({0}\right)",
    exact=lambda a, x, **static: exact.root(a, exact.var(a, x, **static)),
    static=_spread_static,
    shape=_spread_shape,
    keywords={"axis": None, "ddof": 0},
    kink="where all entries are one the derivative is 0",
    branches=lambda x, axes, scalar, ddof: np.any(
        x.real != np.mean(x.real, axis=axes, keepdims=True), axis=axes, keepdims=True
    ),
    yields=True,
    flops=reduced(function=3, rest=2),
    code={
        TORCH: spread("{0}.std(dim=AXES, correction=DDOF, keepdim=True)"),
        JAX: spread("{0}.std(axis=AXES, ddof=DDOF, keepdims=True)"),
    },
    lists=along_lists.std,
)


def _unit(x: Array, axes: tuple[int, ...], scalar: bool) -> Array:
    there = np.any(x.real != 0, axis=axes, keepdims=True)
    return np.asarray(x / np.where(there, norm(x, axes), 1))


def _unit_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    length = call("norm", x, axis=s.attrs["axis"])
    there = call("where", equal(length, 0), 1, length)
    return ((g - y * total(s, g * y)) / there * (length > 0),)


reduction(
    "normalize",
    _unit,
    _unit_vjp,
    "d (x / ‖x‖) = (dx - y yᵀdx) / ‖x‖ (Matrix Cookbook, eq. 130)",
    "x / ‖x‖, along an axis",
    roman("normalize") + r"{keywords}\left({0}\right)",
    exact=lambda a, x, axes, scalar: x / exact.norm(a, x, axes, scalar=False),
    shape=lambda s: s.shapes[0],
    keywords={"axis": 0},
    group="normalisations",
    kink="where x = 0 the value and the derivative are 0",
    branches=lambda x, axes, scalar: np.any(x.real != 0, axis=axes, keepdims=True),
    yields=True,
    flops=reduced(function=1, rest=1, spread=1),
    lists=along_lists.normalize,
    code={
        TORCH: along(UNIT.replace("WITH", "dim=AXES, keepdim=True"), PRODUCT, whole=True),
        JAX: along(UNIT.replace("WITH", "axis=AXES, keepdims=True"), PRODUCT, whole=True),
    },
)
