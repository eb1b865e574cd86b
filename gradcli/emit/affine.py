"""What a whole number depends on, found from samples: a polynomial of degree 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from gradcli.emit.nest import Unkept
from gradcli.sizes import Size, Sizes


def fit(sizes: Sizes, points: Sequence[Mapping[str, int]], values: Sequence[int]) -> Size:
    """The polynomial of degree 1 that has these values at these points.

    Where the points do not tell two of them apart, the one with the fewest names.
    Raises Unkept where there is none.
    """
    if len(set(values)) == 1:
        return sizes.constant(values[0])
    names = list(points[0])
    columns = ["", *names]
    rows = {
        (*(1 if not c else point[c] for c in columns), value)
        for point, value in zip(points, values, strict=True)
    }
    found = _solve([[Fraction(x) for x in row] for row in sorted(rows)], len(columns))
    if found is None:
        raise Unkept("an index that is no multiple of the loops' variables and the dims")
    total = sizes.constant(0)
    for name, factor in zip(columns, found, strict=True):
        if factor:
            term = sizes.dims[name] if name else sizes.constant(1)
            total = sizes.add(total, sizes.multiply(sizes.constant(factor), term))
    return total


def _solve(rows: list[list[Fraction]], width: int) -> list[Fraction] | None:
    """Gauss–Jordan elimination; what is not determined is 0."""
    pivots: list[tuple[int, int]] = []
    for column in range(width):
        at = len(pivots)
        k = next((i for i in range(at, len(rows)) if rows[i][column]), None)
        if k is None:
            continue
        rows[at], rows[k] = rows[k], rows[at]
        first = rows[at]
        factor = first[column]
        rows[at] = first = [x / factor for x in first]
        for i, row in enumerate(rows):
            if i != at and row[column]:
                factor = row[column]
                rows[i] = [x - factor * y for x, y in zip(row, first, strict=True)]
        pivots.append((at, column))
    if any(row[width] for row in rows[len(pivots) :]):
        return None
    found = [Fraction(0)] * width
    for at, column in pivots:
        found[column] = rows[at][width]
    return found
