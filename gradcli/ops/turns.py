"""Axes put elsewhere, left out and put in: operations that move no entry among the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import lists, maps
from gradcli.ops.axes import each, turned
from gradcli.ops.coding import JAX, NUMPY, TORCH, Site
from gradcli.ops.core import (
    ALL,
    EXACT,
    RING,
    Array,
    Pair,
    Signature,
    Spelling,
    define,
    kept_counts,
    roman,
)
from gradcli.ops.flops import none
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.parts import Part, whole
from gradcli.ops.shape_code import reshaped
from gradcli.ops.shaping import MOVES
from gradcli.ops.windows import amount
from gradcli.sizes import Shape, Size, is_one, numbers, spell

# ── permute ──


def _order(s: Signature) -> tuple[int, ...]:
    order: tuple[int, ...] = s.attrs["axes"]
    if len(order) != s.rank:
        raise Mismatch(
            f"{{0}} is {spell(s.shapes[0])} and has {s.rank} axes, not {len(order)}",
            attribute="axes",
        )
    return order


def _permute(x: Array, order: tuple[int, ...]) -> Array:
    lead = x.ndim - len(order)
    return np.transpose(x, (*range(lead), *(lead + axis for axis in order)))


def _back(order: Sequence[int]) -> tuple[int, ...]:
    return tuple(order.index(axis) for axis in range(len(order)))


def _permute_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    axes = tuple(s.rank - 1 - axis for axis in reversed(_order(s)))
    return call("permute", pairs[0].flipped, axes=axes)


def _permute_lanes(s: Signature, axes: Sequence[int | None]) -> int | None:
    axis = axes[0]
    return None if axis is None else _order(s).index(axis + s.rank) - s.rank


def _permuted(name: str) -> object:
    def template(site: Site) -> Spelling:
        lead = len(site.front)
        order = (*range(lead), *(lead + axis for axis in site.signature.attrs["axes"]))
        return Spelling(f"{{xp}}.{name}({{0}}, {order})")

    return template


define(
    "permute",
    attributes=("axes",),
    shape=lambda s: tuple(s.shapes[0][axis] for axis in _order(s)),
    forward=_permute,
    vjp=lambda s, g, y, x: (call("permute", g, axes=_back(_order(s))),),
    linear=ALL,
    flops=none,
    terms=lambda s, book, x: book.turned(
        x, _order(s), tuple(s.shapes[0][axis] for axis in _order(s))
    ),
    exact=RING,
    about="the axes in another order: axis 0 of the result is the first one named",
    cite=MOVES,
    flip=_permute_flip,
    lanes=_permute_lanes,
    static=lambda s: {"order": _order(s)},
    counts=kept_counts,
    group="shaping",
    rounding=EXACT,
    yields=True,
    code={NUMPY: _permuted("transpose"), TORCH: _permuted("permute"), JAX: _permuted("transpose")},
    lists=lists.permute,
)


# ── axes of size 1 ──


def _left(s: Signature) -> list[int]:
    """The axes that a squeeze leaves."""
    axis, shape = s.attrs["axis"], s.shapes[0]
    if s.rank <= 2:
        raise Mismatch(
            f"{{0}} is {spell(shape)}: what has two axes keeps them",
            "a column is N×1 and a scalar 1×1, with nothing left out",
        )
    if axis is None:
        return [k for k, size in enumerate(shape) if not is_one(size)]
    gone = each(axis, s.rank)
    for k in gone:
        if not is_one(shape[k]):
            raise Mismatch(
                f"{{0}} is {spell(shape)}: its axis {k} has size {shape[k].text}, not 1",
                attribute="axis",
            )
    return [k for k in range(s.rank) if k not in gone]


def _squeezed(s: Signature) -> Shape:
    """What is left has at least two axes."""
    left = tuple(s.shapes[0][k] for k in _left(s))
    return (*left, *(s.sizes.constant(1),) * (2 - len(left)))


def _squeeze_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    left = _left(s)
    gone = [k for k in range(s.rank) if k not in left]
    if len(gone) == 1:
        return (call("expand_dims", g, axis=gone[0]),)
    return (call("reshape", g, shape=s.shapes[0]),)


def _squeeze_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    if len(_left(s)) < 2:
        return None  # the axes put in stand behind, in both
    return call("squeeze", pairs[0].flipped, axis=turned(s.attrs["axis"], s.rank))


def _reshape(x: Array, rank: int, shape: tuple[int, ...]) -> Array:
    return x.reshape((*x.shape[: x.ndim - rank], *shape))


define(
    "squeeze",
    keywords={"axis": None},
    shape=_squeezed,
    forward=_reshape,
    vjp=_squeeze_vjp,
    linear=ALL,
    flops=none,
    jacobian=lambda s, k, operands: maps.identity(s.shapes[0], s.sizes),
    exact=RING,
    about="without axes of size 1, those named or all; two axes are left at least",
    cite=MOVES,
    flip=_squeeze_flip,
    static=lambda s: {"rank": s.rank, "shape": numbers(_squeezed(s))},
    counts=kept_counts,
    group="shaping",
    rounding=EXACT,
    yields=True,
    code={NUMPY: reshaped},
    lists=lists.reshape,
)


def _expanded(s: Signature) -> Shape:
    axis = s.attrs["axis"]
    return (*s.shapes[0][:axis], s.sizes.constant(1), *s.shapes[0][axis:])


define(
    "expand_dims",
    keywords={"axis": 0},
    shape=_expanded,
    forward=_reshape,
    vjp=lambda s, g, y, x: (call("squeeze", g, axis=s.attrs["axis"]),),
    linear=ALL,
    flops=none,
    jacobian=lambda s, k, operands: maps.identity(s.shapes[0], s.sizes),
    exact=RING,
    about="with an axis of size 1 more: x[None], x[:, None, :]",
    cite=MOVES,
    flip=lambda s, pairs: call("expand_dims", pairs[0].flipped, axis=s.rank - s.attrs["axis"]),
    static=lambda s: {"rank": s.rank, "shape": numbers(_expanded(s))},
    new_axes=1,
    counts=kept_counts,
    group="shaping",
    rounding=EXACT,
    yields=True,
    aliases=("unsqueeze",),
    code={NUMPY: reshaped},
    lists=lists.reshape,
)


# ── zeros around ──


def _padded_axes(s: Signature) -> tuple[int, ...]:
    """The axes that grow: of a column, where none is said, its entries'."""
    axis, shape = s.attrs["axis"], s.shapes[0]
    if axis is None and s.rank == 2 and is_one(shape[1]):
        return (0,)
    return each(axis, s.rank)


