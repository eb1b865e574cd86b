"""Derivatives by finite differences: the step that suits each entry, and an honest error bar.

Central differences at h and h/2, extrapolated (Richardson 1911); the bar is what the extrapolation
changed, and what rounding of the outputs does to a quotient with that step. Where other branches
are taken at x ± h, the step shrinks; then one side alone is used; at the kink both sides are told.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from gradcli.check.gradients.probe import Probe
from gradcli.ops.core import Array
from gradcli.record import Record

STEP = 3e-4  # of the entry's unit
CLOSER = 1e-8  # of those steps, where the first estimate is in doubt
FACTOR = 30.0  # between the steps that are tried
ROUNDS = 9
GOOD = 1e-7  # a bar this small, relative to the derivative, ends the search
NEGLIGIBLE = 1e-10  # relative to the largest derivative of the quantity
ONE_SIDED_STEP = 1e-3
UNDERFLOW = 1e-322  # what numbers too small to be held do to the outputs
FAR = 1e-6  # an entry is this small beside the others
AT_KINK = 1e-12  # of the unit: a kink that is nearer is met exactly, to within rounding
GROWS = 1.5  # times by which a quotient at h/4 is larger than at h, where it has no limit


Sides: TypeAlias = dict[int, tuple[float, float]]


class Estimate(Record):
    """Derivatives by some entries, each with a bound on its error.

    sides: for entries at a kink, by position, the derivatives from the left and from the right.
    """

    value: Array
    bar: Array
    sides: Sides


def differences(probe: Probe, entries: Array, rounding: Array) -> Estimate:
    """The objective's derivative by each entry (flat indices).

    rounding: what rounding does to the outputs that each entry reaches, weighted.
    """
    search = _Search(probe, entries, rounding)
    search.central()
    left = np.nonzero(~search.good())[0]
    sides: Sides = {}
    if left.size and probe.kinks:
        beside = beside_kink(probe, entries[left])
        search.one_sided(left[search.crossed[left] | beside])
        sides = search.at_kink(left[beside])
    return Estimate(search.value, search.bar, sides)


def closer(
    probe: Probe, entries: Array, rounding: Array, some: Array, before: Estimate
) -> Estimate:
    """An estimate of entries, some of which (by position) are looked at from quite near.

    Far from an entry a function may look flat, or may wind unseen between two steps. Where smaller
    steps contradict the estimate that was made before, theirs is the better one.
    """
    search = _Search(probe, entries[some], rounding[some], CLOSER)
    search.central()
    value, bar = before.value.copy(), before.bar.copy()
    with np.errstate(all="ignore"):
        against = np.abs(search.value - value[some]) > search.bar + bar[some]
    value[some[against]] = search.value[against]
    bar[some[against]] = search.bar[against]
    return Estimate(value, bar, before.sides)


def units(values: Array) -> Array:
    """What is small beside each entry: its own size, what all have in common where that is more."""
    size = np.abs(values)
    return np.where(np.isfinite(size), np.maximum(size, common(size)), 1.0)


def common(size: Array) -> float:
    """What entries of that size have in common: their mean square's root, and not above 1."""
    with np.errstate(all="ignore"):
        top = np.max(size, initial=0.0)
        common = float(top * np.sqrt(np.mean(np.square(size / top))))
    return min(common, 1.0) if common > 0 else 1.0


def _steps(values: Array) -> Array:
    """What steps are measured by: as `units`, but for an entry that is far smaller than others."""
    size = np.abs(values)
    return np.where((size > 0) & (size < FAR * common(size)), size, units(values))


def beside_kink(probe: Probe, entries: Array) -> Array:
    """Whether other branches are so near that they are met exactly, to within rounding."""
    near = AT_KINK * probe.each(units)[entries]
    return np.asarray(probe.move(entries, near).crossed | probe.move(entries, -near).crossed)


