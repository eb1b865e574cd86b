"""What is taken of windows: their largest entry, or their mean.

A pool's stride is its window where none is stated. A window that reaches beyond the array has the
entries that are there; in a mean, zeros stand for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcli.expr import Expr, as_expr, call
from gradcli.ops import conv_code
from gradcli.ops.core import (
    ALL,
    EXACT,
    Array,
    Signature,
    define,
    roman,
)
from gradcli.ops.flops import none
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.reductions import size_number
from gradcli.ops.windows import (
    axes_of,
    counted,
    folded,
    moves,
    places,
    steps_of,
    unfolded,
    windows,
)
from gradcli.sizes import Shape, Size, same, spell

POOLS = "CS231n, Convolutional networks, pooling layer; PyTorch, MaxPool2d and AvgPool2d"
NAMED = {1: "[N, C, L]", 2: "[N, C, H, W]"}


def window_of(s: Signature, dims: int) -> Shape:
    if "window" not in s.attrs:
        return (s.attrs["count"],) * dims
    window: Shape = s.attrs["window"]
    if len(window) != max(dims, 2) or (dims == 1 and not window[1].one):
        raise Mismatch(f"a window has {dims} axes", attribute="window")
    return window[:dims]


def counts_of(s: Signature, shape: Shape, dims: int) -> Shape:
    pairs = zip(shape[2:], window_of(s, dims), strict=True)
    return tuple(windows(s, size, kernel).number for size, kernel in pairs)


def _pooled(s: Signature, dims: int, k: int = 0) -> Shape:
    shape = axes_of(s, k, dims, NAMED[dims])
    size = s.attrs["count"]
    if 2 * steps_of(s, size)[1].value > size.value:
        raise Mismatch("pad is half of a window at most", attribute="pad")
    return (*shape[:2], *counts_of(s, shape, dims))


def window_static(s: Signature, dims: int) -> dict[str, Any]:
    window = window_of(s, dims)
    kernel = tuple(int(k.value) for k in window)
    return {"dims": dims, **moves(s, window[0]), "kernel": kernel}


def window_masks(
    lengths: Sequence[int],
    kernel: Sequence[int],
    stride: int,
    pad: int,
    dilation: int,
    clipped: bool = False,
) -> list[Array]:
    moves = (stride, pad, dilation)
    return [
        places(length, counted(length, k, *moves), k, *moves, clipped)
        for length, k in zip(lengths, kernel, strict=True)
    ]


def flat(x: Array, axes: int) -> Array:
    """The last axes as one."""
    return x.reshape((*x.shape[: x.ndim - axes], -1))


def _of_windows(x: Array, dims: int, kernel: tuple[int, ...], **moves: Any) -> Array:
    """The entries of each window along one axis behind; beyond the array the nearest ones."""
    return flat(unfolded(x, window_masks(x.shape[-dims:], kernel, **moves, clipped=True)), dims)


# ── the largest ──


def _chosen(x: Array, dims: int, kernel: tuple[int, ...], **moves: Any) -> Array:
    """1 at the first largest entry of each window."""
    entries = _of_windows(x.real, dims, kernel, **moves)
    best = np.argmax(entries, axis=-1)[..., None]
    return np.asarray(np.arange(entries.shape[-1]) == best).astype(entries.real.dtype)


def _max_taken(v: Array, x: Array, dims: int, kernel: tuple[int, ...], **moves: Any) -> Array:
    mask = _chosen(x, dims, kernel, **moves)
    return np.asarray(np.sum(mask * _of_windows(v, dims, kernel, **moves), axis=-1))


def _maxpool(x: Array, dims: int, kernel: tuple[int, ...], **moves: Any) -> Array:
    return _max_taken(x, x, dims, kernel, **moves)


def _spread(v: Array, like: Array, dims: int, kernel: tuple[int, ...], **moves: Any) -> Array:
    """The transpose of `_of_windows`: the entries of windows, added up where they came from."""
    masks = window_masks(like.shape[-dims:], kernel, **moves, clipped=True)
    return folded(v.reshape((*v.shape[:-1], *kernel)), masks)


def _max_unpool(g: Array, x: Array, dims: int, kernel: tuple[int, ...], **moves: Any) -> Array:
    mask = _chosen(x, dims, kernel, **moves)
    return _spread(mask * g[..., None], x, dims, kernel, **moves)


def _exact_mask(a: Any, x: Any, **static: Any) -> Any:
    return a.first(a.ring(lambda v: _of_windows(v, **static), (x,)), (-1,))


def _exact_taken(a: Any, v: Any, x: Any, **static: Any) -> Any:
    taken = _exact_mask(a, x, **static) * a.ring(lambda e: _of_windows(e, **static), (v,))
    return a.ring(lambda e: np.sum(e, axis=-1), (taken,))


def _exact_unpool(a: Any, g: Any, x: Any, **static: Any) -> Any:
    put = _exact_mask(a, x, **static) * a.ring(lambda v: v[..., None], (g,))
    return a.ring(lambda v: _spread(v, x.near, **static), (put,))


def _beside(s: Signature, dims: int, pooled: bool) -> Shape:
    """The shape of what is taken, or put back, at the places of an array's largest entries."""
    found, x = _pooled(s, dims, 1), s.shapes[1]
    wanted = found if pooled else x
    if len(s.shapes[0]) != len(x) or not all(map(same, s.shapes[0], wanted)):
        raise Mismatch(f"{{0}} is {spell(s.shapes[0])}, not {spell(wanted)}")
    return x if pooled else found


