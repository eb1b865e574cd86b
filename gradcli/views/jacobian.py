"""The Jacobian of one quantity by another: its value, its structure, its formula."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from gradcli.errors import GradError
from gradcli.evaluate import forward
from gradcli.interpret import interpret, number
from gradcli.ops.core import Array
from gradcli.ops.maps import Map, identity, transposed
from gradcli.program import NOWHERE, Input, Program, Step
from gradcli.request import FORWARD, REVERSE
from gradcli.session import Session
from gradcli.sizes import Shape, numbers
from gradcli.suggest import some_of, suggestion
from gradcli.transform.downstream import batched, downstream, lanes
from gradcli.transform.forward import forward_mode
from gradcli.transform.jacobian import along, text
from gradcli.transform.reverse import Derivation, derive
from gradcli.values import draw
from gradcli.views.structure import of_map, of_pattern
from gradcli.views.tangents import STANDARD

POINTS = 2  # drawn ones, at which the pattern of zeros is looked at beside the model's own values
CHUNK = 2**22  # entries of the largest array in one evaluation


class Passes(NamedTuple):
    """How many passes each mode takes, with lanes used where they stay apart."""

    forward: int
    reverse: int
    lanes: dict[str, int] | None

    @property
    def mode(self) -> str:
        return FORWARD if self.forward <= self.reverse else REVERSE


class Jacobian(NamedTuple):
    """`of`'s entries by `wrt`'s entries, both row by row: `value` is that, whatever the layout.

    points: at how many points the structure was looked at; 0 where the formula has it. backward:
    the vector–Jacobian product, step by step, from dL/d(of) to dL/d(wrt). written: the names that
    stand in the model's text.
    """

    session: Session
    program: Program
    of: str
    wrt: str
    value: Array
    structure: str
    points: int
    passes: Passes
    map: Map | None
    backward: Derivation
    written: AbstractSet[str]

    @property
    def layout(self) -> str:
        return self.session.derivation.layout

    def shown(self) -> Array:
        """The matrix in the layout: its transpose in the denominator layout."""
        return self.value if self.layout == "numerator" else self.value.T

    def formula(self) -> str:
        """The matrix in the layout, in the model's names."""
        if self.map is None:
            return "0"
        found = self.map if self.layout == "numerator" else transposed(self.map)
        return text(found, self.program.shapes, self.program.sizes)

    def shape(self) -> Shape:
        """Its shape in the layout, as symbols."""
        shapes, sizes = self.program.shapes, self.program.sizes
        both = [sizes.product(shapes[name]) for name in (self.of, self.wrt)]
        return tuple(both if self.layout == "numerator" else both[::-1])


def jacobian(
    session: Session, of: str | None, wrt: str | None, written: AbstractSet[str], max_elements: int
) -> Jacobian:
    """The Jacobian of one quantity of a session by another.

    of: None for the only one that is differentiated. wrt: None for the only input or param.
    Raises GradError for a name that is not there, and for a matrix of too many elements.
    """
    program = session.program
    of = only(program, "--of", of, program.outputs())
    wrt = only(program, "--wrt", wrt, session.derivation.wrt)
    return between(session, program, of, wrt, written, max_elements)


def between(
    session: Session,
    program: Program,
    of: str,
    wrt: str,
    written: AbstractSet[str],
    max_elements: int,
) -> Jacobian:
    """The Jacobian of one quantity by another through the steps of a program.

    program: the session's, or a part of it, whose inputs are held but for what moves.
    """
    rows, columns = (math.prod(numbers(program.shapes[name])) for name in (of, wrt))
    if rows * columns > max_elements:
        raise GradError(
            f"the Jacobian of {of} by {wrt} has {rows:,}×{columns:,} elements, "
            f"more than {max_elements:,}",
            hint="--max-elements raises the limit; a product with it needs no Jacobian: "
            "`derive`, or `derive --mode forward`",
            kind="too-large",
        )
    single = narrowed(program, of)
    steps = downstream(program.steps, [wrt], {of})
    taken = passes(program, steps, of, wrt)
    backward = derive(single, (wrt,), "auto", session.derivation.layout)
    found = Sides(single, of, wrt, steps, taken, backward)
    matrix = found.matrix(session.values)
    own = along(steps, wrt, program.shapes).get(of)
    if of == wrt:
        own = identity(program.shapes[of], program.sizes)
    structure, points = of_map(own), 0
    if structure is None:
        same, points = [matrix], 1
        for values in elsewhere(session):
            other = found.matrix(values)
            if np.isfinite(other).all():
                same.append(other)
        points = len(same)
        structure = of_pattern(same, np.any([one != 0 for one in same], axis=0))
    return Jacobian(
        session, program, of, wrt, matrix, structure, points, taken, own, backward, written
    )


def narrowed(program: Program, of: str) -> Program:
    """A program of which one quantity alone is differentiated."""
    output = Input(of, "given", program.shapes[of], None, NOWHERE)
    return program._replace(loss=None, given=(output,))


