"""Other sizes of a model, at which what holds at its own is tried too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, count
from typing import TypeVar

from gradcli.errors import GradError, GradErrors
from gradcli.program import Program

T = TypeVar("T")

MOST_DIMS = 6  # dims that are changed one by one
LONG = 6  # a loop's length from which on a shorter one is tried
STEPS = 2000  # of a model; a longer one is not tried at other sizes


def own_sizes(program: Program) -> dict[str, int]:
    """What a model's dims are, those left out that are made of others."""
    return {
        name: int(size.value)
        for name, size in program.sizes.dims.items()
        if size.terms == ((((name, 1),), Fraction(1)),)
    }


def together(
    program: Program, made: Callable[[Mapping[str, int]], T]
) -> tuple[dict[str, int], T] | None:
    """What is made of a model with all of its free dims changed, or as many as go together, and
    the sizes there.

    made: raises GradError or GradErrors where the sizes do not go.
    """
    own = own_sizes(program)
    if not own or len(program.steps) > STEPS:
        return None
    for changed in (_next(program, own), {name: 2 * n for name, n in own.items()}):
        found = _at(own, changed, made)
        if found is not None:
            return found
    free: dict[str, int] = {}
    for name, n in list(_next(program, own).items())[:MOST_DIMS]:
        if _at(own, free | {name: n}, made) is not None:
            free[name] = n
    return _at(own, free, made) if free else None


def one_by_one(
    program: Program, made: Callable[[Mapping[str, int]], T], among: Sequence[str]
) -> Iterator[tuple[dict[str, int], T]]:
    """The same with one free dim changed after the other."""
    own = own_sizes(program)
    changed = _next(program, own)
    for name in among[:MOST_DIMS]:
        found = _at(own, {name: changed[name]}, made)
        if found is not None:
            yield found


def spelled(sizes: Mapping[str, int]) -> str:
    """Sizes as messages have them: H = 4, X = 3."""
    return ", ".join(f"{name} = {n}" for name, n in sizes.items())


def _next(program: Program, own: Mapping[str, int]) -> dict[str, int]:
    """Other sizes, small and each another one; a loop is a little longer."""
    bounds = [bound.size for loop in program.loops for bound in loop.bounds if bound.size]
    looped = {name for size in bounds for monomial, _ in size.terms for name, _ in monomial}
    found: dict[str, int] = {}
    for name, n in own.items():
        longer = (n + 1,) if name in looped and n < LONG else ()
        taken = {n, *found.values()}
        found[name] = next(k for k in chain(longer, (3, 2), count(4)) if k not in taken)
    return found


def _at(
    own: dict[str, int], changed: dict[str, int], made: Callable[[Mapping[str, int]], T]
) -> tuple[dict[str, int], T] | None:
    try:
        return own | changed, made(changed)
    except (GradError, GradErrors):
        return None
