"""What structure a Jacobian has: by its formula, or by where its entries are 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcli.ops.core import Array
from gradcli.ops.maps import Dense, Diag, Eye, Kron, Map, Ones, Product, Scaled, Sum
from gradcli.sizes import is_one

ZERO, IDENTITY, SCALED, DIAGONAL = "zero", "identity", "scaled identity", "diagonal"
BLOCKS, KRONECKER, LOW_RANK = "block diagonal", "Kronecker", "low rank plus diagonal"
NOISE = 1e-12  # of the largest entry
BANDED, LOWER, UPPER, FULL = "banded", "lower triangular", "upper triangular", "full"


def of_map(found: Map | None) -> str | None:
    """The structure that a formula shows; None where it shows none."""
    if found is None:
        return ZERO
    if isinstance(found, Eye):
        return IDENTITY
    if isinstance(found, Scaled):
        if found.scalar.is_number() and not found.scalar.number.value:
            return ZERO
        inner = of_map(found.inner)
        return SCALED if inner == IDENTITY else inner
    if isinstance(found, Diag):
        return DIAGONAL
    if isinstance(found, Kron):
        return _of_kron(found)
    if isinstance(found, Sum) and _low_rank(found):
        return LOW_RANK
    return None


def _of_kron(found: Kron) -> str:
    left, right = of_map(found.left), of_map(found.right)
    plain = (IDENTITY, SCALED, DIAGONAL)
    if left in plain and right in plain:
        return DIAGONAL
    return BLOCKS if left in plain else KRONECKER


def _low_rank(found: Sum) -> bool:
    """Whether all terms but a diagonal one are products through a single entry."""
    thick = [term for term in found.terms if not _thin(term)]
    return len(thick) == 1 and of_map(thick[0]) in (IDENTITY, SCALED, DIAGONAL)


def _thin(term: Map) -> bool:
    if isinstance(term, Scaled):
        return _thin(term.inner)
    if isinstance(term, Dense | Ones):
        return any(map(is_one, term.sizes))
    return isinstance(term, Product) and any(is_one(f.sizes[1]) for f in term.factors[:-1])


def of_pattern(matrices: Sequence[Array], pattern: Array) -> str:
    """The structure that some matrices have in common; `pattern`: where any of them is not 0."""
    if not pattern.any():
        return ZERO
    rows, columns = pattern.shape
    if rows == columns:
        offset = np.subtract.outer(np.arange(rows), np.arange(columns))
        if rows > 1 and not pattern[offset != 0].any():
            return _diagonal(matrices)
        if _blocks(pattern):
            return BLOCKS
        low, high = int(offset[pattern].max()), int(-offset[pattern].min())
        if max(low, 0) + max(high, 0) + 1 <= rows // 2:
            return BANDED
        if high <= 0:
            return LOWER
        if low <= 0:
            return UPPER
    elif _blocks(pattern):
        return BLOCKS
    return KRONECKER if _kronecker(matrices) else FULL


def _diagonal(matrices: Sequence[Array]) -> str:
    entries = [np.diagonal(matrix) for matrix in matrices]
    if all((d == 1).all() for d in entries):
        return IDENTITY
    return SCALED if all((d == d[0]).all() for d in entries) else DIAGONAL


def _blocks(pattern: Array) -> bool:
    """Whether the entries that are not 0 lie in blocks of one size along the diagonal."""
    rows, columns = pattern.shape
    for count in range(min(rows, columns), 1, -1):
        if rows % count or columns % count:
            continue
        blocks = pattern.reshape(count, rows // count, count, columns // count)
        outside = blocks.any(axis=(1, 3)) & ~np.eye(count, dtype=bool)
        if not outside.any():
            return True
    return False


def _kronecker(matrices: Sequence[Array]) -> bool:
    """Whether all are Kronecker products of two matrices of the same sizes.

    A matrix is one where its blocks, each as a row, are a matrix of rank 1 (Van Loan & Pitsianis
    1993): where each entry is a block's entry times what the block is of the first that is not 0.
    """
    rows, columns = matrices[0].shape
    return any(
        all(_is_product(matrix, r, c) for matrix in matrices)
        for r in range(2, rows)
        if rows % r == 0
        for c in range(2, columns)
        if columns % c == 0
    )


def _is_product(matrix: Array, rows: int, columns: int) -> bool:
    """Whether a matrix is the product of one with so many rows and columns with another."""
    each = matrix.reshape(rows, matrix.shape[0] // rows, columns, matrix.shape[1] // columns)
    blocks = each.swapaxes(1, 2).reshape(rows * columns, -1)
    largest = float(np.abs(blocks).max())
    if not 0 < largest < np.inf:
        return False
    i, j = np.unravel_index(int(np.abs(blocks).argmax()), blocks.shape)
    outer = np.outer(blocks[:, j], blocks[i] / blocks[i, j])
    return bool((np.abs(outer - blocks) <= NOISE * largest).all())