def only(program: Program, option: str, name: str | None, only: Sequence[str]) -> str:
    if name is None:
        if len(only) == 1:
            return only[0]
        if not only:
            raise GradError(
                f"{option} is needed: the model has no input or param",
                hint="it names any quantity of the model",
                kind="bad-option",
            )
        raise GradError(
            f"{option} is needed: the model has {some_of(only)}",
            hint=f"{option} {only[0]}",
            kind="bad-option",
        )
    if name in program.shapes:
        return name
    hint = suggestion(name, program.shapes) or (f"{option} {only[0]}" if only else None)
    if name in program.families:
        hint = f"it is a family: {option} '{program.families[name][0]}'"
    raise GradError(f"{option} {name}: the model has no `{name}`", hint=hint, kind="bad-option")


def passes(program: Program, steps: Sequence[Step], of: str, wrt: str) -> Passes:
    shapes = [numbers(program.shapes[name]) for name in (of, wrt)]
    rows, columns = map(math.prod, shapes)
    apart = lanes(steps, wrt, shapes[1])
    if not apart or of not in apart:
        return Passes(columns, rows, None)
    both = {name: apart[name] for name in (of, wrt)}
    size = shapes[1][both[wrt]]
    return Passes(columns // size, rows // size, both)


def elsewhere(session: Session) -> Iterator[dict[str, Array]]:
    """The values of a session at drawn points, at which what is const stays as it is."""
    program = session.program
    for point in range(POINTS):
        inputs = dict(session.inputs)
        for item in program.inputs:
            if item.role != "const":
                key = f"point {point} of {item.name}"
                drawn = draw(STANDARD, numbers(item.shape), key, 0)
                inputs[item.name] = np.abs(drawn) if point else drawn
        try:
            yield forward(program, inputs)
        except GradError:
            continue


class Sides(NamedTuple):
    """The two ways to a Jacobian: columns by forward mode, or rows by reverse mode."""

    program: Program
    of: str
    wrt: str
    steps: Sequence[Step]
    passes: Passes
    backward: Derivation

    def matrix(self, values: dict[str, Array]) -> Array:
        """The matrix at some values, in as few passes as there can be."""
        shapes = [numbers(self.program.shapes[name]) for name in (self.of, self.wrt)]
        found = np.zeros((math.prod(shapes[0]), math.prod(shapes[1])))
        if self.of == self.wrt:
            return np.eye(len(found))
        if not self.steps:
            return found
        ahead = self.passes.mode == FORWARD
        moved, out = (self.wrt, self.of) if ahead else (self.of, self.wrt)
        if ahead:
            made = forward_mode(self.program, (self.wrt,))
            own = {step.name for step in self.program.steps}
            steps = [step for step in made.program.steps if step.name not in own]
            if self.of not in made.names:  # no gradient flows: through a comparison, say
                return found
            start, end = made.names[self.wrt], made.names[self.of]
        else:
            reified = self.backward.reified
            steps = list(reified.steps)
            start, end = reified.arriving[0], reified.totals[self.wrt]
        lane = self.passes.lanes or {}
        shape, back = (numbers(self.program.shapes[name]) for name in (moved, out))
        target = found if ahead else found.T
        largest = max(math.prod(numbers(step.call.shape)) for step in steps) if steps else 1
        seeds = _Seeds(shape, lane.get(moved), back, lane.get(out))
        chunk = max(1, CHUNK // max(largest, 1))
        for first in range(0, seeds.count, chunk):
            at = np.arange(first, min(first + chunk, seeds.count))
            result = run(steps, values, {start: seeds.arrays(at)}, end)
            seeds.place(at, result, target)
        return found


class _Seeds:
    """The directions that the passes start from, one an entry; or one for a whole lane of them."""

    def __init__(
        self, shape: tuple[int, ...], lane: int | None, back: tuple[int, ...], own: int | None
    ) -> None:
        self.shape, self.back = shape, back
        size = math.prod(shape)
        flat = np.arange(size).reshape(shape)
        if lane is None or own is None:
            self.entries = flat.reshape(size, 1)  # of each seed, by the position in its lane
            self.position = np.zeros(math.prod(back), dtype=int)
        else:
            self.entries = np.moveaxis(flat, lane, -1).reshape(-1, shape[lane])
            self.position = np.indices(back)[own].reshape(-1)
        self.count = len(self.entries)

    def arrays(self, at: Array) -> Array:
        found = np.zeros((len(at), math.prod(self.shape)))
        np.put_along_axis(found, self.entries[at], 1.0, axis=1)
        return found.reshape((len(at), *self.shape))

    def place(self, at: Array, result: Array, target: Array) -> None:
        """Put what came back into the matrix, whose columns are the seeds' entries."""
        rows = np.arange(len(self.position))
        flat = np.broadcast_to(result, (len(at), *self.back)).reshape(len(at), -1)
        for row, i in zip(flat, at, strict=True):
            target[rows, self.entries[i][self.position]] = row


def run(
    steps: Sequence[Step], values: dict[str, Array], seeds: dict[str, Array], end: str
) -> Array:
    """The value of a step where some inputs have many values, on a leading axis."""
    found = {**values, **seeds}
    with np.errstate(all="ignore"):
        interpret(steps, found, batched, number)
    return found[end]
