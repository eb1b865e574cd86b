"""What exact evaluation makes of the account: it confirms, corrects or leaves what numbers found.

A line that is proven is right, also where rounding hides it; one that is refuted is wrong, also
where the difference is less than rounding. Where exact evaluation decides nothing, numbers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from gradcli.check.derivation.exact import Exact
from gradcli.check.derivation.ledger import HIDDEN, NOTHING_BEFORE, RIGHT, UNMATCHED, ZERO, Entry
from gradcli.check.derivation.totals import Account
from gradcli.proof.verdict import PROVEN, REFUTED, Proof, undecided

DIVIDED = "the lines divide a contribution between them"
STARTS = "it sets out from 0"
ADDS_UP = "what is wrong is how it adds up"
MOST_JOINT = 5  # lines that may divide contributions between them
NOTHING = "nothing to compare it with"


class Proven:
    """The proofs on the lines of a sheet, by their places."""

    def __init__(self, exact: Exact) -> None:
        self.exact = exact
        self.proofs: dict[int, Proof] = {}

    def settle(self, name: str, account: Account) -> None:
        """Hold a derivative's account, as numbers settled it, against exact values."""
        if not self.exact.germs or not account.ledger.shares:
            return
        entries = account.entries
        total = self.exact.total(name, list(entries.items()))
        if total.verdict == PROVEN:
            if any(entry.status in (UNMATCHED, HIDDEN) for entry in entries.values()):
                account.share_all(RIGHT)
            self.proofs |= dict.fromkeys(entries, total)
            return
        if total.verdict == REFUTED and account.settled:
            account.match_anew()
        divided = self._divided(name, account)
        for place, entry in entries.items():
            self.proofs[place] = divided.get(place) or self._line(place, name, entry, account)
        self._jointly(name, account)

    def _line(self, place: int, name: str, entry: Entry, account: Account) -> Proof:
        if entry.status == ZERO:
            return undecided(STARTS)
        if entry.status == UNMATCHED:
            return self._found([place], name, account) or undecided(NOTHING)
        others = [e for e in account.entries.values() if e is not entry]
        if any(set(e.shares) & set(entry.shares) for e in others):
            return undecided(DIVIDED)
        proof = self.exact.holds([place], name, entry, entry.shares)
        if proof.verdict == REFUTED and account.ledger.arriving is not None:
            whole = self.exact.holds([place], name, entry, entry.shares, arriving=True)
            proof = whole if whole.verdict == PROVEN else proof
        if proof.verdict == PROVEN and entry.status == HIDDEN:
            entry.status = NOTHING_BEFORE if entry.opens else RIGHT
        elif proof.verdict == REFUTED and entry.status in (RIGHT, NOTHING_BEFORE, HIDDEN):
            account.ledger.release(entry)
            return self._found([place], name, account) or proof
        return proof

    def _divided(self, name: str, account: Account) -> dict[int, Proof]:
        """The proofs on lines that, by numbers, divide contributions between them; those that are
        refuted hold nothing.
        """
        groups: dict[tuple[int, ...], list[int]] = {}
        for place, entry in account.entries.items():
            restates = entry.assign == "=" and entry.before
            if entry.status in (RIGHT, NOTHING_BEFORE) and entry.shares and not restates:
                groups.setdefault(entry.shares, []).append(place)
        found: dict[int, Proof] = {}
        for shares, places in groups.items():
            if len(places) == 1:
                continue
            proof = self.exact.holds(places, name, account.entries[places[0]], shares)
            if proof.verdict == PROVEN:
                found |= dict.fromkeys(places, proof)
            elif proof.verdict == REFUTED:
                for place in places:
                    account.ledger.release(account.entries[place])
        return found

    def _found(self, places: Sequence[int], name: str, account: Account) -> Proof | None:
        """The proof that lines are together the sum of contributions that no other line holds."""
        entries = [account.entries[place] for place in places]
        free = account.ledger.available(entries[0].box)
        found = self.exact.find(places, name, entries[0], free)
        if found is None:
            return None
        account.ledger.take(entries[0], found[0])
        for entry in entries:
            entry.shares = found[0]
            entry.status = NOTHING_BEFORE if entry.opens else RIGHT
        return found[1]

    def _jointly(self, name: str, account: Account) -> None:
        """Lines that divide contributions between them, where rounding hides that."""
        left = [place for place in account.unmatched() if account.entries[place].value is not None]
        for count in range(2, len(left) + 1) if len(left) <= MOST_JOINT else ():
            for group in combinations(left, count):
                entries = [account.entries[place] for place in group]
                if len({str(e.box) for e in entries}) > 1 or any(e.shares for e in entries):
                    continue
                proof = self._found(group, name, account)
                if proof is not None:
                    self.proofs |= dict.fromkeys(group, proof)

    def of_wrong(self, place: int, name: str, account: Account) -> Proof:
        """The proof on a line that is wrong: against what it is taken for."""
        entry = account.entries[place]
        known = self.proofs.get(place)
        if known is not None and known.verdict == REFUTED:
            return known
        if not self.exact.germs:
            return undecided(self.exact.reason)
        if not entry.shares:
            return undecided(NOTHING)
        proof = self.exact.holds([place], name, entry, entry.shares)
        return undecided(ADDS_UP) if proof.verdict == PROVEN else proof

    def of(self, place: int) -> Proof:
        """The proof on any other line."""
        reason = NOTHING if self.exact.germs else self.exact.reason
        return self.proofs.get(place, undecided(reason))
