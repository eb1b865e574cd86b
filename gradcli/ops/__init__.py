"""The operation table: one entry an operation."""

from gradcli.ops import (
    arithmetic,
    constants,
    einsum,
    elementwise,
    functions,
    gather,
    matrices,
    products,
    reductions,
    regions,
    sequences,
    shaping,
    statistics,
)
from gradcli.ops.arithmetic import OPERATORS
from gradcli.ops.core import FUNCTIONS, TABLE, Array, Op, Pair, Signature, Spelling
from gradcli.ops.mismatch import Mismatch

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
    "arithmetic",
    "constants",
    "einsum",
    "elementwise",
    "functions",
    "gather",
    "matrices",
    "products",
    "reductions",
    "regions",
    "sequences",
    "shaping",
    "statistics",
]
