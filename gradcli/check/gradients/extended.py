"""The same derivation with more digits, where the machine has them.

Where rounding hides whether a derivative is right, both its formulas and the complex step are run
again in extended precision: what agrees there is right, and only its last digits are lost.
"""

from __future__ import annotations

import numpy as np

from gradcli.check.gradients.exact import complex_step
from gradcli.check.gradients.judge import REASONS, Evidence, Judged, Tolerance, judge
from gradcli.check.gradients.probe import Model, Probe
from gradcli.check.gradients.result import AGREES, NOISE, WRONG, ZERO
from gradcli.errors import GradError
from gradcli.evaluate import backward, forward
from gradcli.ops.core import Array
from gradcli.session import Session

# How much finer its numbers are: 2^11 on most machines, 1 where there is nothing finer.
FINER = float(np.finfo(float).eps / np.finfo(np.longdouble).eps)
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
    judged: Judged, model: Model, name: str, entries: Array, rounding: Array, scale: float
) -> Judged:
    """The verdicts with those settled that rounding had left open.

    entries, rounding: as they were judged.
    """
    some = np.nonzero(judged.reason == REASONS.index(NOISE))[0]
    at = entries[some]
    found = model.session.backward.totals[name].reshape(-1)[at]
    try:
        with np.errstate(all="ignore"):
            expected = complex_step(Probe(model, name), at)
    except TypeError:
        return judged
    evidence = Evidence(found, rounding[some] / FINER, expected, None, {}, scale, TOLERANCE)
    again = judge(evidence)
    settled = np.isin(again.reason, [REASONS.index(each) for each in (AGREES, ZERO, WRONG)])
    reason = judged.reason.copy()
    reason[some[settled]] = again.reason[settled]
    return judged._replace(reason=reason)
