"""The axes that an operation goes along: one, several or, where none is said, all."""

from __future__ import annotations

from typing import TypeAlias

Axis: TypeAlias = int | tuple[int, ...] | None


def each(axis: Axis, rank: int) -> tuple[int, ...]:
    """All of the axes, counted from 0."""
    if axis is None:
        return tuple(range(rank))
    return axis if isinstance(axis, tuple) else (axis,)


def turned(axis: Axis, rank: int) -> Axis:
    """What they are where an array's axes stand in reverse."""
    if isinstance(axis, tuple):
        return tuple(rank - 1 - k for k in reversed(axis))
    return None if axis is None else rank - 1 - axis


def from_end(axis: Axis, rank: int) -> tuple[int, ...]:
    """All of the axes, counted from the end: -1 is the last."""
    return tuple(k - rank for k in each(axis, rank))
