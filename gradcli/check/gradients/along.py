"""The dot-product test: forward mode along a random direction must give what reverse mode gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from gradcli.check.gradients.exact import TINY, directional
from gradcli.check.gradients.extended import FINER
from gradcli.check.gradients.finite import AT_KINK, common
from gradcli.check.gradients.noise import Noise
from gradcli.check.gradients.resting import Model
from gradcli.check.gradients.result import AGREES, KINK, NOISE, NON_FINITE, WRONG, Result
from gradcli.check.gradients.summary import dot_product
from gradcli.interpret import branches, interpret, number, value
from gradcli.ops.core import Array
from gradcli.program import Step

SMALLEST, LARGEST = 1e-100, 1e100  # the entries that move together
SLACK = 1e-10  # no mistake is as small, relative to the derivative

Direction = dict[str, Array]


def along_a_direction(
    model: Model, noise: Noise, names: list[str], seed: int, finer: Callable[[], Model | None]
) -> Result:
    """The verdict on u·(J v) = (Jᵀu)·v: the derivative along v, by forward and by reverse mode.

    finer: gives the model in extended precision, where that can be had.
    """
    totals = model.session.backward.totals
    rng = np.random.default_rng([seed, 7])
    inputs = model.session.inputs
    direction = {n: rng.normal(size=totals[n].shape) * moving(inputs[n]) for n in names}
    forward, truncation = directional(model, direction)
    reverse, size = _product(direction, totals)
    with np.errstate(all="ignore"):
        noisy = sum(float(np.sum(np.abs(direction[n]) * noise.totals[n])) for n in names)
    rounding = 2 * noisy + 1e-13 * size + TINY
    bar = truncation + rounding
    reason = _reason(forward, reverse, bar)
    if reason == WRONG and noisy > size:
        reason = NOISE  # what rounding makes of one mode alone, it makes of the other too
    if reason == WRONG and any(
        _branches(model, direction, sign) != _branches(model, {}, 0.0) for sign in (1, -1)
    ):
        reason = KINK
    own = all(np.array_equal(totals[n], noise.derived[n], equal_nan=True) for n in names)
    if reason in (WRONG, NOISE) and own and (more := finer()) is not None:
        forward, truncation = directional(more, direction)
        found, _ = _product(direction, more.session.backward.totals)
        bar = bar if np.isfinite(bar) else truncation + rounding
        if _reason(forward, found, truncation + rounding / FINER) == AGREES:
            # The formulas are right: what double precision makes of them may be, or not.
            reason = AGREES if _reason(forward, reverse, bar) == AGREES else NOISE
    entries = sum(direction[n].size for n in names)
    return dot_product(model.session, forward, reverse, bar, entries, reason)


def moving(value: Array) -> Array:
    """How far each entry may go: its own size, and nowhere where that is extreme.

    A step beside such an entry would be nothing, or all there is, beside the others.
    """
    size = np.abs(value)
    size = np.where(size == 0, common(size), size)
    return np.asarray(np.where((size >= SMALLEST) & (size <= LARGEST), size, 0.0))


def _product(direction: Direction, totals: Mapping[str, Array]) -> tuple[float, float]:
    """The derivatives along a direction, and the sum of their sizes."""
    with np.errstate(all="ignore"):
        # An entry that stays adds nothing, whatever its derivative.
        products = [np.where(along == 0, 0.0, along * totals[n]) for n, along in direction.items()]
        return (
            sum(float(np.sum(product)) for product in products),
            sum(float(np.sum(np.abs(product))) for product in products),
        )


def _reason(forward: float, reverse: float, bar: float) -> str:
    if not (np.isfinite(forward) and np.isfinite(reverse)):
        return NON_FINITE
    if np.isinf(bar):
        return NOISE
    apart = abs(forward - reverse) > bar + SLACK * max(abs(forward), abs(reverse))
    return WRONG if apart else AGREES


def _branches(model: Model, direction: Direction, sign: float) -> list[bytes]:
    """The branches taken a little way along a direction."""
    values: dict[str, Array] = dict(model.start)
    for name, along in direction.items():
        values[name] = values[name] + sign * AT_KINK * along
    found = []

    def seen(step: Step, operands: list[Array]) -> Array:
        if step.call.op.branches:
            found.append(branches(step, operands).tobytes())
        return value(step, operands)

    with np.errstate(all="ignore"):
        interpret(model.steps, values, seen, number)
    return found
