"""Convolutions along one axis and two, as deep learning has them: the kernel is not turned round.

⟨g, conv(x, w)⟩ is linear in each of g, x and w, so that a convolution, its transpose and the
gradient of its kernel are each other's rules. x is [N, C, H, W], w is [F, C / groups, KH, KW].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import conv_code
from gradcli.ops.coding import CALLED, JAX, TORCH
from gradcli.ops.core import EACH, RING, Array, Signature, define, roman
from gradcli.ops.flops import times
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.windows import (
    amount,
    axes_of,
    counted,
    covered,
    folded,
    moves,
    multiple,
    places,
    unfolded,
    windows,
)
from gradcli.sizes import Shape, Size, same, spell

CITE = "Dumoulin & Visin 2016, A guide to convolution arithmetic for deep learning, section 4"
KEYWORDS = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1}
LETTERS = {1: ("L",), 2: ("H", "W")}


def _named(dims: int, *first: str) -> str:
    return f"[{', '.join((*first, *LETTERS[dims]))}]"


# ── shapes ──


def _kernel(s: Signature, k: int, dims: int) -> Shape:
    kernel = [f"K{axis}" for axis in LETTERS[dims]] if dims > 1 else ["K"]
    return axes_of(s, k, dims, f"[F, C, {', '.join(kernel)}]")


def _channels(s: Signature, k: int, channels: Size, own: Size) -> None:
    """Raise Mismatch unless an array has as many channels as its kernel takes."""
    groups = amount(s, s.attrs["groups"])
    each = multiple(s.sizes, channels, groups)
    if each is None or same(each, own) is None:
        by = "" if groups.value == 1 else f" in {groups.text} groups"
        raise Mismatch(f"{{{k}}} has {channels.text} channels{by}, but the kernel takes {own.text}")


def _grouped(s: Signature, filters: Size) -> Size:
    groups = amount(s, s.attrs["groups"])
    each = multiple(s.sizes, filters, groups)
    if each is None:
        raise Mismatch(f"{filters.text} filters are not {groups.text} groups", attribute="groups")
    return each


def _conv_shape(s: Signature, dims: int) -> Shape:
    x, w = axes_of(s, 0, dims, _named(dims, "N", "C")), _kernel(s, 1, dims)
    _channels(s, 0, x[1], w[1])
    _grouped(s, w[0])
    return (x[0], w[0], *(windows(s, a, b).number for a, b in zip(x[2:], w[2:], strict=True)))


def _transposed_shape(s: Signature, dims: int) -> Shape:
    x, w = axes_of(s, 0, dims, _named(dims, "N", "F")), _kernel(s, 1, dims)
    _grouped(s, w[0])
    if same(x[1], w[0]) is None:
        raise Mismatch(
            f"{{0}} has {x[1].text} channels and {{1}} is {spell(w)}: its axes are the same here"
        )
    channels = s.sizes.multiply(w[1], amount(s, s.attrs["groups"]))
    lengths = zip(x[2:], w[2:], _extra(s, dims), strict=True)
    return (x[0], channels, *(covered(s, *each) for each in lengths))


def _extra(s: Signature, dims: int) -> tuple[int, ...]:
    """By how much each axis is longer than its windows."""
    extra = s.attrs["extra"]
    found = extra if isinstance(extra, tuple) else (extra,) * dims
    if len(found) != dims:
        raise Mismatch(f"there are {dims} axes, not {len(found)}", attribute="extra")
    return found


def _weight_shape(s: Signature, dims: int) -> Shape:
    x, g = axes_of(s, 0, dims, _named(dims, "N", "C")), axes_of(s, 1, dims, _named(dims, "N", "F"))
    kernel = _window(s, dims)
    if same(x[0], g[0]) is None:
        raise Mismatch(f"{{0}} is {spell(x)} and {{1}} is {spell(g)}: there are as many of both")
    _grouped(s, g[1])
    for k, axis, found in zip(kernel, x[2:], g[2:], strict=True):
        if same(windows(s, axis, k).number, found) is None:
            raise Mismatch(
                f"{{1}} is {spell(g)}, but {windows(s, axis, k).number.text} windows fit"
            )
    each = multiple(s.sizes, x[1], amount(s, s.attrs["groups"]))
    if each is None:
        raise Mismatch(f"{x[1].text} channels are not as many groups", attribute="groups")
    return (g[1], each, *kernel)


def _window(s: Signature, dims: int) -> Shape:
    kernel: Shape = s.attrs["window"][:dims]
    if len(s.attrs["window"]) != max(dims, 2) or (dims == 1 and not s.attrs["window"][1].one):
        raise Mismatch(f"the kernel has {dims} axes", attribute="window")
    return kernel


# ── forward ──


def _window_masks(
    lengths: Sequence[int], kernel: Sequence[int], stride: int, pad: int, dilation: int
) -> list[Array]:
    moves = (stride, pad, dilation)
    return [
        places(length, counted(length, k, *moves), k, *moves)
        for length, k in zip(lengths, kernel, strict=True)
    ]


def _apart(x: Array, axis: int, groups: int) -> Array:
    """An array with an axis as groups."""
    axis += x.ndim
    return x.reshape((*x.shape[:axis], groups, -1, *x.shape[axis + 1 :]))


def _joined(x: Array, axis: int) -> Array:
    """Groups, the axis in front of this one, as one axis with it."""
    axis += x.ndim
    return x.reshape((*x.shape[: axis - 1], -1, *x.shape[axis + 1 :]))


def _conv(
    x: Array, w: Array, dims: int, stride: int, pad: int, dilation: int, groups: int
) -> Array:
    masks = _window_masks(x.shape[-dims:], w.shape[-dims:], stride, pad, dilation)
    seen = _apart(unfolded(x, masks), -1 - 2 * dims, groups)
    kernels = _apart(w, -2 - dims, groups)
    rule = "...ngcxi,...gfci->...ngfx" if dims == 1 else "...ngcxyij,...gfcij->...ngfxy"
    return _joined(np.einsum(rule, seen, kernels), -1 - dims)


def _conv_transpose(
    x: Array,
    w: Array,
    dims: int,
    stride: int,
    pad: int,
    dilation: int,
    groups: int,
    extra: tuple[int, ...],
) -> Array:
    rule = "...ngfx,...gfci->...ngcxi" if dims == 1 else "...ngfxy,...gfcij->...ngcxyij"
    spread = np.einsum(rule, _apart(x, -1 - dims, groups), _apart(w, -2 - dims, groups))
    kernel = w.shape[-dims:]
    lengths = [
        stride * (count - 1) + dilation * (k - 1) + 1 - 2 * pad + more
        for count, k, more in zip(x.shape[-dims:], kernel, extra, strict=True)
    ]
    masks = _window_masks(lengths, kernel, stride, pad, dilation)
    return folded(_joined(spread, -1 - 2 * dims), masks)


def _weight(
    x: Array,
    g: Array,
    dims: int,
    kernel: tuple[int, ...],
    stride: int,
    pad: int,
    dilation: int,
    groups: int,
) -> Array:
    masks = _window_masks(x.shape[-dims:], kernel, stride, pad, dilation)
    seen = _apart(unfolded(x, masks), -1 - 2 * dims, groups)
    rule = "...ngcxi,...ngfx->...gfci" if dims == 1 else "...ngcxyij,...ngfxy->...gfcij"
    return _joined(np.einsum(rule, seen, _apart(g, -1 - dims, groups)), -2 - dims)


def _static(s: Signature, kernel: Shape) -> dict[str, Any]:
    return {
        "dims": len(kernel),
        **moves(s, kernel[0]),
        "groups": int(amount(s, s.attrs["groups"]).value),
    }


# ── rules ──


def _to_x(s: Signature, g: Expr, w: Expr, kernel: Shape, attrs: dict[str, Any]) -> Expr:
    """What flows to x, of x's own length."""
    x = s.shapes[0][2:]
    rests = tuple(windows(s, a, b).rest for a, b in zip(x, kernel, strict=True))
    extra = rests if len(set(rests)) > 1 else rests[0]
    return call(f"conv_transpose{len(kernel)}d", g, w, **attrs, extra=extra)


