"""Operations that move entries: transposes, slices, stacks, reshapes, constants, einsum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops.core import (
    Array,
    Mismatch,
    Op,
    Pair,
    Signature,
    Spelling,
    broadcast_shapes,
    differ,
    no_rule,
    register,
)
from gradcli.sizes import ATOM, POSTFIX, Shape, Size, Sizes, is_one, is_scalar, numbers, same, spell

MOVES = "entries move, and their cotangents move back"


class Part(NamedTuple):
    """What of one axis a slice takes: from `start` up to `stop`, or all of it.

    A single index (`single`) keeps the axis at size 1 at rank 2, and drops it at rank 3 and more.
    """

    start: Size
    stop: Size
    single: bool = False
    whole: bool = False
    rolled: str = ""  # how it is written with a loop's index as a letter

    def __str__(self) -> str:
        if self.whole:
            return ":"
        if self.single:
            return str(self.start.value)
        return f"{self.start.value}:{self.stop.value}"

    def length(self, sizes: Sizes) -> Size:
        return sizes.constant(1) if self.single else sizes.add(self.stop, self.start, -1)

    def slice(self) -> slice:
        return slice(int(self.start.value), int(self.stop.value))


def kept_shape(sizes: Sizes, region: Sequence[Part]) -> Shape:
    """The shape of a region with every axis kept."""
    return tuple(part.length(sizes) for part in region)


def indexed_shape(sizes: Sizes, region: Sequence[Part]) -> Shape:
    """The shape of an index's result: at rank 3 and more a single index drops its axis."""
    if len(region) <= 2:
        return kept_shape(sizes, region)
    left = [part.length(sizes) for part in region if not part.single]
    one = sizes.constant(1)
    return (*left, *(one,) * (2 - len(left)))


def whole(size: Size, sizes: Sizes) -> Part:
    return Part(sizes.constant(0), size, whole=True)


# ── transpose and index ──


def _transpose(x: Array, rank: int) -> Array:
    if rank == 2:
        return np.swapaxes(x, -1, -2)
    lead = x.ndim - rank
    return np.transpose(x, (*range(lead), *reversed(range(lead, x.ndim))))


register(
    Op(
        name="transpose",
        operands=("x",),
        shape=lambda s: s.shapes[0][::-1],
        forward=_transpose,
        rule=lambda s, g, y, x: (g.T,),
        about="transpose; at rank 3 and more all axes in reverse",
        cite="Matrix Cookbook, section 1 (transposes)",
        text=Spelling("{0}.T", POSTFIX, (POSTFIX,)),
        numpy=Spelling("{0}.T", POSTFIX, (POSTFIX,)),
        latex=Spelling("{0}^{{\\top}}", POSTFIX, (ATOM,)),
        flip=lambda s, pairs: pairs[0].plain,
        lanes=lambda s, axes: None if axes[0] is None else -1 - axes[0] - s.rank,
        static=lambda s: {"rank": s.rank},
        group="operators",
    ),
    function=False,
)


def _index(x: Array, slices: tuple[slice, ...], shape: tuple[int, ...]) -> Array:
    index: Any = (..., *slices)
    found: Array = x[index]
    return found.reshape((*found.shape[: found.ndim - len(slices)], *shape))


def _index_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    region = s.attrs["region"]
    dropped = s.rank > 2 and any(part.single for part in region)
    if dropped and sum(not part.single for part in region) < 2:
        return None  # a column would come out where a row should
    return call("index", pairs[0].flipped, region=region[::-1])


