"""What a wrong line was meant to hold, and the change that makes it hold that."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from gradcli.check.derivation import edits
from gradcli.check.derivation.agreement import AGREE, HIDDEN, compare, near
from gradcli.check.derivation.diagnosis import MOST_TRIES, Finding, search
from gradcli.check.derivation.diagonal import diagonal
from gradcli.check.derivation.exact import Exact
from gradcli.check.derivation.expected import Share
from gradcli.check.derivation.germ import Own
from gradcli.check.derivation.goals import Goal, goals_of, likely
from gradcli.check.derivation.ledger import Entry, Ledger
from gradcli.check.derivation.line import Line
from gradcli.check.derivation.machine import DL, Lowered, names_in
from gradcli.check.derivation.owed import Progress
from gradcli.check.derivation.pools import pools, strange
from gradcli.check.derivation.postfix import plain
from gradcli.check.derivation.runs import PLAIN, Arithmetic
from gradcli.check.derivation.sheet import Sheet
from gradcli.check.derivation.totals import Account
from gradcli.errors import GradError
from gradcli.lower.text import Misfit, Poisoned
from gradcli.ops.core import Array
from gradcli.proof.verdict import PROVEN, REFUTED
from gradcli.syntax import ast

MOST_SEARCHED = 200  # wrong lines whose causes are looked for
EFFORT = 24_000  # changed lines computed in all, about, some 15 s; then fewer for each
TRIES = (MOST_TRIES, 3000, 1500, 800, 400, 200, 100)  # how many for one line, and the least
SHARE = 2  # the part of what is left of the effort that one search may take


class Cause(NamedTuple):
    """The change that mends a line, and the shares that the line then holds."""

    finding: Finding
    shares: tuple[int, ...]


class Causes:
    """Looks for the causes of the wrong lines of a sheet."""

    def __init__(
        self, sheet: Sheet, exact: Exact, progress: Progress, effort: int = EFFORT
    ) -> None:
        self.sheet = sheet
        self.exact = exact
        self.progress = progress
        self.held: AbstractSet[int] = frozenset()  # the positions of what right lines hold
        self.searched = 0
        self.effort = effort
        self.elsewhere: Callable[[], Sheet | None] | None = None  # the sheet at other sizes
        self._there: tuple[int, Sheet | None] = (-1, None)  # after so many changes of own lines

    @property
    def spent(self) -> bool:
        return self.searched > MOST_SEARCHED

    def likely(self, goals: Sequence[Goal], account: Account) -> list[int]:
        """The goals that leave nothing over that is owed."""
        return likely(goals, account, self.progress, self.held)

    # ── lines of derivatives ──

    def of_line(self, place: int, account: Account, keeping: str = "") -> Cause | None:
        """The cause of an unmatched line. keeping: an own name that must stay in it."""
        entry, ledger = account.entries[place], account.ledger
        line = self.sheet.lines[place]
        goals = goals_of(entry, ledger)
        self.searched += 1
        if not goals or self.spent:
            return None
        finding = None if keeping else diagonal(self.sheet, line, entry, goals, ledger)
        if finding is None:
            wanted = self.likely(goals, account)

            def made() -> Finding | None:
                meets, alone = self.meets(place, goals, keeping), not keeping
                return self.search_line(
                    place, line.code, goals, ledger, meets, wanted, unlikely=alone
                )

            key = self._key(place, goals, wanted, keeping)
            finding = self._remembered(key, made)
        return finding and Cause(finding, goals[finding.goal].shares)

    def _key(
        self, place: int, goals: Sequence[Goal], wanted: Sequence[int], keeping: str
    ) -> Hashable:
        """All that a search depends on, besides the truth: the line, its goals, the names there."""
        sheet, line = self.sheet, self.sheet.lines[place]
        own = tuple((sheet.lines[p].target, sheet.numbers[p]) for p in sheet.visible(place))
        left = tuple(goal.shares for goal in goals)
        ways = (self._most(), bool(self.exact.germs), self.elsewhere is not None)
        aims = (left, tuple(wanted), keeping, *ways)
        number = sheet.numbers[place]
        return ("finding", number, line.name, line.where, aims, own, sheet.vocabulary)

    def _remembered(self, key: Hashable, made: Callable[[], Finding | None]) -> Finding | None:
        """A search, or what came of it before, at the same cost."""
        before = self.effort

        def both() -> tuple[Finding | None, int]:
            finding = made()
            return finding, before - self.effort

        finding, cost = self.sheet.points.memory.of(key, both)
        self.effort = before - cost
        return finding

    def _most(self) -> int:
        """How many changed lines one search may compute."""
        return next((n for n in TRIES if n * SHARE <= self.effort), TRIES[-1])

    def of_total(self, place: int, name: str) -> Finding | None:
        """What is wrong with an own line that should be a whole derivative."""
        sheet, shares = self.sheet, self.sheet.points.shares[name]
        line = sheet.lines[place]._replace(name=name, region=None, assign="=")
        if any(share.region is not None for share in shares) or name in sheet.points.arriving:
            return None
        ledger = Ledger(shares, None, sheet.points.totals[name])
        entry = Entry("=", None, self.value(line))
        goals = goals_of(entry, ledger)
        goal = max(goals, key=lambda goal: len(goal.shares), default=None)
        self.searched += 1
        if goal is None or len(goal.shares) < len(ledger.remaining()) or self.spent:
            return None
        found = diagonal(sheet, line, entry, [goal], ledger)
        if found is not None:
            return found
        meets = self.meets(place, [goal], line=line)

        def without_others(code: ast.Code) -> int | None:
            return None if self.supplants(line.code, code) else meets(code)

        return self.search_line(
            place, line.code, [goal], ledger, without_others, [0], unlikely=True, line=line
        )

    def supplants(self, was: ast.Code, code: ast.Code) -> bool:
        """Whether a change puts a derivative of which the file knows nothing in the place of an own
        name: then that name's own line is wrong.
        """
        own = {line.node.name.text for line in self.sheet.lines if line.own}
        new = {plain(code[a:b]) for a, b in edits.leaves(code)}
        new -= {plain(was[a:b]) for a, b in edits.leaves(was)}
        lost = (names_in(was) - names_in(code)) & own
        return bool(lost) and any(
            leaf[0][0] == "derivative" and strange(self.sheet, leaf) for leaf in new
        )

    def of_divided(self, places: Sequence[int], account: Account) -> tuple[int, Cause] | None:
        """The one wrong line among several that divide shares between them, the others right."""
        ledger, box = account.ledger, account.entries[places[0]].box
        values = {place: account.entries[place].value for place in places}
        free = tuple(ledger.available(box))
        if not free:
            return None
        parts = tuple(ledger.part(k, box) for k in free)
        whole = sum(parts[1:], parts[0])
        for place in places:
            less = tuple(other for other in values if other != place)
            others = [values[other] for other in less]
            if any(value is None or value.shape != whole.shape for value in others):
                continue
            rest = whole - sum(value for value in others if value is not None)
            extent = np.max([ledger.shares[k].extent for k in free], axis=0)
            goal = Goal(free, rest, extent, parts, box, less)
            self.searched += 1
            if self.spent:
                return None
            code, meets = self.sheet.lines[place].code, self.meets(place, [goal])
            finding = self.search_line(place, code, [goal], ledger, meets, [0], single=True)
            if finding is not None:
                return place, Cause(finding, goal.shares)
        return None

    def search_line(
        self,
        place: int,
        code: ast.Code,
        goals: Sequence[Goal],
        ledger: Ledger,
        meets: Callable[[ast.Code], int | None],
        wanted: Sequence[int],
        *,
        single: bool = False,
        unlikely: bool = False,
        line: Line | None = None,
    ) -> Finding | None:
        line = line or self.sheet.lines[place]
        own = [self.sheet.lines[p].target for p in self.sheet.visible(place)]
        material = pools(self.sheet, line, _shares(goals, ledger), own)
        fits = not isinstance(line.lowered, Misfit) and self.sheet.fits(line, line.lowered)

        def visibly(changed: ast.Code) -> int | None:
            self.effort -= 1
            goal = meets(changed)
            return None if goal is None or self._hides_a_term(place, changed, meets, goal) else goal

        def lasts(changed: ast.Code, goal: int) -> bool:
            own = code != line.code  # that of a line which this one builds on
            return own or self._lasts(place, line, changed, goals[goal])

        return search(
            code,
            material,
            visibly,
            fits=fits,
            wanted=wanted,
            lasts=lasts,
            single=single,
            unlikely=unlikely,
            most=self._most(),
        )

    def _lasts(self, place: int, line: Line, code: ast.Code, goal: Goal) -> bool:
        """Whether other code makes a line right at other sizes too, as far as can be told."""
        sheet, name = self._sheet_there(), line.name or ""
        if sheet is None or line.region is not None or goal.less:
            return True
        shares = sheet.points.shares.get(name, [])
        if len(shares) != len(self.sheet.points.shares.get(name, ())):
            return True
        ledger = Ledger(shares, None, sheet.points.totals[name])
        parts = [ledger.part(k, goal.box) for k in goal.shares]
        wanted = sum(parts[1:], parts[0])[0, 0]
        extent = max(float(ledger.shares[k].extent[0]) for k in goal.shares)
        try:
            lowered = sheet.lower(code, sheet.visible(place))
        except (GradError, Poisoned):
            return False
        if not sheet.fits(line, lowered):
            return False
        return near(
            sheet.stated(line, lowered, lowered.value(sheet.at_first, PLAIN)), wanted, extent
        )

    def _sheet_there(self) -> Sheet | None:
        """The sheet at other sizes, where its lines are the same ones."""
        if self.elsewhere is None:
            return None
        if self._there[0] != self.sheet.changes:
            there = self.elsewhere()
            same = there is not None and [line.node.name for line in there.lines] == [
                line.node.name for line in self.sheet.lines
            ]
            self._there = (self.sheet.changes, there if same else None)
        return self._there[1]

    def _hides_a_term(
        self, place: int, code: ast.Code, meets: Callable[[ast.Code], int | None], goal: int
    ) -> bool:
        """Whether what meets a goal has a term too small to be seen: it may be wrong in that."""
        for term, rest in edits.addends(code):
            if meets(rest) != goal:
                continue
            try:
                lowered = self.sheet.lower(term, self.sheet.visible(place))
                if isinstance(lowered, Misfit) or np.any(lowered.value(self.sheet.at_first, PLAIN)):
                    return True
            except (GradError, Poisoned):
                return True
        return False

    def meets(
        self, place: int, goals: Sequence[Goal], keeping: str = "", line: Line | None = None
    ) -> Callable[[ast.Code], int | None]:
        """Which goal the line at a place, or another in its place, meets with other code."""
        line, sources = line or self.sheet.lines[place], self.sheet.visible(place)
        was = self.value(line)

        def meets(code: ast.Code) -> int | None:
            if keeping and keeping not in names_in(code):
                return None
            try:
                lowered = self.sheet.lower(code, sources)
            except (GradError, Poisoned):
                return None
            return self.meet(line, lowered, goals, was)

        return meets

    def value(self, line: Line) -> Array | None:
        """What a line gives as it stands."""
        lowered = line.lowered
        if isinstance(lowered, Misfit) or not self.sheet.fits(line, lowered):
            return None
        return self.sheet.stated(line, lowered, lowered.value(self.sheet.known, self.sheet.runs))

    def meet(
        self,
        line: Line,
        lowered: Lowered,
        goals: Sequence[Goal],
        was: Array | None,
        own: Own = (),
    ) -> int | None:
        """Which goal an expression meets at every point: tried roughly at one, then at all.

        What uses the very derivative that it should give meets none, and neither does what exact
        arithmetic refutes, or, where that is silent, what differs by no more from the line as it
        was than rounding may do to it.
        own: other values of own quantities, which it is computed from.
        """
        sheet = self.sheet
        if not sheet.fits(line, lowered) or DL + (line.name or "") in lowered.quantities():
            return None
        rough = sheet.stated(line, lowered, _through(own, lowered, sheet.at_first, PLAIN))
        left = [
            i
            for i, goal in enumerate(goals)
            if near(rough, goal.value[0, 0], float(goal.extent[0]))
        ]
        if not left:
            return None
        value = sheet.stated(line, lowered, _through(own, lowered, sheet.known, sheet.runs))
        for i in left:
            goal = goals[i]
            state, bar = compare(value, goal.value, goal.extent, goal.parts)
            if state not in (AGREE, HIDDEN):
                continue
            proof = self.exact.with_code(line, lowered, goal.box, goal.shares, goal.less, own)
            changed = was is None or bool(np.any(~(np.abs(value[0] - was[0]) <= 2 * bar)))
            told = state == AGREE and changed and proof.verdict != REFUTED
            if told or proof.verdict == PROVEN:
                return i
        return None


def _through(
    own: Own, lowered: Lowered, known: Mapping[str, Array], arithmetic: Arithmetic
) -> Array:
    """An expression's value, after that of some own quantities."""
    if own:
        known = dict(known)
        for name, quantity in own:
            known[name] = quantity.value(known, arithmetic)
    return lowered.value(known, arithmetic)


def _shares(goals: Sequence[Goal], ledger: Ledger) -> list[Share]:
    return [ledger.shares[k] for k in dict.fromkeys(k for goal in goals for k in goal.shares)]
