"""How far rounding reaches: both passes again, with every computed value off by its last bit.

The spread of a few such runs bounds what rounding does to each derivative and to the outputs, with
all cancellation in it (Parker, Pierce & Eggert 2000, Monte Carlo arithmetic).
"""

from __future__ import annotations

import numpy as np

from gradcli.check.gradients.resting import Model
from gradcli.evaluate import arrived
from gradcli.interpret import branches, interpret, number, run, value
from gradcli.ops.core import BY_NORM, Array
from gradcli.program import Step
from gradcli.record import Record
from gradcli.transform.inline import flatten

RUNS = 4
POOL = 4096
SAFETY = 8.0  # the spread of a few draws is below the largest possible
EPSILON = float(np.finfo(float).eps)
FEWER_DIGITS = float(np.finfo(float).tiny)  # numbers below it are held with fewer
LAST_BIT = float(np.finfo(float).smallest_subnormal)


class Noise(Record):
    """Bounds on what rounding does, each array in its variable's own shape.

    totals: to each derivative. outputs: to each entry of the outputs, by its weight.
    scale: the largest contribution to any derivative. derived: the derivatives themselves, as the
    derivation computes them.
    """

    totals: dict[str, Array]
    outputs: dict[str, Array]
    scale: float
    derived: dict[str, Array]


def noise(model: Model, seed: int) -> Noise:
    session = model.session
    exact = _exact(model)
    names = session.derivation.reified.totals
    derived = {name: exact[total] for name, total in names.items()}
    low, high = dict(derived), dict(derived)
    shake, back = Shaker(seed, 5), Shaker(seed, 6)  # what one pass draws moves nothing in the other
    with np.errstate(all="ignore"):
        outputs = {
            name: 4 * EPSILON * np.abs(model.values[name] * weight)
            for name, weight in model.weights.items()
        }
        for _ in range(RUNS):
            try:
                values = _forward(model, shake)
                totals = _backward(model, values, exact, back)
            except np.linalg.LinAlgError:  # singular but for the last bits
                values = {name: np.full_like(value, np.nan) for name, value in model.values.items()}
                totals = {name: np.full_like(total, np.nan) for name, total in derived.items()}
            for name, total in totals.items():
                low[name] = np.minimum(low[name], total)
                high[name] = np.maximum(high[name], total)
            for name, weight in model.weights.items():
                change = np.abs((values[name] - model.values[name]) * weight)
                np.maximum(outputs[name], SAFETY * change, out=outputs[name])
        bounds = {
            name: SAFETY * (top - low[name]) + 4 * EPSILON * np.abs(top)
            for name, top in high.items()
        }
    largest = [float(np.max(np.abs(step), initial=0.0)) for step in session.backward.values]
    largest += [float(np.max(np.abs(weight), initial=0.0)) for weight in model.weights.values()]
    scale = max((value for value in largest if np.isfinite(value)), default=0.0)
    return Noise(bounds, outputs, scale, derived)


class Shaker:
    """Moves every entry of an array by its last bit, up or down."""

    def __init__(self, seed: int, stream: int) -> None:
        self.rng = np.random.default_rng([seed, stream])
        self.factors = self._drawn(POOL)

    def _drawn(self, size: int) -> Array:
        return np.asarray(1 + EPSILON * (2.0 * self.rng.integers(0, 2, size) - 1))

    def __call__(self, value: Array) -> Array:
        # Drawing signs for every array would take longer than all else: one pool serves small ones.
        if value.size > POOL // 2:
            factors = self._drawn(value.size)
        else:
            start = int(self.rng.random() * (POOL - value.size))
            factors = self.factors[start : start + value.size]
        factors = factors.reshape(value.shape)
        found = np.asarray(value * factors)
        size = np.abs(value)
        if np.any((size < FEWER_DIGITS) & (size > 0)):  # the last bit is no part of the value here
            found += np.where(found == 0, 0, np.copysign(LAST_BIT, factors - 1))
        return found

    def entering(self, step: Step, operands: list[Array]) -> list[Array]:
        """The operands of a step; off by the last bit of the largest entry where it rounds so."""
        if step.call.op.rounding != BY_NORM:
            return operands
        return [a + np.max(np.abs(a), initial=0.0) * (self(np.ones(a.shape)) - 1) for a in operands]


def _forward(model: Model, shake: Shaker) -> dict[str, Array]:
    """The forward values, shaken; those that would take another branch are left as they are.

    What is continuous there is still shaken: at 0, |x| is off by as much as x.
    """
    values = dict(model.session.inputs)

    def shaken(step: Step, operands: list[Array]) -> Array:
        op = step.call.op
        if op.branches:
            exact = model.operands(step)
            if np.any(branches(step, operands) != branches(step, exact)):
                operands = operands if op.differentiable else exact
                values.update({name: model.values[name] for name in step.operands()})
        return shake(value(step, shake.entering(step, operands)))

    every = flatten(model.session.program.steps, surrogates=False)
    return interpret(every, values, shaken, number)


def _exact(model: Model) -> dict[str, Array]:
    """All values of the backward pass, by the names of its steps."""
    session = model.session
    found = arrived(session.derivation, session.values, session.given)
    return run(session.derivation.reified.steps, found)


def _backward(
    model: Model, values: dict[str, Array], exact: dict[str, Array], shake: Shaker
) -> dict[str, Array]:
    """The totals, shaken, from shaken values.

    exact: the backward steps' values as they are; what jumps, comparisons and the like, keeps them.
    """
    session = model.session
    reified = session.derivation.reified
    found = arrived(session.derivation, values, session.given)

    def shaken(step: Step, operands: list[Array]) -> Array:
        op = step.call.op
        if op.branches and not op.differentiable:
            return exact[step.name]
        found = value(step, shake.entering(step, operands))
        # What is an operand, or a view of one, has its numbers: nothing was rounded.
        moved = found.base is not None or any(found is operand for operand in operands)
        return found if moved else shake(found)

    interpret(reified.steps, found, shaken, number, reified.dying)
    return {name: found[total] for name, total in reified.totals.items()}
