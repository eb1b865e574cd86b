"""Derivatives by the complex step: the imaginary part of f(x + ih) over h.

No difference is taken, so that h may be as small as it likes and the value is exact to rounding
(Squire & Trapp 1998; Martins, Sturdza & Alonso 2003). What is left is h² f'''/6, and what
underflows: both depend on h, and so the same derivative by other steps tells of them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradcli.check.gradients.finite import AT_KINK, Estimate, Sides, beside_kink, common, units
from gradcli.check.gradients.probe import Probe
from gradcli.check.gradients.resting import Model
from gradcli.interpret import run
from gradcli.ops.core import Array

STEP = 1e-100  # of an entry that is below 1
FINEST = 1e-16  # the largest step, of the entry: beside it, its square is nothing
COARSEST = 1e-20  # the largest step where the entry is small, or 0
LARGER = 1e-30  # a step that shows what the first may have lost
LEAST = 1e-290  # the smallest step, but for entries that are hardly larger
STEPS = 24  # between the smallest and the largest
GROWTH = 1e-3  # of a quotient, from step to step, where it has no limit; below it, it is gone
GROWING = 7  # steps over which it grows: what rounding leaves of a 0 is in no order
SAME = 1e-9  # two steps give the same derivative, relative to it
WIDE = 1e-6  # a bar of finite differences, relative to them, that may hide a kink
NEARER = 1 / 16  # of a distance
TINY = 1e-275  # what is smaller may have lost its digits
ALONG = 10 ** np.linspace(-180, -16, STEPS)  # the steps with which they do


def complex_step(probe: Probe, entries: Array, found: Array) -> Estimate:
    """The objective's derivative by each entry (flat indices), and a bound on its error.

    found: what it is compared with. Where one step gives that, it is no accident; elsewhere further
    steps are tried.
    """
    size = probe.each(_sizes)[entries]

    def quotient(some: Array, steps: Array) -> Array:
        return np.asarray(probe.move(entries[some], 1j * steps).change.imag / steps)

    value = quotient(np.arange(len(entries)), first_step(size))
    bar = np.zeros_like(value)
    doubtful = np.nonzero(~(np.abs(value - found) <= SAME * np.abs(found)) | (value == 0))[0]
    if doubtful.size:
        other = quotient(doubtful, _second_step(size[doubtful], value[doubtful]))
        bar[doubtful] = np.abs(value[doubtful] - other)
        zero = (value[doubtful] == 0) & (other == 0) & (found[doubtful] == 0)
        left = doubtful[~_same(value[doubtful], other) & ~zero]
        if left.size:
            steps = ladder(size[left])
            value[left], bar[left] = limit(steps, (quotient(left, each) for each in steps))
    return Estimate(value, bar, {})


def _sizes(values: Array) -> Array:
    """Each entry's size; of a 0 the one that it has in common with the others."""
    sizes = np.abs(values)
    return np.where(sizes == 0, common(sizes), sizes)


def hidden_kinks(probe: Probe, entries: Array, finite: Estimate | None) -> Sides:
    """The kinks that finite differences don't see, for they drown in the rounding of the outputs.

    The complex step has the derivative from each side, and nearer to the kink once more: where the
    sides differ by as much, they don't meet.
    """
    wide = np.ones(len(entries), dtype=bool)
    if finite is not None:
        wide = ~(finite.bar <= WIDE * np.abs(finite.value))
        wide[list(finite.sides)] = False
    some = np.nonzero(wide)[0]
    some = some[beside_kink(probe, entries[some])] if some.size else some
    if not some.size:
        return {}
    unit = probe.each(units)[entries[some]]
    step = first_step(unit)

    def side(distance: float) -> Array:
        moved = probe.move(entries[some], distance * unit + 1j * step)
        return np.asarray(moved.change.imag / step)

    left, right = side(-AT_KINK), side(AT_KINK)
    nearer = np.abs(side(AT_KINK * NEARER) - side(-AT_KINK * NEARER))
    kink = nearer > np.abs(right - left) / 2
    return {int(some[i]): (float(left[i]), float(right[i])) for i in np.nonzero(kink)[0]}


