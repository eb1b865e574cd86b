"""What is wrong with a line that is not right, in words: the verdict with its diagnosis and its
rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gradcli.check import diagnosis_edits as edits
from gradcli.check.diagnosis import Finding, search
from gradcli.check.diagnosis_code import plain, span, text
from gradcli.check.diagnosis_pools import expected_codes, pools
from gradcli.check.person_lines import DL, Line, Lowered, Misfit, Sheet
from gradcli.check.person_points import Share
from gradcli.check.person_report import WRONG, Rule, Values, Verdict
from gradcli.check.person_totals import OVERWRITES, UNMATCHED, Entry, Ledger, close
from gradcli.derive import contribute, region_text
from gradcli.errors import GradError, Span
from gradcli.lower.machine import Poisoned
from gradcli.ops.core import Array
from gradcli.sizes import numbers, spell
from gradcli.syntax import ast
from gradcli.syntax.lexer import token_end
from gradcli.template import compute

if TYPE_CHECKING:
    from gradcli.check.person import Account

ACCUMULATE = "missing-accumulate"
NOTHING = "nothing-to-accumulate"
TWICE = "counted-twice"
UNKNOWN = "unknown"
MOST_GOALS = 16
MOST_SEARCHED = 200  # wrong lines whose causes are looked for
MOST_ENTRIES = 4096  # of an operand whose Jacobian's diagonal is computed


class Goal(NamedTuple):
    """What a wrong line may have been meant to hold: shares, and their sum within the line's
    box.
    """

    shares: tuple[int, ...]
    value: Array


class Mended(NamedTuple):
    """A person's own line that was wrong: the verdict, and the code that is right."""

    verdict: Verdict
    code: ast.Code


