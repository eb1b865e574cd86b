"""Eigenvalues and eigenvectors of symmetric matrices; singular values and vectors.

Each part of a factorisation is a function of its own. Vectors have a sign: in each column of V the
first entry that is at least half as large as the largest one is positive. Such a sign does not turn
where entries are equal, as they are in matrices of two equal diagonal entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import factor_code as coding
from gradcli.ops.core import BY_NORM, Array, Op, Signature, square
from gradcli.ops.factorisations import symmetric_part, tall
from gradcli.ops.flops import of_square, polynomial, times
from gradcli.ops.matrices import matrix
from gradcli.sizes import Shape, Size

EIGEN = "Giles 2008, section 3.1"
SINGULAR = "Townsend 2016, Differentiating the singular value decomposition; Giles 2008, 3.2"
APART = 64 * 2.0**-52  # of the largest value, by which two values differ

CROSS = "where two eigenvalues are equal there is no derivative"
SPIN = f"{CROSS}; a column's sign is that of its first entry of at least half the largest"
MEET = "where two singular values are equal, or one is 0, there is no derivative"


def spectrum(
    name: str, shape: Any, forward: Any, vjp: Any, cite: str, about: str, **more: Any
) -> Op:
    """Register a part of a spectral factorisation."""
    usual: dict[str, Any] = {"rounding": BY_NORM, "complex_safe": False, "yields": True}
    return matrix(name, ("A",), shape, forward, vjp, cite, about, **(usual | more))


def _column(x: Array) -> Array:
    return x[..., :, None]


def leading(v: Array) -> Array:
    """For each column the place of the entry that is made positive."""
    size = np.abs(v)
    return np.asarray(np.argmax((size >= np.max(size, axis=-2, keepdims=True) / 2) * 1, axis=-2))


def signs(v: Array) -> Array:
    """1 or -1 for each column, as a row: by it the column's leading entry becomes positive."""
    first = np.take_along_axis(v, leading(v)[..., None, :], -2)
    return np.where(first < 0, -1, 1).astype(v.dtype)


def _gaps(values: Array) -> Array:
    """Whether each value differs from the one before it, as whole numbers."""
    top = np.max(np.abs(values), axis=-1, keepdims=True)
    return np.asarray(np.abs(np.diff(values, axis=-1)) > APART * top, dtype=int)


def reciprocal_gaps(column: Expr, size: Size) -> Expr:
    """F with F_ij = 1 / (x_j - x_i), and 0 on the diagonal."""
    eye = call("eye", size=size)
    return (1 - eye) / (column.T - column + eye)


# ── symmetric matrices ──


def _square(s: Signature) -> Shape:
    square(s)
    return s.shapes[0]


def _values(x: Array) -> Array:
    return _column(np.linalg.eigh(symmetric_part(x))[0])


def _vectors(x: Array) -> Array:
    v = np.linalg.eigh(symmetric_part(x))[1]
    return v * signs(v)


def _values_branches(x: Array) -> Array:
    return _gaps(np.linalg.eigh(symmetric_part(x))[0])


def _vectors_branches(x: Array) -> Array:
    w, v = np.linalg.eigh(symmetric_part(x))
    return np.concatenate((_gaps(w), leading(v)), axis=-1)


def _vectors_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """V (F ∘ V^T g) V^T, and of that the symmetric part; F turns its sign when transposed."""
    gaps = reciprocal_gaps(call("eigh_values", x), s.shapes[0][0])
    return (y @ (gaps * (y.T @ g - g.T @ y)) @ y.T / 2,)