def _conv_rules(s: Signature, g: Expr, y: Expr, x: Expr, w: Expr, dims: int) -> Sequence[Expr]:
    kernel = s.shapes[1][2:]
    return _to_x(s, g, w, kernel, s.attrs), _of_kernel(s, x, g, kernel, s.attrs)


def _of_kernel(s: Signature, x: Expr, g: Expr, kernel: Shape, attrs: dict[str, Any]) -> Expr:
    window = kernel if len(kernel) > 1 else (*kernel, s.sizes.constant(1))
    return call(f"conv{len(kernel)}d_weight", x, g, window=window, **attrs)


def _transpose_rules(s: Signature, g: Expr, y: Expr, x: Expr, w: Expr, dims: int) -> Sequence[Expr]:
    attrs = {k: value for k, value in s.attrs.items() if k != "extra"}
    return call(f"conv{dims}d", g, w, **attrs), _of_kernel(s, g, x, s.shapes[1][2:], attrs)


def _weight_rules(s: Signature, g: Expr, y: Expr, x: Expr, v: Expr, dims: int) -> Sequence[Expr]:
    attrs = {k: value for k, value in s.attrs.items() if k != "window"}
    return _to_x(s, v, g, _window(s, dims), attrs), call(f"conv{dims}d", x, g, **attrs)


