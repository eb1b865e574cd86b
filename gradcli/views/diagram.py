"""The influence diagram: entries, arrows between them, and passes over the arrows.

What is counted and summed is found by dynamic programming, in the order of the equations.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.sizes import numbers
from gradcli.views.entries import Entry

LAST = "L"  # the end, where derivatives are given


class Path(NamedTuple):
    """Entries from the start to the end, and the local derivative on each arrow between them."""

    steps: tuple[Entry, ...]
    factors: tuple[float, ...]

    @property
    def product(self) -> float:
        return math.prod(self.factors)


class Arrow(NamedTuple):
    """The local derivatives of an equation by a name that it uses, the other names held.

    `matrix` is the one's entries by the other's, `drawn` where an arrow is: where it is not 0 at
    the model's values, or at a drawn point.
    """

    of: str
    wrt: str
    matrix: Array
    drawn: Array
    formula: str


class Diagram:
    """The arrows by where they lead, for the passes over them in the order of the equations."""

    def __init__(
        self,
        program: Program,
        arrows: list[Arrow],
        start: Entry,
        ends: Mapping[str, Array],
        last: Entry | None,
    ) -> None:
        self.program = program
        self.arrows = arrows
        self.start = start
        self.ends = ends
        self.last = last

    def _size(self, name: str) -> int:
        return math.prod(numbers(self.program.shapes[name]))

    def count(self) -> int:
        """How many paths there are."""
        counts = {self.start.name: self._seed(object)}
        for arrow in self.arrows:
            if arrow.wrt in counts:
                more = arrow.drawn.astype(object) @ counts[arrow.wrt]
                counts[arrow.of] = counts.get(arrow.of, 0) + more
        weights = {n: (w != 0 if self.last else np.ones(len(w))) for n, w in self.ends.items()}
        return sum(
            int(np.sum(counts[name][weight.astype(bool)]))
            for name, weight in weights.items()
            if name in counts
        )

    def total(self) -> float:
        """The sum of the products of all paths."""
        with np.errstate(all="ignore"):
            values = {self.start.name: self._seed(float)}
            for arrow in self.arrows:
                if arrow.wrt in values:
                    more = arrow.matrix @ values[arrow.wrt]
                    values[arrow.of] = values.get(arrow.of, 0.0) + more
            return float(sum(values[n] @ w for n, w in self.ends.items() if n in values))

    def _seed(self, kind: type) -> Array:
        found: Array = np.zeros(self._size(self.start.name), dtype=kind)
        found[self.start.position] = 1
        return found

    def largest(self, most: int) -> list[Path]:
        """The paths of the largest products, from the largest down."""
        best: dict[Entry, list[_Trail]] = {self.start: [_Trail(1.0, self.start, 1.0, None)]}
        for arrow in self.arrows:
            for i, j in np.argwhere(arrow.drawn).tolist():
                if come := best.get(Entry(arrow.wrt, j)):
                    at, factor = Entry(arrow.of, i), float(arrow.matrix[i, j])
                    best[at] = _kept([*best.get(at, ()), *_longer(come, at, factor)], most)
        found: list[_Trail] = []
        alone = self.last is None and not self.program.given  # the loss is the end itself
        for name, weight in self.ends.items():
            for position, factor in enumerate(weight.tolist()):
                come = best.get(Entry(name, position), [])
                if self.last is not None or alone:
                    found += come if factor else []
                else:
                    found += _longer(come, Entry(LAST, 0), factor)
        return [_path(trail) for trail in _kept(found, most)]


class _Trail(NamedTuple):
    """A path from its end: the product so far, the last entry, its factor, the path before."""

    product: float
    at: Entry
    factor: float
    before: _Trail | None


def _longer(come: list[_Trail], at: Entry, factor: float) -> list[_Trail]:
    return [_Trail(trail.product * factor, at, factor, trail) for trail in come]


def _kept(found: list[_Trail], most: int) -> list[_Trail]:
    """The largest, in the order in which they were found where they are equal."""
    return heapq.nlargest(most, found, key=lambda trail: abs(trail.product))


def _path(trail: _Trail) -> Path:
    steps, factors = [trail.at], []
    while trail.before is not None:
        factors.append(trail.factor)
        trail = trail.before
        steps.append(trail.at)
    return Path(tuple(reversed(steps)), tuple(reversed(factors)))
