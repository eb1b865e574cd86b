"""The one error type of the package, and how an error is shown: place, line, caret, hint."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from gradcli.foreign import is_seen, visible
from gradcli.record import Record


class Source(Record):
    """A text and the name a person knows it by.

    `text` begins with an added line end, so that the first line is a line like any other: the
    number of line ends before an offset is its line number. `statements` says where each statement
    stands, in order, once the text has been parsed: of a block its head, and each line of its body.
    """

    name: str
    text: str
    statements: tuple[tuple[int, int], ...] = ()

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, both from 1."""
        start = self.text.rfind("\n", 0, offset) + 1
        return self.text.count("\n", 0, offset), offset - start + 1

    def line(self, offset: int) -> str:
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        return self.text[start : end if end >= 0 else len(self.text)]

    def statement(self, offset: int) -> tuple[int, int] | None:
        """Where the statement stands that an offset is in, or behind which it is on its line."""
        last = bisect_right(self.statements, (offset, len(self.text))) - 1
        if last < 0 or "\n" in self.text[self.statements[last][1] : offset]:
            return None
        return self.statements[last]


class Span(Record):
    """Where something stands in a source: offsets, the end excluded."""

    source: Source
    start: int
    end: int

    def begin(self) -> tuple[int, int]:
        """The line and the column of its first character."""
        return self.source.place(self.start)

    def finish(self) -> tuple[int, int]:
        """The line and the column behind its last character."""
        return self.source.place(max(self.start, self.end))

    def statement(self) -> Span | None:
        """The statement that it belongs to; None outside of all, and before the text is parsed."""
        found = self.source.statement(self.start)
        return Span(self.source, *found) if found else None

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]


class GradError(Exception):
    """Something the user can mend: what is wrong, where, and how it may be mended.

    kind: one of `gradcli.kinds.KINDS`. A program may rely on it; messages may change.
    also: other places that the error is about, each with a remark. others: what else is wrong with
    the same input.
    """

    others: tuple[GradError, ...] = ()

    def __init__(
        self,
        message: str,
        span: Span | None = None,
        hint: str | None = None,
        *,
        kind: str = "error",
        also: tuple[Note, ...] = (),
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.span = span
        self.hint = hint
        self.also = also

    @property
    def file(self) -> str | None:
        """The name of its file; None, as is each number below, where it has no place."""
        return self.span.source.name if self.span else None

    @property
    def line(self) -> int | None:
        """The line in which it begins, from 1."""
        return self.span.begin()[0] if self.span else None

    @property
    def column(self) -> int | None:
        """The column in which it begins, in characters from 1."""
        return self.span.begin()[1] if self.span else None

    @property
    def end_line(self) -> int | None:
        """The line in which it ends."""
        return self.span.finish()[0] if self.span else None

    @property
    def end_column(self) -> int | None:
        """The column behind its last character."""
        return self.span.finish()[1] if self.span else None

    @property
    def statement(self) -> Span | None:
        """The statement that it belongs to; None where it is about none."""
        return self.span.statement() if self.span else None

    def key(self) -> tuple[str, int]:
        """Two errors with the same key are one, met twice (in two calls of a definition, say)."""
        return ("", self.span.start) if self.span else (self.message, -1)

    @property
    def errors(self) -> tuple[GradError, ...]:
        """All that is wrong: this error, and the others."""
        return (self, *self.others)

    def __str__(self) -> str:
        return _shown(self.errors)


MOST_ERRORS = 20


class Defect(Exception):
    """What gradcli guarantees does not hold: a defect of its own, whatever the input."""


def _shown(errors: Sequence[GradError]) -> str:
    shown = [
        "\n".join(
            [
                show(e.message, "error", e.span, e.hint),
                *[show(note.message, "note", note.span, None) for note in e.also],
            ]
        )
        for e in errors[:MOST_ERRORS]
    ]
    left = len(errors) - len(shown)
    return "\n".join([*shown, f"… and {left} more"] if left else shown)


class GradErrors(Exception):
    """Several independent errors of one input, in the order in which they stand there.

    It is no GradError, so that what goes on after an error does not go on after all of them.
    """

    def __init__(self, errors: Iterable[GradError]) -> None:
        unique: dict[tuple[str, int], GradError] = {}
        for error in errors:
            unique.setdefault(error.key(), error)
        self.errors = sorted(unique.values(), key=lambda e: e.span.start if e.span else -1)
        super().__init__(f"{len(self.errors)} errors")

    def __str__(self) -> str:
        return _shown(self.errors)

    def as_one(self) -> GradError:
        """The first of them, with the others in it: what a user of the package catches."""
        first, *others = self.errors
        first.others = tuple(others)
        return first


class Note(Record):
    """A remark that is no error: a broadcast on both sides, a derivative that is drawn."""

    message: str
    span: Span | None = None

    def __str__(self) -> str:
        return show(self.message, "note", self.span, None, excerpt=False)


LONGEST_LINE = 160
LONGEST_MESSAGE = 1_000


class Shown(Record):
    """The text of an error or a note in its parts: a terminal may paint each in its own colour.

    place: with what parts it from the rest, or empty. excerpt: the source line and its carets.
    """

    place: str
    kind: str
    message: str
    excerpt: tuple[str, ...]
    hint: str | None

    def __str__(self) -> str:
        lines = [f"{self.place}{self.kind}: {self.message}", *self.excerpt]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


def show(message: str, kind: str, span: Span | None, hint: str | None, excerpt: bool = True) -> str:
    """The text of an error or a note, without a final line end."""
    return str(shown(message, kind, span, hint, excerpt))


def shown(
    message: str, kind: str, span: Span | None, hint: str | None, excerpt: bool = True
) -> Shown:
    """The same in its parts."""
    message, hint = _short(message), hint and _short(hint)
    if span is None:
        return Shown("", kind, message, (), hint)
    line, column = span.source.place(span.start)
    place = f"{visible(span.source.name)}:{line}:{column}: "
    lines = _excerpt(span, column - 1) if excerpt else ()
    return Shown(place, kind, message, lines, hint)


def _short(text: str) -> str:
    """A message that holds what a person wrote may be of any length, and of any characters."""
    if len(text) > LONGEST_MESSAGE:
        text = text[: LONGEST_MESSAGE // 2] + " … " + text[-LONGEST_MESSAGE // 2 :]
    return visible(text)


def _excerpt(span: Span, before: int) -> tuple[str, str]:
    """The source line and a line of carets under the span, cut around the span when long."""
    text = span.source.line(span.start)
    width = max(1, min(span.end - span.start, len(text) - before))
    if len(text) > LONGEST_LINE:
        first = max(0, before - LONGEST_LINE // 2)
        last = first + LONGEST_LINE
        head, tail = "…" if first else "", "…" if last < len(text) else ""
        text = head + text[first:last] + tail
        before += len(head) - first
    # Tabs stay tabs, so that the carets stand right however wide a terminal makes them.
    pad = "".join("\t" if c == "\t" else " " * cells(c) for c in text[:before])
    carets = "^" * max(1, sum(cells(c) for c in text[before : before + width]))
    return _in_cells(text), pad + carets


def cells(character: str) -> int:
    """How many cells of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _in_cells(text: str) -> str:
    """What can't be seen, and what would steer a terminal, in one cell each, so that carets fit."""
    if text.isprintable():
        return text
    return "".join(c if c == "\t" or is_seen(c) else "\ufffd" for c in text)