# ── flops: a product for each entry of each window, and the sums ──


def _products(s: Signature, kernel: Shape, found: Shape, channels: Size, out: Shape) -> Size:
    every = s.sizes.product((*found, channels, *kernel))
    return s.sizes.add(times(s.sizes, 2, every), s.sizes.product(out), -1)


def _latex(name: str, *keys: str) -> str:
    shown = "".join(f"{{{key}}}" for key in (*KEYWORDS, *keys))
    return roman(name) + rf"\left({{0}}, {{1}}{shown}\right)"


def _register(dims: int) -> None:
    usual: dict[str, Any] = {
        "linear": EACH,
        "exact": RING,
        "cite": CITE,
        "keywords": KEYWORDS,
        "group": "convolutions",
        "yields": True,
    }

    def of(function: Callable[..., Any]) -> Any:
        return partial(function, dims=dims)

    define(
        f"conv{dims}d",
        _latex(f"conv{dims}d"),
        ("x", "w"),
        shape=of(_conv_shape),
        forward=_conv,
        vjp=of(_conv_rules),
        flops=lambda s, shape: _products(s, s.shapes[1][2:], shape, s.shapes[1][1], shape),
        about=f"convolution of x: {_named(dims, 'N', 'C')} with kernels w, one for each channel of "
        "the result; no kernel is turned round",
        static=lambda s: _static(s, s.shapes[1][2:]),
        code={CALLED: conv_code.called, TORCH: conv_code.torch(""), JAX: conv_code.lax},
        **usual,
    )
    define(
        f"conv_transpose{dims}d",
        _latex(f"conv_transpose{dims}d", "extra"),
        ("x", "w"),
        shape=of(_transposed_shape),
        forward=_conv_transpose,
        vjp=of(_transpose_rules),
        flops=lambda s, shape: times(s.sizes, 2, s.sizes.product((*s.shapes[0], *s.shapes[1][1:]))),
        about="the transpose of a convolution: each entry of x times the kernel, added up where "
        "that lies",
        static=lambda s: {**_static(s, s.shapes[1][2:]), "extra": _extra(s, dims)},
        code={
            CALLED: conv_code.called,
            TORCH: conv_code.torch("_transpose"),
            JAX: conv_code.lax_transpose,
        },
        **{**usual, "keywords": {**KEYWORDS, "extra": 0}},
    )
    define(
        f"conv{dims}d_weight",
        roman(f"conv{dims}d_weight")
        + r"_{{{window}}}\left({0}, {1}{stride}{pad}{dilation}{groups}\right)",
        ("x", "g"),
        attributes=("window",),
        shape=of(_weight_shape),
        forward=_weight,
        vjp=of(_weight_rules),
        flops=lambda s, shape: _products(s, shape[2:], s.shapes[1], shape[1], shape),
        about="the sum over all windows of x times what g has there, a kernel's gradient",
        static=lambda s: {
            **_static(s, _window(s, dims)),
            "kernel": tuple(int(k.value) for k in _window(s, dims)),
        },
        code={CALLED: conv_code.called, TORCH: conv_code.torch_weight, JAX: conv_code.lax_weight},
        **usual,
    )


for _dims in (1, 2):
    _register(_dims)
