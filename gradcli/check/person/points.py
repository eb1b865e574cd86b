"""What is right: a model's values and derivatives at several drawn points, contribution by
contribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gradcli.derive import OWN, Derivation, Region, Row, derive
from gradcli.evaluate import backward, forward
from gradcli.ops.core import Array
from gradcli.ops.regions import kept_shape
from gradcli.program import Drawn, Input, Program
from gradcli.sizes import numbers
from gradcli.values import GIVEN, draw, materialise

MOST, FEWEST = 8, 3  # points
WORK = 200_000  # equations computed in all, about
SPACE = 20_000_000  # numbers kept in all, about
SPREAD = 0.1  # how far a stated value moves from point to point, relative to itself


class Share(NamedTuple):
    """What a target's derivative gains from one operand of one equation.

    value: points first, then the target's own axes, over `region` alone.
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


class Point(NamedTuple):
    """Everything at one point, each in its variable's own shape.

    `arriving` is what is known before any step: the given derivatives, and the loss's 1.
    """

    values: dict[str, Array]
    totals: dict[str, Array]
    arriving: dict[str, Array]


class Points(NamedTuple):
    """The truth about a model. `shares` has the contributions to each derivative that has some."""

    derivation: Derivation
    points: tuple[Point, ...]
    shares: dict[str, list[Share]]

    @property
    def program(self) -> Program:
        return self.derivation.program

    def total(self, name: str) -> Array:
        return np.stack([point.totals[name] for point in self.points])

    def arriving(self, name: str) -> Array | None:
        if name not in self.points[0].arriving:
            return None
        return np.stack([point.arriving[name] for point in self.points])


def evaluate(program: Program, data: Mapping[str, Array], seed: int, length: int = 0) -> Points:
    """The derivatives of every name of a program, at points drawn from a seed.

    length: of the derivation to be checked there, in operations; a long one gets fewer points.

    What has a stated value moves a little from point to point, so that nothing is right by luck;
    a const stays as stated, for a derivation may build on what it is (a one-hot target, say).
    Raises GradError where a value can't be computed.
    """
    derivation = derive(program, tuple(program.shapes))
    whole = derive(program, tuple(program.shapes), "always")  # in which nothing is split
    found = [
        _point(whole, *drawn) for drawn in _drawn(program, data, seed, _count(derivation, length))
    ]
    finite = [item for item in found if _finite(item[0])] or found[:1]
    shares: dict[str, list[Share]] = {}
    position = 0
    for place, ((eq, _), rows) in enumerate(_grouped(derivation).items()):
        step = program.steps[eq - 1]
        value = np.stack([parts[place] for _, parts in finite])
        region = rows[0].contribution.region
        arrived = np.array([np.max(np.abs(point.totals[step.name])) for point, _ in finite])
        share = Share(
            eq, region, value, np.where(np.isfinite(arrived), arrived, 0.0), tuple(rows), position
        )
        shares.setdefault(rows[0].target, []).append(share)
        position += len(rows)
    return Points(derivation, tuple(point for point, _ in finite), shares)


def _count(derivation: Derivation, length: int) -> int:
    """How many points: fewer for long and for large models."""
    program = derivation.program
    work = len(program.steps) + len(derivation.rows) + length + 1
    entries = sum(int(np.prod(numbers(shape), dtype=object)) for shape in program.shapes.values())
    entries += sum(
        int(np.prod(numbers(row.contribution.shape), dtype=object)) for row in derivation.rows
    )
    return max(FEWEST, min(MOST, WORK // work, SPACE // max(1, entries)))


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
    value = values[item.name]
    noise = draw(Drawn("uniform", (-SPREAD, SPREAD)), value.shape, key + "\0moved", seed)
    values[item.name] = np.where(value == 0, noise, value * (1 + noise))


def _grouped(derivation: Derivation) -> dict[tuple[int, int], list[Row]]:
    """The rows by equation and operand: a slice's contribution may take several."""
    groups: dict[tuple[int, int], list[Row]] = {}
    for row in derivation.contributions:
        groups.setdefault((row.eq, row.operand), []).append(row)
    return groups


def _point(
    whole: Derivation, inputs: dict[str, Array], given: dict[str, Array]
) -> tuple[Point, list[Array]]:
    """Both passes at one point, and every contribution by itself."""
    program = whole.program
    values = forward(program, inputs)
    arriving = dict(given)
    if program.loss is not None:
        arriving[program.loss] = arriving.get(program.loss, np.zeros((1, 1))) + 1.0
    passed = backward(whole, values, given)
    totals = {name: np.zeros_like(value) for name, value in values.items()} | passed.totals
    parts = []
    for row, part in zip(whole.rows, passed.steps, strict=True):
        if row.operand == OWN:
            continue
        region = row.contribution.region
        kept = region and numbers(kept_shape(program.sizes, region))
        parts.append(part.reshape(kept) if kept else part)
    return Point(values, totals, arriving), parts


def _finite(point: Point) -> bool:
    return all(
        bool(np.isfinite(array).all())
        for arrays in (point.values, point.totals)
        for array in arrays.values()
    )
