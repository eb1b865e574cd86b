"""Operations on nested lists, in Python alone: what `gradcli emit --to python` writes them with.

They take the keyword arguments that the forward functions take. None of them changes a list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

Nested: TypeAlias = Any  # a number, or a list of these
Axes: TypeAlias = Sequence[int]  # counted from the end


def shape(x: Nested) -> tuple[int, ...]:
    return (len(x), *shape(x[0])) if isinstance(x, list) else ()


def flat(x: Nested) -> list[float]:
    if not isinstance(x, list):
        return [x]
    return [entry for part in x for entry in flat(part)]


def count(sizes: Sequence[int]) -> int:
    return sizes[0] * count(sizes[1:]) if sizes else 1


def nested(entries: Sequence[float], shape: Sequence[int]) -> Nested:
    if not shape:
        return entries[0]
    n = count(shape[1:])
    starts = range(0, n * shape[0], n) if n else [0] * shape[0]
    return [nested(entries[start:][:n], shape[1:]) for start in starts]


def indices(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    if not sizes:
        yield ()
        return
    for k in range(sizes[0]):
        for rest in indices(sizes[1:]):
            yield (k, *rest)


def at(x: Nested, index: Sequence[int]) -> Nested:
    for k in index:
        x = x[k]
    return x


def lifted(x: Nested, rank: int) -> Nested:
    for _ in range(rank - len(shape(x))):
        x = [x]
    return x


def entrywise(f: Callable[..., float], rank: int, *xs: Nested) -> Nested:
    if not rank:
        return f(*xs)
    longest = max(xs, key=len)
    rows = ([x[k if len(x) > 1 else 0] for x in xs] for k in range(len(longest)))
    return [entrywise(f, rank - 1, *row) for row in rows]


def each(f: Callable[..., float], *xs: Nested) -> Nested:
    """A function of the entries of some lists, which are stretched to one shape."""
    rank = max([len(shape(x)) for x in xs])
    return entrywise(f, rank, *[lifted(x, rank) for x in xs])


def plus(x: Nested, y: Nested) -> Nested:
    return each(lambda a, b: a + b, x, y)


def zeros(shape: Sequence[int]) -> Nested:
    return nested([0.0] * count(shape), shape)


def ones(shape: Sequence[int]) -> Nested:
    return nested([1.0] * count(shape), shape)


def eye(N: int) -> Nested:  # noqa: N803 -- as the forward function has it
    return [[float(i == k) for k in range(N)] for i in range(N)]


def arange(stop: int) -> Nested:
    return [[float(k)] for k in range(stop)]


def constant(data: Any, shape: Sequence[int]) -> Nested:
    return nested([float(entry) for entry in leaves(data)], shape)


def leaves(data: Any) -> list[float]:
    return [e for part in data for e in leaves(part)] if isinstance(data, tuple) else [data]


# ── regions ──


def taken(x: Nested, region: Sequence[Any]) -> Nested:
    """A region: of each axis a slice, or one entry, which leaves the axis out."""
    found = part(x, region)
    for _ in range(2 - len(shape(found))):
        found = columned(found)
    return found


def columned(x: Nested) -> Nested:
    return [columned(one) for one in x] if isinstance(x, list) else [x]


def part(x: Nested, region: Sequence[Any]) -> Nested:
    if not region:
        return x
    first, rest = region[0], region[1:]
    if isinstance(first, slice):
        return [part(one, rest) for one in x[first]]
    return part(x[first], rest)


def put_in(x: Nested, region: Sequence[Any], value: Nested, adds: bool) -> Nested:
    """A list with a value in a region, or added to what is there."""
    if not region:
        return plus(x, value) if adds else value
    first, rest = region[0], region[1:]
    found = list(x)
    if not isinstance(first, slice):
        found[first] = put_in(x[first], rest, value, adds)
        return found
    places = range(len(x))[first]
    for k, place in enumerate(places):
        one = value[k if len(value) > 1 else 0] if isinstance(value, list) else value
        found[place] = put_in(x[place], rest, one, adds)
    return found


def scattered(*xs: Nested, slices: Any, ranks: Any, shape: Sequence[int]) -> Nested:
    found = zeros(shape)
    for x, region in zip(xs, slices, strict=True):
        sizes = [len(range(n)[s]) for n, s in zip(shape, region, strict=True)]
        found = put_in(found, region, nested(flat(x), sizes), True)
    return found


# ── rows and entries by their numbers ──


def take(x: Nested, i: Nested, ranks: Any, shape: Sequence[int]) -> Nested:
    return nested([entry for k in flat(i) for entry in flat(x[int(k)])], shape)


def segment_sum(x: Nested, i: Nested, ranks: Any, count: int, shape: Sequence[int]) -> Nested:
    places, entries = [int(k) for k in flat(i)], flat(x)
    width = len(entries) // max(len(places), 1)
    total = [[0.0] * width for _ in range(count)]
    for k, place in enumerate(places):
        total[place] = plus(total[place], entries[k * width :][:width])
    return nested(flat(total), shape)


def pick(x: Nested, i: Nested, axis: int) -> Nested:
    found = []
    for place in indices(shape(i)):
        where = list(place)
        where[axis] = int(at(i, place))
        found.append(at(x, where))
    return nested(found, shape(i))


def put(x: Nested, i: Nested, axis: int, count: int) -> Nested:
    sizes = list(shape(x))
    sizes[axis] = count
    found = dict.fromkeys(indices(sizes), 0.0)
    for place in indices(shape(x)):
        where = list(place)
        where[axis] = int(at(i, place))
        found[tuple(where)] += at(x, place)
    return nested(list(found.values()), sizes)


def onehot(i: Nested, rank: int, count: int, shape: Sequence[int]) -> Nested:
    return nested([float(int(entry) == k) for entry in flat(i) for k in range(count)], shape)


# ── products ──


def matmul(a: Nested, b: Nested) -> Nested:
    rank = max(len(shape(a)), len(shape(b)))
    return products(lifted(a, rank), lifted(b, rank), rank)


def products(a: Nested, b: Nested, rank: int) -> Nested:
    if rank > 2:
        n = max(len(a), len(b))
        left, right = a * (n if len(a) == 1 else 1), b * (n if len(b) == 1 else 1)
        return [products(left[k], right[k], rank - 1) for k in range(n)]
    columns = [list(column) for column in zip(*b, strict=True)]
    return [[inner(row, column) for column in columns] for row in a]


def inner(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def dot(a: Nested, b: Nested) -> Nested:
    return [[inner(flat(a), flat(b))]]


def outer(a: Nested, b: Nested) -> Nested:
    return [[x * y for y in flat(b)] for x in flat(a)]


def trace(x: Nested) -> Nested:
    return [[sum(x[k][k] for k in range(len(x)))]]


def diag(x: Nested) -> Nested:
    if len(x[0]) == 1:
        return [[x[i][0] * (i == k) for k in range(len(x))] for i in range(len(x))]
    return [[x[k][k]] for k in range(len(x))]


def kron(a: Nested, b: Nested) -> Nested:
    return [[x * y for x in one for y in other] for one in a for other in b]


def solve(a: Nested, b: Nested) -> Nested:
    """Gauss's elimination, each time with the largest pivot."""
    rows = [[*one, *other] for one, other in zip(a, b, strict=True)]
    n = len(rows)
    for k in range(n):
        best = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[best] = rows[best], rows[k]
        for i in range(n):
            if i != k:
                factor = rows[i][k] / rows[k][k]
                rows[i] = [p - factor * q for p, q in zip(rows[i], rows[k], strict=True)]
    return [[entry / rows[k][k] for entry in rows[k][n:]] for k in range(n)]


