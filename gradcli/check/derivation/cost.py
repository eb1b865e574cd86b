"""What a person's derivation costs, counted by the rules of the tool's own."""

from __future__ import annotations

from collections.abc import Iterable

from gradcli.check.derivation.line import Line
from gradcli.lower.text import Misfit
from gradcli.ops.core import Call
from gradcli.sizes import Shape, Size, Sizes
from gradcli.views.cost import Cost, added, cost, total


def costs(lines: Iterable[Line], arriving: Iterable[str], sizes: Sizes) -> tuple[Cost, list[Size]]:
    """What a derivation costs, and the operations of each line of it.

    A `+=` is an addition as well, but for the first one to a derivative to which none arrives:
    `arriving` names the others. A line whose shapes do not fit costs nothing.
    """
    begun = set(arriving)
    calls: list[Call] = []
    additions: list[Shape] = []
    each: list[Size] = []
    for line in lines:
        mine: list[Call] = []
        more: list[Shape] = []
        if not isinstance(line.lowered, Misfit):
            mine += [step.call for step in line.lowered.steps]
            if line.name is not None and line.assign == "+=" and line.name in begun:
                more.append(line.lowered.shape)
        if line.name is not None:
            begun.add(line.name)
        each.append(total([*(c.flops for c in mine), *map(sizes.product, more)], sizes))
        calls += mine
        additions += more
    return added(cost(calls, sizes), additions, sizes), each
