"""Errors for programs: each a record of its kind, its place and its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gradcli.errors import GradError, GradErrors, Span
from gradcli.foreign import dumps
from gradcli.record import Record


class Place(Record):
    """Lines and columns from 1, the end behind the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


class Related(Record):
    """Another place that an error is about, with a remark: the declaration that data do not fit."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str


class Diagnostic(Record):
    """An error at a place: lines and columns from 1, the end behind the last character.

    file: what was read when it was found; a place in it where the error has one. statement: where
    the statement is that it belongs to.
    """

    kind: str
    file: str | None
    line: int | None
    column: int | None
    end_line: int | None
    end_column: int | None
    message: str
    hint: str | None
    statement: Place | None = None
    related: tuple[Related, ...] = ()


def place(span: Span) -> Place:
    """The line and the column of a span's start, and those of its end."""
    return Place(*span.begin(), *span.finish())


def diagnostics(error: GradError | GradErrors, file: str | None) -> list[Diagnostic]:
    """All that an error says; those without a place are about the file as a whole."""
    return [_diagnostic(found, file) for found in error.errors]


def _diagnostic(error: GradError, file: str | None) -> Diagnostic:
    return Diagnostic(
        kind=error.kind,
        file=error.file or file,
        line=error.line,
        column=error.column,
        end_line=error.end_line,
        end_column=error.end_column,
        message=error.message,
        hint=error.hint,
        statement=place(error.statement) if error.statement else None,
        related=tuple(
            Related(note.span.source.name, *place(note.span), note.message)
            for note in error.also
            if note.span is not None
        ),
    )


def listed(found: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    return [_record(diagnostic) for diagnostic in found]


def _record(diagnostic: Diagnostic) -> dict[str, Any]:
    record = diagnostic._asdict()
    related = [other._asdict() for other in record.pop("related")]
    around = record.pop("statement")
    record |= {"statement": around._asdict()} if around else {}
    return {**record, "related": related} if related else record


def document(found: Iterable[Diagnostic]) -> Iterator[str]:
    """What a command writes with --json in place of its document when its input is wrong."""
    yield dumps({"diagnostics": listed(found)}, indent=1) + "\n"


def records(found: Iterable[Diagnostic]) -> Iterator[str]:
    """The same, one a line."""
    yield from (dumps({"type": "diagnostic", **record}) + "\n" for record in listed(found))
