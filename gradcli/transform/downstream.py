"""What a quantity reaches: the steps between it and the outputs, and the lanes that stay apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gradcli.interpret import interpret, leaves, value
from gradcli.ops.core import Array
from gradcli.program import Step


def downstream(steps: Sequence[Step], names: Collection[str], outputs: set[str]) -> list[Step]:
    """The steps between some quantities and the outputs."""
    moves = dict.fromkeys(leaves(steps), False) | dict.fromkeys(names, True)
    interpret(
        steps,
        moves,
        lambda step, operands: step.name in names or any(operands),
        lambda number: False,
    )
    wanted = set(outputs)
    needed = []
    for step in reversed(steps):
        if step.name in wanted and moves[step.name] and step.name not in names:
            wanted.update(step.operands())
            needed.append(step)
    return needed[::-1]


def reached(
    steps: Sequence[Step], names: Iterable[str], outputs: Sequence[str]
) -> dict[str, list[str]]:
    """Which outputs each of some quantities reaches, itself included where it is one."""
    marks = {output: 1 << i for i, output in enumerate(outputs)}
    for step in reversed(steps):
        mark = marks.get(step.name, 0)
        for name in step.operands():
            marks[name] = marks.get(name, 0) | mark
    return {
        name: [output for i, output in enumerate(outputs) if marks.get(name, 0) >> i & 1]
        for name in names
    }


class _Mixed(Exception):
    """Positions along an axis come together in one entry."""


def lanes(steps: Sequence[Step], name: str, shape: tuple[int, ...]) -> dict[str, int] | None:
    """The axis of each value, from the end, along which positions stay apart up to the outputs.

    It begins at the longest such axis of the quantity that moves; None where all of them mix.
    steps: those that it moves.
    """
    for axis in sorted(range(-len(shape), 0), key=lambda axis: -shape[axis]):
        if shape[axis] == 1:
            return None
        axes: dict[str, int | None] = dict.fromkeys(leaves(steps), None)
        axes[name] = axis
        try:
            interpret(steps, axes, _lane, lambda number: None)
        except _Mixed:
            continue
        return {name: axis for name, axis in axes.items() if axis is not None}
    return None


def _lane(step: Step, axes: list[int | None]) -> int:
    op = step.call.op
    found = op.lanes(step.call.signature, axes) if op.lanes else None
    if found is None:
        raise _Mixed
    return found


def batched(step: Step, operands: list[Array]) -> Array:
    """The meaning of a step where operands that move have many values, on a leading axis."""
    return value(step, lifted(step, operands))


def lifted(step: Step, operands: list[Array]) -> list[Array]:
    """A step's operands with axes put in behind the leading one, for the operation to broadcast.

    Operands that do not move have no leading axis, and none is put in.
    """
    found = []
    for operand, shape, missing in zip(
        operands, step.call.signature.shapes, step.call.missing_axes(), strict=True
    ):
        moved = missing and operand.ndim > len(shape)
        found.append(operand[(slice(None), *(None,) * missing)] if moved else operand)
    return found
