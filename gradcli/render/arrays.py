"""Arrays as JSON and as short text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from gradcli.foreign import dumps
from gradcli.ops.core import Array
from gradcli.sizes import Shape, exponents, is_scalar, numbers, spell

FLOAT = np.dtype(float)


def show_shape(shape: Shape) -> list[int]:
    """A shape as outputs show it: a scalar has none."""
    return [] if is_scalar(shape) else list(numbers(shape))


@lru_cache(maxsize=4096)
def shape_text(shape: Shape) -> str:
    """1×4 (1×H): the numbers, and the symbols where there are any."""
    if is_scalar(shape):
        return "scalar"
    numbers = "×".join(map(str, show_shape(shape)))
    symbols = spell(shape)
    return numbers if numbers == symbols else f"{numbers} ({symbols})"


def show_symbols(shape: Shape) -> list[str]:
    return [] if is_scalar(shape) else [size.text for size in shape]


def as_json(array: Array, shape: Shape, precision: int | None) -> Any:
    """Nested lists; a scalar is a number; what JSON lacks is a text."""
    if is_scalar(shape):
        return json_number(float(array.item()), precision)
    found = array.tolist()
    plain = precision is None and np.logical_and.reduce(np.isfinite(array), axis=None)
    return found if plain else _nested(found, precision)


def norm(array: Array) -> float:
    """The square root of the sum of squares, of large and of small entries too."""
    with np.errstate(all="ignore"):
        flat = np.abs(array.reshape(-1))
        largest = float(flat.max(initial=0.0))
        if not 0 < largest < math.inf:
            return largest
        return largest * float(np.linalg.norm(flat / largest))


def _entries(array: Array, shape: Shape, precision: int | None) -> str:
    """`as_json` as text: Python writes lists of finite numbers as JSON does."""
    if precision is None and array.dtype is FLOAT:
        text = repr(array.item() if is_scalar(shape) else array.tolist())
        if "n" not in text:  # neither nan nor inf
            return text
    return dumps(as_json(array, shape, precision))


# What is told of an array's entries, as a field of a JSON object: all, their norm, or nothing.
TOLD: dict[str, Callable[[Array, Shape, int | None], str]] = {
    "all": lambda array, shape, precision: f', "value": {_entries(array, shape, precision)}',
    "norms": lambda array, shape, precision: (
        f', "norm": {dumps(json_number(norm(array), precision))}'
    ),
    "none": lambda array, shape, precision: "",
}


def _nested(value: Any, precision: int | None) -> Any:
    if isinstance(value, list):
        return [_nested(entry, precision) for entry in value]
    return json_number(value, precision)


def json_number(value: float, precision: int | None) -> float | str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value if precision is None else float(f"{value:.{precision}g}")


# ── short text ──

# How many entries are kept at the head and at the tail of an axis: of the last axis, and of the
# others. The first that fits is taken; the digits shrink before all is told by its norm.
EDGES = (((3, 3), (3, 3)), ((2, 2), (2, 2)), ((1, 1), (1, 1)))
FEWER_DIGITS = 3
LITTLE = 16  # characters; in less room an array is whole, or its norm
NOISE = 32 * float(np.finfo(float).eps)  # beside an entry of 1, what rounding leaves of a 0
NOTHING = "≈0"


def as_text(array: Array, shape: Shape, digits: int, room: int | None = None) -> str:
    """One line: a row is [1 2 3], a column [1 2 3]ᵀ, a matrix [[1 2] [3 4]].

    Long axes are shortened in the middle, as NumPy does it; further where `room` is given and less
    than that would take, down to the norm, ‖3.742‖. What rounding leaves beside far larger entries
    is ≈0.
    """
    if is_scalar(shape):
        return entry_text(array.reshape(-1)[0], digits)
    column = array.ndim == 2 and array.shape[1] == 1
    if column or (array.ndim == 2 and array.shape[0] == 1):
        array = array.reshape(-1)
    for edges, precision in (*((e, digits) for e in EDGES), (EDGES[-1], min(digits, FEWER_DIGITS))):
        text = _one_line(array, *edges, precision) + ("ᵀ" if column else "")
        if room is None or (len(text) <= room and (room >= LITTLE or "…" not in text)):
            return text
    return norm_text(array, digits)


def entry_text(value: float, digits: int, noise: float = 0.0) -> str:
    """A number. noise: of which size it is taken for what rounding leaves of a 0."""
    if 0 < abs(value) <= noise:
        return NOTHING
    return exponents(f"{value + 0.0:.{digits}g}")  # + 0.0 turns -0 into 0


def norm_text(array: Array, digits: int) -> str:
    """An array by its norm."""
    return f"‖{entry_text(norm(array), digits)}‖"


def noise(array: Array) -> float:
    """Up to which size an entry is what rounding leaves of a 0; 0 where one is not finite."""
    with np.errstate(all="ignore"):
        largest = float(np.abs(array).max(initial=0.0))
    return NOISE * largest if math.isfinite(largest) else 0.0


def _one_line(array: Array, last: tuple[int, int], others: tuple[int, int], digits: int) -> str:
    gaps = []  # before which of the kept entries an axis is cut; -1 for none
    kept = []
    for axis, size in enumerate(array.shape):
        head, tail = last if axis == array.ndim - 1 else others
        cut = size > head + tail
        gaps.append(head if cut else -1)
        kept.append([*range(head), *range(size - tail, size)] if cut else range(size))
    if max(gaps) >= 0:
        array = array[np.ix_(*kept)]
    return _brackets(array.tolist(), gaps, digits, noise(array))


def _brackets(value: Any, gaps: Sequence[int], digits: int, noise: float) -> str:
    """Nested lists in brackets; as deep as the array has axes, which are few."""
    if not isinstance(value, list):
        return entry_text(value, digits, noise)
    texts = [_brackets(entry, gaps[1:], digits, noise) for entry in value]
    if gaps[0] >= 0:
        texts.insert(gaps[0], "…")
    return f"[{' '.join(texts)}]"
