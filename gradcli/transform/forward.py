"""Forward mode: the tangent of every equation, in the order of the forward pass, as a Program."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from gradcli.interpret import interpret
from gradcli.program import NOWHERE, Input, Operand, Program, Step, verify
from gradcli.record import Record
from gradcli.transform.jvp import Tangent, tangent
from gradcli.transform.reify import Writer
from gradcli.transform.reverse import resolve_wrt


class Differential(Record):
    """One line of the forward listing: the tangent `name` of the equation number `eq`, from 1."""

    eq: int
    name: str
    tangent: Tangent
    operands: tuple[str | None, ...]

    def formula(self, step: Step) -> str:
        return self.tangent.formula(step, self.operands)


class Tangents(Record):
    """Both passes as a program: the model's equations, and each one's tangent behind it.

    The directions of `wrt` are inputs of it. `names` has what each quantity's tangent is called;
    what does not move is not in it.
    """

    program: Program
    rows: tuple[Differential, ...]
    names: dict[str, str]
    wrt: tuple[str, ...]


def forward_mode(program: Program, wrt: Sequence[str] = ()) -> Tangents:
    """The tangents of a program along a direction in some of its names, none for all inputs.

    Raises GradError for an unknown name.
    """
    wanted = resolve_wrt(program, wrt)
    writer = Writer(program)
    own = {name: _named(name, writer) for name in wanted}
    rows: list[Differential] = []
    directions = []
    for name, direction in own.items():
        writer.shapes[direction] = program.shapes[name]
        directions.append(Input(direction, "input", program.shapes[name], None, NOWHERE))
    numbers = count(1)

    def moves(step: Step, operands: list[str | None]) -> str | None:
        """What the tangent of a step is called; its operations are appended."""
        eq = next(numbers)
        writer.steps.append(step)
        if step.name in own or not any(operands):
            return own.get(step.name)
        found = tangent(step, [name is not None for name in operands])
        if found is None:
            return None
        name = _named(step.name, writer)
        moving: list[Operand] = [name or step.name for name in operands]  # what rests is not read
        value = writer.expression(found.code, (step.name, *step.args, *moving), name)
        if value != name:
            writer.apply("copy", (value,), {}, name)
        rows.append(Differential(eq, name, found, tuple(operands)))
        return name

    known = {item.name: own.get(item.name) for item in program.inputs}
    interpret(program.steps, known, moves, lambda number: None)
    names = {name: moved for name, moved in known.items() if moved is not None}
    outputs = [
        Input(names[name], "given", program.shapes[name], None, NOWHERE)
        for name in program.outputs()
        if name in names
    ]
    made = program._replace(
        inputs=(*program.inputs, *directions),
        steps=tuple(writer.steps),
        shapes=writer.shapes,
        loss=None,
        given=tuple(outputs),
        loops=(),
    )
    verify(made)
    return Tangents(made, tuple(rows), names, wanted)


def _named(name: str, writer: Writer) -> str:
    """What the tangent of a quantity is called: dx, with a prime where that name is taken."""
    found = f"d{name}"
    while found in writer.shapes:
        found += "'"
    return found
