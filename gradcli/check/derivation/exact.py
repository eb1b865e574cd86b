"""A person's lines in exact arithmetic: which of them are proven to hold what, and which refuted.

Every line is evaluated modulo a prime from the exact values of all that it uses, near each of the
real points at which the branches of the model differ, and held against sums of contributions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from gradcli.check.derivation.expected import Points
from gradcli.check.derivation.ledger import Entry
from gradcli.check.derivation.lines import Line, Sheet, version
from gradcli.check.derivation.machine import DL, Lowered
from gradcli.interpret import interpret
from gradcli.lower.text import Misfit
from gradcli.ops.core import Array
from gradcli.ops.parts import Region, kept_shape
from gradcli.proof.element import Element
from gradcli.proof.elementary import NO_ROOT
from gradcli.proof.evaluation import TOO_LARGE, Evaluation, TooLarge, fixed_names
from gradcli.proof.exponents import MorePoints
from gradcli.proof.verdict import PROVEN, Proof, undecided, weakest
from gradcli.proof.work import work
from gradcli.sizes import Number, numbers
from gradcli.transform.reify import OWN

Own = Sequence[tuple[str, Lowered]]  # own quantities to compute first

MOST_PATTERNS = 3  # sets of branches at which the lines are evaluated
MOST_SUMMED = 10  # contributions of which every sum is tried
WORK = 1_000_000  # operations on elements in all lines, about
NO_VALUE = "a line without a value"


class Germ:
    """The values of a model, and of the lines on it, near one real point."""

    def __init__(self, sheet: Sheet, point: int) -> None:
        self.sheet = sheet
        points = sheet.points
        program, reified = points.program, points.whole.reified
        self.contributions = contributions(points)
        if point not in points.exact:
            near = {item.name: points.values[item.name][0, point] for item in program.inputs}
            for item, name in zip(program.given, reified.arriving, strict=True):
                near[name] = points.arriving[item.name][0, point]
            fixed = fixed_names(program, points.bound)
            steps = (*program.steps, *reified.steps)
            points.exact[point] = Evaluation(steps, near, fixed, point)
        self.evaluation: Evaluation = points.exact[point]
        self._begin()

    def _begin(self) -> None:
        values, reified = self.evaluation.values, self.sheet.points.whole.reified
        self.arithmetic = self.evaluation.arithmetic
        self.lines: dict[int, tuple[Lowered, Element]] = {}
        self.totals: dict[str, Element] = {}
        for name in self.sheet.program.shapes:
            total = reified.totals.get(name)
            zero = self.arithmetic.constant(np.zeros(numbers(self.sheet.program.shapes[name])))
            self.totals[name] = zero if total is None else values[total]
        turned = self.sheet.layout == "numerator"
        self.known = {name: values[name] for name in self.sheet.program.shapes} | {
            DL + name: self.shaped(value, _turned) if turned else value
            for name, value in self.totals.items()
        }

    def shaped(self, x: Element, moved: Callable[[Array, int], Array]) -> Element:
        """An element with its entries moved; `moved` takes an array and its axes in front."""
        return Element(
            x.arithmetic, moved(x.near, 0), moved(x.at, 1), x.degree, x.doubts, x.lost, x.dot
        )

    def settle(self) -> None:
        """Evaluate the lines that have changed, in order."""
        while True:
            try:
                for place, line in enumerate(self.sheet.lines):
                    self._line(place, line)
            except MorePoints:
                self.evaluation.widen()
                self._begin()
            else:
                return

    def _line(self, place: int, line: Line) -> None:
        lowered = line.lowered
        if isinstance(lowered, Misfit):
            self.lines.pop(place, None)
            return
        if place in self.lines and self.lines[place][0] is lowered:
            return
        found = self.value(lowered, self.known)
        self.lines[place] = (lowered, found)
        if line.own:
            self.known[version(line, place)] = found

    def value(self, lowered: Lowered, known: Mapping[str, Element]) -> Element:
        """What an expression is worth. Raises MorePoints."""
        values = {name: known[name] for name in lowered.quantities() if name in known}
        arithmetic = self.arithmetic

        def number(n: Number) -> Element:
            return arithmetic.number(n, rounded=True)

        interpret(lowered.steps, values, arithmetic.meaning, number)
        result = lowered.result
        return number(result) if isinstance(result, Number) else values[result]

    def stated(self, place: int) -> Element | None:
        """A line's value in its variable's own axes, over its region."""
        line = self.sheet.lines[place]
        if place not in self.lines or not self.sheet.fits(line, self.lines[place][0]):
            return None
        return self._as_stated(line, *self.lines[place])

    def changed(self, line: Line, lowered: Lowered, own: Own) -> Element | None:
        """The same of a line with other code, and with other own quantities that it uses."""
        known = dict(self.known)
        try:
            for name, quantity in own:
                known[name] = self.value(quantity, known)
            return self._as_stated(line, lowered, self.value(lowered, known))
        except MorePoints:
            return None

    def _as_stated(self, line: Line, lowered: Lowered, found: Element) -> Element:
        return self.shaped(found, lambda a, lead: self.sheet.stated(line, lowered, a))

    def share(self, name: str, k: int, box: tuple[slice, ...]) -> Element:
        """A contribution within a box, 0 where it does not reach."""
        found, region = self.contributions[name][k]
        shape = numbers(self.sheet.program.shapes[name])

        def within(a: Array, lead: int) -> Array:
            index: Any = (*(slice(None),) * lead, *box)
            return np.asarray(_placed(a, lead, region, shape, self.sheet)[index])

        return self.shaped(self.evaluation.values[found], within)

    def together(self, places: Sequence[int]) -> Element | None:
        """What some lines of one region give together; None where one has no value."""
        total: Element = self.arithmetic.element(0)
        for place in places:
            value = self.stated(place)
            if value is None:
                return None
            total = total + value
        return total

    def summed(self, name: str, box: tuple[slice, ...], shares: Iterable[int]) -> Element:
        """The sum of some contributions within a region."""
        total: Element = self.arithmetic.element(0)
        for k in shares:
            total = total + self.share(name, k, box)
        return total

    def running(self, name: str, entries: Sequence[tuple[int, Entry]]) -> Element | None:
        """What lines give that are carried out in order; None where one has no value."""
        shape = numbers(self.sheet.program.shapes[name])
        arriving = self.sheet.points.whole.reified.arriving
        given = {item.name: n for item, n in zip(self.sheet.program.given, arriving, strict=True)}
        total = self.arithmetic.constant(np.zeros(shape))
        if name in given:
            total = total + self.evaluation.values[given[name]]
        if name == self.sheet.program.loss:
            total = total + 1
        for place, entry in entries:
            value = self.stated(place)
            if value is None:
                return None
            box = entry.box

            def put(a: Array, box: tuple[slice, ...] = box) -> Array:
                whole = np.zeros((*a.shape[: a.ndim - len(shape)], *shape), dtype=a.dtype)
                index: Any = (..., *box)
                whole[index] = a
                return whole

            if entry.assign != "+=":
                kept = np.ones(shape, dtype=bool)
                kept[box] = False
                total = self.arithmetic.only(kept, total)
            total = total + self.arithmetic.ring(put, (value,))
        return total


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

    def settle(self) -> None:
        """Evaluate what has changed."""
        try:
            for germ in self.germs:
                germ.settle()
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
        if not self.germs or (value := self.germs[0].together(places)) is None:
            return None
        germ = self.germs[0]
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
                    proof = self.holds(places, name, entry, chosen)
                    if proof.verdict == PROVEN:
                        return chosen, proof
        return None

    def _weakest(self, proof: Callable[[Germ], Proof]) -> Proof:
        if not self.germs:
            return undecided(self.reason)
        return weakest(proof(germ) for germ in self.germs)


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


def contributions(points: Points) -> dict[str, list[tuple[str, Region | None]]]:
    """For each derivative the steps that its contributions are, in the order of the shares."""
    whole = points.whole
    found: dict[str, list[tuple[str, Region | None]]] = {}
    for row, name in zip(whole.rows, whole.reified.values, strict=True):
        if row.operand != OWN:
            found.setdefault(row.target, []).append((name, row.contribution.region))
    return found


def _turned(a: Array, lead: int) -> Array:
    return np.transpose(a, (*range(lead), *reversed(range(lead, a.ndim))))


def _placed(
    a: Array, lead: int, region: Region | None, shape: tuple[int, ...], sheet: Sheet
) -> Array:
    """A contribution in the axes of its variable."""
    if region is None:
        return a
    front = a.shape[:lead]
    kept = numbers(kept_shape(sheet.program.sizes, region))
    whole = np.zeros((*front, *shape), dtype=a.dtype)
    index: Any = (..., *(part.slice() for part in region))
    whole[index] = a.reshape((*front, *kept))
    return whole
