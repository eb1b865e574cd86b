"""The verdicts on a person's derivation as a person reads them, in a terminal in colours."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from fractions import Fraction

from gradcli.check.derivation.findings import (
    AHEAD,
    INCONCLUSIVE,
    LACKING,
    NEVER,
    RIGHT,
    UNCHECKED,
    WRONG,
    Report,
    Verdict,
)
from gradcli.check.elsewhere import spelled
from gradcli.errors import shown
from gradcli.foreign import visible
from gradcli.proof.verdict import LOG_LEAST
from gradcli.render.arrays import as_text
from gradcli.render.hints import CLASS, HINTS, Detail, hints
from gradcli.render.styled import PLAIN, VERDICTS, Line, line, mended, plain, told

DIGITS = 4
HARDLY = 1e-6  # relative to an entry, how far off it may be without being seen in its value
EPSILON = 16 * sys.float_info.epsilon
MOST_NAMES = 12  # of what is missing, in one sentence


def text(
    report: Report,
    detail: Detail = Detail.full,
    precision: int | None = None,
    level: int | None = None,
) -> Iterator[str]:
    """What a person reads, as plain text."""
    return plain(lines(report, detail, precision, level))


def lines(
    report: Report,
    detail: Detail = Detail.full,
    precision: int | None = None,
    level: int | None = None,
) -> Iterator[Line]:
    """What a person reads: the wrong lines one by one, and what there is to say of the whole.

    level: how far the hints go, with the detail `hint`.
    """
    if level is not None:
        yield from _leveled(report, level)
        yield from summary(report, Detail.hint, level)
        return
    if detail is Detail.quiet:
        for item in report.lines:
            head = f"line {item.line}: {item.target}: "
            yield [(head, PLAIN), (item.verdict, VERDICTS[item.verdict])]
        yield from summary(report, detail)
        return
    for item in report.lines:
        if item.verdict == WRONG:
            yield from _wrong(item, detail, precision or DIGITS)
            yield line("")
    for item in report.lines:
        if item.verdict != WRONG and item.message:
            yield from told(shown(item.message, item.verdict, item.place, item.hint), item.verdict)
            yield line("")
    yield from summary(report, detail)


def summary(report: Report, detail: Detail, level: int | None = None) -> Iterator[Line]:
    """What there is to say of the whole; how far it goes is told where not less is to be told."""
    yield _count(report)
    if level is None and detail is not Detail.quiet:
        yield from _proofs(report)
        yield from map(line, _alone(report))
        yield from map(line, _whole(report))
    yield from map(line, _cost(report))


def _cost(report: Report) -> Iterator[str]:
    """How many operations each line takes, and all of them, where that is asked for."""
    if report.cost is None:
        return
    flops, moved = report.cost
    sizes = f", {flops.text}" if flops.text != str(flops.value) else ""
    yield f"operations: {flops.value}{sizes}; bytes moved: {moved.value}"
    width = len(str(flops.value))
    for item in report.lines:
        count = 0 if item.flops is None else item.flops.value
        yield f"  {count:>{width}}  line {item.line}: {item.target}"


def _leveled(report: Report, level: int) -> Iterator[Line]:
    """The lines that are not right, with hints up to a level."""
    for item in report.lines:
        if item.verdict == RIGHT:
            continue
        kind = item.verdict
        if item.verdict == WRONG and level >= CLASS:
            kind += f" ({item.diagnosis})"
        message = "this is not right" if item.verdict == WRONG else item.message or ""
        yield from told(shown(message, kind, item.place, item.hint), item.verdict)
        yield from map(line, hints(item, level))
        yield line("")


def _wrong(item: Verdict, detail: Detail, digits: int) -> Iterator[Line]:
    kind = f"wrong ({item.diagnosis})"
    if detail is Detail.hint:
        message = HINTS[item.diagnosis or "unknown"]
        yield from told(shown(message, kind, item.place, None), WRONG)
        return
    message = item.message or ""
    yield from told(shown(message, kind, item.culprit or item.place, None), WRONG)
    label, formulas = instead(item)
    statement = item.place.statement()
    written = statement.text if statement else item.place.source.line(item.place.start)
    several = item.last > item.line and label != "add"
    where = f", for lines {item.line} to {item.last}" if several else ""
    for formula in formulas:
        new = [(formula, VERDICTS[RIGHT])] if label == "add" else mended(written, formula)
        yield [(f"{label}{where}: ", PLAIN), *new]
    yield from map(line, values(item, digits))
    yield from map(line, _exactly(item))
    yield from map(line, why(item))


def instead(item: Verdict) -> tuple[str, tuple[str, ...]]:
    """What ought to stand there, behind what it is called: `corrected`, `expected` or `add`."""
    if item.add or not item.expected:
        return "add", item.add
    label = "expected" if item.values or item.diagnosis == "unknown" else "corrected"
    return label, tuple(item.expected.split("\n"))


def values(item: Verdict, digits: int) -> Iterator[str]:
    """What a line is worth, and what it should be."""
    if item.values:
        found, expected, shape = item.values
        if found is not None:
            yield f"your value: {as_text(found, shape, digits)}"
        yield f"its value:  {as_text(expected, shape, digits)}"


def why(item: Verdict) -> Iterator[str]:
    """The rule that a line should follow, and where the rule is from."""
    if rule := item.rule:
        yield f"rule: {rule.stated} gives {'; '.join(rule.formulas)}"
        yield f"source: {visible(rule.source)}"


def _exactly(item: Verdict) -> Iterator[str]:
    """How far off a line is, where floating point does not show it."""
    witness = item.proof.witness
    if witness is None:
        return
    entry = f"the entry [{', '.join(map(str, witness.entry))}]"
    if witness.off < HARDLY or (item.values and item.values.found is not None):
        if witness.ratio:
            yield f"exactly: {entry} is {_decimal(witness.ratio)} times what it should be"
            return
        if witness.gap:
            more = "more" if witness.gap > 0 else "less"
            yield f"exactly: {entry} is {_decimal(abs(witness.gap))} {more} than it should be"
            return
    if witness.off < HARDLY:
        size = f"by {witness.off:.1g} of it" if witness.off > EPSILON else "by less than a last bit"
        yield f"exactly: {entry} differs from what it should be, {size}"


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


def _count(report: Report) -> Line:
    number = len(report.lines)
    found: Line = [(f"{visible(report.source)}: {number} line{'' if number == 1 else 's'}", PLAIN)]
    between = ": "
    for verdict in (RIGHT, WRONG, INCONCLUSIVE, UNCHECKED):
        number = sum(item.verdict == verdict for item in report.lines)
        if number or verdict in (RIGHT, WRONG):
            style = VERDICTS[verdict] if number else PLAIN
            found += [(between, PLAIN), (f"{number} {verdict}", style)]
            between = ", "
    return found


def _proofs(report: Report) -> Iterator[Line]:
    """How many of the right lines are proven, and with which chance of error."""
    right = [item for item in report.lines if item.verdict == RIGHT]
    proven = [item for item in right if item.proof.bound is not None]
    if not proven:
        return
    some = "the right line is" if len(right) == 1 else "all right lines are"
    if len(proven) < len(right):
        some = f"{len(proven)} of the {len(right)} right lines are"
    bound = max(item.proof.bound for item in proven if item.proof.bound is not None)
    where = " and ".join(f"at {spelled(sizes)}" for sizes in _everywhere(proven) if sizes)
    chance = f"2^{math.ceil(max(bound, LOG_LEAST))}"
    rest = f", but for a chance below {chance}{where and ', ' + where}"
    yield [(f"{some} ", PLAIN), ("proven", VERDICTS["proven"]), (rest, PLAIN)]


def _everywhere(lines: list[Verdict]) -> list[dict[str, int]]:
    """The sizes at which all lines are right that are not right at the model's own alone."""
    free = [item.sizes for item in lines if item.not_at is None]
    first = free[0] if free else lines[0].sizes[:1]
    return [sizes for sizes in first if all(sizes in others for others in free)]


