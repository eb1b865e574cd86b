"""The exponential of a matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import factor_code as coding
from gradcli.ops.core import BY_NORM, Array, Signature, square
from gradcli.ops.flops import of_square
from gradcli.ops.matrices import matrix
from gradcli.ops.parts import Part
from gradcli.sizes import Shape

# The numerator of the [13/13] Padé approximant, and the norm up to which it is exact to the last
# bit (Higham 2005, table 2.3).
PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
LIMIT = 5.371920351148152
MOST_SQUARINGS = 64  # beyond them e^A has no finite entries, or was not finite to begin with


def _square(s: Signature) -> Shape:
    square(s)
    return s.shapes[0]


def expm(x: Array) -> Array:
    """Scaling and squaring: e^A = (e^(A / 2^s))^(2^s), the inner one by its Padé approximant."""
    norm = float(np.max(np.sum(np.abs(np.real(x)), axis=-2)))
    if not math.isfinite(norm):
        return x * math.nan
    times = min(math.ceil(math.log2(max(norm, LIMIT) / LIMIT)), MOST_SQUARINGS)
    a = x / 2.0**times
    b, eye = PADE, np.eye(x.shape[-1], dtype=x.dtype)
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2
    odd = a @ (odd + b[1] * eye)
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2
    even = even + b[0] * eye
    found = np.linalg.solve(even - odd, even + odd)
    for _ in range(times):
        found = found @ found
    return np.asarray(found)


def _expm_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """The upper right block of the exponential of [A.T, g; 0, A.T]."""
    n = s.shapes[0][0]
    twice = s.sizes.add(n, n)
    zeros = call("zeros", sizes=(n, n))
    above = call("concat", x.T, g, axis=1)
    below = call("concat", zeros, x.T, axis=1)
    whole = call("expm", call("concat", above, below, axis=0))
    none = s.sizes.constant(0)
    return (call("index", whole, region=(Part(none, n), Part(n, twice))),)


matrix(
    "expm",
    ("A",),
    _square,
    expm,
    _expm_vjp,
    "Al-Mohy & Higham 2009, Computing the Fréchet derivative of the matrix exponential, eq. 1.3",
    "the exponential of a matrix, I + A + A A / 2 + …; by scaling and squaring",
    latex=r"\operatorname{{expm}}\left({0}\right)",
    rounding=BY_NORM,
    # Six products, a sum or a multiple each, factors and N solutions; each squaring is one more.
    flops=of_square(0, Fraction(-1, 6), Fraction(-15, 2), Fraction(44, 3)),
    yields=True,
    code=coding.expm,
)
