"""How an operator is registered: under its symbols, entry by entry on what is stretched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradcli.expr import Expr
from gradcli.ops.coding import NUMPY, PYTHON
from gradcli.ops.core import (
    Array,
    Op,
    Spelling,
    elementwise_flip,
    elementwise_lanes,
    elementwise_shape,
    register,
)
from gradcli.ops.flops import an_entry

SLIDES = "How to compute a derivative (course slides), "
OPERATORS: dict[tuple[str, int], str] = {}  # the symbol and its number of operands -> the operation


def operator(
    symbols: str,
    name: str,
    operands: tuple[str, ...],
    forward: Callable[..., Array],
    vjp: Callable[..., Sequence[Expr | None]],
    text: Spelling,
    latex: Spelling,
    **fields: Any,
) -> Op:
    """Register an elementwise operator under its symbols; the first is the one printed."""
    for symbol in symbols.split():
        OPERATORS[symbol, len(operands)] = name
    fields.setdefault("shape", elementwise_shape)
    fields.setdefault("flip", elementwise_flip(name))
    fields.setdefault("numpy", text)
    fields.setdefault("foldable", True)
    fields.setdefault("code", {NUMPY: fields["numpy"], PYTHON: fields["numpy"]})
    fields.setdefault("lanes", elementwise_lanes)
    fields.setdefault("flops", an_entry)
    return register(
        Op(
            name=name,
            operands=operands,
            forward=forward,
            vjp=vjp,
            text=text,
            latex=latex,
            lifts=True,
            group="operators",
            **fields,
        ),
        function=False,
    )