def _alone(report: Report) -> Iterator[str]:
    """The right lines that are right because the sizes are what they are."""
    groups: dict[str, list[str]] = {}
    for item in report.lines:
        if item.not_at is not None:
            changed = {k: n for k, n in item.not_at.items() if n != report.sizes[0][k]}
            groups.setdefault(spelled(changed), []).append(str(item.line))
    for where, lines in groups.items():
        some = f"line {lines[0]} is" if len(lines) == 1 else f"lines {_listed(lines)} are"
        yield f"{some} right at these sizes alone: not at {where}"


def _whole(report: Report) -> Iterator[str]:
    """What is said of the whole: how far it goes, and what is not there."""
    never = _targets(report, NEVER)
    ahead = _targets(report, AHEAD)
    lacking = _targets(report, LACKING)
    if report.reach is not None and (never or ahead):
        yield f"it goes back to equation {report.reach} of {report.equations}"
    if lacking:
        yield f"contributions are lacking to: {_listed(lacking)}"
    if ahead:
        yield f"contributions are still to come to: {_listed(ahead)}"
    if never:
        failed = ", so it is not complete" if report.complete else ""
        yield f"never mentioned: {_listed(never)}{failed}"
    if not report.judged:
        yield "nothing in it could be judged, and so it is not taken for right"
    if report.reread:
        yield (
            f"note: most lines would be right in {report.reread} layout; "
            f"`layout {report.reread}` at the head of the file states that"
        )


def _targets(report: Report, reason: str) -> list[str]:
    return list(dict.fromkeys(item.target for item in report.missing if item.reason == reason))


def _listed(names: list[str]) -> str:
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
