"""Influence diagrams: every path from one entry to another over the person's own equations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from gradcli.errors import GradError
from gradcli.evaluate import backward
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.session import Session
from gradcli.sizes import numbers
from gradcli.transform.downstream import downstream
from gradcli.transform.jacobian import along, text
from gradcli.transform.reverse import derive
from gradcli.views.diagram import LAST, Arrow, Diagram, Path
from gradcli.views.entries import Entry, entry, label
from gradcli.views.jacobian import Sides, elsewhere, narrowed, passes
from gradcli.views.named import Equation, equations, part

MOST = 100  # paths that are listed unless fewer are asked for


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
    found = Diagram(program, arrows, first, ends, last)
    count, total = found.count(), found.total()
    most = top if top is not None else (min(count, MOST))
    listed = found.largest(most)
    rest = count - len(listed), total - math.fsum(path.product for path in listed)
    if not rest[0]:
        rest = (0, 0.0)
    gradient = _gradient(session, first, last)
    return Paths(session, first, last, count, tuple(listed), rest, total, gradient, tuple(arrows))


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
    steps = downstream(program.steps, [wrt], {of})
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
