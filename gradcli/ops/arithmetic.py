"""The operators on entries: sums, products, quotients, powers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcli.expr import Expr, call, equal
from gradcli.ops import maps
from gradcli.ops.core import (
    ALL,
    EACH,
    EXACT,
    RING,
    Array,
    Signature,
    Spelling,
    elementwise_shape,
    infix,
)
from gradcli.ops.flops import none
from gradcli.ops.maps import Map
from gradcli.ops.operators import SLIDES, operator
from gradcli.sizes import (
    ATOM,
    POSTFIX,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    plain,
)


def _is(x: Expr, value: float) -> bool:
    return x.is_number() and x.number.value == value


# ── as maps of an operand ──


def _added(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    return maps.stretched(s.shapes[k], elementwise_shape(s), s.sizes)


def _subtracted(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    found = _added(s, k, operands)
    return maps.negated(found) if k and found is not None else found


def _scaled(s: Signature, k: int, factor: Expr) -> Map | None:
    """What the k-th operand does as it is stretched and multiplied by a factor like the other."""
    shape = elementwise_shape(s)
    stretched = maps.stretched(s.shapes[k], shape, s.sizes)
    times = maps.times(factor, s.shapes[1 - k], shape, s.sizes)
    if stretched is None or times is None:
        return None
    return maps.product(times, stretched, s.sizes)


def _multiplied(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    return _scaled(s, k, operands[1 - k])


def _divided(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    return _scaled(s, k, 1 / operands[1])


operator(
    "+",
    "add",
    ("x", "y"),
    np.add,
    lambda s, g, z, x, y: (g, g),
    infix("+", SUM),
    infix("+", SUM),
    sized=lambda sizes, a, b: sizes.add(a, b),
    linear=ALL,
    regroups=True,
    terms=lambda s, book, x, y: book.add(x, y),
    exact=RING,
    about="sum",
    jacobian=_added,
    cite=SLIDES + "rule 3",
)
operator(
    "-",
    "sub",
    ("x", "y"),
    np.subtract,
    lambda s, g, z, x, y: (g, -g),
    infix("-", SUM),
    infix("-", SUM),
    sized=lambda sizes, a, b: sizes.add(a, b, -1),
    linear=ALL,
    terms=lambda s, book, x, y: book.add(x, y, -1),
    exact=RING,
    about="difference",
    jacobian=_subtracted,
    cite=SLIDES + "the deriv routine, `-`",
)
operator(
    "* ∘ ⊙",
    "mul",
    ("x", "y"),
    np.multiply,
    lambda s, g, z, x, y: (g * y, g * x),
    infix("*", PRODUCT),
    infix(r"\odot", PRODUCT, POWER),
    latex_scalar=infix(r"\cdot", PRODUCT, POWER),
    sized=lambda sizes, a, b: sizes.multiply(a, b),
    linear=EACH,
    regroups=True,
    terms=lambda s, book, x, y: book.multiply(x, y),
    exact=RING,
    about="elementwise (Schur) product",
    jacobian=_multiplied,
    cite=SLIDES + "rule 2",
    spread=True,
)
operator(
    "/",
    "div",
    ("x", "y"),
    np.divide,
    lambda s, g, z, x, y: (g / y, -g / y**2 if _is(x, 1) else -g * x / y**2),
    infix("/", PRODUCT),
    Spelling(r"\frac{{{0}}}{{{1}}}", POWER, (0, 0)),
    sized=lambda sizes, a, b: sizes.divide(a, b),
    linear=((0,),),
    terms=lambda s, book, x, y: book.multiply(x, book.power(y, -1)),
    exact=lambda a, x, y: x / y,
    about="elementwise quotient",
    jacobian=_divided,
    cite=SLIDES + "listed there as missing: z = x/y, z = 1/y",
    domain=(0.5, 2.0),
)
operator(
    "-",
    "neg",
    ("x",),
    np.negative,
    lambda s, g, z, x: (-g,),
    Spelling("-{0}", SIGN, (SIGN,)),
    Spelling("-{0}", SIGN, (SIGN,)),
    sized=lambda sizes, a: sizes.add(sizes.constant(0), a, -1),
    linear=ALL,
    terms=lambda s, book, x: book.scaled(x, -1),
    exact=RING,
    about="negation",
    jacobian=lambda s, k, operands: maps.negated(maps.identity(s.shapes[0], s.sizes)),
    cite=SLIDES + "listed there as missing: operations with constants",
    rounding=EXACT,
)
operator(
    "+",
    "pos",
    ("x",),
    np.positive,
    lambda s, g, z, x: (g,),
    Spelling("+{0}", SIGN, (SIGN,)),
    Spelling("+{0}", SIGN, (SIGN,)),
    sized=lambda sizes, a: a,
    linear=ALL,
    flops=none,
    terms=lambda s, book, x: x,
    exact=RING,
    about="the operand itself",
    cite=SLIDES + "the deriv routine, `none`",
    rounding=EXACT,
)


def _power(x: Array, y: Array) -> Array:
    return np.power(x, y)


def _power_vjp(s: Signature, g: Expr, z: Expr, x: Expr, y: Expr) -> Sequence[Expr | None]:
    """By the base n x^(n-1); by the exponent x^n log x, whose limit at x = 0 is 0.

    A plain number in the exponent needs no logarithm, and 0 and 1 no power.
    """
    if y.is_number():
        n = y.number
        if n.value == 0:
            return g * 0, None
        if n.value == 1:
            return g, None
        less = plain(n.value - 1) if n.size is None or not n.size.terms[0][0] else None
        if n.value == 2 and less:
            return g * n * x, None
        if n.value == -1 and less:
            return -g * x**less, None
        return g * n * x ** (less or y - 1), None
    if x.is_number():
        return None, g * z * (call("log", x) if x.number.value else 0)
    # x^0 is 1 for every base, 0 included, so that no slope is taken there.
    by_base = call("where", equal(y, 0), 0, g * y * x ** (y - 1))
    return by_base, g * z * call("log", call("where", equal(x, 0), 1, x))


operator(
    "^ **",
    "pow",
    ("x", "y"),
    _power,
    _power_vjp,
    Spelling("{0}^{1}", POWER, (POSTFIX, SIGN)),
    Spelling("{0}^{{{1}}}", POWER, (ATOM, 0)),
    numpy=Spelling("{0} ** {1}", POWER, (POSTFIX, SIGN)),
    sized=lambda sizes, a, b: sizes.power(a, b),
    terms=lambda s, book, x, y: book.power(x, book.rational(y)),
    exact=lambda a, x, y: a.raised(x, y),
    about="elementwise power",
    cite="d x^n = n x^(n-1) dx; d a^y = a^y log a dy (Abramowitz & Stegun, 3.3.4, 4.2.5)",
    kink="at x = 0 the derivative by the exponent is 0",
    domain=(0.5, 2.0),
)
