"""What a wrong derivative from elsewhere is, where its model shows it: another quantity's, or one
that lacks a contribution; and what the format of its numbers has to do with it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradcli.check.gradients.judge import Tolerance
from gradcli.check.gradients.precision import Format
from gradcli.check.gradients.result import (
    BELOW,
    FAIL,
    INCONCLUSIVE,
    MISSING_TERM,
    OTHER,
    OVERFLOW,
    PASS,
    SWAPPED,
    TOLERANCE,
    UNDERFLOW,
    WRONG,
    Result,
)
from gradcli.check.gradients.summary import SAME
from gradcli.ops.core import Array
from gradcli.session import Session

FAINT = 1e-5  # of the size of the absolute tolerances that are in use


class Explainer:
    """Knows the right derivatives, and what rounding does to each.

    bounds: by name, as a judge takes them. found: what came from elsewhere, in the variables' own
    shapes.
    """

    def __init__(
        self, session: Session, found: Mapping[str, Array], bounds: Mapping[str, Array]
    ) -> None:
        self.session = session
        self.found = found
        self.bounds = bounds

    def explained(self, result: Result, precision: Format, tolerance: Tolerance) -> Result:
        """A result, with the mistake named where the model shows which it is."""
        expected = self.session.backward.totals[result.name]
        largest = float(np.max(np.abs(expected), initial=0.0))
        if result.verdict == PASS and 0 < largest <= tolerance.absolute:
            return result._replace(
                verdict=INCONCLUSIVE,
                reason=TOLERANCE,
                diagnosis=BELOW,
                message=f"no entry is larger than {largest:.3g}: zeros would pass as well "
                f"with an absolute tolerance of {tolerance.absolute:g}",
            )
        if result.verdict == INCONCLUSIVE and 0 < largest < precision.normal:
            return result._replace(
                diagnosis=UNDERFLOW,
                remark=f"no entry is larger than {largest:.3g}, and {precision.name} has full "
                f"digits from {precision.normal:.2g} on: scale the loss, and the gradients back",
            )
        if result.verdict != FAIL or result.reason != WRONG:
            return result
        if result.diagnosis == OVERFLOW and precision.largest < 1e6:
            result = result._replace(
                remark=f"{result.remark}: {precision.name} ends at {precision.largest:,.0f}"
            )
        if not result.diagnosis:
            diagnosis, text = self._another(result.name, tolerance)
            result = result._replace(diagnosis=diagnosis, remark=text or result.remark)
        if 0 < largest <= FAINT:
            faint = f"no entry is larger than {largest:.3g}: many an absolute tolerance sees none"
            result = result._replace(
                diagnosis=result.diagnosis or BELOW,
                remark=f"{result.remark}; {faint}" if result.remark else faint,
            )
        return result

    def _another(self, name: str, tolerance: Tolerance) -> tuple[str, str]:
        """Which other right derivative, or which part of the right one, stands there."""
        totals = self.session.backward.totals
        own = self.found[name]
        for other, total in totals.items():
            if other != name and self._alike(own, total, other, tolerance):
                theirs = self.found.get(other)
                if theirs is not None and self._alike(theirs, totals[name], name, tolerance):
                    return SWAPPED, f"yours are swapped: it is dL/d{other}, and that is dL/d{name}"
                return OTHER, f"yours is dL/d{other}"
        derivation = self.session.derivation
        rows = [
            (row, value)
            for row, value in zip(derivation.rows, self.session.backward.values, strict=True)
            if row.target == name and row in derivation.contributions
        ]
        for row, value in rows if len(rows) > 1 else ():
            whole = row.region is None and value.shape == own.shape
            if whole and self._alike(own, totals[name] - value, name, tolerance):
                equation = f"{row.eq}. {derivation.step(row).text}"
                return MISSING_TERM, f"yours lacks what comes from equation {equation}"
        return "", ""

    def _alike(self, found: Array, other: Array, name: str, tolerance: Tolerance) -> bool:
        """Whether numbers are those of another quantity, as far as their digits show."""
        if found.shape != other.shape:
            return False
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(found), np.abs(other))
            bar = 2 * self.bounds.get(name, np.zeros(other.shape))
            bar = bar + max(SAME, tolerance.slack) * size + tolerance.absolute
            return bool(np.all(np.abs(found - other) <= bar) and np.any(size > 4 * bar))
