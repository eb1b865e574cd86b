"""Products of vectors and matrices that are no matrix product."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import lists
from gradcli.ops.coding import JAX, NUMPY, TORCH
from gradcli.ops.core import EACH, RING, Array, Pair, Signature, define, infix
from gradcli.ops.flops import an_entry, times
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.shape_code import crossed, kronecker
from gradcli.sizes import POWER, PRODUCT, Shape, alike, spell


def _cross_shape(s: Signature) -> Shape:
    a, b = s.shapes
    if not alike(a, b):
        raise Mismatch(f"{{0}} is {spell(a)} and {{1}} is {spell(b)}: cross takes two alike")
    axis = s.attrs["axis"]
    if a[axis].value != SPACE:
        raise Mismatch(f"{{0}} is {spell(a)}: its axis {axis} has size {a[axis].text}, not 3")
    return a


def _cross_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    return call("cross", *(pair.flipped for pair in pairs), axis=s.rank - 1 - s.attrs["axis"])


SPACE = 3  # the dimension that has a vector product
define(
    "cross",
    latex=infix(r"\times{keywords}", PRODUCT, POWER),
    operands=("a", "b"),
    shape=_cross_shape,
    forward=np.cross,
    exact=RING,
    vjp=lambda s, g, z, a, b: (call("cross", b, g, **s.attrs), call("cross", g, a, **s.attrs)),
    flip=_cross_flip,
    linear=EACH,
    keywords={"axis": 0},
    about="vector product of threes along an axis",
    cite="the triple product g · (a × b) = a · (b × g) = b · (g × a)",
    group="matrices",
    yields=True,
    flops=lambda s, shape: times(s.sizes, SPACE, s.sizes.product(shape)),
    code={
        TORCH: crossed("{xp}.cross(*{xp}.broadcast_tensors({0}, {1}), dim=AXIS)"),
        JAX: crossed("{xp}.cross({0}, {1}, axis=AXIS)"),
    },
)


def _kron_shape(s: Signature) -> Shape:
    a, b = s.shapes
    for k, shape in enumerate(s.shapes):
        if len(shape) != 2:
            raise Mismatch(f"{{{k}}} is {spell(shape)}, not a matrix")
    return s.sizes.multiply(a[0], b[0]), s.sizes.multiply(a[1], b[1])


def _kron(a: Array, b: Array) -> Array:
    blocks = a[..., :, None, :, None] * b[..., None, :, None, :]
    rows, columns = a.shape[-2] * b.shape[-2], a.shape[-1] * b.shape[-1]
    return np.asarray(blocks.reshape((*blocks.shape[:-4], rows, columns)))


def _kron_vjp(s: Signature, g: Expr, z: Expr, a: Expr, b: Expr) -> Sequence[Expr | None]:
    (n, m), (p, q) = s.shapes
    blocks = call("reshape", g, shape=(n, p, m, q))
    by_a = call("einsum", blocks, b, subscripts="ipjq,pq->ij")
    return by_a, call("einsum", blocks, a, subscripts="ipjq,ij->pq")


define(
    "kron",
    latex=infix(r"\otimes", PRODUCT, POWER),
    operands=("A", "B"),
    shape=_kron_shape,
    forward=_kron,
    vjp=_kron_vjp,
    exact=RING,
    flip=lambda s, pairs: call("kron", *(pair.flipped for pair in pairs)),
    linear=EACH,
    about="Kronecker product: the blocks A_ij B",
    cite="Van Loan 2000, The ubiquitous Kronecker product, section 1; the product rule",
    group="matrices",
    yields=True,
    flops=an_entry,
    code={NUMPY: kronecker},
    lists=lists.kron,
)
