"""Triangular factors: Cholesky's, those of QR, and what is solved with them.

LAPACK reads one triangle of a symmetric matrix. Here a matrix stands for its symmetric part, so
that each entry moves the result and the derivative is symmetric, as in PyTorch and JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import factor_code as coding
from gradcli.ops.core import BY_NORM, Array, Signature, Spelling, square
from gradcli.ops.exact import root
from gradcli.ops.flops import of_square, polynomial, times
from gradcli.ops.matrices import matrix, solve_shape
from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import ATOM, POWER, SIGN, Shape, Size, spell

MURRAY = "Murray 2016, Differentiation of the Cholesky decomposition, equation 10"
QR = "Walter & Lehmann 2013, section 3; Townsend 2016"


def symmetric_part(x: Array) -> Array:
    return (x + np.swapaxes(x, -1, -2)) / 2


def _definite(s: Signature) -> Shape:
    square(s)
    return s.shapes[0]


def _diagonal(x: Array) -> Array:
    return np.diagonal(x, axis1=-2, axis2=-1)


# ── Cholesky ──


def _cholesky(x: Array) -> Array:
    """The lower L with L @ L.T = A. A complex A has its analytic one: no entry is conjugated."""
    a = symmetric_part(x)
    if not np.iscomplexobj(a):
        return np.asarray(np.linalg.cholesky(a))
    factor = np.zeros_like(a)
    for j in range(a.shape[-1]):
        before = factor[..., :, :j]
        column = a[..., :, j] - (before @ before[..., j, :, None])[..., 0]
        if not (column[..., j].real > 0).all():
            raise np.linalg.LinAlgError("Matrix is not positive definite")
        factor[..., j:, j] = column[..., j:] / np.sqrt(column[..., j, None])
    return factor


def _exact_cholesky(a: Any, x: Any) -> Any:
    """By elimination: each column over its pivot, times the pivot's root."""
    rest = (x + a.turned(x)) / 2
    columns = []
    for j in range(x.shape[-1]):
        column = rest.ring(lambda v, j=j: v[..., :, j : j + 1])
        pivot = rest.ring(lambda v, j=j: v[..., j : j + 1, j : j + 1])
        unit = column / pivot
        columns.append(unit * root(a, pivot))
        rest = rest - unit @ a.turned(column)
    whole = a.ring(lambda *v: np.concatenate(v, axis=-1), columns, factors=1)
    return whole.ring(np.tril)


def _cholesky_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """Half of L^-T S L^-1, where S is the symmetric matrix with the lower triangle of L.T @ g."""
    inner = _symmetric_of_lower(y.T @ g)
    return (_below(y, _below(y, inner).T) / 2,)


def _symmetric_of_lower(x: Expr) -> Expr:
    return call("tril", x, k=0) + call("tril", x, k=-1).T


def _below(factor: Expr, right: Expr) -> Expr:
    """L^-T times a matrix."""
    return call("solve_triangular", factor, right, lower=1, trans=1)


matrix(
    "cholesky",
    ("A",),
    _definite,
    _cholesky,
    _cholesky_vjp,
    MURRAY,
    "the lower triangular L with L @ L.T = A, the symmetric part of a positive definite matrix",
    exact=_exact_cholesky,
    rounding=BY_NORM,
    flops=of_square(0, Fraction(1, 6), Fraction(1, 2), Fraction(1, 3)),
    drawn={0: "spd"},
    yields=True,
    code=coding.cholesky,
)


def _inverse(x: Array) -> Array:
    half = np.linalg.inv(_cholesky(x))
    return np.swapaxes(half, -1, -2) @ half


matrix(
    "inv_spd",
    ("A",),
    _definite,
    _inverse,
    lambda s, g, y, x: (-(y @ (g + g.T) @ y) / 2,),
    "Giles 2008, section 2.2.3, of the symmetric part",
    "inverse of a positive definite matrix, by its Cholesky factor; that of its symmetric part",
    exact=lambda a, x: a.solve((x + a.turned(x)) / 2, a.identity(x)),
    latex=Spelling("{0}^{{-1}}", POWER, (ATOM,)),
    rounding=BY_NORM,
    flops=of_square(0, 0, 0, 1),  # the factor, its inverse, and their product's triangle
    drawn={0: "spd"},
    yields=True,
    code=coding.inverse,
)


# ── triangular systems ──


def _triangle(x: Array, lower: int, trans: int) -> Array:
    part = np.tril(x) if lower else np.triu(x)
    return np.swapaxes(part, -1, -2) if trans else part


def _solve_triangular(x: Array, b: Array, lower: int, trans: int) -> Array:
    if (_diagonal(x) == 0).any():
        raise np.linalg.LinAlgError("Singular matrix")
    lead = np.broadcast_shapes(x.shape[:-2], b.shape[:-2])
    b = np.broadcast_to(b, (*lead, *b.shape[-2:]))
    return np.asarray(np.linalg.solve(_triangle(x, lower, trans), b))


def _solve_triangular_vjp(
    s: Signature, g: Expr, y: Expr, x: Expr, b: Expr
) -> Sequence[Expr | None]:
    lower, trans = s.attrs["lower"], s.attrs["trans"]
    by_b = call("solve_triangular", x, g, lower=lower, trans=1 - trans)
    product = y @ by_b.T if trans else by_b @ y.T
    return -call("tril" if lower else "triu", product, k=0), by_b


