"""Functions that NumPy lacks, for real arguments and for complex ones near the real axis."""

from __future__ import annotations

import math

import numpy as np

from gradcli.ops.core import Array

_erf = np.frompyfunc(math.erf, 1, 1)


def erf(x: Array) -> Array:
    """The error function.

    Complex arguments near the real axis go through a series near 0 and a continued fraction
    elsewhere, so that the imaginary part keeps its digits: it is tiny where the real part is 1.
    """
    if not np.iscomplexobj(x):
        return np.asarray(_erf(x), dtype=np.result_type(x, np.float32))
    sign = np.where(x.real < 0, -1.0, 1.0)
    z = np.where(x.real < 0, -x, x)
    z = np.where(z.real > 30, 30.0, z)  # beyond, all is the same as at 30
    small = z.real < 2
    near = _erf_series(np.where(small, z, 0))
    return sign * np.where(small, near, 1 - _erfc_fraction(np.where(small, 2, z)))


_erfc = np.frompyfunc(math.erfc, 1, 1)


def erfc(x: Array) -> Array:
    """1 - erf(x), whose digits the tail keeps where it is small."""
    if not np.iscomplexobj(x):
        return np.asarray(_erfc(x), dtype=np.result_type(x, np.float32))
    tail = x.real >= 2
    z = np.where(tail, np.where(x.real > 30, 30.0, x), 2.0)
    return np.where(tail, _erfc_fraction(z), 1 - erf(np.where(tail, 0, x)))


def _erf_series(z: Array) -> Array:
    """2/√π e^(-z²) Σ 2^n z^(2n+1) / (2n+1)!! (Abramowitz & Stegun 7.1.6), for |z| up to about 2."""
    term = z * (2 / math.sqrt(math.pi)) * np.exp(-z * z)
    total = term
    for n in range(1, 50):
        term = term * (2 * z * z / (2 * n + 1))
        total = total + term
    return np.asarray(total)


def _erfc_fraction(z: Array) -> Array:
    """e^(-z²)/√π / (z + ½/(z + 1/(z + 1½/(z + …)))) (Abramowitz & Stegun 7.1.14), from 2 on."""
    tail = z
    for n in range(80, 0, -1):
        tail = z + n / 2 / tail
    return np.asarray(np.exp(-z * z) / (math.sqrt(math.pi) * tail))


def log1p(x: Array) -> Array:
    """log(1 + x). NumPy's own loses the digits of a small complex argument's real part."""
    if not np.iscomplexobj(x):
        return np.asarray(np.log1p(x))
    return np.asarray(np.log1p(x.real) + 1j * np.arctan2(x.imag, 1 + x.real))


def cofactors(x: Array) -> Array:
    """The matrix of cofactors, det(x) x^(-T), defined for a singular matrix too.

    Real matrices go through the singular values: cof(U S V^T) = det(U V) U cof(S) V^T. Complex ones
    go through their minors, for the singular values would lose a small imaginary part.
    """
    if np.iscomplexobj(x):
        return _minors(x)
    finite = np.isfinite(x).all(axis=(-2, -1), keepdims=True)
    u, s, vt = np.linalg.svd(np.where(finite, x, 0))
    sign = np.linalg.det(u) * np.linalg.det(vt)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :])
    products = np.prod(others, axis=-1) * sign[..., None]
    return np.where(finite, (u * products[..., None, :]) @ vt, np.nan)


def _minors(x: Array) -> Array:
    """The matrix of cofactors by its definition: the determinants of what is left, with signs."""
    n = x.shape[-1]
    found = np.ones_like(x)
    for i in range(n):
        for j in range(n):
            rest = np.delete(np.delete(x, i, axis=-2), j, axis=-1)
            found[..., i, j] = (-1) ** (i + j) * np.linalg.det(rest)
    return found
