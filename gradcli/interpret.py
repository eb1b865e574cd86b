"""The one loop over a program: every meaning of it is a function given to this loop.

A meaning says what a step is worth, given what its operands are worth: an array, a batch of arrays,
an array with a tangent, an element of a finite field, a text.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from gradcli.ops.core import Array, asarray
from gradcli.program import Step
from gradcli.sizes import Number

Value = TypeVar("Value")
Meaning = Callable[[Step, list[Value]], Value]
Constant = Callable[[Number], Value]
NONE: Mapping[str, Sequence[str]] = MappingProxyType({})


def interpret(
    steps: Iterable[Step],
    values: dict[str, Value],
    meaning: Meaning[Value],
    constant: Constant[Value],
    dying: Mapping[str, Sequence[str]] = NONE,
) -> dict[str, Value]:
    """The values of all steps, put into `values`, which holds those of what they start from.

    constant: what a plain number among the operands is worth. dying: for a step's name the names
    that nothing needs behind it; their values are let go.
    """
    for step in steps:
        operands = [values[a] if a.__class__ is str else constant(a) for a in step.args]  # type: ignore[arg-type]
        values[step.name] = meaning(step, operands)
        if dying:
            for name in dying.get(step.name, ()):
                del values[name]
    return values


def value(step: Step, operands: list[Array]) -> Array:
    """The meaning of a step as an array; also of many at once, and of complex ones."""
    result: Array = step.call.op.forward(*operands, **step.call.static)
    return result


def number(constant: Number) -> Array:
    """The meaning of a plain number as an array."""
    return asarray(constant.value)


def run(
    steps: Iterable[Step], values: dict[str, Array], dying: Mapping[str, Sequence[str]] = NONE
) -> dict[str, Array]:
    """`values` with the arrays of the steps, but for what dies on the way."""
    with np.errstate(all="ignore"):
        return interpret(steps, values, value, number, dying)


def branches(step: Step, operands: list[Array]) -> Array:
    """An integer array that says which smooth piece of a step's operation each entry lies in."""
    assert step.call.op.branches
    return np.asarray(step.call.op.branches(*operands, **step.call.static))


def leaves(steps: Sequence[Step]) -> set[str]:
    """The names that steps start from: what they use and do not make."""
    return {arg for step in steps for arg in step.operands()} - {step.name for step in steps}


def last_uses(steps: Sequence[Step], kept: Container[str]) -> dict[str, list[str]]:
    """For each step the names of other steps that are used there for the last time.

    kept: names that are wanted at the end.
    """
    made = {step.name for step in steps}
    dying: dict[str, list[str]] = {}
    for step in reversed(steps):
        for name in step.args:
            if isinstance(name, str) and name in made:
                made.discard(name)
                if name not in kept:
                    dying.setdefault(step.name, []).append(name)
    return dying
