"""When two values are one, and which of some numbers add up to a sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradcli.ops.core import Array

CLOSE = 1e-8  # relative to the largest entry at a point
NOISE = 1e-12  # relative to the largest entry that a value is computed from
MOST_SUBSETS = 12  # numbers of which every subset is tried
MOST_RUNS = 2_000  # numbers of which every run is tried


def close(found: Array, expected: Array, extent: Array | float, size: Array | float = 0.0) -> bool:
    """Whether two arrays, points first, agree where what is expected is finite.

    extent: the largest entry of the derivatives that they were computed from, at each point: where
        these cancel, only rounding is left of them.
    size: the largest entry of what was added up.
    """
    mask = np.isfinite(expected)
    if not mask.all():
        found, expected = np.where(mask, found, 0), np.where(mask, expected, 0)
    if not np.isfinite(found).all():
        return False
    axes = tuple(range(1, expected.ndim))
    with np.errstate(all="ignore"):
        scale = np.maximum(np.max(np.abs(expected), axis=axes, initial=0), np.asarray(size))
        error = np.max(np.abs(found - expected), axis=axes, initial=0)
        return bool(np.all(error <= CLOSE * scale + NOISE * np.asarray(extent) + 1e-300))


def largest(arrays: Sequence[Array]) -> Array:
    """The largest finite entry of some arrays, at each point."""
    found = [
        np.max(np.abs(np.where(np.isfinite(a), a, 0)), axis=tuple(range(1, a.ndim)), initial=0)
        for a in arrays
    ]
    return np.asarray(np.max(np.stack(found), axis=0))


def sums_to(marks: Array, rooms: Array, wanted: float, room: float) -> Iterator[tuple[int, ...]]:
    """Which marks add up to about what is wanted: one, all, runs, then any subset of a few.

    rooms, room: how far off each mark, and what is wanted, may be.
    """
    for i in np.flatnonzero(np.abs(marks - wanted) <= rooms + room):
        yield (int(i),)
    n = len(marks)
    if n < 2:
        return
    room += float(rooms.sum())
    if abs(float(marks.sum()) - wanted) <= room:
        yield tuple(range(n))
    if n <= MOST_SUBSETS:
        for bits in np.flatnonzero(np.abs(_subset_sums(marks) - wanted) <= room):
            chosen = tuple(i for i in range(n) if int(bits) >> i & 1)
            if chosen:
                yield chosen
        return
    for left in np.flatnonzero(np.abs(marks.sum() - marks - wanted) <= room):
        yield tuple(k for k in range(n) if k != int(left))
    sums = np.concatenate([[0.0], np.cumsum(marks)])
    for first in range(n - 1 if n <= MOST_RUNS else 0):
        for more in np.flatnonzero(np.abs(sums[first + 2 :] - sums[first] - wanted) <= room):
            yield tuple(range(first, first + 2 + int(more)))


def _subset_sums(marks: Array) -> Array:
    """The sum of every subset, at the index whose bits name it."""
    sums = np.zeros(1)
    for mark in marks:
        sums = np.concatenate([sums, sums + mark])
    return sums
