"""A person's derivation as the language writes it: spellings read, loops unrolled.

A line that can't be written so is left out, with its error; what it may have stated is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.check.derivation import functions
from gradcli.check.derivation.machine import LineMachine, split_name
from gradcli.check.derivation.spellings import Spellings
from gradcli.check.derivation.unroll import unrolled
from gradcli.errors import GradError
from gradcli.syntax import Parsed, ast


class Written:
    """The lines of a file.

    unread: the errors of the lines that can't be read. blanks: those that are not answered yet.
    lost: the names that both may define.
    """

    def __init__(self, parsed: Parsed, machine: LineMachine, spellings: Spellings) -> None:
        self.machine = machine
        self.spellings = spellings
        self.unread = list(parsed.errors)
        self.lost = {spellings.variable(name) or name for name in parsed.broken}
        self.blanks: list[ast.Blank] = []
        self.lines = self._lines(parsed.statements)

    def _lines(self, statements: Sequence[Any]) -> list[ast.BackwardLine]:
        lines: list[ast.BackwardLine] = []
        machine = self.machine
        for node in unrolled(statements, machine.whole, machine.text.error):
            try:
                if isinstance(node, GradError):
                    self._report(node)
                elif isinstance(node, ast.Def):
                    functions.of_file(machine.file, self.spellings.definition(node))
                elif isinstance(node, ast.Blank):
                    self._leave_blank(node)
                elif isinstance(node, ast.BackwardLine):
                    lines.append(self.spellings.line(node))
            except GradError as error:
                self.leave_out(node, error)
        for line in lines:
            if line.own:
                machine.later.setdefault(line.name.text, line.name.place)
        return lines

    def _leave_blank(self, node: ast.Blank) -> None:
        """A line that is not answered yet."""
        name = self.spellings.variable(node.name.text) if node.own else node.name.text
        if name is None:
            self.machine.poisoned.add(node.name.text)
        else:
            self.machine.derivative(name, node.name.place)
        self.blanks.append(node)
        self.lost.add(name or node.name.text)

    def may_state(self, name: str) -> bool:
        """Whether a line that can't be read may state a variable's derivative."""
        return split_name(name)[0] in self.lost

    def _report(self, error: GradError) -> None:
        """Keep an error, of all iterations of a loop once."""
        known = [(e.span and e.span.start, e.message) for e in self.unread]
        if (error.span and error.span.start, error.message) not in known:
            self.unread.append(error)

    def leave_out(self, node: Any, error: GradError) -> None:
        """A line, or a definition, that has an error."""
        self._report(error)
        name = node.name.text
        own = getattr(node, "own", True)
        self.lost.add((self.spellings.variable(name) if own else None) or name)
        if own:
            self.machine.poisoned.add(name)
