"""The verdicts on a person's derivation: as text, as one JSON document, as records one a line."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from typing import Any

from gradcli.check.derivation.findings import (
    AHEAD,
    INCONCLUSIVE,
    LACKING,
    NEVER,
    RIGHT,
    UNCHECKED,
    WRONG,
    Missing,
    Report,
    Verdict,
)
from gradcli.errors import show
from gradcli.foreign import dumps, visible
from gradcli.proof.verdict import LOG_LEAST
from gradcli.render.arrays import as_json, as_text
from gradcli.render.diagnostics import place
from gradcli.render.hints import CLASS, hints
from gradcli.render.records import cost_record, proof_record
from gradcli.version import __version__

SCHEMA_VERSION = 1
DIGITS = 4
HARDLY = 1e-6  # relative to an entry, how far off it may be without being seen in its value
EPSILON = 16 * sys.float_info.epsilon
MOST_NAMES = 12  # of what is missing, in one sentence

HINTS = {
    "missing-accumulate": "look at `=` and `+=`, and at what its total is made of",
    "nothing-to-accumulate": "look at `=` and `+=`",
    "counted-twice": "look at what its total is made of",
    "transpose": "look at the transposes",
    "operand-order": "look at the order of the operands",
    "missing-factor": "something is left out",
    "extra-factor": "something does not belong there",
    "wrong-operand": "one quantity stands where another belongs",
    "sign": "look at the signs",
    "scale": "it is wrong by a number",
    "softmax-diagonal": "the Jacobian of a softmax is no diagonal matrix",
    "missing-sum": "broadcasting stretched something, and must be summed again",
    "shape": "look at the shapes",
    "unknown": "the cause is unknown",
}


class Detail(StrEnum):
    """How much is said: all, the class of each mistake, or only right and wrong."""

    full = "full"
    hint = "hint"
    quiet = "quiet"


# ── text ──


def text(
    report: Report,
    detail: Detail = Detail.full,
    precision: int | None = None,
    level: int | None = None,
) -> Iterator[str]:
    """What a person reads: the wrong lines one by one, and what there is to say of the whole.

    level: how far the hints go, with the detail `hint`.
    """
    if level is not None:
        yield from _leveled(report, level)
        yield from summary(report, Detail.hint, level)
        return
    if detail is Detail.quiet:
        for line in report.lines:
            yield f"line {line.line}: {line.target}: {line.verdict}\n"
        yield from summary(report, detail)
        return
    for line in report.lines:
        if line.verdict == WRONG:
            yield from _wrong(line, detail, precision or DIGITS)
            yield "\n"
    for line in report.lines:
        if line.verdict != WRONG and line.message:
            yield show(line.message, line.verdict, line.place, line.hint) + "\n\n"
    yield from summary(report, detail)


def summary(report: Report, detail: Detail, level: int | None = None) -> Iterator[str]:
    """What there is to say of the whole; how far it goes is told where not less is to be told."""
    yield _count(report) + "\n"
    if level is None and detail is not Detail.quiet:
        yield from _proofs(report)
        yield from _alone(report)
        yield from _whole(report)
    yield from _cost(report)


def _cost(report: Report) -> Iterator[str]:
    """How many operations each line takes, and all of them, where that is asked for."""
    if report.cost is None:
        return
    flops, moved = report.cost
    sizes = f", {flops.text}" if flops.text != str(flops.value) else ""
    yield f"operations: {flops.value}{sizes}; bytes moved: {moved.value}\n"
    width = len(str(flops.value))
    for line in report.lines:
        count = 0 if line.flops is None else line.flops.value
        yield f"  {count:>{width}}  line {line.line}: {line.target}\n"


def _leveled(report: Report, level: int) -> Iterator[str]:
    """The lines that are not right, with hints up to a level."""
    for line in report.lines:
        if line.verdict == RIGHT:
            continue
        kind = line.verdict
        if line.verdict == WRONG and level >= CLASS:
            kind += f" ({line.diagnosis})"
        message = "this is not right" if line.verdict == WRONG else line.message or ""
        yield show(message, kind, line.place, line.hint) + "\n"
        yield from (f"{told}\n" for told in hints(line, level, HINTS))
        yield "\n"


def _wrong(line: Verdict, detail: Detail, digits: int) -> Iterator[str]:
    kind = f"wrong ({line.diagnosis})"
    if detail is Detail.hint:
        yield show(HINTS[line.diagnosis or "unknown"], kind, line.place, None) + "\n"
        return
    yield show(line.message or "", kind, line.culprit or line.place, None) + "\n"
    for formula in line.add:
        yield f"add: {formula}\n"
    if line.expected and not line.add:
        label = "expected" if line.values or line.diagnosis == "unknown" else "corrected"
        for formula in line.expected.split("\n"):
            yield f"{label}: {formula}\n"
    if line.values:
        found, expected, shape = line.values
        if found is not None:
            yield f"your value: {as_text(found, shape, digits)}\n"
        yield f"its value:  {as_text(expected, shape, digits)}\n"
    yield from _exactly(line)
    if line.rule:
        rule = line.rule
        yield f"rule: {rule.eq}. {rule.equation} gives {'; '.join(rule.formulas)}\n"
        yield f"source: {visible(rule.source)}\n"


def _exactly(line: Verdict) -> Iterator[str]:
    """How far off a line is, where floating point does not show it."""
    witness = line.proof.witness
    if witness is None:
        return
    entry = f"the entry [{', '.join(map(str, witness.entry))}]"
    if witness.off < HARDLY or (line.values and line.values.found is not None):
        if witness.ratio:
            yield f"exactly: {entry} is {_decimal(witness.ratio)} times what it should be\n"
            return
        if witness.gap:
            more = "more" if witness.gap > 0 else "less"
            yield f"exactly: {entry} is {_decimal(abs(witness.gap))} {more} than it should be\n"
            return
    if witness.off < HARDLY:
        size = f"by {witness.off:.1g} of it" if witness.off > EPSILON else "by less than a last bit"
        yield f"exactly: {entry} differs from what it should be, {size}\n"


def _decimal(number: Fraction) -> str:
    """A fraction as a decimal numeral, where it has a finite one."""
    from decimal import Decimal

    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest > 1:
        return str(number)
    text = format(Decimal(number.numerator) / Decimal(number.denominator), "g")
    return text if Fraction(text) == number else str(number)


def _count(report: Report) -> str:
    parts = []
    for verdict in (RIGHT, WRONG, INCONCLUSIVE, UNCHECKED):
        number = sum(line.verdict == verdict for line in report.lines)
        if number or verdict in (RIGHT, WRONG):
            parts.append(f"{number} {verdict}")
    plural = "" if len(report.lines) == 1 else "s"
    return f"{visible(report.source)}: {len(report.lines)} line{plural}: {', '.join(parts)}"


def _proofs(report: Report) -> Iterator[str]:
    """How many of the right lines are proven, and with which chance of error."""
    right = [line for line in report.lines if line.verdict == RIGHT]
    proven = [line for line in right if line.proof.bound is not None]
    if not proven:
        return
    some = "the right line is" if len(right) == 1 else "all right lines are"
    if len(proven) < len(right):
        some = f"{len(proven)} of the {len(right)} right lines are"
    bound = max(line.proof.bound for line in proven if line.proof.bound is not None)
    where = " and ".join(f"at {_sizes(sizes)}" for sizes in _everywhere(proven) if sizes)
    chance = f"2^{math.ceil(max(bound, LOG_LEAST))}"
    yield f"{some} proven, but for a chance below {chance}{where and ', ' + where}\n"


def _everywhere(lines: list[Verdict]) -> list[dict[str, int]]:
    """The sizes at which all lines are right that are not right at the model's own alone."""
    free = [line.sizes for line in lines if line.not_at is None]
    first = free[0] if free else lines[0].sizes[:1]
    return [sizes for sizes in first if all(sizes in others for others in free)]


