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
    OVERFLOW,
    PASS,
    SCALE,
    SIGN,
    TRANSPOSE,
    UNWRITTEN,
    WRONG,
    ZERO,
    ZEROS,
    Entry,
    Result,
)
from gradcli.ops.core import Array
from gradcli.record import Record
from gradcli.session import Session
from gradcli.sizes import numbers

WORST = 10
SAME = 1e-5  # the relative spread of a ratio that is called constant
CLEAR, CLEAR_OF_FEW = 1e3, 4.0  # so many bars from 0, an entry says what a ratio is

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
    shared = common(evidence, judged, blank, sizes) if verdict == FAIL else None
    return blank._replace(
        verdict=verdict,
        reason=reason,
        message=MESSAGES[reason].format(n=count, checked=len(entries)),
        max_abs_error=_largest(judged.abs_error),
        max_rel_error=_largest(judged.rel_error),
        error_bar=float(judged.bar[order[0]]),
        worst=tuple(worst),
        remark=shared.text if shared else "",
        diagnosis=shared.diagnosis if shared else "",
    )


def _largest(values: Array) -> float:
    return float(np.max(values)) if not np.isnan(values).any() else float("nan")


# ── what the entries have in common ──


class Common(Record):
    """A mistake's name, one of DIAGNOSES, and what it is in words."""

    diagnosis: str
    text: str


def common(
    evidence: Evidence, judged: Judged, result: Result, sizes: Mapping[str, float]
) -> Common | None:
    """What gives a wrong derivative away; None where its entries have nothing in common."""
    found, expected = evidence.found, judged.expected
    with np.errstate(all="ignore"):
        lost = int(np.sum(~np.isfinite(found) & np.isfinite(expected)))
        if lost:
            return Common(OVERFLOW, f"{lost} of {found.size} entries of yours are inf or nan")
        clear = CLEAR_OF_FEW if evidence.tolerance.coarse else CLEAR
        sure = np.isfinite(found) & (np.abs(expected) > clear * judged.bar)
        if not sure.any():
            return None
        if not np.any(found):
            return Common(ZEROS, "yours = 0 throughout")
        ratio = float(np.median(found[sure] / expected[sure]))
        for factor, written in (_nearest(ratio, sizes), (ratio, "")):
            if not _agree(found, factor * expected, abs(factor) * judged.bar, evidence)[sure].all():
                continue
            if written:
                return Common(SIGN if factor == -1 else SCALE, f"yours = {written} × expected")
            if sure.sum() > 1:
                return Common(SCALE, f"yours = {ratio:.6g} × expected, in every entry")
        shape = numbers(result.shape)
        whole = result.checked == result.entries
        if whole and len(shape) == 2 and shape[0] == shape[1] > 1:
            turned = found.reshape(shape).T.reshape(-1)
            if _agree(turned, expected, judged.bar, evidence)[sure].all():
                return Common(TRANSPOSE, "yours is the transpose of what is expected")
    wrong = judged.reason == REASONS.index(WRONG)
    if not np.any(found[wrong]) and np.any(found[~wrong]):
        count = f"{int(wrong.sum()):,} of {found.size:,}"
        return Common(UNWRITTEN, f"yours = 0 in {count} entries, and nothing else is wrong")
    return None


def _same(evidence: Evidence) -> float:
    """How far apart, relative to them, two numbers may be that are called the same."""
    return max(SAME, evidence.tolerance.slack) if evidence.tolerance.coarse else SAME


def _agree(found: Array, other: Array, bar: Array, evidence: Evidence) -> Array:
    """Where what is found is what another explanation has; numbers of few digits have bars."""
    allowed = _same(evidence) * np.maximum(np.abs(found), np.abs(other))
    return np.asarray(np.abs(found - other) <= allowed + bar * evidence.tolerance.coarse)


def _nearest(ratio: float, sizes: Mapping[str, float]) -> tuple[float, str]:
    """The telling ratio that is nearest: a sign, a small number, a size, or an inverse of one."""
    known = {"-1": -1.0, "0": 0.0, "2": 2.0, "1/2": 0.5, "-2": -2.0, "-1/2": -0.5}
    for name, value in sizes.items():
        known.setdefault(f"{name} (= {value:.0f})", value)
        known.setdefault(f"1/{name} (= 1/{value:.0f})", 1 / value)
    for n in range(3, 13):
        known |= {f"{n}": float(n), f"1/{n}": 1 / n}
    text, value = min(known.items(), key=lambda item: (item[1] == 1, abs(ratio - item[1])))
    return value, text


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
