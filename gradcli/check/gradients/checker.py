"""One session's derivatives, checked one variable at a time, within a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from time import monotonic
from typing import TypeAlias

import numpy as np

from gradcli.check.gradients.along import along_a_direction
from gradcli.check.gradients.exact import TINY, complex_step, hidden_kinks
from gradcli.check.gradients.extended import OPEN, extended, settle
from gradcli.check.gradients.finite import (
    AT_KINK,
    Estimate,
    Sides,
    beside_kink,
    closer,
    differences,
    units,
)
from gradcli.check.gradients.judge import DOUBLE, REASONS, Evidence, Judged, Tolerance, judge
from gradcli.check.gradients.noise import Noise, noise
from gradcli.check.gradients.probe import Probe
from gradcli.check.gradients.resting import Model
from gradcli.check.gradients.result import DISAGREE, INCONCLUSIVE, NOISE, NOTHING, WRONG, Result
from gradcli.check.gradients.summary import summarise
from gradcli.ops.core import Array
from gradcli.record import Record
from gradcli.session import Session

BOTH, FINITE, COMPLEX = "complex-step+finite-diff", "finite-diff", "complex-step"
SLICE = 4096  # entries between two looks at the clock
FEW = 64  # entries of a quantity that is looked at together with others
SURE = 4  # largest entries, and as many smallest, that no sample leaves out
UNSETTLED = [REASONS.index(reason) for reason in OPEN]
OVERTIME = 1.0  # seconds beyond the budget after which a variable is not even sampled

Progress: TypeAlias = Callable[[int, int], None]


class Clock:
    """Shares a budget of seconds among the variables that are still to be checked."""

    def __init__(
        self, budget: float | None, entries: int, progress: Progress, variables: int = 1
    ) -> None:
        self.budget = budget
        self.entries = entries
        self.variables = variables
        self.done = 0
        self.progress = progress
        self.start = monotonic()

    def share(self) -> float:
        """When the next variable must be done."""
        if self.budget is None:
            return np.inf
        now = monotonic()
        left = max(0.0, self.budget - (now - self.start))
        self.variables -= 1
        return now + left / max(1, self.variables + 1)

    def spent(self) -> bool:
        return self.budget is not None and monotonic() - self.start > self.budget + OVERTIME

    def tick(self, entries: int) -> None:
        self.done += entries
        self.progress(self.done, self.entries)


class Gathered(Record):
    """Estimates of some entries, in the order in which they were made."""

    entries: Array
    exact: Estimate | None
    finite: Estimate | None
    sides: Sides


class Checker:
    """Checks derivatives at one session's values."""

    def __init__(self, session: Session, method: str, clock: Clock, seed: int = 0) -> None:
        self.session = session
        self.method = method
        self.clock = clock
        self.seed = seed
        self.model = Model(session)
        self.noise: Noise = noise(self.model, seed)
        self._tried_more_digits = False
        self._more_digits: Model | None = None
        self.roles = {item.name: item.role for item in session.program.inputs}
        steps = session.program.steps
        self.made_by = {step.name: i for i, step in enumerate(steps)}
        self.used_by: dict[str, int] = {}  # where each name is first used
        for i, step in enumerate(steps):
            for name in step.operands():
                self.used_by.setdefault(name, i)

    def results(self, names: Iterable[str]) -> Iterator[Result]:
        """The verdicts on the session's own derivatives, the most urgent first."""
        names = sorted(names, key=self._urgency)
        together = self._together(names)
        for name in names:
            yield self.result(name, gathered=together.get(name))

    def result(
        self,
        name: str,
        found: Array | None = None,
        rounding: Array | None = None,
        tolerance: Tolerance = DOUBLE,
        expected: Array | None = None,
        gathered: Gathered | None = None,
    ) -> Result:
        """The verdict on a derivative: the session's own, or another in the variable's shape.

        rounding: a bound on what rounding does to `found`, where it is another's.
        expected: what to compare with, in place of the complex step and finite differences.
        gathered: the evidence, where it is there already.
        """
        if found is None:
            found = self.session.backward.totals[name]
        if rounding is None:
            rounding = self.noise.totals.get(name, np.zeros(found.shape))
        shape = self.session.program.shapes[name]
        role, equation = self._origin(name)
        if self.clock.spent():
            self.clock.tick(found.size)
            text = "the budget was spent before it"
            return Result(
                name, role, shape, INCONCLUSIVE, NOTHING, text, found.size, 0,
                np.nan, np.nan, np.nan, (), equation,
            )  # fmt: skip
        own = expected is None and np.array_equal(found, self.noise.derived[name], equal_nan=True)
        probe = cache(lambda: Probe(self.model, name))
        gathered = gathered or self._gather(probe(), found, expected)
        at = gathered.entries
        evidence = Evidence(
            found.reshape(-1)[at],
            rounding.reshape(-1)[at],
            gathered.exact,
            gathered.finite,
            gathered.sides,
            self.noise.scale,
            tolerance,
        )
        judged = judge(evidence)
        doubtful = DISAGREE if gathered.exact is not None else WRONG
        apart = np.nonzero(judged.reason == REASONS.index(doubtful))[0]
        if apart.size and evidence.finite is not None:
            reached = probe().reached(at, self.noise.outputs)
            finite = closer(probe(), at, reached, apart, evidence.finite)
            evidence = evidence._replace(finite=finite)
            judged = judge(evidence)
        if own and gathered.exact is not None and np.any(np.isin(judged.reason, UNSETTLED)):
            judged = self._settled(judged, name, at, evidence)
        if not own and expected is None:
            judged = self._doubted(judged, name, at, evidence.found)
        notes = {
            int(at[i]): self._kink_note(probe(), int(at[i]), sides)
            for i, sides in gathered.sides.items()
        }
        blank = Result(
            name, role, shape, "", "", "", found.size, len(at), 0.0, 0.0, 0.0, (), equation
        )
        return summarise(blank, evidence, judged, at, notes, self._sizes())

    def _urgency(self, name: str) -> tuple[bool, int]:
        """Where time is short, it goes to params and large quantities, not to every x[t]."""
        return self.roles.get(name) != "param", -self.session.backward.totals[name].size

    def _settled(self, judged: Judged, name: str, entries: Array, evidence: Evidence) -> Judged:
        model = self._finer()
        if model is None:
            return judged
        found, rounding, scale = evidence.found, evidence.rounding, evidence.scale
        return settle(judged, model, name, entries, found, rounding, scale)

    def _doubted(self, judged: Judged, name: str, entries: Array, found: Array) -> Judged:
        """Zeros that agree because double precision loses them: the derivation has more there.

        They are left open, unless they are zeros in extended precision too.
        """
        own, least = (
            array[name].reshape(-1)[entries] for array in (self.noise.derived, self.noise.totals)
        )
        lost = (found == 0) & (judged.expected == 0) & (np.abs(own) > least + TINY)
        some = np.nonzero(lost)[0]
        if not some.size:
            return judged
        if (model := self._finer()) is not None:
            seen = complex_step(Probe(model, name), entries[some], found[some])
            some = some[np.abs(seen.value) > least[some] + TINY]
        reason = judged.reason.copy()
        reason[some] = REASONS.index(NOISE)
        return judged._replace(reason=reason)

    def _finer(self) -> Model | None:
        """The session in extended precision, where that can be had."""
        if not self._tried_more_digits:
            self._tried_more_digits = True
            self._more_digits = extended(self.session)
        return self._more_digits

    def dot_product(self) -> Iterator[Result]:
        """Forward mode along a random direction against reverse mode."""
        if any(not step.call.op.complex_safe for step in self.model.steps):
            return
        names = [name for name in self.session.derivation.wrt if name in self.roles]
        yield along_a_direction(self.model, self.noise, names, self.seed, self._finer)

    # ── evidence ──

    def _together(self, names: Sequence[str]) -> dict[str, Gathered]:
        """The evidence on the inputs with few entries, of which all move in one evaluation.

        In a long recurrence these are most: each alone would run through all that is behind it.
        An output of many entries may have lanes, of which each input alone makes more.
        """
        totals = self.session.backward.totals
        some = [name for name in names if name in self.roles and totals[name].size <= FEW]
        lanes = any(weight.size > 1 for weight in self.model.weights.values())
        if len(some) < 2 or lanes or self.clock.budget is not None or self.model.infinite:
            return {}
        probe = Probe(self.model, *some)
        if not probe.complex_safe:  # some of them may be
            return {}
        found = np.concatenate([totals[name].reshape(-1) for name in some])
        gathered = self._gather(probe, found, None)
        return dict(zip(some, _parted(gathered, probe.begins), strict=True))

    def _gather(self, probe: Probe, found: Array, expected: Array | None) -> Gathered:
        parts = []
        finite_too = expected is None and (self.method != COMPLEX or not probe.complex_safe)
        exact_too = self.method != FINITE and probe.complex_safe
        with np.errstate(all="ignore"):
            for entries in self._slices(found):
                finite, sides = None, {}
                if finite_too:
                    finite = differences(probe, entries, probe.reached(entries, self.noise.outputs))
                    sides = finite.sides
                elif probe.kinks:
                    sides = self._kinks(probe, entries)
                if expected is not None:
                    known = expected.reshape(-1)[entries]
                    exact: Estimate | None = Estimate(known, np.zeros(len(entries)), {})
                else:
                    exact = None
                    if exact_too:
                        exact = complex_step(probe, entries, found.reshape(-1)[entries])
                        if probe.kinks:
                            sides = hidden_kinks(probe, entries, finite) | sides
                parts.append(Gathered(entries, exact, finite, sides))
        return _joined(parts)

    def _slices(self, found: Array) -> Iterator[Array]:
        """The entries to check: all, or within the budget the surest and then a random sample."""
        deadline = self.clock.share()
        order = np.arange(found.size)
        size = SLICE
        if self.clock.budget is not None and found.size > 2 * SURE:
            order = _sample_order(found, self.seed)
            size = 2 * SURE
        first = 0
        while first < len(order) and (first == 0 or monotonic() < deadline):
            part = order[first : first + size]
            yield np.sort(part)
            first += len(part)
            self.clock.tick(len(part))
            size = min(SLICE, 2 * size)
        self.clock.tick(max(0, len(order) - first))

    def _kinks(self, probe: Probe, entries: Array) -> Sides:
        """The entries at a kink, where nothing but the complex step is asked for."""
        some = np.nonzero(beside_kink(probe, entries))[0]
        if not some.size:
            return {}
        found = differences(probe, entries[some], probe.reached(entries[some], self.noise.outputs))
        return {int(some[i]): sides for i, sides in found.sides.items()}

    def _kink_note(self, probe: Probe, entry: int, sides: tuple[float, float]) -> str:
        left, right = sides
        near = AT_KINK * float(probe.each(units)[entry])
        kinks = {
            f"{op.name}, {op.kink}" if op.kink else op.name
            for way in (near, -near)
            for op in (step.call.op for step in probe.crossings(entry, way))
        }
        text = f"left {left:.6g}, right {right:.6g}"
        return f"{text} ({'; '.join(sorted(kinks))})" if kinks else text

    # ── words ──

    def _origin(self, name: str) -> tuple[str, str]:
        """A name's role, and the equation that makes it or first uses it."""
        role = "step" if name in self.made_by else self.roles.get(name, "step")
        first = self.made_by.get(name, self.used_by.get(name))
        if first is None:
            return role, ""
        return role, f"{first + 1}. {self.session.program.steps[first].text}"

    def _sizes(self) -> dict[str, float]:
        dims = self.session.program.sizes.dims
        return {name: float(size.value) for name, size in dims.items()}