class Blame:
    """Finds out what is wrong with the lines of a sheet. layout: in which values are shown."""

    def __init__(self, sheet: Sheet, layout: str) -> None:
        self.sheet = sheet
        self.layout = layout
        self.searched = 0
        self.steps = sheet.program.steps

    def place(self, line: Line) -> Span:
        """Where a line stands: from its target to its end."""
        source, at = self.sheet.source, line.node.name.at
        last = max(at for _, _, at in line.node.value)
        return Span(source, at, token_end(source, last))

    # ── lines of derivatives ──

    def line(self, place: int, account: Account) -> Verdict | None:
        """The verdict on a line whose entry is wrong, None for one that is right by itself."""
        entry, ledger = account.entries[place], account.ledger
        line = self.sheet.lines[place]
        if entry.status == OVERWRITES:
            return self._overwrites(line, entry, ledger)
        if entry.status != UNMATCHED:
            return None
        goals = self._goals(entry, ledger)
        shares = [ledger.shares[k] for k in dict.fromkeys(k for goal in goals for k in goal.shares)]
        if not goals:
            return self._repeated(line, place, account) or self._too_much(line, entry, ledger)
        finding = self._diagonal(line, entry, goals, ledger)
        self.searched += 1
        if finding is None and self.searched <= MOST_SEARCHED:
            material = pools(self.sheet, line, shares, sorted(line.own))
            finding = search(
                line.code,
                material,
                self._meets(line, goals),
                fits=entry.value is not None,
                wanted=_likely(goals, len(account.unmatched())),
            )
        if finding is None:
            repeated = self._repeated(line, place, account)
            return repeated or self._unknown(line, entry, goals[0], ledger)
        goal = goals[finding.goal]
        ledger.take(entry, goal.shares)
        assign = "=" if entry.opens else line.node.assign
        return self._verdict(
            line,
            finding.kind,
            finding.note,
            self._corrected(line, assign, finding.code),
            span(self.sheet.source, line.code, finding.start, finding.end),
            [ledger.shares[k] for k in goal.shares],
        )

    def _goals(self, entry: Entry, ledger: Ledger) -> list[Goal]:
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
            found.append(Goal(tuple(chosen), sum(parts[1:], parts[0])))
        return found

    def _meets(self, line: Line, goals: Sequence[Goal]) -> Callable[[ast.Code], int | None]:
        def meets(code: ast.Code) -> int | None:
            try:
                lowered = self.sheet.lower(code, line.own)
            except (GradError, Poisoned):
                return None
            return self._meet(line, lowered, goals, lambda p: self.sheet.known[p])

        return meets

    def _meet(
        self,
        line: Line,
        lowered: Lowered,
        goals: Sequence[Goal],
        known: Callable[[int], Mapping[str, Array]],
    ) -> int | None:
        """Which goal an expression meets at every point: tried at one, then at the others."""
        if not self.sheet.fits(line, lowered) or _trivial(lowered, line):
            return None
        left = list(range(len(goals)))
        for p in range(len(self.sheet.known)):
            value = self.sheet.stated(line, lowered.value(known(p)))[None]
            left = [i for i in left if close(value, goals[i].value[p : p + 1])]
            if not left:
                return None
        return left[0]

    def _overwrites(self, line: Line, entry: Entry, ledger: Ledger) -> Verdict:
        target = DL + (line.name or "")
        if ledger.arriving is not None:
            message = f"{target} is given: that is its first contribution, and `=` overwrites it"
        else:
            message = f"`=` overwrites what {target} holds from the lines above"
        return self._verdict(
            line,
            ACCUMULATE,
            message,
            self._corrected(line, "+=", line.node.value),
            self._assign(line),
            [ledger.shares[k] for k in entry.shares],
        )

    def nothing_before(self, place: int) -> Verdict:
        line = self.sheet.lines[place]
        target = DL + (line.name or "")
        return self._verdict(
            line,
            NOTHING,
            f"nothing stands in {target} before this line, so there is nothing to add to",
            self._corrected(line, "=", line.node.value),
            self._assign(line),
            (),
        )

    def lacks(self, place: int, owed: Sequence[Share], verdict: Verdict | None) -> Verdict:
        """The verdict on the last line of a total that lacks contributions."""
        line = self.sheet.lines[place]
        named = ", ".join(f"{s.eq} ({self.steps[s.eq - 1].text})" for s in owed[:4])
        plural = "equations" if len(owed) > 1 else "equation"
        total = f"the total of {DL}{line.name} lacks the contribution of {plural} {named}"
        if verdict is not None:
            return verdict._replace(message=f"{verdict.message}; and {total}")
        formulas = [formula for share in owed[:4] for formula in self._written(share, "+=")]
        return self._verdict(line, ACCUMULATE, total, "\n".join(formulas), None, owed[:4])

    def _repeated(self, line: Line, place: int, account: Account) -> Verdict | None:
        """A line that holds once more what another one holds."""
        for other, entry in account.entries.items():
            if other >= place or not entry.shares:
                continue
            before = self.sheet.lines[other]
            if plain(before.code) == plain(line.code) and before.region == line.region:
                return self._twice(line, before)
        return None

    def _twice(self, line: Line, before: Line | None) -> Verdict:
        where = (
            f"line {before.number} holds it already" if before else "other lines hold it already"
        )
        return self._verdict(
            line, TWICE, f"this contribution is counted twice: {where}", None, None, ()
        )

    def _too_much(self, line: Line, entry: Entry, ledger: Ledger) -> Verdict:
        every = range(len(ledger.shares))
        if entry.value is not None and ledger.find(entry, entry.value, every) is not None:
            return self._twice(line, None)
        message = f"nothing more belongs in {DL}{line.name}"
        if not ledger.shares and ledger.arriving is None:
            message = f"{DL}{line.name} is 0: nothing that is differentiated depends on {line.name}"
        elif not ledger.shares:
            message += ": it is given, and nothing else adds to it"
        else:
            message += ": the other lines hold all its contributions"
        return self._verdict(line, UNKNOWN, message, None, None, ())

    def _unknown(self, line: Line, entry: Entry, goal: Goal, ledger: Ledger) -> Verdict:
        """Nothing fits: both values, and the formula that is expected."""
        ledger.take(entry, goal.shares)
        shares = [ledger.shares[k] for k in goal.shares]
        expected = "\n".join(f for share in shares for f in self._written(share, line.node.assign))
        kind, culprit = UNKNOWN, None
        message = "the cause is unknown: no small change makes this line right"
        if self.searched > MOST_SEARCHED:
            message = (
                f"more than {MOST_SEARCHED} lines are wrong: the causes of these were looked for"
            )
        if isinstance(line.lowered, Misfit):
            kind, message, culprit = edits.SHAPE, line.lowered.message, line.lowered.span
        elif entry.value is None:
            kind = edits.SHAPE
            wanted = self.sheet.expected(line)
            message = (
                f"this is {spell(line.lowered.shape)}, but {line.target} is {spell(wanted)} "
                f"in {self.sheet.layout} layout"
            )
        verdict = self._verdict(line, kind, message, expected, culprit, shares)
        if kind == UNKNOWN:
            verdict = verdict._replace(values=self._values(line, entry, goal))
        return verdict

    def _values(self, line: Line, entry: Entry, goal: Goal) -> Values:
        """A line's value and the expected one at the first point, as the report's layout shows
        them.
        """
        shape = self.sheet.expected(line)
        if self.layout != self.sheet.layout:
            shape = shape[::-1]
        turn = self.layout == "numerator"
        found, expected = (
            None if value is None else (value[0].T if turn else value[0])
            for value in (entry.value, goal.value)
        )
        assert expected is not None
        return Values(found, expected, shape)

    # ── the diagonal of a Jacobian ──

    def _diagonal(
        self, line: Line, entry: Entry, goals: Sequence[Goal], ledger: Ledger
    ) -> Finding | None:
        """A finding where a line holds only the diagonal of a normalisation's Jacobian."""
        if entry.value is None or line.region is not None:
            return None
        for number, goal in enumerate(goals):
            share = ledger.shares[goal.shares[0]]
            step = self.steps[share.eq - 1]
            if len(goal.shares) > 1 or step.call.op.group != "normalisations":
                continue
            alone = self._through_diagonal(share)
            if alone is not None and close(entry.value, alone) and not close(alone, goal.value):
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
        step = self.steps[row.eq - 1]
        shape = numbers(step.call.shape)
        if int(np.prod(shape)) > MOST_ENTRIES:
            return None
        whole = contribute(step, row.operand)
        assert whole is not None
        found = []
        for point in self.sheet.points.points:
            total = point.totals[step.name]
            leaves: dict[object, Array] = {"out": point.values[step.name]}
            leaves.update(
                (i, point.values[a]) for i, a in enumerate(step.args) if isinstance(a, str)
            )
            diagonal = np.zeros(shape)
            for index in np.ndindex(*shape):
                one = np.zeros(shape)
                one[index] = 1.0
                diagonal[index] = compute(whole.nodes, {**leaves, "g": one})[index]
            found.append(total * diagonal)
        return np.stack(found)

    # ── the person's own lines ──

    def own_line(self, place: int, user: int, accounts: Mapping[str, Account]) -> Mended | None:
        """What is wrong with an own line that makes a line of a derivative wrong, the first
        user.
        """
        line = self.sheet.lines[place]
        if self._is_known(place):
            return None
        name = self.sheet.lines[user].name
        assert name is not None
        account = accounts[name]
        goals = self._goals(account.entries[user], account.ledger)
        if not goals:
            return None
        dependent = self.sheet.lines[user]
        shares = [account.ledger.shares[k] for goal in goals for k in goal.shares]

        def meets(code: ast.Code) -> int | None:
            try:
                lowered, before = self.sheet.trial(place, code, user)
            except (GradError, Poisoned):
                return None

            def known(p: int) -> Mapping[str, Array]:
                here = dict(self.sheet.known[p])
                for version, own in before:
                    here[version] = own.value(here)
                return here

            return self._meet(dependent, lowered, goals, known)

        material = pools(self.sheet, dependent, shares, sorted(line.own))
        material = material._replace(factors=(*material.factors, *material.far_factors))
        finding = search(line.code, material, meets)
        if finding is None:
            return None
        verdict = self._verdict(
            line,
            finding.kind,
            finding.note,
            f"{line.target} {line.node.assign} {text(finding.code)}",
            span(self.sheet.source, line.code, finding.start, finding.end),
            [account.ledger.shares[k] for k in goals[finding.goal].shares],
        )
        return Mended(verdict._replace(own=True), finding.code)

    def _is_known(self, place: int) -> bool:
        """Whether an own quantity is one of the derivatives, or a contribution to one."""
        line = self.sheet.lines[place]
        if isinstance(line.lowered, Misfit):
            return False
        version = self.sheet.version(line.target, place)
        value = np.stack([known[version] for known in self.sheet.known])
        candidates = [self.sheet.points.total(name) for name in self.sheet.program.shapes]
        candidates += [s.value for found in self.sheet.points.shares.values() for s in found]
        turned = np.moveaxis(value, 0, -1).T
        for other in candidates:
            for mine in (value, turned):
                if mine.shape == other.shape and close(mine, other):
                    return True
        return False

    # ── words ──

    def _corrected(self, line: Line, assign: str, code: ast.Code) -> str:
        return f"{line.target} {assign} {text(code)}"

    def _written(self, share: Share, assign: str) -> list[str]:
        """A share as the tool writes it, in the file's layout."""
        layout = self.sheet.layout
        return [
            f"{DL}{row.target}{region_text(row.region, layout)} {assign} "
            f"{row.contribution.formula(self.steps[row.eq - 1], layout)}"
            for row in share.rows
        ]

    def _assign(self, line: Line) -> Span:
        """Where a line's `=` or `+=` stands."""
        source = self.sheet.source
        first = min(at for _, _, at in line.node.value)
        symbol = line.node.assign
        at = source.text.rfind(symbol, line.node.name.at, first + 1)
        return Span(source, at, at + len(symbol))

    def _verdict(
        self,
        line: Line,
        kind: str,
        message: str,
        expected: str | None,
        culprit: Span | None,
        shares: Sequence[Share],
    ) -> Verdict:
        rule = None
        if shares:
            share = shares[0]
            step = self.steps[share.eq - 1]
            formulas = tuple(formula for formula in self._written(share, share.rows[0].assign))
            rule = Rule(share.eq, step.text, formulas, step.call.op.cite)
        return Verdict(
            line.number,
            line.target,
            WRONG,
            self.place(line),
            line.name is None,
            kind,
            expected,
            message,
            culprit,
            rule,
        )


def _likely(goals: Sequence[Goal], lines: int) -> list[int]:
    """The goals that leave nothing over: all that is left for one line, one contribution for each
    of several.
    """
    singles = [i for i, goal in enumerate(goals) if len(goal.shares) == 1]
    if lines == 1:
        most = max(len(goal.shares) for goal in goals)
        return [i for i, goal in enumerate(goals) if len(goal.shares) == most]
    return singles if lines == len(singles) else list(range(len(goals)))


def _trivial(lowered: Lowered, line: Line) -> bool:
    """Whether an expression uses the very derivative that it should give."""
    return lowered.uses(DL + (line.name or ""))
