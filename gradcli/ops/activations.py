"""Activations beside those of `elementwise`: a file may define others under their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import exact, plain
from gradcli.ops.choices import maximum, minimum
from gradcli.ops.coding import templates
from gradcli.ops.core import EXACT, Array, Signature, Spelling
from gradcli.ops.elementwise import absolute
from gradcli.ops.functions import function
from gradcli.ops.units import relu, softplus
from gradcli.sizes import ATOM, PRODUCT, SUM


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
    lists=plain.softsign,
)
function(
    "mish",
    lambda x: x * np.tanh(softplus(x)),
    _mish_vjp,
    "Misra 2019",
    "x tanh(softplus(x))",
    code=templates(torch="{xp}.nn.functional.mish({0})", jax="jax.nn.mish({0})"),
    exact=exact.mish,
    lists=plain.mish,
)
function(
    "relu6",
    lambda x: np.where(x.real >= 6, 6, relu(x)),
    lambda s, g, y, x: (g * (x > 0) * (x < 6),),
    "Krizhevsky 2010",
    "x between 0 and 6, the nearer of these outside",
    positive=True,
    exact=lambda a, x: a.choose(x - 6, a.choose(x, 0, 0, x), 6, 6),
    kink="at x = 0 and at x = 6 the derivative is 0",
    branches=_between(0, 6),
    rounding=EXACT,
    code=templates(numpy="{xp}.clip({0}, 0, 6)"),
    lists=plain.relu6,
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
    lists=plain.hardtanh,
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
    lists=plain.between,
)
