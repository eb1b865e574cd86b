"""The distributions that declared values are drawn from: one entry each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from gradcli.ops.core import Array
from gradcli.record import Record

Numbers: TypeAlias = tuple[float, ...]
Sample: TypeAlias = Callable[[np.random.Generator, tuple[int, ...], Numbers, int], Array]


# What is kept of values where others are drawn in their place: nothing, that they sum to 1, their
# symmetry, that they are orthogonal, all.
FREE, SUMMED, MIRRORED, CAYLEY, ALL = "free", "summed", "mirrored", "orthogonal", "all"


class Distribution(Record):
    """A distribution: what it takes, what it refuses, and how it is drawn.

    parameters: their names, with the values that they have when left out; None for one that must
    be there. along: whether it is about an axis, 0 where none is said. bound: whether entries
    depend on each other or lie in a set, so that a value can't be moved a little and stay one.
    sums_to_one: whether the entries sum to 1 along the axis. boolean: whether each is 0 or 1.
    kept: what else of the values a proof keeps: nothing of FREE ones, all of those in a set.
    wrong: what is wrong with parameters, and which of them is the culprit (None for all).
    unfit: what is wrong with a shape.
    """

    sample: Sample
    parameters: Mapping[str, float | None] = MappingProxyType({})
    along: bool = False
    bound: bool = True
    sums_to_one: bool = False
    boolean: bool = False
    kept: str = ALL
    wrong: Callable[[Numbers], tuple[str, int | None] | None] = lambda values: None
    unfit: Callable[[tuple[int, ...]], str | None] = lambda shape: None

    @property
    def names(self) -> list[str]:
        return list(self.parameters)

    def default(self, key: str) -> float:
        """The value of a parameter that may be left out."""
        value = self.parameters[key]
        assert value is not None
        return value


def _spread(values: Numbers) -> tuple[str, int | None] | None:
    return ("a deviation is not negative", 1) if values[1] < 0 else None


def _ordered(name: str) -> Callable[[Numbers], tuple[str, int | None] | None]:
    def wrong(values: Numbers) -> tuple[str, int | None] | None:
        low, high = values
        return None if low < high else (f"{name}({low:g}, {high:g}): low is not below high", None)

    return wrong


def _whole(values: Numbers) -> tuple[str, int | None] | None:
    for k, value in enumerate(values):
        if value != int(value) or abs(value) > MOST:
            return f"integers takes whole numbers, not {value:g}", k
    low, high = values
    return None if low <= high else (f"integers({low:g}, {high:g}): low is above high", None)


def _probability(values: Numbers) -> tuple[str, int | None] | None:
    return None if 0 <= values[0] <= 1 else (f"a probability is from 0 to 1, not {values[0]:g}", 0)


def _positive(values: Numbers) -> tuple[str, int | None] | None:
    if values[0] <= 0:
        return f"a median is positive, not {values[0]:g}", 0
    return _spread(values)


def _eigenvalues(values: Numbers) -> tuple[str, int | None] | None:
    if values[0] <= 0:
        return f"an eigenvalue is positive, not {values[0]:g}", 0
    return None if values[0] <= values[1] else ("the low eigenvalue is above the high one", None)


def _square(shape: tuple[int, ...]) -> str | None:
    return None if len(shape) == 2 and shape[0] == shape[1] else "spd draws square matrices"


def _matrix(shape: tuple[int, ...]) -> str | None:
    return None if len(shape) == 2 else "orthogonal draws matrices"


def _onehot(rng: np.random.Generator, shape: tuple[int, ...], p: Numbers, axis: int) -> Array:
    scores = rng.uniform(size=shape)
    return np.asarray(scores == scores.max(axis=axis, keepdims=True), dtype=float)


def _simplex(rng: np.random.Generator, shape: tuple[int, ...], p: Numbers, axis: int) -> Array:
    """Evenly over the simplex: exponential draws, divided by their sum (Devroye 1986, XI.4.1)."""
    drawn = rng.exponential(size=shape)
    return np.asarray(drawn / drawn.sum(axis=axis, keepdims=True))


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...], p: Any, axis: int) -> Array:
    """Columns (or rows, where these are fewer) of length 1 at right angles (Mezzadri 2007)."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return np.asarray(q if rows >= columns else q.T)


def _definite(rng: np.random.Generator, shape: tuple[int, ...], p: Numbers, axis: int) -> Array:
    """Symmetric, with eigenvalues drawn evenly between two, along drawn directions."""
    q = _orthogonal(rng, shape, p, axis)
    found = (q * rng.uniform(p[0], p[1], shape[0])) @ q.T
    return np.asarray((found + found.T) / 2)


MOST = 2.0**53  # whole numbers beyond it are no longer told apart
DISTRIBUTIONS = {
    "normal": Distribution(
        lambda rng, shape, p, axis: rng.normal(p[0], p[1], shape),
        {"mean": None, "deviation": None},
        bound=False,
        kept=FREE,
        wrong=_spread,
    ),
    "uniform": Distribution(
        lambda rng, shape, p, axis: rng.uniform(p[0], p[1], shape),
        {"low": None, "high": None},
        bound=False,
        kept=FREE,
        wrong=_ordered("uniform"),
    ),
    "positive": Distribution(
        lambda rng, shape, p, axis: p[0] * np.exp(p[1] * rng.normal(size=shape)),
        {"median": 1.0, "deviation": 0.5},
        kept=FREE,
        wrong=_positive,
    ),
    "integers": Distribution(
        lambda rng, shape, p, axis: rng.integers(int(p[0]), int(p[1]), shape, endpoint=True) * 1.0,
        {"low": None, "high": None},
        wrong=_whole,
    ),
    "bernoulli": Distribution(
        lambda rng, shape, p, axis: (rng.uniform(size=shape) < p[0]) * 1.0,
        {"p": None},
        boolean=True,
        wrong=_probability,
    ),
    "onehot": Distribution(_onehot, along=True, sums_to_one=True, boolean=True),
    "simplex": Distribution(_simplex, along=True, sums_to_one=True, kept=SUMMED),
    "orthogonal": Distribution(_orthogonal, unfit=_matrix, kept=CAYLEY),
    "spd": Distribution(
        _definite,
        {"low": 0.5, "high": 2.0},
        wrong=_eigenvalues,
        unfit=_square,
        kept=MIRRORED,
    ),
}


def sample(
    distribution: str, parameters: Numbers, axis: int, shape: tuple[int, ...], seed: int
) -> Array:
    """An array of a shape, by the seed alone."""
    rng = np.random.default_rng(seed)
    return DISTRIBUTIONS[distribution].sample(rng, shape, parameters, axis)