class _Search:
    """The best estimate so far of each entry's derivative.

    crossed: whether other branches were met on the way.
    """

    def __init__(self, probe: Probe, entries: Array, rounding: Array, part: float = 1.0) -> None:
        self.probe = probe
        self.entries = entries
        self.quantity = probe.quantity(entries)
        self.rounding = rounding + UNDERFLOW
        self.at = probe.at[entries]
        self.unit = part * probe.each(_steps)[entries]
        self.value = np.full(len(entries), np.nan)
        self.bar = np.full(len(entries), np.inf)
        self.crossed = np.zeros(len(entries), dtype=bool)

    def good(self) -> Array:
        largest = np.zeros(len(self.probe.names))
        size = np.where(np.isfinite(self.value), np.abs(self.value), 0.0)
        np.maximum.at(largest, self.quantity, size)
        return np.asarray(
            (self.bar <= GOOD * np.abs(self.value))
            | (self.bar <= NEGLIGIBLE * largest[self.quantity])
        )

    def _better(self, some: Array, value: Array, bar: Array) -> None:
        with np.errstate(invalid="ignore"):
            take = bar < self.bar[some]
        self.value[some[take]] = value[take]
        self.bar[some[take]] = bar[take]

    def _side(self, some: Array, step: Array) -> tuple[Array, Array, Array]:
        """The objective's change, the step really taken, and whether another branch is met."""
        taken = (self.at[some] + step) - self.at[some]
        moved = self.probe.move(self.entries[some], taken)
        return moved.change, taken, moved.crossed

    def _central(self, some: Array, step: Array) -> tuple[Array, Array]:
        above, up, crossed_up = self._side(some, step)
        below, down, crossed_down = self._side(some, -step)
        return (above - below) / (up - down), crossed_up | crossed_down

    def central(self) -> None:
        some = np.arange(len(self.entries))
        step = STEP * self.unit
        way = np.zeros(len(self.entries), dtype=int)  # whether the steps grow or shrink
        with np.errstate(all="ignore"):
            for _ in range(ROUNDS):
                whole, crossed = self._central(some, step[some])
                half, crossed_half = self._central(some, step[some] / 2)
                truncation = np.abs(half - whole)
                rounding = 2 * self.rounding[some] / step[some]
                bar = truncation + rounding
                clear = ~(crossed | crossed_half)
                usable = clear & np.isfinite(bar)
                self._better(some[usable], (half + (half - whole) / 3)[usable], bar[usable])
                self.crossed[some] |= crossed | crossed_half
                wanted = np.where(usable & (truncation < rounding), 1, -1)
                turned = usable & (wanted == -way[some])
                way[some] = wanted
                some = some[~(turned | self.good()[some])]
                if not some.size:
                    return
                step[some] *= np.where(way[some] > 0, FACTOR, 1 / FACTOR)

    def one_sided(self, left: Array) -> None:
        with np.errstate(all="ignore"):
            for sign in (1.0, -1.0):
                some = left
                step = ONE_SIDED_STEP * self.unit
                for _ in range(ROUNDS):
                    value, bar, crossed, _ = self._one_sided(some, sign * step[some])
                    usable = ~crossed & np.isfinite(bar)
                    self._better(some[usable], value[usable], bar[usable])
                    some = some[~usable]
                    if not some.size:
                        break
                    step[some] /= 10

    def _one_sided(self, some: Array, step: Array) -> tuple[Array, Array, Array, Array]:
        """Quotients at h, h/2 and h/4, extrapolated twice; and whether they grow without bound."""
        quotients = []
        crossed = np.zeros(len(some), dtype=bool)
        for part in (1, 2, 4):
            change, taken, over = self._side(some, step / part)
            quotients.append(change / taken)
            crossed |= over
        whole, half, quarter = quotients
        first, second = 2 * half - whole, 2 * quarter - half
        value = second + (second - first) / 3
        rounding = 15 * self.rounding[some] / np.abs(step)
        grows = np.abs(quarter) > GROWS * np.abs(whole) + rounding
        return value, np.abs(value - second) + rounding, crossed, grows

    def at_kink(self, some: Array) -> Sides:
        """Both sides' derivatives where they differ; where they don't, it is no kink."""
        found: Sides = {}
        if not some.size:
            return found
        with np.errstate(all="ignore"):
            step = 1e-2 * ONE_SIDED_STEP * self.probe.each(units)[self.entries[some]]
            right, right_bar, _, jumps_up = self._one_sided(some, step)
            left, left_bar, _, jumps_down = self._one_sided(some, -step)
            apart = np.abs(right - left)
            bar = right_bar + left_bar
            smooth = apart <= bar + 1e-6 * np.maximum(np.abs(left), np.abs(right))
            smooth &= ~(jumps_up | jumps_down)  # by as much on both sides, it has no derivative
            right, left = (
                np.where(jumps, np.copysign(np.inf, side), side)
                for side, jumps in ((right, jumps_up), (left, jumps_down))
            )
        self._better(some[smooth], ((left + right) / 2)[smooth], (apart + bar)[smooth])
        for i in np.nonzero(~smooth)[0]:
            found[int(some[i])] = (float(left[i]), float(right[i]))
        return found
