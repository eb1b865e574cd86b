"""Operations that move entries: transposes, stacks, reshapes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import lists, maps
from gradcli.ops.broadcasting import broadcast_shapes, differ
from gradcli.ops.coding import NUMPY, TORCH
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
from gradcli.ops.parts import Part, whole
from gradcli.ops.shape_code import joined, permuted, reshaped, stacked, stretched_to, transposed
from gradcli.sizes import ATOM, POSTFIX, PRODUCT, Shape, Size, Sizes, is_one, is_scalar, same, spell

MOVES = "entries move, and their cotangents move back"

# ── transpose ──


def _transpose(x: Array, rank: int) -> Array:
    if rank == 2:
        return np.swapaxes(x, -1, -2)
    lead = x.ndim - rank
    return np.transpose(x, (*range(lead), *reversed(range(lead, x.ndim))))


def _transpose_jacobian(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    """A row's entries are the column's; a matrix's change places, which has no plain form."""
    plain = s.rank == 2 and any(map(is_one, s.shapes[0]))
    return maps.identity(s.shapes[0], s.sizes) if plain else None


register(
    Op(
        name="transpose",
        operands=("x",),
        shape=lambda s: s.shapes[0][::-1],
        forward=_transpose,
        vjp=lambda s, g, y, x: (g.T,),
        linear=ALL,
        turns=True,
        flops=none,
        terms=lambda s, book, x: book.turned(x, range(s.rank)[::-1], s.shapes[0][::-1]),
        exact=RING,
        about="transpose; at rank 3 and more all axes in reverse",
        cite="Matrix Cookbook, section 1 (transposes)",
        text=Spelling("{0}.T", POSTFIX, (POSTFIX,)),
        numpy=Spelling("{0}.T", POSTFIX, (POSTFIX,)),
        latex=Spelling("{0}^{{\\top}}", POSTFIX, (ATOM,)),
        flip=lambda s, pairs: pairs[0].plain,
        lanes=lambda s, axes: None if axes[0] is None else -1 - axes[0] - s.rank,
        jacobian=_transpose_jacobian,
        static=lambda s: {"rank": s.rank},
        counts=kept_counts,
        group="operators",
        rounding=EXACT,
        code={NUMPY: transposed, TORCH: permuted},
        lists=lists.transpose,
    ),
    function=False,
)


# ── stacks ──


def _joined(s: Signature, axis: int) -> Shape:
    """The shape of operands joined along an axis."""
    first = s.shapes[0]
    length = first[axis]
    result = list(first)
    for i, shape in enumerate(s.shapes[1:], 1):
        if len(shape) != len(first):
            raise Mismatch(f"{{0}} is {spell(first)} and {{{i}}} is {spell(shape)}")
        for k, (a, b) in enumerate(zip(result, shape, strict=True)):
            both = a if k == axis else same(a, b)
            if both is None:
                raise Mismatch(
                    f"{{0}} is {spell(first)} and {{{i}}} is {spell(shape)}: {differ(a, b)}",
                    _joins_otherwise(first, shape, axis, i),
                )
            result[k] = both
        length = s.sizes.add(length, shape[axis])
    result[axis] = length
    return tuple(result)


def _joins_otherwise(first: Shape, shape: Shape, axis: int, i: int) -> str | None:
    """A hint where two matrices fit along the other axis."""
    if len(first) != 2 or same(first[axis], shape[axis]) is None:
        return None
    if axis == 0:
        return f"concat({{0}}, {{{i}}}, axis=1) joins side by side"
    return f"[{{0}}; {{{i}}}] stacks vertically"


def _join(*xs: Array, axis: int, rank: int) -> Array:
    """Concatenate along an axis counted from the end; leading axes broadcast."""
    lead = np.broadcast_shapes(*(x.shape[: x.ndim - rank] for x in xs))
    if lead:
        xs = tuple(np.broadcast_to(x, (*lead, *x.shape[x.ndim - rank :])) for x in xs)
    return np.concatenate(xs, axis=axis)


