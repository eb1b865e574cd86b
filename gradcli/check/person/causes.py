"""What a wrong line was meant to hold, and the change that makes it hold that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gradcli.check.person import edits
from gradcli.check.person.diagnosis import Finding, search
from gradcli.check.person.lines import Line, Sheet, version
from gradcli.check.person.machine import DL, Lowered, names_in
from gradcli.check.person.points import Share
from gradcli.check.person.pools import expected_codes, pools
from gradcli.check.person.sums import close
from gradcli.check.person.totals import Account, Entry, Ledger
from gradcli.derive import contribute
from gradcli.errors import GradError
from gradcli.evaluate import compute
from gradcli.lower.text import Misfit, Poisoned
from gradcli.ops.core import Array
from gradcli.sizes import numbers
from gradcli.syntax import ast

Known = tuple[Mapping[str, Array], Mapping[str, float]]  # values, and derivatives' extents

MOST_GOALS = 16
MOST_SEARCHED = 200  # wrong lines whose causes are looked for
MOST_ENTRIES = 4096  # of an operand whose Jacobian's diagonal is computed


class Goal(NamedTuple):
    """What a wrong line may have been meant to hold: shares, and the value within its box."""

    shares: tuple[int, ...]
    value: Array
    extent: Array


class Cause(NamedTuple):
    """The change that mends a line, and the shares that the line then holds."""

    finding: Finding
    shares: tuple[int, ...]


class Causes:
    """Looks for the causes of the wrong lines of a sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.searched = 0

    @property
    def spent(self) -> bool:
        return self.searched > MOST_SEARCHED

    # ── goals ──

    def goals(self, entry: Entry, ledger: Ledger) -> list[Goal]:
        """What is left for a line: each contribution by itself, then all of them together."""
        free = ledger.available(entry.box)
        sets: list[tuple[int, ...]] = [(k,) for k in free[:MOST_GOALS]]
        if len(free) > 1:
            sets.append(tuple(free))
        if len(free) == 3:
            sets += [(free[0], free[1]), (free[0], free[2]), (free[1], free[2])]
        found = []
        for chosen in sets:
            parts = [ledger.part(k, entry.box) for k in chosen]
            extent = np.max([ledger.shares[k].extent for k in chosen], axis=0)
            found.append(Goal(chosen, sum(parts[1:], parts[0]), extent))
        return found

    # ── lines of derivatives ──

    def of_line(self, place: int, account: Account, keeping: str = "") -> Cause | None:
        """The cause of an unmatched line. keeping: an own name that must stay in it."""
        entry, ledger = account.entries[place], account.ledger
        line = self.sheet.lines[place]
        goals = self.goals(entry, ledger)
        self.searched += 1
        if not goals or self.spent:
            return None
        finding = None if keeping else self._diagonal(line, entry, goals, ledger)
        if finding is None:
            meets = self._meets(place, goals, keeping)
            wanted = _likely(goals, len(account.unmatched()))
            finding = self._search(place, line.code, goals, ledger, meets, wanted)
        return finding and Cause(finding, goals[finding.goal].shares)

    def of_divided(self, places: Sequence[int], account: Account) -> tuple[int, Cause] | None:
        """The one wrong line among several that divide shares between them, the others right."""
        ledger, box = account.ledger, account.entries[places[0]].box
        values = {place: account.entries[place].value for place in places}
        free = tuple(ledger.available(box))
        if not free:
            return None
        whole = sum((ledger.part(k, box) for k in free[1:]), ledger.part(free[0], box))
        for place in places:
            others = [value for other, value in values.items() if other != place]
            if any(value is None or value.shape != whole.shape for value in others):
                continue
            rest = whole - sum(value for value in others if value is not None)
            goal = Goal(free, rest, np.max([ledger.shares[k].extent for k in free], axis=0))
            self.searched += 1
            if self.spent:
                return None
            code, meets = self.sheet.lines[place].code, self._meets(place, [goal])
            finding = self._search(place, code, [goal], ledger, meets, [0], single=True)
            if finding is not None:
                return place, Cause(finding, goal.shares)
        return None

    def _search(
        self,
        place: int,
        code: ast.Code,
        goals: Sequence[Goal],
        ledger: Ledger,
        meets: Callable[[ast.Code], int | None],
        wanted: Sequence[int],
        *,
        single: bool = False,
    ) -> Finding | None:
        line = self.sheet.lines[place]
        own = [self.sheet.lines[p].target for p in self.sheet.visible(place)]
        material = pools(self.sheet, line, _shares(goals, ledger), own)
        fits = not isinstance(line.lowered, Misfit) and self.sheet.fits(line, line.lowered)
        return search(code, material, meets, fits=fits, wanted=wanted, single=single)

    def _meets(
        self, place: int, goals: Sequence[Goal], keeping: str = ""
    ) -> Callable[[ast.Code], int | None]:
        """Which goal the line at a place meets with other code."""
        line, sources = self.sheet.lines[place], self.sheet.visible(place)

        def meets(code: ast.Code) -> int | None:
            if keeping and keeping not in names_in(code):
                return None
            try:
                lowered = self.sheet.lower(code, sources)
            except (GradError, Poisoned):
                return None
            return self._meet(
                line, lowered, goals, lambda p: (self.sheet.known[p], self.sheet.extents[p])
            )

        return meets

    def _meet(
        self,
        line: Line,
        lowered: Lowered,
        goals: Sequence[Goal],
        known: Callable[[int], Known],
    ) -> int | None:
        """Which goal an expression meets at every point: tried at one, then at the others.

        What uses the very derivative that it should give meets none.
        """
        if not self.sheet.fits(line, lowered) or DL + (line.name or "") in lowered.quantities():
            return None
        left = list(range(len(goals)))
        for p in range(len(self.sheet.known)):
            found, extent = lowered.measured(*known(p))
            value = self.sheet.stated(line, found)[None]
            left = [
                i
                for i in left
                if close(value, goals[i].value[p : p + 1], max(extent, goals[i].extent[p]))
            ]
            if not left:
                return None
        return left[0]

    # ── the diagonal of a Jacobian ──

    def _diagonal(
        self, line: Line, entry: Entry, goals: Sequence[Goal], ledger: Ledger
    ) -> Finding | None:
        """A finding where a line holds only the diagonal of a normalisation's Jacobian."""
        if entry.value is None or line.region is not None:
            return None
        for number, goal in enumerate(goals):
            share = ledger.shares[goal.shares[0]]
            step = self.sheet.program.steps[share.eq - 1]
            if len(goal.shares) > 1 or step.call.op.group != "normalisations":
                continue
            alone = self._through_diagonal(share)
            if alone is None or close(alone, goal.value, goal.extent):
                continue
            if close(entry.value, alone, goal.extent):
                note = (
                    f"this is only the diagonal of the Jacobian of {step.call.op.name}: "
                    f"each entry of {step.args[0]} reaches all entries of {step.name}"
                )
                code = expected_codes(self.sheet, share)[0]
                return Finding(edits.DIAGONAL, code, 0, len(line.code), note, number)
        return None

    def _through_diagonal(self, share: Share) -> Array | None:
        """The contribution that an equation would give, were its Jacobian diagonal."""
        row = share.rows[0]
        step = self.sheet.program.steps[row.eq - 1]
        shape = numbers(step.call.shape)
        if int(np.prod(shape)) > MOST_ENTRIES:
            return None
        whole = contribute(step, row.operand)
        assert whole is not None
        found = []
        for point in self.sheet.points.points:
            leaves: dict[object, Array] = {"out": point.values[step.name]}
            leaves.update(
                (i, point.values[a]) for i, a in enumerate(step.args) if isinstance(a, str)
            )
            diagonal = np.zeros(shape)
            for index in np.ndindex(*shape):
                one = np.zeros(shape)
                one[index] = 1.0
                diagonal[index] = compute(whole.nodes, {**leaves, "g": one})[index]
            found.append(point.totals[step.name] * diagonal)
        return np.stack(found)

    # ── the person's own lines ──

    def of_own(
        self, place: int, users: Sequence[int], accounts: Mapping[str, Account]
    ) -> Cause | None:
        """The cause where an own line makes all lines wrong that build on it.

        Where one line alone builds on it, the mistake may stand there as well: it stands where the
        smaller change mends it, and in the own line if that is none of the model's derivatives.
        """
        line, user = self.sheet.lines[place], self.sheet.lines[users[0]]
        account = accounts[user.name or ""]
        goals = self.goals(account.entries[users[0]], account.ledger)
        self.searched += 1
        if not goals or self.spent:
            return None
        meets = self._meets_through(place, users[0], goals)
        wanted = _likely(goals, len(account.unmatched()))
        finding = self._search(users[0], line.code, goals, account.ledger, meets, wanted)
        if finding is None:
            return None
        if len(users) == 1:
            there = self.of_line(users[0], account, keeping=line.node.name.text)
            if there is not None:
                growth = len(finding.code) - len(line.code)
                other = len(there.finding.code) - len(user.code)
                if other < growth or (other == growth and self.is_known(place)):
                    return None
        return Cause(finding, goals[finding.goal].shares)

    def _meets_through(
        self, place: int, user: int, goals: Sequence[Goal]
    ) -> Callable[[ast.Code], int | None]:
        """Whether a line meets a goal with some code in the place of an own line."""
        bases = set(self.sheet.bases([user], len(self.sheet.lines)))
        between = [p for p in self.sheet.dependents(place) if p in bases]

        def meets(code: ast.Code) -> int | None:
            try:
                lowered, before = self.sheet.trial(place, code, user, between)
            except (GradError, Poisoned):
                return None

            def known(p: int) -> Known:
                here, extents = dict(self.sheet.known[p]), dict(self.sheet.extents[p])
                for name, own in before:
                    here[name], extents[name] = own.measured(here, extents)
                return here, extents

            return self._meet(self.sheet.lines[user], lowered, goals, known)

        return meets

    def is_known(self, place: int) -> bool:
        """Whether an own quantity is one of the derivatives, or a contribution to one."""
        line = self.sheet.lines[place]
        if isinstance(line.lowered, Misfit):
            return False
        value = np.stack([known[version(line, place)] for known in self.sheet.known])
        candidates = [self.sheet.points.total(name) for name in self.sheet.program.shapes]
        candidates += [s.value for found in self.sheet.points.shares.values() for s in found]
        turned = np.moveaxis(value, 0, -1).T
        return any(
            mine.shape == other.shape and close(mine, other, 0.0)
            for other in candidates
            for mine in (value, turned)
        )


def _shares(goals: Sequence[Goal], ledger: Ledger) -> list[Share]:
    return [ledger.shares[k] for k in dict.fromkeys(k for goal in goals for k in goal.shares)]


def _likely(goals: Sequence[Goal], lines: int) -> list[int]:
    """The goals that leave nothing over: all that is left for one line, one contribution for each
    of several.
    """
    singles = [i for i, goal in enumerate(goals) if len(goal.shares) == 1]
    if lines == 1:
        most = max(len(goal.shares) for goal in goals)
        return [i for i, goal in enumerate(goals) if len(goal.shares) == most]
    return singles if lines == len(singles) else list(range(len(goals)))
