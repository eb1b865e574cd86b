"""One submission's mark as autograders take it: Gradescope's results.json, PrairieLearn's.

What stands in it a student can see. No corrected line is in it unless all is to be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradcli.check.derivation.findings import RIGHT, WRONG, Verdict
from gradcli.foreign import dumps, visible
from gradcli.grade.marks import MISSING, SKIPPED, Item, Mark
from gradcli.render.hints import HINTS, Detail

STATES = {MISSING: "this is not there yet", SKIPPED: "skipped, and right further on"}


def gradescope(mark: Mark, detail: Detail) -> Iterator[str]:
    """results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/."""
    tests = [
        {
            "name": name,
            "score": points,
            "max_score": most,
            "output": output,
            "visibility": "visible",
        }
        for name, points, most, output in _tests(mark, detail)
    ]
    yield dumps({"score": mark.points, "output": _summary(mark), "tests": tests}) + "\n"


def prairielearn(mark: Mark, detail: Detail) -> Iterator[str]:
    """results.json: https://prairielearn.readthedocs.io/en/latest/externalGrading/."""
    tests = [
        {"name": name, "points": points, "max_points": most, "output": output}
        for name, points, most, output in _tests(mark, detail)
    ]
    found: dict[str, Any] = {
        "gradable": mark.error is None,
        "score": round(mark.points / mark.max_points, 6) if mark.max_points else 0.0,
        "message": _summary(mark),
        "output": "\n".join(_lines(mark.lines, detail)),
        "tests": tests,
    }
    if mark.error is not None:
        found["format_errors"] = [visible(mark.error)]
    yield dumps(found) + "\n"


def _summary(mark: Mark) -> str:
    if mark.error is not None:
        return visible(mark.error)
    return f"{mark.count(RIGHT)} lines right, {mark.count(WRONG)} wrong"


def _tests(mark: Mark, detail: Detail) -> Iterator[tuple[str, float, float, str]]:
    """One test for each derivative of the listing: its name, points, most points, what is said."""
    groups: dict[str, list[Item]] = {}
    for item in mark.items:
        groups.setdefault(item.target, []).append(item)
    verdicts = {line.line: line for line in mark.lines}
    for target, items in groups.items():
        points = round(sum(item.points for item in items), 6)
        most = round(sum(item.max_points for item in items), 6)
        said = [_said(item, verdicts, detail) for item in items]
        yield target, points, most, "\n".join(dict.fromkeys(said))
    lost = round(sum(item.points for item in mark.items) - mark.points, 6)
    if lost > 0:
        yield "lines that stand for nothing", -lost, 0.0, "wrong lines beside those above"


def _said(item: Item, verdicts: dict[int, Verdict], detail: Detail) -> str:
    if item.line is None or item.line not in verdicts:
        return STATES.get(item.state, item.state)
    if item.state == RIGHT:
        return f"line {item.line}: {RIGHT}"
    return next(_lines([verdicts[item.line]], detail))


def _lines(lines: Sequence[Verdict], detail: Detail) -> Iterator[str]:
    """Verdicts, with as much of each as is to be told."""
    for line in lines:
        said = f"line {line.line}: {line.verdict}"
        if line.verdict == WRONG and detail is not Detail.quiet:
            told = line.message if detail is Detail.full else HINTS[line.diagnosis or "unknown"]
            said += f" ({line.diagnosis}): {told}"
        if line.verdict == WRONG and detail is Detail.full and line.expected:
            said += f"; {line.expected}"
        if line.verdict not in (RIGHT, WRONG) and line.message and detail is not Detail.quiet:
            said += f": {line.message}"
        yield visible(said)
