"""Functions of plain numbers: what operations that work entry by entry do to one."""

from __future__ import annotations

import math


def sigmoid(a: float) -> float:
    small = math.exp(-abs(a))
    return (small if a < 0 else 1) / (1 + small)


def log1pexp(a: float) -> float:
    return max(a, 0.0) + math.log1p(math.exp(-abs(a)))


def gelu(a: float) -> float:
    return a * math.erfc(-a / math.sqrt(2)) / 2


def log_add(a: float, b: float) -> float:
    return a if a == b == -math.inf else max(a, b) + math.log1p(math.exp(-abs(a - b)))


def mish(a: float) -> float:
    return a * math.tanh(log1pexp(a))


def between(a: float, low: float, high: float) -> float:
    return min(max(a, low), high)


def leaky(a: float, slope: float) -> float:
    return a if a > 0 else slope * a


def elu(a: float, scale: float) -> float:
    return a if a > 0 else scale * math.expm1(a)


def silu(a: float) -> float:
    return a * sigmoid(a)


def log_sigmoid(a: float) -> float:
    return -log1pexp(-a)


def normal_cdf(a: float) -> float:
    return math.erfc(-a / math.sqrt(2)) / 2


def softsign(a: float) -> float:
    return a / (1 + abs(a))


def relu6(a: float) -> float:
    return between(a, 0, 6)


def hardtanh(a: float) -> float:
    return between(a, -1, 1)


def same(a: float) -> float:
    return a


def asin(a: float) -> float:
    return math.asin(a)


def acos(a: float) -> float:
    return math.acos(a)


def atan(a: float) -> float:
    return math.atan(a)


def atan2(a: float, b: float) -> float:
    return math.atan2(a, b)


def sinh(a: float) -> float:
    return math.sinh(a)


def cosh(a: float) -> float:
    return math.cosh(a)


def asinh(a: float) -> float:
    return math.asinh(a)


def acosh(a: float) -> float:
    return math.acosh(a)


def atanh(a: float) -> float:
    return math.atanh(a)


def nearest(a: float) -> float:
    return float(round(a))


def floor(a: float) -> float:
    return float(math.floor(a))


def ceil(a: float) -> float:
    return float(math.ceil(a))
