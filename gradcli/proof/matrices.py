"""Determinants, inverses and solutions by elimination, at each point of a field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.ops.core import Array
from gradcli.proof.element import Degree, Doubt, Element
from gradcli.proof.field import Field

SINGULAR = Doubt("a singular matrix", grave=True)


class Matrices:
    """The part of `Arithmetic` that deals with square matrices."""

    field: Field
    points: int
    divide: Callable[[Degree, int], Degree]
    ring: Callable[..., Element]
    element: Callable[[Any], Element]

    def solve(self, a: Element, b: Element) -> Element:
        """The product A^-1 B. Its derivative is A^-1 (dB - dA A^-1 B)."""
        found, degree = self._eliminated(a, b, b.at)
        if a.dot is not None or b.dot is not None:
            rest = np.zeros_like(b.at) if b.dot is None else b.dot
            if a.dot is not None:
                rest = (rest - np.matmul(a.dot, found.at)) % self.field.p
            found.dot = self._eliminated(a, b, rest)[0].at
        found.degree = degree
        return found

    def _eliminated(self, a: Element, b: Element, right: Array) -> tuple[Element, Degree]:
        n = a.shape[-1]
        left, right = np.array(a.at), np.array(np.broadcast_to(right, (self.points, *b.shape)))
        _, singular = _reduce(left, right, self.field, a.lost)
        # By Cramer's rule: minors of n - 1 rows, over the determinant.
        whole = Degree(n * a.degree.own, n * a.degree.times)
        below = self.divide(whole, 1)
        degree = Degree(whole.own + b.degree.own + below.own, whole.times + b.degree.times + 1)
        doubts = a.doubts | b.doubts | ({SINGULAR} if singular else set())
        near = _near(np.linalg.solve, a.near, b.near)
        return Element(a.arithmetic, near, right, degree, doubts, a.lost | b.lost), degree

    def det(self, a: Element) -> Element:
        """A determinant, 1×1. Its derivative is the determinant times tr(A^-1 dA)."""
        n = a.shape[-1]
        right = np.array(np.zeros_like(a.at) if a.dot is None else a.dot)
        value, singular = _reduce(np.array(a.at), right, self.field, a.lost)
        at = value.reshape(self.points, 1, 1)
        degree = Degree(n * a.degree.own, n * a.degree.times)
        made = Element(
            a.arithmetic, _near(np.linalg.det, a.near).reshape(1, 1), at, degree, a.doubts, a.lost
        )
        if a.dot is not None:
            trace = np.trace(right, axis1=1, axis2=2).reshape(self.points, 1, 1)
            made.dot = at * trace % self.field.p
            if singular:
                made.doubts |= {SINGULAR}
        return made

    def identity(self, a: Element) -> Element:
        """The identity of a matrix's size."""
        n = a.shape[-1]
        eye = np.array([[int(i == j) for j in range(n)] for i in range(n)], dtype=object)
        at = np.broadcast_to(eye, (self.points, n, n))
        return Element(a.arithmetic, np.eye(n), at)

    def turned(self, a: Element) -> Element:
        """The transpose of a matrix."""
        return self.ring(lambda x: np.swapaxes(x, -1, -2), (a,))


def solved(left: Array, right: Array, field: Field) -> Array:
    """left^-1 right of square matrices of elements, the first of which is regular."""
    left, found = left[None] % field.p, right[None] % field.p
    _reduce(left, found, field)
    return np.asarray(found[0])


def _near(function: Callable[..., Any], *arrays: Array) -> Array:
    try:
        return np.asarray(function(*arrays))
    except np.linalg.LinAlgError:
        return np.full(arrays[-1].shape, np.nan)


def _reduce(
    left: Array, right: Array, field: Field, lost: frozenset[int] = frozenset()
) -> tuple[Array, bool]:
    """Turn `right` into left^-1 right, in place; the determinants, and whether one is 0.

    lost: the points at which nothing is known of the matrices; the identity stands there.
    """
    p, n = field.p, left.shape[-1]
    for point in lost:
        left[point] = np.eye(n, dtype=int)
    det = np.array([1] * len(left), dtype=object)
    singular = False
    for k in range(n):
        rows = [i for i in range(k, n) if (left[:, i, k] != 0).all()]
        if not rows:
            rows = [i for i in range(k, n) if (left[:, i, k] != 0).any()]
            singular = True
            if not rows:
                return det * 0, True
        i = rows[0]
        if i != k:
            left[:, [k, i]] = left[:, [i, k]]
            right[:, [k, i]] = right[:, [i, k]]
            det = -det % p
        pivot = left[:, k, k].copy()
        det = det * pivot % p
        scale = field.inverse(pivot)[:, None]
        left[:, k] = left[:, k] * scale % p
        right[:, k] = right[:, k] * scale % p
        for j in range(n):
            if j != k:
                factor = left[:, j, k].copy()[:, None]
                left[:, j] = (left[:, j] - factor * left[:, k]) % p
                right[:, j] = (right[:, j] - factor * right[:, k]) % p
    return det, singular
