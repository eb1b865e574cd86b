"""A model at several small sizes, so that what depends on a size can be told from what does not.

A loop's text does not depend on how often it runs, and so a loop need not be unrolled at its own
length to be read. The dims that ranges and indices depend on are set small, and then each is moved
by one; what an index outside a loop depends on shows in the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.errors import GradError, GradErrors
from gradcli.program import Program
from gradcli.request import Request
from gradcli.session import bind
from gradcli.syntax import Parsed, ast

SMALL = 6  # a dim of at most this is left as it is


class Instance(NamedTuple):
    """A program at given values of its dims."""

    program: Program
    dims: Mapping[str, int]


def instances(parsed: Parsed, request: Request) -> list[Instance]:
    """The model at small sizes: the first is the one to read, the others differ in one dim each.

    Raises GradError or GradErrors where the model is wrong.
    """
    own = {**_numbers(parsed.statements), **request.dims}
    ranged = _ranged(parsed.statements)
    large = sorted({value for name, value in own.items() if name in ranged and value > SMALL})
    small = {value: SMALL + 2 * i for i, value in enumerate(large)}
    dims = {name: small.get(value, value) for name, value in own.items() if name in ranged}
    base = _at(parsed, request, dims) if large else None
    if base is None:
        base = Instance(bind(parsed, request)[0], own)
    found = [base]
    if base.program.loops or base.program.families:
        for name in own:
            value = base.dims[name]
            tried = (_at(parsed, request, {**base.dims, name: n}) for n in (value + 1, value - 1))
            found += [next((moved for moved in tried if moved is not None), base)]
    return found


def _at(parsed: Parsed, request: Request, dims: Mapping[str, int]) -> Instance | None:
    """The model at other sizes; None where it does not stand at these."""
    known = _numbers(parsed.statements)
    asked = {**known, **request.dims, **dims}
    if min(asked.values(), default=1) < 1:
        return None
    try:
        program, _ = bind(parsed, request._replace(dims=asked))
    except (GradError, GradErrors):
        return None
    return Instance(program, asked)


def _numbers(statements: Sequence[Any]) -> dict[str, int]:
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
