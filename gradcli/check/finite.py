"""Gradients against central differences, entry by entry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcli.check.result import (
    AGREES,
    FAIL,
    INCONCLUSIVE,
    NON_FINITE,
    PASS,
    WRONG,
    Entry,
    Result,
    absolute_error,
    relative_error,
)
from gradcli.evaluate import forward
from gradcli.ops.core import Array
from gradcli.program import Input
from gradcli.session import Session

STEP = 6e-6  # about the cube root of the machine's precision, where a central difference errs least
TOLERANCE = 1e-6


def objective(session: Session, inputs: dict[str, Array]) -> float:
    """The scalar whose gradient is derived: the loss, and each given derivative times its value."""
    values = forward(session.program, inputs)
    total = sum(float(np.sum(values[name] * given)) for name, given in session.given.items())
    if session.program.loss is not None:
        total += float(values[session.program.loss].item())
    return total


def check_variable(session: Session, item: Input, progress: Callable[[int], None]) -> Result:
    at = session.inputs[item.name]
    found = session.backward.totals[item.name]
    expected = np.zeros_like(at)
    for n, index in enumerate(np.ndindex(at.shape)):
        h = STEP * max(1.0, abs(float(at[index])))
        sides = []
        for sign in (1, -1):
            moved = at.copy()
            moved[index] += sign * h
            sides.append((objective(session, {**session.inputs, item.name: moved}), moved[index]))
        (above, x1), (below, x0) = sides
        expected[index] = (above - below) / (x1 - x0)
        progress(n)
    error = absolute_error(found, expected)
    bar = TOLERANCE * max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    order = np.argsort(np.nan_to_num(-error, nan=-np.inf), axis=None)[:5]
    entries = []
    for flat in order:
        index = tuple(int(i) for i in np.unravel_index(int(flat), error.shape))
        ok = error[index] <= bar
        finite = np.isfinite(error[index])
        verdict, reason = (PASS, AGREES) if ok else (FAIL, WRONG) if finite else (INCONCLUSIVE, NON_FINITE)
        entries.append(Entry(index, verdict, reason, float(found[index]), float(expected[index]), bar))
    first = next((e for v in (FAIL, INCONCLUSIVE) for e in entries if e.verdict == v), entries[0])
    return Result(
        item.name,
        item.role,
        item.shape,
        first.verdict,
        first.reason,
        "agrees with finite differences" if first.verdict == PASS else "differs from finite differences",
        at.size,
        at.size,
        float(np.max(error)),
        float(np.max(relative_error(found, expected))),
        bar,
        tuple(entries),
    )