def first_step(size: Array) -> Array:
    """A step for entries of that size: small beside each of them."""
    step = np.maximum(STEP * np.minimum(size, 1.0), np.minimum(LEAST, FINEST * size))
    return np.asarray(step)


def ladder(size: Array) -> Array:
    """Steps for entries of that size, the smallest first, each in a row."""
    low = np.log10(np.clip(1e-22 * size, 1e-322, LEAST))
    high = np.log10(np.maximum(FINEST * size, COARSEST))
    part = np.linspace(0, 1, STEPS)[:, None]
    return np.asarray(10 ** (low + part * (high - low)))


def _same(one: Array, other: Array) -> Array:
    larger = np.maximum(np.abs(one), np.abs(other))
    return np.asarray((np.abs(one - other) <= SAME * larger) & (larger > 0) & np.isfinite(larger))


def _second_step(size: Array, first: Array) -> Array:
    """Another step than the first: a larger one where nothing came of that."""
    step = first_step(size)
    other = step * np.where(step > 1e-200, 1e-30, 1e30)
    return np.asarray(np.where(first == 0, np.maximum(FINEST * size, LARGER), other))


def limit(steps: Array, rows: Iterable[Array]) -> tuple[Array, Array]:
    """What quotients tend to as their steps shrink, and a bound on the error; nan for no limit.

    steps, rows: the steps and their quotients, the smallest step's first. Where two in a row agree
    on a derivative that is not 0, it is this one: with smaller steps it was lost to underflow. Else
    it is what the smallest steps say; where there is no finite derivative, their quotients grow
    without bound. What is there at large steps alone, and would be seen at smaller ones, may be the
    derivative whose numbers underflow on the way, or none: the bound is then infinite.
    """
    quotients = np.array(list(rows))
    apart = np.abs(quotients[1:] - quotients[:-1])
    same = _same(quotients[1:], quotients[:-1])
    steady = np.argmax(same, axis=0)
    column = np.arange(quotients.shape[1])
    found = np.any(same, axis=0)
    value = np.where(found, quotients[steady, column], quotients[0])
    bar = np.where(found, apart[steady, column], np.max(apart[:3], axis=0))
    before = np.maximum(steady - 1, 0)
    seen = np.abs(value) * np.broadcast_to(steps, quotients.shape)[before, column] > LEAST
    gone = np.abs(quotients[before, column]) < GROWTH * np.abs(value)
    unsure = found & (steady > 0) & gone & seen
    value, bar = np.where(unsure, 0.0, value), np.where(unsure, np.inf, bar)
    size = np.where(np.isnan(quotients[:GROWING]), np.inf, np.abs(quotients[:GROWING]))
    with np.errstate(invalid="ignore"):
        more = size[:-1] - size[1:]
    larger = (more[1:] > 0) & (more[:-1] > 0.5 * more[1:])
    larger[1:] |= np.maximum.accumulate(np.isinf(size), axis=0)[3:]  # which tell nothing
    grows = np.all(larger, axis=0) & (more[0] > GROWTH * size[0]) | np.isinf(size[0])
    return np.where(grows & ~found, np.nan, value), bar


def directional(model: Model, direction: dict[str, Array]) -> tuple[float, float]:
    """The objective's derivative along a direction in all inputs at once: forward mode.

    And a bound on its error; nan for no derivative.
    """
    with np.errstate(all="ignore"):
        one, other = (_along(model, direction, step) for step in ALONG[:2])
        if _same(np.array(one), np.array(other)):
            return one, abs(one - other)
        rows = (np.array([_along(model, direction, step)]) for step in ALONG)
        value, bar = limit(ALONG[:, None], rows)
    return float(value[0]), float(bar[0])


def _along(model: Model, direction: dict[str, Array], step: float) -> float:
    values: dict[str, Array] = dict(model.start)
    for name, along in direction.items():
        values[name] = values[name] + 1j * (step * along)
    run(model.steps, values)
    return sum(
        float(np.sum(values[name].imag * weight) / step) for name, weight in model.weights.items()
    )
