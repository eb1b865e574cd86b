"""A line of a person's derivation: its target, and its expression lowered at the model's shapes."""

from __future__ import annotations

from typing import NamedTuple

from gradcli.check.derivation.machine import Key, Lowered
from gradcli.check.derivation.rows import Rows
from gradcli.errors import Source, Span
from gradcli.lower.text import Misfit
from gradcli.ops.parts import Region
from gradcli.syntax import ast


class Line(NamedTuple):
    """A line of a derivation.

    target: as it is shown; name: the variable whose derivative it states, None for a name of the
        person's own, whose member `key` is, where it is one.
    region: the part that it states, in the variable's own axes; None for all of it.
    assign, code: what it does and the expression: `dL/dx = dL/dx + …` is read as `dL/dx += …`.
    rows: where an index stands in the target's brackets; `code` is what the whole then gains.
    lowered: the expression, or why it has no value.
    sources: the places of the own lines that it uses.
    """

    number: int
    node: ast.BackwardLine
    target: str
    name: str | None
    key: Key
    region: Region | None
    assign: str
    code: ast.Code
    lowered: Lowered | Misfit
    sources: tuple[int, ...]
    rows: Rows | None = None

    @property
    def own(self) -> bool:
        return self.name is None

    @property
    def where(self) -> str:
        """What it writes of its target."""
        return f"{self.region}" + (f"{self.rows.brackets}{self.rows.sets}" if self.rows else "")

    def span(self, source: Source) -> Span:
        """Where it stands: from its target to its end."""
        return Span(source, self.node.name.place[0], ast.extent(self.node.value)[1])


def version(line: Line, place: int) -> str:
    """Under which name the value of an own line is known, as VERSION finds it."""
    return f"{line.target}#{place}"