register(
    Op(
        name="index",
        operands=("x",),
        shape=lambda s: indexed_shape(s.sizes, s.attrs["region"]),
        forward=_index,
        rule=lambda s, g, y, x: (g,),
        about="a slice or an entry; its cotangent goes to that region alone",
        cite="course recitation on computing derivatives, scanning with an MLP",
        text=Spelling("{0}[{region}]", POSTFIX, (POSTFIX,)),
        latex=Spelling("{0}[{region}]", POSTFIX, (POSTFIX,)),
        flip=_index_flip,
        static=lambda s: {
            "slices": tuple(part.slice() for part in s.attrs["region"]),
            "shape": numbers(indexed_shape(s.sizes, s.attrs["region"])),
        },
        region=lambda s: s.attrs["region"],
        group="operators",
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
        rule=lambda s, g, y, *xs: _blocks(s, g, 0),
        about="blocks stacked vertically: [a; b; c]; of scalars also [a, b, c]",
        cite=MOVES,
        text=Spelling("[{;}]"),
        latex=Spelling(r"\begin{{bmatrix}}{\\}\end{{bmatrix}}"),
        static=lambda s: {"axis": -s.rank, "rank": s.rank},
        group="operators",
    ),
    function=False,
)
register(
    Op(
        name="concat",
        operands=("*xs",),
        shape=lambda s: _joined(s, s.attrs["axis"]),
        forward=_join,
        rule=lambda s, g, y, *xs: _blocks(s, g, s.attrs["axis"]),
        about="operands joined along an axis",
        cite=MOVES,
        text=Spelling("concat"),
        latex=Spelling(r"\operatorname{{concat}}{axis}\left({,}\right)"),
        static=lambda s: {"axis": s.attrs["axis"] - s.rank, "rank": s.rank},
        keywords={"axis": 0},
        group="shaping",
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
        rule=_layers,
        about="operands laid along a new axis",
        cite=MOVES,
        text=Spelling("stack"),
        latex=Spelling(r"\operatorname{{stack}}{axis}\left({,}\right)"),
        static=lambda s: {"axis": s.attrs["axis"] - s.rank - 1, "rank": s.rank},
        keywords={"axis": 0},
        new_axes=1,
        group="shaping",
    )
)


# ── reshape and broadcast ──


def _reshape_shape(s: Signature) -> Shape:
    shape: Shape = s.attrs["shape"]
    before, after = s.sizes.product(s.shapes[0]), s.sizes.product(shape)
    if before is not after and not (before.value == after.value and (before.free or after.free)):
        raise Mismatch(
            f"{{0}} is {spell(s.shapes[0])} and does not fill {spell(shape)}: "
            f"{differ(before, after)}"
        )
    return shape


register(
    Op(
        name="reshape",
        operands=("x", "[shape]"),
        shape=_reshape_shape,
        forward=lambda x, rank, shape: x.reshape((*x.shape[: x.ndim - rank], *shape)),
        rule=lambda s, g, y, x: (call("reshape", g, shape=s.shapes[0]),),
        about="the entries in another shape, row by row",
        cite=MOVES,
        text=Spelling("reshape"),
        latex=Spelling(r"\operatorname{{reshape}}_{{{shape}}}\left({0}\right)"),
        static=lambda s: {"rank": s.rank, "shape": numbers(s.attrs["shape"])},
        group="shaping",
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
        raise Mismatch(f"{{0}} is {spell(s.shapes[0])} and can't be stretched to {spell(shape)}")
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
        operands=("x", "[shape]"),
        shape=_broadcast_shape,
        forward=_broadcast,
        rule=lambda s, g, y, x: (g,),
        about="axes of size 1 (and missing ones in front) stretched",
        cite="course recitation on computing derivatives, rule 4b (generalised chain rule)",
        text=Spelling("broadcast"),
        latex=Spelling(r"\operatorname{{broadcast}}_{{{shape}}}\left({0}\right)"),
        flip=_broadcast_flip,
        static=lambda s: {"rank": s.rank, "shape": numbers(s.attrs["shape"])},
        group="shaping",
    )
)


# ── constants ──


def _filled_shape(s: Signature) -> Shape:
    sizes: Shape = s.attrs["sizes"]
    one = s.sizes.constant(1)
    return (*sizes, *(one,) * (2 - len(sizes)))


