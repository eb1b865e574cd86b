"""What is said of a line that is not right: its verdict, with the diagnosis and the rule."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradcli.check.derivation import edits
from gradcli.check.derivation.causes import MOST_SEARCHED, Cause, Causes
from gradcli.check.derivation.expected import Share
from gradcli.check.derivation.findings import WRONG, Rule, Values, Verdict
from gradcli.check.derivation.goals import goals_of
from gradcli.check.derivation.ledger import OVERWRITES, SETS_ROWS, UNMATCHED, Entry, Ledger
from gradcli.check.derivation.line import Line
from gradcli.check.derivation.machine import DL
from gradcli.check.derivation.paths import left_out
from gradcli.check.derivation.pools import added, expected_codes
from gradcli.check.derivation.postfix import parse, plain, span, text
from gradcli.check.derivation.rows import rows_of
from gradcli.check.derivation.sheet import Sheet
from gradcli.check.derivation.totals import Account
from gradcli.check.derivation.unroll import lettered
from gradcli.check.derivation.wording import in_their_words, phrased, without
from gradcli.errors import Span
from gradcli.lower.text import Misfit
from gradcli.sizes import spell
from gradcli.syntax import ast
from gradcli.transform.reverse import region_text

NOTHING = "nothing-to-accumulate"
TWICE = "counted-twice"
UNKNOWN = "unknown"
MEMBER = re.compile(r"[^\W\d]\w*\[[\d, ]+\]")  # h[3], of a family or an array
MOST_NAMED = 4  # contributions that a total lacks


class Blame:
    """Puts what is wrong with the lines of a sheet into words. layout: in which values are
    shown.
    """

    def __init__(self, sheet: Sheet, layout: str, causes: Causes) -> None:
        self.sheet = sheet
        self.layout = layout
        self.causes = causes
        self.steps = sheet.program.steps

    def line(self, place: int, account: Account) -> Verdict | None:
        """The verdict on a line whose entry is wrong, None for one that is right by itself."""
        entry, ledger = account.entries[place], account.ledger
        line = self.sheet.lines[place]
        if entry.status in (OVERWRITES, SETS_ROWS):
            return self._overwrites(line, entry, ledger)
        if entry.status != UNMATCHED:
            return None
        cause = self.causes.of_line(place, account)
        if cause is not None:
            ledger.take(entry, cause.shares)
            verdict = self.caused(line, cause, ledger, entry.belongs())
            return self._and_assigned(verdict, line, entry, ledger)
        return (
            self._repeated(line, place, account)
            or self._by_fewer_paths(line, entry, account)
            or self._unknown(line, entry, account)
        )

    def caused(self, line: Line, cause: Cause, ledger: Ledger, assign: str = "") -> Verdict:
        """The verdict on a line whose cause is known."""
        finding = cause.finding
        return self._verdict(
            line,
            finding.kind,
            self._in_letters(line, phrased(self.sheet, finding.note, self.sheet.lines.index(line))),
            self._corrected(line, assign or line.assign, finding.code),
            span(self.sheet.parsed, line.code, finding.start, finding.end),
            [ledger.shares[k] for k in cause.shares],
        )

    def _overwrites(self, line: Line, entry: Entry, ledger: Ledger) -> Verdict:
        return self._verdict(
            line,
            edits.ACCUMULATE,
            self._misassigned(line, "+=", ledger),
            self._corrected(line, "+=", line.code),
            self._assign(line),
            [ledger.shares[k] for k in entry.shares],
        )

    def _misassigned(self, line: Line, belongs: str, ledger: Ledger | None = None) -> str:
        """What is wrong with a line that sets what it should add, or the other way round."""
        target = DL + (line.name or "")
        if line.rows is not None and line.rows.sets:
            return "where the index names a row twice, `=` keeps the last and `+=` adds them up"
        if belongs == "=":
            return f"nothing stands in {target} before this line, so there is nothing to add to"
        if ledger is not None and ledger.arriving is not None:
            return f"{target} is given: that is its first contribution, and `=` overwrites it"
        return f"`=` overwrites what {target} holds from the lines above"

    def _and_assigned(self, verdict: Verdict, line: Line, entry: Entry, ledger: Ledger) -> Verdict:
        """A verdict with the second mistake of its line, where it writes as it should not."""
        sets = line.rows is not None and line.rows.sets
        if entry.belongs() == line.assign and not sets:
            return verdict
        second = self.sheet.spellings.say(self._misassigned(line, entry.belongs(), ledger))
        return verdict._replace(message=f"{verdict.message}; and {second}")

    def nothing_before(self, place: int) -> Verdict:
        line = self.sheet.lines[place]
        return self._verdict(
            line,
            NOTHING,
            self._misassigned(line, "="),
            self._corrected(line, "=", line.code),
            self._assign(line),
            (),
        )

    def lacks(self, place: int, owed: Sequence[Share], verdict: Verdict | None) -> Verdict:
        """The verdict on the last line of a total that lacks contributions."""
        line = self.sheet.lines[place]
        owed = owed[:MOST_NAMED]
        named = ", ".join(f"{s.eq} ({self.steps[s.eq - 1].text})" for s in owed)
        plural = "equations" if len(owed) > 1 else "equation"
        total = self._in_letters(
            line, f"the total of {DL}{line.name} lacks the contribution of {plural} {named}"
        )
        say = self.sheet.spellings.say
        formulas = [formula for share in owed for formula in self._written(share, "+=")]
        codes = [code for share in owed for code in expected_codes(self.sheet, share)]
        whole = line.region is None and all(share.region is None for share in owed)
        codes = [in_their_words(self.sheet, code, place) for code in codes]
        shown = [text(lettered(code, line.node.indices)) for code in codes]
        more = "".join(f" + {code}" for code in shown) if whole else None
        if verdict is not None:
            message = f"{verdict.message}; and {say(total)}"
            mended = verdict.expected and more and verdict.expected + say(more)
            if verdict.diagnosis == UNKNOWN:
                mended = verdict.expected
            return verdict._replace(message=message, expected=mended)
        mended = more and self._corrected(line, line.assign, line.code) + more
        verdict = self._verdict(line, edits.ACCUMULATE, total, mended, None, owed)
        return verdict._replace(add=tuple(map(say, formulas)))

    def _repeated(self, line: Line, place: int, account: Account) -> Verdict | None:
        """A line that holds once more what another one holds."""
        for other, entry in account.entries.items():
            before = self.sheet.lines[other]
            same = before.where == line.where and plain(before.code) == plain(line.code)
            if other < place and entry.shares and same:
                return self._twice(line, f"line {before.number} holds it already")
        return None

    def _twice(self, line: Line, where: str) -> Verdict:
        message = f"this contribution is counted twice: {where}"
        return self._verdict(line, TWICE, message, None, None, ())

    def _by_fewer_paths(self, line: Line, entry: Entry, account: Account) -> Verdict | None:
        """A line for a whole derivative that leaves out what comes on some of the paths to it."""
        ledger = account.ledger
        every = range(len(ledger.shares))
        if entry.value is None or line.region is not None or len(account.entries) > 1:
            return None
        left = left_out(self.sheet.points, line.name or "", entry.value)
        if not left or self.causes.spent:
            return None
        ledger.take(entry, every)
        shares = list(ledger.shares)
        message = without(self.sheet, left)
        expected = self._total(line, shares, line.assign)
        return self._verdict(line, edits.ACCUMULATE, message, expected, None, left)

    def _too_much(self, line: Line, entry: Entry, ledger: Ledger) -> Verdict:
        """The verdict on a line for which no contribution is left."""
        every = range(len(ledger.shares))
        if entry.value is not None and ledger.find(entry, entry.value, every) is not None:
            return self._twice(line, "other lines hold it already")
        message = f"nothing more belongs in {DL}{line.name}"
        if not ledger.shares and ledger.arriving is None:
            message = f"{DL}{line.name} is 0: nothing that is differentiated depends on {line.name}"
        elif not ledger.shares:
            message += ": it is given, and nothing else adds to it"
        else:
            message += ": the other lines hold all its contributions"
        return self._verdict(line, UNKNOWN, message, None, None, ())

    def _unknown(self, line: Line, entry: Entry, account: Account) -> Verdict:
        """Nothing fits: both values, and the formula that is expected."""
        ledger = account.ledger
        goals = goals_of(entry, ledger)
        if not goals:
            return self._too_much(line, entry, ledger)
        goal = goals[self.causes.likely(goals, account)[0]]
        ledger.take(entry, goal.shares)
        shares = [ledger.shares[k] for k in goal.shares]
        expected = self._total(line, shares, entry.belongs())
        kind, culprit = UNKNOWN, None
        message = "the cause is unknown: no small change makes this line right"
        if self.causes.spent:
            message = (
                f"more than {MOST_SEARCHED} lines are wrong: the causes of these were looked for"
            )
        misfit = self._misfit(line)
        if misfit is not None:
            kind, (message, culprit) = edits.SHAPE, misfit
        verdict = self._verdict(line, kind, message, expected, culprit, shares)
        verdict = self._and_assigned(verdict, line, entry, ledger)
        if kind != UNKNOWN:
            return verdict
        shape = self.sheet.expected(line)
        if self.layout != self.sheet.layout:
            shape = shape[::-1]
        first = [None if v is None else v[0, 0] for v in (entry.value, goal.value)]
        found, wanted_value = (
            v.T if v is not None and self.layout == "numerator" else v for v in first
        )
        assert wanted_value is not None
        return verdict._replace(values=Values(found, wanted_value, shape))

    def _misfit(self, line: Line) -> tuple[str, Span | None] | None:
        """What is wrong with the shape of a line, and where; None for one whose shape is right."""
        lowered = line.lowered
        wanted = self.sheet.expected(line)
        if not isinstance(lowered, Misfit) and self.sheet.fits(line, lowered):
            return None
        if line.rows is not None:
            lowered = self.sheet.attempt(line.rows.own(line.code) or line.code, line.sources)
            wanted = line.rows.shape
        if isinstance(lowered, Misfit):
            return lowered.message, lowered.span
        layout = self.sheet.layout
        message = f"this is {spell(lowered.shape)}, but {line.target} is {spell(wanted)}"
        return f"{message} in {layout} layout", None

    # ── words ──

    def _in_letters(self, line: Line, message: str) -> str:
        """A message on a line of a loop, with the loop's letters for an iteration's numbers."""

        def written(found: re.Match[str]) -> str:
            return text(lettered(parse(found[0]), line.node.indices))

        return MEMBER.sub(written, message) if line.node.indices else message

    def _corrected(self, line: Line, assign: str, code: ast.Code) -> str:
        code = in_their_words(self.sheet, code, self.sheet.lines.index(line))
        target = self.sheet.shown(line)
        if not line.own:
            rows, code = self._in_rows(line, code)
            if line.rows is not None or rows:
                target = self._in_letters(line, DL + (line.name or "") + rows)
                sets = line.rows is not None and line.assign == "="  # where none is named twice
                assign = "+=" if rows and not sets else assign
        if [step[:2] for step in code[-2:]] == [("unary", "-")] * 2:
            code = code[:-2]
        if line.node.assign == "-=" and assign == "+=" and code[-1][:2] == ("unary", "-"):
            code, assign = code[:-1], "-="
        written = text(lettered(code, line.node.indices))
        restated = line.node.assign == "=" and assign == line.assign == "+=" and not line.own
        if restated and line.rows is None:
            return f"{target} {line.node.assign} {target} + {written}"
        return f"{target} {assign} {written}"

    def _in_rows(self, line: Line, code: ast.Code) -> tuple[str, ast.Code]:
        """Code for a line as what it adds at an index's rows: the brackets, "" where it adds to all
        or where the person writes the sum over rows out.
        """
        known = [line.rows] if line.rows is not None else []
        written = {argument for operation, argument, _ in line.node.value if operation == "call"}
        for share in self.sheet.points.shares.get(line.name or "", ()):
            for row in share.rows:
                found = rows_of(row, self.steps[row.eq - 1], self.sheet.layout)
                if found is not None and written.isdisjoint(i[1] for i in found.after):
                    known.append(found)
        for rows in known:
            own = rows.own(code)
            if own is not None:
                return rows.brackets, own
        return "", code

    def _written(self, share: Share, assign: str) -> list[str]:
        """A share as the tool writes it, in the file's layout."""
        layout = self.sheet.layout
        found = []
        for row in share.rows:
            rows, formula = row.contribution.shown(self.steps[row.eq - 1], layout)
            where = rows or region_text(row.region, layout)
            found.append(f"{DL}{row.target}{where} {'+=' if rows else assign} {formula}")
        return found

    def _total(self, line: Line, shares: Sequence[Share], assign: str) -> str:
        """Some shares as the tool writes them: in one line where they can stand in one."""
        if len(shares) > 1 and all(share.region is None for share in shares):
            codes = [code for share in shares for code in expected_codes(self.sheet, share)]
            return self._corrected(line, assign, added(codes))
        if len(shares) == 1 and shares[0].region is None and line.region is None:
            return self._corrected(line, assign, expected_codes(self.sheet, shares[0])[0])
        return "\n".join(f for share in shares for f in self._written(share, assign))

    def _assign(self, line: Line) -> Span:
        """Where a line's `=` or `+=` stands."""
        source, symbol = self.sheet.source, line.node.assign
        first, _ = ast.extent(line.node.value)
        at = source.text.rfind(symbol, line.node.name.place[0], first + 1)
        return Span(source, at, at + len(symbol))

    def rule(self, share: Share, line: Line | None = None) -> Rule:
        """The rule that gives a contribution; in the letters of the loop that a line stands in."""
        step = self.steps[share.eq - 1]
        formulas = tuple(self._written(share, share.rows[0].assign))
        rule = Rule(share.eq, step.text, formulas, step.call.op.cite)
        if line is None or not line.node.indices:
            return rule
        equation, *lettered = (self._in_letters(line, t) for t in (step.text, *formulas))
        at = ", ".join(f"{name} = {t}" for name, t in line.node.indices)
        return rule._replace(equation=equation, formulas=tuple(lettered), at=at)

    def _verdict(
        self,
        line: Line,
        kind: str,
        message: str,
        expected: str | None,
        culprit: Span | None,
        shares: Sequence[Share],
    ) -> Verdict:
        rule = self.rule(shares[0], line) if shares else None
        say = self.sheet.spellings.say
        return Verdict(
            line.number, self.sheet.shown(line), WRONG, line.span(self.sheet.source), line.own,
            kind, expected and say(expected), say(message), culprit, rule,
        )  # fmt: skip
