"""Functions without an exact form at points of a field: equal operands give equal results."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from gradcli.ops.core import Array
from gradcli.proof.element import SURE, Degree, Doubt, Element
from gradcli.proof.field import Field
from gradcli.proof.groups import columns_of, lifted, of_columns

JUMP = 1e-9  # how near a jump is too near


class Unknown:
    """The part of `Arithmetic` of which nothing is known but that it is a function."""

    field: Field
    points: int
    opaque: dict[Hashable, list[int]]  # what such functions are worth, by their operands
    constant: Callable[[Array], Element]
    fresh: Callable[[], list[int]]
    draw: Callable[[tuple[int, ...]], Array]

    def unknown(
        self,
        name: str,
        *xs: Element,
        doubt: Doubt | None = None,
        slopes: Callable[..., Sequence[Element]] | None = None,
    ) -> Element:
        """A function entry by entry of which nothing is known but that equal operands give equal
        results, and its slopes by the operands.
        """
        doubt = doubt or Doubt(f"{name} has no exact form")
        shape = np.broadcast_shapes(*(x.shape for x in xs))
        columns = [
            columns_of(np.broadcast_to(lifted(x.at, len(shape)), (self.points, *shape))) for x in xs
        ]
        found = []
        for keys in zip(*columns, strict=True):
            key = (name, *map(tuple, keys))
            if key not in self.opaque:
                self.opaque[key] = self.fresh()
            found.append(self.opaque[key])
        at = of_columns(found, (self.points, *shape))
        made = self._from(xs, np.zeros(shape), at, doubt)
        if any(x.dot is not None for x in xs):
            made.dot = np.zeros_like(at)
            if slopes is None:
                made.doubts |= {doubt._replace(grave=True)}
            else:
                resting = [self.resting(x) for x in xs]
                for x, slope in zip(xs, slopes(*resting), strict=True):
                    if x.dot is not None:
                        moved = lifted(slope.at, len(shape)) * lifted(x.dot, len(shape))
                        made.dot = (made.dot + moved) % self.field.p
                        made.doubts |= slope.doubts
        return made

    def resting(self, x: Element) -> Element:
        """An element that does not move."""
        return Element(self, x.near, x.at, x.degree, x.doubts, x.lost)

    def _from(self, xs: Sequence[Element], near: Array, at: Array, doubt: Doubt) -> Element:
        doubts = frozenset({doubt}).union(*(x.doubts for x in xs))
        lost = frozenset[int]().union(*(x.lost for x in xs))
        return Element(self, near, at, Degree(1), doubts, lost)

    def step(self, x: Element, forward: Callable[[Array], Array]) -> Element:
        """A function that jumps and is constant elsewhere."""
        found = self.constant(forward(x.near))
        jumps = forward(x.near - JUMP) != forward(x.near + JUMP)
        doubts = frozenset({Doubt("a jump too near", grave=True)}) if jumps.any() else SURE
        found.doubts |= doubts | {d for d in x.doubts if d.grave}
        return found

    def unknown_array(
        self, name: str, near: Array, operands: Sequence[Element], static: dict[str, Any]
    ) -> Element:
        """The same for a function of whole arrays."""
        key = (name, repr(static), *(tuple(x.at.reshape(-1).tolist()) for x in operands))
        if key not in self.opaque:
            self.opaque[key] = self.draw(near.shape).reshape(-1).tolist()
        at = np.array(self.opaque[key], dtype=object).reshape((self.points, *near.shape))
        moves = any(x.dot is not None for x in operands)
        made = self._from(operands, near, at, Doubt(f"{name} has no exact form", grave=moves))
        made.dot = np.zeros_like(at) if moves else None
        return made
