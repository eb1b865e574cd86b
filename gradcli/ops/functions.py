"""More elementwise functions: a file may define others under their names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import exact, gamma
from gradcli.ops.coding import Site, called, templates
from gradcli.ops.core import EXACT, Array, Op, Signature, Spelling, no_vjp
from gradcli.ops.elementwise import AS, absolute, maximum, minimum, relu, softplus
from gradcli.ops.elementwise import function as elementwise
from gradcli.ops.flops import none
from gradcli.ops.special import erfc, log1p
from gradcli.sizes import ATOM, PRODUCT, SUM


def _of_order(name: str) -> Callable[[Site], Spelling]:
    return lambda site: Spelling(f"{name}({site.signature.attrs['order']}, {{0}})")


def function(
    name: str,
    forward: Callable[..., Array],
    vjp: Callable[..., Sequence[Expr | None]],
    cite: str,
    about: str,
    **fields: Any,
) -> Op:
    return elementwise(name, forward, vjp, cite, about, yields=True, **fields)


def _poles(x: Array) -> Array:
    """Between which two poles of the gamma function an entry is."""
    return np.where(x.real > 0, 1, np.floor(x.real))


def _latex(name: str) -> str:
    return rf"\{name}\left({{0}}\right)"


# ── logarithms and exponentials ──


def _expm1(x: Array) -> Array:
    return np.asarray(np.expm1(x))


def _log_sigmoid(x: Array) -> Array:
    return -softplus(-x)


def _logaddexp(x: Array, y: Array) -> Array:
    top, low = np.where(x.real >= y.real, x, y), np.where(x.real >= y.real, y, x)
    alike = x == y  # two infinities too
    return top + log1p(np.exp(np.where(alike, 0, low - np.where(alike, 0, top))))


function(
    "log1p",
    log1p,
    lambda s, g, y, x: (g / (1 + x),),
    AS + "4.1.46",
    "log(1 + x), with all digits near 0",
    exact=lambda a, x: a.log(1 + x),
    latex=r"\ln\left(1 + {0}\right)",
    domain=(-0.5, 2.0),
    code=called("log1p", "math.log1p"),
)
function(
    "expm1",
    _expm1,
    lambda s, g, y, x: (g * call("exp", x),),
    AS + "4.2.49",
    "e^x - 1, with all digits near 0",
    code=called("expm1", "math.expm1"),
    exact=lambda a, x: a.exp(x) - 1,
)
function(
    "log_sigmoid",
    _log_sigmoid,
    lambda s, g, y, x: (g * call("sigmoid", -x),),
    "d log σ(x) = (1 - σ(x)) dx = σ(-x) dx",
    "log(sigmoid(x)), without overflow",
    exact=lambda a, x: -exact.softplus(a, -x),
    latex=r"\ln\sigma\left({0}\right)",
    code=templates(torch="{xp}.nn.functional.logsigmoid({0})", jax="jax.nn.log_sigmoid({0})"),
)
function(
    "logaddexp",
    _logaddexp,
    lambda s, g, z, x, y: (g * call("sigmoid", x - y), g * call("sigmoid", y - x)),
    "d log(e^x + e^y) = (e^x dx + e^y dy) / (e^x + e^y)",
    "log(e^x + e^y), without overflow",
    exact=lambda a, x, y: a.log(a.exp(x) + a.exp(y)),
    operands=("x", "y"),
    code=templates(
        torch="{xp}.logaddexp({like}.new_tensor(0) + {0}, {like}.new_tensor(0) + {1})",
        jax="{xp}.logaddexp({0}, {1})",
    ),
)


# ── activations ──


def _between(low: float, high: float) -> Callable[[Array], Array]:
    def branches(x: Array) -> Array:
        return np.asarray(np.sign(x.real - low) + np.sign(x.real - high))

    return branches


def _clip(x: Array, low: Array, high: Array) -> Array:
    return minimum(maximum(x, low), high)


def _exact_clip(a: Any, x: Any, low: Any, high: Any) -> Any:
    above = a.choose(x - low, low, x, x)
    return a.choose(above - high, above, above, high)


def _clip_vjp(
    s: Signature, g: Expr, y: Expr, x: Expr, low: Expr, high: Expr
) -> Sequence[Expr | None]:
    inside = call("maximum", x, low) <= high
    return g * (x >= low) * inside, g * (x < low) * inside, g * (call("maximum", x, low) > high)


def _mish_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    t = call("tanh", call("softplus", x))
    return (g * (t + x * (1 - t**2) * call("sigmoid", x)),)


function(
    "softsign",
    lambda x: x / (1 + absolute(x)),
    lambda s, g, y, x: (g / (1 + call("abs", x)) ** 2,),
    "Glorot & Bengio 2010",
    "x / (1 + |x|)",
    code=templates(numpy=Spelling("{0} / (1 + {xp}.abs({0}))", PRODUCT, (PRODUCT,))),
    exact=lambda a, x: x / (1 + a.choose(x, -x, x, x)),
)
function(
    "mish",
    lambda x: x * np.tanh(softplus(x)),
    _mish_vjp,
    "Misra 2019",
    "x tanh(softplus(x))",
    code=templates(torch="{xp}.nn.functional.mish({0})", jax="jax.nn.mish({0})"),
    exact=exact.mish,
)
function(
    "relu6",
    lambda x: np.where(x.real >= 6, 6, relu(x)),
    lambda s, g, y, x: (g * (x > 0) * (x < 6),),
    "Krizhevsky 2010",
    "x between 0 and 6, the nearer of these outside",
    exact=lambda a, x: a.choose(x - 6, a.choose(x, 0, 0, x), 6, 6),
    kink="at x = 0 and at x = 6 the derivative is 0",
    branches=_between(0, 6),
    rounding=EXACT,
    code=templates(numpy="{xp}.clip({0}, 0, 6)"),
)
function(
    "hardtanh",
    lambda x: np.where(x.real >= 1, 1, np.where(x.real <= -1, -1, x)),
    lambda s, g, y, x: (g * (x > -1) * (x < 1),),
    "Collobert 2004",
    "x between -1 and 1, the nearer of these outside",
    exact=lambda a, x: a.choose(x - 1, a.choose(x + 1, -1, -1, x), 1, 1),
    kink="at x = -1 and at x = 1 the derivative is 0",
    branches=_between(-1, 1),
    rounding=EXACT,
    code=templates(numpy="{xp}.clip({0}, -1, 1)"),
)
function(
    "clip",
    _clip,
    _clip_vjp,
    "minimum(maximum(x, low), high)",
    "x between low and high, the nearer of these outside",
    exact=_exact_clip,
    operands=("x", "low", "high"),
    kink="at a bound x takes the cotangent; where low is above high, high does",
    branches=lambda x, low, high: (
        np.sign(x.real - low.real) + 3 * np.sign(maximum(x, low).real - high.real)
    ),
    aliases=("clamp",),
    rounding=EXACT,
    code=templates(
        numpy="{xp}.minimum({xp}.maximum({0}, {1}), {2})",
        torch=Spelling(
            "{xp}.where({xp}.where({0} >= {1}, {0}, {1}) <= {2}, "
            "{xp}.where({0} >= {1}, {0}, {1}), {2})",
            ATOM,
            (SUM, SUM, SUM),
        ),
    ),
)


# ── trigonometric and hyperbolic functions, and their inverses ──


def _atan2(y: Array, x: Array) -> Array:
    """The angle of (x, y); a small imaginary part turns it, from the real one on."""
    angle = np.arctan2(y.real, x.real)
    if not (np.iscomplexobj(y) or np.iscomplexobj(x)):
        return np.asarray(angle)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(angle + np.arctan((y * cos - x * sin) / (x * cos + y * sin)))


function(
    "asin",
    np.arcsin,
    lambda s, g, y, x: (g / call("sqrt", 1 - x**2),),
    AS + "4.4.52",
    "inverse sine",
    exact=exact.asin,
    latex=_latex("arcsin"),
    domain=(-0.9, 0.9),
    aliases=("arcsin",),
)
function(
    "acos",
    np.arccos,
    lambda s, g, y, x: (-g / call("sqrt", 1 - x**2),),
    AS + "4.4.53",
    "inverse cosine",
    exact=exact.acos,
    latex=_latex("arccos"),
    domain=(-0.9, 0.9),
    aliases=("arccos",),
)
function(
    "atan",
    np.arctan,
    lambda s, g, y, x: (g / (1 + x**2),),
    AS + "4.4.54",
    "inverse tangent",
    exact=exact.atan,
    latex=_latex("arctan"),
    aliases=("arctan",),
)
function(
    "atan2",
    _atan2,
    lambda s, g, z, y, x: (g * x / (x**2 + y**2), -g * y / (x**2 + y**2)),
    "d atan2(y, x) = (x dy - y dx) / (x² + y²)",
    "angle of the point (x, y), from -π to π",
    exact=exact.atan2,
    operands=("y", "x"),
    kink="the value jumps where y = 0 and x < 0; at x = y = 0 the derivative is nan",
    branches=lambda y, x: np.where(x.real < 0, np.sign(y.real), 0),
    aliases=("arctan2",),
    code=templates(
        torch="{xp}.atan2({like}.new_tensor(0) + {0}, {like}.new_tensor(0) + {1})",
        jax="{xp}.arctan2({0}, {1})",
    ),
)
function(
    "sinh",
    np.sinh,
    lambda s, g, y, x: (g * call("cosh", x),),
    AS + "4.5.71",
    "hyperbolic sine",
    exact=exact.sinh,
    latex=_latex("sinh"),
)
function(
    "cosh",
    np.cosh,
    lambda s, g, y, x: (g * call("sinh", x),),
    AS + "4.5.72",
    "hyperbolic cosine",
    exact=exact.cosh,
    latex=_latex("cosh"),
)
function(
    "asinh",
    np.arcsinh,
    lambda s, g, y, x: (g / call("sqrt", 1 + x**2),),
    AS + "4.6.37",
    "inverse hyperbolic sine",
    exact=lambda a, x: a.log(x + exact.root(a, x * x + 1)),
    aliases=("arcsinh",),
)
function(
    "acosh",
    np.arccosh,
    lambda s, g, y, x: (g / call("sqrt", x**2 - 1),),
    AS + "4.6.38",
    "inverse hyperbolic cosine, from 1 on",
    exact=lambda a, x: a.log(x + exact.root(a, x * x - 1)),
    domain=(1.5, 3.0),
    aliases=("arccosh",),
)
function(
    "atanh",
    np.arctanh,
    lambda s, g, y, x: (g / (1 - x**2),),
    AS + "4.6.39",
    "inverse hyperbolic tangent",
    exact=lambda a, x: a.log((1 + x) / (1 - x)) / 2,
    domain=(-0.8, 0.8),
    aliases=("arctanh",),
)


# ── the error function's kin and the gamma function's ──


def _normal_cdf(x: Array) -> Array:
    return 0.5 * erfc(-x * math.sqrt(0.5))


function(
    "erfc",
    erfc,
    lambda s, g, y, x: (-g * (2 / math.sqrt(math.pi)) * call("exp", -(x**2)),),
    AS + "7.1.2 and 7.1.19",
    "1 - erf(x), with all digits where that is small",
    code=templates(
        torch="{xp}.erfc({0})", jax="jax.scipy.special.erfc({0})", python="math.erfc({0})"
    ),
    exact=lambda a, x: 1 - exact.erf(a, x),
)
function(
    "normal_cdf",
    _normal_cdf,
    lambda s, g, y, x: (g * (1 / math.sqrt(2 * math.pi)) * call("exp", -0.5 * x**2),),
    AS + "26.2.2",
    "how likely a standard normal draw is to be at most x",
    exact=exact.normal_cdf,
    latex=r"\Phi\left({0}\right)",
    code=templates(torch="{xp}.special.ndtr({0})", jax="jax.scipy.special.ndtr({0})"),
)
function(
    "lgamma",
    gamma.lgamma,
    lambda s, g, y, x: (g * call("digamma", x),),
    AS + "6.3.1",
    "log|Γ(x)|",
    exact=exact.lgamma,
    latex=r"\ln\Gamma\left({0}\right)",
    domain=(0.5, 4.0),
    kink="at 0, -1, -2, … the value is inf and the derivative nan",
    branches=_poles,
    code=templates(
        torch="{xp}.lgamma({0})", jax="jax.scipy.special.gammaln({0})", python="math.lgamma({0})"
    ),
)
function(
    "digamma",
    gamma.digamma,
    lambda s, g, y, x: (g * call("polygamma", x, order=1),),
    AS + "6.4.1",
    "derivative of log Γ(x)",
    exact=exact.digamma,
    latex=r"\psi\left({0}\right)",
    domain=(0.5, 4.0),
    kink="at 0, -1, -2, … the value is nan",
    branches=_poles,
    code=templates(torch="{xp}.digamma({0})", jax="jax.scipy.special.digamma({0})"),
)
function(
    "polygamma",
    gamma.polygamma,
    lambda s, g, y, x: (g * call("polygamma", x, order=s.attrs["order"] + 1),),
    AS + "6.4.1",
    "derivative of digamma(x), of the order given",
    exact=exact.polygamma,
    latex=r"\psi^{{({order})}}\left({0}\right)",
    keywords={"order": 1},
    foldable=False,
    domain=(0.5, 4.0),
    kink="at 0, -1, -2, … the value is nan",
    branches=lambda x, order: _poles(x),
    # PyTorch's own is right to 10 digits only, and so it has none.
    code=templates(jax=_of_order("jax.scipy.special.polygamma")),
)


# ── what no gradient flows through ──

function(
    "stop",
    lambda x: x,
    no_vjp,
    "constant, by what it is for (van den Oord, Vinyals & Kavukcuoglu 2017, section 3.1)",
    "x itself, through which no gradient flows",
    exact=lambda a, x: a.resting(x),
    surrogate=True,
    flops=none,
    kink="no gradient flows through it, though it moves with x",
    rounding=EXACT,
    code=templates(numpy=Spelling("{0}", 0, (0,))),
)


def _rounding(name: str, rounded: Callable[[Array], Array], about: str, latex: str) -> None:
    def forward(x: Array) -> Array:
        return np.asarray(rounded(x.real))

    function(
        name,
        forward,
        no_vjp,
        "constant but for jumps",
        about,
        latex=latex,
        kink="no gradient flows through it",
        branches=forward,
        exact=lambda a, x: a.step(x, forward),
        rounding=EXACT,
        code=called(name),
    )


_rounding("round", np.round, "the nearest whole number; of two, the even one", "")
_rounding("floor", np.floor, "the largest whole number up to x", r"\left\lfloor {0} \right\rfloor")
_rounding("ceil", np.ceil, "the smallest whole number from x on", r"\left\lceil {0} \right\rceil")
