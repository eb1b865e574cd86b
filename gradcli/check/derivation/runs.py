"""Many computations at once: at every point, and again with all values off in their last bits.

Each array has two axes in front: the runs, of which the first is exact, and the points. How far the
other runs lie from the first is what rounding does to an entry, with all that cancels on the way to
it (Parker, Pierce & Eggert 2000, Monte Carlo arithmetic).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from gradcli import interpret
from gradcli.ops.core import BY_NORM, EXACT, Array, Op
from gradcli.program import Step
from gradcli.sizes import Number

EPSILON = float(np.finfo(float).eps)
SHAKE = 16 * EPSILON  # how far off a value is at most, relative to itself
FEWER_DIGITS = 1e-305  # numbers below it are held with fewer
LAST_BITS = 1.5e-323  # how far off they are
POOL = 8192
DIGITS = 8  # a numeral of as many digits or more is taken for a rounded one


class Arithmetic:
    """What a step and a plain number are worth: as NumPy has them."""

    def meaning(self, step: Step, operands: list[Array]) -> Array:
        return interpret.value(step, operands)

    def number(self, number: Number) -> Array:
        return interpret.number(number)


PLAIN = Arithmetic()


class Runs(Arithmetic):
    """Arithmetic on arrays with a run for each row and a point for each column in front."""

    def __init__(self, runs: int, points: int, seed: int) -> None:
        self.lead = (runs, points)
        self.rng = np.random.default_rng([seed, 11])
        self.pool = self.rng.uniform(-1.0, 1.0, POOL)

    def enter(self, values: Sequence[Array]) -> Array:
        """An input, from its value at each point; off from its second run on."""
        stacked = np.stack(values)
        return self.shake(np.broadcast_to(stacked, (self.lead[0], *stacked.shape)))

    def number(self, number: Number) -> Array:
        return np.full((*self.lead, 1, 1), number.value)

    def meaning(self, step: Step, operands: list[Array]) -> Array:
        """A step's result, off by its rounding. What jumps is decided by the first run."""
        op, static, arguments = step.call.op, step.call.static, operands
        if op.body is not None:
            values = dict(zip(op.body.operands, arguments, strict=True))
            interpret.interpret(op.body.steps, values, self.meaning, self.number)
            result = op.body.result
            return self.number(result) if isinstance(result, Number) else values[result]
        if op.lifts:
            arguments = _lifted(arguments)
        if op.branches is not None and not op.differentiable:
            return self._all(attempt(op, [a[:1] for a in arguments], static))
        if op.rounding == BY_NORM:
            arguments = [self._shake_by_norm(a) for a in arguments]
        found = attempt(op, arguments, static) if arguments else op.forward(**static)
        if found.shape[:2] != self.lead or not arguments:
            found = np.broadcast_to(found, (*self.lead, *found.shape))
        return found if op.rounding == EXACT else self.shake(found)

    def shake(self, value: Array, most: float = SHAKE) -> Array:
        """A value whose entries are off by a little from its second run on."""
        found = np.array(value, dtype=float)
        found[1:] *= 1 + most * self._drawn(found[1:].shape)
        size = np.abs(found[0])
        if np.any((size < FEWER_DIGITS) & (size > 0)):  # the last bit is no part of the value here
            found[1:] += np.where(found[1:] == 0, 0, LAST_BITS * self._drawn(found[1:].shape))
        return found

    def _shake_by_norm(self, value: Array) -> Array:
        found = np.array(value, dtype=float)
        rest = found[1:]
        largest = np.max(np.abs(rest), axis=(-2, -1), keepdims=True, initial=0)
        rest += SHAKE * largest * self._drawn(rest.shape)
        return found

    def _all(self, value: Array) -> Array:
        return np.broadcast_to(value, (self.lead[0], *value.shape[1:]))

    def _drawn(self, shape: tuple[int, ...]) -> Array:
        # Drawing for every array would take longer than all else: one pool serves small ones.
        size = int(np.prod(shape))
        if size > POOL // 2:
            return self.rng.uniform(-1.0, 1.0, shape)
        start = int(self.rng.random() * (POOL - size))
        return self.pool[start : start + size].reshape(shape)


class WrittenRuns(Runs):
    """The same for what a person writes: a numeral is a rounded number, and stands for one."""

    def number(self, number: Number) -> Array:
        value = super().number(number)
        if float(number.value).is_integer():
            return value
        return self.shake(value, max(SHAKE, _uncertainty(number.text)))


@lru_cache(maxsize=4096)
def _uncertainty(text: str) -> float:
    """How far off a long numeral may be, relative to itself: by half its last digit."""
    found = 0.0
    for numeral in re.findall(r"\d*\.\d+", text):
        digits = numeral.replace(".", "").lstrip("0")
        if len(digits) >= DIGITS:
            found = max(found, 0.5 / float(digits))
    return found


def _lifted(arguments: Sequence[Array]) -> list[Array]:
    """Operands of lower rank, with axes in front of their own."""
    most = max(a.ndim for a in arguments)
    return [a.reshape((*a.shape[:2], *(1,) * (most - a.ndim), *a.shape[2:])) for a in arguments]


def attempt(op: Op, arguments: Sequence[Array], static: dict[str, Any]) -> Array:
    """An operation's result; nan at each run and point at which it has none (a singular matrix)."""
    try:
        return op.forward(*arguments, **static)
    except np.linalg.LinAlgError:
        lead = np.broadcast_shapes(*(a.shape[:2] for a in arguments))
        whole = [np.broadcast_to(a, (*lead, *a.shape[2:])) for a in arguments]
        every = [_alone(op, [a[at] for a in whole], static) for at in np.ndindex(*lead)]
        shape = next((found.shape for found in every if found is not None), None)
        if shape is None:
            raise
        nan = np.full(shape, np.nan)
        return np.stack([nan if found is None else found for found in every]).reshape(*lead, *shape)


def _alone(op: Op, arguments: Sequence[Array], static: dict[str, Any]) -> Array | None:
    try:
        return op.forward(*arguments, **static)
    except np.linalg.LinAlgError:
        return None


def turned(value: Array) -> Array:
    """The transpose at each run and point."""
    return np.transpose(value, (0, 1, *reversed(range(2, value.ndim))))
