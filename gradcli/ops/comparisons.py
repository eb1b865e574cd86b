"""Comparisons: 0/1 masks, decided on the real part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.ops.coding import compared
from gradcli.ops.core import (
    EXACT,
    Array,
    Spelling,
    no_vjp,
)
from gradcli.ops.operators import operator
from gradcli.sizes import (
    COMPARISON,
    PRODUCT,
    SUM,
)


def _compare(relation: Callable[..., Any]) -> Callable[..., Array]:
    def forward(x: Array, y: Array) -> Array:
        return np.asarray(relation(x.real, y.real), dtype=float)

    return forward


def _by_sign(*masks: int) -> Callable[..., Any]:
    """The mask where x - y is negative, 0 and positive."""
    return lambda a, x, y: a.choose(x - y, *masks)


def _apart(below: int, equal: int, above: int) -> Callable[..., Any] | None:
    """The mask of what is known to differ, where that alone decides it."""
    if below != above:
        return None
    return lambda s, book, x, y: book.of_unlike(x, y, below)


for _symbol, _name, _relation, _latex, _masks in (
    ("<", "lt", np.less, "<", (1, 0, 0)),
    ("<=", "le", np.less_equal, r"\le", (1, 1, 0)),
    (">", "gt", np.greater, ">", (0, 0, 1)),
    (">=", "ge", np.greater_equal, r"\ge", (0, 1, 1)),
    ("==", "eq", np.equal, "=", (0, 1, 0)),
    ("!=", "ne", np.not_equal, r"\ne", (1, 0, 1)),
):
    operator(
        _symbol,
        _name,
        ("x", "y"),
        _compare(_relation),
        no_vjp,
        Spelling(f"{{0}} {_symbol} {{1}}", COMPARISON, (SUM, SUM)),
        Spelling(f"[{{0}} {_latex} {{1}}]", needs=(SUM, SUM)),
        numpy=Spelling(f"({{0}} {_symbol} {{1}}) * 1.0", PRODUCT, (SUM, SUM)),
        code=compared(_symbol),
        about="0/1 mask",
        cite="constant but for jumps",
        kink="no gradient flows through a comparison",
        rounding=EXACT,
        boolean=True,
        above=_masks == (0, 0, 1),
        branches=_compare(_relation),
        exact=_by_sign(*_masks),
        terms=_apart(*_masks),
    )
