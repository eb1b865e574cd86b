"""A program by the person's own equations, each with the operations that it consists of."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from gradcli.program import NOWHERE, Input, Program, Step


class Equation(NamedTuple):
    """One of the person's equations: `name` is computed by `steps` from the names `sources`."""

    name: str
    sources: tuple[str, ...]
    steps: tuple[Step, ...]


def equations(program: Program, written: Container[str]) -> list[Equation]:
    """The equations of a program that have a name of the person's, in order.

    written: the names that stand in the model's text, without indices. What has none of them is
    part of the equations that use it.
    """
    found: list[Equation] = []
    unnamed: dict[str, tuple[dict[str, None], dict[str, Step]]] = {}
    for step in program.steps:
        sources: dict[str, None] = {}
        steps: dict[str, Step] = {}
        for arg in step.operands():
            if arg in unnamed:
                sources |= unnamed[arg][0]
                steps |= unnamed[arg][1]
            else:
                sources[arg] = None
        steps[step.name] = step
        if step.name.partition("[")[0] in written:
            found.append(Equation(step.name, tuple(sources), tuple(steps.values())))
        else:
            unnamed[step.name] = (sources, steps)
    return found


def part(program: Program, equation: Equation) -> Program:
    """The program of one equation alone: what it is computed from are its inputs."""
    inputs = [Input(n, "input", program.shapes[n], None, NOWHERE) for n in equation.sources]
    shapes = {item.name: item.shape for item in inputs}
    shapes |= {step.name: step.call.shape for step in equation.steps}
    output = Input(equation.name, "given", shapes[equation.name], None, NOWHERE)
    return program._replace(
        inputs=tuple(inputs),
        steps=equation.steps,
        shapes=shapes,
        families={},
        loss=None,
        given=(output,),
        loops=(),
    )
