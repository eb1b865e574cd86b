"""A variable's result in words: its verdict, its worst entries, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradcli.check.gradients.judge import REASONS, Evidence, Judged, verdict_of
from gradcli.check.gradients.result import (
    AGREES,
    DISAGREE,
    FAIL,
    KINK,
    NOISE,
    NON_FINITE,
    PASS,
    WRONG,
    ZERO,
    Entry,
    Result,
    relative_error,
)
from gradcli.ops.core import Array
from gradcli.session import Session
from gradcli.sizes import numbers

WORST = 10
SAME = 1e-5  # the relative spread of a ratio that is called constant

MESSAGES = {
    AGREES: "agrees",
    ZERO: "zero, to within rounding",
    NOISE: "rounding hides whether {n} of {checked} entries are right",
    DISAGREE: "complex step and finite differences disagree on {n} of {checked} entries",
    KINK: "{n} of {checked} entries are at a kink, where there is no one derivative",
    NON_FINITE: "{n} of {checked} entries have no finite derivative to compare with",
    WRONG: "{n} of {checked} entries are wrong",
}


def summarise(
    blank: Result,
    evidence: Evidence,
    judged: Judged,
    entries: Array,
    notes: Mapping[int, str],
    sizes: Mapping[str, float],
) -> Result:
    """Fill in a result. `entries` are flat indices; `notes` are by entry, `sizes` the dims."""
    severity = np.where(judged.reason == REASONS.index(ZERO), 0, judged.reason)
    reason = REASONS[int(np.max(severity))]
    if reason == AGREES and not np.any(judged.reason == REASONS.index(AGREES)):
        reason = ZERO
    count = int(np.sum(judged.reason == REASONS.index(reason)))
    error = np.where(np.isnan(judged.abs_error), np.inf, judged.abs_error)
    order = np.lexsort((-error, -severity))[:WORST]
    shape = numbers(blank.shape)
    worst = []
    for i in order:
        entry = int(entries[i])
        name = REASONS[int(judged.reason[i])]
        worst.append(
            Entry(
                tuple(int(k) for k in np.unravel_index(entry, shape)),
                verdict_of(name),
                name,
                float(evidence.found[i]),
                float(judged.expected[i]),
                float(judged.bar[i]),
                notes.get(entry, ""),
            )
        )
    verdict = verdict_of(reason)
    return blank._replace(
        verdict=verdict,
        reason=reason,
        message=MESSAGES[reason].format(n=count, checked=len(entries)),
        max_abs_error=_largest(judged.abs_error),
        max_rel_error=_largest(judged.rel_error),
        error_bar=float(judged.bar[order[0]]),
        worst=tuple(worst),
        remark=remark(evidence.found, judged, blank, sizes) if verdict == FAIL else "",
    )


def _largest(values: Array) -> float:
    return float(np.max(values)) if not np.isnan(values).any() else float("nan")


# ── what the entries have in common ──


def remark(found: Array, judged: Judged, result: Result, sizes: Mapping[str, float]) -> str:
    """A ratio that is constant across entries, or a transposition; empty where there is none."""
    with np.errstate(all="ignore"):
        sure = np.isfinite(found) & (np.abs(judged.expected) > 1e3 * judged.bar)
        if not sure.any():
            return ""
        if not np.any(found):
            return "yours = 0 throughout"
        ratios = found[sure] / judged.expected[sure]
        ratio = float(np.median(ratios))
        constant = np.all(np.abs(ratios - ratio) <= SAME * abs(ratio))
        if constant and (written := _ratio(ratio, sizes)):
            return f"yours = {written}"
        if constant and sure.sum() > 1:
            return f"yours = {ratio:.6g} × expected, in every entry"
        shape = numbers(result.shape)
        if len(shape) == 2 and shape[0] == shape[1] > 1 and result.checked == result.entries:
            turned = found.reshape(shape).T.reshape(-1)
            if np.all(relative_error(turned, judged.expected)[sure] <= SAME):
                return "yours is the transpose of what is expected"
    return ""


def _ratio(ratio: float, sizes: Mapping[str, float]) -> str:
    """A telling ratio: a sign, a small number or a size of the model, or the inverse of one."""
    known = {"-1": -1.0, "0": 0.0, "2": 2.0, "1/2": 0.5, "-2": -2.0, "-1/2": -0.5}
    for name, value in sizes.items():
        known.setdefault(f"{name} (= {value:.0f})", value)
        known.setdefault(f"1/{name} (= 1/{value:.0f})", 1 / value)
    for n in range(3, 13):
        known |= {f"{n}": float(n), f"1/{n}": 1 / n}
    for text, value in known.items():
        if value != 1 and abs(ratio - value) <= SAME * abs(value):
            return f"{text} × expected"
    return ""


# ── the dot-product test ──


def dot_product(
    session: Session, forward: float, reverse: float, bar: float, entries: int, reason: str
) -> Result:
    """The result of the dot-product test: the derivative along a direction, found both ways."""
    entry = Entry((), verdict_of(reason), reason, reverse, forward, bar)
    message = {
        WRONG: "forward and reverse mode differ",
        KINK: "forward and reverse mode differ, as they may at a kink",
        NOISE: "rounding hides whether forward and reverse mode agree",
        AGREES: "forward and reverse mode agree",
        NON_FINITE: "the derivative along a random direction isn't finite",
    }[reason]
    one = (session.program.sizes.constant(1),) * 2
    return Result(
        "dot-product", "dot-product", one, verdict_of(reason), reason, message, entries, entries,
        entry.abs_error, entry.rel_error, bar, (entry,),
    )  # fmt: skip


def merged(first: Result | None, second: Result) -> Result:
    """Two points' results on one variable: the worse of them."""
    if first is None:
        return second
    order = (PASS, "inconclusive", FAIL)
    a, b = order.index(first.verdict), order.index(second.verdict)
    worse = second if (b, second.max_abs_error) > (a, first.max_abs_error) else first
    return worse._replace(points=first.points + 1)
