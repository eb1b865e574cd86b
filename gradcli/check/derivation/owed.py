"""How far a derivation goes: which contributions it owes, and which it has only not come to yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from gradcli.check.derivation.agreement import vanishing
from gradcli.check.derivation.expected import Points, Share
from gradcli.check.derivation.findings import AHEAD, LACKING, NEVER, Missing
from gradcli.transform.reify import Row
from gradcli.transform.reverse import Derivation, derive

ENOUGH = 0.5  # of the gradients passed, mentioned: then the derivation goes equation by equation


class Progress:
    """Where a derivation stands in the tool's own listing.

    held: the positions of the shares that its lines hold; mentioned: the targets of its lines.
    """

    def __init__(
        self,
        points: Points,
        wanted: Sequence[str],
        held: AbstractSet[int],
        mentioned: AbstractSet[str],
        complete: bool,
    ) -> None:
        self.listing = derive(points.program, wanted, layout=points.program.layout)
        self.mentioned = mentioned
        self.wanted = wanted
        shares = [(share, name) for name, found in points.shares.items() for share in found]
        passed = [share for share, _ in shares if share.position in held]
        self.frontier = max((share.position for share in passed), default=-1)
        self.reach = min((share.eq for share in passed), default=None)
        place = {(row.eq, row.operand): share.position for share, _ in shares for row in share.rows}
        self.before = [
            r for r in self.listing.contributions if place[r.eq, r.operand] <= self.frontier
        ]
        self.after = [
            r for r in self.listing.contributions if place[r.eq, r.operand] > self.frontier
        ]
        self.stops = not complete and self._stops_early()

    def _stops_early(self) -> bool:
        """Whether the derivation follows the listing and ends before it does.

        It follows the listing if it mentions most gradients that it passes. It ends early if more
        than one step lies ahead, or, where it skips steps, if it never mentions a gradient that
        lies ahead.
        """
        wanted = set(self.wanted)
        passed = {row.target for row in self.before} & wanted
        if passed and len(passed & self.mentioned) < ENOUGH * len(passed):
            return False
        if (
            all(row.target in self.mentioned | wanted for row in self.before)
            and len(self.after) > 1
        ):
            return True
        return any(row.target in wanted - self.mentioned for row in self.after)

    def owes(self, share: Share) -> bool:
        return not (self.stops and share.position > self.frontier)


def missing(
    progress: Progress,
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
            reason = LACKING if progress.owes(share) else AHEAD
            found += [
                Missing(target(row), row.eq, row.assign, formula(row), reason) for row in share.rows
            ]
    never = {name for name in progress.wanted if name not in progress.mentioned}
    listing: Derivation = progress.listing
    found += [
        Missing(target(row), row.eq, row.assign, formula(row), NEVER)
        for row in listing.rows
        if row.target in never
    ]
    return found
