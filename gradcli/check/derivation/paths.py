"""What a wrong line leaves out of a derivative that comes by several paths: the contributions
without which the backward pass gives what the line gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations

import numpy as np

from gradcli.check.derivation.agreement import near
from gradcli.check.derivation.expected import Points, Share
from gradcli.check.derivation.germ import contributions
from gradcli.check.derivation.runs import PLAIN
from gradcli.evaluate import arrived
from gradcli.interpret import interpret
from gradcli.ops.core import Array
from gradcli.program import Step

MOST_STEPS = 1000  # of a backward pass that is carried out again
MOST_SHARES = 14  # contributions that may be left out, the nearest first
MOST_LEFT = 2  # of these at once


def left_out(points: Points, name: str, value: Array) -> tuple[Share, ...]:
    """The contributions, on the way to a derivative, without which it has some value; none where
    there are no such ones. value: with the runs and the points in front.
    """
    if len(points.whole.reified.steps) > MOST_STEPS or value.shape != points.totals[name].shape:
        return ()
    steps = _steps(points)
    at = [
        (
            {n: v[0, k] for n, v in points.values.items()},
            {n: v[0, k] for n, v in points.arriving.items()},
        )
        for k in range(points.lead[1])
    ]

    def without(chosen: Sequence[Share]) -> bool:
        """Whether the value is the derivative without some contributions at every point."""
        left = {steps[share.position] for share in chosen}
        for k, (values, given) in enumerate(at):
            found = _again(points, name, left, values, given)
            extent = float(np.max(np.abs(points.totals[name][0, k]), initial=0.0))
            if not near(value[0, k], found, extent) or (k == 0 and not np.any(found)):
                return False
        return True

    near_by = _shares_above(points, name)
    every = (combinations(near_by, count) for count in range(1, MOST_LEFT + 1))
    return next((chosen for chosen in chain.from_iterable(every) if without(chosen)), ())


def _again(
    points: Points, name: str, without: set[str], values: dict[str, Array], given: dict[str, Array]
) -> Array:
    """A derivative as the backward pass gives it without some of its steps."""

    def meaning(step: Step, operands: list[Array]) -> Array:
        value = PLAIN.meaning(step, operands)
        return np.zeros_like(value) if step.name in without else value

    found = arrived(points.whole, values, given)
    with np.errstate(all="ignore"):
        interpret(points.whole.reified.steps, found, meaning, PLAIN.number)
    return found[points.whole.reified.totals[name]]


def _steps(points: Points) -> dict[int, str]:
    """The steps that contributions are, by their positions."""
    return {
        share.position: step
        for name, found in contributions(points).items()
        for share, (step, _) in zip(points.shares[name], found, strict=True)
    }


def _shares_above(points: Points, name: str) -> list[Share]:
    """The contributions that are one of several on the way to a derivative, the nearest first."""
    found: list[Share] = []
    waiting, seen = [name], {name}
    while waiting and len(found) < MOST_SHARES:
        shares = points.shares.get(here := waiting.pop(0), [])
        if len(shares) > 1 or here in points.arriving:
            found += shares
        above = [points.program.steps[share.eq - 1].name for share in shares]
        waiting += [n for n in dict.fromkeys(above) if n not in seen]
        seen.update(above)
    return found[:MOST_SHARES]
