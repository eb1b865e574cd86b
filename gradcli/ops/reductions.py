"""Reductions, over everything or along an axis that stays at size 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, as_expr, call, equal
from gradcli.ops import along_lists, exact
from gradcli.ops.axes import each, from_end, turned
from gradcli.ops.coding import JAX, NUMPY, TORCH
from gradcli.ops.core import (
    ALL,
    EXACT,
    RING,
    Array,
    Op,
    Pair,
    Signature,
    Spelling,
    define,
    no_vjp,
    roman,
)
from gradcli.ops.flops import reduced
from gradcli.ops.reduction_code import (
    FIRST_JAX,
    FIRST_TORCH,
    along,
    first_of,
    method,
    one_by_one,
)
from gradcli.sizes import POSTFIX, PRODUCT, SUM, Number, Shape, Size

CHAIN = "course recitation on computing derivatives, rule 4b (generalised chain rule)"


def reduced_shape(s: Signature) -> Shape:
    one = s.sizes.constant(1)
    axis = s.attrs["axis"]
    if axis is None:
        return one, one
    gone = each(axis, s.rank)
    return tuple(one if i in gone else size for i, size in enumerate(s.shapes[0]))


def reduction_axes(s: Signature) -> dict[str, Any]:
    """The axes from the end, and whether all of them go (a scalar is 1×1 at every rank)."""
    axis = s.attrs["axis"]
    return {"axes": from_end(axis, s.rank), "scalar": axis is None}


def _as_scalar(x: Array, axes: tuple[int, ...], scalar: bool) -> Array:
    return x.reshape((*x.shape[: x.ndim - len(axes)], 1, 1)) if scalar else x


def reducing(f: Callable[..., Any]) -> Callable[..., Array]:
    """A forward function from one that takes `axis` and keeps the axes."""

    def forward(x: Array, axes: tuple[int, ...], scalar: bool) -> Array:
        return _as_scalar(np.asarray(f(x, axes)), axes, scalar)

    return forward


def axis_lanes(s: Signature, axes: Sequence[int | None]) -> int | None:
    """Positions stay apart along an axis that is not reduced."""
    return None if axes[0] in from_end(s.attrs["axis"], s.rank) else axes[0]


def axis_flip(name: str) -> Callable[[Signature, Sequence[Pair]], Expr | None]:
    def flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
        attrs = {**s.attrs, "axis": turned(s.attrs["axis"], s.rank)}
        return call(name, pairs[0].flipped, **attrs)

    return flip


def spread(s: Signature, g: Expr) -> Expr:
    """A reduction's cotangent, back in its operand's shape."""
    if reduced_shape(s) == s.shapes[0]:
        return g
    return call("broadcast", g, shape=s.shapes[0])


def entries(s: Signature) -> Size:
    """How many entries one result is reduced from."""
    return s.sizes.product(tuple(s.shapes[0][k] for k in each(s.attrs["axis"], s.rank)))


def count(s: Signature) -> Expr:
    """The same as a number in a formula."""
    return as_expr(size_number(entries(s)))


def size_number(size: Size) -> Number:
    return Number(size.number, size, size.text, size.precedence)


def reduction(
    name: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Sequence[Expr | None]],
    cite: str,
    about: str,
    latex: str | Spelling,
    **fields: Any,
) -> Op:
    """Register a reduction; a normalisation says which of its fields differ."""
    usual: dict[str, Any] = {
        "shape": reduced_shape,
        "static": reduction_axes,
        "lanes": axis_lanes,
        "flip": axis_flip(name),
        "keywords": {"axis": None},
        "group": "reductions",
    }
    return define(name, latex, forward=forward, vjp=vjp, cite=cite, about=about, **(usual | fields))


def _sum_terms(s: Signature, book: Any, x: Any) -> Any:
    return book.contract(x, each(s.attrs["axis"], s.rank), reduced_shape(s))


def _reduce(x: Array, axes: tuple[int, ...]) -> Array:
    return np.asarray(np.sum(x, axis=axes, keepdims=True))


def _largest(x: Array, axes: tuple[int, ...]) -> Array:
    """The entry with the largest real part; the first of several; a nan where there is one."""
    return _reduce(np.where(_first(x.real, axes), x, 0), axes)


def _smallest(x: Array, axes: tuple[int, ...]) -> Array:
    return _reduce(np.where(_first(-x.real, axes), x, 0), axes)


def _first(x: Array, axes: tuple[int, ...]) -> Array:
    """True at the first largest entry along the axes, False elsewhere."""
    ends = tuple(range(-len(axes), 0))
    turned = np.moveaxis(x, axes, ends)
    flat = turned.reshape((*turned.shape[: x.ndim - len(axes)], -1))
    best = np.argmax(flat, axis=-1)[..., None]
    mask = np.arange(flat.shape[-1]) == best
    return np.moveaxis(mask.reshape(turned.shape), ends, axes)


def _mask(sign: int) -> Callable[..., Array]:
    def forward(x: Array, axes: tuple[int, ...], scalar: bool) -> Array:
        return _first(sign * x.real, axes).astype(x.real.dtype)

    return forward


def shifted(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """X less its largest real part, and that; an infinite largest is left alone."""
    top = np.max(x.real, axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return x - top, top


def _logsumexp(x: Array, axes: tuple[int, ...]) -> Array:
    rest, top = shifted(x, axes)
    return np.asarray(np.log(np.sum(np.exp(rest), axis=axes, keepdims=True)) + top)


def norm(x: Array, axes: tuple[int, ...]) -> Array:
    """√Σx², scaled by the largest entry so that no square overflows or vanishes."""
    top = np.max(np.abs(x.real), axis=axes, keepdims=True)
    top = np.where((top > 0) & np.isfinite(top), top, 1.0)
    scaled = x / top
    return np.asarray(np.sqrt(np.sum(scaled * scaled, axis=axes, keepdims=True)) * top)


def _zeros(s: Signature, x: Expr) -> Expr:
    """How many of the other entries are 0."""
    return call("sum", equal(x, 0), axis=s.attrs["axis"]) - equal(x, 0)


def _prod_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """The product of the other entries, which a division by x gives only where no entry is 0."""
    rest = call("where", equal(x, 0), 1, x)
    others = call("prod", rest, axis=s.attrs["axis"]) / rest
    return (g * equal(_zeros(s, x), 0) * others,)


reduction(
    "sum",
    reducing(_reduce),
    lambda s, g, y, x: (spread(s, g),),
    CHAIN,
    "sum",
    Spelling(r"\sum{keywords} {0}", SUM, (PRODUCT,)),
    exact=RING,
    linear=ALL,
    flops=reduced(),
    terms=_sum_terms,
    code=method("sum"),
    fold=("add",),
    lists=along_lists.total,
)
reduction(
    "mean",
    reducing(lambda x, axes: np.mean(x, axis=axes, keepdims=True)),
    lambda s, g, y, x: (spread(s, g) / count(s),),
    CHAIN,
    "mean",
    r"\operatorname{{mean}}{keywords}\left({0}\right)",
    exact=exact.mean,
    linear=ALL,
    flops=reduced(rest=1),
    terms=lambda s, book, x: book.multiply(
        _sum_terms(s, book, x), book.power(book.number(count(s).number), -1)
    ),
    code=method("mean"),
    fold=("add", "div"),
    lists=along_lists.mean,
)
reduction(
    "prod",
    reducing(lambda x, axes: np.prod(x, axis=axes, keepdims=True)),
    _prod_vjp,
    "d Π x_i = Σ (Π_(j≠i) x_j) dx_i, with no division by 0",
    "product",
    Spelling(r"\prod{keywords} {0}", SUM, (PRODUCT,)),
    flops=reduced(),
    code=method("prod") | {TORCH: one_by_one("prod")},
    exact=lambda a, x, axes, scalar: a.every(x, axes, scalar),
    fold=("mul",),
    lists=along_lists.prod,
)
reduction(
    "max",
    reducing(_largest),
    lambda s, g, y, x: (g * call("is_max", x, axis=s.attrs["axis"]),),
    "the largest entry takes the cotangent",
    "largest entry",
    r"\max{keywords}\left({0}\right)",
    exact=exact.extreme(1),
    kink="a tie goes to the first",
    branches=_mask(1),
    rounding=EXACT,
    flops=reduced(),
    code=method("max", "amax"),
    fold=("maximum",),
    lists=along_lists.largest,
)
reduction(
    "min",
    reducing(_smallest),
    lambda s, g, y, x: (g * call("is_min", x, axis=s.attrs["axis"]),),
    "the smallest entry takes the cotangent",
    "smallest entry",
    r"\min{keywords}\left({0}\right)",
    exact=exact.extreme(-1),
    kink="a tie goes to the first",
    branches=_mask(-1),
    rounding=EXACT,
    flops=reduced(),
    code=method("min", "amin"),
    fold=("minimum",),
    lists=along_lists.smallest,
)
reduction(
    "logsumexp",
    reducing(_logsumexp),
    lambda s, g, y, x: (g * call("exp", x - y),),
    "d log Σ e^x = softmax(x) · dx (Boyd & Vandenberghe, Convex Optimization, 3.1.5)",
    "log Σ e^x, without overflow",
    r"\operatorname{{logsumexp}}{keywords}\left({0}\right)",
    flops=reduced(function=1, rest=1),
    code={
        TORCH: along("{xp}.logsumexp({0}, AXES, keepdim=True)"),
        JAX: along("jax.scipy.special.logsumexp({0}, AXES, keepdims=True)"),
    },
    exact=exact.logsumexp,
    fold=("logaddexp",),
    lists=along_lists.logsumexp,
)
reduction(
    "norm",
    reducing(norm),
    lambda s, g, y, x: (g * x / call("where", equal(y, 0), 1, y),),
    "Matrix Cookbook, eq. 129",
    "Euclidean (Frobenius) norm",
    r"\left\|{0}\right\|{keywords}",
    exact=exact.norm,
    kink="at x = 0 the derivative is 0",
    branches=lambda x, axes, scalar: np.any(x.real != 0, axis=axes, keepdims=True),
    flops=reduced(function=1, rest=1),
    code={
        NUMPY: along("{xp}.sqrt({xp}.square({0}).sum(axis=AXES, keepdims=True))", POSTFIX),
        TORCH: along("{xp}.sqrt({xp}.square({0}).sum(dim=AXES, keepdim=True))", POSTFIX),
    },
    lists=along_lists.norm,
)


# ── masks that the rules of max and min need ──


for _name, _sign, _about in (("is_max", 1, "largest"), ("is_min", -1, "smallest")):
    reduction(
        _name,
        _mask(_sign),
        no_vjp,
        "constant but for jumps",
        f"1 at the first {_about} entry, 0 elsewhere",
        roman(_name) + r"{keywords}\left({0}\right)",
        shape=lambda s: s.shapes[0],
        flip=None,
        flops=reduced(spread=1),
        kink="no gradient flows through a mask",
        rounding=EXACT,
        boolean=True,
        branches=_mask(_sign),
        code={
            TORCH: first_of("argmax" if _sign > 0 else "argmin", FIRST_TORCH, "movedim"),
            JAX: first_of("argmax" if _sign > 0 else "argmin", FIRST_JAX, "moveaxis"),
        },
        lists=along_lists.is_max if _sign > 0 else along_lists.is_min,
        exact=exact.mask(_sign),
    )
