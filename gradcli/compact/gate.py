"""Whether a compact derivation is worth what the literal one is: the check that ends each.

It is computed beside the literal one at some points, in extended precision where all operations
have it, and then proven by exact evaluation. What that decides nothing of rests on the points.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np

from gradcli.assumed import kept
from gradcli.draws import DISTRIBUTIONS
from gradcli.interpret import run
from gradcli.ops.core import Array
from gradcli.program import Drawn, Input, Program
from gradcli.proof.equality import prove_equal
from gradcli.proof.restricted import Kept, restricted
from gradcli.proof.verdict import Proof
from gradcli.sizes import numbers
from gradcli.transform.reify import Reified


class Near(NamedTuple):
    """Where a derivation is proven: the inputs' and given derivatives' values, and which inputs
    are not free.
    """

    values: Mapping[str, Array]
    kept: Kept

    @classmethod
    def of(cls, program: Program, values: Mapping[str, Array], bound: Collection[str]) -> Near:
        """bound: the inputs whose values are data."""
        exact = {item.name: _exact(item, values[item.name]) for item in program.inputs}
        return cls({**values, **exact}, restricted(program, bound))


def _exact(item: Input, value: Array) -> Array:
    """A value whose sums, where one number is promised, are that to the last bit, as they are in
    exact arithmetic: in 64ths, the largest entry making up for the others.
    """
    promised = [(each.axis, each.total.value) for each in item.sums]
    if isinstance(item.value, Drawn) and DISTRIBUTIONS[item.value.distribution].sums_to_one:
        promised.append((item.value.axis, 1.0))
    if len(promised) != 1:
        return value
    axis, total = promised[0]
    rows = value.reshape(-1, 1) if axis is None else np.moveaxis(value, axis, 0)
    if len(rows) > PARTS // 2:
        return value
    least = np.where(rows > 0, 1 / PARTS, np.where(rows < 0, -1 / PARTS, 0))
    found = np.where(abs(rows) < 1 / PARTS, least, np.round(rows * PARTS) / PARTS)
    largest = np.argmax(abs(found), axis=0)[None]
    rest = found.sum(axis=0) - np.take_along_axis(found, largest, 0)[0]
    np.put_along_axis(found, largest, (total - rest)[None], 0)
    return found.reshape(value.shape) if axis is None else np.moveaxis(found, 0, axis)


POINTS = 3
PARTS = 64
CLOSE = 1e-6  # of the largest entry; far from what rounding does, far from what a mistake does
LEAST = 1e-9


def differing(
    literal: Reified, short: Reified, values: Mapping[str, Array], most: int = POINTS
) -> set[str]:
    """The derivatives, by their variables, in which two derivations differ at some points.

    values: what the model's inputs and the given derivatives are worth at one point.
    """
    wrong: set[str] = set()
    for point in islice(points(literal.program, values), most):
        try:
            one = _values(literal, point)
        except np.linalg.LinAlgError:
            continue  # no value there
        try:
            other = _values(short, point)
        except np.linalg.LinAlgError:
            return set(short.totals)
        for name, total in short.totals.items():
            if name in literal.totals and not _close(one[literal.totals[name]], other[total]):
                wrong.add(name)
    return wrong


def _values(reified: Reified, point: Mapping[str, Array]) -> dict[str, Array]:
    """Both passes at a point; in double precision where linear algebra has no other."""
    try:
        long = {name: value.astype(np.longdouble) for name, value in point.items()}
        return run(reified.program.steps, long)
    except TypeError:
        return run(reified.program.steps, dict(point))


def proven(
    literal: Reified, short: Program, pairs: Mapping[str, str], near: Near
) -> dict[str, Proof]:
    """For each pair of a name of the literal passes and one of a program: whether they are one."""
    return prove_equal(literal.program, short, pairs, [near.values], near.kept)


def points(program: Program, values: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """Some points: near the one that is given, so that what has a value there has one."""
    names = [item.name for item in program.inputs]
    yield {name: values[name] for name in names}
    rng = np.random.default_rng(20261121)
    for _ in range(POINTS - 1):
        found = {}
        for item in program.inputs:
            at = values[item.name]
            if isinstance(item.value, Drawn) and DISTRIBUTIONS[item.value.distribution].bound:
                found[item.name] = at  # labels and masks stay what they are
                continue
            scale = np.where(at == 0, 1.0, np.abs(at))
            moved = at + 0.1 * scale * rng.standard_normal(numbers(item.shape))
            found[item.name] = kept(item, moved)
        yield found


def _close(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    finite = np.isfinite(one)
    if not finite.any():
        return True
    scale = float(np.abs(one[finite]).max(initial=0.0))
    off = np.abs(np.where(finite, one, 0.0) - np.where(finite, other, 0.0))
    return bool(np.all(off <= CLOSE * scale + LEAST))
