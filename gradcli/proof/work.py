"""How much work it is to evaluate steps."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gradcli.ops.core import EACH, Call
from gradcli.program import Step
from gradcli.sizes import numbers


def work(steps: Iterable[Step]) -> int:
    """About how many operations on elements some steps take at one point."""
    known: dict[Call, int] = {}
    total = 0
    for step in steps:
        if step.call not in known:
            known[step.call] = _work(step.call)
        total += known[step.call]
    return total


def _work(call: Call) -> int:
    shapes = [*(math.prod(numbers(shape)) for shape in call.signature.shapes)]
    own = math.prod(numbers(call.shape))
    if call.op.body is not None:
        return work(call.op.body.steps)
    if call.op.linear == EACH and not call.op.elementwise and len(shapes) == 2:
        return math.isqrt(own * shapes[0] * shapes[1]) + 1  # of M×N, N×P and M×P: M N P
    if call.op.group == "matrices":
        return int(max(own, *shapes) ** 1.5) + 1
    return max([own, *shapes])
