"""The gamma function's logarithm and its derivatives, for real and for nearly real arguments.

Numbers of formulas are those of Abramowitz & Stegun. Errors are a few units in the last place of
the value, or of 1 where the value is smaller and crosses 0.
"""

from __future__ import annotations

import math

import numpy as np

from gradcli.ops.core import Array
from gradcli.ops.special import log1p

EULER = 0.5772156649015329
# ζ(n) - 1 for n = 2, 3, … (table 23.3).
ZETAS = (
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993,
    0.01734306198444914, 0.008349277381922827, 0.00407735619794434, 0.0020083928260822143,
    0.0009945751278180853, 0.0004941886041194645, 0.0002460865533080483, 0.00012271334757848915,
    6.124813505870483e-05, 3.058823630702049e-05, 1.528225940865187e-05, 7.637197637899763e-06,
    3.81729326499984e-06, 1.908212716553939e-06, 9.539620338727962e-07, 4.769329867878064e-07,
    2.38450502727733e-07, 1.1921992596531106e-07, 5.960818905125948e-08, 2.980350351465228e-08,
)  # fmt: skip
# The Bernoulli numbers B2, B4, … (table 23.2).
BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330,
)  # fmt: skip
LARGE = 10.0  # from here on the asymptotic series have all digits


def lgamma(x: Array) -> Array:
    """log|Γ(x)|: a series near 1 and 2, Stirling's beyond 10; inf at its poles."""
    x = x * 1.0  # whole numbers too
    below = x.real < 0.5
    z = np.where(below, 1 - x, x)  # reflected
    near = np.where(z.real < 2.5, z, 2.0)
    first = near.real < 1.5
    close = _near_two(np.where(first, near - 1, near - 2))
    close = close - np.where(first, log1p(np.where(first, near - 1, 0)), 0)
    middle, product = np.where((z.real >= 2.5) & (z.real < LARGE), z, 2.0), np.ones_like(z)
    for _ in range(8):
        lower = middle.real >= 2.5
        product = product * np.where(lower, middle - 1, 1)
        middle = np.where(lower, middle - 1, middle)
    between = _near_two(middle - 2) + np.log(product)
    found = np.where(z.real < 2.5, close, np.where(z.real < LARGE, between, _stirling(z)))
    # Γ(x) Γ(1 - x) = π / sin πx (6.1.17)
    turn = np.where(below, x - np.round(x.real), 0.5)
    sine = np.sin(math.pi * turn)
    with np.errstate(divide="ignore"):
        reflected = np.log(math.pi / np.where(sine.real < 0, -sine, sine))
    found = np.where(below, reflected - found, found)
    return np.asarray(np.where(np.isneginf(x.real), np.inf, found))


def _near_two(e: Array) -> Array:
    """Log Γ(2 + e) for |e| up to ½ (6.1.33)."""
    total = np.zeros_like(e)
    for k in range(len(ZETAS) - 1, -1, -1):
        n = k + 2
        total = total * e + (-1) ** n * ZETAS[k] / n
    return np.asarray(e * (1 - EULER) + total * e * e)


def _stirling(z: Array) -> Array:
    """Log Γ(z) from 10 on (6.1.40)."""
    z = np.where(z.real < LARGE, LARGE, z)
    inverse, total = 1 / z, np.zeros_like(z)
    for k in range(len(BERNOULLI), 0, -1):
        total = total * inverse * inverse + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    finite = np.where(np.isfinite(z.real), z, 1.0)
    value = (
        (finite - 0.5) * np.log(finite) - finite + (0.5 * math.log(2 * math.pi) + total * inverse)
    )
    return np.where(np.isfinite(z.real), value, z)


def digamma(x: Array) -> Array:
    """The derivative of log Γ: an asymptotic series beyond 10; nan at its poles."""
    x = x * 1.0  # whole numbers too
    below = x.real < 0.5
    z = np.where(below, 1 - x, x)
    shifted = np.zeros_like(z)
    for _ in range(10):
        small = z.real < LARGE
        shifted = shifted - np.where(small, 1 / np.where(small, z, 1), 0)  # 6.3.5
        z = np.where(small, z + 1, z)
    inverse, total = 1 / z, np.zeros_like(z)
    for k in range(len(BERNOULLI), 0, -1):  # 6.3.18
        total = (total + BERNOULLI[k - 1] / (2 * k)) * inverse * inverse
    found = shifted + (np.log(z) - 0.5 * inverse - total)
    return np.asarray(np.where(below, found - math.pi * _cotangent(x, below), found))  # 6.3.7


def _cotangent(x: Array, some: Array) -> Array:
    """Cot πx at some entries; nan at whole numbers."""
    turn = np.where(some, x - np.round(x.real), 0.5)
    turn = np.where(turn.real == 0, np.nan, turn)
    return np.cos(math.pi * turn) / np.sin(math.pi * turn)


def polygamma(x: Array, order: int) -> Array:
    """The derivative of that order of digamma, from 1 on; nan at its poles."""
    x = x * 1.0  # whole numbers too
    below = x.real < 0.5
    z = np.where(below, 1 - x, x)
    shifted = np.zeros_like(z)
    large = LARGE + order
    for _ in range(10 + order):
        small = z.real < large
        shifted = shifted + np.where(small, np.where(small, z, 1) ** (-order - 1), 0)  # 6.4.6
        z = np.where(small, z + 1, z)
    inverse, total = 1 / z, np.zeros_like(z)
    for k in range(len(BERNOULLI), 0, -1):  # 6.4.11
        factor = math.prod(range(2 * k + 1, 2 * k + order))
        total = (total + BERNOULLI[k - 1] * factor) * inverse * inverse
    first = math.factorial(order - 1) + math.factorial(order) / 2 * inverse
    found = (first + total) * inverse**order + math.factorial(order) * shifted
    found = -((-1) ** order) * found
    # Ψ(1 - x) - Ψ(x) = π cot πx, differentiated (6.4.7)
    cot = _cotangent(x, below)
    slopes = [0.0, 1.0]  # a polynomial in the cotangent
    for _ in range(order):
        slopes = [
            -math.pi * (k + 1) * (slopes[k + 1] if k + 1 < len(slopes) else 0)
            - (math.pi * (k - 1) * slopes[k - 1] if k > 1 else 0)
            for k in range(len(slopes) + 1)
        ]
    slope = np.zeros_like(z)
    for coefficient in slopes[::-1]:
        slope = slope * cot + coefficient
    return np.asarray(np.where(below, (-1) ** order * found - math.pi * slope, found))
