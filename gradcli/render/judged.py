"""Verdicts on a derivation for programs: one JSON document, records one a line, SARIF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcli.check.derivation.findings import RIGHT, WRONG, Missing, Report, Verdict
from gradcli.foreign import dumps
from gradcli.render.arrays import as_json
from gradcli.render.diagnostics import place
from gradcli.render.hints import CLASS, HINTS, Detail, hints
from gradcli.render.records import cost_record, proof_record
from gradcli.version import __version__

SCHEMA_VERSION = 1


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
            record["hints"] = list(hints(line, level)) if line.verdict != RIGHT else []
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
    if line.last > line.line:
        record["end_line"] = line.last
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
        row, record["column"] = line.culprit.begin()
        if row != line.line:
            record["column_line"] = row
    if line.add:
        record["add"] = list(line.add)
    if line.rule is not None:
        rule = {key: value for key, value in line.rule._asdict().items() if value != ""}
        record["rule"] = {**rule, "formulas": list(line.rule.formulas)}
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
