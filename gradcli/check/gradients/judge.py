"""From numbers to a verdict: what is found, what is expected, and how well both are known."""

from __future__ import annotations

import numpy as np

from gradcli.check.gradients.exact import TINY
from gradcli.check.gradients.finite import Estimate
from gradcli.check.gradients.result import (
    AGREES,
    DISAGREE,
    FAIL,
    INCONCLUSIVE,
    KINK,
    NOISE,
    NON_FINITE,
    PASS,
    WRONG,
    ZERO,
    absolute_error,
)
from gradcli.ops.core import Array
from gradcli.record import Record


class Tolerance(Record):
    """What counts as a mistake.

    slack: relative; no mistake is as small. limit: a bar beyond this, relative to the value, can't
    tell right from wrong, unless it is as small beside the largest entry as `exact`, or `finite`
    where finite differences are all there is. zero: beside the largest contribution, what may be
    found where the derivative is 0. absolute: what a person allows besides. coarse: whether the
    numbers have so few digits that a wide bar is no sign of a derivative that is 0.
    """

    slack: float
    limit: float
    exact: float
    finite: float
    zero: float = 0.0
    absolute: float = 0.0
    coarse: bool = False


DOUBLE = Tolerance(1e-8, 5e-7, 1e-9, 1e-7)
# Numbers of few digits pass by their digits, never by the width of their bars.
SINGLE = Tolerance(2e-5, 4e-5, 0.0, 0.0, 1e-6)


def half(epsilon: float) -> Tolerance:
    """For numbers of two bytes: `epsilon` apart at 1, they may differ by their own rounding alone.

    An entry of which that may take a quarter is no evidence, unless it is little beside the
    largest entry, as it is for all entries near 0.
    """
    return Tolerance(2 * epsilon, 1 / 4, 1 / 8, 1 / 8, 1 / 8, coarse=True)


def stated(relative: float, absolute: float) -> Tolerance:
    """What a person insists on, whatever rounding does."""
    anything = float("inf")
    return Tolerance(relative, anything, anything, anything, relative, absolute, coarse=True)


NOTHING = 1e-14  # what is as small beside the largest contribution is 0
BEYOND = 4.0  # finite differences contradict only from so many bars away

# Reasons by severity; an entry's reason is its place in this list.
REASONS = (AGREES, ZERO, NOISE, DISAGREE, KINK, NON_FINITE, WRONG)
VERDICTS = {AGREES: PASS, ZERO: PASS, WRONG: FAIL}


class Evidence(Record):
    """What is known of some entries of one derivative, each array flat.

    rounding: a bound on what rounding does to what is found.
    exact: by the complex step; None where the model's operations do not allow it.
    finite: by finite differences; None where they were not asked for.
    sides: at kinks, by position, the derivatives from the left and from the right.
    scale: the largest contribution to any derivative.
    tolerance: what counts as a mistake.
    """

    found: Array
    rounding: Array
    exact: Estimate | None
    finite: Estimate | None
    sides: dict[int, tuple[float, float]]
    scale: float
    tolerance: Tolerance = DOUBLE


class Judged(Record):
    """The verdicts: `reason` indexes REASONS.

    rel_error: relative to the larger of both values, or to the least that the bar resolves.
    """

    expected: Array
    bar: Array
    reason: Array
    abs_error: Array
    rel_error: Array


def verdict_of(reason: str) -> str:
    return VERDICTS.get(reason, INCONCLUSIVE)


def judge(evidence: Evidence) -> Judged:
    """Every entry's verdict.

    It passes where the methods agree with it and their bars leave no room for a mistake; it fails
    where it lies outside the bars; elsewhere the check can't tell.
    """
    found, exact, finite = evidence.found, evidence.exact, evidence.finite
    slack, limit, *floors, most, absolute, coarse = evidence.tolerance
    with np.errstate(all="ignore"):
        if exact is not None:
            expected = exact.value.copy()
            bar = exact.bar + 2 * evidence.rounding
            floor = floors[0]
            # What underflows on the way looks like a derivative of 0, and says nothing of one.
            lost = (expected == 0) & (np.abs(found) > 2 * evidence.rounding)
        else:
            assert finite is not None
            expected = finite.value.copy()
            bar = finite.bar + evidence.rounding
            floor = floors[1]
            lost = np.zeros(found.shape, dtype=bool)
        magnitude = np.maximum(np.abs(found), np.abs(expected))
        error = absolute_error(found, expected)
        # A bound that is nan knows nothing.
        agrees = ~(error > bar + slack * magnitude + absolute + TINY) & np.isfinite(error)
        largest = float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected)))
        # Eight digits in common are no chance, whatever rounding might have done.
        close = (error <= slack * magnitude) & (magnitude > 0)
        resolved = (bar <= limit * magnitude) | (bar <= floor * largest) | close
        zero = (magnitude <= 2 * bar) & (bar <= floor * evidence.scale) & ~lost & (not coarse)
        zero |= (np.abs(expected) <= NOTHING * evidence.scale) & (
            np.abs(found) <= most * evidence.scale
        )
        known = bar < np.inf
        reason = np.full(found.shape, REASONS.index(AGREES))
        reason[agrees & ~resolved] = REASONS.index(NOISE)
        reason[agrees & ~resolved & zero & known] = REASONS.index(ZERO)
        reason[(found == 0) & (expected == 0) & known] = REASONS.index(ZERO)
        reason[~agrees] = REASONS.index(WRONG)
        if exact is not None and finite is not None:
            _second_opinion(reason, evidence, exact, finite)
        unknown = ~np.isfinite(expected) | np.isnan(bar) | (~known & ~np.isfinite(found))
        reason[unknown] = REASONS.index(NON_FINITE)
        for i, (left, right) in evidence.sides.items():
            reason[i] = REASONS.index(KINK)
            expected[i] = np.clip(found[i], min(left, right), max(left, right))
            bar[i] = abs(right - left) if right != left else 0.0
        error = absolute_error(found, expected)
        # Against a value that its bar leaves undecided, an error says nothing.
        size = np.fmax(magnitude, bar / limit)
        relative = error / np.where(size == 0, 1.0, size)
    return Judged(expected, bar, reason, error, relative)


def _second_opinion(reason: Array, evidence: Evidence, exact: Estimate, finite: Estimate) -> None:
    """Finite differences must agree with the complex step, as far as they can see."""
    found = evidence.found
    known = np.isfinite(finite.bar) & np.isfinite(finite.value)
    bar = BEYOND * (finite.bar + evidence.rounding) + TINY
    bar += exact.bar + evidence.tolerance.slack * np.maximum(
        np.abs(exact.value), np.abs(finite.value)
    )
    apart = known & (np.abs(finite.value - exact.value) > bar)
    reason[apart] = REASONS.index(DISAGREE)
    # Both say that it is wrong: how wrong is not the question.
    both = apart & (np.abs(found - finite.value) > bar) & (np.abs(found - exact.value) > bar)
    reason[both] = REASONS.index(WRONG)
