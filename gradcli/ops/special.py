"""Functions that NumPy lacks, for real arguments and for complex ones near the real axis."""

from __future__ import annotations

import math

import numpy as np

from gradcli.ops.core import Array

_erf = np.frompyfunc(math.erf, 1, 1)


def erf(x: Array) -> Array:
    """The error function.

    Complex arguments go through the series e^(-x²) Σ 2^n x^(2n+1) / (2n+1)!! · 2/√π (Abramowitz &
    Stegun 7.1.6), whose terms all have one sign on the real axis, so that nothing cancels.
    """
    if not np.iscomplexobj(x):
        return np.asarray(_erf(x), dtype=float)
    # Beyond 27 the derivative is below the smallest float.
    far = np.abs(x.real) > 27
    z = np.where(far, 0, x)
    term = z * (2 / math.sqrt(math.pi)) * np.exp(-z * z)
    total = term
    n = 0
    while np.any(np.abs(term.real) > 1e-18 * np.abs(total.real)) or n < 4:
        n += 1
        term = term * (2 * z * z / (2 * n + 1))
        total = total + term
    return np.where(far, np.sign(x.real), total)


def cofactors(x: Array) -> Array:
    """The matrix of cofactors, det(x) x^(-T), defined for a singular matrix too.

    Real matrices go through the singular values: cof(U S V^T) = det(U V) U cof(S) V^T.
    """
    if np.iscomplexobj(x):
        return np.linalg.det(x)[..., None, None] * np.swapaxes(np.linalg.inv(x), -1, -2)
    u, s, vt = np.linalg.svd(x)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :])
    products = np.prod(others, axis=-1) * sign[..., None]
    return np.asarray((u * products[..., None, :]) @ vt)