def _exact_solve_triangular(a: Any, x: Any, b: Any, lower: int, trans: int) -> Any:
    part = x.ring(np.tril if lower else np.triu)
    return a.solve(a.turned(part) if trans else part, b)


def _triangular_flops(s: Signature, shape: Shape) -> Size:
    return s.sizes.multiply(polynomial(s.sizes, shape[0], (0, 0, 1)), shape[1])


matrix(
    "solve_triangular",
    ("L", "b"),
    solve_shape,
    _solve_triangular,
    _solve_triangular_vjp,
    "Giles 2008, section 2.3.1 (the inverse product), of one triangle",
    "L^-1 b, where L's lower triangle alone is read; lower=0: the upper one; trans=1: L^-T b",
    exact=_exact_solve_triangular,
    latex=Spelling(r"{0}^{{{trans}}}{lower} \, {1}", SIGN, (ATOM, POWER)),
    keywords={"lower": 1, "trans": 0},
    linear=((1,),),
    rounding=BY_NORM,
    flops=_triangular_flops,
    drawn={0: "spd"},
    yields=True,
    code=coding.solve_triangular,
)


# ── QR ──


def tall(s: Signature) -> tuple[Size, Size]:
    """The rows and columns; raises Mismatch unless there are as many rows as columns, or more."""
    shape = s.shapes[0]
    if len(shape) != 2:
        raise Mismatch(f"{{0}} is {spell(shape)}, not a matrix")
    if shape[0].value < shape[1].value:
        raise Mismatch(
            f"{{0}} is {spell(shape)}: more columns than rows", "take the transpose's: ({0}).T"
        )
    return shape[0], shape[1]


def _qr(x: Array) -> tuple[Array, Array]:
    """Orthonormal columns and an upper triangle with a positive diagonal.

    Of a complex matrix the analytic ones: no entry is conjugated. Its columns over the triangle of
    its real part are almost orthonormal, and of these modified Gram-Schmidt loses no digits.
    """
    if not np.iscomplexobj(x):
        q, r = np.linalg.qr(x)
        diagonal = _diagonal(r)
        if (diagonal == 0).any():
            raise np.linalg.LinAlgError("Columns that depend on each other")
        signs = np.where(diagonal < 0, -1, 1).astype(x.dtype)
        return q * signs[..., None, :], r * signs[..., :, None]
    near = _qr(x.real)[1]
    q, r = _gram_schmidt(_over_triangle(x, near))
    return q, r @ near


def _over_triangle(x: Array, r: Array) -> Array:
    """X R^-1."""
    found = np.array(x)
    for j in range(x.shape[-1]):
        before = (found[..., :, :j] @ r[..., :j, j, None])[..., 0]
        found[..., :, j] = (found[..., :, j] - before) / r[..., j, j, None]
    return found


def _gram_schmidt(x: Array) -> tuple[Array, Array]:
    q = np.array(x)
    r = np.zeros((*x.shape[:-2], x.shape[-1], x.shape[-1]), x.dtype)
    for j in range(x.shape[-1]):
        r[..., j, j] = np.sqrt(np.sum(q[..., :, j] * q[..., :, j], axis=-1))
        q[..., :, j] = q[..., :, j] / r[..., j, j, None]
        rest = q[..., :, j + 1 :]
        r[..., j, j + 1 :] = np.sum(q[..., :, j, None] * rest, axis=-2)
        q[..., :, j + 1 :] = rest - q[..., :, j, None] * r[..., j, None, j + 1 :]
    return q, r


def _exact_r(a: Any, x: Any) -> Any:
    return a.turned(_exact_cholesky(a, a.turned(x) @ x))


def _over(x: Expr, r: Expr) -> Expr:
    """A matrix times R^-T."""
    return call("solve_triangular", r, x.T, lower=0, trans=0).T


def _q_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    return (_over(g - y @ _symmetric_of_lower(g.T @ y), call("qr_r", x)),)


def _r_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    return (_over(call("qr_q", x) @ _symmetric_of_lower(y @ g.T), y),)


def _qr_flops(s: Signature, shape: Shape) -> Size:
    """Gram-Schmidt: lengths, quotients, and for each pair of columns a product and a difference."""
    sizes, (rows, columns) = s.sizes, s.shapes[0]
    pairs = polynomial(sizes, columns, (0, Fraction(-1, 2), Fraction(1, 2)))
    each = sizes.add(times(sizes, 4, rows), sizes.constant(-1))
    return sizes.add(times(sizes, 3, sizes.multiply(rows, columns)), sizes.multiply(pairs, each))


matrix(
    "qr_q",
    ("A",),
    tall,
    lambda x: _qr(x)[0],
    _q_vjp,
    QR,
    "Q of A = Q R: orthonormal columns; A has as many rows as columns, or more",
    exact=lambda a, x: a.turned(a.solve(a.turned(_exact_r(a, x)), a.turned(x))),
    rounding=BY_NORM,
    flops=_qr_flops,
    yields=True,
    code=coding.qr_q,
)
matrix(
    "qr_r",
    ("A",),
    lambda s: (tall(s)[1],) * 2,
    lambda x: _qr(x)[1],
    _r_vjp,
    QR,
    "R of A = Q R: upper triangular, with a positive diagonal",
    exact=_exact_r,
    rounding=BY_NORM,
    flops=_qr_flops,
    yields=True,
    code=coding.qr_r,
)
