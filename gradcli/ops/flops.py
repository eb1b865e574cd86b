"""How many floating-point operations an operation takes: what the table's entries state.

A product of M×K and K×N takes M·N·(2K − 1), a sum of N entries N − 1, as the largest of N does, an
elementwise function one an entry; what moves, copies, chooses a part, reshapes or stretches takes
none. A function that is several of these in one counts as what its description says: the softmax
e^x / Σ e^x is a function, a sum and a quotient. Each count is a polynomial over the dims.

Linear algebra counts as LAPACK's routines do: LU factors of N×N take 2/3 N³ − N²/2 − N/6
(Golub & Van Loan 2013, section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from gradcli.ops.axes import each
from gradcli.ops.core import Flops, Signature
from gradcli.sizes import Shape, Size, Sizes


def none(s: Signature, shape: Shape) -> Size:
    """Entries are moved, or are constants."""
    return s.sizes.constant(0)


def an_entry(s: Signature, shape: Shape) -> Size:
    """One an entry of the result."""
    return s.sizes.product(shape)


def reduced(function: int = 0, rest: int = 0, spread: int = 0) -> Flops:
    """A reduction: a sum, and how often an elementwise function stands in it.

    function: on the operand, before the sum. rest: on what is reduced. spread: on entries of the
    operand again, with what is reduced beside them.
    """

    def flops(s: Signature, shape: Shape) -> Size:
        sizes = s.sizes
        entries = sizes.product(s.shapes[0])
        axes = each(s.attrs["axis"], s.rank)
        left = [size for i, size in enumerate(s.shapes[0]) if i not in axes]
        results = sizes.product(tuple(left))
        total = times(sizes, 1 + function + spread, entries)
        return sizes.add(total, times(sizes, rest - 1, results))

    return flops


def contraction(sizes: Sizes, factors: int, every: Shape, kept: Shape) -> Size:
    """Products of so many factors over all of some axes, summed until the kept axes are left."""
    entries = sizes.product(every)
    return sizes.add(times(sizes, factors, entries), sizes.product(kept), -1)


def product(s: Signature, shape: Shape) -> Size:
    """A matrix product over the last two axes: 2K − 1 an entry of the result."""
    return contraction(s.sizes, 2, (*shape, s.shapes[0][-1]), shape)


def of_square(*coefficients: int | Fraction) -> Flops:
    """A polynomial in the rows N of the first operand: its coefficients of 1, N, N², N³."""
    return lambda s, shape: polynomial(s.sizes, s.shapes[0][0], coefficients)


def polynomial(sizes: Sizes, n: Size, coefficients: Sequence[int | Fraction]) -> Size:
    total, power = sizes.constant(0), sizes.constant(1)
    for coefficient in coefficients:
        total = sizes.add(total, times(sizes, coefficient, power))
        power = sizes.multiply(power, n)
    return total


def solution(s: Signature, shape: Shape) -> Size:
    """LU factors, and two triangular solves for each column of the right side."""
    sizes, n = s.sizes, s.shapes[0][0]
    column = polynomial(sizes, n, (0, -1, 2))
    return sizes.add(polynomial(sizes, n, LU), sizes.multiply(column, shape[1]))


def times(sizes: Sizes, factor: int | Fraction, size: Size) -> Size:
    return sizes.multiply(sizes.constant(factor), size)


LU = (0, Fraction(-1, 6), Fraction(-1, 2), Fraction(2, 3))
