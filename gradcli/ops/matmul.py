"""The matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import lists, maps, product_code
from gradcli.ops.broadcasting import broadcast_shapes, differ
from gradcli.ops.coding import JAX, NUMPY, SUMMED, TORCH
from gradcli.ops.core import (
    EACH,
    RING,
    Pair,
    Signature,
    infix,
)
from gradcli.ops.flops import product
from gradcli.ops.maps import Map
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.operators import SLIDES, operator
from gradcli.sizes import (
    POWER,
    PRODUCT,
    SIGN,
    Shape,
    is_one,
    same,
    spell,
)


def _matmul_shape(s: Signature) -> Shape:
    a, b = s.shapes
    inner = same(a[-1], b[-2])
    if inner is None:
        raise Mismatch(
            f"{{0}} is {spell(a)} and {{1}} is {spell(b)}: "
            f"the inner sizes differ, {differ(a[-1], b[-2])}",
            _matmul_hint(a, b),
        )
    rank = max(len(a), len(b))
    if rank == 2:
        return a[0], b[1]
    last = a[-2], b[-1]
    return broadcast_shapes(s.sizes, [(*a[:-2], *last), (*b[:-2], *last)])


def _stacked_hint(a: Shape, b: Shape) -> str | None:
    rank = len(b)
    if rank < 3:
        return None
    swap = f"permute(x, ({', '.join(map(str, (*range(rank - 2), rank - 1, rank - 2)))}))"
    if same(a[-1], b[-1]):
        return f"{swap} swaps the last two axes"
    if same(a[-1], b[0]):
        return f"`.T` takes all axes in reverse; {swap} swaps the last two"
    return None


def _matmul_hint(a: Shape, b: Shape) -> str | None:
    if len(a) != 2 or len(b) != 2:
        return _stacked_hint(a, b)
    if all(same(x, y) for x, y in zip(a, b, strict=True)) and same(a[1], b[0]) is None:
        if a[1].value == 1:
            return "`*` is the elementwise product; {0}.T @ {1} is the scalar product"
        return "`*` is the elementwise product; did you mean {0} @ {1}.T?"
    if same(b[1], a[0]):
        return "did you mean {1} @ {0}?"
    if same(a[0], b[0]):
        return "did you mean {0}.T @ {1}?"
    if same(a[1], b[1]):
        return "did you mean {0} @ {1}.T?"
    if a[0].value == a[1].value == 1 or b[0].value == b[1].value == 1:
        return "a scalar multiplies with `*`"
    return None


def _matmul_vjp(s: Signature, g: Expr, z: Expr, a: Expr, b: Expr) -> Sequence[Expr | None]:
    """Giles 2008, 2.2.2; at rank 3 and more on the last two axes, entry by entry of the others."""
    rank_a, rank_b = (len(shape) for shape in s.shapes)
    if rank_a == rank_b == 2:
        return g @ b.T, a.T @ g
    # einsum names the axes from the end, so that leading axes of one side alone are no matter.
    rank = max(rank_a, rank_b)
    lead = "abcdefgh"[: rank - 2]
    # A stretched axis has a letter of its own, so that it meets no other size; one that an operand
    # lacks is summed by the contraction.
    own = [lead[rank - len(shape) :] for shape in s.shapes]
    names = [
        "".join(c.upper() if is_one(size) else c for c, size in zip(letters, shape, strict=False))
        for letters, shape in zip(own, s.shapes, strict=True)
    ]
    left, right = names[0] + "ij", names[1] + "jk"
    out = lead + "ik"
    by_a = call("einsum", g, b, subscripts=f"{out},{right}->{own[0]}ij")
    by_b = call("einsum", a, g, subscripts=f"{left},{out}->{own[1]}jk")
    return by_a, by_b


def _matmul_terms(s: Signature, book: Any, a: Any, b: Any) -> Any:
    rank = max(len(shape) for shape in s.shapes)
    lead = tuple(range(rank - 2))
    i, j, k = rank, rank + 1, rank + 2
    left, right = (lead[rank - len(shape) :] for shape in s.shapes)
    return book.product([a, b], [(*left, i, j), (*right, j, k)], (*lead, i, k), _matmul_shape(s))


def _matmul_lanes(s: Signature, axes: Sequence[int | None]) -> int | None:
    """The left operand's rows stay apart, or the right one's columns."""
    left, right = axes
    if right is None:
        return left if left == -2 else None
    if left is None:
        return right if right == -1 else None
    return None


def _matmul_jacobian(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    """(A ⊗ I) vec X for A @ X, and (I ⊗ Bᵀ) vec X for X @ B, the entries row by row."""
    a, b = s.shapes
    if len(a) != 2 or len(b) != 2:
        return None
    if k == 0:
        return maps.kron(maps.Eye(a[0]), maps.dense(operands[1].T, b[::-1]), s.sizes)
    return maps.kron(maps.dense(operands[0], a), maps.Eye(b[1]), s.sizes)


def _matmul_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    if any(len(shape) != 2 for shape in s.shapes):
        return None
    left, right = pairs[1].flipped, pairs[0].flipped
    if right.op == "matmul" and _is_no_longer(s, pairs[0].inner):
        return left @ right.args[0] @ right.args[1]  # a chain stays one, without brackets
    return left @ right


def _is_no_longer(s: Signature, inner: tuple[Shape, ...]) -> bool:
    """Whether (A @ B) @ C takes no fewer operations than A @ (B @ C).

    inner: the shapes of A and B, where it is these that are multiplied.
    """
    if len(inner) != 2:
        return False
    m, k, p, n = (int(size.value) for size in (*inner[0], inner[1][1], s.shapes[1][1]))
    first = m * p * (2 * k - 1) + m * n * (2 * p - 1)
    last = k * n * (2 * p - 1) + m * n * (2 * k - 1)
    return last <= first


operator(
    "@",
    "matmul",
    ("A", "B"),
    np.matmul,
    _matmul_vjp,
    infix("@", PRODUCT),
    infix(r"\,", SIGN, POWER),  # standing side by side binds tighter than a symbol between
    shape=_matmul_shape,
    flip=_matmul_flip,
    lanes=_matmul_lanes,
    letters="ij,jk->ik",
    spread=True,
    foldable=False,
    linear=EACH,
    flops=product,
    terms=_matmul_terms,
    code={
        NUMPY: product_code.product_numpy,
        TORCH: product_code.product,
        JAX: product_code.product,
        SUMMED: product_code.product_summed,
    },
    exact=RING,
    about="matrix product, over the last two axes",
    jacobian=_matmul_jacobian,
    cite=SLIDES + "rule 1; Giles 2008, section 2.2",
    lists=lists.matmul,
)
