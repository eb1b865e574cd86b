"""Forward mode with its values: how every equation moves with one input, or along a direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradcli import evaluate
from gradcli.data.arrays import arrays
from gradcli.errors import GradError
from gradcli.interpret import interpret
from gradcli.ops.core import Array
from gradcli.program import Drawn, Program, Step
from gradcli.record import Record
from gradcli.request import FORWARD, REVERSE, Request
from gradcli.session import Session, bind, compute
from gradcli.sizes import Shape, is_scalar, numbers
from gradcli.suggest import some_of, suggestion
from gradcli.syntax import Parsed
from gradcli.transform.forward import Differential, Tangents, forward_mode
from gradcli.transform.jvp import Moving, terms
from gradcli.transform.reify import OWN
from gradcli.transform.vjp import RESULT
from gradcli.values import draw, fit

STANDARD = Drawn("normal", (0.0, 1.0))
DRAWN, STATED, ONE = "drawn", "stated", "1"


class Forward(Record):
    """A session's forward mode: the tangents' program, the directions, and what all are worth.

    by: the scalar input that all is differentiated by, None where it is a direction. started: how
    the directions are had, `drawn` or `stated`, or `1`.
    """

    session: Session
    tangents: Tangents
    directions: dict[str, Array]
    values: dict[str, Array]
    by: str | None
    started: str

    def name(self, of: str) -> str:
        """What the tangent of a quantity is called: dc/db, or dc along a direction."""
        return f"d{of}/d{self.by}" if self.by else self.tangents.names[of]

    def formula(self, row: Differential) -> str:
        return row.tangent.formula(self.step(row), self._shown(row))

    def _shown(self, row: Differential) -> list[str | None]:
        """What the tangents of an equation's operands are called."""
        moving = zip(self.step(row).args, row.operands, strict=True)
        return [self.name(str(arg)) if name else None for arg, name in moving]

    def step(self, row: Differential) -> Step:
        return self.session.program.steps[row.eq - 1]

    def value(self, of: str) -> Array:
        """A quantity's tangent, in the quantity's own shape."""
        return self.values[self.tangents.names[of]]

    def terms(self, row: Differential) -> Iterator[tuple[str, Array]]:
        """The terms of a tangent: as text, and what each is worth."""
        step = self.step(row)
        leaves: dict[Any, Array] = {RESULT: self.session.values[step.name]}
        for k, (arg, name) in enumerate(zip(step.args, row.operands, strict=True)):
            if isinstance(arg, str):
                leaves[k] = self.session.values[arg]
            if name is not None:
                leaves[Moving(k)] = self.values[name]
        for term in terms(step, [name is not None for name in row.operands]):
            yield term.formula(step, self._shown(row)), evaluate.compute(term.nodes, leaves)


def run(parsed: Parsed, request: Request, tangent: Path | Mapping[str, Any] | None) -> Forward:
    """A model's forward mode, along the directions that a file or a mapping states.

    Where no --wrt says what moves, it is what has a direction. Raises GradError or GradErrors.
    """
    directions = arrays(tangent, request.max_elements, "tangent")
    program, data = bind(parsed, request)
    if directions and not request.wrt:
        _check_known(program, tuple(program.shapes), directions)
        request = request._replace(wrt=list(directions))
    return tangents(compute(program, data, request), directions, request.seed)


def tangents(session: Session, directions: Mapping[str, Array], seed: int) -> Forward:
    """The forward mode of a session along directions; drawn ones where none are stated.

    Raises GradError for a direction that does not fit, and where what moves depends on what moves.
    """
    wrt = session.derivation.wrt
    _check_apart(session.program, wrt)
    found = forward_mode(session.program, wrt)
    shapes = session.program.shapes
    if len(wrt) == 1 and is_scalar(shapes[wrt[0]]) and not directions:
        started, moved = ONE, {wrt[0]: np.ones((1, 1))}
    else:
        started = STATED if directions else DRAWN
        _check(session.program, wrt, directions)
        moved = {name: _direction(name, shapes[name], directions, seed) for name in wrt}
    inputs = {**session.inputs, **{found.names[name]: array for name, array in moved.items()}}
    by = wrt[0] if started == ONE else None
    return Forward(session, found, moved, evaluate.forward(found.program, inputs), by, started)


