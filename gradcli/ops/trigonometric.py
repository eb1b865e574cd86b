"""Trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

import numpy as np

from gradcli.expr import call
from gradcli.ops import exact, plain
from gradcli.ops.coding import templates
from gradcli.ops.core import Array
from gradcli.ops.elementwise import AS
from gradcli.ops.functions import backslashed, function


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
    latex=backslashed("arcsin"),
    domain=(-0.9, 0.9),
    aliases=("arcsin",),
    lists=plain.asin,
)
function(
    "acos",
    np.arccos,
    lambda s, g, y, x: (-g / call("sqrt", 1 - x**2),),
    AS + "4.4.53",
    "inverse cosine",
    exact=exact.acos,
    latex=backslashed("arccos"),
    domain=(-0.9, 0.9),
    aliases=("arccos",),
    lists=plain.acos,
)
function(
    "atan",
    np.arctan,
    lambda s, g, y, x: (g / (1 + x**2),),
    AS + "4.4.54",
    "inverse tangent",
    exact=exact.atan,
    latex=backslashed("arctan"),
    aliases=("arctan",),
    lists=plain.atan,
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
    lists=plain.atan2,
)
function(
    "sinh",
    np.sinh,
    lambda s, g, y, x: (g * call("cosh", x),),
    AS + "4.5.71",
    "hyperbolic sine",
    exact=exact.sinh,
    latex=backslashed("sinh"),
    lists=plain.sinh,
)
function(
    "cosh",
    np.cosh,
    lambda s, g, y, x: (g * call("sinh", x),),
    AS + "4.5.72",
    "hyperbolic cosine",
    exact=exact.cosh,
    latex=backslashed("cosh"),
    lists=plain.cosh,
)
function(
    "asinh",
    np.arcsinh,
    lambda s, g, y, x: (g / call("sqrt", 1 + x**2),),
    AS + "4.6.37",
    "inverse hyperbolic sine",
    exact=lambda a, x: a.log(x + exact.root(a, x * x + 1)),
    aliases=("arcsinh",),
    lists=plain.asinh,
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
    lists=plain.acosh,
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
    lists=plain.atanh,
)
