"""A check's report: as a table, as one JSON document, as records one a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gradcli.foreign import dumps, visible
from gradcli.render.arrays import entry_text, json_number, show_shape
from gradcli.render.diagnostics import Diagnostic, listed
from gradcli.render.layout import BAD, GOOD, NOTE, OPEN, PLAIN, Column, Line, Section
from gradcli.render.records import proof_record
from gradcli.sizes import is_scalar
from gradcli.transform.reverse import displayed
from gradcli.version import __version__

if TYPE_CHECKING:
    from gradcli.check.gradients.result import Entry, Report, Result

SCHEMA_VERSION = 1
LISTS = {"results": "result", "steps": "step", "ops": "op", "dot_products": "dot-product"}
DIGITS = 4
VERDICT = Column("verdict", styles={"pass": GOOD, "fail": BAD, "inconclusive": OPEN})
COLUMNS = (
    Column("derivative"),
    VERDICT,
    Column("proof", styles={"proven": GOOD, "refuted": BAD, "undecided": OPEN}),
    Column("entries", right=True),
    Column("abs. error", right=True),
    Column("± bar", right=True),
    Column("rel. error", right=True),
    Column("at", flexible=True),
)
SHOWN = 5  # worst entries of a variable that does not pass


# ── JSON ──


def document(
    reports: Sequence[Report],
    precision: int | None = None,
    wrong: Sequence[Diagnostic] = (),
) -> Iterator[str]:
    """One document for one model or for several: every result names its source.

    wrong: the errors of models that could not be checked.
    """
    head = dumps(_head(reports, not wrong))
    yield head[:-1]
    for name in LISTS:
        found = list(_listed(reports, name, precision))
        if found or name == "results":
            lines = ",\n".join(dumps(record) for record in found)
            yield f',\n"{name}": [\n{lines}]'
    if wrong:
        yield f',\n"diagnostics": {dumps(listed(wrong))}'
    yield "}\n"


def records(reports: Sequence[Report], precision: int | None = None) -> Iterator[str]:
    """The same records one a line, each with its type."""
    yield dumps({"type": "check", **_head(reports)}) + "\n"
    for name, kind in LISTS.items():
        for record in _listed(reports, name, precision):
            yield dumps({"type": kind, **record}) + "\n"


def _head(reports: Sequence[Report], ok: bool = True) -> dict[str, Any]:
    verdicts = {report.verdict for report in reports}
    return {
        "schema_version": SCHEMA_VERSION,
        "gradcli_version": __version__,
        "ok": ok and verdicts <= {"pass"},
        "method": reports[0].method,
        "models": [
            {
                "source": report.source,
                "layout": report.layout,
                "verdict": report.verdict,
                "notes": list(report.notes),
            }
            for report in reports
        ],
    }


def _listed(
    reports: Sequence[Report], name: str, precision: int | None
) -> Iterator[dict[str, Any]]:
    for report in reports:
        for result in report.lists()[name]:
            yield {"source": report.source, **_result(result, report.layout, precision)}


def _result(result: Result, layout: str, precision: int | None) -> dict[str, Any]:
    worst = [_entry(entry, result, layout, precision) for entry in result.worst]
    record = {
        "name": result.name,
        "role": result.role,
        "shape": show_shape(displayed(result.shape, layout)),
        "points": result.points,
        "point": result.point,
        "verdict": result.verdict,
        "reason": result.reason,
        "message": result.message,
        "remark": result.remark,
        "diagnosis": result.diagnosis,
        "equation": result.equation,
        "entries": result.entries,
        "checked": result.checked,
        "max_abs_error": json_number(result.max_abs_error, precision),
        "max_rel_error": json_number(result.max_rel_error, precision),
        "error_bar": json_number(result.error_bar, precision),
        "worst_index": worst[0]["index"] if worst else [],
        "worst": worst,
    }
    if result.proof is not None:
        record |= proof_record(result.proof, "proof_reason")
    if result.sizes:
        record["sizes"] = list(result.sizes)
    if result.not_at is not None:
        record["not_at"] = result.not_at
    return record


def _entry(entry: Entry, result: Result, layout: str, precision: int | None) -> dict[str, Any]:
    return {
        "index": shown_index(entry, result, layout),
        "verdict": entry.verdict,
        "reason": entry.reason,
        "found": json_number(entry.found, precision),
        "expected": json_number(entry.expected, precision),
        "error_bar": json_number(entry.bar, precision),
        "note": entry.note,
    }


def shown_index(entry: Entry, result: Result, layout: str) -> list[int]:
    """An entry's index in the layout shown; a scalar has none."""
    if is_scalar(result.shape):
        return []
    return list(entry.place[::-1] if layout == "numerator" else entry.place)