def _joined(parts: Sequence[Gathered]) -> Gathered:
    sides: Sides = {}
    start = 0
    for part in parts:
        sides |= {start + i: both for i, both in part.sides.items()}
        start += len(part.entries)
    return Gathered(
        np.concatenate([part.entries for part in parts]),
        _all(part.exact for part in parts),
        _all(part.finite for part in parts),
        sides,
    )


def _parted(whole: Gathered, begins: Array) -> Iterator[Gathered]:
    """The evidence on each of some quantities, whose entries are all there, in their order."""
    for first, last in pairwise(begins):
        exact, finite = (
            found and Estimate(found.value[first:last], found.bar[first:last], {})
            for found in (whole.exact, whole.finite)
        )
        sides = {i - first: both for i, both in whole.sides.items() if first <= i < last}
        yield Gathered(whole.entries[first:last] - first, exact, finite, sides)


def _all(parts: Iterable[Estimate | None]) -> Estimate | None:
    some = [part for part in parts if part is not None]
    if not some:
        return None
    value, bar = (np.concatenate([part[i] for part in some]) for i in (0, 1))
    return Estimate(value, bar, {})


def _sample_order(found: Array, seed: int) -> Array:
    """The entries, the largest and the smallest first, then all others in random order."""
    order = np.argsort(np.abs(found.reshape(-1)), kind="stable")
    sure = np.concatenate([order[-SURE:], order[:SURE]])
    rest = np.random.default_rng([seed, 11]).permutation(order[SURE:-SURE])
    return np.concatenate([sure, rest])
