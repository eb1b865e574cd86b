"""Linear algebra on matrices (rank 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import exact, lists, maps
from gradcli.ops.broadcasting import differ
from gradcli.ops.coding import NUMPY, TORCH, templates
from gradcli.ops.core import (
    ALL,
    BY_NORM,
    EACH,
    EXACT,
    RING,
    Array,
    Op,
    Pair,
    Signature,
    Spelling,
    define,
    infix,
    square,
)
from gradcli.ops.flops import an_entry, contraction, none, of_square, solution
from gradcli.ops.maps import Map
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.product_code import diagonal, diagonal_torch, outer_product, scalar_product
from gradcli.ops.special import cofactors
from gradcli.sizes import ATOM, POSTFIX, POWER, PRODUCT, SIGN, Shape, Size, is_one, same, spell

GILES = "Giles 2008, section 2.2"


def matrix(
    name: str,
    operands: tuple[str, ...],
    shape: Callable[[Signature], Shape],
    forward: Callable[..., Array],
    vjp: Callable[..., Sequence[Expr | None]],
    cite: str,
    about: str,
    **fields: Any,
) -> Op:
    """Register a function of matrices."""
    return define(
        name,
        operands=operands,
        shape=shape,
        forward=forward,
        vjp=vjp,
        cite=cite,
        about=about,
        group="matrices",
        **fields,
    )


def _scalar(s: Signature) -> Shape:
    one = s.sizes.constant(1)
    return one, one


def _scalar_of_square(s: Signature) -> Shape:
    square(s)
    return _scalar(s)


def _same_square(s: Signature) -> Shape:
    square(s)
    return s.shapes[0]


def _vectors(s: Signature) -> None:
    """Raise Mismatch unless all operands are columns."""
    for i, shape in enumerate(s.shapes):
        if len(shape) != 2 or not is_one(shape[1]):
            raise Mismatch(f"{{{i}}} is {spell(shape)}, not a column", "`@` is the matrix product")


def _dot_shape(s: Signature) -> Shape:
    a, b = s.shapes
    if len(a) == len(b) == 2 and is_one(a[0]) and is_one(b[0]):
        inner = same(a[1], b[1])  # two rows, as the numerator layout has them
    else:
        _vectors(s)
        inner = same(a[0], b[0])
    if inner is None:
        raise Mismatch(f"{{0}} is {spell(a)} and {{1}} is {spell(b)}: {differ(a[0], b[0])}")
    return _scalar(s)


def _dot_flops(s: Signature, shape: Shape) -> Size:
    """A product an entry, and their sum."""
    entries = s.sizes.product(s.shapes[0])
    return contraction(s.sizes, 2, (entries,), shape)


def _outer_shape(s: Signature) -> Shape:
    _vectors(s)
    return s.shapes[0][0], s.shapes[1][0]


def solve_shape(s: Signature) -> Shape:
    square(s)
    a, b = s.shapes
    if len(b) != 2:
        raise Mismatch(f"{{1}} is {spell(b)}, not a matrix")
    if same(a[0], b[0]) is None:
        raise Mismatch(f"{{0}} is {spell(a)} and {{1}} is {spell(b)}: {differ(a[0], b[0])}")
    return b


def _diag_shape(s: Signature) -> Shape:
    shape = s.shapes[0]
    if len(shape) == 2 and is_one(shape[1]):
        return shape[0], shape[0]
    if len(shape) != 2 or same(*shape) is None:
        raise Mismatch(f"{{0}} is {spell(shape)}, neither a column nor a square matrix")
    return shape[0], s.sizes.constant(1)


def _diag(x: Array) -> Array:
    if x.shape[-1] == 1:
        return x * np.eye(x.shape[-2], dtype=int)
    return np.diagonal(x, axis1=-2, axis2=-1)[..., None]


def _logdet(x: Array) -> Array:
    sign, log = np.linalg.slogdet(x)
    if np.iscomplexobj(x):
        # log|det| continued analytically: the angle of det, whichever sign det has.
        log = log + 1j * sign.imag / sign.real
    return np.asarray(log)[..., None, None]


def _diag_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    return call("diag", pairs[0].plain) if is_one(s.shapes[0][1]) else None


def _diag_terms(s: Signature, book: Any, x: Any) -> Any:
    shape = _diag_shape(s)
    if not is_one(s.shapes[0][1]):
        return book.product([x], [(0, 0)], (0, 1), shape)
    eye = book.identity(shape[0])
    return book.product([x, eye], [(0, 2), (0, 1)], (0, 1), shape)


def _cofactor_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """From Y = det(X) X^-T: dY = tr(X^-1 dX) Y - Y dX^T X^-T."""
    inverse = call("inv", x).T
    return (call("sum", g * y, axis=None) * inverse - inverse @ g.T @ y,)


def _cofactor_terms(s: Signature, book: Any, x: Any) -> Any:
    """det(A) inv(A).T, where the determinant is known not to be 0."""
    det = book.made("det", x)
    book.expect_not_zero(det)
    rows, columns = s.shapes[0]
    return book.multiply(det, book.turned(book.made("inv", x), (1, 0), (columns, rows)))


def _solve(a: Array, b: Array) -> Array:
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    b = np.broadcast_to(b, (*lead, *b.shape[-2:]))
    return np.asarray(np.linalg.solve(a, b))


def _outer_jacobian(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    rows, columns = (shape[0] for shape in s.shapes)
    if k == 0:
        return maps.kron(maps.Eye(rows), maps.dense(operands[1], s.shapes[1]), s.sizes)
    return maps.kron(maps.dense(operands[0], s.shapes[0]), maps.Eye(columns), s.sizes)


def _solve_jacobian(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    a = operands[0]
    inverse = maps.dense(call("inv", a.T).T if a.is_transpose() else call("inv", a), s.shapes[0])
    return maps.kron(inverse, maps.Eye(s.shapes[1][1]), s.sizes)


matrix(
    "dot",
    ("x", "y"),
    _dot_shape,
    lambda x, y: np.sum(x * y, axis=(-2, -1), keepdims=True),
    lambda s, g, z, x, y: (g * y, g * x),
    "Matrix Cookbook, eq. 69",
    "scalar product of two columns",
    exact=RING,
    latex=r"\left\langle {0}, {1}\right\rangle",
    flip=lambda s, pairs: call("dot", *(pair.flipped for pair in pairs)),
    linear=EACH,
    flops=_dot_flops,
    terms=lambda s, book, x, y: book.product([x, y], [(0, 1), (0, 1)], (2, 3), _scalar(s)),
    code={NUMPY: scalar_product},
    lists=lists.dot,
)
matrix(
    "outer",
    ("x", "y"),
    _outer_shape,
    lambda x, y: x @ np.swapaxes(y, -1, -2),
    lambda s, g, z, x, y: (g @ y, g.T @ x),
    GILES + " (a product with a transpose)",
    "outer product x y^T of two columns",
    jacobian=_outer_jacobian,
    exact=RING,
    latex=infix(r"\otimes", PRODUCT, POWER),
    linear=EACH,
    flops=an_entry,
    terms=lambda s, book, x, y: book.product([x, y], [(0, 2), (1, 3)], (0, 1), _outer_shape(s)),
    code={NUMPY: outer_product},
    lists=lists.outer,
)
matrix(
    "trace",
    ("A",),
    _scalar_of_square,
    lambda x: np.trace(x, axis1=-2, axis2=-1)[..., None, None],
    lambda s, g, y, x: (g * call("eye", size=s.shapes[0][0]),),
    "Matrix Cookbook, eq. 99",
    "trace",
    exact=RING,
    latex=r"\operatorname{{tr}}\left({0}\right)",
    flip=lambda s, pairs: call("trace", pairs[0].flipped),
    linear=ALL,
    flops=lambda s, shape: s.sizes.add(s.shapes[0][0], s.sizes.constant(-1)),
    terms=lambda s, book, x: book.product([x], [(0, 0)], (1, 2), _scalar(s)),
    code=templates(
        numpy=Spelling("{xp}.trace({0}, axis1=-2, axis2=-1)[..., None, None]", POSTFIX),
        torch=Spelling("{xp}.diagonal({0}, dim1=-2, dim2=-1).sum(-1)[..., None, None]", POSTFIX),
    ),
    lists=lists.trace,
)
matrix(
    "inv",
    ("A",),
    _same_square,
    np.linalg.inv,
    lambda s, g, y, x: (-(y.T @ g @ y.T),),
    GILES + "; Matrix Cookbook, eq. 59",
    "inverse",
    exact=lambda a, x: a.solve(x, a.identity(x)),
    applied="solve",
    latex=Spelling("{0}^{{-1}}", POWER, (ATOM,)),
    rounding=BY_NORM,
    flops=of_square(0, 0, 0, 2),
    code=templates(numpy="{xp}.linalg.inv({0})"),
    lists=lists.inv,
)
matrix(
    "det",
    ("A",),
    _scalar_of_square,
    lambda x: np.linalg.det(x)[..., None, None],
    lambda s, g, y, x: (g * call("cofactor", x),),
    GILES + "; Matrix Cookbook, eq. 46 (Jacobi's formula, with cofactors: it holds at det = 0 too)",
    "determinant",
    exact=lambda a, x: a.det(x),
    rounding=BY_NORM,
    flops=of_square(-1, Fraction(5, 6), Fraction(-1, 2), Fraction(2, 3)),  # LU, a product
    code=templates(numpy=Spelling("{xp}.linalg.det({0})[..., None, None]", POSTFIX)),
    lists=lists.det,
)
matrix(
    "cofactor",
    ("A",),
    _same_square,
    cofactors,
    _cofactor_vjp,
    "the differential of det(A) A^-T, from Giles 2008, section 2.2",
    "matrix of cofactors, det(A) A^-T",
    exact=lambda a, x: a.det(x) * a.turned(a.solve(x, a.identity(x))),
    terms=_cofactor_terms,
    rounding=BY_NORM,
    flops=of_square(-1, Fraction(5, 6), Fraction(1, 2), Fraction(8, 3)),  # det(A) times inv(A)
    code=templates(
        torch=Spelling("{xp}.linalg.det({0})[..., None, None] * {xp}.linalg.inv({0}).mT", PRODUCT),
        jax=Spelling("{xp}.linalg.det({0})[..., None, None] * {xp}.linalg.inv({0}).mT", PRODUCT),
    ),
    lists=lists.cofactor,
)
matrix(
    "logdet",
    ("A",),
    _scalar_of_square,
    _logdet,
    lambda s, g, y, x: (g * call("inv", x).T,),
    "Matrix Cookbook, eq. 57",
    "log|det A|",
    exact=exact.logdet,
    latex=r"\ln\left|\det\left({0}\right)\right|",
    rounding=BY_NORM,
    flops=of_square(
        -1, Fraction(11, 6), Fraction(-1, 2), Fraction(2, 3)
    ),  # LU, logarithms and their sum
    code=templates(numpy=Spelling("{xp}.linalg.slogdet({0})[1][..., None, None]", POSTFIX)),
    lists=lists.logdet,
)
matrix(
    "solve",
    ("A", "b"),
    solve_shape,
    _solve,
    lambda s, g, y, a, b: (-(call("solve", a.T, g) @ y.T), call("solve", a.T, g)),
    "Giles 2008, section 2.3.1 (the inverse product)",
    "A^-1 b, with no inverse formed",
    jacobian=_solve_jacobian,
    exact=lambda a, x, b: a.solve(x, b),
    latex=Spelling(r"{0}^{{-1}} \, {1}", SIGN, (ATOM, POWER)),
    linear=((1,),),
    rounding=BY_NORM,
    flops=solution,
    code=templates(numpy="{xp}.linalg.solve({0}, {1})"),
    lists=lists.solve,
)
matrix(
    "diag",
    ("x",),
    _diag_shape,
    _diag,
    lambda s, g, y, x: (call("diag", g),),
    "entry by entry: diag(x)_ii = x_i, all else 0",
    "a column as a diagonal matrix; a matrix's diagonal as a column",
    exact=RING,
    flip=_diag_flip,
    linear=ALL,
    terms=_diag_terms,
    rounding=EXACT,
    flops=none,
    code={NUMPY: diagonal, TORCH: diagonal_torch},
    lists=lists.diag,
)
