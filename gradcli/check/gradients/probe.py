"""How a model's outputs change when entries of one quantity move, many at a time.

Each move has a place on a leading axis of all values.

Only the steps downstream of the moved quantity are computed. Where positions along one of its
axes stay apart all the way to the outputs, all of them move in one evaluation, each in its lane.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.check.gradients.infinity import beside_infinity
from gradcli.check.gradients.surrogates import cut
from gradcli.codegen.numpy_ import Names, function_name, moved_lines
from gradcli.interpret import branches, interpret, leaves, number, run, value
from gradcli.ops.core import TABLE, Array
from gradcli.program import Step
from gradcli.record import Record
from gradcli.session import Session
from gradcli.transform.downstream import downstream, lanes, lifted
from gradcli.transform.inline import flatten

CHUNK = 128 * 1024  # bytes of the largest array in one evaluation
WORTH_COMPILING = 60  # evaluations that pay for generating code


class Moved(Record):
    """What moves of single entries do: to the objective, and to the branches that are taken."""

    change: Array
    crossed: Array


class Model:
    """A session as the probes see it: basic steps, their values, and the outputs' weights.

    start: what the values are computed from. weights: the derivative that arrives at each output,
    in its own shape.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        known = cut(session)
        self.steps = flatten(known.program.steps)
        self.start = known.inputs
        inner = [step for step in self.steps if step.name not in session.values]
        self.values = run(inner, dict(session.values))
        self.infinite = {
            step.name for step in self.steps if not np.isfinite(self.values[step.name]).all()
        }
        self.lifting = {step.name for step in self.steps if any(step.call.missing_axes())}
        self.weights = weights(known)
        self.names = Names({"np", "run", *map(function_name, TABLE.values())})
        self._namespace: dict[str, Any] | None = None

    def operands(self, step: Step) -> list[Array]:
        return [self.values[a] if isinstance(a, str) else number(a) for a in step.args]

    def namespace(self) -> dict[str, Any]:
        """The globals of generated code: the operations and every value."""
        if self._namespace is None:
            found: dict[str, Any] = {"np": np}
            for op in {step.call.op for step in self.steps}:
                found[function_name(op)] = op.forward
                found[f"branches_{function_name(op)}"] = op.branches
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
    kinks: the steps downstream that have branches.
    """

    def __init__(self, model: Model, name: str) -> None:
        self.model = model
        self.name = name
        self.base = model.values[name]
        self.steps = downstream(model.steps, name, set(model.weights))
        changing = {name, *(step.name for step in self.steps)}
        self.outputs = [output for output in model.weights if output in changing]
        self.complex_safe = all(step.call.op.complex_safe for step in self.steps)
        self.kinks = [step for step in self.steps if step.call.op.branches]
        self._signatures = [branches(step, model.operands(step)) for step in self.kinks]
        self._lanes = lanes(self.steps, name, self.base.shape)
        sizes = [self.base.size, *(model.values[step.name].size for step in self.steps)]
        self._bytes = 8 * max(sizes)
        self._compiled: dict[bool, Any] = {}
        self._all_places: tuple[Array, Array] | None = None
        self._still = {name: model.values[name] for name in leaves(self.steps)}
        self._infinite = (model.infinite & changing) - {name}

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

    def crossings(self, entry: int, step: float) -> list[Step]:
        """The steps that take another branch when an entry moves."""
        moved = np.array([self.base])
        moved.reshape(1, -1)[0, entry] += step
        with np.errstate(all="ignore"):
            _, signatures = self._interpret(moved, True)
        return [
            step
            for step, found, base in zip(self.kinks, signatures, self._signatures, strict=True)
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
        for name, output in zip(self.outputs, outputs, strict=True):
            difference = np.asarray(output - self.model.values[name])
            weight = self.model.weights[name]
            if difference.dtype.kind == "c":  # a product of complex numbers would mix both parts
                difference.real, difference.imag = (
                    difference.real * weight,
                    difference.imag * weight,
                )
            else:
                difference = difference * weight
            change += self._by_lane(name, difference, np.add)[at]
        for kink, found, base in zip(self.kinks, signatures, self._signatures, strict=False):
            if found.ndim > np.ndim(base):
                crossed |= self._by_lane(kink.name, found != base, np.logical_or)[at]
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
        """Values that belong to a step, reduced to one for each row and lane."""
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
                moved_lines(self.steps, self.name, self.outputs, model.names, signatures)
            )
            scope = model.namespace()
            exec(compile(text, f"<downstream of {self.name}>", "exec"), scope)  # noqa: S102
            self._compiled[signatures] = scope.pop("run")
        return self._compiled[signatures]

    def _interpret(self, moved: Array, signatures: bool) -> tuple[list[Array], list[Array]]:
        """The outputs, and the branches taken, where `moved` has its moves on a leading axis."""
        values = {**self._still, self.name: moved}
        found: list[Array] = []

        def batched(step: Step, operands: list[Array]) -> Array:
            if step.name in self.model.lifting:
                operands = lifted(step, operands)
            if signatures and step.call.op.branches:
                found.append(branches(step, operands))
            result = value(step, operands)
            if step.name in self._infinite and np.iscomplexobj(result):
                return beside_infinity(step, operands, result, self.model.values[step.name])
            return result

        interpret(self.steps, values, batched, number)
        return [values[name] for name in self.outputs], found
