"""Text to statements: the lexer, the parser, and the recovery from syntax errors."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from gradcli.errors import GradError, GradErrors, Source
from gradcli.syntax.lexer import is_name, read_source, statement_end, tokens
from gradcli.syntax.parser import parse

__all__ = ["Parsed", "read", "read_source"]

MOST_ERRORS = 20


class Parsed(NamedTuple):
    """The statements of a source, the syntax errors met, and the names in what was left out."""

    source: Source
    statements: tuple[Any, ...]
    errors: tuple[GradError, ...]
    broken: frozenset[str]

    def names(self) -> frozenset[str]:
        """Every word of the file that could be a name."""
        return frozenset(w for w in re.findall(r"\w+", self.source.text) if is_name(w))


def read(source: Source, start: str = "model") -> Parsed:
    """Parse a source. `start` is "model" or "derivation".

    A statement with a syntax error is left out and the rest read, so that one run reports every
    error. Raises GradErrors where nothing is left to go on with.
    """
    errors: list[GradError] = []
    broken: set[str] = set()
    rest = source
    while True:
        try:
            statements = parse(rest, tokens(rest), start)
        except GradError as error:
            if error.span is None or len(errors) >= MOST_ERRORS:
                raise GradErrors([*errors, error]) from None
            errors.append(GradError(error.message, error.span._replace(source=source), error.hint))
            blanked, lost = _without(rest, error.span.start)
            if blanked.text == rest.text:
                raise GradErrors(errors) from None
            rest = blanked
            broken |= lost
        else:
            return Parsed(source, statements, tuple(errors), frozenset(broken))


def _without(source: Source, at: int) -> tuple[Source, set[str]]:
    """The source with the statement at an offset blanked out, and the names it holds."""
    text = source.text
    start = _statement_start(text, at)
    end = statement_end(source, start, at)
    lost = text[start:end]
    blank = re.sub(r"[^\n]", " ", lost)
    names = {word for word in re.findall(r"\w+", lost) if is_name(word)}
    return source._replace(text=text[:start] + blank + text[end:]), names


def _statement_start(text: str, at: int) -> int:
    """Where the statement begins that an offset stands in: brackets may span lines."""
    line = text.rfind("\n", 0, min(at, len(text) - 1)) + 1
    if not text[line:at].strip():
        # An error at the start of a line often belongs to it: look at this line alone.
        while line < len(text) and text[line] in " \t":
            line += 1
        return line
    depth = 0
    while line > 1:
        depth += text.count("(", line, at) + text.count("[", line, at)
        depth -= text.count(")", line, at) + text.count("]", line, at)
        if depth >= 0:
            break
        at = line
        line = text.rfind("\n", 0, line - 1) + 1
    while line < len(text) and text[line] in " \t":
        line += 1
    return line
