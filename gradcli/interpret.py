"""The one loop over a program: every meaning of it is a function given to this loop.

A meaning says what a step is worth, given what its operands are worth: an array, a batch of arrays,
an array with a tangent, an element of a finite field, a text.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

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
        for name in dying.get(step.name, ()):
            del values[name]
    return values


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
