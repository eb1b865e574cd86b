"""How a model's outputs change when entries of some quantities move, many at a time.

Each move has a place on a leading axis of all values that it reaches; only these are computed.
Where positions along an axis of the one quantity that moves stay apart all the way to the outputs,
all of them move in one evaluation, each in its lane.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.check.gradients.infinity import beside_infinity
from gradcli.check.gradients.resting import Model
from gradcli.codegen.numpy_ import moved_lines
from gradcli.interpret import branches, interpret, leaves, number, value
from gradcli.ops.core import Array
from gradcli.program import Step
from gradcli.record import Record
from gradcli.transform.downstream import downstream, lanes, lifted, reached

CHUNK = 128 * 1024  # bytes of the largest array in one evaluation
WORTH_COMPILING = 60  # evaluations that pay for generating code


class Moved(Record):
    """What moves of single entries do: to the objective, and to the branches that are taken."""

    change: Array
    crossed: Array


class Probe:
    """Moves entries of some quantities, each alone: of inputs, or of one step's result.

    Their entries are counted from the first quantity's through the last's, each in its own order.
    Of several quantities none may be computed from another one.

    at: the entries' values. complex_safe: whether all that is downstream may be computed with
    complex numbers. kinks: the steps downstream that have branches.
    """

    def __init__(self, model: Model, *names: str) -> None:
        self.model = model
        self.names = names
        self.bases = [model.values[name] for name in names]
        self.begins = np.cumsum([0, *(base.size for base in self.bases)])
        self.at = self.each(lambda base: base)
        self.steps = downstream(model.steps, names, set(model.weights))
        changing = {*names, *(step.name for step in self.steps)}
        self.outputs = [output for output in model.weights if output in changing]
        self.complex_safe = all(step.call.op.complex_safe for step in self.steps)
        self.kinks = [step for step in self.steps if step.call.op.branches]
        self._signatures = [branches(step, model.operands(step)) for step in self.kinks]
        self._lanes = lanes(self.steps, names[0], self.bases[0].shape) if len(names) == 1 else None
        sizes = [model.values[step.name].size for step in self.steps]
        self._bytes = 8 * max([*sizes, *(base.size for base in self.bases)])
        self._compiled: dict[bool, Any] = {}
        self._all_places: tuple[Array, Array] | None = None
        self._still = {name: model.values[name] for name in leaves(self.steps)}
        self._infinite = (model.infinite & changing) - set(names)

    def each(self, function: Callable[[Array], Array]) -> Array:
        """What a function makes of each quantity, entry for entry."""
        return np.concatenate([function(base).reshape(-1) for base in self.bases])

    def quantity(self, entries: Array) -> Array:
        """Of which of the quantities each entry is."""
        return np.searchsorted(self.begins, entries, side="right") - 1

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
        with np.errstate(all="ignore"):
            if self._lanes:
                lane, _, _ = self._places(entries)
                total = np.zeros(len(entries))
                for name in self.outputs:
                    total += self._by_lane(name, errors[name][None], np.add)[0, lane]
                return total
            found = reached(self.steps, self.names, self.outputs)
            totals = [sum(float(np.sum(errors[o])) for o in found[name]) for name in self.names]
        return np.array(totals, dtype=float)[self.quantity(entries)]

    def crossings(self, entry: int, step: float) -> list[Step]:
        """The steps that take another branch when an entry moves."""
        first = np.zeros(1, dtype=int)
        moved = self._moved(np.array([entry]), np.array([step]), first, 1)
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
        moved = self._moved(entries, steps, at[0], count)
        change = np.zeros(len(entries), dtype=steps.dtype)
        try:
            outputs, signatures = run(moved)
        except np.linalg.LinAlgError:
            return self._one_by_one(run, entries, steps, at, count)
        crossed = np.zeros(len(entries), dtype=bool)
        for name, output in zip(self.outputs, outputs, strict=True):
            if output is self.model.values[name]:
                continue
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

    def _moved(self, entries: Array, steps: Array, rows: Array, count: int) -> dict[str, Array]:
        """The quantities of which entries move, `count` times each, the moves in their rows."""
        found = {}
        of = self.quantity(entries)
        for k in np.unique(of):
            some = of == k
            moved = np.empty((count, *self.bases[k].shape), dtype=steps.dtype)
            moved[...] = self.bases[k]
            moved.reshape(count, -1)[rows[some], entries[some] - self.begins[k]] += steps[some]
            found[self.names[k]] = moved
        return found

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
        base, axis = self.bases[0], self._lanes[self.names[0]]
        if self._all_places is None:
            lane = np.unravel_index(np.arange(base.size), base.shape)[axis]
            within = np.arange(base.size) - lane * math.prod(base.shape[base.ndim + axis + 1 :])
            row = np.unique(within, return_inverse=True)[1].reshape(-1)
            self._all_places = lane, row
        lane, row = (some[entries] for some in self._all_places)
        if len(entries) == base.size:
            return lane, row, base.size // base.shape[axis]
        some, row = np.unique(row, return_inverse=True)
        return lane, row.reshape(-1), len(some)

    def _runner(self, is_complex: bool, evaluations: int) -> Any:
        signatures = not is_complex and bool(self.kinks)
        code = not (is_complex and self._infinite) and len(self.names) == 1
        if not code or (signatures not in self._compiled and evaluations < WORTH_COMPILING):
            return lambda moved: self._interpret(moved, signatures)
        (name,) = self.names
        if signatures not in self._compiled:
            model = self.model
            text = "".join(moved_lines(self.steps, name, self.outputs, model.names, signatures))
            scope = model.namespace()
            exec(compile(text, f"<downstream of {name}>", "exec"), scope)  # noqa: S102
            self._compiled[signatures] = scope.pop("run")
        return lambda moved: self._compiled[signatures](moved[name])

    def _interpret(
        self, moved: dict[str, Array], signatures: bool
    ) -> tuple[list[Array], list[Array]]:
        """The outputs, and the branches taken, where `moved` has its moves on a leading axis."""
        values = {**self._still, **moved}
        moving = set(moved)
        found: list[Array] = []

        def batched(step: Step, operands: list[Array]) -> Array:
            has_branches = signatures and step.call.op.branches
            if moving.isdisjoint(step.args):
                if has_branches:
                    found.append(self._signatures[len(found)])
                return self.model.values[step.name]
            moving.add(step.name)
            if step.name in self.model.lifting:
                operands = lifted(step, operands)
            if has_branches:
                found.append(branches(step, operands))
            result = value(step, operands)
            if step.name in self._infinite and np.iscomplexobj(result):
                return beside_infinity(step, operands, result, self.model.values[step.name])
            return result

        interpret(self.steps, values, batched, number)
        return [values[name] for name in self.outputs], found
