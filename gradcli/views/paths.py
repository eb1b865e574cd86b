"""Influence diagrams: every path from one entry to another over the person's own equations."""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from gradcli.errors import GradError
from gradcli.evaluate import backward
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.session import Session
from gradcli.sizes import numbers
from gradcli.suggest import suggestion
from gradcli.transform.downstream import downstream
from gradcli.transform.jacobian import along, text
from gradcli.transform.reverse import derive
from gradcli.views.jacobian import Sides, elsewhere, narrowed, passes
from gradcli.views.named import Equation, equations, part

MOST = 100  # paths that are listed unless fewer are asked for
LAST = "L"  # the end, where derivatives are given
INDEX = re.compile(r"\[\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?(?:,\s*(-?\d+)\s*)*\]")


class Entry(NamedTuple):
    """One entry of a quantity, by its position row by row; or the end itself, which has no name."""

    name: str
    position: int


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


class Paths(NamedTuple):
    """All paths from one entry to another: some of them, and the rest as one sum.

    end: None for what is differentiated, which is called L. number: how many there are, and rest:
    of those that are not listed; total: the sum of all. Both are found by dynamic programming.
    gradient: the sum by reverse mode.
    """

    session: Session
    start: Entry
    end: Entry | None
    number: int
    paths: tuple[Path, ...]
    rest: tuple[int, float]
    total: float
    gradient: float
    arrows: tuple[Arrow, ...]

    @property
    def none(self) -> str | None:
        """What is said where there is no path: whether the other way may have some."""
        if self.number:
            return None
        start, end = self.label(self.start), self.label(self.end) if self.end else LAST
        found = f"no path leads from {start} to {end}: the derivative is 0"
        order = list(self.session.program.shapes)
        if self.end and order.index(self.end.name) < order.index(self.start.name):
            found += f"; {end} is computed first: --from '{end}' --to '{start}' is the other way"
        return found

    def label(self, entry: Entry) -> str:
        """An entry as it is written: x[0], W[1, 2], a."""
        if entry.name not in self.session.program.shapes:
            return entry.name
        return label(self.session.program, entry)


def paths(
    session: Session,
    start: str,
    end: str | None,
    top: int | None,
    written: AbstractSet[str],
    max_elements: int,
) -> Paths:
    """The paths from an entry to another, or to what is differentiated.

    top: how many are listed, the largest; None for all, or some of very many. Raises GradError for
    what is no entry.
    """
    program = session.program
    first = entry(program, "--from", start)
    whole = end is None or (end == LAST and LAST not in program.shapes)
    last = None if end is None or whole else entry(program, "--to", end)
    ends = _ends(session, last)
    bases = {name.partition("[")[0] for name in (first.name, *ends)}
    named = [e for e in equations(program, written | bases) if e.name != first.name]
    arrows = _arrows(session, named, first.name, set(ends), max_elements)
    found = _Diagram(program, arrows, first, ends, last)
    count, total = found.count(), found.total()
    most = top if top is not None else (min(count, MOST))
    listed = found.largest(most)
    rest = count - len(listed), total - math.fsum(path.product for path in listed)
    if not rest[0]:
        rest = (0, 0.0)
    gradient = _gradient(session, first, last)
    return Paths(session, first, last, count, tuple(listed), rest, total, gradient, tuple(arrows))


def entry(program: Program, option: str, written: str) -> Entry:
    """An entry as it is written. Raises GradError where there is none."""
    if not written.strip():
        first = label(program, Entry(next(iter(program.shapes)), 0))
        raise GradError(f"{option} is empty", hint=f"{option} {first}", kind="bad-option")
    name = max((n for n in program.shapes if written.startswith(n)), key=len, default="")
    rest = written[len(name) :].strip()
    if not name or (rest and not rest.startswith("[")):
        raise GradError(
            f"{option} {written}: the model has no such entry",
            hint=suggestion(written.partition("[")[0], program.shapes)
            or f"an entry is written {label(program, Entry(next(iter(program.shapes)), 0))}",
            kind="bad-option",
        )
    shape = numbers(program.shapes[name])
    if not rest:
        if math.prod(shape) == 1:
            return Entry(name, 0)
        example = label(program, Entry(name, 0))
        raise GradError(
            f"{option} {written}: {name} has {math.prod(shape):,} entries",
            hint=f"name one of them: {example}",
            kind="bad-option",
        )
    indices = [int(n) for n in re.findall(r"-?\d+", rest)] if INDEX.fullmatch(rest) else []
    if len(indices) == 1 and len(shape) == 2 and shape[1] == 1:
        indices.append(0)
    fits = len(indices) == len(shape) and all(
        -size <= i < size for i, size in zip(indices, shape, strict=True)
    )
    if not fits:
        raise GradError(
            f"{option} {written}: {name} is {'×'.join(map(str, shape))}, counted from 0",
            hint=f"its first entry is {label(program, Entry(name, 0))}",
            kind="bad-option",
        )
    at = [i % size for i, size in zip(indices, shape, strict=True)]
    return Entry(name, int(np.ravel_multi_index(at, shape)))


