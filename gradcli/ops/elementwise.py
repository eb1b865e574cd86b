"""Elementwise functions. Each rule is that of the slides' 4b: g ∘ f'(x), entry by entry."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import exact, maps, plain
from gradcli.ops.coding import PYTHON, called, chosen, templates
from gradcli.ops.core import (
    EXACT,
    Array,
    Op,
    Signature,
    Spelling,
    define,
    elementwise_flip,
    elementwise_lanes,
    elementwise_shape,
    no_vjp,
)
from gradcli.ops.flops import an_entry
from gradcli.ops.maps import Map
from gradcli.ops.special import erf, log1p
from gradcli.sizes import ATOM, POSTFIX, POWER, PRODUCT, SIGN, SUM

AS = "Abramowitz & Stegun, "
SLIDES = "How to compute a derivative (course slides), the deriv routine"


def function(
    name: str,
    forward: Callable[..., Array],
    vjp: Callable[..., Sequence[Expr | None]],
    cite: str,
    about: str,
    **fields: Any,
) -> Op:
    """Register an elementwise function."""
    return define(
        name,
        forward=forward,
        vjp=vjp,
        cite=cite,
        about=about,
        shape=elementwise_shape,
        flip=elementwise_flip(name),
        lifts=True,
        lanes=elementwise_lanes,
        group="elementwise",
        **{"flops": an_entry, "foldable": True, **fields},
    )


def relu(x: Array) -> Array:
    return np.where(x.real <= 0, 0, x)  # a nan stays a nan


def absolute(x: Array) -> Array:
    return np.where(x.real < 0, -x, x)


def _sign(x: Array) -> Array:
    return np.asarray(np.sign(x.real))


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


def maximum(x: Array, y: Array) -> Array:
    return np.where((x.real >= y.real) | np.isnan(x), x, y)


def minimum(x: Array, y: Array) -> Array:
    return np.where((x.real <= y.real) | np.isnan(x), x, y)


def _where(c: Array, a: Array, b: Array) -> Array:
    return np.where(c.real != 0, a, b)


def _log_latex(name: str) -> str:
    return rf"\{name}\left({{0}}\right)"


function(
    "exp",
    np.exp,
    lambda s, g, y, x: (g * y,),
    AS + "4.2.49",
    "exponential",
    exact=lambda a, x: a.exp(x),
    latex=Spelling("e^{{{0}}}", POWER),
    code=called("exp", "math.exp"),
)
function(
    "log",
    np.log,
    lambda s, g, y, x: (g / x,),
    AS + "4.1.46",
    "natural logarithm",
    exact=lambda a, x: a.log(x),
    latex=r"\ln\left({0}\right)",
    domain=(0.5, 2.0),
    code=called("log", "math.log"),
)
function(
    "sqrt",
    np.sqrt,
    lambda s, g, y, x: (g / (2 * y),),
    "d √x = dx / (2 √x)",
    "square root",
    exact=exact.root,
    latex=r"\sqrt{{{0}}}",
    terms=lambda s, book, x: book.power(x, Fraction(1, 2)),
    domain=(0.5, 2.0),
    kink="at x = 0 the derivative is inf",
    code=called("sqrt", "math.sqrt"),
)
function(
    "abs",
    absolute,
    lambda s, g, y, x: (g * call("sign", x),),
    "d |x| = sign(x) dx",
    "absolute value",
    exact=lambda a, x: a.choose(x, -x, x, x),
    latex=r"\left|{0}\right|",
    kink="at x = 0 the derivative is 0",
    branches=_sign,
    rounding=EXACT,
    code=called("abs", "abs"),
)
function(
    "sign",
    _sign,
    no_vjp,
    "constant but for a jump",
    "-1, 0 or 1",
    exact=lambda a, x: a.choose(x, -1, 0, 1),
    kink="no gradient flows through sign",
    branches=_sign,
    rounding=EXACT,
    code=called("sign") | {PYTHON: Spelling("float(({0} > 0) - ({0} < 0))", ATOM, (SUM,))},
)
function(
    "square",
    lambda x: x * x,
    lambda s, g, y, x: (g * 2 * x,),
    "d x² = 2 x dx",
    "square",
    exact=lambda a, x: x * x,
    latex=Spelling("{0}^{{2}}", POWER, (ATOM,)),
    terms=lambda s, book, x: book.power(x, 2),
    code=called("square") | {PYTHON: Spelling("{0} ** 2", POWER, (POSTFIX,))},
)
function(
    "sin",
    np.sin,
    lambda s, g, y, x: (g * call("cos", x),),
    AS + "4.3.105",
    "sine",
    exact=lambda a, x: a.turn(x)[1],
    latex=_log_latex("sin"),
    code=called("sin", "math.sin"),
)
function(
    "cos",
    np.cos,
    lambda s, g, y, x: (-g * call("sin", x),),
    AS + "4.3.106",
    "cosine",
    exact=lambda a, x: a.turn(x)[0],
    latex=_log_latex("cos"),
    code=called("cos", "math.cos"),
)
function(
    "tan",
    np.tan,
    lambda s, g, y, x: (g * (1 + y**2),),
    AS + "4.3.107",
    "tangent",
    exact=exact.tan,
    latex=_log_latex("tan"),
    domain=(-1.0, 1.0),
    code=called("tan", "math.tan"),
)
function(
    "tanh",
    np.tanh,
    lambda s, g, y, x: (g * (1 - y**2),),
    SLIDES + ", tanh",
    "hyperbolic tangent",
    exact=exact.tanh,
    latex=_log_latex("tanh"),
    code=called("tanh", "math.tanh"),
)
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
    branches=_sign,
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
    branches=lambda x, a: _sign(x),
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
    branches=lambda x, a: _sign(x),
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
function(
    "maximum",
    maximum,
    lambda s, g, z, x, y: (g * (x >= y), g * (x < y)),
    "the larger operand takes the cotangent",
    "larger of two, entry by entry",
    exact=lambda a, x, y: a.choose(x - y, y, x, x),
    operands=("x", "y"),
    latex=r"\max\left({0}, {1}\right)",
    kink="a tie goes to the first",
    branches=lambda x, y: np.sign(x.real - y.real),
    rounding=EXACT,
    code=templates(
        numpy="{xp}.maximum({0}, {1})",
        torch=Spelling("{xp}.where({0} >= {1}, {0}, {1})", ATOM, (SUM, SUM)),
        python="max({0}, {1})",
    ),
)
function(
    "minimum",
    minimum,
    lambda s, g, z, x, y: (g * (x <= y), g * (x > y)),
    "the smaller operand takes the cotangent",
    "smaller of two, entry by entry",
    exact=lambda a, x, y: a.choose(x - y, x, x, y),
    operands=("x", "y"),
    latex=r"\min\left({0}, {1}\right)",
    kink="a tie goes to the first",
    branches=lambda x, y: np.sign(x.real - y.real),
    rounding=EXACT,
    code=templates(
        numpy="{xp}.minimum({0}, {1})",
        torch=Spelling("{xp}.where({0} <= {1}, {0}, {1})", ATOM, (SUM, SUM)),
        python="min({0}, {1})",
    ),
)


def _where_jacobian(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    """The mask of the operand's entries, times how it is stretched."""
    mask = call("ne" if k == 1 else "eq", operands[0], 0)
    shape = elementwise_shape(s)
    stretched = maps.stretched(s.shapes[k], shape, s.sizes)
    times = maps.times(mask, s.shapes[0], shape, s.sizes)
    if stretched is None or times is None:
        return None
    return maps.product(times, stretched, s.sizes)


function(
    "where",
    _where,
    lambda s, g, z, c, a, b: (None, call("where", c, g, 0), call("where", c, 0, g)),
    "the chosen operand takes the cotangent",
    "a where c is not 0, else b",
    exact=lambda a, c, x, y: a.choose(c, x, y, x),
    operands=("c", "a", "b"),
    latex=Spelling(
        r"\begin{{cases}} {1} & \text{{where }} {0} \\ {2} & \text{{else}} \end{{cases}}", POWER
    ),
    kink="no gradient flows through the condition",
    branches=lambda c, a, b: np.asarray(c.real != 0),
    linear=((1, 2),),
    jacobian=_where_jacobian,
    terms=lambda s, book, c, a, b: book.chosen(c, a, b),
    rounding=EXACT,
    code=templates(
        numpy=chosen("{xp}.array({1}, {like})"),
        jax=chosen(),
        torch=chosen("{like}.new_tensor({1})"),
        python=Spelling("({1} if {0} != 0 else {2})", ATOM, (SUM, SUM, SUM)),
    ),
)