def constant(
    name: str,
    shape: Callable[[Signature], Shape],
    forward: Callable[..., Array],
    static: Callable[[Signature], dict[str, Any]],
    about: str,
    latex: str,
    **fields: Any,
) -> Op:
    return register(
        Op(
            name=name,
            operands=fields.pop("operands", ("*sizes",)),
            shape=shape,
            forward=forward,
            rule=no_rule,
            about=about,
            cite="constant",
            text=Spelling(name),
            latex=Spelling(latex),
            static=static,
            group="constants",
            **fields,
        )
    )


constant(
    "zeros",
    _filled_shape,
    np.zeros,
    lambda s: {"shape": numbers(_filled_shape(s))},
    "all 0; zeros(N) is a column",
    r"\mathbf{{0}}_{{{sizes}}}",
)
constant(
    "ones",
    _filled_shape,
    np.ones,
    lambda s: {"shape": numbers(_filled_shape(s))},
    "all 1; ones(N) is a column",
    r"\mathbf{{1}}_{{{sizes}}}",
)
constant(
    "eye",
    lambda s: (s.attrs["sizes"][0],) * 2,
    np.eye,
    lambda s: {"N": int(s.attrs["sizes"][0].value)},
    "identity matrix",
    "I_{{{sizes}}}",
    operands=("size",),
    flip=lambda s, pairs: call("eye", sizes=s.attrs["sizes"]),
    spread=True,
)
register(
    Op(
        name="constant",
        operands=(),
        shape=lambda s: s.attrs["shape"],
        forward=lambda data, shape: np.array(data, dtype=float).reshape(shape),
        rule=no_rule,
        about="a literal: [1, 2, 3] is a column, [[1, 2], [3, 4]] a matrix",
        cite="constant",
        text=Spelling("{literal}"),
        latex=Spelling("{data}"),
        static=lambda s: {"data": s.attrs["data"], "shape": numbers(s.attrs["shape"])},
        group="constants",
    ),
    function=False,
)
register(
    Op(
        name="copy",
        operands=("x",),
        shape=lambda s: s.shapes[0],
        forward=lambda x: x,
        rule=lambda s, g, y, x: (g,),
        about="the same under another name: y = x",
        cite="How to compute a derivative (course slides), the deriv routine, `none`",
        text=Spelling("{0}", 0, (0,)),
        latex=Spelling("{0}", 0, (0,)),
        flip=lambda s, pairs: pairs[0].flipped,
        lanes=lambda s, axes: axes[0],
        group="operators",
    ),
    function=False,
)


# ── einsum ──


class Subscripts(NamedTuple):
    """`inputs` and `output`, one letter an axis."""

    inputs: tuple[str, ...]
    output: str

    def __str__(self) -> str:
        return f"{','.join(self.inputs)}->{self.output}"


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def subscripts(text: str) -> Subscripts:
    """Parse subscripts; with no `->`, the letters that stand once, in order. Raises Mismatch."""
    text = text.replace(" ", "")
    left, arrow, right = text.partition("->")
    inputs = tuple(left.split(","))
    if not arrow:
        right = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    for term in (*inputs, right):
        if bad := [c for c in term if c not in LETTERS]:
            raise Mismatch(f"`{bad[0]}` in the subscripts is not a letter", "ij,jk->ik")
    if "" in inputs:
        raise Mismatch(
            "the subscripts of an operand are missing", "a scalar is `ij`, as a column is"
        )
    for c in right:
        if right.count(c) > 1:
            raise Mismatch(f"`{c}` stands twice in the output's subscripts")
        if c not in left:
            raise Mismatch(f"the output's `{c}` stands in no operand")
    return Subscripts(inputs, right)


