"""A model at small sizes, from which its loops are read.

The forms of a loop's steps do not depend on how often it runs, and so a loop need not be unrolled
at its own length to be read: the dims that ranges depend on are set small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradcli.errors import GradError, GradErrors
from gradcli.program import Program
from gradcli.request import Request
from gradcli.session import bind
from gradcli.syntax import Parsed, ast

SMALL = 6  # a dim of at most this is left as it is


def small(parsed: Parsed, request: Request) -> Program:
    """The model's Program at small sizes; at its own where it does not stand at these.

    Raises GradError or GradErrors where the model is wrong.
    """
    own = {**numbers(parsed.statements), **request.dims}
    ranged = _ranged(parsed.statements)
    large = sorted({value for name, value in own.items() if name in ranged and value > SMALL})
    new = {value: SMALL + 2 * i for i, value in enumerate(large)}
    dims = {name: new.get(value, value) for name, value in own.items() if name in ranged}
    if large:
        try:
            return bind(parsed, request._replace(dims={**own, **dims}))[0]
        except (GradError, GradErrors):
            pass
    return bind(parsed, request)[0]


def numbers(statements: Sequence[Any]) -> dict[str, int]:
    """The dims that the file gives a number."""
    found = {}
    for statement in statements:
        for dim in statement.items if isinstance(statement, ast.Dims) else ():
            if dim.value is not None and len(dim.value) == 1 and dim.value[0][0] == "number":
                text = str(dim.value[0][1])
                if text.isascii() and text.isdigit():
                    found[dim.name.text] = int(text)
    return found


def _ranged(statements: Sequence[Any]) -> set[str]:
    """The names that ranges depend on, through the dims that are defined by others."""
    found = set(_names(statements, inside=False))
    for statement in reversed(statements):
        for dim in statement.items if isinstance(statement, ast.Dims) else ():
            if dim.name.text in found and dim.value is not None:
                found.update(_names(dim.value, inside=True))
    return found


def _names(tree: Any, inside: bool) -> Iterator[str]:
    """The names in the ranges of a syntax tree; `inside` for all names."""
    stack = [(tree, inside)]
    while stack:
        node, here = stack.pop()
        if not isinstance(node, tuple | list):
            continue
        if here and len(node) >= 2 and node[0] == "name":
            yield node[1]
        here = here or isinstance(node, ast.Interval)
        stack += [(child, here) for child in node]
