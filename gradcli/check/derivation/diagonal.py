"""A softmax's derivative without its off-diagonal part: a mistake of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcli.check.derivation import edits
from gradcli.check.derivation.agreement import AGREE, compare
from gradcli.check.derivation.diagnosis import Finding
from gradcli.check.derivation.expected import Share
from gradcli.check.derivation.goals import Goal
from gradcli.check.derivation.ledger import Entry, Ledger
from gradcli.check.derivation.line import Line
from gradcli.check.derivation.pools import expected_codes
from gradcli.check.derivation.sheet import Sheet
from gradcli.evaluate import compute
from gradcli.ops.core import Array
from gradcli.sizes import numbers
from gradcli.transform.vjp import contribute

MOST_ENTRIES = 4096  # of an operand whose Jacobian's diagonal is computed


def diagonal(
    sheet: Sheet, line: Line, entry: Entry, goals: Sequence[Goal], ledger: Ledger
) -> Finding | None:
    """A finding where a line holds only the diagonal of a normalisation's Jacobian."""
    if entry.value is None or line.region is not None:
        return None
    for number, goal in enumerate(goals):
        share = ledger.shares[goal.shares[0]]
        step = sheet.program.steps[share.eq - 1]
        if len(goal.shares) > 1 or step.call.op.group != "normalisations":
            continue
        alone = _through(sheet, share)
        if alone is None or compare(alone, goal.value, goal.extent).state == AGREE:
            continue
        if compare(entry.value, alone, goal.extent).state == AGREE:
            note = (
                f"this is only the diagonal of the Jacobian of {step.call.op.name}: "
                f"each entry of {step.args[0]} reaches all entries of {step.name}"
            )
            code = expected_codes(sheet, share)[0]
            return Finding(edits.DIAGONAL, code, 0, len(line.code), note, number)
    return None


def _through(sheet: Sheet, share: Share) -> Array | None:
    """The contribution that an equation would give, were its Jacobian diagonal."""
    row = share.rows[0]
    step = sheet.program.steps[row.eq - 1]
    shape = numbers(step.call.shape)
    if int(np.prod(shape)) > MOST_ENTRIES:
        return None
    whole = contribute(step, row.operand)
    assert whole is not None
    points, runs = sheet.points, sheet.runs
    leaves: dict[object, Array] = {"out": points.values[step.name]}
    leaves.update((i, points.values[a]) for i, a in enumerate(step.args) if isinstance(a, str))
    diagonal = np.zeros((*runs.lead, *shape))
    for index in np.ndindex(*shape):
        one = np.zeros(diagonal.shape)
        one[(..., *index)] = 1.0
        found = compute(whole.nodes, {**leaves, "g": one})
        diagonal[(..., *index)] = found[(..., *index)]
    return points.totals[step.name] * diagonal
