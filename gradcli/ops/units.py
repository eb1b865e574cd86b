"""The nonlinear functions of networks: sigmoid, rectifiers, and the error function among them."""

from __future__ import annotations

import math

import numpy as np

from gradcli.expr import call
from gradcli.ops import exact, plain
from gradcli.ops.coding import templates
from gradcli.ops.core import (
    EXACT,
    Array,
    Spelling,
)
from gradcli.ops.elementwise import AS, SLIDES, absolute, function, sign
from gradcli.ops.special import erf, log1p
from gradcli.sizes import ATOM, PRODUCT, SIGN, SUM


def relu(x: Array) -> Array:
    return np.where(x.real <= 0, 0, x)  # a nan stays a nan


def sigmoid(x: Array) -> Array:
    small = np.exp(-absolute(x))  # never overflows
    return np.asarray(np.where(x.real < 0, small, 1) / (1 + small))


def softplus(x: Array) -> Array:
    return np.where(x.real < 0, 0, x) + log1p(np.exp(-absolute(x)))


def _leaky_relu(x: Array, a: Array) -> Array:
    return np.where(x.real > 0, x, a * x)


def _elu(x: Array, a: Array) -> Array:
    return np.where(x.real > 0, x, a * np.expm1(np.where(x.real > 0, 0, x)))


def _gelu(x: Array) -> Array:
    return x * (0.5 * (1 + erf(x * math.sqrt(0.5))))


function(
    "sigmoid",
    sigmoid,
    lambda s, g, y, x: (g * y * (1 - y),),
    SLIDES + ", sigmoid",
    "logistic function 1 / (1 + e^-x)",
    exact=exact.sigmoid,
    latex=r"\sigma\left({0}\right)",
    aliases=("σ",),
    code=templates(
        numpy=Spelling("1 / (1 + {xp}.exp(-{0}))", PRODUCT, (SIGN,)),
        torch="{xp}.sigmoid({0})",
        jax="jax.nn.sigmoid({0})",
    ),
    lists=plain.sigmoid,
)


function(
    "relu",
    relu,
    lambda s, g, y, x: (g * (x > 0),),
    "course recitation on computing derivatives, the indicator 1_A",
    "x where positive, else 0",
    positive=True,
    exact=lambda a, x: a.choose(x, 0, 0, x),
    kink="at x = 0 the derivative is 0",
    branches=sign,
    rounding=EXACT,
    code=templates(
        numpy="{xp}.maximum({0}, 0)",
        torch="{xp}.relu({0})",
        python=Spelling("({0} if {0} > 0 else 0.0 * {0})", ATOM, (SUM,)),
    ),
)


function(
    "leaky_relu",
    _leaky_relu,
    lambda s, g, y, x, a: (g * call("where", x > 0, 1, a), g * call("where", x > 0, 0, x)),
    "Maas, Hannun & Ng 2013; He et al. 2015 for the derivative by a",
    "x where positive, else a x",
    exact=lambda a, x, b: a.choose(x, b * x, b * x, x),
    operands=("x", "a"),
    kink="at x = 0 the derivative is a",
    branches=lambda x, a: sign(x),
    code=templates(numpy=Spelling("{xp}.where({0} > 0, {0}, {1} * {0})", ATOM, (PRODUCT, PRODUCT))),
    lists=plain.leaky,
)


function(
    "elu",
    _elu,
    lambda s, g, y, x, a: (
        g * call("where", x > 0, 1, y + a),
        g * call("where", x > 0, 0, call("exp", call("minimum", x, 0)) - 1),
    ),
    "Clevert, Unterthiner & Hochreiter 2016",
    "x where positive, else a (e^x - 1)",
    exact=lambda a, x, b: a.choose(x, b * (a.exp(x) - 1), b * (a.exp(x) - 1), x),
    operands=("x", "a"),
    kink="at x = 0 the derivative is a",
    branches=lambda x, a: sign(x),
    code=templates(
        numpy=Spelling(
            "{xp}.where({0} > 0, {0}, {1} * {xp}.expm1({xp}.minimum({0}, 0)))",
            ATOM,
            (SUM, PRODUCT),
        ),
        torch=Spelling(
            "{xp}.where({0} > 0, {0}, {1} * {xp}.expm1({xp}.clamp({0}, max=0)))",
            ATOM,
            (SUM, PRODUCT),
        ),
    ),
    lists=plain.elu,
)


function(
    "softplus",
    softplus,
    lambda s, g, y, x: (g * call("sigmoid", x),),
    "Dugas et al. 2001",
    "log(1 + e^x)",
    code=templates(
        numpy="{xp}.logaddexp({0}, 0)",
        torch=Spelling("-{xp}.nn.functional.logsigmoid(-{0})", SIGN, (SIGN,)),
    ),
    exact=exact.softplus,
    lists=plain.log1pexp,
)


function(
    "erf",
    erf,
    lambda s, g, y, x: (g * (2 / math.sqrt(math.pi)) * call("exp", -(x**2)),),
    AS + "7.1.19",
    "error function",
    code=templates(torch="{xp}.erf({0})", jax="jax.scipy.special.erf({0})", python="math.erf({0})"),
    exact=exact.erf,
)


function(
    "gelu",
    _gelu,
    lambda s, g, y, x: (
        g
        * (
            0.5 * (1 + call("erf", x * math.sqrt(0.5)))
            + x * call("exp", -0.5 * x**2) * (1 / math.sqrt(2 * math.pi))
        ),
    ),
    "Hendrycks & Gimpel 2016, the exact form x Φ(x)",
    "Gaussian error linear unit",
    code=templates(torch="{xp}.nn.functional.gelu({0})", jax="jax.nn.gelu({0}, approximate=False)"),
    exact=lambda a, x: x * exact.normal_cdf(a, x),
    lists=plain.gelu,
)


function(
    "silu",
    lambda x: x * sigmoid(x),
    lambda s, g, y, x: (g * (call("sigmoid", x) + y * (1 - call("sigmoid", x))),),
    "Elfwing, Uchibe & Doya 2018, eq. 5",
    "x sigmoid(x)",
    exact=lambda a, x: x * exact.sigmoid(a, x),
    aliases=("swish",),
    code=templates(
        numpy=Spelling("{0} / (1 + {xp}.exp(-{0}))", PRODUCT, (SIGN,)),
        torch="{xp}.nn.functional.silu({0})",
        jax="jax.nn.silu({0})",
    ),
    lists=plain.silu,
)
