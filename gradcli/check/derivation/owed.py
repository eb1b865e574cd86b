"""How far a derivation goes: which contributions it owes, and which it has only not come to yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from gradcli.check.derivation.agreement import vanishing
from gradcli.check.derivation.expected import Points, Share
from gradcli.check.derivation.findings import AHEAD, LACKING, NEVER, Missing
from gradcli.transform.reify import Row
from gradcli.transform.reverse import Derivation, derive

ENOUGH = 0.5  # of the gradients passed, mentioned: then the derivation goes equation by equation


class Progress:
    """The tool's own listing beside a derivation: what is owed where the derivation stands.

    wanted: the names whose gradients are asked for; mentioned: the targets of the lines.
    """

    def __init__(
        self,
        points: Points,
        wanted: Sequence[str],
        mentioned: AbstractSet[str],
        complete: bool,
    ) -> None:
        self.listing = listing(points, tuple(wanted))
        self.mentioned = mentioned
        self.wanted = wanted
        self.complete = complete
        self.shares = [share for found in points.shares.values() for share in found]
        place = {(row.eq, row.operand): s.position for s in self.shares for row in s.rows}
        self.rows = [(place[r.eq, r.operand], r.target) for r in self.listing.contributions]

    def at(self, held: AbstractSet[int]) -> Standing:
        """How far a derivation goes whose lines hold the shares at some positions."""
        frontier = max(held, default=-1)
        reach = min((share.eq for share in self.shares if share.position in held), default=None)
        return Standing(frontier, reach, not self.complete and self._stops_early(frontier))

    def _stops_early(self, frontier: int) -> bool:
        """Whether the derivation follows the listing and ends before it does.

        It follows the listing if it mentions most gradients that it passes. It ends early if more
        than one step lies ahead, or, where it skips steps, if it never mentions a gradient that
        lies ahead.
        """
        wanted = set(self.wanted)
        before = {target for position, target in self.rows if position <= frontier}
        after = [target for position, target in self.rows if position > frontier]
        passed = before & wanted
        if passed and len(passed & self.mentioned) < ENOUGH * len(passed):
            return False
        if before <= self.mentioned | wanted and len(after) > 1:
            return True
        return any(target in wanted - self.mentioned for target in after)


class Standing(NamedTuple):
    """Where a derivation stands: the last position that it has come to, the deepest equation, and
    whether it stops there.
    """

    frontier: int
    reach: int | None
    stops: bool

    def owes(self, share: Share) -> bool:
        return not (self.stops and share.position > self.frontier)


def listing(points: Points, wanted: tuple[str, ...]) -> Derivation:
    """The tool's own derivation by some names."""
    program = points.program

    def made() -> Derivation:
        return derive(program, wanted, layout=program.layout)

    return points.memory.of(("listing", wanted), made)


def missing(
    progress: Progress,
    standing: Standing,
    remaining: Mapping[str, Sequence[Share]],
    formula: Callable[[Row], str],
    target: Callable[[Row], str],
) -> list[Missing]:
    """What no line holds: contributions to stated totals, then gradients that are never
    mentioned.
    """
    found = []
    for shares in remaining.values():
        for share in shares:
            if vanishing(share.value).all():
                continue
            reason = LACKING if standing.owes(share) else AHEAD
            found += [
                Missing(target(row), row.eq, row.assign, formula(row), reason) for row in share.rows
            ]
    never = {name for name in progress.wanted if name not in progress.mentioned}
    found += [
        Missing(target(row), row.eq, row.assign, formula(row), NEVER)
        for row in progress.listing.rows
        if row.target in never
    ]
    return found
