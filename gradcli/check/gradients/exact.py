"""Derivatives by the complex step: the imaginary part of f(x + ih) over h.

No difference is taken, so that h may be as small as it likes and the value is exact to rounding
(Squire & Trapp 1998; Martins, Sturdza & Alonso 2003).
"""

from __future__ import annotations

import numpy as np

from gradcli.check.gradients.probe import Model, Probe
from gradcli.ops.core import Array, asarray
from gradcli.sizes import Number

STEP = 1e-100
LARGER, FAINT = 1e-30, 1e-180  # the step for derivatives that would vanish with the small one


def complex_step(probe: Probe, entries: Array) -> Array:
    """The objective's derivative by each entry (flat indices)."""
    number = np.result_type(probe.base.dtype, np.complex64)
    step = np.full(len(entries), 1j * STEP, dtype=number)
    found = np.asarray(probe.move(entries, step).change.imag / STEP)
    faint = np.nonzero(np.abs(found) < FAINT)[0]
    if faint.size:
        step = np.full(faint.size, 1j * LARGER, dtype=number)
        found[faint] = probe.move(entries[faint], step).change.imag / LARGER
    return found


def directional(model: Model, direction: dict[str, Array]) -> float:
    """The objective's derivative along a direction in all inputs at once: forward mode."""
    values: dict[str, Array] = dict(model.session.inputs)
    for name, along in direction.items():
        values[name] = values[name] + 1j * STEP * along
    with np.errstate(all="ignore"):
        for e in model.equations:
            if e.name in direction:
                continue
            arguments = [asarray(a.value) if isinstance(a, Number) else values[a] for a in e.args]
            values[e.name] = e.op.forward(*arguments, **e.static)
        return sum(
            float(np.sum(values[name].imag * weight)) / STEP
            for name, weight in model.weights.items()
        )
