"""A program's values at points of a field, near real ones, and what they tell of its names."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.interpret import interpret
from gradcli.ops.core import Array
from gradcli.program import Step
from gradcli.proof.element import Element
from gradcli.proof.elementary import NO_ROOT, OtherPrime
from gradcli.proof.exponents import MorePoints
from gradcli.proof.field import Field
from gradcli.proof.restricted import Kept
from gradcli.proof.search import Search, begun, drawn, up_to_roots
from gradcli.proof.verdict import LOG_BOUND, PROVEN, REFUTED, Proof, Witness, undecided
from gradcli.proof.work import work

FEWEST, FEW = 8, 3  # points
USUAL = 32  # points that are tried before there are more
ENOUGH = 2  # points at which all roots of a value must exist
LAST_BITS = 1e-14  # relative to an entry, what rounding may be
SLACK = 5  # points more than exponents
WORK = 1_000_000  # operations on elements
TOO_LARGE = "too large to evaluate exactly"


class TooLarge(Exception):
    """A program takes too long to evaluate exactly."""


class Evaluation:
    """The values of a program near one real point.

    near: the floats of the inputs and of what arrives, by name. kept: what is not free: names that
    keep their values, and in what way others are drawn (see `restricted`). Raises TooLarge.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        near: Mapping[str, Array],
        kept: Collection[str] | Kept = (),
        seed: int | str = 0,
    ) -> None:
        self.steps = tuple(steps)
        self.near = near
        self.kept: Kept = kept if isinstance(kept, Mapping) else dict.fromkeys(kept)
        self.seed = seed
        self.field = Field(seed)
        self.lost: frozenset[int] = frozenset()  # points at which some root does not exist
        self.floor = 0  # points that there must be
        self.chosen = 0.0  # by how much the choice of points multiplies the chance of error, log2
        self._start(FEWEST)

    # ── values ──

    def _start(self, points: int) -> None:
        """Evaluate the program at a number of points, or at as many as its exponents take."""
        grow = False
        while True:
            try:
                if grow:
                    points, grow = max(2 * points, min(self._wanted(), USUAL)), False
                if work(self.steps) * points > WORK:
                    raise TooLarge
                streams = [f"{self.seed} {k}" for k in range(points)]
                self._evaluate(streams, drawn(self.near, self.kept, self.field, streams))
                if any(not all(row) for rows in self.arithmetic.rooted for row in rows):
                    self._evaluate(*self._search(points))
                self.lost = frozenset().union(*(v.lost for v in self.values.values()))
                self.own = self._independent()
            except MorePoints:
                grow = True
            except OtherPrime:
                self.seed = f"{self.seed}'"
                self.field = Field(self.seed)
            else:
                return

    def _wanted(self) -> int:
        """About how many points tell the program's exponents apart: as many as differ at two, the
        fewest at which a constant is told from what is none.
        """
        streams = [f"{self.seed} {k}" for k in range(2)]
        draws = drawn(self.near, self.kept, self.field, streams)
        arithmetic, values = begun(self.near, self.kept, self.field, streams, draws)
        arithmetic.exponents.open = arithmetic.angles.open = True
        interpret(self.steps, values, arithmetic.meaning, arithmetic.number)
        return max(arithmetic.exponents.met, arithmetic.angles.met) + SLACK

    def _independent(self) -> int:
        """How many independent exponents and angles have been met."""
        return len(self.arithmetic.exponents.rows) + len(self.arithmetic.angles.rows)

    @property
    def grown(self) -> float:
        """How many of them came with more steps; without end where these took more points."""
        return math.inf if self.floor else self._independent() - self.own

    def _evaluate(
        self,
        streams: Sequence[str],
        draws: Mapping[str, Array],
        certain: bool = False,
        first: Sequence[Step] = (),
    ) -> None:
        """The values at some points. first: the steps for which these were looked for; they draw
        what they draw from the streams before all others, as they did then.
        """
        self.arithmetic, self.values = begun(self.near, self.kept, self.field, streams, draws)
        self.arithmetic.certain = certain
        self.run(first)
        self.run(step for step in self.steps if step.name not in self.values)

    def run(self, steps: Iterable[Step]) -> None:
        """The values of more steps. Raises MorePoints where these have too many exponents."""
        interpret(steps, self.values, self.arithmetic.meaning, self.arithmetic.number)

    def extend(self, steps: Iterable[Step]) -> None:
        """Evaluate more steps, and these too whenever the program is evaluated anew."""
        more = tuple(steps)
        self.steps += more
        try:
            self.run(more)
        except MorePoints:
            self.widen()

    def widen(self) -> None:
        """Begin anew, with more points."""
        self.floor = 2 * self.arithmetic.points
        self._start(max(FEWEST, self.floor))

    def _search(self, points: int) -> tuple[list[str], dict[str, Array], bool, tuple[Step, ...]]:
        """Points at which the roots exist, and the steps that lead to these."""
        arithmetic = self.arithmetic
        taken = max(len(arithmetic.exponents.rows), len(arithmetic.angles.rows))
        least = taken + SLACK if taken > 1 else FEW
        taken = least + arithmetic.folds.bit_length() // 3
        prefix = up_to_roots(self.steps, self.values, self.field)
        search = Search(prefix, self.near, self.kept, self.field, self.seed, least)
        streams, draws = search.points(max(taken, self.floor))
        self.chosen = search.chosen
        return streams, draws, search.certain, prefix

    # ── verdicts ──

    def equal(self, x: Element, y: Element) -> Proof:
        """Whether a value is another, entry by entry where the other is finite."""
        doubts = x.doubts | y.doubts
        grave = next((d.text for d in sorted(doubts) if d.grave), None)
        if grave is not None:
            return undecided(grave)
        points = [k for k in range(self.arithmetic.points) if k not in x.lost | y.lost]
        if len(points) < ENOUGH:
            return undecided(NO_ROOT.text)
        shape = np.broadcast_shapes(x.shape, y.shape)
        whole = (len(points), *shape)
        a, b = (np.broadcast_to(z.at[points], whole) for z in (x, y))
        finite, known = (np.broadcast_to(np.isfinite(z.near), shape) for z in (x, y))
        if (known & ~finite).any():
            return undecided("no finite value")
        differ = (a != b) & known
        if differ.any():
            if doubts:
                return undecided(min(doubts).text)
            return Proof(REFUTED, witness=self._witness(x, y, a, b, differ))
        if not known.any():
            return undecided("no finite value")
        bound = self._bound(x, y, len(points))
        if bound > LOG_BOUND:
            return undecided("degrees too high for the points drawn")
        return Proof(PROVEN, bound)

    def _witness(self, x: Element, y: Element, a: Array, b: Array, differ: Array) -> Witness:
        """The first of the entries that are furthest off, as far as floating point shows.

        a, b: both at the points; differ: where they do.
        """
        near = [np.broadcast_to(z.near, differ.shape[1:]) for z in (x, y)]
        with np.errstate(all="ignore"):
            off = np.abs(near[0] - near[1]) / np.maximum(np.abs(near[0]), np.abs(near[1]))
        off = np.where(differ.any(axis=0), np.where(off > LAST_BITS, off, 0), -1)
        first = int(np.argmax(off >= off.max() / 2))
        entry = tuple([int(i) for i in np.unravel_index(first, off.shape)])
        here: Any = (slice(None), *entry)
        k = int(np.argmax(differ[here]))
        p = self.field.p
        pairs = [(int(u), int(v)) for u, v in zip(a[here], b[here], strict=True)]
        ratios = {u * pow(v, -1, p) % p if v else None for u, v in pairs}
        gaps = {(u - v) % p for u, v in pairs}
        return Witness(
            entry,
            *pairs[k],
            p,
            (float(near[0][entry]), float(near[1][entry])),
            self._one(ratios),
            self._one(gaps),
        )

    def _one(self, found: AbstractSet[int | None]) -> Fraction | None:
        """The fraction that is found at every point."""
        (value, *others) = found
        return None if others or value is None else self.field.likely(value)

    def _bound(self, x: Element, y: Element, points: int) -> float:
        """The chance that a difference other than 0 vanishes at all points (Schwartz 1980)."""
        arithmetic = self.arithmetic
        degree = max(x.degree.own, y.degree.own)
        degree += max(x.degree.times, y.degree.times) * arithmetic.divided
        zeros = max(1, degree) * arithmetic.folds
        return points * min(0.0, math.log2(zeros) + self.chosen - math.log2(self.field.order))
