"""Operations along axes of nested lists: sums, extremes, running totals, orders."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gradcli.ops.lists import Axes, Nested, at, each, flat, indices, nested, plus, shape


def over(f: Callable[[list[float]], list[float]], x: Nested, axes: Axes, keeps: bool) -> Nested:
    """A function of the entries along axes, in whose place its results stand: as many of them
    (`keeps`), or one for all.
    """
    sizes = shape(x)
    groups: dict[Any, list[Any]] = {}
    for place in indices(sizes):
        key = tuple([0 if k - len(sizes) in axes else p for k, p in enumerate(place)])
        groups.setdefault(key, []).append(place)
    found: dict[Any, float] = {}
    for key, places in groups.items():
        results = f([at(x, place) for place in places])
        found.update(zip(places if keeps else [key], results, strict=keeps))
    rank = len(sizes)
    left = [n if keeps or k - rank not in axes else 1 for k, n in enumerate(sizes)]
    return nested([found[place] for place in indices(left)], left)


def reduced(f: Callable[[list[float]], float], x: Nested, axes: Axes, scalar: bool) -> Nested:
    found = over(lambda entries: [f(entries)], x, axes, False)
    return [[flat(found)[0]]] if scalar else found


def total(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return reduced(math.fsum, x, axes, scalar)


def average(entries: list[float]) -> float:
    return math.fsum(entries) / len(entries)


def mean(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return reduced(average, x, axes, scalar)


def prod(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return reduced(math.prod, x, axes, scalar)


def largest(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return reduced(max, x, axes, scalar)


def smallest(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return reduced(min, x, axes, scalar)


def log_sum(entries: list[float]) -> float:
    top = max(entries)
    return top + math.log(math.fsum([math.exp(entry - top) for entry in entries]))


def logsumexp(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return reduced(log_sum, x, axes, scalar)


def norm(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return reduced(lambda entries: math.hypot(*entries), x, axes, scalar)


def variance(entries: list[float], ddof: int) -> float:
    middle = average(entries)
    return math.fsum([(e - middle) ** 2 for e in entries]) / (len(entries) - ddof)


def var(x: Nested, axes: Axes, scalar: bool, ddof: int) -> Nested:
    return reduced(lambda entries: variance(entries, ddof), x, axes, scalar)


def std(x: Nested, axes: Axes, scalar: bool, ddof: int) -> Nested:
    return reduced(lambda entries: math.sqrt(variance(entries, ddof)), x, axes, scalar)


def powers(entries: list[float]) -> list[float]:
    top = log_sum(entries)
    return [math.exp(entry - top) for entry in entries]


def softmax(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return over(powers, x, axes, True)


def log_softmax(x: Nested, axes: Axes, scalar: bool) -> Nested:
    def along(entries: list[float]) -> list[float]:
        top = log_sum(entries)
        return [entry - top for entry in entries]

    return over(along, x, axes, True)


def is_max(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return over(lambda entries: first(entries, max(entries)), x, axes, True)


def is_min(x: Nested, axes: Axes, scalar: bool) -> Nested:
    return over(lambda entries: first(entries, min(entries)), x, axes, True)


def first(entries: list[float], wanted: float) -> list[float]:
    place = entries.index(wanted)
    return [float(k == place) for k in range(len(entries))]


def running(f: Callable[[float, float], float], x: Nested, axis: int, reverse: int) -> Nested:
    def along(entries: list[float]) -> list[float]:
        found: list[float] = []
        for entry in entries[::-1] if reverse else entries:
            found.append(f(found[-1], entry) if found else entry)
        return found[::-1] if reverse else found

    return over(along, x, (axis,), True)


def cumsum(x: Nested, axis: int, reverse: int) -> Nested:
    return running(lambda a, b: a + b, x, axis, reverse)


def cumprod(x: Nested, axis: int, reverse: int) -> Nested:
    return running(lambda a, b: a * b, x, axis, reverse)


def cummax(x: Nested, axis: int, reverse: int) -> Nested:
    return running(max, x, axis, reverse)


def flip(x: Nested, axis: int) -> Nested:
    return over(lambda entries: entries[::-1], x, (axis,), True)


def roll(x: Nested, shift: int, axis: int) -> Nested:
    def along(entries: list[float]) -> list[float]:
        k = -shift % len(entries)
        return entries[k:] + entries[:k]

    return over(along, x, (axis,), True)


def shift(x: Nested, by: int, axis: int) -> Nested:
    def along(entries: list[float]) -> list[float]:
        n = len(entries)
        return [entries[k - by] if 0 <= k - by < n else 0.0 for k in range(n)]

    return over(along, x, (axis,), True)


def argmax(x: Nested, axis: int) -> Nested:
    return over(lambda entries: [float(entries.index(max(entries)))], x, (axis,), False)


def argmin(x: Nested, axis: int) -> Nested:
    return over(lambda entries: [float(entries.index(min(entries)))], x, (axis,), False)


def ordered(entries: list[float]) -> list[float]:
    return [float(k) for k in sorted(range(len(entries)), key=lambda k: entries[k])]


def argsort(x: Nested, axis: int) -> Nested:
    return over(ordered, x, (axis,), True)


def sort(x: Nested, axis: int) -> Nested:
    return over(sorted, x, (axis,), True)


def scan(a: Nested, b: Nested, axis: int, reverse: int) -> Nested:
    """Each state is the one before it times a, and b added."""
    if axis + len(shape(a)) > 0:
        return [scan(one, other, axis, reverse) for one, other in zip(a, b, strict=True)]
    found: list[Nested] = []
    for factor, term in zip(a[:: -1 if reverse else 1], b[:: -1 if reverse else 1], strict=True):
        kept = each(lambda p, q: p * q, factor, found[-1]) if found else None
        found.append(plus(kept, term) if found else term)
    return found[::-1] if reverse else found


def normalize(x: Nested, axes: Axes, scalar: bool) -> Nested:
    def along(entries: list[float]) -> list[float]:
        length = max(math.hypot(*entries), 1e-38)
        return [entry / length for entry in entries]

    return over(along, x, axes, True)


def summed(x: Nested, axes: Axes) -> Nested:
    left = [n for k, n in enumerate(shape(x)) if k - len(shape(x)) not in axes]
    return nested(flat(total(x, axes, False)), left)


def einsum(*xs: Nested, subscripts: str, lone: Any, rank: int) -> Nested:
    """A sum over all letters that the result lacks; over `lone` axes before, which have none."""
    xs = tuple([summed(x, axes) if axes else x for x, axes in zip(xs, lone, strict=True)])
    left, right = subscripts.replace("...", "").replace(" ", "").split("->")
    terms = left.split(",")
    sizes: dict[str, int] = {}
    for term, x in zip(terms, xs, strict=True):
        sizes.update(zip(term, shape(x), strict=False))
    rest = [c for c in sizes if c not in right]
    found = []
    for place in indices([sizes[c] for c in right]):
        entries = []
        for other in indices([sizes[c] for c in rest]):
            where = dict(zip([*right, *rest], [*place, *other], strict=True))
            pairs = zip(xs, terms, strict=True)
            factors = [flat(at(x, [where[c] for c in term]))[0] for x, term in pairs]
            entries.append(math.prod(factors))
        found.append(math.fsum(entries))
    return nested(found, [*[sizes[c] for c in right], 1, 1][: max(2, len(right))])
