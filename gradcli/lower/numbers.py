"""Arithmetic on plain numbers: values, sizes where they are whole, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.errors import GradError
from gradcli.forms import fold, plus, polynomial
from gradcli.ops import TABLE, Op
from gradcli.sizes import (
    ATOM,
    EXACT,
    LARGEST,
    SIGN,
    SUM,
    TOO_LARGE,
    Form,
    Lettered,
    Number,
    Size,
    Sizes,
    numeral,
)
from gradcli.spelling import Written, write

PI = Number(math.pi, None, "pi", ATOM)
LONGEST_NUMERAL = 300
LONGEST_WRITTEN = 24  # characters of a numeral that is shown as it is written: 1e9, 2.50
LONGEST_FORM = 1_000  # characters
LONGEST_TEXT = 120  # beyond this, a folded number is shown by its value


def literal(sizes: Sizes, text: str) -> Number:
    """The number that a numeral is. Raises GradError where no float can hold it."""
    whole = text.isdigit()
    if len(text) > LONGEST_NUMERAL:
        raise GradError(
            f"this number has {len(text)} digits; {LONGEST_NUMERAL} are the limit", kind="too-large"
        )
    value = float(text)
    if math.isinf(value):
        raise GradError(
            f"{text} is too large; the largest number is about 1.8e308", kind="bad-number"
        )
    if whole and value <= EXACT:
        return Number(int(text), sizes.constant(int(text)), text.lstrip("0") or "0", ATOM)
    return Number(value, None, text if len(text) <= LONGEST_WRITTEN else numeral(value), ATOM)


def apply(sizes: Sizes, op: Op, numbers: Sequence[Number]) -> Number:
    """An elementwise operation on plain numbers. Raises GradError where it has no finite value."""
    with np.errstate(all="ignore"):
        value = float(op.forward(*[np.float64(number.value) for number in numbers]))
    if not math.isfinite(value):
        raise GradError(f"{_write(op, numbers)[0]} is not a finite number", kind="bad-number")
    size = None
    if op.sized is not None and all(n.size is not None for n in numbers) and abs(value) < LARGEST:
        size = op.sized(sizes, *(n.size for n in numbers))
        if size is not None and not size.whole and size.is_constant:
            size = None  # a fraction, 1/2 say, is no size
    if size is not None and size.whole:
        value = size.number if abs(size.number) <= EXACT else value
    rolled = None
    if any(n.rolled for n in numbers):
        rolled = lettered(sizes, op, [n.form for n in numbers])
        if len(rolled.text) > LONGEST_FORM:
            rolled = None  # nobody reads it
    written = _write(op, numbers)
    made = (op.name, tuple(numbers)) if size is None else None
    if size is not None and size.is_constant and all(n.text.lstrip("-").isdigit() for n in numbers):
        written = size.text, SIGN if size.value < 0 else ATOM
    elif len(written[0]) > LONGEST_TEXT:
        written = numeral(value), SIGN if value < 0 else ATOM
        made = None
    return Number(value, size, *written, rolled, made)


def _write(op: Op, numbers: Sequence[Number]) -> Written:
    return write(op, (), [(n.text, n.precedence) for n in numbers])


def lettered(sizes: Sizes, op: Op, forms: Sequence[Form]) -> Lettered:
    """An operation on numbers of which some have letters.

    Whole numbers at its end are drawn together: t - 1 + 1 is t.
    """
    text, precedence = write(op, (), [(form.text, form.precedence) for form in forms])
    found = sizes.lettered(text, precedence, op.name, tuple(forms))
    first = forms[0]
    if precedence == SUM and isinstance(first, Lettered) and first.precedence == SUM:
        offset = _offset(polynomial(first, sizes), polynomial(found, sizes), sizes)
        if offset is not None:
            text = plus(first, offset, sizes)
            return sizes.lettered(text, SUM if " " in text else ATOM, op.name, tuple(forms))
    return found


def _offset(first: Size | None, found: Size | None, sizes: Sizes) -> int | None:
    """The whole number by which a polynomial with one in it grows into another."""
    if first is None or found is None or () not in dict(first.terms):
        return None
    gap = sizes.add(found, first, -1)
    return int(gap.value) if gap.is_constant and gap.whole else None


def put(sizes: Sizes, form: Form, letter: Lettered, by: Form) -> Form:
    """A form with another in place of a letter."""

    def operation(name: str, forms: Sequence[Form]) -> Form:
        plain = [each for each in forms if isinstance(each, Number)]
        if len(plain) == len(forms):
            return apply(sizes, TABLE[name], plain).form
        return lettered(sizes, TABLE[name], forms)

    def known(name: str) -> Form:
        return by if name == letter.text else sizes.lettered(name)

    return fold(form, known, lambda number: number, operation)


def whole(number: Any, what: str) -> int:
    """A number as a whole number. Raises GradError elsewhere."""
    if not isinstance(number, Number):
        name = getattr(number, "name", "this")
        if hasattr(number, "items"):
            raise GradError(f"{what} is one number here, not several", kind="bad-size")
        raise GradError(
            f"{what} is made of sizes, loop variables and whole numbers; {name} is a quantity",
            hint="a size is declared with dim: dim N = 4",
            kind="bad-size",
        )
    if float(number.value) != int(number.value):
        raise GradError(f"{what} is a whole number, not {worth(number)}", kind="bad-size")
    if abs(number.value) > LARGEST:
        raise GradError(TOO_LARGE, kind="too-large")
    return int(number.value)


def worth(number: Number) -> str:
    """A number as it is written, with its value where that is another text."""
    value = f"{number.value:.6g}" if number.value != int(number.value) else str(number.value)
    return number.text if number.text in (value, str(number.value)) else f"{number.text} = {value}"