def inv(a: Nested) -> Nested:
    return solve(a, eye(len(a)))


def determinant(a: Nested) -> float:
    rows, found = [list(row) for row in a], 1.0
    for k in range(len(rows)):
        best = max(range(k, len(rows)), key=lambda i: abs(rows[i][k]))
        if rows[best][k] == 0:
            return 0.0
        if best != k:
            rows[k], rows[best], found = rows[best], rows[k], -found
        found *= rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [p - factor * q for p, q in zip(rows[i], rows[k], strict=True)]
    return found


def det(a: Nested) -> Nested:
    return [[determinant(a)]]


def logdet(a: Nested) -> Nested:
    return [[math.log(abs(determinant(a)))]]


def cofactor(a: Nested) -> Nested:
    n = range(len(a))
    minors = [[[[a[r][c] for c in n if c != k] for r in n if r != i] for k in n] for i in n]
    return [[(-1.0) ** (i + k) * determinant(minors[i][k]) for k in n] for i in n]


# ── moves ──


def transpose(x: Nested, rank: int) -> Nested:
    return permute(x, range(rank)[::-1])


def permute(x: Nested, order: Sequence[int]) -> Nested:
    sizes = shape(x)
    turned = [sizes[axis] for axis in order]
    back = [list(order).index(axis) for axis in range(len(sizes))]
    entries = [at(x, [place[k] for k in back]) for place in indices(turned)]
    return nested(entries, turned)


def reshape(x: Nested, shape: Sequence[int], rank: int = 0) -> Nested:
    return nested(flat(x), shape)


def broadcast(x: Nested, shape: Sequence[int], rank: int = 0) -> Nested:
    return plus(x, zeros(shape))


def joined(*xs: Nested, axis: int, rank: int) -> Nested:
    if axis + rank == 0:
        return [one for x in xs for one in x]
    return [joined(*some, axis=axis, rank=rank - 1) for some in zip(*xs, strict=True)]


def stacked(*xs: Nested, axis: int, rank: int) -> Nested:
    if axis + rank + 1 == 0:
        return list(xs)
    return [stacked(*some, axis=axis, rank=rank - 1) for some in zip(*xs, strict=True)]


def tril(x: Nested, k: int) -> Nested:
    if len(shape(x)) > 2:
        return [tril(one, k) for one in x]
    return [[e if j - i <= k else 0.0 for j, e in enumerate(row)] for i, row in enumerate(x)]


def triu(x: Nested, k: int) -> Nested:
    if len(shape(x)) > 2:
        return [triu(one, k) for one in x]
    return [[e if j - i >= k else 0.0 for j, e in enumerate(row)] for i, row in enumerate(x)]
