"""Mistakes in a person's own names: what is wrong with the line that defines one, where the lines
that use it are right but for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradcli.check.derivation import edits
from gradcli.check.derivation.agreement import AGREE, compare
from gradcli.check.derivation.causes import Cause, Causes
from gradcli.check.derivation.diagnosis import Finding
from gradcli.check.derivation.goals import goals_of
from gradcli.check.derivation.line import version
from gradcli.check.derivation.machine import DL
from gradcli.check.derivation.pools import expected_total
from gradcli.check.derivation.postfix import parse, text
from gradcli.check.derivation.runs import turned
from gradcli.check.derivation.totals import Account
from gradcli.errors import GradError
from gradcli.lower.text import Misfit, Poisoned
from gradcli.ops.core import Array
from gradcli.syntax import ast

MOST_WANTED = 200  # derivatives that an own quantity is compared with


class OwnLines:
    """Looks for the mistakes in a person's own names."""

    def __init__(self, causes: Causes) -> None:
        self.causes = causes
        self.sheet = causes.sheet

    def order(self, places: Sequence[int], users: Mapping[int, Sequence[int]]) -> list[int]:
        """Own lines in the order in which they are suspected.

        What explains the most wrong lines comes first; what is one of the model's derivatives, and
        used once, comes last, for it is hardly wrong. Of several that are, each made from the one
        before, the last is the first in which something is missing.
        """

        def key(place: int) -> tuple[bool, int, bool, int]:
            count, known = len(users[place]), self.is_known(place)
            return count == 1 and known, -count, known, -place if known else place

        return sorted((place for place in places if users[place]), key=key)

    def cause(
        self, place: int, users: Sequence[int], accounts: Mapping[str, Account]
    ) -> Cause | None:
        """The cause where an own line makes all lines wrong that build on it.

        Where one line alone builds on it, the mistake may stand there as well: it stands where the
        smaller change mends it, and in the own line if that is none of the model's derivatives.
        Where several do, one change must mend half of them, or make it one of the derivatives and
        mend one; or all of them want one quantity.
        """
        fitting = [user for user in users if self.causes.value(self.sheet.lines[user]) is not None]
        for user in (fitting or users)[:2]:
            found = self._searched(place, user, users, accounts)
            if found is not None:
                return found
            if self.is_known(place) and len(users) == 1:
                return None
        return self._wanted(place, users, accounts) if len(users) > 1 else None

    def _searched(
        self,
        place: int,
        user: int,
        users: Sequence[int],
        accounts: Mapping[str, Account],
    ) -> Cause | None:
        line, using = self.sheet.lines[place], self.sheet.lines[user]
        account = accounts[using.name or ""]
        goals = goals_of(account.entries[user], account.ledger)
        self.causes.searched += 1
        if not goals or self.causes.spent:
            return None
        through = {u: self._meets_through(place, u, accounts) for u in users}
        known = self.is_known(place)

        def meets(code: ast.Code) -> int | None:
            goal = through[user](code)
            if goal is None:
                return None
            mended = sum(through[u](code) is not None for u in users if u != user) + 1
            likely = 2 * mended >= len(users) or (not known and self._becomes_known(place, code))
            return goal if likely else None

        wanted = self.causes.likely(goals, account)
        ledger = account.ledger
        finding = self.causes.search_line(user, line.code, goals, ledger, meets, wanted)
        if finding is None:
            return None
        if len(users) == 1:
            there = self.causes.of_line(user, account, keeping=line.node.name.text)
            if there is not None:
                growth = len(finding.code) - len(line.code)
                other = len(there.finding.code) - len(using.code)
                if other < growth or (other == growth and self.is_known(place)):
                    return None
        return Cause(finding, goals[finding.goal].shares)

    def _wanted(
        self, place: int, users: Sequence[int], accounts: Mapping[str, Account]
    ) -> Cause | None:
        """The derivative that every line wants that uses an own name: the name is judged as it."""
        sheet = self.sheet
        line = sheet.lines[place]
        through = [self._meets_through(place, user, accounts) for user in users]
        names = [n for n in sheet.program.shapes if n in sheet.points.shares][-MOST_WANTED:]
        for name in sorted(names, key=lambda n: n not in sheet.mentioned):
            for code in (parse(DL + name), (*parse(DL + name), edits.TRANSPOSED)):
                goals = [meets(code) for meets in through]
                if None in goals:
                    continue
                user = sheet.lines[users[0]]
                account = accounts[user.name or ""]
                shares = goals_of(account.entries[users[0]], account.ledger)
                formula = expected_total(sheet, name)
                note = f"every line that uses {line.target} wants {text(code)} here"
                if code[-1][0] == "transpose":
                    formula = code
                finding = Finding(edits.UNKNOWN, formula, 0, len(line.code), note, goals[0] or 0)
                return Cause(finding, shares[goals[0] or 0].shares)
        return None

    def _meets_through(
        self, place: int, user: int, accounts: Mapping[str, Account]
    ) -> Callable[[ast.Code], int | None]:
        """Which goal a line meets with some code in the place of an own line."""
        line = self.sheet.lines[user]
        account = accounts[line.name or ""]
        goals = goals_of(account.entries[user], account.ledger)
        bases = set(self.sheet.bases([user], len(self.sheet.lines)))
        between = [p for p in self.sheet.dependents(place) if p in bases]
        was = self.causes.value(line)

        def meets(code: ast.Code) -> int | None:
            try:
                lowered, before = self.sheet.trial(place, code, user, between)
            except (GradError, Poisoned):
                return None
            return self.causes.meet(line, lowered, goals, was, before)

        return meets

    def _becomes_known(self, place: int, code: ast.Code) -> bool:
        """Whether other code makes an own quantity what it is not: one of the derivatives."""
        sheet = self.sheet
        try:
            lowered = sheet.lower(code, sheet.lines[place].sources)
        except (GradError, Poisoned):
            return False
        return self._derives(lowered.value(sheet.known, sheet.runs))

    def is_known(self, place: int) -> bool:
        """Whether an own quantity is one of the derivatives, or a contribution to one."""
        line = self.sheet.lines[place]
        if isinstance(line.lowered, Misfit):
            return False
        return self._derives(self.sheet.known[version(line, place)])

    def _derives(self, value: Array) -> bool:
        points = self.sheet.points
        candidates: list[tuple[Array, Array | float]]
        candidates = [(points.totals[name], np.inf) for name in self.sheet.program.shapes]
        candidates += [(s.value, s.extent) for found in points.shares.values() for s in found]
        return any(
            mine.shape == other.shape and compare(mine, other, extent).state == AGREE
            for other, extent in candidates
            for mine in (value, turned(value))
        )
