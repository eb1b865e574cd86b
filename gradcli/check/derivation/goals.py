"""What a wrong line may have been meant to hold: of the contributions that no line holds."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from gradcli.check.derivation.agreement import vanishing
from gradcli.check.derivation.ledger import Entry, Ledger
from gradcli.check.derivation.owed import Progress
from gradcli.check.derivation.totals import Account
from gradcli.ops.core import Array

MOST_GOALS = 16


class Goal(NamedTuple):
    """What a wrong line may have been meant to hold: shares, and the value within its box.

    less: the places of the lines that hold a part of these shares.
    """

    shares: tuple[int, ...]
    value: Array
    extent: Array
    parts: tuple[Array, ...]
    box: tuple[slice, ...]
    less: tuple[int, ...] = ()


def goals_of(entry: Entry, ledger: Ledger) -> list[Goal]:
    """What is left for a line: each contribution by itself, then all of them together.

    Contributions that are 0 whatever the values are, a maximum's that is taken off again, say,
    are no goals beside others.
    """
    free = ledger.available(entry.box)
    free = [k for k in free if not vanishing(ledger.shares[k].value).all()] or free
    sets: list[tuple[int, ...]] = [(k,) for k in free[:MOST_GOALS]]
    if len(free) > 1:
        sets.append(tuple(free))
    if len(free) == 3:
        sets += [(free[0], free[1]), (free[0], free[2]), (free[1], free[2])]
    found = []
    for chosen in sets:
        parts = [ledger.part(k, entry.box) for k in chosen]
        extent = np.max([ledger.shares[k].extent for k in chosen], axis=0)
        found.append(Goal(chosen, sum(parts[1:], parts[0]), extent, tuple(parts), entry.box))
    return found


def likely(
    goals: Sequence[Goal], account: Account, progress: Progress, held: AbstractSet[int]
) -> list[int]:
    """The goals that leave nothing over that is owed: all that is left for one line, or so much
    that a derivation with other lines stops there; one contribution for each of several.

    held: the positions of what right lines hold.
    """
    singles = [i for i, goal in enumerate(goals) if len(goal.shares) == 1]
    lines = len(account.unmatched())
    if lines != 1:
        return singles if lines == len(singles) else list(range(len(goals)))
    most = max(len(goal.shares) for goal in goals)
    whole = [i for i, goal in enumerate(goals) if len(goal.shares) == most]
    shares = account.ledger.shares
    left = {k for goal in goals for k in goal.shares}
    for i in singles if most > 1 and held else ():
        more = held | {shares[k].position for k in goals[i].shares}
        standing = progress.at(more)
        if not any(standing.owes(shares[k]) for k in left - set(goals[i].shares)):
            whole.append(i)
    return sorted(whole)
