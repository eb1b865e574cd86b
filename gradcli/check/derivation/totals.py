"""`=` and `+=`: which contributions of the truth a person's lines for one derivative hold.

The contributions that the table's rules give are a derivative's shares. A line is right if it
equals the sum of some of them, whichever they are, and none of them is counted twice; where the
lines together give the total, it is no matter how they divide it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, islice

import numpy as np

from gradcli.check.derivation.agreement import (
    AGREE,
    DIFFER,
    compare,
    largest,
    mark,
    sums_to,
    vanishing,
)
from gradcli.check.derivation.expected import Share
from gradcli.ops.core import Array
from gradcli.ops.parts import Region

SMALL = 1e-6  # relative to its total, a line that is looked at by itself
SMALLEST = 1e-290  # a share that a mark counts
MOST_TRIED = 100  # sums of shares that are compared with a line entry by entry
MOST_ALIKE = 8  # shares of which every pair is compared
EVERYWHERE = (slice(None),)
LEAD = (slice(None), slice(None))  # the runs and the points

# What may be said of a line, apart from its formula.
RIGHT = "right"
ZERO = "zero"  # it sets out from 0
OVERWRITES = "overwrites"
NOTHING_BEFORE = "nothing-before"
TWICE = "twice"
UNMATCHED = "unmatched"
HIDDEN = "hidden"  # rounding hides what it holds


class Entry:
    """A line's part in a total: where it writes, how, and what.

    `value` has runs and points in front, and is None where the line has none.
    """

    def __init__(
        self,
        assign: str,
        region: Region | None,
        value: Array | None,
        blank: bool = False,
    ) -> None:
        self.assign = assign
        self.box = _box(region)
        self.value = value
        self.blank = blank  # whether it is made of no quantity
        self.status = UNMATCHED
        self.shares: tuple[int, ...] = ()
        self.before = False  # whether something stands already where it writes
        self.opens = False  # whether it adds to nothing

    def belongs(self) -> str:
        """How it must write, so that nothing is lost and it adds to something."""
        return "=" if self.opens else "+=" if self.before else self.assign

    def cancels(self) -> bool:
        """Whether only rounding is left of what it is computed from."""
        return self.value is not None and bool(vanishing(self.value).all())

    def lost(self) -> bool:
        """Whether it has no finite value somewhere."""
        return self.value is not None and not np.isfinite(self.value[0]).all()


class Ledger:
    """One derivative's account: its shares, what had arrived before any step, and the lines'
    entries.
    """

    def __init__(
        self, shares: Sequence[Share], arriving: Array | None, total: Array, always: bool
    ) -> None:
        self.shares = shares
        self.arriving = arriving
        self.total = total
        self.always = always
        self.size = largest([total, *(share.value for share in shares)])
        self.left = [np.ones(share.value.shape[2:], dtype=bool) for share in shares]
        self.open = False  # whether rounding hides if the lines together give the total
        self.extent: Array | float = np.inf  # where nothing arrives, a derivative is 0 exactly
        if shares:
            self.extent = np.max([share.extent for share in shares], axis=0)
        # A share's mark is a random weighted sum of it, so that sums are found by their marks.
        self.weights = self._weights()
        self.whole = all(share.region is None for share in shares)
        self.marks = self._marks(range(len(shares)), EVERYWHERE) if self.whole else None
        self.free = np.ones(len(shares), dtype=bool)

    # ── all lines together ──

    def settle(self, entries: Sequence[Entry]) -> bool:
        """Whether the lines, carried out in order, give the total; each is then right."""
        if any(entry.value is None for entry in entries):
            return False
        if not np.isfinite(self.total[0]).any():
            self.share_all(entries, HIDDEN)
            return True
        running = np.zeros_like(self.total) if self.arriving is None else self.arriving.copy()
        written = np.full(self.total.shape[2:], self.arriving is not None)
        for entry in entries:
            assert entry.value is not None
            if entry.assign == "+=":
                entry.opens = not written[entry.box].any() and not self.always
                running[(*LEAD, *entry.box)] += entry.value
            else:
                running[(*LEAD, *entry.box)] = entry.value
            written[entry.box] = True
        parts = [self.part(k, EVERYWHERE) for k in range(len(self.shares))]
        state = compare(running, self.total, self.extent, parts).state
        self.open = state not in (AGREE, DIFFER)
        if state != AGREE:
            return False
        # In a total that is right, a line too small to be seen in it may yet be wrong.
        every = range(len(self.shares))
        for entry in entries if len(every) > 1 else ():
            assert entry.value is not None
            small = np.all(largest([entry.value]) < SMALL * self.size)
            if small and np.any(entry.value) and self.find(entry, entry.value, every) is None:
                return False
        self.share_all(entries, RIGHT)
        return True

    def share_all(self, entries: Sequence[Entry], status: str) -> None:
        """Say of all lines together that they hold all shares."""
        for entry in entries:
            entry.status = NOTHING_BEFORE if entry.opens else status
            entry.shares = tuple(range(len(self.shares)))
        for mask in self.left:
            mask[...] = False
        self.free[...] = False

    # ── line by line ──

    def match(self, entries: Sequence[Entry]) -> None:
        """Find each line's shares, in order; what fits none stays unmatched."""
        written = np.full(self.total.shape[2:], self.arriving is not None)
        doubtful = self._doubtful(entries)
        for entry in entries:
            entry.before = bool(written[entry.box].any())
            entry.opens = entry.assign == "+=" and not entry.before and not self.always
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
        free = self.available(entry.box)
        found: Sequence[int] | None = free if self.open and free else None
        if found is None and np.isfinite(value[0]).all():
            found = self.find(entry, value, hidden=True)
        elif found is None:
            choices = [*((k,) for k in free[:MOST_TRIED]), tuple(free)]
            found = next((c for c in choices if c and self._state(entry, value, c) != DIFFER), None)
        if found is not None:
            entry.status = HIDDEN
            self.take(entry, found)

    def _doubtful(self, entries: Sequence[Entry]) -> list[Entry]:
        """Lines that hold what another line holds too, the other in its own place.

        With a line for every share, and the lines in the order of the shares, or in reverse, the
        line in a share's own place holds it.
        """
        n = len(entries)
        if n != len(self.shares) or not self.whole or any(e.box != EVERYWHERE for e in entries):
            return []
        claims = [
            self.find(entry, entry.value) if entry.value is not None else None for entry in entries
        ]
        singles = [claim[0] if claim is not None and len(claim) == 1 else None for claim in claims]
        if any(
            compare(s.value, t.value, s.extent).state != DIFFER
            for s, t in combinations(self.shares[:MOST_ALIKE], 2)
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
        assert entry.value is not None
        if entry.assign == "=" and entry.before and self._match_whole(entry, entries):
            return
        found = self.find(entry, entry.value)
        if found is None:
            if entry.blank and not np.any(entry.value):
                entry.status = ZERO
            return
        self.take(entry, found)
        entry.status = RIGHT
        if entry.assign == "=" and entry.before:
            lost = self.arriving is not None or bool(self.remaining())
            if lost or any(e.shares for e in entries if e is not entry):
                entry.status = OVERWRITES

    def _match_whole(self, entry: Entry, entries: Sequence[Entry]) -> bool:
        """A second `=` that states again what stands already, and more: nothing is lost."""
        assert entry.value is not None
        value = entry.value
        if self.arriving is not None:
            value = value - self.arriving[(*LEAD, *entry.box)]
        earlier = [e for e in entries if e.shares and e is not entry]
        if not earlier and self.arriving is None:
            return False
        held = sorted({k for e in earlier for k in e.shares})
        stated = sum((self.part(k, entry.box) for k in held), np.zeros_like(value))
        if compare(value, stated, self.extent).state != AGREE:
            found = self.find(entry, value - stated)
            if found is None:
                return False
            self.take(entry, found)
        else:
            entry.shares = ()
        entry.shares = (*held, *entry.shares)
        entry.status = RIGHT
        return True

    def _match_jointly(self, entries: list[Entry]) -> None:
        """Lines that divide a share between them: right together."""
        for count in range(2, min(len(entries), 6) + 1):
            for group in combinations(entries, count):
                boxes = {str(entry.box) for entry in group}
                if len(boxes) > 1 or any(e.status != UNMATCHED for e in group):
                    continue
                values = [entry.value for entry in group if entry.value is not None]
                found = self.find(group[0], sum(values[1:], values[0]))
                if found is None:
                    continue
                for entry in group:
                    entry.status = RIGHT
                    entry.shares = found
                self.take(group[0], found)

    # ── shares ──

    def part(self, k: int, box: tuple[slice, ...]) -> Array:
        """A share within a box, 0 where it does not reach."""
        share = self.shares[k]
        if share.region is None:
            return share.value[(*LEAD, *box)]
        whole = np.zeros_like(self.total)
        whole[(*LEAD, *_box(share.region))] = share.value
        return whole[(*LEAD, *box)]

    def available(self, box: tuple[slice, ...]) -> list[int]:
        """The shares of which nothing within a box is taken, and something is there."""
        if self.whole and box == EVERYWHERE:
            return [int(k) for k in np.flatnonzero(self.free)]
        found = []
        for k, share in enumerate(self.shares):
            reach = np.zeros(self.total.shape[2:], dtype=bool)
            mask = reach.copy()
            reach[_box(share.region)] = True
            mask[_box(share.region)] = self.left[k]
            within = reach[box]
            if within.any() and mask[box][within].all():
                found.append(k)
        return found

    def take(self, entry: Entry, shares: Iterable[int]) -> None:
        entry.shares = tuple(shares)
        for k in entry.shares:
            mask = np.zeros(self.total.shape[2:], dtype=bool)
            box = _box(self.shares[k].region)
            mask[box] = self.left[k]
            mask[entry.box] = False
            self.left[k] = mask[box]
            self.free[k] = False

    def release(self, entry: Entry) -> None:
        """Let go of what a line was thought to hold."""
        for k in entry.shares:
            self.left[k][...] = True
            self.free[k] = True
        entry.shares, entry.status = (), UNMATCHED

    def remaining(self) -> list[int]:
        """The shares that no line holds, or not all of."""
        return [k for k, mask in enumerate(self.left) if mask.any()]

    def find(
        self,
        entry: Entry,
        value: Array,
        among: Sequence[int] | None = None,
        *,
        hidden: bool = False,
    ) -> tuple[int, ...] | None:
        """The shares whose sum a value is within an entry's box: one, all, a run, or any few.

        hidden: whether those will do of which rounding hides whether they are.
        """
        free = self.available(entry.box) if among is None else list(among)
        if not free:
            return None
        if self.marks is not None and entry.box == EVERYWHERE:
            marks = self.marks[:, free]
        else:
            marks = self._marks(free, entry.box)
        wanted, room = mark(value, self.weights[(slice(None), *entry.box)])
        for chosen in islice(sums_to(marks[0], marks[1], wanted, room), MOST_TRIED):
            found = tuple(free[i] for i in chosen)
            state = self._state(entry, value, found)
            if state == AGREE or (hidden and state != DIFFER):
                return found
        return None

    def _state(self, entry: Entry, value: Array, shares: Sequence[int]) -> str:
        """How a value agrees with the sum of some shares."""
        extent = np.max([self.shares[k].extent for k in shares], axis=0)
        parts = [self.part(k, entry.box) for k in shares]
        return compare(value, sum(parts[1:], parts[0]), extent, parts).state

    def _marks(self, shares: Sequence[int], box: tuple[slice, ...]) -> Array:
        """The marks of some shares within a box, and how far rounding may have moved each."""
        weights = self.weights[(slice(None), *box)]
        found = [mark(self.part(k, box), weights) for k in shares]
        return np.array(found).reshape(len(found), 2).T

    def _weights(self) -> Array:
        """Random weights; an entry's is the larger, the smaller the shares are there."""
        drawn = np.random.default_rng(7).normal(size=self.total.shape[1:])
        size = np.zeros_like(drawn)
        for share in self.shares:
            size[(slice(None), *_box(share.region))] += np.abs(share.value[0])
        usual = np.isfinite(size) & (size > SMALLEST)
        return np.where(usual, drawn / np.where(usual, size, 1), 0)


def _box(region: Region | None) -> tuple[slice, ...]:
    return EVERYWHERE if region is None else tuple(part.slice() for part in region)


class Account:
    """One derivative's ledger, and the entries that lines have in it, by the lines' places."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.entries: dict[int, Entry] = {}
        self.settled = False  # whether the lines together give the total

    def settle(self) -> None:
        entries = list(self.entries.values())
        self.settled = self.ledger.settle(entries)
        if not self.settled:
            self.ledger.match(entries)

    def match_anew(self) -> None:
        """Match line by line after all, where the total is not right."""
        for entry in self.entries.values():
            self.ledger.release(entry)
        self.settled = False
        self.ledger.match(list(self.entries.values()))

    def unmatched(self) -> list[int]:
        return [place for place, entry in self.entries.items() if entry.status == UNMATCHED]
