"""Mistakes in a person's own names: what is wrong with the line that defines one, where the lines
that use it are right but for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from gradcli.check.derivation import edits
from gradcli.check.derivation.agreement import AGREE, compare
from gradcli.check.derivation.causes import Cause, Causes
from gradcli.check.derivation.diagnosis import Finding
from gradcli.check.derivation.goals import goals_of
from gradcli.check.derivation.line import version
from gradcli.check.derivation.machine import DL, split_name
from gradcli.check.derivation.paths import left_out
from gradcli.check.derivation.pools import origin
from gradcli.check.derivation.postfix import parse, text
from gradcli.check.derivation.runs import turned
from gradcli.check.derivation.totals import Account
from gradcli.check.derivation.wording import without
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
        smaller change mends it, and in the own line if that makes it one of the model's quantities.
        Where several do, one change must mend half of them, or make it one of the derivatives and
        mend one; or all of them want one quantity.
        """
        fitting = [user for user in users if self.causes.value(self.sheet.lines[user]) is not None]
        alone = len(users) == 1
        for user in (fitting or users)[:2]:
            found = self._searched(place, user, users, accounts, single=not alone)
            if found is not None:
                return found
            if self.is_known(place) and alone:
                return None
        wanted = None if alone else self._wanted(place, users, accounts)
        if alone or (wanted is not None and wanted.finding.kind != edits.UNKNOWN):
            return wanted
        return self._searched(place, (fitting or users)[0], users, accounts) or wanted

    def _searched(
        self,
        place: int,
        user: int,
        users: Sequence[int],
        accounts: Mapping[str, Account],
        *,
        single: bool = False,
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
            goal = None if self.causes.supplants(line.code, code) else through[user](code)
            if goal is None:
                return None
            mended = sum(through[u](code) is not None for u in users if u != user) + 1
            likely = 2 * mended >= len(users) or (not known and self._becomes_known(place, code))
            return goal if likely else None

        wanted = self.causes.likely(goals, account)
        ledger = account.ledger
        finding = self.causes.search_line(
            user, line.code, goals, ledger, meets, wanted, single=single
        )
        if finding is None:
            return None
        if len(users) == 1:
            there = self.causes.of_line(user, account, keeping=line.node.name.text)
            if there is not None:
                growth = len(finding.code) - len(line.code)
                other = len(there.finding.code) - len(using.code)
                meant = not self._is_named(place, line.code) and self._is_named(place, finding.code)
                if other < growth or (other == growth and not meant):
                    return None
        return Cause(finding, goals[finding.goal].shares)

    def _wanted(
        self, place: int, users: Sequence[int], accounts: Mapping[str, Account]
    ) -> Cause | None:
        """The derivative that every line wants that uses an own name: the name is judged as it."""
        sheet = self.sheet
        through = [self._meets_through(place, user, accounts) for user in users]
        names = [n for n in sheet.program.shapes if n in sheet.points.shares][-MOST_WANTED:]
        for name in sorted(names, key=partial(self._unlikely, place)):
            for code in (parse(DL + name), (*parse(DL + name), edits.TRANSPOSED)):
                goals = [meets(code) for meets in through]
                if None in goals:
                    continue
                user = sheet.lines[users[0]]
                account = accounts[user.name or ""]
                shares = goals_of(account.entries[users[0]], account.ledger)
                finding = (
                    None
                    if code[-1][0] == "transpose"
                    else self.causes.of_total(place, origin(sheet, name)[0])
                )
                if finding is None:
                    finding = self._stands_for(place, name, code)
                return Cause(finding, shares[goals[0] or 0].shares)
        return None

    def _stands_for(self, place: int, name: str, code: ast.Code) -> Finding:
        """What is said of an own line that should be a derivative, and that no change mends."""
        sheet, line = self.sheet, self.sheet.lines[place]
        kind, note = edits.UNKNOWN, f"every line that uses {line.target} wants {text(code)} here"
        formula = origin(sheet, name)[1]
        if code[-1][0] == "transpose":
            formula = code
        elif self._fits(place, name):
            value = self.causes.value(line._replace(name=name, region=None))
            left = () if value is None else left_out(sheet.points, name, value)
            if left:
                kind, note = edits.ACCUMULATE, without(sheet, left)
        return Finding(kind, formula, 0, len(line.code), note, 0)

    def _unlikely(self, place: int, name: str) -> tuple[bool, bool, bool]:
        """By how little an own line may be meant to be a derivative."""
        sheet = self.sheet
        known = split_name(name)[0] in sheet.words
        return not self._fits(place, name), name not in sheet.mentioned, not known

    def _fits(self, place: int, name: str) -> bool:
        """Whether an own quantity has the shape of a derivative."""
        line, lowered = self.sheet.lines[place], self.sheet.lines[place].lowered
        if isinstance(lowered, Misfit):
            return False
        return self.sheet.fits(line._replace(name=name, region=None), lowered)

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

    def _is_named(self, place: int, code: ast.Code) -> bool:
        """Whether an own line with some code is a quantity of the model's or a derivative, or the
        inverse of one, or a mask: what people give a name of their own.
        """
        sheet = self.sheet
        if code[-1][1] in edits.COMPARISONS:
            return True
        try:
            value = sheet.lower(code, sheet.lines[place].sources).value(sheet.known, sheet.runs)
        except (GradError, Poisoned):
            return False
        with np.errstate(all="ignore"):
            alike = [value, 1 / value]
        forward = (sheet.points.values[name] for name in sheet.program.shapes)
        return self._derives(value) or any(
            mine.shape == other.shape and compare(mine, other, np.inf).state == AGREE
            for other in forward
            for mine in alike
        )

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