def _sizes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} = {n}" for name, n in sizes.items())


def _alone(report: Report) -> Iterator[str]:
    """The right lines that are right because the sizes are what they are."""
    groups: dict[str, list[str]] = {}
    for line in report.lines:
        if line.not_at is not None:
            changed = {k: n for k, n in line.not_at.items() if n != report.sizes[0][k]}
            groups.setdefault(_sizes(changed), []).append(str(line.line))
    for where, lines in groups.items():
        some = f"line {lines[0]} is" if len(lines) == 1 else f"lines {_listed(lines)} are"
        yield f"{some} right at these sizes alone: not at {where}\n"


def _whole(report: Report) -> Iterator[str]:
    """What is said of the whole: how far it goes, and what is not there."""
    never = _targets(report, NEVER)
    ahead = _targets(report, AHEAD)
    lacking = _targets(report, LACKING)
    if report.reach is not None and (never or ahead):
        yield f"it goes back to equation {report.reach} of {report.equations}\n"
    if lacking:
        yield f"contributions are lacking to: {_listed(lacking)}\n"
    if ahead:
        yield f"contributions are still to come to: {_listed(ahead)}\n"
    if never:
        failed = ", so it is not complete" if report.complete else ""
        yield f"never mentioned: {_listed(never)}{failed}\n"
    if not report.judged:
        yield "nothing in it could be judged, and so it is not taken for right\n"
    if report.reread:
        yield (
            f"note: most lines would be right in {report.reread} layout; "
            f"`layout {report.reread}` at the head of the file states that\n"
        )


