"""Sizes as code: whole numbers, whatever is divided by."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gradcli.emit.arithmetic import size_code
from gradcli.sizes import Size, Sizes


def halves(s: Sizes, h: Size, k: Size) -> Size:
    return s.add(s.multiply(h, s.constant(Fraction(1, 2))), s.constant(Fraction(1, 2)))


def windows(s: Sizes, h: Size, k: Size) -> Size:
    return s.add(_over(s, s.add(h, k, -1), k), s.constant(1))


def squares(s: Sizes, h: Size, k: Size) -> Size:
    return _over(s, _over(s, s.multiply(h, h), k), s.multiply(k, s.constant(2)))


def _over(s: Sizes, a: Size, b: Size) -> Size:
    found = s.divide(a, b)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (halves, "(H + 1) // 2"),
        (windows, "H // K"),
        (squares, "H**2 // (2 * K**2)"),
        (lambda s, h, k: _over(s, s.constant(12), k), "12 // K"),
        (lambda s, h, k: s.add(_over(s, h, k), s.constant(3), -1), "(H - 3 * K) // K"),
        (lambda s, h, k: s.add(s.constant(1), k, -1), "1 - K"),
        (lambda s, h, k: s.constant(0), "0"),
    ],
)
def test_a_size_is_a_whole_number_in_code(made, text) -> None:  # type: ignore[no-untyped-def]
    sizes = Sizes()
    size = made(sizes, sizes.symbol("H", 12), sizes.symbol("K", 3))
    code = size_code(size, lambda dim: dim)[0]
    assert code == text
    found = eval(code, {}, {"H": 12, "K": 3})
    assert isinstance(found, int)
    assert found == size.value or size.value.denominator != 1
