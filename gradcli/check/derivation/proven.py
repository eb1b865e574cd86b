"""What exact evaluation makes of the account: it confirms, corrects or leaves what numbers found.

A line that is proven is right, also where rounding hides it; one that is refuted is wrong, also
where the difference is less than rounding. Where exact evaluation decides nothing, numbers do.
"""

from __future__ import annotations

from gradcli.check.derivation.exact import Exact
from gradcli.check.derivation.ledger import HIDDEN, NOTHING_BEFORE, RIGHT, UNMATCHED, ZERO, Entry
from gradcli.check.derivation.totals import Account
from gradcli.proof.verdict import PROVEN, REFUTED, Proof, undecided

DIVIDED = "the lines divide a contribution between them"
STARTS = "it sets out from 0"
ADDS_UP = "what is wrong is how it adds up"
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
        for place, entry in entries.items():
            self.proofs[place] = self._line(place, name, entry, account)

    def _line(self, place: int, name: str, entry: Entry, account: Account) -> Proof:
        if entry.status == ZERO:
            return undecided(STARTS)
        if entry.status == UNMATCHED:
            found = self.exact.find(place, name, entry, account.ledger.available(entry.box))
            if found is None:
                return undecided(NOTHING)
            account.ledger.take(entry, found[0])
            entry.status = NOTHING_BEFORE if entry.opens else RIGHT
            return found[1]
        others = [e for e in account.entries.values() if e is not entry]
        if any(set(e.shares) & set(entry.shares) for e in others):
            return undecided(DIVIDED)
        proof = self.exact.holds(place, name, entry, entry.shares)
        if proof.verdict == REFUTED and account.ledger.arriving is not None:
            whole = self.exact.holds(place, name, entry, entry.shares, arriving=True)
            proof = whole if whole.verdict == PROVEN else proof
        if proof.verdict == PROVEN and entry.status == HIDDEN:
            entry.status = NOTHING_BEFORE if entry.opens else RIGHT
        elif proof.verdict == REFUTED and entry.status in (RIGHT, NOTHING_BEFORE):
            account.ledger.release(entry)
        return proof

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
        proof = self.exact.holds(place, name, entry, entry.shares)
        return undecided(ADDS_UP) if proof.verdict == PROVEN else proof

    def of(self, place: int) -> Proof:
        """The proof on any other line."""
        reason = NOTHING if self.exact.germs else self.exact.reason
        return self.proofs.get(place, undecided(reason))
