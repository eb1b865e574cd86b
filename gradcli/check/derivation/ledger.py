"""What is left of a derivative's contributions while lines are matched with them.

The contributions that the table's rules give are a derivative's shares. A line's value is searched
among the sums of those that are left, by random marks first and then entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from itertools import islice

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

SMALLEST = 1e-290  # a share that a mark counts
MOST_TRIED = 100  # sums of shares that are compared with a line entry by entry
EVERYWHERE = (slice(None),)
LEAD = (slice(None), slice(None))  # the runs and the points

# What may be said of a line, apart from its formula.
RIGHT = "right"
ZERO = "zero"  # it sets out from 0
OVERWRITES = "overwrites"
SETS_ROWS = "sets-rows"  # what it sets at an index's rows is what it should add
NOTHING_BEFORE = "nothing-before"
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
        begins: bool = False,
    ) -> None:
        self.assign = assign
        self.begins = begins  # whether it may add where nothing stands
        self.box = reach_of(region)
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
    """One derivative's shares, what is left of them, and what had arrived before any step."""

    def __init__(self, shares: Sequence[Share], arriving: Array | None, total: Array) -> None:
        self.shares = shares
        self.arriving = arriving
        self.total = total
        self.size = largest([total, *(share.value for share in shares)])
        self.left = [np.ones(share.value.shape[2:], dtype=bool) for share in shares]
        self.extent: Array | float = np.inf  # where nothing arrives, a derivative is 0 exactly
        if shares:
            self.extent = np.max([share.extent for share in shares], axis=0)
        # A share's mark is a random weighted sum of it, so that sums are found by their marks.
        self.weights = self._weights()
        self.whole = all(share.region is None for share in shares)
        self.marks = self._marks(range(len(shares)), EVERYWHERE) if self.whole else None
        self.free = np.ones(len(shares), dtype=bool)

    def fresh(self) -> Ledger:
        """The same, of which nothing is taken."""
        found = copy(self)
        found.left = [np.ones_like(mask) for mask in self.left]
        found.free = np.ones_like(self.free)
        return found

    def part(self, k: int, box: tuple[slice, ...]) -> Array:
        """A share within a box, 0 where it does not reach."""
        share = self.shares[k]
        if share.region is None:
            return share.value[(*LEAD, *box)]
        whole = np.zeros_like(self.total)
        whole[(*LEAD, *reach_of(share.region))] = share.value
        return whole[(*LEAD, *box)]

    def available(self, box: tuple[slice, ...]) -> list[int]:
        """The shares of which nothing within a box is taken, and something is there."""
        if self.whole and box == EVERYWHERE:
            return [int(k) for k in np.flatnonzero(self.free)]
        found = []
        for k, share in enumerate(self.shares):
            reach = np.zeros(self.total.shape[2:], dtype=bool)
            mask = reach.copy()
            reach[reach_of(share.region)] = True
            mask[reach_of(share.region)] = self.left[k]
            within = reach[box]
            if within.any() and mask[box][within].all():
                found.append(k)
        return found

    def take(self, entry: Entry, shares: Iterable[int]) -> None:
        entry.shares = tuple(shares)
        for k in entry.shares:
            mask = np.zeros(self.total.shape[2:], dtype=bool)
            box = reach_of(self.shares[k].region)
            mask[box] = self.left[k]
            mask[entry.box] = False
            self.left[k] = mask[box]
            self.free[k] = False

    def take_all(self) -> None:
        """Leave nothing of any share."""
        for mask in self.left:
            mask[...] = False
        self.free[...] = False

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
            state = self.state(entry, value, found)
            if state == AGREE or (hidden and state != DIFFER):
                return found
        return None

    def state(self, entry: Entry, value: Array, shares: Sequence[int]) -> str:
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
            size[(slice(None), *reach_of(share.region))] += np.abs(share.value[0])
        usual = np.isfinite(size) & (size > SMALLEST)
        return np.where(usual, drawn / np.where(usual, size, 1), 0)


def reach_of(region: Region | None) -> tuple[slice, ...]:
    """The slices that a region is; the whole where there is none."""
    return EVERYWHERE if region is None else tuple(part.slice() for part in region)
