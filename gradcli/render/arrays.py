"""Arrays as JSON and as short text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.ops.core import Array
from gradcli.sizes import Shape, is_scalar, numbers


def show_shape(shape: Shape) -> list[int]:
    """A shape as outputs show it: a scalar has none."""
    return [] if is_scalar(shape) else list(numbers(shape))


def show_symbols(shape: Shape) -> list[str]:
    return [] if is_scalar(shape) else [size.text for size in shape]


def as_json(array: Array, shape: Shape, precision: int | None) -> Any:
    """Nested lists; a scalar is a number; what JSON lacks is a text."""
    if is_scalar(shape):
        return _number(float(array.reshape(-1)[0]), precision)
    if precision is None and np.isfinite(array).all():
        return array.tolist()
    return _nested(array.tolist(), precision)


def _nested(value: Any, precision: int | None) -> Any:
    if isinstance(value, list):
        return [_nested(entry, precision) for entry in value]
    return _number(value, precision)


def _number(value: float, precision: int | None) -> float | str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value if precision is None else float(f"{value:.{precision}g}")


def as_text(array: Array, shape: Shape, precision: int, width: int | None = None) -> str:
    """One line, shortened as NumPy shortens arrays; further where it must fit a width."""
    if is_scalar(shape):
        return f"{float(array.reshape(-1)[0]):.{precision}g}"
    text = ""
    for edge in (3, 2, 1):
        text = _one_line(array, precision, edge)
        if width is None or len(text) <= width:
            return text
    return text


def _one_line(array: Array, precision: int, edge: int) -> str:
    text = np.array2string(
        array,
        precision=precision,
        threshold=2 * edge * max(1, edge if array.ndim > 1 and min(array.shape[-2:]) > 1 else 1),
        edgeitems=edge,
        max_line_width=10**9,
        suppress_small=False,
        separator=" ",
        formatter={"float_kind": lambda value: f"{value:.{precision}g}"},
    )
    return " ".join(text.replace("...", "…").split()).replace("[ ", "[").replace("] [", "][")
