"""The operation table: one entry an operation."""

from gradcli.ops import (
    activations,
    arithmetic,
    comparisons,
    constants,
    einsum,
    elementwise,
    functions,
    gather,
    matmul,
    matrices,
    products,
    reductions,
    regions,
    sequences,
    shaping,
    statistics,
    trigonometric,
)
from gradcli.ops.core import FUNCTIONS, TABLE, Array, Op, Pair, Signature, Spelling
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.operators import OPERATORS

__all__ = [
    "FUNCTIONS",
    "OPERATORS",
    "TABLE",
    "Array",
    "Mismatch",
    "Op",
    "Pair",
    "Signature",
    "Spelling",
    "activations",
    "arithmetic",
    "comparisons",
    "constants",
    "einsum",
    "elementwise",
    "functions",
    "gather",
    "matmul",
    "matrices",
    "products",
    "reductions",
    "regions",
    "sequences",
    "shaping",
    "statistics",
    "trigonometric",
]