def label(program: Program, at: Entry) -> str:
    """An entry as it is written in the language."""
    shape = numbers(program.shapes[at.name])
    if math.prod(shape) == 1:
        return at.name
    indices = list(map(int, np.unravel_index(at.position, shape)))
    if len(shape) == 2 and shape[1] == 1:
        indices.pop()
    return f"{at.name}[{', '.join(map(str, indices))}]"


def _ends(session: Session, last: Entry | None) -> dict[str, Array]:
    """What the end is made of: for each name the weight of its entries."""
    program = session.program
    if last is not None:
        weight = np.zeros(math.prod(numbers(program.shapes[last.name])))
        weight[last.position] = 1
        return {last.name: weight}
    ends = {name: array.reshape(-1) for name, array in session.given.items()}
    if program.loss is not None:
        ends[program.loss] = ends.get(program.loss, 0) + np.ones(1)
    return ends


def _arrows(
    session: Session, named: list[Equation], start: str, ends: set[str], most: int
) -> list[Arrow]:
    """The arrows between the entries that lie between the start and the end."""
    ahead = {start}
    for equation in named:
        if not ahead.isdisjoint(equation.sources):
            ahead.add(equation.name)
    back = set(ends)
    for equation in reversed(named):
        if equation.name in back:
            back.update(equation.sources)
    between = [e for e in named if e.name in ahead and e.name in back]
    program, total = session.program, 0
    points = [session.values, *elsewhere(session)]
    found = []
    for equation in between:
        for source in equation.sources:
            if source not in ahead:
                continue
            sizes = [math.prod(numbers(program.shapes[n])) for n in (equation.name, source)]
            total += math.prod(sizes)
            if total > most:
                raise GradError(
                    f"the influence diagram has more than {most:,} places for arrows",
                    hint="--max-elements raises the limit; smaller dims draw the same diagram",
                    kind="too-large",
                )
            arrow = _arrow(part(program, equation), equation.name, source, points)
            if arrow.drawn.any():
                found.append(arrow)
    return found


def _arrow(program: Program, of: str, wrt: str, points: Iterable[dict[str, Array]]) -> Arrow:
    single = narrowed(program, of)
    steps = downstream(program.steps, wrt, {of})
    back = derive(single, (wrt,), "auto", "numerator")
    sides = Sides(single, of, wrt, steps, passes(program, steps, of, wrt), back)
    matrices = [sides.matrix(values) for values in points]
    drawn = np.any([one != 0 for one in matrices if np.isfinite(one).all()], axis=0)
    drawn = drawn | (matrices[0] != 0)
    own = along(steps, wrt, program.shapes).get(of)
    formula = "0" if own is None else text(own, program.shapes, program.sizes)
    return Arrow(of, wrt, matrices[0], drawn, formula)


def _gradient(session: Session, first: Entry, last: Entry | None) -> float:
    """The derivative of the end by the start, by reverse mode."""
    program, given = session.program, dict(session.given)
    if last is not None:
        program = narrowed(program, last.name)
        seed = np.zeros(numbers(program.shapes[last.name]))
        seed.reshape(-1)[last.position] = 1
        given = {last.name: seed}
    derivation = derive(program, (first.name,), "auto", "denominator")
    passed = backward(derivation, session.values, given)
    whole = np.broadcast_to(passed.totals[first.name], numbers(program.shapes[first.name]))
    return float(whole.reshape(-1)[first.position])


class _Diagram:
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
