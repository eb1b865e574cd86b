"""Functions that choose between operands, entry by entry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import maps
from gradcli.ops.coding import chosen, templates
from gradcli.ops.core import (
    EXACT,
    Array,
    Signature,
    Spelling,
    elementwise_shape,
)
from gradcli.ops.elementwise import function
from gradcli.ops.maps import Map
from gradcli.sizes import ATOM, POWER, SUM


def maximum(x: Array, y: Array) -> Array:
    return np.where((x.real >= y.real) | np.isnan(x), x, y)


def minimum(x: Array, y: Array) -> Array:
    return np.where((x.real <= y.real) | np.isnan(x), x, y)


def _where(c: Array, a: Array, b: Array) -> Array:
    return np.where(c.real != 0, a, b)


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
