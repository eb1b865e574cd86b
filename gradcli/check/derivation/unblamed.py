"""The verdict on a line in which no mistake is found: it is right, or why it can't be judged."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

import numpy as np

from gradcli.check.derivation.findings import INCONCLUSIVE, RIGHT, UNCHECKED, Verdict
from gradcli.check.derivation.ledger import HIDDEN, ZERO
from gradcli.check.derivation.machine import DL
from gradcli.check.derivation.proven import Proven
from gradcli.check.derivation.sheet import Sheet
from gradcli.check.derivation.totals import Account
from gradcli.errors import GradError, Span
from gradcli.lower.text import Misfit
from gradcli.syntax import ast


class Unblamed:
    """Says of the lines of a sheet that they are right, or why they can't be judged."""

    def __init__(self, sheet: Sheet, proven: Proven) -> None:
        self.sheet = sheet
        self.proven = proven
        self.points = sheet.points
        self.used: set[str] = set()  # the quantities that any line is computed from
        for line in sheet.lines:
            self.used |= set() if isinstance(line.lowered, Misfit) else line.lowered.quantities()

    def derivative(self, place: int, account: Account) -> Verdict:
        """The verdict on a line for a derivative."""
        line = self.sheet.lines[place]
        assert line.name is not None
        verdict, message = RIGHT, None
        entries = account.entries
        entry = entries[place]
        if not np.isfinite(self.points.totals[line.name][0]).any():
            verdict = UNCHECKED
            message = f"{DL}{line.name} has no finite value at the drawn points"
        elif entry.status == ZERO and len(entries) == 1:
            verdict, message = UNCHECKED, "this sets out from 0, and no line adds to it"
        elif entry.status == HIDDEN and entry.lost():
            verdict, message = UNCHECKED, "this has no finite value at the drawn points"
        elif entry.status == HIDDEN:
            verdict, message = INCONCLUSIVE, "rounding hides whether this is right"
            message += f", and exact arithmetic decides nothing: {self.proven.of(place).reason}"
        elif self._circular(place):
            verdict, message = UNCHECKED, f"this states {DL}{line.name} by itself"
        return Verdict(
            line.number,
            self.sheet.shown(line),
            verdict,
            line.span(self.sheet.source),
            message=message,
        )

    def _circular(self, place: int) -> bool:
        """Whether a line states a derivative by that derivative: it is computed from the truth."""
        lines = self.sheet.lines
        wanted = f"{DL}{lines[place].name}"
        if wanted not in self.used:
            return False
        places = [place, *self.sheet.bases([place], len(lines))]
        codes = [lines[p].lowered for p in places]
        return any(not isinstance(code, Misfit) and wanted in code.quantities() for code in codes)

    def own(self, place: int, judged: AbstractSet[int]) -> Verdict:
        """The verdict on a name of the person's own, which the lines that use it judge."""
        line = self.sheet.lines[place]
        users = [p for p in self.sheet.dependents(place) if self.sheet.lines[p].name is not None]
        alike = self.sheet.spellings.pointed_out(line.node.name.text)
        message = None
        if users and judged.isdisjoint(users):
            message = f"{line.target} is a name of your own, and no line that uses it can be judged"
        elif not users:
            message = f"{line.target} is a name of your own, and no line for a derivative uses it"
        elif alike is not None:
            message = f"{line.target} is a name of your own"
        if message and alike is not None:
            message += f": the model has no `{alike}`"
        where = line.span(self.sheet.source)
        shown = self.sheet.shown(line)
        return Verdict(line.number, shown, UNCHECKED, where, own=True, message=message)

    def blank(self, node: ast.Blank) -> Verdict:
        """The verdict on a line that is not answered yet."""
        span = Span(self.sheet.source, *node.name.place)
        variable = node.name.text
        if node.own:
            variable = self.sheet.spellings.variable(variable) or ""
        target = DL + variable if variable else node.name.text
        written = self.sheet.source.text[span.start : span.end].partition("[")[2].partition("]")
        target += f"[{written[0]}]" if written[1] else ""
        number = self.sheet.source.place(span.start)[0]
        return Verdict(number, target, UNCHECKED, span, message="this is not answered yet")


def unread(error: GradError) -> Verdict:
    """The verdict on a line that can't be read: what is wrong with how it is written."""
    assert error.span is not None
    span = error.span
    number, _ = span.source.place(span.start)
    around = span.statement() or span
    target = re.split(r"[-+*/]?=|#", around.text, maxsplit=1)[0].strip()
    target = target or around.text.strip().partition("\n")[0]  # `= 2 * x` has none
    return Verdict(number, target, UNCHECKED, span, message=error.message, hint=error.hint)
