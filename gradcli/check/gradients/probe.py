"""How a model's outputs change when entries of one quantity move, many at a time.

Each move has a place on a leading axis of all values.

Only the equations downstream of the moved quantity are computed. Where positions along one of its
axes stay apart all the way to the outputs, all of them move in one evaluation, each in its lane.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.gradients.infinity import beside_infinity
from gradcli.codegen.numpy_ import Names, function_name, moved_lines
from gradcli.ops.core import TABLE, Array, asarray
from gradcli.session import Session
from gradcli.sizes import Number
from gradcli.transform.inline import Equation, flatten

CHUNK = 128 * 1024  # bytes of the largest array in one evaluation
WORTH_COMPILING = 60  # evaluations that pay for generating code


class Moved(NamedTuple):
    """What moves of single entries do: to the objective, and to the branches that are taken."""

    change: Array
    crossed: Array


class Model:
    """A session as the probes see it: basic equations, their values, and the outputs' weights.

    weights: the derivative that arrives at each output, in its own shape.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.equations = flatten(session.program.steps)
        self.values = dict(session.values)
        with np.errstate(all="ignore"):
            for e in self.equations:
                if e.name not in self.values:
                    self.values[e.name] = e.op.forward(*self.arguments(e), **e.static)
        self.weights = weights(session)
        self.names = Names({"np", "run", *map(function_name, TABLE.values())})
        self._namespace: dict[str, Any] | None = None

    def arguments(self, equation: Equation) -> list[Array]:
        return [
            asarray(a.value) if isinstance(a, Number) else self.values[a] for a in equation.args
        ]

    def namespace(self) -> dict[str, Any]:
        """The globals of generated code: the operations and every value."""
        if self._namespace is None:
            found: dict[str, Any] = {"np": np}
            for e in self.equations:
                found[function_name(e.op)] = e.op.forward
                found[f"branches_{function_name(e.op)}"] = e.op.branches
            found |= {self.names(name): value for name, value in self.values.items()}
            self._namespace = found
        return self._namespace


def weights(session: Session) -> dict[str, Array]:
    found = {name: np.asarray(value, dtype=float) for name, value in session.given.items()}
    if session.program.loss is not None:
        found[session.program.loss] = found.get(session.program.loss, 0.0) + np.ones((1, 1))
    return found


