"""A person's own derivation against the model: which lines are right, and what is wrong with the
others.

Every line is computed from the correct values of all that it uses, so that one mistake does not
spread. `expected` has the truth, `lines` reads the file, `agreement` compares, `accounts` says what
each line holds, `blame` what is wrong with one, `unblamed` what else there is to say; here they
come together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from gradcli.check.derivation.accounts import Accounts
from gradcli.check.derivation.agreement import vanishing
from gradcli.check.derivation.blame import Blame
from gradcli.check.derivation.causes import EFFORT, Cause, Causes
from gradcli.check.derivation.cost import costs
from gradcli.check.derivation.credit import credit
from gradcli.check.derivation.edits import UNKNOWN, addends
from gradcli.check.derivation.expected import Points, Share, evaluate
from gradcli.check.derivation.findings import RIGHT, WRONG, Report, Verdict
from gradcli.check.derivation.iterations import merged
from gradcli.check.derivation.ledger import NOTHING_BEFORE
from gradcli.check.derivation.ledger import RIGHT as HELD
from gradcli.check.derivation.machine import DL
from gradcli.check.derivation.owed import Progress, missing
from gradcli.check.derivation.own import OwnLines
from gradcli.check.derivation.resized import Elsewhere, Sizes, Tried, at_sizes
from gradcli.check.derivation.sheet import Sheet
from gradcli.check.derivation.totals import Account
from gradcli.check.derivation.unblamed import Unblamed, unread
from gradcli.check.elsewhere import together
from gradcli.errors import GradError, GradErrors, Span
from gradcli.ops.core import Array
from gradcli.program import Program, Step
from gradcli.proof.verdict import undecided
from gradcli.syntax import Parsed, ast
from gradcli.syntax.mistakes.place import HOLDS
from gradcli.transform.reify import Row
from gradcli.transform.reverse import region_text, resolve_wrt

MOST_OWN = 40  # own lines, of those that a wrong line builds on, that are looked into
MOST_DIVIDED = 4  # lines that divide contributions between them
OWN_NAME = "a name of one's own, which the lines that use it judge"
MANY = 3  # wrong lines, and how many times fewer there must be in the other layout


def check(
    parsed: Parsed,
    program: Program,
    data: Mapping[str, Array],
    *,
    seed: int = 0,
    wrt: Sequence[str] = (),
    layout: str | None = None,
    complete: bool = False,
    cost: bool = False,
    max_elements: int = 10**8,
    points: Points | None = None,
    others: Sizes | None = None,
    effort: int = EFFORT,
) -> Report:
    """The verdict on every line of a derivation file.

    wrt: the names whose gradients are wanted; none for every input and param.
    layout: in which the report shows what the tool writes; None for the file's own.
    complete: whether every wanted gradient must be there. cost: whether operations are counted.
    points: the truth, where it is computed already; the seed is then of no use.
    effort: how many changed lines are computed for the wrong ones, about.
    others: the model at other sizes, at which the right lines are tried too.
    Raises GradError or GradErrors where the file can't be read on this model.
    """
    length = sum(len(n.value) for n in parsed.statements if isinstance(n, ast.BackwardLine))
    points = points or evaluate(program, data, seed, length)
    sheet = _sheet(parsed, points, max_elements)
    if not (sheet.lines or sheet.written.unread or sheet.written.blanks):
        raise GradError(
            "there is no line in this derivation",
            Span(parsed.source, 1, 1),
            HOLDS[True],
            kind="empty-file",
        )
    review = Review(
        sheet, resolve_wrt(program, wrt), complete, layout or sheet.layout, cost, effort
    )
    if others is not None:
        review.causes.elsewhere = partial(_elsewhere, review, others)
    report = review.report()
    if sheet.written.unread and not report.judged:
        raise GradErrors(sheet.written.unread)
    report = report._replace(reread=_reread(review, report, parsed, max_elements))

    def judged(there: Elsewhere) -> Mapping[int, Tried]:
        """What the lines are at other sizes: by exact values, and else by numbers too."""
        try:
            found = Accounts(review.again(there.points)).exactly()
            if found is None:
                sheet = review.again(there.numbers)
                found = Accounts(sheet).tried()
                unsure = review.mended_in(sheet)
                found = {at: one for at, one in found.items() if one.right or at not in unsure}
        except (GradError, GradErrors):
            return {}
        return found

    return at_sizes(report, program, others, judged) if others else report


def _sheet(parsed: Parsed, points: Points, max_elements: int) -> Sheet:
    """A derivation on its model. A derivative that is given, to which the model adds, and that no
    line states, may be what is given alone: `dC = dL/dC_t + …` then makes it whole under a name of
    the person's own. It is, unless fewer lines are right so.
    """
    sheet = Sheet(parsed, points, max_elements)
    added = {
        found
        for line in sheet.lines
        for term, _ in addends(line.code)
        if len(term) == 1 and term[0][0] == "derivative"
        for found in term[0][1:2]
    }
    stated = {line.name for line in sheet.lines}
    before = (added & points.shares.keys() & points.arriving.keys()) - stated
    if not before:
        return sheet
    other = Sheet(parsed, points, max_elements, frozenset(before))
    wrong, less = (Accounts(each).wrong_at_first() for each in (sheet, other))
    return other if wrong and less <= wrong else sheet


def _elsewhere(review: Review, others: Sizes) -> Sheet | None:
    """The derivation at other sizes of its model, as it is mended so far."""
    try:
        found = together(review.points.program, others.at)
        return found and review.again(found[1].numbers)
    except (GradError, GradErrors):
        return None


def _reread(review: Review, report: Report, parsed: Parsed, max_elements: int) -> str | None:
    """The other layout, where a file with many wrong lines would have few in it."""
    wrong = len(report.wrong)
    if wrong < MANY:
        return None
    other = _other_layout(parsed, review.sheet.layout)
    sheet = Sheet(other, review.points, max_elements, review.sheet.before)
    again = Accounts(sheet).wrong_at_first()
    return sheet.layout if again * MANY <= wrong else None


def _other_layout(parsed: Parsed, layout: str) -> Parsed:
    other = "denominator" if layout == "numerator" else "numerator"
    lines = [node for node in parsed.statements if not isinstance(node, ast.Layout)]
    return parsed._replace(statements=(ast.Layout(ast.Name(other, (1, 1))), *lines))


class Review:
    """One derivation under review."""

    def __init__(
        self,
        sheet: Sheet,
        wanted: Sequence[str],
        complete: bool,
        layout: str,
        cost: bool = False,
        effort: int = EFFORT,
    ) -> None:
        self.sheet = sheet
        self.points = sheet.points
        self.complete = complete
        self.layout = layout
        self.accounts = Accounts(sheet)
        self.proven = self.accounts.proven
        sizes = self.points.program.sizes
        self.cost = costs(sheet.lines, self.points.arriving, sizes) if cost else None
        self.may_state = sheet.written.may_state
        self.mentioned = {line.name for line in sheet.lines if line.name is not None}
        self.mentioned |= set(filter(self.may_state, self.points.program.shapes))
        self.progress = Progress(self.points, wanted, self.mentioned, complete)
        self.causes = Causes(sheet, self.proven.exact, self.progress, effort)
        self.own = OwnLines(self.causes)
        self.blame = Blame(sheet, layout, self.causes)
        self.unblamed = Unblamed(sheet, self.proven)
        self.verdicts: dict[int, Verdict] = {}
        self.mended: dict[int, ast.Code] = {}  # what own lines should be, by where they begin

    def report(self) -> Report:
        accounts = self._settled()
        for account in accounts.values():
            self._judge(account)
        standing = self.progress.at(_held(accounts))
        remaining = {
            name: [account.ledger.shares[k] for k in account.ledger.remaining()]
            for name, account in accounts.items()
        }
        for name, account in accounts.items():
            if not self.may_state(name):
                self._close(account, [share for share in remaining[name] if standing.owes(share)])
        found = {
            place: self.verdicts.get(place) or self.unblamed.derivative(place, accounts[line.name])
            for place, line in enumerate(self.sheet.lines)
            if line.name is not None
        }
        judged = {place for place, verdict in found.items() if verdict.verdict in (RIGHT, WRONG)}
        verdicts = [
            found.get(place) or self.verdicts.get(place) or self.unblamed.own(place, judged)
            for place in range(len(self.sheet.lines))
        ]
        verdicts = [self._with_proof(i, verdict, accounts) for i, verdict in enumerate(verdicts)]
        total = None
        if self.cost is not None:
            total, each = self.cost
            verdicts = [v._replace(flops=n) for v, n in zip(verdicts, each, strict=True)]
        lines = merged(self.sheet.lines, verdicts, self.points.program.sizes)
        lines += self._blanks(remaining)
        lines += [unread(error) for error in self.sheet.written.unread if error.span is not None]
        lines.sort(key=lambda line: line.line)
        program = self.points.program
        lacks = missing(
            self.progress,
            standing,
            remaining,
            lambda row: row.contribution.shown(program.steps[row.eq - 1], self.layout)[1],
            lambda row: self._target(row, program.steps[row.eq - 1]),
        )
        return Report(
            program.source.name,
            self.sheet.source.name,
            self.layout,
            tuple(lines),
            tuple(lacks),
            self.complete,
            standing.reach,
            len(program.steps),
            None,
            tuple(credit(accounts.values(), self.sheet.lines, verdicts)),
            frozenset(self.mentioned),
            total,
        )

    def _target(self, row: Row, step: Step) -> str:
        """What a contribution is stated of, as it is written."""
        rows, _ = row.contribution.shown(step, self.layout)
        return DL + row.target + (rows or region_text(row.region, self.layout))

    def _settled(self) -> dict[str, Account]:
        """The accounts, once the mistakes in the person's own names are mended."""
        while True:
            accounts = self.accounts.settled()
            self.causes.held = _held(accounts)
            if not self._mend(accounts):
                return accounts

    def _mend(self, accounts: Mapping[str, Account]) -> bool:
        """Mend one own line on which only wrong lines build, if one mends them; it is then
        wrong.
        """
        unmatched = {place for account in accounts.values() for place in account.unmatched()}
        users: dict[int, list[int]] = {}
        for place in self.sheet.bases(sorted(unmatched), MOST_OWN):
            if place in self.verdicts:
                continue
            found = [p for p in self.sheet.dependents(place) if self._tells(p, accounts)]
            users[place] = found if unmatched.issuperset(found) else []
        suspected: dict[int, Cause] = {}  # the first one that is known, behind those that are not
        for place in self.own.order(list(users), users):
            if suspected and all(users[place] != users[other] for other in suspected):
                continue
            cause = self.own.cause(place, users[place], accounts)
            if cause is not None:
                suspected[place] = cause
                if cause.finding.kind != UNKNOWN:
                    break
        if not suspected:
            return False
        place, cause = min(suspected.items(), key=lambda item: item[1].finding.kind == UNKNOWN)
        ledger = accounts[self.sheet.lines[users[place][0]].name or ""].ledger
        self.verdicts[place] = self.blame.caused(self.sheet.lines[place], cause, ledger)
        self.sheet.amend(place, cause.finding.code)
        self.mended[self.sheet.lines[place].node.name.place[0]] = cause.finding.code
        return True

    def again(self, points: Points) -> Sheet:
        """The derivation on other points, its own names mended as they are here."""
        most, before = self.sheet.machine.text.max_elements, self.sheet.before
        sheet = Sheet(self.sheet.parsed, points, most, before)
        for place, line in enumerate(sheet.lines):
            code = self.mended.get(line.node.name.place[0])
            if code is not None and not line.node.indices:
                sheet.amend(place, code)
        return sheet

    def mended_in(self, sheet: Sheet) -> set[int]:
        """Where the lines begin that build on what was mended: elsewhere it may be no mending."""
        begins = [line.node.name.place[0] for line in sheet.lines]
        places = [place for place, begin in enumerate(begins) if begin in self.mended]
        return {begins[user] for place in places for user in sheet.dependents(place)}

    def _tells(self, place: int, accounts: Mapping[str, Account]) -> bool:
        """Whether a line states a derivative, and one that is not 0 whatever it is made from."""
        name = self.sheet.lines[place].name
        return name is not None and not accounts[name].entries[place].cancels()

    def _judge(self, account: Account) -> None:
        self._judge_divided(account)
        for place in account.entries:
            if place not in self.verdicts:
                verdict = self.blame.line(place, account)
                if verdict is not None:
                    self.verdicts[place] = verdict

    def _judge_divided(self, account: Account) -> None:
        """More wrong lines than contributions: they may divide them, and one of them be wrong."""
        places = account.unmatched()
        if not len(account.ledger.remaining()) < len(places) <= MOST_DIVIDED:
            return
        found = self.causes.of_divided(places, account)
        if found is None:
            return
        wrong, cause = found
        line = self.sheet.lines[wrong]
        self.verdicts[wrong] = self.blame.caused(line, cause, account.ledger)
        for place in places:
            account.entries[place].status = HELD
            account.ledger.take(account.entries[place], cause.shares)

    def _close(self, account: Account, owed: Sequence[Share]) -> None:
        """What the lines of a total leave out is wrong at its last line; a first `+=` is then
        explained. A contribution that is always 0 may be left out.
        """
        owed = [share for share in owed if not vanishing(share.value).all()]
        places = list(account.entries)
        for place, entry in account.entries.items():
            if (
                (entry.status == NOTHING_BEFORE or entry.opens)
                and not owed
                and place not in self.verdicts
            ):
                self.verdicts[place] = self.blame.nothing_before(place)
        if owed and places:
            self.verdicts[places[-1]] = self.blame.lacks(
                places[-1], owed, self.verdicts.get(places[-1])
            )

    def _blanks(self, remaining: Mapping[str, Sequence[Share]]) -> Iterator[Verdict]:
        """The verdicts on the lines that are not answered yet, each with the rule it asks for."""
        taken: Counter[str] = Counter()
        for node in self.sheet.written.blanks:
            verdict = self.unblamed.blank(node)
            name = verdict.target.removeprefix(DL)
            shares = remaining.get(name, self.points.shares.get(name, ()))
            if taken[name] < len(shares):
                verdict = verdict._replace(rule=self.blame.rule(shares[taken[name]]))
            taken[name] += 1
            yield verdict

    def _with_proof(self, place: int, verdict: Verdict, accounts: Mapping[str, Account]) -> Verdict:
        name = self.sheet.lines[place].name
        if name is None:
            return verdict._replace(proof=undecided(OWN_NAME))
        if verdict.verdict != WRONG:
            return verdict._replace(proof=self.proven.of(place))
        proof = self.proven.of_wrong(place, name, accounts[name])
        if proof.witness is not None and self.layout == "numerator":
            proof = proof._replace(witness=proof.witness.turned())
        return verdict._replace(proof=proof)


def _held(accounts: Mapping[str, Account]) -> set[int]:
    """The positions of the shares that lines hold."""
    return {
        account.ledger.shares[k].position
        for account in accounts.values()
        for entry in account.entries.values()
        for k in entry.shares
    }
