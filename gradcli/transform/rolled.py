"""A derivation with its loops kept: each equation of a loop once, and where it has `=` and `+=`.

Nothing of it depends on how often a loop runs where its iterations are alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gradcli.loops import Block, Indices, Place, roll
from gradcli.sizes import Shape
from gradcli.transform.letters import Lettered, letters
from gradcli.transform.reify import Row
from gradcli.transform.reverse import Derivation


class Derivative(NamedTuple):
    """A backward step of a loop, with letters: what it states and its formula, at all its places.

    `name` is the variable's own; `assigns` has the assignment of every place, in the order of the
    backward pass, and `shapes` the formula's shape. `line` is the step at one of them, with
    letters: its operand, region and contribution are alike at all.
    """

    target: str
    name: str
    formula: str
    shapes: dict[Indices, Shape]
    assigns: dict[Indices, str]
    line: Lettered


class Rolled(NamedTuple):
    """Both passes with loops kept: the equations, and the backward steps of each, by its number.

    `items` are the equations and loops in the order of the forward pass.
    """

    items: tuple[Place | Block, ...]
    steps: dict[int, tuple[Derivative, ...]]


def rolled(derivation: Derivation) -> Rolled:
    """A derivation of a program whose loops were recorded."""
    items = roll(derivation.program)
    rows: dict[int, list[Row]] = {}
    for row in derivation.rows:
        rows.setdefault(row.eq - 1, []).append(row)
    steps = {place.step: _derivatives(derivation, place, rows) for place in places(items)}
    return Rolled(items, steps)


def places(items: Sequence[Place | Block]) -> Iterator[Place]:
    """The equations among them, in order."""
    for item in items:
        if isinstance(item, Place):
            yield item
        else:
            yield from places(item.items)


def _derivatives(
    derivation: Derivation, place: Place, rows: dict[int, list[Row]]
) -> tuple[Derivative, ...]:
    """The backward steps of an equation, with letters, in the order of the backward pass."""
    steps = derivation.program.steps
    shown = steps[place.step]
    found: dict[tuple[int, str, str], Derivative] = {}
    for indices in sorted(place.where, reverse=True):
        i = place.where[indices]
        for row in rows.get(i, ()):
            line = letters(derivation, row, steps[i], shown)
            key = (row.operand, line.left, line.formula(derivation.layout))
            if key not in found:
                found[key] = Derivative(line.left, row.target, key[2], {}, {}, line)
            found[key].assigns[indices] = row.assign
            found[key].shapes[indices] = row.contribution.shape
    return tuple(found[key] for key in sorted(found, key=lambda key: key[0]))