def _amounts(s: Signature) -> tuple[Size, Size]:
    before, after = (amount(s, end) for end in s.attrs["ends"])
    return before, after


def _pad_shape(s: Signature) -> Shape:
    axes, (before, after) = _padded_axes(s), _amounts(s)
    both = s.sizes.add(before, after)
    return tuple(
        s.sizes.add(size, both) if k in axes else size for k, size in enumerate(s.shapes[0])
    )


def _pad_rule(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr]:
    axes, (before, _) = _padded_axes(s), _amounts(s)
    region = tuple(
        Part(before, s.sizes.add(before, size)) if k in axes else whole(size, s.sizes)
        for k, size in enumerate(s.shapes[0])
    )
    return (call("index", g, region=region),)


def _pad(x: Array, rank: int, axes: tuple[int, ...], ends: tuple[int, int]) -> Array:
    for axis in (k - rank for k in axes):
        front, behind = x.shape[:axis], x.shape[axis:][1:]
        before, after = (np.zeros((*front, end, *behind), x.dtype) for end in ends)
        x = np.concatenate((before, x, after), axis)
    return x


def _pad_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    axes = tuple(s.rank - 1 - k for k in reversed(_padded_axes(s)))
    attrs = {**s.attrs, "axis": axes if len(axes) > 1 else axes[0]}
    return call("pad", pairs[0].flipped, **attrs)


def _pad_code(site: Site) -> Spelling:
    s = site.signature
    axes, (before, after) = _padded_axes(s), map(site.size, _amounts(s))
    ends = [f"({before}, {after})" if k in axes else "(0, 0)" for k in range(s.rank)]
    return Spelling(f"{{xp}}.pad({{0}}, ({', '.join(['(0, 0)'] * len(site.front) + ends)}))")


def _pad_torch(site: Site) -> Spelling:
    s = site.signature
    axes, (before, after) = _padded_axes(s), map(site.size, _amounts(s))
    ends = [f"{before}, {after}" if k in axes else "0, 0" for k in reversed(range(s.rank))]
    return Spelling(f"{{xp}}.nn.functional.pad({{0}}, ({', '.join(ends)}))")


define(
    "pad",
    roman("pad") + r"{axis}\left({0},\ {ends}\right)",
    attributes=("ends",),
    keywords={"axis": None},
    shape=_pad_shape,
    forward=_pad,
    vjp=_pad_rule,
    linear=ALL,
    flops=none,
    exact=RING,
    about="with zeros in front and behind, along the axes named or all; a column along its own",
    cite="NumPy, pad: zeros have no cotangent, and entries keep theirs",
    flip=_pad_flip,
    static=lambda s: {
        "rank": s.rank,
        "axes": _padded_axes(s),
        "ends": tuple(int(end.value) for end in _amounts(s)),
    },
    group="shaping",
    rounding=EXACT,
    yields=True,
    code={NUMPY: _pad_code, TORCH: _pad_torch},
)
