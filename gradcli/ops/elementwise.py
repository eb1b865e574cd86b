"""Elementwise functions. Each rule is that of the slides' 4b: g ∘ f'(x), entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import exact
from gradcli.ops.coding import PYTHON, called
from gradcli.ops.core import (
    EXACT,
    Array,
    Op,
    Spelling,
    define,
    elementwise_flip,
    elementwise_lanes,
    elementwise_shape,
    no_vjp,
)
from gradcli.ops.flops import an_entry
from gradcli.sizes import ATOM, POSTFIX, POWER, SUM

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


def absolute(x: Array) -> Array:
    return np.where(x.real < 0, -x, x)


def sign(x: Array) -> Array:
    return np.asarray(np.sign(x.real))


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
    branches=sign,
    rounding=EXACT,
    code=called("abs", "abs"),
)
function(
    "sign",
    sign,
    no_vjp,
    "constant but for a jump",
    "-1, 0 or 1",
    exact=lambda a, x: a.choose(x, -1, 0, 1),
    kink="no gradient flows through sign",
    branches=sign,
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
