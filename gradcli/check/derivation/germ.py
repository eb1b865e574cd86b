"""The values of a model near one real point in exact arithmetic, and of the lines on it.

What is evaluated once serves all derivations at that point, for as long as few exponentials beside
the model's own have come up: the verdict on one must not depend on those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from gradcli.check.derivation.expected import Points
from gradcli.check.derivation.ledger import EVERYWHERE, Entry
from gradcli.check.derivation.line import Line, version
from gradcli.check.derivation.machine import DL, Lowered
from gradcli.check.derivation.sheet import Sheet
from gradcli.interpret import interpret
from gradcli.lower.text import Misfit
from gradcli.ops.core import Array
from gradcli.ops.parts import Region, kept_shape
from gradcli.proof.element import Element
from gradcli.proof.evaluation import Evaluation
from gradcli.proof.exponents import MorePoints
from gradcli.proof.restricted import restricted
from gradcli.sizes import Number, numbers
from gradcli.transform.reify import OWN

T = TypeVar("T")
Own = Sequence[tuple[str, Lowered]]  # own quantities to compute first

MOST_GROWN = 20  # exponentials beside a model's own that one evaluation is kept with


class Ground:
    """A model near one real point, and the lines that have been evaluated there, by their
    numbers.
    """

    def __init__(self, points: Points, point: int) -> None:
        self.points = points
        program, reified = points.program, points.whole.reified
        near = {item.name: points.values[item.name][0, point] for item in program.inputs}
        for item, name in zip(program.given, reified.arriving, strict=True):
            near[name] = points.arriving[item.name][0, point]
        kept = restricted(program, points.bound)
        self.evaluation = Evaluation((*program.steps, *reified.steps), near, kept, point)
        self.begin()

    def begin(self) -> None:
        """Take the model's values as they have been evaluated anew."""
        values, reified = self.evaluation.values, self.points.whole.reified
        self.lines: dict[int, Element] = {}
        self.totals: dict[str, Element] = {}
        for name, shape in self.points.program.shapes.items():
            total = reified.totals.get(name)
            zero = self.evaluation.arithmetic.constant(np.zeros(numbers(shape)))
            self.totals[name] = zero if total is None else values[total]
        self.known: dict[str, dict[str, Element]] = {}

    def widen(self) -> None:
        """Evaluate all at more points."""
        self.evaluation.widen()
        self.begin()

    def known_in(self, layout: str) -> dict[str, Element]:
        """The model's quantities, and its derivatives as a layout shows them."""
        if layout not in self.known:
            shown = self.totals
            if layout == "numerator":
                shown = {name: shaped(total, _turned) for name, total in shown.items()}
            values = self.evaluation.values
            self.known[layout] = {name: values[name] for name in self.points.program.shapes} | {
                DL + name: total for name, total in shown.items()
            }
        return self.known[layout]


def ground(points: Points, point: int) -> Ground:
    """What has been evaluated near a point; begun anew where lines have brought too much to it."""
    key = ("ground", point)
    found: Ground = points.memory.of(key, lambda: Ground(points, point))
    if found.evaluation.grown > MOST_GROWN:
        found = points.memory.known[key] = Ground(points, point)
    return found


