"""The same derivation with more digits and a wider range, where the machine has them.

Where rounding hides whether a derivative is right, and where it seems wrong, both its formulas and
the complex step are run again in extended precision. What agrees there is right, and only its last
digits are lost; or its numbers leave the range of double precision on the way.
"""

from __future__ import annotations

import numpy as np

from gradcli.check.gradients.exact import complex_step
from gradcli.check.gradients.judge import REASONS, Evidence, Judged, Tolerance, judge
from gradcli.check.gradients.probe import Probe
from gradcli.check.gradients.resting import Model
from gradcli.check.gradients.result import AGREES, NOISE, WRONG, ZERO
from gradcli.errors import GradError
from gradcli.evaluate import backward, forward
from gradcli.ops.core import Array
from gradcli.session import Session

# How much finer its numbers are: 2^11 on most machines, 1 where there is nothing finer.
FINER = float(np.finfo(float).eps / np.finfo(np.longdouble).eps)
OPEN, RIGHT = (NOISE, WRONG), (AGREES, ZERO)
TOLERANCE = Tolerance(5e-7, 1e-6, 1e-9, 1e-7)  # still no mistake of a millionth


def extended(session: Session) -> Model | None:
    """A session computed anew in extended precision; None where that can't be had."""
    if FINER == 1:
        return None
    inputs = {name: value.astype(np.longdouble) for name, value in session.inputs.items()}
    given = {name: value.astype(np.longdouble) for name, value in session.given.items()}
    try:
        values = forward(session.program, inputs)
        passed = backward(session.derivation, values, given)
        return Model(session._replace(inputs=inputs, given=given, values=values, backward=passed))
    except (TypeError, GradError):  # linear algebra has double precision alone
        return None


def settle(
    judged: Judged,
    model: Model,
    name: str,
    entries: Array,
    own: Array,
    rounding: Array,
    scale: float,
) -> Judged:
    """The verdicts with those settled that rounding had left open, or may have spoiled.

    entries, own, rounding: what was judged, own in double precision.
    """
    some = np.nonzero(np.isin(judged.reason, [REASONS.index(each) for each in OPEN]))[0]
    at = entries[some]
    found = model.session.backward.totals[name].reshape(-1)[at]
    try:
        with np.errstate(all="ignore"):
            expected = complex_step(Probe(model, name), at, found)
    except TypeError:
        return judged
    fine = judge(Evidence(found, rounding[some] / FINER, expected, None, {}, scale, TOLERANCE))
    coarse = judge(Evidence(own[some], rounding[some], expected, None, {}, scale))
    merged = Judged(*(array.copy() for array in judged))
    for k, i in enumerate(some):
        before, after = REASONS[judged.reason[i]], REASONS[fine.reason[k]]
        if before == WRONG and after in RIGHT:
            # The formula is right: what double precision makes of it may be, or not.
            for array, other in zip(merged, coarse, strict=True):
                array[i] = other[k]
            after = REASONS[coarse.reason[k]] if REASONS[coarse.reason[k]] in RIGHT else NOISE
        elif before == NOISE and after not in (*RIGHT, WRONG):
            after = before
        merged.reason[i] = REASONS.index(after)
    return merged
