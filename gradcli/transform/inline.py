"""A program without the operations that its model defines: each is what it consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gradcli.ops.core import TABLE, Call, Signature
from gradcli.program import Operand, Step

# A step that waits: what its operands are called outside, its name, its inner names' prefix.
_Waiting: TypeAlias = tuple[Step, Mapping[str, Operand], str, str]


def flatten(steps: Sequence[Step], surrogates: bool = True) -> list[Step]:
    """The steps, with every operation that a model defines replaced by what it consists of.

    surrogates: whether those whose rules are on purpose no derivatives are replaced too.
    """
    found: list[Step] = []
    stack: list[_Waiting] = [(step, {}, step.name, "") for step in reversed(steps)]
    while stack:
        step, known, name, prefix = stack.pop()
        args = tuple(
            known.get(arg, prefix + arg) if isinstance(arg, str) else arg for arg in step.args
        )
        body = step.call.op.body
        if body is None or (step.call.op.surrogate and not surrogates):
            found.append(Step(name, step.call, args, step.place))
            continue
        inside = f"{name}."
        inner: dict[str, Operand] = dict(zip(body.operands, args, strict=True))
        computed = {part.name for part in body.steps}
        if body.result in computed:
            inner[body.result] = name
        else:
            stack.append((_copy(step, body.result), inner, name, inside))
        for part in reversed(body.steps):
            own = name if part.name == body.result else inside + part.name
            stack.append((part, inner, own, inside))
    return found


def _copy(step: Step, result: Operand) -> Step:
    """The step that gives an operand of an operation as its result."""
    signature = Signature(step.call.signature.sizes, (step.call.shape,), {})
    return Step(
        step.name, Call(TABLE["copy"], signature, (), step.call.shape), (result,), step.place
    )
