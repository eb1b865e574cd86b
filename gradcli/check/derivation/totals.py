"""`=` and `+=`: which contributions of the truth a person's lines for one derivative hold.

A line is right if it equals the sum of some of the derivative's shares, whichever they are, and
none of them is counted twice; where the lines together give the total, it is no matter how they
divide it.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from itertools import combinations

import numpy as np

from gradcli.check.derivation.agreement import AGREE, DIFFER, compare, largest
from gradcli.check.derivation.ledger import (
    EVERYWHERE,
    HIDDEN,
    LEAD,
    MOST_TRIED,
    NOTHING_BEFORE,
    OVERWRITES,
    RIGHT,
    UNMATCHED,
    ZERO,
    Entry,
    Ledger,
)
from gradcli.ops.core import Array

SMALL = 1e-6  # relative to its total, a line that is looked at by itself
MOST_ALIKE = 8  # shares of which every pair is compared


class Account:
    """One derivative's ledger, and the entries that lines have in it, by the lines' places.

    always: whether a first `+=` is fine.
    """

    def __init__(self, ledger: Ledger, always: bool) -> None:
        self.ledger = ledger
        self.always = always
        self.entries: dict[int, Entry] = {}
        self.settled = False  # whether the lines together give the total
        self.open = False  # whether rounding hides if the lines together give the total

    def copy(self) -> Account:
        """The same in a state of its own."""
        found = copy(self)
        found.ledger = copy(self.ledger)
        found.ledger.left = [mask.copy() for mask in self.ledger.left]
        found.ledger.free = self.ledger.free.copy()
        found.entries = {place: copy(entry) for place, entry in self.entries.items()}
        return found

    def settle(self) -> None:
        entries = list(self.entries.values())
        self.settled = self._together(entries)
        if not self.settled:
            self._match(entries)

    def match_anew(self) -> None:
        """Match line by line after all, where the total is not right."""
        for entry in self.entries.values():
            self.ledger.release(entry)
        self.settled = False
        self._match(list(self.entries.values()))

    def unmatched(self) -> list[int]:
        return [place for place, entry in self.entries.items() if entry.status == UNMATCHED]

    def share_all(self, status: str) -> None:
        """Say of all lines together that they hold all shares."""
        for entry in self.entries.values():
            entry.status = NOTHING_BEFORE if entry.opens else status
            entry.shares = tuple(range(len(self.ledger.shares)))
        self.ledger.take_all()

    # ── all lines together ──

    def _together(self, entries: Sequence[Entry]) -> bool:
        """Whether the lines, carried out in order, give the total; each is then right."""
        ledger = self.ledger
        if any(entry.value is None for entry in entries):
            return False
        if not np.isfinite(ledger.total[0]).any():
            self.share_all(HIDDEN)
            return True
        running = np.zeros_like(ledger.total) if ledger.arriving is None else ledger.arriving.copy()
        written = np.full(ledger.total.shape[2:], ledger.arriving is not None)
        for entry in entries:
            assert entry.value is not None
            if entry.assign == "+=":
                entry.opens = not (written[entry.box].any() or self.always or entry.begins)
                running[(*LEAD, *entry.box)] += entry.value
            else:
                running[(*LEAD, *entry.box)] = entry.value
            written[entry.box] = True
        parts = [ledger.part(k, EVERYWHERE) for k in range(len(ledger.shares))]
        state = compare(running, ledger.total, ledger.extent, parts).state
        self.open = state not in (AGREE, DIFFER)
        if state != AGREE:
            return False
        # In a total that is right, a line too small to be seen in it may yet be wrong.
        every = range(len(ledger.shares))
        for entry in entries if len(every) > 1 else ():
            assert entry.value is not None
            small = np.all(largest([entry.value]) < SMALL * ledger.size)
            if small and np.any(entry.value) and ledger.find(entry, entry.value, every) is None:
                return False
        self.share_all(RIGHT)
        return True

    # ── line by line ──

    def _match(self, entries: Sequence[Entry]) -> None:
        """Find each line's shares, in order; what fits none stays unmatched."""
        ledger = self.ledger
        written = np.full(ledger.total.shape[2:], ledger.arriving is not None)
        doubtful = self._doubtful(entries)
        for entry in entries:
            entry.before = bool(written[entry.box].any())
            adds = entry.assign == "+=" and not entry.before
            entry.opens = adds and not self.always and not entry.begins
            if entry.value is not None and entry not in doubtful:
                self._match_one(entry, entries)
            if entry.status != ZERO:
                written[entry.box] = True
        self._match_jointly([e for e in entries if e.status == UNMATCHED and e.value is not None])
        for entry in entries:
            if entry.status == UNMATCHED and entry.value is not None:
                self._leave_open(entry, entry.value)

    def _leave_open(self, entry: Entry, value: Array) -> None:
        """Say that rounding hides what a line holds, where it may hold what is left for it."""
        ledger = self.ledger
        free = ledger.available(entry.box)
        found: Sequence[int] | None = free if self.open and free else None
        if found is None and np.isfinite(value[0]).all():
            found = ledger.find(entry, value, hidden=True)
        elif found is None:
            choices = [*((k,) for k in free[:MOST_TRIED]), tuple(free)]
            found = next(
                (c for c in choices if c and ledger.state(entry, value, c) != DIFFER), None
            )
        if found is not None:
            entry.status = HIDDEN
            ledger.take(entry, found)

    def _doubtful(self, entries: Sequence[Entry]) -> list[Entry]:
        """Lines that hold what another line holds too, the other in its own place.

        With a line for every share, and the lines in the order of the shares, or in reverse, the
        line in a share's own place holds it.
        """
        ledger = self.ledger
        n = len(entries)
        if n != len(ledger.shares) or not ledger.whole or any(e.box != EVERYWHERE for e in entries):
            return []
        claims = [
            ledger.find(entry, entry.value) if entry.value is not None else None
            for entry in entries
        ]
        singles = [claim[0] if claim is not None and len(claim) == 1 else None for claim in claims]
        if any(
            compare(s.value, t.value, s.extent).state != DIFFER
            for s, t in combinations(ledger.shares[:MOST_ALIKE], 2)
        ):
            return []  # equal shares: which of them a line holds is no matter
        for order in (range(n), range(n - 1, -1, -1)):
            if sum(a == b for a, b in zip(singles, order, strict=True)) * 2 > n:
                placed = set(zip(singles, order, strict=True))
                return [
                    entry
                    for entry, single, own in zip(entries, singles, order, strict=True)
                    if single not in (None, own) and (single, single) in placed
                ]
        return []

    def _match_one(self, entry: Entry, entries: Sequence[Entry]) -> None:
        ledger = self.ledger
        assert entry.value is not None
        if entry.assign == "=" and entry.before and self._match_whole(entry, entries):
            return
        found = ledger.find(entry, entry.value)
        if found is None:
            if entry.blank and not np.any(entry.value):
                entry.status = ZERO
            return
        ledger.take(entry, found)
        entry.status = RIGHT
        if entry.assign == "=" and entry.before:
            lost = ledger.arriving is not None or bool(ledger.remaining())
            if lost or any(e.shares for e in entries if e is not entry):
                entry.status = OVERWRITES

    def _match_whole(self, entry: Entry, entries: Sequence[Entry]) -> bool:
        """A second `=` that states again what stands already, and more: nothing is lost."""
        ledger = self.ledger
        assert entry.value is not None
        value = entry.value
        if ledger.arriving is not None:
            value = value - ledger.arriving[(*LEAD, *entry.box)]
        earlier = [e for e in entries if e.shares and e is not entry]
        if not earlier and ledger.arriving is None:
            return False
        held = sorted({k for e in earlier for k in e.shares})
        stated = sum((ledger.part(k, entry.box) for k in held), np.zeros_like(value))
        if compare(value, stated, ledger.extent).state != AGREE:
            found = ledger.find(entry, value - stated)
            if found is None:
                return False
            ledger.take(entry, found)
        else:
            entry.shares = ()
        entry.shares = (*held, *entry.shares)
        entry.status = RIGHT
        return True

    def _match_jointly(self, entries: list[Entry]) -> None:
        """Lines that divide a share between them: right together."""
        ledger = self.ledger
        for count in range(2, min(len(entries), 6) + 1):
            for group in combinations(entries, count):
                boxes = {str(entry.box) for entry in group}
                if len(boxes) > 1 or any(e.status != UNMATCHED for e in group):
                    continue
                values = [entry.value for entry in group if entry.value is not None]
                found = ledger.find(group[0], sum(values[1:], values[0]))
                if found is None:
                    continue
                for entry in group:
                    entry.status = RIGHT
                    entry.shares = found
                ledger.take(group[0], found)