def _blocks(s: Signature, g: Expr, axis: int) -> Sequence[Expr]:
    """The cotangent's blocks along an axis, one an operand."""
    rules = []
    start = s.sizes.constant(0)
    for shape in s.shapes:
        stop = s.sizes.add(start, shape[axis])
        region = tuple(
            Part(start, stop, single=s.rank == 2 and is_one(size))
            if k == axis
            else whole(size, s.sizes)
            for k, size in enumerate(shape)
        )
        rules.append(call("index", g, region=region))
        start = stop
    return rules


register(
    Op(
        name="vstack",
        operands=("*blocks",),
        shape=lambda s: _joined(s, 0),
        forward=_join,
        vjp=lambda s, g, y, *xs: _blocks(s, g, 0),
        linear=ALL,
        flops=none,
        exact=RING,
        about="blocks stacked vertically: [a; b; c]; of scalars also [a, b, c]",
        cite=MOVES,
        text=Spelling("[{;}]"),
        latex=Spelling(r"\begin{{bmatrix}}{\\}\end{{bmatrix}}"),
        static=lambda s: {"axis": -s.rank, "rank": s.rank},
        counts=kept_counts,
        group="operators",
        rounding=EXACT,
        code={NUMPY: joined("axis"), TORCH: joined("dim")},
        lists=lists.joined,
    ),
    function=False,
)
register(
    Op(
        name="concat",
        operands=("*xs",),
        shape=lambda s: _joined(s, s.attrs["axis"]),
        forward=_join,
        vjp=lambda s, g, y, *xs: _blocks(s, g, s.attrs["axis"]),
        linear=ALL,
        flops=none,
        exact=RING,
        about="operands joined along an axis",
        cite=MOVES,
        text=Spelling("concat"),
        latex=Spelling(r"\operatorname{{concat}}{keywords}\left({,}\right)"),
        static=lambda s: {"rank": s.rank, **coded(s)},
        keywords={"axis": 0},
        counts=kept_counts,
        group="shaping",
        rounding=EXACT,
        code={NUMPY: joined("axis"), TORCH: joined("dim")},
        lists=lists.joined,
    )
)


def _stack_shape(s: Signature) -> Shape:
    first = list(s.shapes[0])
    for i, shape in enumerate(s.shapes[1:], 1):
        both = [same(a, b) for a, b in zip(first, shape, strict=False)]
        if len(shape) != len(first) or None in both:
            raise Mismatch(
                f"{{0}} is {spell(tuple(first))} and {{{i}}} is {spell(shape)}: "
                "stacked ones are alike"
            )
        first = [size for size in both if size is not None]
    first.insert(s.attrs["axis"], s.sizes.constant(len(s.shapes)))
    return tuple(first)


def _stack(*xs: Array, axis: int, rank: int) -> Array:
    xs = tuple(np.broadcast_arrays(*xs)) if len({x.ndim for x in xs}) > 1 else xs
    return np.stack(xs, axis=axis)


def _layers(s: Signature, g: Expr, y: Expr, *xs: Expr) -> Sequence[Expr]:
    shape = _stack_shape(s)
    axis = s.attrs["axis"]
    rules = []
    for i in range(len(xs)):
        at = s.sizes.constant(i)
        part = Part(at, s.sizes.constant(i + 1), single=True)
        region = tuple(part if k == axis else whole(size, s.sizes) for k, size in enumerate(shape))
        rules.append(call("index", g, region=region))
    return rules


register(
    Op(
        name="stack",
        operands=("*xs",),
        shape=_stack_shape,
        forward=_stack,
        vjp=_layers,
        linear=ALL,
        flops=none,
        exact=RING,
        about="operands laid along a new axis",
        cite=MOVES,
        text=Spelling("stack"),
        latex=Spelling(r"\operatorname{{stack}}{keywords}\left({,}\right)"),
        static=lambda s: {"axis": s.attrs["axis"] - s.rank - 1, "rank": s.rank},
        keywords={"axis": 0},
        new_axes=1,
        counts=kept_counts,
        group="shaping",
        rounding=EXACT,
        code={NUMPY: stacked("axis"), TORCH: stacked("dim")},
        lists=lists.stacked,
    )
)


# ── reshape and broadcast ──


