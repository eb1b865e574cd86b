"""All entries of windows as columns (im2col), and columns added up where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import conv_code
from gradcli.ops.core import (
    ALL,
    EXACT,
    RING,
    Array,
    Signature,
    define,
)
from gradcli.ops.flops import none, times
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.pools import (
    NAMED,
    counts_of,
    flat,
    window_latex,
    window_masks,
    window_of,
    window_static,
)
from gradcli.ops.windows import (
    axes_of,
    folded,
    unfolded,
)
from gradcli.sizes import Shape, same, spell

COLUMNS = "CS231n, Convolutional networks, implementation as matrix multiplication (im2col)"


def _unfold(x: Array, dims: int, kernel: tuple[int, ...], **moves: Any) -> Array:
    found = unfolded(x, window_masks(x.shape[-dims:], kernel, **moves))
    ahead = found.ndim - 1 - 2 * dims
    order = (*range(ahead + 1), *range(ahead + 1 + dims, found.ndim))
    turned = np.transpose(found, (*order, *range(ahead + 1, ahead + 1 + dims)))
    return flat(turned.reshape((*turned.shape[:ahead], -1, *turned.shape[-dims:])), dims)


def _fold(
    x: Array, dims: int, kernel: tuple[int, ...], lengths: tuple[int, ...], **moves: Any
) -> Array:
    masks = window_masks(lengths, kernel, **moves)
    counts = [mask.shape[1] for mask in masks]
    parts = x.reshape((*x.shape[:-2], -1, *kernel, *counts))
    ahead = parts.ndim - 2 * dims
    order = (*range(ahead), *range(ahead + dims, parts.ndim), *range(ahead, ahead + dims))
    return folded(np.transpose(parts, order), masks)


def _unfold_shape(s: Signature) -> Shape:
    dims = _dims(s, 0)
    x, window = axes_of(s, 0, dims, NAMED[dims]), window_of(s, dims)
    return (
        x[0],
        s.sizes.product((x[1], *window)),
        s.sizes.product(counts_of(s, x, dims)),
    )


def _dims(s: Signature, k: int) -> int:
    found = len(s.shapes[k]) - 2
    if found not in NAMED:
        raise Mismatch(f"{{{k}}} is {spell(s.shapes[k])}, not {NAMED[1]} or {NAMED[2]}")
    return found


def _lengths(s: Signature) -> Shape:
    """The axes that a fold makes: one where its window has one."""
    shape: Shape = s.attrs["shape"]
    return shape[:1] if len(shape) == 2 and shape[1].one and s.attrs["window"][1].one else shape


def _fold_shape(s: Signature) -> Shape:
    lengths = _lengths(s)
    x, dims = s.shapes[0], len(lengths)
    if len(x) != 3 or dims > 2:
        raise Mismatch(f"{{0}} is {spell(x)}, not [N, C * K, L], or there are more axes than two")
    window = window_of(s, dims)
    shape = (x[0], x[1], *lengths)
    wanted = s.sizes.product(counts_of(s, shape, dims))
    channels = s.sizes.divide(x[1], s.sizes.product(window))
    if same(wanted, x[2]) is None or channels is None or not channels.whole:
        raise Mismatch(f"{{0}} is {spell(x)}, but {wanted.text} windows fit, of {spell(window)}")
    return (x[0], channels, *lengths)


def _fold_static(s: Signature) -> dict[str, Any]:
    lengths = _lengths(s)
    return {**window_static(s, len(lengths)), "lengths": tuple(int(size.value) for size in lengths)}


def _unfold_rule(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr]:
    shape = s.shapes[0][2:]
    full = shape if len(shape) > 1 else (*shape, s.sizes.constant(1))
    return (call("fold", g, shape=full, **s.attrs),)


def _fold_rule(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr]:
    return (call("unfold", g, **{k: v for k, v in s.attrs.items() if k != "shape"}),)


_COLUMNS: dict[str, Any] = {
    "keywords": {"stride": 1, "pad": 0, "dilation": 1},
    "linear": ALL,
    "exact": RING,
    "cite": COLUMNS,
    "group": "convolutions",
    "yields": True,
}


define(
    "unfold",
    window_latex("unfold", 1, "window", "dilation"),
    attributes=("window",),
    shape=_unfold_shape,
    forward=_unfold,
    code=conv_code.unfold,
    vjp=_unfold_rule,
    flops=none,
    about="the entries of each window as a column: [N, C * K, L], channels first",
    static=lambda s: window_static(s, _dims(s, 0)),
    rounding=EXACT,
    **_COLUMNS,
)


define(
    "fold",
    window_latex("fold", 1, "window", "dilation", "shape"),
    attributes=("shape", "window"),
    shape=_fold_shape,
    forward=_fold,
    code=conv_code.fold,
    vjp=_fold_rule,
    flops=lambda s, shape: times(s.sizes, 1, s.sizes.product(s.shapes[0])),
    about="columns of windows added up where they lie: what unfold takes, put back",
    static=_fold_static,
    **_COLUMNS,
)
