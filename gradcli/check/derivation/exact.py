"""A person's lines in exact arithmetic: which of them are proven to hold what, and which refuted.

Every line is evaluated modulo a prime from the exact values of all that it uses, near each of the
real points at which the branches of the model differ, and held against sums of contributions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from gradcli.check.derivation.expected import Points
from gradcli.check.derivation.germ import Germ, Own
from gradcli.check.derivation.ledger import Entry
from gradcli.check.derivation.line import Line
from gradcli.check.derivation.machine import Lowered
from gradcli.check.derivation.sheet import Sheet
from gradcli.proof.element import Element
from gradcli.proof.elementary import NO_ROOT
from gradcli.proof.evaluation import TOO_LARGE, TooLarge
from gradcli.proof.verdict import PROVEN, Proof, undecided, weakest
from gradcli.proof.work import work

T = TypeVar("T")

MOST_PATTERNS = 3  # sets of branches at which the lines are evaluated
MOST_SUMMED = 10  # contributions of which every sum is tried
WORK = 1_000_000  # operations on elements in all lines, about
NO_VALUE = "a line without a value"


class Exact:
    """The lines of a sheet, proven or refuted."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.germs: list[Germ] = []
        self.reason = TOO_LARGE
        steps = sum(
            work(line.lowered.steps) for line in sheet.lines if isinstance(line.lowered, Lowered)
        )
        if steps > WORK:
            return
        try:
            for point in patterns(sheet.points):
                germ = Germ(sheet, point)
                if germ.evaluation.lost:
                    self.germs, self.reason = [], NO_ROOT.text
                    return
                self.germs.append(germ)
        except TooLarge:
            self.germs = []

    def total(self, name: str, entries: Sequence[tuple[int, Entry]]) -> Proof:
        """Whether the lines of a derivative, carried out in order, give all of it."""

        def proof(germ: Germ) -> Proof:
            found = germ.running(name, entries)
            if found is None:
                return undecided(NO_VALUE)
            return germ.evaluation.equal(found, germ.totals[name])

        return self._weakest(proof)

    def holds(
        self,
        places: Sequence[int],
        name: str,
        entry: Entry,
        shares: Sequence[int],
        arriving: bool = False,
    ) -> Proof:
        """Whether lines of one region are together the sum of some contributions within it."""

        def proof(germ: Germ) -> Proof:
            value = germ.together(places)
            if value is None:
                return undecided(NO_VALUE)
            total = germ.summed(name, entry.box, shares)
            if arriving:
                total = total + (germ.running(name, ()) or 0)
            return germ.evaluation.equal(value, total)

        return self._weakest(proof)

    def with_code(
        self,
        line: Line,
        lowered: Lowered,
        box: tuple[slice, ...],
        shares: Sequence[int],
        less: Sequence[int] = (),
        own: Own = (),
    ) -> Proof:
        """Whether a line with other code is the sum of some contributions within its region, but
        for what the lines in `less` hold of it.
        """

        def proof(germ: Germ) -> Proof:
            value = germ.changed(line, lowered, own)
            others = germ.together(less)
            if value is None or others is None:
                return undecided(NO_VALUE)
            return germ.evaluation.equal(value + others, germ.summed(line.name or "", box, shares))

        return self._weakest(proof)

    def find(
        self, places: Sequence[int], name: str, entry: Entry, among: Sequence[int]
    ) -> tuple[tuple[int, ...], Proof] | None:
        """The contributions whose sum lines of one region are proven to be: one, all, or a few."""
        if not self.germs:
            return None

        def candidates(germ: Germ) -> list[tuple[int, ...]]:
            return list(self._sums(germ, places, name, entry, among))

        for chosen in self._tried(self.germs[0], candidates) or ():
            proof = self.holds(places, name, entry, chosen)
            if proof.verdict == PROVEN:
                return chosen, proof
        return None

    def _sums(
        self, germ: Germ, places: Sequence[int], name: str, entry: Entry, among: Sequence[int]
    ) -> Iterator[tuple[int, ...]]:
        """The contributions that add up to some lines at one point of the field."""
        value = germ.together(places)
        if value is None:
            return
        p = germ.evaluation.field.p
        weights = germ.evaluation.field.weights(value.at[0].size)

        def mark(x: Element) -> int:
            at = np.broadcast_to(x.at[0], value.at[0].shape).reshape(-1)
            return int(np.dot(at, weights)) % p

        wanted = mark(value)
        marks = {k: mark(germ.share(name, k, entry.box)) for k in among}
        counts = range(1, len(among) + 1) if len(among) <= MOST_SUMMED else (1, len(among))
        for count in counts:
            for chosen in combinations(among, count):
                if sum(marks[k] for k in chosen) % p == wanted:
                    yield chosen

    def _weakest(self, proof: Callable[[Germ], Proof]) -> Proof:
        found = [self._tried(germ, proof) for germ in self.germs]
        return weakest(each or undecided(self.reason) for each in found or [None])

    def _tried(self, germ: Germ, asked: Callable[[Germ], T]) -> T | None:
        """What is found near a point; None where it takes too long there, now and from then on."""
        try:
            return germ.tried(asked)
        except TooLarge:
            self.germs = []
            return None


def patterns(points: Points) -> list[int]:
    """Points at which the branches of a model differ, the first of each kind."""
    steps = points.program.steps
    branching = [s for s in steps if s.call.op.branches is not None or s.call.op.body is not None]
    seen: dict[bytes, int] = {}
    for k in range(points.lead[1]):
        key = b"".join(_branches(step, points, k) for step in branching)
        seen.setdefault(key, k)
    return list(seen.values())[:MOST_PATTERNS]


def _branches(step: Any, points: Points, k: int) -> bytes:
    operands = [
        points.values[a][0, k] if isinstance(a, str) else np.full((1, 1), a.value)
        for a in step.args
    ]
    op = step.call.op
    if op.branches is None:
        return b"".join(np.sign(x).tobytes() for x in operands)
    return np.asarray(op.branches(*operands, **step.call.static)).tobytes()
