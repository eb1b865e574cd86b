"""Whether two values are one, entry by entry: by what rounding does to each of them.

A value has a run in front that is exact, and others with all that it is computed from off in the
last bits. If two formulas are one, their difference is rounding, and moves by as much from run to
run; if they are not, it stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gradcli.check.derivation.runs import EPSILON
from gradcli.ops.core import Array

# Of two values: they are one; they are not; rounding hides it; one of them is not finite.
AGREE, DIFFER, HIDDEN, LOST = "agree", "differ", "hidden", "lost"

NARROW = 1e-6  # of a derivative, how wide a bar may be
CHANCE = 1e-9  # that all runs lie near each other by luck, where rounding is as large as a bar
FLOOR = 64 * EPSILON  # of an entry, what rounding may be though no run shows it
TINY = 1e-300

MARKED = 1e-7  # relative to what is added up, how far apart equal marks may be
MOST_SUBSETS = 12  # numbers of which every subset is tried
MOST_RUNS = 2_000  # numbers of which every run is tried


class Agreement(NamedTuple):
    """bar: how far apart two values may be by rounding alone, entry by entry, at each point."""

    state: str
    bar: Array


def compare(
    found: Array, expected: Array, extent: Array | float, parts: Sequence[Array] = ()
) -> Agreement:
    """Compare two values.

    extent: the largest entry of the derivative that the expected one comes from, at each point: a
        bar far below it is narrow, even where the derivative itself is smaller still.
    parts: what the expected value is the sum of. Where they cancel, each must be seen or be 0.
    """
    with np.errstate(all="ignore"):
        gap = found - expected
        size = np.abs(expected[0])
        bar = spread(gap) + FLOOR * (size + np.abs(found[0])) + TINY
        known = np.isfinite(size)
        lost = known & ~np.isfinite(gap[0])
        bar = np.where(np.isfinite(bar) & ~np.isnan(gap[0]), bar, np.inf)
        if np.any(known & ~lost & (np.abs(gap[0]) > bar)):
            return Agreement(DIFFER, bar)
        if lost.any() or not known.any():
            return Agreement(LOST, bar)
        settled = ~known | (bar <= np.maximum(NARROW * size, 2 * TINY))
        if not settled.all():
            scale = np.reshape(extent, (-1, *(1,) * (size.ndim - 1)))
            nothing = vanishing(expected) & vanishing(found)
            for part in parts:
                nothing &= vanishing(part) | (bar <= NARROW * np.abs(part[0]))
            settled |= np.isfinite(bar) & (bar <= NARROW * scale) & ((bar < size) | nothing)
    return Agreement(AGREE if settled.all() else HIDDEN, bar)


def spread(value: Array) -> Array:
    """What rounding may do to each entry of a value, by how far its runs lie apart."""
    runs = len(value) - 1
    with np.errstate(all="ignore"):
        return np.asarray(
            CHANCE ** (-1 / runs) / 8 * np.max(np.abs(value[1:] - value[0]), axis=0, initial=0)
        )


def vanishing(value: Array) -> Array:
    """Which entries are 0, as far as can be told."""
    return np.asarray(np.abs(value[0]) <= spread(value) + TINY)


def near(found: Array, expected: Array, extent: float) -> bool:
    """Whether two values at one point, without runs, may agree: a quick look."""
    with np.errstate(all="ignore"):
        room = NARROW * (np.abs(expected) + extent) + 4 * TINY
        return not np.any(np.isfinite(expected) & (np.abs(found - expected) > room))


def largest(arrays: Sequence[Array]) -> Array:
    """The largest finite entry of some values, at each point."""
    found = [
        np.max(np.abs(np.where(np.isfinite(a[0]), a[0], 0)), axis=tuple(range(1, a.ndim - 1)))
        for a in arrays
    ]
    return np.asarray(np.max(np.stack(found), axis=0))


# ── sums ──


def mark(value: Array, weights: Array) -> tuple[float, float]:
    """A number that stands for a value, a weighted sum, and how far rounding may have moved it."""
    with np.errstate(all="ignore"):
        weighted = np.where(np.isfinite(value), value, 0) * weights
        sums = np.sum(weighted, axis=tuple(range(1, weighted.ndim)))
        room = MARKED * np.sum(np.abs(weighted[0])) + np.sum(spread(weighted))
    return float(sums[0]), float(room)


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
