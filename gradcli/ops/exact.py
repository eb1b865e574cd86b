"""Exact forms of functions: what they are in the arithmetic of a field, `a`, of their operands.

The arithmetic (`proof.arithmetic`) has the operators, exp, log, rational powers, sines and cosines,
sums along axes, and branches by the sign of a real number nearby.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

HALF = Fraction(1, 2)


def root(a: Any, x: Any) -> Any:
    return a.power(x, HALF)


# ── exponentials ──


def sigmoid(a: Any, x: Any) -> Any:
    power = a.exp(x)
    return power / (1 + power)


def tanh(a: Any, x: Any) -> Any:
    power = a.exp(x + x)
    return (power - 1) / (power + 1)


def softplus(a: Any, x: Any) -> Any:
    return a.log(1 + a.exp(x))


def mish(a: Any, x: Any) -> Any:
    square = (1 + a.exp(x)) * (1 + a.exp(x))
    return x * (square - 1) / (square + 1)


def sinh(a: Any, x: Any) -> Any:
    power = a.exp(x)
    return (power - 1 / power) / 2


def cosh(a: Any, x: Any) -> Any:
    power = a.exp(x)
    return (power + 1 / power) / 2


def softmax(a: Any, x: Any, axes: tuple[int, ...], scalar: bool) -> Any:
    power = a.exp(x)
    return power / a.total(power, axes)


def logsumexp(a: Any, x: Any, axes: tuple[int, ...], scalar: bool) -> Any:
    return a.log(a.total(a.exp(x), axes, scalar))


# ── angles, and what is known by its slope alone ──


def tan(a: Any, x: Any) -> Any:
    cos, sin = a.turn(x)
    return sin / cos


def asin(a: Any, x: Any) -> Any:
    return a.unknown("asin", x, slopes=lambda x: (1 / root(a, 1 - x * x),))


def acos(a: Any, x: Any) -> Any:
    return a.unknown("acos", x, slopes=lambda x: (-1 / root(a, 1 - x * x),))


def atan(a: Any, x: Any) -> Any:
    return a.unknown("atan", x, slopes=lambda x: (1 / (1 + x * x),))


def atan2(a: Any, y: Any, x: Any) -> Any:
    return a.unknown("atan2", y, x, slopes=lambda y, x: (x / (x * x + y * y), -y / (x * x + y * y)))


def erf(a: Any, x: Any) -> Any:
    return a.unknown("erf", x, slopes=lambda x: (2 / root(a, a.pi()) * a.exp(-x * x),))


def normal_cdf(a: Any, x: Any) -> Any:
    return (1 + erf(a, x * root(a, a.element(HALF)))) / 2


def lgamma(a: Any, x: Any) -> Any:
    return a.unknown("lgamma", x, slopes=lambda x: (digamma(a, x),))


def digamma(a: Any, x: Any) -> Any:
    return a.unknown("digamma", x, slopes=lambda x: (polygamma(a, x, 1),))


def polygamma(a: Any, x: Any, order: int) -> Any:
    return a.unknown(f"polygamma {order}", x, slopes=lambda x: (polygamma(a, x, order + 1),))


# ── reductions ──


def mean(a: Any, x: Any, axes: tuple[int, ...], scalar: bool) -> Any:
    return a.total(x, axes, scalar) / math.prod(x.shape[axis] for axis in axes)


def var(a: Any, x: Any, axes: tuple[int, ...], scalar: bool, ddof: int) -> Any:
    count = math.prod(x.shape[axis] for axis in axes)
    off = x - a.total(x, axes) / count
    return a.total(off * off, axes, scalar) / (count - ddof)


def norm(a: Any, x: Any, axes: tuple[int, ...], scalar: bool) -> Any:
    return root(a, a.total(x * x, axes, scalar))


def extreme(sign: int) -> Callable[..., Any]:
    return lambda a, x, axes, scalar: a.total(a.first(x, axes, sign) * x, axes, scalar)


def mask(sign: int) -> Callable[..., Any]:
    return lambda a, x, axes, scalar: a.first(x, axes, sign)


def cummax(a: Any, x: Any, axis: int, reverse: int) -> Any:
    """The largest entry so far, entry by entry; the first of several."""
    entries = [x.ring(lambda v, k=k: np.take(v, [k], axis=axis)) for k in range(x.shape[axis])]
    if reverse:
        entries.reverse()
    found = entries[:1]
    for entry in entries[1:]:
        top = found[-1]
        found.append(a.choose(entry - top, top, top, entry))
    if reverse:
        found.reverse()
    return a.ring(lambda *v: np.concatenate(v, axis=axis), found, factors=1)


def logdet(a: Any, x: Any) -> Any:
    det = a.det(x)
    return a.log(a.choose(det, -det, det, det))
