"""What is right: a model's values and derivatives at several drawn points, contribution by
contribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gradcli.assumed import kept
from gradcli.check.derivation.agreement import largest
from gradcli.check.derivation.memory import Memory
from gradcli.check.derivation.runs import Runs
from gradcli.draws import DISTRIBUTIONS
from gradcli.evaluate import arrived
from gradcli.interpret import interpret
from gradcli.ops.core import Array
from gradcli.ops.parts import Region, kept_shape
from gradcli.program import Drawn, Input, Program
from gradcli.sizes import numbers
from gradcli.transform.reify import OWN, Row
from gradcli.transform.reverse import Derivation, derive
from gradcli.values import GIVEN, draw, materialise

MOST, FEWEST, LEAST = 8, 3, 2  # points; the last, where values are large
RUNS, FEW_RUNS = 6, 3  # at each point
WORK = 200_000  # equations computed in all, about
SPACE = 30_000_000  # numbers kept in all, about
SPREAD = 0.1  # how far a stated value moves from point to point, relative to itself


class Share(NamedTuple):
    """What a target's derivative gains from one operand of one equation.

    value: runs and points first, then the target's own axes, over `region` alone.
    extent: the largest entry, at each point, of the derivative that it comes from.
    rows: the derivation's steps that make it up; `position` is the first one's place among all
    steps.
    """

    eq: int
    region: Region | None
    value: Array
    extent: Array
    rows: tuple[Row, ...]
    position: int


class Points(NamedTuple):
    """The truth about a model at several points, each in its variable's own shape.

    lead: how many runs and points each array has in front.
    arriving: what is known before any step: the given derivatives, and the loss's 1.
    shares: the contributions to each derivative that has some.
    whole: the derivation in which each contribution is one step. bound: the names of the data.
    memory: what has been found out of lines here.
    """

    derivation: Derivation
    lead: tuple[int, int]
    values: dict[str, Array]
    totals: dict[str, Array]
    arriving: dict[str, Array]
    shares: dict[str, list[Share]]
    whole: Derivation
    bound: frozenset[str]
    memory: Memory

    @property
    def program(self) -> Program:
        return self.derivation.program


def evaluate(
    program: Program,
    data: Mapping[str, Array],
    seed: int,
    length: int = 0,
    *,
    exactly: bool = False,
) -> Points:
    """The derivatives of every name of a program, at points drawn from a seed.

    length: of the derivation to be checked there, in operations; a long one gets fewer points.
    exactly: whether all is decided by exact values, so that no run tells what rounding does.

    What has a stated value moves a little from point to point, so that nothing is right by luck;
    a const stays as stated, for a derivation may build on what it is (a one-hot target, say).
    Raises GradError where a value can't be computed.
    """
    derivation = derive(program, tuple(program.shapes))
    count, runs = (FEWEST, 1) if exactly else _count(derivation, length)
    drawn = _drawn(program, data, seed, count)
    whole = derive(program, tuple(program.shapes), "always")  # in which nothing is split
    values, totals, arriving, parts = _computed(whole, Runs(runs, count, seed), drawn)
    here = _finite_points([*values.values(), *totals.values()], count)

    def kept(arrays: Mapping[str, Array]) -> dict[str, Array]:
        return {name: array[:, here] for name, array in arrays.items()}

    values, totals = kept(values), kept(totals)
    shares: dict[str, list[Share]] = {}
    position = 0
    for part, ((eq, _), rows) in zip(parts, _grouped(derivation).items(), strict=True):
        step = program.steps[eq - 1]
        region = rows[0].contribution.region
        extent = largest([totals[step.name]])
        share = Share(eq, region, part[:, here], extent, tuple(rows), position)
        shares.setdefault(rows[0].target, []).append(share)
        position += len(rows)
    lead, bound = (runs, len(here)), frozenset(data)
    return Points(derivation, lead, values, totals, kept(arriving), shares, whole, bound, Memory())


def _count(derivation: Derivation, length: int) -> tuple[int, int]:
    """How many points and runs: fewer for long and for large models."""
    program = derivation.program
    work = len(program.steps) + len(derivation.rows) + length + 1
    entries = sum(int(np.prod(numbers(shape), dtype=object)) for shape in program.shapes.values())
    entries += sum(
        int(np.prod(numbers(row.contribution.shape), dtype=object)) for row in derivation.rows
    )
    room = SPACE // max(1, entries)
    if room < FEWEST * RUNS:
        return LEAST, FEW_RUNS
    return max(FEWEST, min(MOST, WORK // work, room // RUNS)), RUNS


def _drawn(
    program: Program, data: Mapping[str, Array], seed: int, count: int
) -> list[tuple[dict[str, Array], dict[str, Array]]]:
    """The inputs and the given derivatives of each point; the first has them as stated."""
    points = []
    for number in range(count):
        here = seed if number == 0 else seed + 7919 * number
        values = materialise(program, data, here)
        if number:
            for item in program.inputs:
                if item.role != "const":
                    _move(item, item.name, values.inputs, data, here)
            for item in program.given:
                _move(item, GIVEN + item.name, values.given, data, here)
        points.append((values.inputs, values.given))
    return points


def _move(
    item: Input, key: str, values: dict[str, Array], data: Mapping[str, Array], seed: int
) -> None:
    """Move a stated value; one that is drawn has moved by itself."""
    if key not in data and (item.value is None or isinstance(item.value, Drawn)):
        return
    if isinstance(item.value, Drawn) and DISTRIBUTIONS[item.value.distribution].bound:
        values[item.name] = draw(item.value, values[item.name].shape, key, seed)
        return
    value = values[item.name]
    noise = draw(Drawn("uniform", (-SPREAD, SPREAD)), value.shape, key + "\0moved", seed)
    values[item.name] = kept(item, np.where(value == 0, noise, value * (1 + noise)))


def _grouped(derivation: Derivation) -> dict[tuple[int, int], list[Row]]:
    """The rows by equation and operand: a slice's contribution may take several."""
    groups: dict[tuple[int, int], list[Row]] = {}
    for row in derivation.contributions:
        groups.setdefault((row.eq, row.operand), []).append(row)
    return groups


