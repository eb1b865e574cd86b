"""What a model assumes of its data: `assume sum(y) == 1`."""

from __future__ import annotations

import numpy as np

from gradcli.draws import DISTRIBUTIONS
from gradcli.ops.core import Array
from gradcli.program import Drawn, Input, Sum

ROUNDS = 100  # until rows and columns both add up (Sinkhorn & Knopp 1967)
CLOSE = 1e-9


def is_free(item: Input) -> bool:
    """Whether an input's entries may have any values, but for what is assumed of them."""
    if isinstance(item.value, Drawn):
        return not DISTRIBUTIONS[item.value.distribution].bound
    return item.value is None


def broken(item: Input, value: Array) -> Sum | None:
    """The first assumption that a value does not keep, in each of any points in front."""
    return next((each for each in item.sums if not _holds(each, item, value)), None)


def kept(item: Input, value: Array) -> Array:
    """A value moved so that what is assumed of it holds: scaled where all of it is positive."""
    for _ in range(ROUNDS):
        if broken(item, value) is None:
            return value
        for each in item.sums:
            value = _moved(each, item, value)
    return value


def _holds(each: Sum, item: Input, value: Array) -> bool:
    found = value.sum(axis=_axes(each, item), keepdims=True)
    scale = np.abs(value).sum(axis=_axes(each, item), keepdims=True) + abs(each.total.value)
    return bool(np.all(np.abs(found - each.total.value) <= CLOSE * scale))


def _moved(each: Sum, item: Input, value: Array) -> Array:
    axes, total = _axes(each, item), each.total.value
    found = value.sum(axis=axes, keepdims=True)
    if total > 0 and (value >= 0).all() and (found > 0).all():
        return np.asarray(value * (total / found))
    count = value.size // found.size
    return np.asarray(value + (total - found) / count)


def _axes(each: Sum, item: Input) -> tuple[int, ...]:
    """The axes of a sum, from behind."""
    rank = len(item.shape)
    return tuple(range(-rank, 0)) if each.axis is None else (each.axis - rank,)
