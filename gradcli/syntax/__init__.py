"""Text to statements: the lexer, the parser, and the recovery from syntax errors."""

from __future__ import annotations

from typing import Any

from gradcli.errors import GradError, Source
from gradcli.record import Record
from gradcli.syntax.ast import Place, Signs
from gradcli.syntax.parser import parse
from gradcli.syntax.source import read_source

__all__ = ["Parsed", "read", "read_source"]


class Parsed(Record):
    """The statements of a source, the syntax errors met, and the words of what was left out.

    source: it knows where each of its statements stands.
    signs: under the place of each operation, where its sign stands (its operator, its function's
    name), and where each of its operands does.
    used: every name that stands in the file, outside comments and texts.
    """

    source: Source
    statements: tuple[Any, ...]
    signs: dict[Place, Signs]
    used: frozenset[str]
    errors: tuple[GradError, ...]
    broken: frozenset[str]

    def names(self) -> frozenset[str]:
        """Every name that stands in the file."""
        return self.used


def read(source: Source, start: str = "model", loss: str | None = None) -> Parsed:
    """Parse a source. `start` is "model" or "derivation"; `loss` is what its model calls it.

    A statement with a syntax error is left out and the rest read, so that one run reports every
    error. Raises GradErrors where there are too many to go on.
    """
    found = parse(source, start, loss)
    known = source._replace(statements=found.extents)
    for error in found.errors:
        error.span = error.span and error.span._replace(source=known)
    return Parsed(
        source=known,
        statements=found.statements,
        signs=found.signs,
        used=frozenset(found.used),
        errors=tuple(found.errors),
        broken=frozenset(found.lost),
    )
