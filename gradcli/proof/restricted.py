"""How inputs are drawn in a field whose entries may not have any values: a symmetric matrix stays
symmetric, and what sums to 1 sums to 1, so that what rests on that is not refuted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeAlias

import numpy as np

from gradcli.assumed import is_free
from gradcli.draws import CAYLEY, DISTRIBUTIONS, FREE, MIRRORED, SUMMED
from gradcli.ops.core import Array
from gradcli.program import Drawn, Input, Program
from gradcli.proof.field import Field
from gradcli.proof.matrices import solved
from gradcli.sizes import numbers


class Way(NamedTuple):
    """How an array is drawn. degree, below: bounds on the degrees of its entries as quotients of
    polynomials in what is drawn, and of what they have in common below.
    """

    draw: Callable[[Field, random.Random], Array]
    degree: int = 1
    below: int = 0


# The inputs that are not free: None for those that keep their values.
Kept: TypeAlias = Mapping[str, Way | None]


def restricted(program: Program, bound: Collection[str]) -> dict[str, Way | None]:
    """The inputs of a program that are not free. bound: the names whose values are given."""
    found: dict[str, Way | None] = {}
    for item in program.inputs:
        if item.role == "const" and item.name in bound:
            found[item.name] = None
        elif item.sums:
            sums = [(each.axis, Fraction(repr(float(each.total.value)))) for each in item.sums]
            found[item.name] = _summed(numbers(item.shape), sums)
        elif isinstance(item.value, Drawn) and item.name not in bound:
            found |= _declared(item, item.value)
        elif item.role == "const" and not is_free(item):
            found[item.name] = None
    return found


def _declared(item: Input, drawn: Drawn) -> dict[str, Way | None]:
    """What a declared distribution says of the entries."""
    shape, kept = numbers(item.shape), DISTRIBUTIONS[drawn.distribution].kept
    if kept == FREE:
        return {}
    if kept == MIRRORED:
        return {item.name: Way(lambda field, rng: _symmetric(field, rng, shape[0]))}
    if kept == SUMMED:
        return {item.name: _summed(shape, [(drawn.axis, Fraction(1))])}
    if kept == CAYLEY:
        n = max(shape)
        return {item.name: Way(lambda field, rng: _orthogonal(field, rng, shape), n, n)}
    return {item.name: None}


def entries(field: Field, rng: random.Random, shape: tuple[int, ...]) -> Array:
    """Independent elements."""
    found = np.empty(shape, dtype=object)
    found.reshape(-1)[:] = field.drawn(rng, found.size)
    return found


def _symmetric(field: Field, rng: random.Random, n: int) -> Array:
    found = np.tril(entries(field, rng, (n, n)))
    return np.asarray(found + np.tril(found, -1).T)


def _orthogonal(field: Field, rng: random.Random, shape: tuple[int, ...]) -> Array:
    """Cayley's form: (1 + S)^-1 (1 - S) is orthogonal where S is skew; of that the first columns,
    or rows.
    """
    n = max(shape)
    below = np.tril(entries(field, rng, (n, n)), -1)
    skew, one = (below - below.T) % field.p, np.diag(np.array([1] * n, dtype=object))
    whole = solved(one + skew, one - skew, field)
    return np.asarray(whole[: shape[0], : shape[1]])


def _summed(shape: tuple[int, ...], sums: Sequence[tuple[int | None, Fraction]]) -> Way | None:
    """Sums along axes, counted from the front, or of all: the last entries are what is left. None
    where several do not go together so.
    """

    def draw(field: Field, rng: random.Random) -> Array:
        found = entries(field, rng, shape)
        for axis, total in sums:
            rest = field.residue(total)
            moved = found.reshape(-1) if axis is None else np.moveaxis(found, axis, -1)
            moved[..., -1] = (rest - moved[..., :-1].sum(axis=-1)) % field.p
        return found

    field = Field("sums")
    tried = draw(field, random.Random("sums"))
    for axis, total in sums:
        if ((tried.sum(axis=axis) - field.residue(total)) % field.p != 0).any():
            return None
    return Way(draw)
