"""A program by the person's own equations, each with the operations that it consists of."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple, TypeAlias

from gradcli.interpret import interpret
from gradcli.program import NOWHERE, Input, Program, Step

Gathered: TypeAlias = tuple[dict[str, None], dict[str, Step]]  # sources, and the steps from them


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

    def gathered(step: Step, parts: list[Gathered]) -> Gathered:
        """What a step is computed from, back to what has a name; and the steps on the way."""
        sources: dict[str, None] = {}
        steps: dict[str, Step] = {}
        for own, inner in parts:
            sources |= own
            steps |= inner
        steps[step.name] = step
        if step.name.partition("[")[0] not in written:
            return sources, steps
        found.append(Equation(step.name, tuple(sources), tuple(steps.values())))
        return {step.name: None}, {}

    known: dict[str, Gathered] = {item.name: ({item.name: None}, {}) for item in program.inputs}
    interpret(program.steps, known, gathered, lambda number: ({}, {}))
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