def _computed(
    derivation: Derivation, runs: Runs, drawn: Sequence[tuple[dict[str, Array], dict[str, Array]]]
) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array], list[Array]]:
    """Both passes at all points, and every contribution by itself.

    derivation: one in which each contribution is a single step.
    Returns the values, the totals, what arrives before any step, and the contributions.
    """
    program, reified = derivation.program, derivation.reified
    inputs, given = (
        {name: runs.enter([point[i][name] for point in drawn]) for name in drawn[0][i]}
        for i in (0, 1)
    )
    with np.errstate(all="ignore"):
        values = interpret(program.steps, dict(inputs), runs.meaning, runs.number)
        found = arrived(derivation, values, given)
        interpret(reified.steps, found, runs.meaning, runs.number, reified.dying)
    arriving = dict(given)
    if program.loss is not None:
        one = np.ones((*runs.lead, 1, 1))
        arriving[program.loss] = arriving[program.loss] + one if program.loss in arriving else one
    zero = np.zeros(())
    totals = {name: np.broadcast_to(zero, value.shape) for name, value in values.items()} | arriving
    totals |= {name: found[total] for name, total in reified.totals.items()}
    parts: list[Array] = []
    for row, name in zip(derivation.rows, reified.values, strict=True):
        if row.operand == OWN:
            continue
        region = row.contribution.region
        kept = region and numbers(kept_shape(program.sizes, region))
        parts.append(found[name].reshape((*runs.lead, *kept)) if kept else found[name])
    return values, totals, arriving, parts


def _finite_points(arrays: Sequence[Array], count: int) -> list[int]:
    """The points at which everything is finite; the first where there is none."""
    finite = np.ones(count, dtype=bool)
    for array in arrays:
        finite &= np.isfinite(array[0]).all(axis=tuple(range(1, array.ndim - 1)))
    return [int(i) for i in np.flatnonzero(finite)] or [0]