# ── the mean, and all ──


def _avgpool(x: Array, dims: int, kernel: tuple[int, ...], **moves: Any) -> Array:
    entries = flat(unfolded(x, window_masks(x.shape[-dims:], kernel, **moves)), dims)
    return np.asarray(np.mean(entries, axis=-1))


def _exact_mean(a: Any, x: Any, dims: int, kernel: tuple[int, ...], **moves: Any) -> Any:
    def total(v: Array) -> Array:
        entries = flat(unfolded(v, window_masks(v.shape[-dims:], kernel, **moves)), dims)
        return np.asarray(np.sum(entries, axis=-1))

    return a.ring(total, (x,)) / int(np.prod(kernel))


def _avg_rule(s: Signature, g: Expr, y: Expr, x: Expr, dims: int) -> Sequence[Expr]:
    """A transposed convolution with ones, each channel by itself."""
    window, shape = window_of(s, dims), s.shapes[0]
    ones = call("ones", sizes=(shape[1], s.sizes.constant(1), *window))
    rests = tuple(windows(s, a, b).rest for a, b in zip(shape[2:], window, strict=True))
    stride, pad, _ = (
        int(size.value) if size.is_constant else size for size in steps_of(s, window[0])
    )
    attrs = {
        "stride": stride,
        "pad": pad,
        "dilation": 1,
        "groups": int(shape[1].value) if shape[1].is_constant else shape[1],
        "extra": rests if len(set(rests)) > 1 else rests[0],
    }
    entries = as_expr(size_number(s.sizes.product(window)))
    return (call(f"conv_transpose{dims}d", g, ones, **attrs) / entries,)


def window_latex(name: str, operands: int, window: str, *keys: str) -> str:
    inner = ", ".join(f"{{{i}}}" for i in range(operands))
    shown = "".join(f"{{{key}}}" for key in ("stride", "pad", *keys))
    return roman(name) + rf"_{{{{{{{window}}}}}}}\left({inner}{shown}\right)"


def _all_entries(s: Signature, shape: Shape, found: Shape, dims: int) -> Size:
    return s.sizes.product((*found, *window_of(s, dims)))


def _register(dims: int) -> None:
    usual: dict[str, Any] = {
        "attributes": ("count",),
        "keywords": {"stride": None, "pad": 0},
        "static": lambda s: window_static(s, dims),
        "cite": POOLS,
        "group": "convolutions",
        "yields": True,
    }

    def of(function: Callable[..., Any], **more: Any) -> Any:
        return partial(function, dims=dims, **more)

    define(
        f"maxpool{dims}d",
        window_latex(f"maxpool{dims}d", 1, "count"),
        shape=of(_pooled),
        forward=_maxpool,
        code=conv_code.maxpool,
        vjp=lambda s, g, y, x: (call(f"max_unpool{dims}d", g, x, **s.attrs),),
        flops=lambda s, shape: _all_entries(s, s.shapes[0], shape, dims),
        about=f"the largest entry of each window of x: {NAMED[dims]}",
        aliases=(f"max_pool{dims}d",),
        kink="of several largest entries the first takes the cotangent",
        branches=_chosen,
        rounding=EXACT,
        exact=lambda a, x, **static: _exact_taken(a, x, x, **static),
        **usual,
    )
    define(
        f"max_unpool{dims}d",
        window_latex(f"max_unpool{dims}d", 2, "count"),
        ("g", "x"),
        shape=of(_beside, pooled=True),
        forward=_max_unpool,
        code=conv_code.max_unpool,
        vjp=lambda s, g, y, v, x: (call(f"max_taken{dims}d", g, x, **s.attrs), None),
        linear=((0,),),
        flops=lambda s, shape: _all_entries(s, s.shapes[1], s.shapes[0], dims),
        about="zeros, with each entry of g added where x has its window's largest entry",
        kink="no gradient flows through the choice",
        branches=lambda g, x, **static: _chosen(x, **static),
        exact=_exact_unpool,
        **usual,
    )
    define(
        f"max_taken{dims}d",
        window_latex(f"max_taken{dims}d", 2, "count"),
        ("v", "x"),
        shape=of(_beside, pooled=False),
        forward=_max_taken,
        code=conv_code.max_taken,
        vjp=lambda s, g, y, v, x: (call(f"max_unpool{dims}d", g, x, **s.attrs), None),
        linear=((0,),),
        flops=none,
        about="the entry of v where x has its window's largest entry",
        kink="no gradient flows through the choice",
        branches=lambda v, x, **static: _chosen(x, **static),
        rounding=EXACT,
        exact=_exact_taken,
        **usual,
    )
    define(
        f"avgpool{dims}d",
        window_latex(f"avgpool{dims}d", 1, "count"),
        shape=of(_pooled),
        forward=_avgpool,
        code=conv_code.avgpool,
        vjp=of(_avg_rule),
        linear=ALL,
        flops=lambda s, shape: _all_entries(s, s.shapes[0], shape, dims),
        about=f"the mean of each window of x: {NAMED[dims]}; pad counts as zeros",
        aliases=(f"avg_pool{dims}d",),
        exact=_exact_mean,
        **usual,
    )


for _dimensions in (1, 2):
    _register(_dimensions)
