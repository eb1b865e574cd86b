"""The accounts of a sheet: for each derivative, what its lines write and what they hold of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from gradcli.check.derivation.agreement import vanishing
from gradcli.check.derivation.exact import Exact
from gradcli.check.derivation.expected import Share
from gradcli.check.derivation.ledger import (
    HIDDEN,
    NOTHING_BEFORE,
    RIGHT,
    SETS_ROWS,
    ZERO,
    Entry,
    Ledger,
)
from gradcli.check.derivation.line import Line
from gradcli.check.derivation.postfix import text
from gradcli.check.derivation.proven import Proven
from gradcli.check.derivation.resized import Tried
from gradcli.check.derivation.sheet import Sheet
from gradcli.check.derivation.totals import Account
from gradcli.lower.text import Misfit
from gradcli.ops.core import Array
from gradcli.proof.verdict import PROVEN, Proof, weakest
from gradcli.transform.reverse import region_text

# What a line is that holds something, something with `+=` first, nothing; what can't be told.
_HOLDS = {RIGHT: True, NOTHING_BEFORE: True, ZERO: None, HIDDEN: None}
PERFECT = Proof(PROVEN, -math.inf)


class Settled(NamedTuple):
    """An account, and what is proven of its lines, one after the other."""

    account: Account
    proofs: Sequence[Proof | None]


class Accounts:
    """Keeps the accounts of a sheet; they are settled anew after each change of a line."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.points = sheet.points
        lines = [line for line in sheet.lines if line.name is not None]
        self.always = bool(lines) and all(line.node.assign != "=" for line in lines)
        # A loop adds to a derivative: its first `+=` then sets out from 0.
        self.looped = {line.name for line in lines if line.node.indices}
        self.may_state = sheet.written.may_state
        self.proven = Proven(Exact(sheet))
        self.formulas: dict[str, dict[tuple[str, str], Array]] = {}  # the rules', and their values

    def settled(self) -> dict[str, Account]:
        """The accounts of all derivatives that lines state, each line matched with its shares."""
        return {name: self._settled(name, own) for name, own in self._places().items()}

    def _places(self) -> dict[str, list[int]]:
        """The places of the lines of each derivative."""
        places: dict[str, list[int]] = {}
        for place, line in enumerate(self.sheet.lines):
            if line.name is not None:
                places.setdefault(line.name, []).append(place)
        return places

    def _settled(self, name: str, places: Sequence[int]) -> Account:
        """One account, as it has been settled already where it has the same lines."""
        always = self.always or name in self.looped or self.may_state(name)
        exact = bool(self.proven.exact.germs)
        key = ("account", name, always, exact, self._written(places))

        def made() -> Settled:
            for place in places:
                self.proven.proofs.pop(place, None)
            account = self._account(name, places, always)
            proofs = [self.proven.proofs.get(place) for place in places]
            return Settled(account.copy(), proofs)

        account, proofs = self.points.memory.of(key, made, _size)
        account = account.copy()
        account.entries = dict(zip(places, account.entries.values(), strict=True))
        for place, proof in zip(places, proofs, strict=True):
            self.proven.proofs.pop(place, None)
            if proof is not None:
                self.proven.proofs[place] = proof
        return account

    def _account(self, name: str, places: Sequence[int], always: bool) -> Account:
        """An account with some lines in it, settled by numbers and held against exact values."""
        points = self.points

        def ledger() -> Ledger:
            shares: Sequence[Share] = points.shares.get(name, ())
            return Ledger(shares, points.arriving.get(name), points.totals[name])

        account = Account(points.memory.of(("ledger", name), ledger).fresh(), always)
        for place in places:
            account.entries[place] = self._entry(self.sheet.lines[place])
        account.settle()
        self.proven.settle(name, account)
        for place, entry in account.entries.items():
            if self._sets_rows(place) and entry.status in _HOLDS:
                entry.status = SETS_ROWS
        return account

    def _sets_rows(self, place: int) -> bool:
        rows = self.sheet.lines[place].rows
        return rows is not None and rows.sets

    def tried(self) -> dict[int, Tried]:
        """Which lines are right, by where each begins; of a loop's iterations all must be."""
        found: dict[int, Tried] = {}
        for account in self.settled().values():
            lacking = [account.ledger.shares[k] for k in account.ledger.remaining()]
            lacks = any(not vanishing(share.value).all() for share in lacking)
            for place, entry in account.entries.items():
                right = _HOLDS.get(entry.status, False)
                last = lacks and place == max(account.entries)
                self._note(found, place, Tried(right, self.proven.of(place), last))
        return found

    def exactly(self) -> dict[int, Tried] | None:
        """The same by exact values alone, where these prove all totals; else None."""
        found: dict[int, Tried] = {}
        for name, places in self._places().items():
            if any(map(self._sets_rows, places)):
                return None
            key = ("exactly", name, self._written(places))
            proof = self.points.memory.of(key, partial(self._total, name, places))
            if proof.verdict != PROVEN:
                return None
            for place in places:
                self._note(found, place, Tried(True, proof, False))
        return found

    def _total(self, name: str, places: Sequence[int]) -> Proof:
        """Whether lines give all of a derivative."""
        lines = [(place, self.sheet.lines[place]) for place in places]
        entries = [(place, Entry(line.assign, line.region, None)) for place, line in lines]
        return self.proven.exact.total(name, entries)

    def _written(self, places: Sequence[int]) -> tuple[tuple[str, str, int], ...]:
        """What some lines do, for the memory."""
        lines = [(self.sheet.lines[place], self.sheet.numbers[place]) for place in places]
        return tuple((line.assign, line.where, n) for line, n in lines)

    def _note(self, found: dict[int, Tried], place: int, one: Tried) -> None:
        """Note what a line is, with what its other iterations are."""
        begin = self.sheet.lines[place].node.name.place[0]
        before = found.get(begin, Tried(True, PERFECT, False))
        right = False if False in (before.right, one.right) else before.right and one.right
        proof = weakest([before.proof, one.proof])
        found[begin] = Tried(right, proof, before.lacks or one.lacks)

    def _entry(self, line: Line) -> Entry:
        """What a line writes."""
        lowered = line.lowered
        if isinstance(lowered, Misfit) or not self.sheet.fits(line, lowered):
            return Entry(line.assign, line.region, None, begins=line.rows is not None)
        blank = not lowered.quantities()
        value = self._rules_own(line)
        if value is None:
            value = lowered.value(self.sheet.known, self.sheet.runs)
            value = self.sheet.stated(line, lowered, value)
        return Entry(line.assign, line.region, value, blank, begins=line.rows is not None)

    def _rules_own(self, line: Line) -> Array | None:
        """The value of a line that is a rule's own formula, at its own place: no rounding sets it
        apart from the rule.
        """
        name, layout = line.name or "", self.sheet.layout
        if self.sheet.before:
            return None
        if name not in self.formulas:
            steps = self.points.program.steps
            self.formulas[name] = {
                (
                    region_text(row.region, layout),
                    row.contribution.formula(steps[row.eq - 1], layout),
                ): share.value
                for share in self.points.shares.get(name, ())
                for row in share.rows
                if len(share.rows) == 1
            }
        return self.formulas[name].get((region_text(line.region, layout), text(line.code)))

    def wrong_at_first(self) -> int:
        """How many lines hold no contribution, before anything is asked of them."""
        return sum(len(account.unmatched()) for account in self.settled().values())


def _size(settled: Settled) -> int:
    """How many numbers a settled account keeps."""
    entries = settled.account.entries.values()
    return sum(entry.value.size for entry in entries if entry.value is not None)
