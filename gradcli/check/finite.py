"""Gradients against central differences, entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gradcli.evaluate import forward
from gradcli.ops.core import Array
from gradcli.session import Session

STEP = 6e-6  # about the cube root of the machine's precision, where a central difference errs least
TOLERANCE = 1e-6


class Result(NamedTuple):
    """The verdict on one variable's gradient."""

    name: str
    verdict: str
    max_abs_error: float
    max_rel_error: float
    worst_index: tuple[int, ...]
    expected: float
    found: float
    entries: int


def objective(session: Session, inputs: dict[str, Array]) -> float:
    """The scalar whose gradient is derived: the loss, and each given derivative times its value."""
    values = forward(session.program, inputs)
    total = sum(float(np.sum(values[name] * given)) for name, given in session.given.items())
    if session.program.loss is not None:
        total += float(values[session.program.loss].item())
    return total


def check(session: Session, progress: Callable[[int], None] = lambda n: None) -> list[Result]:
    """Every wanted input's gradient against central differences."""
    results = []
    names = [item.name for item in session.program.inputs if item.name in session.derivation.wrt]
    for name in names:
        results.append(_check_one(session, name, progress))
    return results


def _check_one(session: Session, name: str, progress: Callable[[int], None]) -> Result:
    at = session.inputs[name]
    found = session.backward.totals[name]
    expected = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        h = STEP * max(1.0, abs(float(at[index])))
        sides = []
        for sign in (1, -1):
            moved = at.copy()
            moved[index] += sign * h
            sides.append((objective(session, {**session.inputs, name: moved}), moved[index]))
        (above, x1), (below, x0) = sides
        expected[index] = (above - below) / (x1 - x0)
        progress(1)
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    error = np.abs(found - expected)
    relative = error / np.maximum(np.maximum(np.abs(found), np.abs(expected)), 1e-300)
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(error)), error.shape))
    ok = bool(np.all(error <= TOLERANCE * scale))
    return Result(
        name,
        "pass" if ok else "fail",
        float(error[worst]),
        float(relative[worst]),
        worst,
        float(expected[worst]),
        float(found[worst]),
        at.size,
    )