def _einsum_sizes(s: Signature) -> tuple[Subscripts, dict[str, Size]]:
    parsed = subscripts(s.attrs["subscripts"])
    if len(parsed.inputs) != len(s.shapes):
        raise Mismatch(f"the subscripts name {len(parsed.inputs)} operands, not {len(s.shapes)}")
    found: dict[str, Size] = {}
    for i, (term, shape) in enumerate(zip(parsed.inputs, s.shapes, strict=True)):
        if len(term) != len(shape):
            hint = "a column is `ij`, with j of size 1" if len(term) == 1 else None
            raise Mismatch(f"`{term}` names {len(term)} axes, but {{{i}}} is {spell(shape)}", hint)
        for c, size in zip(term, shape, strict=True):
            both = same(found.setdefault(c, size), size)
            if both is None:
                raise Mismatch(
                    f"`{c}` is {found[c].text} and {size.text}: {differ(found[c], size)}"
                )
            found[c] = both
    return parsed, found


def _einsum_shape(s: Signature) -> Shape:
    parsed, found = _einsum_sizes(s)
    one = s.sizes.constant(1)
    return (*(found[c] for c in parsed.output), *(one,) * (2 - len(parsed.output)))


def _einsum(*xs: Array, subscripts: str, rank: int) -> Array:
    result = np.asarray(np.einsum(subscripts, *xs))
    return result.reshape((*result.shape, *(1,) * (2 - rank)))


def _einsum_static(s: Signature) -> dict[str, Any]:
    parsed = subscripts(s.attrs["subscripts"])
    dotted = ",".join("..." + term for term in parsed.inputs)
    return {"subscripts": f"{dotted}->...{parsed.output}", "rank": len(parsed.output)}


def _einsum_rule(s: Signature, g: Expr, y: Expr, *xs: Expr) -> Sequence[Expr | None]:
    """Swap the operand's subscripts with the output's.

    What only the operand has is spread by ones, a repeated letter along its diagonal by an
    identity.
    """
    parsed, found = _einsum_sizes(s)
    spare = [c for c in LETTERS if c not in found]
    padding = "".join(spare[: max(0, 2 - len(parsed.output))])
    spare = spare[len(padding) :]
    rules = []
    for k, term in enumerate(parsed.inputs):
        terms, operands, target = [parsed.output + padding], [g], ""
        for i, (other, x) in enumerate(zip(parsed.inputs, xs, strict=True)):
            if i != k:
                terms.append(other)
                operands.append(x)
        known = set("".join(terms))
        rest = list(spare)
        for c in term:
            if c in target:
                fresh = rest.pop(0)
                terms.append(c + fresh)
                operands.append(call("eye", sizes=(found[c],)))
                target += fresh
                continue
            if c not in known:
                terms.append(c + rest.pop(0))
                operands.append(call("ones", sizes=(found[c],)))
            target += c
        rules.append(call("einsum", *operands, subscripts=str(Subscripts(tuple(terms), target))))
    return rules


def _einsum_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    parsed = subscripts(s.attrs["subscripts"])
    if len(parsed.output) < 2:
        return None  # a column would come out where a row should
    operands, terms = [], []
    for pair, term in zip(pairs, parsed.inputs, strict=True):
        swapped = pair.plain.is_transpose()  # a cotangent inside: take its own layout
        operands.append(pair.flipped if swapped else pair.plain)
        terms.append(term[::-1] if swapped else term)
    flipped = str(Subscripts(tuple(terms), parsed.output[::-1]))
    return call("einsum", *operands, subscripts=flipped)


register(
    Op(
        name="einsum",
        operands=('"subscripts"', "*xs"),
        shape=_einsum_shape,
        forward=_einsum,
        rule=_einsum_rule,
        about="sums of products over named axes; a column is `ij`",
        cite="product rule, axis by axis (Laue, Mitterreiter & Giesen 2018)",
        text=Spelling("einsum"),
        latex=Spelling(r"\operatorname{{einsum}}_{{\text{{{subscripts}}}}}\left({,}\right)"),
        flip=_einsum_flip,
        static=_einsum_static,
        group="shaping",
    )
)