def _targets(report: Report, reason: str) -> list[str]:
    return list(dict.fromkeys(item.target for item in report.missing if item.reason == reason))


def _listed(names: list[str]) -> str:
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


# ── for programs ──


def sarif(report: Report, detail: Detail = Detail.full) -> Iterator[dict[str, Any]]:
    """What is wrong or could not be judged, as results of a SARIF log."""
    from gradcli.render.sarif import LEVELS, region, result

    for line in report.lines:
        if line.verdict not in LEVELS:
            continue
        record = line_record(line, detail, None)
        text = record["message"] or f"{line.target} is {line.verdict}"
        if record["expected"]:
            text += f"; expected: {record['expected']}"
        where = line.culprit if detail is Detail.full and line.culprit else line.place
        rule = record["diagnosis"] or line.verdict
        yield result(rule, LEVELS[line.verdict], text, report.source, region(*place(where)))


def document(
    report: Report,
    detail: Detail = Detail.full,
    precision: int | None = None,
    level: int | None = None,
) -> Iterator[str]:
    """One document, one record a line."""
    yield dumps(_head(report))[:-1]
    for name, records in _lists(report, detail, precision, level):
        lines = ",\n".join(dumps(record) for record in records)
        yield f',\n"{name}": [{chr(10) + lines if lines else ""}]'
    yield "}\n"


def records(
    report: Report,
    detail: Detail = Detail.full,
    precision: int | None = None,
    level: int | None = None,
) -> Iterator[str]:
    """The same records one a line, each with its type."""
    yield dumps({"type": "against", **_head(report)}) + "\n"
    kinds = {"lines": "line", "missing": "missing"}
    for name, found in _lists(report, detail, precision, level):
        for record in found:
            yield dumps({"type": kinds[name], **record}) + "\n"


def _head(report: Report) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "gradcli_version": __version__,
        "ok": report.ok,
        "source": report.model,
        "against": report.source,
        "layout": report.layout,
        "complete": report.complete,
        "reach": report.reach,
        "equations": report.equations,
        **({} if report.cost is None else {"cost": cost_record(report.cost)}),
    }


def _lists(
    report: Report, detail: Detail, precision: int | None, level: int | None
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    lines = [line_record(line, detail, precision) for line in report.lines]
    for record, line in zip(lines, report.lines, strict=True):
        if level is not None:
            record["hints"] = list(hints(line, level, HINTS)) if line.verdict != RIGHT else []
            if level < CLASS:
                record["diagnosis"] = None
                record["message"] = None if line.verdict == WRONG else record["message"]
    yield "lines", lines
    missing = [] if detail is Detail.quiet else report.missing
    yield "missing", [_missing(item, detail) for item in missing]


def line_record(line: Verdict, detail: Detail, precision: int | None = None) -> dict[str, Any]:
    """One line's verdict; a key whose content is not revealed has null."""
    full = detail is Detail.full
    record: dict[str, Any] = {
        "line": line.line,
        "target": line.target,
        "verdict": line.verdict,
        "diagnosis": None if detail is Detail.quiet else line.diagnosis,
        "expected": line.expected if full else None,
        "message": line.message if full or detail is Detail.hint else None,
    }
    if line.flops is not None:
        record["flops"] = line.flops.value
    if full or line.verdict == RIGHT:
        record |= proof_record(line.proof)
    if line.sizes:
        record["sizes"] = list(line.sizes)
    if line.not_at is not None:
        record["not_at"] = line.not_at
    if detail is Detail.hint and line.verdict == WRONG:
        record["message"] = HINTS[line.diagnosis or "unknown"]
    if not full or line.verdict == RIGHT:
        return record
    if line.culprit is not None:
        record["column"] = line.culprit.source.place(line.culprit.start)[1]
    if line.add:
        record["add"] = list(line.add)
    if line.rule is not None:
        record["rule"] = {**line.rule._asdict(), "formulas": list(line.rule.formulas)}
    if line.values is not None:
        found, expected, shape = line.values
        record["found_value"] = None if found is None else as_json(found, shape, precision)
        record["expected_value"] = as_json(expected, shape, precision)
    return record


def _missing(item: Missing, detail: Detail) -> dict[str, Any]:
    return {
        "target": item.target,
        "eq": item.eq,
        "assign": item.assign if detail is Detail.full else None,
        "formula": item.formula if detail is Detail.full else None,
        "reason": item.reason,
    }