def _reshape_shape(s: Signature) -> Shape:
    shape: Shape = s.attrs["shape"]
    before, after = s.sizes.product(s.shapes[0]), s.sizes.product(shape)
    if before is not after and not (before.value == after.value and (before.free or after.free)):
        raise Mismatch(
            f"{{0}} is {spell(s.shapes[0])} and does not fill {spell(shape)}: "
            f"{differ(before, after)}",
            _relation(s.sizes, before, after) if before.value == after.value else None,
            attribute="shape",
        )
    return shape


def _relation(sizes: Sizes, a: Size, b: Size) -> str | None:
    """What makes two sizes one: a dim that is declared as what it is of the others."""
    ratio = sizes.divide(a, b)
    if ratio is None or len(ratio.terms) != 1:
        return None
    powers = dict(ratio.terms[0][0])
    for dim, power in powers.items():
        if power in (1, -1) and all(p * power < 0 for d, p in powers.items() if d != dim):
            own = sizes.dims[dim]
            rest = sizes.divide(own, ratio) if power == 1 else sizes.multiply(own, ratio)
            if rest is not None and rest.whole and not rest.is_constant:
                return f"say so where it is declared: dim {dim} = {rest.text}"
    return None


register(
    Op(
        name="reshape",
        operands=("x",),
        attributes=("shape",),
        shape=_reshape_shape,
        forward=lambda x, rank, shape: x.reshape((*x.shape[: x.ndim - rank], *shape)),
        vjp=lambda s, g, y, x: (call("reshape", g, shape=s.shapes[0]),),
        linear=ALL,
        flops=none,
        jacobian=lambda s, k, operands: maps.identity(s.shapes[0], s.sizes),
        exact=RING,
        about="the entries in another shape, row by row",
        cite=MOVES,
        text=Spelling("reshape"),
        latex=Spelling(r"\operatorname{{reshape}}_{{{shape}}}\left({0}\right)"),
        static=lambda s: {"rank": s.rank, **coded(s)},
        counts=kept_counts,
        group="shaping",
        rounding=EXACT,
        code={NUMPY: reshaped},
        lists=lists.reshape,
    )
)


def _broadcast_shape(s: Signature) -> Shape:
    shape: Shape = s.attrs["shape"]
    try:
        joint = broadcast_shapes(s.sizes, (s.shapes[0], shape))
    except Mismatch:
        joint = ()
    if len(joint) != len(shape) or any(
        same(a, b) is None for a, b in zip(joint, shape, strict=True)
    ):
        raise Mismatch(
            f"{{0}} is {spell(s.shapes[0])} and can't be stretched to {spell(shape)}",
            attribute="shape",
        )
    return shape


def _broadcast(x: Array, rank: int, shape: tuple[int, ...]) -> Array:
    lead = x.shape[: x.ndim - rank]
    x = x.reshape((*lead, *(1,) * (len(shape) - rank), *x.shape[x.ndim - rank :]))
    return np.broadcast_to(x, (*lead, *shape))


def _broadcast_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    shape = s.attrs["shape"]
    if len(shape) != s.rank and not is_scalar(s.shapes[0]):
        return None
    return call("broadcast", pairs[0].flipped, shape=shape[::-1])


register(
    Op(
        name="broadcast",
        operands=("x",),
        attributes=("shape",),
        shape=_broadcast_shape,
        forward=_broadcast,
        vjp=lambda s, g, y, x: (g,),
        linear=ALL,
        stretches=True,
        flops=none,
        jacobian=lambda s, k, operands: maps.stretched(s.shapes[0], s.attrs["shape"], s.sizes),
        terms=lambda s, book, x: book.stretched(x, _broadcast_shape(s)),
        exact=RING,
        about="axes of size 1 (and missing ones in front) stretched",
        cite="course recitation on computing derivatives, rule 4b (generalised chain rule)",
        text=Spelling("broadcast"),
        latex=Spelling(r"{0} \odot \mathbf{{1}}_{{{shape}}}", PRODUCT, (PRODUCT,)),
        latex_scalar=Spelling(r"{0} \cdot \mathbf{{1}}_{{{shape}}}", PRODUCT, (PRODUCT,)),
        flip=_broadcast_flip,
        static=lambda s: {"rank": s.rank, **coded(s)},
        counts=kept_counts,
        group="shaping",
        rounding=EXACT,
        aliases=("expand", "broadcast_to"),
        code={NUMPY: stretched_to},
        lists=lists.broadcast,
    )
)
