"""A program without the operations that its model defines: each is what it consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from gradcli.ops.core import TABLE, Call, Op, Signature
from gradcli.program import Operand, Step
from gradcli.sizes import Shape


class Equation(NamedTuple):
    """A forward equation of the table's operations alone; `eq` is the model's equation, from 1."""

    name: str
    op: Op
    signature: Signature
    static: dict[str, Any]
    shape: Shape
    args: tuple[Operand, ...]
    eq: int

    def operands(self) -> tuple[str, ...]:
        return tuple(arg for arg in self.args if isinstance(arg, str))

    def missing_axes(self) -> tuple[int, ...]:
        """How many axes in front each operand lacks for the operation to broadcast it."""
        ranks = [len(shape) for shape in self.signature.shapes]
        return tuple(max(ranks) - rank if self.op.lifts else 0 for rank in ranks)


# A step that waits: what its operands are called outside, its name, its inner names' prefix, its
# equation's number.
_Waiting: TypeAlias = tuple[Step, Mapping[str, Operand], str, str, int]


def flatten(steps: Sequence[Step]) -> list[Equation]:
    """The steps, with every operation that a model defines replaced by what it consists of."""
    found: list[Equation] = []
    stack: list[_Waiting] = []
    for eq, step in reversed(list(enumerate(steps, 1))):
        stack.append((step, {}, step.name, "", eq))
    while stack:
        step, known, name, prefix, eq = stack.pop()
        args = tuple(
            known.get(arg, prefix + arg) if isinstance(arg, str) else arg for arg in step.args
        )
        call = step.call
        body = call.op.body
        if body is None:
            found.append(Equation(name, call.op, call.signature, call.static, call.shape, args, eq))
            continue
        inside = f"{name}."
        inner: dict[str, Operand] = dict(zip(body.operands, args, strict=True))
        computed = {part.name for part in body.steps}
        if body.result in computed:
            inner[body.result] = name
        else:
            stack.append((_copy(step, body.result), inner, name, inside, eq))
        for part in reversed(body.steps):
            own = name if part.name == body.result else inside + part.name
            stack.append((part, inner, own, inside, eq))
    return found


def _copy(step: Step, result: Operand) -> Step:
    """The step that gives an operand of an operation as its result."""
    signature = Signature(step.call.signature.sizes, (step.call.shape,), {})
    return Step(
        step.name, Call(TABLE["copy"], signature, (), step.call.shape), (result,), step.place
    )
