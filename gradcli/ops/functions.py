"""More elementwise functions: a file may define others under their names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import exact, gamma, plain
from gradcli.ops.coding import Site, called, templates
from gradcli.ops.core import EXACT, Array, Op, Spelling, no_vjp
from gradcli.ops.elementwise import AS
from gradcli.ops.elementwise import function as elementwise
from gradcli.ops.flops import none
from gradcli.ops.special import erfc, log1p
from gradcli.ops.units import softplus
from gradcli.sizes import POSTFIX


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


def backslashed(name: str) -> str:
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
    lists=plain.log_sigmoid,
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
    lists=plain.log_add,
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
    lists=plain.normal_cdf,
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
    code=templates(
        numpy=Spelling("{0}", 0, (0,)),
        torch=Spelling("{0}.detach()", POSTFIX, (POSTFIX,)),
        jax="jax.lax.stop_gradient({0})",
    ),
    lists=plain.same,
)


def _rounding(
    name: str,
    rounded: Callable[[Array], Array],
    plain: Callable[[float], float],
    about: str,
    latex: str,
) -> None:
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
        lists=plain,
    )


_rounding("round", np.round, plain.nearest, "the nearest whole number; of two, the even one", "")
_rounding(
    "floor",
    np.floor,
    plain.floor,
    "the largest whole number up to x",
    r"\left\lfloor {0} \right\rfloor",
)
_rounding(
    "ceil",
    np.ceil,
    plain.ceil,
    "the smallest whole number from x on",
    r"\left\lceil {0} \right\rceil",
)
