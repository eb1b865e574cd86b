"""The gamma function's logarithm and its derivatives, against figures of many digits."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from gradcli.ops.gamma import digamma, lgamma, polygamma

# Γ(¼) = 3.6256099082…, Γ(⅓) = 2.6789385347… and so on, Abramowitz & Stegun, tables 6.1 and 1.1;
# log Γ(½) = log π / 2 and what the recurrence makes of it.
LOGARITHMS = {
    0.25: "1.2880225246980774573706104402197172959",
    0.5: "0.57236494292470008707171367567652935582",
    1.0: "0",
    1.25: "-0.098271836421813174",
    1.5: "-0.12078223763524522234551844578164721225",
    2.0: "0",
    3.0: "0.69314718055994530941723212145817656808",
    10.0: "12.801827480081469611207717874566706164",
    -0.5: "1.2655121234846454",
    -1.5: "0.86004701537648102",
}
# ψ(1) = -γ, ψ(½) = -γ - 2 log 2, ψ(¼) = -γ - π/2 - 3 log 2 (6.3.2, 6.3.3).
EULER = 0.57721566490153286061
SLOPES = {
    1.0: -EULER,
    0.5: -EULER - 2 * math.log(2),
    0.25: -EULER - math.pi / 2 - 3 * math.log(2),
    2.0: 1 - EULER,
    -0.5: 2 - EULER - 2 * math.log(2),
}


@pytest.mark.parametrize("x", LOGARITHMS)
def test_the_logarithm(x):
    assert lgamma(np.array(x)) == pytest.approx(float(LOGARITHMS[x]), rel=1e-15, abs=1e-16)


def test_the_logarithm_everywhere():
    x = np.concatenate(
        [
            np.linspace(0.01, 40, 700),
            -np.linspace(0.01, 19.97, 300),
            10.0 ** np.arange(-300, 300, 7),
        ]
    )
    expected = np.array([math.lgamma(each) for each in x])
    assert np.all(np.abs(lgamma(x) - expected) <= 2e-15 * np.maximum(1, np.abs(expected)))


def test_the_logarithm_keeps_its_digits_beside_its_zeros():
    """Γ(n + 1) = n!, and log Γ(1 + e) = -γ e + ζ(2)/2 e² - …, relative to itself."""
    e = np.array([1e-3, -1e-3, 1e-8, 1e-200])
    series = e * (
        -EULER + e * (math.pi**2 / 12 - e * 1.2020569031595943 / 3 + e**2 * math.pi**4 / 360)
    )
    assert lgamma(1 + e)[:2] == pytest.approx(series[:2], rel=3e-12)


def test_factorials():
    with localcontext() as context:
        context.prec = 40
        for n in range(3, 120, 7):
            expected = float(Decimal(math.factorial(n)).ln())
            assert lgamma(np.array(n + 1.0)) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("x", SLOPES)
def test_digamma(x):
    assert digamma(np.array(x)) == pytest.approx(SLOPES[x], rel=2e-15)


def test_polygamma():
    """ψ'(1) = π²/6, ψ'(½) = π²/2, ψ'(-½) = π²/2 + 4, ψ''(1) = -2 ζ(3), ψ'''(1) = π⁴/15 (6.4.2 on)."""
    found = polygamma(np.array([1.0, 0.5, -0.5]), 1)
    assert found == pytest.approx([math.pi**2 / 6, math.pi**2 / 2, math.pi**2 / 2 + 4], rel=1e-15)
    assert polygamma(np.array(1.0), 2) == pytest.approx(-2 * 1.2020569031595942854, rel=1e-15)
    assert polygamma(np.array(1.0), 3) == pytest.approx(math.pi**4 / 15, rel=1e-15)


def test_each_is_the_derivative_of_the_one_before():
    x = np.concatenate([np.linspace(0.03, 30, 200), -np.linspace(0.03, 9.98, 200)])
    functions = [lgamma, digamma, *(lambda z, n=n: polygamma(z, n) for n in range(1, 5))]
    for before, after in itertools.pairwise(functions):
        slope = before(x + 1e-30j).imag / 1e-30
        assert np.all(np.abs(slope - after(x)) <= 3e-14 * np.maximum(1, np.abs(slope)))


def test_the_ends():
    with np.errstate(all="ignore"):
        assert lgamma(np.array([0.0, -1.0, -2.0, np.inf])).tolist() == [math.inf] * 4
        assert np.isnan(digamma(np.array([0.0, -1.0, np.nan]))).all()
        assert np.isnan(polygamma(np.array([0.0, -3.0]), 2)).all()
        assert digamma(np.array(np.inf)) == np.inf


def test_whole_numbers():
    whole = np.array([1, 2, 3, 12])
    for function in (lgamma, digamma, lambda x: polygamma(x, 2)):
        assert function(whole).tolist() == function(whole * 1.0).tolist()