spectrum(
    "eigh_values",
    lambda s: (_square(s)[0], s.sizes.constant(1)),
    _values,
    lambda s, g, y, x: (call("eigh_vectors", x) @ call("diag", g) @ call("eigh_vectors", x).T,),
    EIGEN,
    "the eigenvalues of a matrix's symmetric part, from the smallest up",
    kink=CROSS,
    branches=_values_branches,
    flops=of_square(0, Fraction(-17, 6), Fraction(7, 2), Fraction(4, 3)),  # a tridiagonal form's
    aliases=("eigvalsh",),
    code=coding.eigh_values,
)
spectrum(
    "eigh_vectors",
    _square,
    _vectors,
    _vectors_vjp,
    EIGEN,
    "the eigenvectors of a matrix's symmetric part, as columns in the eigenvalues' order",
    kink=SPIN,
    branches=_vectors_branches,
    flops=of_square(0, 0, 0, 9),
    code=coding.eigh_vectors,
)


# ── singular values ──


def _svd(x: Array) -> tuple[Array, Array, Array]:
    """The thin factors, U and V with the signs of V's columns."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    v = np.swapaxes(vt, -1, -2)
    return u * signs(v), s, v * signs(v)


def _singular_branches(x: Array) -> Array:
    s = np.linalg.svd(x, full_matrices=False)[1]
    ends = np.asarray(s[..., -1:] > APART * s[..., :1], dtype=int)
    return np.concatenate((_gaps(s), ends), axis=-1)


def _turning_branches(x: Array) -> Array:
    return np.concatenate((_singular_branches(x), leading(_svd(x)[2])), axis=-1)


def _squares(x: Expr) -> tuple[Expr, Expr]:
    """The singular values as a column, and their squares."""
    values = call("svd_s", x)
    return values, call("square", values)


def _u_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """(U (F ∘ (U^T g - g^T U)) S + (I - U U^T) g S^-1) V^T."""
    values, squares = _squares(x)
    gaps = reciprocal_gaps(squares, s.shapes[0][1])
    within = y @ (gaps * (y.T @ g - g.T @ y)) * values.T
    return ((within + (g - y @ (y.T @ g)) / values.T) @ call("svd_v", x).T,)


def _v_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """U S (F ∘ (V^T g - g^T V)) V^T."""
    values, squares = _squares(x)
    gaps = reciprocal_gaps(squares, s.shapes[0][1])
    return (call("svd_u", x) @ (values * gaps * (y.T @ g - g.T @ y)) @ y.T,)


def _svd_flops(rows: int, cubes: int) -> Callable[[Signature, Shape], Size]:
    """Golub & Van Loan 2013, figure 8.6.1: by M N² and N³."""

    def flops(s: Signature, shape: Shape) -> Size:
        sizes, (m, n) = s.sizes, s.shapes[0]
        tall_part = sizes.multiply(m, polynomial(sizes, n, (0, 0, rows)))
        return sizes.add(tall_part, times(sizes, cubes, polynomial(sizes, n, (0, 0, 0, 1))))

    return flops


spectrum(
    "svd_u",
    tall,
    lambda x: _svd(x)[0],
    _u_vjp,
    SINGULAR,
    "U of A = U diag(s) V^T, as many columns as A, which has as many rows or more",
    kink=f"{MEET}; the signs are those of svd_v",
    branches=_turning_branches,
    flops=_svd_flops(6, 20),
    code=coding.svd_u,
)
spectrum(
    "svd_s",
    lambda s: (tall(s)[1], s.sizes.constant(1)),
    lambda x: _column(_svd(x)[1]),
    lambda s, g, y, x: (call("svd_u", x) @ call("diag", g) @ call("svd_v", x).T,),
    SINGULAR,
    "the singular values, from the largest down",
    kink=MEET,
    branches=_singular_branches,
    flops=_svd_flops(2, 2),
    aliases=("svdvals",),
    code=coding.svd_s,
)
spectrum(
    "svd_v",
    lambda s: (tall(s)[1],) * 2,
    lambda x: _svd(x)[2],
    _v_vjp,
    SINGULAR,
    "V of A = U diag(s) V^T, as columns",
    kink=f"{MEET}; a column's sign is that of its first entry of at least half the largest",
    branches=_turning_branches,
    flops=_svd_flops(2, 11),
    code=coding.svd_v,
)