class Probe:
    """Moves entries of one quantity, an input or any step's result.

    complex_safe: whether all that is downstream may be computed with complex numbers.
    kinks: the equations downstream that have branches.
    """

    def __init__(self, model: Model, name: str) -> None:
        self.model = model
        self.name = name
        self.base = model.values[name]
        self.equations = downstream(model.equations, name, set(model.weights))
        changing = {name, *(e.name for e in self.equations)}
        self.outputs = [output for output in model.weights if output in changing]
        self.complex_safe = all(e.op.complex_safe for e in self.equations)
        self.kinks = [e for e in self.equations if e.op.branches is not None]
        self._signatures = [e.op.branches(*model.arguments(e), **e.static) for e in self.kinks]  # type: ignore[misc]
        self._lanes = lanes(self.equations, name, self.base.shape)
        sizes = [self.base.size, *(model.values[e.name].size for e in self.equations)]
        self._bytes = 8 * max(sizes)
        self._compiled: dict[bool, Any] = {}
        self._all_places: tuple[Array, Array] | None = None
        self._plan = self._planned()
        self._infinite = {
            e.name for e in self.equations if not np.isfinite(model.values[e.name]).all()
        }

    def move(self, entries: Array, steps: Array) -> Moved:
        """What happens when each of some entries (flat indices) moves by its own step, alone.

        The change is that of the objective, the outputs' sum by their weights; for complex steps it
        is a complex number.
        """
        change = np.zeros(len(entries), dtype=steps.dtype)
        crossed = np.zeros(len(entries), dtype=bool)
        if not self.outputs:
            return Moved(change, crossed)
        lane, row, rows = self._places(entries)
        chunk = max(1, CHUNK // (self._bytes * (steps.itemsize // 8)))
        run = self._runner(steps.dtype.kind == "c", -(-rows // chunk))
        with np.errstate(all="ignore"):
            for first in range(0, rows, chunk):
                among: Any = slice(None)
                if rows > chunk:
                    among = np.nonzero((row >= first) & (row < first + chunk))[0]
                at = (row[among] - first, lane[among])
                count = min(chunk, rows - first)
                moved = self._evaluate(run, entries[among], steps[among], at, count)
                change[among], crossed[among] = moved
        return Moved(change, crossed)

    def reached(self, entries: Array, errors: dict[str, Array]) -> Array:
        """The sum of the errors of the outputs that each entry reaches."""
        lane, _, _ = self._places(entries)
        total = np.zeros(len(entries))
        with np.errstate(all="ignore"):
            for name in self.outputs:
                total += self._by_lane(name, errors[name][None], np.add)[0, lane]
        return total

    def crossings(self, entry: int, step: float) -> list[Equation]:
        """The equations that take another branch when an entry moves."""
        moved = np.array([self.base])
        moved.reshape(1, -1)[0, entry] += step
        with np.errstate(all="ignore"):
            _, signatures = self._interpret(moved, True)
        return [
            e
            for e, found, base in zip(self.kinks, signatures, self._signatures, strict=True)
            if np.any(found != base)
        ]

    # ── evaluation ──

    def _evaluate(
        self, run: Any, entries: Array, steps: Array, at: tuple[Array, Array], count: int
    ) -> Moved:
        """One evaluation of `count` rows; `at` are the rows and lanes of the entries that move."""
        moved = np.empty((count, *self.base.shape), dtype=steps.dtype)
        moved[...] = self.base
        moved.reshape(count, -1)[at[0], entries] += steps
        change = np.zeros(len(entries), dtype=steps.dtype)
        try:
            outputs, signatures = run(moved)
        except np.linalg.LinAlgError:
            return self._one_by_one(run, entries, steps, at, count)
        crossed = np.zeros(len(entries), dtype=bool)
        for name, value in zip(self.outputs, outputs, strict=True):
            difference = np.asarray(value - self.model.values[name])
            weight = self.model.weights[name]
            if difference.dtype.kind == "c":  # a product of complex numbers would mix both parts
                difference.real, difference.imag = (
                    difference.real * weight,
                    difference.imag * weight,
                )
            else:
                difference = difference * weight
            change += self._by_lane(name, difference, np.add)[at]
        for e, found, base in zip(self.kinks, signatures, self._signatures, strict=False):
            if found.ndim > np.ndim(base):
                crossed |= self._by_lane(e.name, found != base, np.logical_or)[at]
        return Moved(change, crossed)

    def _one_by_one(
        self, run: Any, entries: Array, steps: Array, at: tuple[Array, Array], count: int
    ) -> Moved:
        """As `_evaluate`, where linear algebra fails for some row: its entries' change is nan."""
        change = np.full(len(entries), np.nan, dtype=steps.dtype)
        crossed = np.zeros(len(entries), dtype=bool)
        if count > 1:
            for row in np.unique(at[0]):
                some = at[0] == row
                alone = (at[0][some] - row, at[1][some])
                moved = self._evaluate(run, entries[some], steps[some], alone, 1)
                change[some], crossed[some] = moved
        elif steps.dtype.kind == "c":
            change.imag = np.nan
        return Moved(change, crossed)

    def _by_lane(self, name: str, values: Array, operation: np.ufunc) -> Array:
        """Values that belong to an equation, reduced to one for each row and lane."""
        if not self._lanes:
            return np.asarray(operation.reduce(values.reshape(len(values), -1), axis=1))[:, None]
        lane = values.ndim + self._lanes[name]
        axes = tuple(axis for axis in range(1, values.ndim) if axis != lane)
        return np.asarray(operation.reduce(values, axis=axes))

    def _places(self, entries: Array) -> tuple[Array, Array, int]:
        """For each entry its lane and the row in which it moves, and how many rows there are."""
        if not self._lanes:
            return np.zeros(len(entries), dtype=int), np.arange(len(entries)), len(entries)
        if self._all_places is None:
            shape, axis = self.base.shape, self._lanes[self.name]
            lane = np.unravel_index(np.arange(self.base.size), shape)[axis]
            within = np.arange(self.base.size) - lane * math.prod(shape[len(shape) + axis + 1 :])
            row = np.unique(within, return_inverse=True)[1].reshape(-1)
            self._all_places = lane, row
        lane, row = (some[entries] for some in self._all_places)
        if len(entries) == self.base.size:
            return lane, row, self.base.size // self.base.shape[self._lanes[self.name]]
        some, row = np.unique(row, return_inverse=True)
        return lane, row.reshape(-1), len(some)

    def _runner(self, is_complex: bool, evaluations: int) -> Any:
        signatures = not is_complex and bool(self.kinks)
        if is_complex and self._infinite:
            return lambda moved: self._interpret(moved, False)
        if signatures not in self._compiled and evaluations < WORTH_COMPILING:
            return lambda moved: self._interpret(moved, signatures)
        if signatures not in self._compiled:
            model = self.model
            text = "".join(
                moved_lines(self.equations, self.name, self.outputs, model.names, signatures)
            )
            scope = model.namespace()
            exec(compile(text, f"<downstream of {self.name}>", "exec"), scope)  # noqa: S102
            self._compiled[signatures] = scope.pop("run")
        return self._compiled[signatures]

    def _planned(self) -> list[tuple[Equation, list[tuple[str | None, Any]]]]:
        """Each equation with where its operands are: a name and its lift, or a value."""
        varying = {self.name}
        plan = []
        for e in self.equations:
            operands: list[tuple[str | None, Any]] = []
            for arg, missing in zip(e.args, e.missing_axes(), strict=True):
                if isinstance(arg, Number):
                    operands.append((None, asarray(arg.value)))
                elif arg in varying:
                    operands.append((arg, (slice(None), *(None,) * missing) if missing else None))
                else:
                    operands.append((None, self.model.values[arg]))
            varying.add(e.name)
            plan.append((e, operands))
        return plan

    def _interpret(self, moved: Array, signatures: bool) -> tuple[list[Array], list[Array]]:
        values: dict[str, Array] = {self.name: moved}
        found = []
        for e, operands in self._plan:
            arguments = [
                value if name is None else values[name] if value is None else values[name][value]
                for name, value in operands
            ]
            if signatures and e.op.branches is not None:
                found.append(e.op.branches(*arguments, **e.static))
            value = e.op.forward(*arguments, **e.static)
            if e.name in self._infinite and np.iscomplexobj(value):
                value = beside_infinity(e, arguments, value, self.model.values[e.name])
            values[e.name] = value
        return [values[name] for name in self.outputs], found


def downstream(equations: Sequence[Equation], name: str, outputs: set[str]) -> list[Equation]:
    """The equations between a quantity and the outputs."""
    changing = {name}
    found = []
    for e in equations:
        if any(arg in changing for arg in e.operands()) and e.name != name:
            changing.add(e.name)
            found.append(e)
    wanted = set(outputs)
    needed = []
    for e in reversed(found):
        if e.name in wanted:
            wanted.update(e.operands())
            needed.append(e)
    return needed[::-1]


def lanes(
    equations: Sequence[Equation], name: str, shape: tuple[int, ...]
) -> dict[str, int] | None:
    """The axis of each value, from the end, along which positions stay apart up to the outputs.

    It begins at the longest such axis of the quantity that moves; None where all of them mix.
    """
    for axis in sorted(range(-len(shape), 0), key=lambda axis: -shape[axis]):
        if shape[axis] == 1:
            return None
        where: dict[str, int] = {name: axis}
        for e in equations:
            axes = [where.get(arg) if isinstance(arg, str) else None for arg in e.args]
            found = e.op.lanes(e.signature, axes) if e.op.lanes else None
            if found is None:
                break
            where[e.name] = found
        else:
            return where
    return None