def _check_apart(program: Program, wrt: tuple[str, ...]) -> None:
    """Forward mode moves each name by itself; one that another moves can't be moved so."""

    def cause(step: Step, causes: list[str | None]) -> str | None:
        """The name that a step moves with, from those of its operands; None where it rests."""
        found = next(filter(None, causes), None)
        if found is not None and step.name in wrt:
            raise GradError(
                f"--wrt {step.name}: it moves with {found}, which --wrt names too",
                hint="forward mode moves names that do not depend on each other",
                kind="bad-option",
            )
        return step.name if step.name in wrt else found

    causes = {item.name: item.name if item.name in wrt else None for item in program.inputs}
    interpret(program.steps, causes, cause, lambda number: None)


def _check(program: Program, wrt: tuple[str, ...], directions: Mapping[str, Array]) -> None:
    _check_known(program, wrt, directions)
    for name in wrt:
        if directions and name not in directions:
            raise GradError(
                f"--tangent: there is no direction for {name}",
                hint="--wrt names what moves; with none, it is what has a direction",
                kind="bad-data",
            )


def _check_known(program: Program, wrt: tuple[str, ...], directions: Mapping[str, Array]) -> None:
    for name in directions:
        if name not in wrt:
            where = "the model has" if name not in program.shapes else "--wrt names"
            raise GradError(
                f"--tangent: {where} no `{name}`",
                hint=suggestion(name, wrt) or f"--wrt names {some_of(wrt)}",
                kind="bad-data",
            )


def _direction(name: str, shape: Shape, directions: Mapping[str, Array], seed: int) -> Array:
    if name in directions:
        return fit(directions[name], numbers(shape), name, "--tangent")
    return draw(STANDARD, numbers(shape), f"tangent of {name}", seed)


class Sum(Record):
    """How a mode comes to the derivative of the outputs: its terms, their sum, its operations."""

    mode: str
    terms: tuple[tuple[str, float], ...]
    total: float
    operations: int


def sums(found: Forward) -> tuple[Sum, Sum]:
    """The derivative of what is differentiated, along the direction, by forward and reverse mode.

    Forward mode has a term for each operand of the last equation that moves, reverse mode one for
    each step that reaches what moves. Both have the same sum: u·(J v) = (Jᵀu)·v.
    """
    ahead, back = tuple(_ahead(found)), tuple(_back(found))
    made = found.tangents.program.steps
    own = {step.name for step in found.session.program.steps}
    return (
        Sum(FORWARD, ahead, _total(ahead), operations(s for s in made if s.name not in own)),
        Sum(REVERSE, back, _total(back), operations(found.session.derivation.reified.steps)),
    )


def operations(steps: Iterable[Step]) -> int:
    """How many operations on numbers some steps take."""
    return sum(int(step.call.flops.value) for step in steps)


def _ahead(found: Forward) -> Iterator[tuple[str, float]]:
    session = found.session
    rows = {found.step(row).name: row for row in found.tangents.rows}
    weights: dict[str, Array] = dict(session.given)
    if (loss := session.program.loss) is not None:
        weights[loss] = weights.get(loss, np.zeros((1, 1))) + 1
    for name, weight in weights.items():
        row = rows.get(name)
        if row is None:
            if name in found.tangents.names:
                yield found.name(name), float(np.sum(weight * found.value(name)))
            continue
        for text, value in found.terms(row):
            yield text, float(np.sum(weight * value))


def _back(found: Forward) -> Iterator[tuple[str, float]]:
    session = found.session
    derivation = session.derivation
    for item in session.program.given:
        if item.name in found.directions:
            product = session.given[item.name] * found.directions[item.name]
            yield f"dL/d{item.name}", float(np.sum(product))
    for row, value in zip(derivation.rows, session.backward.values, strict=True):
        direction = found.directions.get(row.target)
        if direction is None or row.operand == OWN:
            continue
        if row.region is not None:
            direction = direction[tuple(part.slice() for part in row.region)]
        text = f"{derivation.left(row)} {row.assign} {derivation.formula(row)}"
        yield text, float(np.sum(value * direction.reshape(value.shape)))


def _total(terms: tuple[tuple[str, float], ...]) -> float:
    return sum(value for _, value in terms)
