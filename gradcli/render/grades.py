"""The marks of many submissions: as a table, CSV, one JSON document, a page of HTML."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from html import escape
from io import StringIO
from typing import Any

from gradcli.check.derivation.findings import RIGHT, WRONG, Verdict
from gradcli.foreign import dumps, visible
from gradcli.grade.marks import Mark
from gradcli.render.hints import Detail
from gradcli.render.html import fragment
from gradcli.render.judged import line_record
from gradcli.render.layout import NOTE, PLAIN, Column, Line, Section
from gradcli.version import __version__

SCHEMA_VERSION = 1
COLUMNS = (
    Column("submission"),
    Column("right", right=True),
    Column("wrong", right=True),
    Column("points", right=True),
    Column("first wrong line", flexible=True),
)
FIELDS = ("file", "points", "max_points", "right", "wrong", "line", "diagnosis", "error")
CHARSET = '<!DOCTYPE html>\n<meta charset="utf-8">\n'

MOST_NAMED = 5  # files in a note


def number(value: float) -> str:
    """Points as people write them."""
    return f"{value:.10g}"


# ── a table ──


def sections(marks: Sequence[Mark], model: str) -> list[Section]:
    lines = [Line(_cells(mark), NOTE if mark.error else PLAIN) for mark in marks]
    return [Section(f"Marks on {visible(model)}", COLUMNS, lines, tuple(_notes(marks)))]


def _cells(mark: Mark) -> tuple[str, ...]:
    points = f"{number(mark.points)}/{number(mark.max_points)}"
    first = mark.first_wrong
    said = mark.error or (first and f"{first.line}: {first.diagnosis or WRONG}") or ""
    right, wrong = str(mark.count(RIGHT)), str(mark.count(WRONG))
    return visible(mark.file), right, wrong, points, visible(said)


def _notes(marks: Sequence[Mark]) -> Iterator[str]:
    judged = [mark for mark in marks if mark.error is None]
    plural = "" if len(marks) == 1 else "s"
    yield f"{len(marks)} submission{plural}, {len(judged)} judged"
    if judged:
        mean = sum(mark.points for mark in judged) / len(judged)
        yield f"{mean:.3g} of {number(judged[0].max_points)} points on average"
    alone = [mark.file for mark in judged if any(line.not_at is not None for line in mark.lines)]
    if alone:
        files = ", ".join(map(visible, alone[:MOST_NAMED])) + (" …" if alone[MOST_NAMED:] else "")
        yield f"with lines that are right at these sizes alone, which --json names: {files}"


# ── for programs ──


def document(marks: Sequence[Mark], model: str) -> Iterator[str]:
    """One document, one submission a line."""
    head = {
        "schema_version": SCHEMA_VERSION,
        "gradcli_version": __version__,
        "ok": all(mark.error is None for mark in marks),
        "source": model,
    }
    lines = ",\n".join(dumps(_record(mark)) for mark in marks)
    yield f'{dumps(head)[:-1]},\n"submissions": [\n{lines}]}}\n'


def _record(mark: Mark) -> dict[str, Any]:
    first = mark.first_wrong
    return {
        "file": mark.file,
        "points": mark.points,
        "max_points": mark.max_points,
        "right": mark.count(RIGHT),
        "wrong": mark.count(WRONG),
        "first_wrong": first and {"line": first.line, "diagnosis": first.diagnosis},
        "error": mark.error,
        "items": [item._asdict() for item in mark.items],
        "lines": [line_record(line, Detail.full) for line in mark.lines],
    }


def table(marks: Sequence[Mark]) -> Iterator[str]:
    """Comma-separated values, as RFC 4180 has them; no cell is a spreadsheet's formula."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(FIELDS)
    for mark in marks:
        first = mark.first_wrong
        cells = (
            mark.file,
            number(mark.points),
            number(mark.max_points),
            mark.count(RIGHT),
            mark.count(WRONG),
            first.line if first else "",
            (first.diagnosis or WRONG) if first else "",
            mark.error or "",
        )
        writer.writerow([_inert(visible(str(cell))) for cell in cells])
    yield out.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def page(marks: Sequence[Mark], model: str) -> Iterator[str]:
    """A page: the table, then each submission's lines."""
    yield CHARSET
    yield f"<title>{escape(f'Marks on {visible(model)}')}</title>\n"
    yield from fragment(sections(marks, model))
    for mark in marks:
        yield f"<h2>{escape(visible(mark.file))}</h2>\n"
        points = f"{number(mark.points)} of {number(mark.max_points)} points"
        yield f"<p>{points}{escape(f'; {mark.error}' if mark.error else '')}</p>\n<ul>\n"
        yield from (f"<li>{escape(_said(line))}</li>\n" for line in mark.lines)
        yield "</ul>\n"


def _said(line: Verdict) -> str:
    """A line's verdict in one line."""
    said = f"line {line.line}: {line.target}: {line.verdict}"
    if line.verdict == WRONG:
        said += f" ({line.diagnosis})"
    if line.message and line.verdict != RIGHT:
        said += f": {line.message}"
    if line.verdict == WRONG and line.expected:
        said += f"; {'; '.join(line.expected.split(chr(10)))}"
    return visible(said)