def sarif(reports: Sequence[Report]) -> Iterator[dict[str, Any]]:
    """What does not pass, as results of a SARIF log."""
    from gradcli.render.sarif import LEVELS, result

    for report in reports:
        for found in report.all():
            if found.verdict in LEVELS:
                text = f"{_called(found)}: {found.message}"
                yield result(found.reason, LEVELS[found.verdict], text, report.source)


# ── the table ──


def sections(reports: Sequence[Report], precision: int | None = None) -> Iterator[Section]:
    for report in reports:
        yield _section(report, precision or DIGITS)
    if len(reports) > 1:
        yield _overview(reports)


def _section(report: Report, digits: int) -> Section:
    title = f"{visible(report.source)}: {report.verdict} ({report.method}, {report.layout} layout)"
    lines: list[Line] = []
    for result in report.all():
        lines.append(_line(result, report.layout, digits))
        lines += [Line((f"    {text}",), NOTE) for text in _remarks(result, report.layout, digits)]
    return Section(title, COLUMNS, lines, report.notes)


def _line(result: Result, layout: str, digits: int) -> Line:
    checked = f"{result.checked:,}"
    if result.checked != result.entries:
        checked += f" of {result.entries:,}"
    name = _called(result)
    at = shown_index(result.worst[0], result, layout) if result.worst else []
    cells = (
        f"{name} (point {result.point} of {result.points})" if result.points > 1 else name,
        result.verdict,
        result.proof.verdict if result.proof else "",
        checked,
        entry_text(result.max_abs_error, digits),
        entry_text(result.error_bar, 2),
        entry_text(result.max_rel_error, digits),
        f"[{', '.join(map(str, at))}]" if at else "",
    )
    return Line(cells, PLAIN)


def _called(result: Result) -> str:
    return result.name if result.role in ("dot-product", "op") else f"dL/d{result.name}"


def _remarks(result: Result, layout: str, digits: int) -> Iterator[str]:
    """What is worth saying of a variable: all of it where it does not pass."""
    if result.remark:
        yield f"{result.diagnosis}: {result.remark}" if result.diagnosis else result.remark
    if result.verdict == "pass":
        return
    yield f"{result.reason}: {result.message}"
    if result.equation:
        yield f"equation: {result.equation}"
    for entry in result.worst[:SHOWN]:
        at = ", ".join(map(str, shown_index(entry, result, layout)))
        text = (
            f"[{at}] {entry.verdict}: found {entry.found:.{digits + 4}g}, "
            f"expected {entry.expected:.{digits + 4}g} ± {entry.bar:.1e}"
        )
        yield f"{text}; {entry.note}" if entry.note else text


def _overview(reports: Sequence[Report]) -> Section:
    columns = (Column("model"), VERDICT, Column("variables", right=True))
    lines = [
        Line((visible(report.source), report.verdict, str(len(report.results))))
        for report in reports
    ]
    passed = sum(report.verdict == "pass" for report in reports)
    return Section(f"{passed} of {len(reports)} models pass", columns, lines)