class Germ:
    """The lines of a sheet near one real point. A line is evaluated when it is asked for."""

    def __init__(self, sheet: Sheet, point: int) -> None:
        self.sheet = sheet
        self.ground = ground(sheet.points, point)
        self.evaluation = self.ground.evaluation
        self.contributions = contributions(sheet.points)
        self.begin()

    def begin(self) -> None:
        self.arithmetic = self.evaluation.arithmetic
        self.totals = self.ground.totals
        self.known = dict(self.ground.known_in(self.sheet.layout))
        for name in self.sheet.before:
            given = self._given(name)
            assert given is not None
            turned = self.sheet.layout == "numerator"
            self.known[DL + name] = shaped(given, _turned) if turned else given
        self.filled = -1  # the state of the sheet in which own quantities were evaluated

    def tried(self, proof: Callable[[Germ], T]) -> T:
        """What a proof finds, at as many points as its exponentials take."""
        while True:
            try:
                return proof(self)
            except MorePoints:
                self.ground.widen()
                self.begin()

    def line(self, place: int) -> Element:
        """What a line is worth that has a value. Raises MorePoints."""
        line = self.sheet.lines[place]
        assert isinstance(line.lowered, Lowered)
        if line.sources:
            self._fill()
        return self._valued(place, line.lowered)

    def _fill(self) -> None:
        """Evaluate the person's own quantities, in order, where any of them has changed."""
        if self.filled == self.sheet.changes:
            return
        for place, line in enumerate(self.sheet.lines):
            if line.own and not isinstance(line.lowered, Misfit):
                self.known[version(line, place)] = self._valued(place, line.lowered)
        self.filled = self.sheet.changes

    def _valued(self, place: int, lowered: Lowered) -> Element:
        number = self.sheet.numbers[place]
        if number not in self.ground.lines:
            self.ground.lines[number] = self.value(lowered, self.known)
        return self.ground.lines[number]

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
        if isinstance(line.lowered, Misfit) or not self.sheet.fits(line, line.lowered):
            return None
        return self._as_stated(line, line.lowered, self.line(place))

    def changed(self, line: Line, lowered: Lowered, own: Own) -> Element | None:
        """The same of a line with other code, and with other own quantities that it uses."""
        if line.sources:
            self._fill()
        known = dict(self.known)
        try:
            for name, quantity in own:
                known[name] = self.value(quantity, known)
            return self._as_stated(line, lowered, self.value(lowered, known))
        except MorePoints:
            return None

    def _as_stated(self, line: Line, lowered: Lowered, found: Element) -> Element:
        return shaped(found, lambda a, lead: self.sheet.stated(line, lowered, a))

    def share(self, name: str, k: int, box: tuple[slice, ...]) -> Element:
        """A contribution within a box, 0 where it does not reach."""
        found, region = self.contributions[name][k]
        shape = numbers(self.sheet.program.shapes[name])

        def within(a: Array, lead: int) -> Array:
            index: Any = (*(slice(None),) * lead, *box)
            return np.asarray(_placed(a, lead, region, shape, self.sheet)[index])

        return shaped(self.evaluation.values[found], within)

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

    def _given(self, name: str) -> Element | None:
        """What is given of a derivative."""
        arriving = self.sheet.points.whole.reified.arriving
        given = {item.name: n for item, n in zip(self.sheet.program.given, arriving, strict=True)}
        return self.evaluation.values[given[name]] if name in given else None

    def running(self, name: str, entries: Sequence[tuple[int, Entry]]) -> Element | None:
        """What lines give that are carried out in order; None where one has no value."""
        shape = numbers(self.sheet.program.shapes[name])
        total = self._given(name)
        if name == self.sheet.program.loss:
            one = self.arithmetic.element(1)
            total = one if total is None else total + one
        for place, entry in entries:
            value = self.stated(place)
            if value is None:
                return None
            if entry.box != EVERYWHERE:
                value = self._put(value, entry.box, shape)
                if entry.assign != "+=" and total is not None:
                    kept = np.ones(shape, dtype=bool)
                    kept[entry.box] = False
                    total = self.arithmetic.only(kept, total)
            elif entry.assign != "+=":
                total = None
            total = value if total is None else total + value
        return self.arithmetic.constant(np.zeros(shape)) if total is None else total

    def _put(self, value: Element, box: tuple[slice, ...], shape: tuple[int, ...]) -> Element:
        """A value in the place of a region, with 0 around it."""

        def put(a: Array) -> Array:
            whole = np.zeros((*a.shape[: a.ndim - len(shape)], *shape), dtype=a.dtype)
            index: Any = (..., *box)
            whole[index] = a
            return whole

        return self.arithmetic.ring(put, (value,))


def contributions(points: Points) -> dict[str, list[tuple[str, Region | None]]]:
    """For each derivative the steps that its contributions are, in the order of the shares."""
    whole = points.whole
    found: dict[str, list[tuple[str, Region | None]]] = {}
    for row, name in zip(whole.rows, whole.reified.values, strict=True):
        if row.operand != OWN:
            found.setdefault(row.target, []).append((name, row.contribution.region))
    return found


def shaped(x: Element, moved: Callable[[Array, int], Array]) -> Element:
    """An element with its entries moved; `moved` takes an array and its axes in front."""
    return Element(
        x.arithmetic, moved(x.near, 0), moved(x.at, 1), x.degree, x.doubts, x.lost, x.dot
    )


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
