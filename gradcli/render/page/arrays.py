"""An array on a page: its norm, and its numbers on demand, which the script also draws as a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcli.ops.core import Array
from gradcli.render.arrays import entry_text, norm, show_shape
from gradcli.render.json_ import turn
from gradcli.sizes import Shape, is_scalar, spell
from gradcli.transform.reverse import displayed

MOST = 40_000  # numbers on a page
EDGES = (24, 12, 6, 3)  # how many of each axis are written, where all would be more than that
BLOCKS = 6  # matrices of an array of more axes


class Arrays:
    """Writes arrays, each with as many numbers as let all of a page's stay below the limit."""

    def __init__(self, shapes: list[tuple[int, ...]], digits: int, layout: str) -> None:
        self.digits = digits
        self.layout = layout
        self.edge = next((e for e in EDGES if _entries(shapes, e) <= MOST), EDGES[-1])

    def value(self, array: Array, shape: Shape) -> str:
        """An array in its own shape."""
        if is_scalar(shape):
            return f'<span class="a">{entry_text(array.reshape(-1)[0], self.digits)}</span>'
        sizes = show_shape(shape)
        shown = [min(size, self.edge) for size in sizes]
        shown[:-2] = [min(size, BLOCKS) for size in sizes[:-2]]
        corner = array[tuple(map(slice, shown))]
        note = ""
        if shown != sizes:
            first, of = ("×".join(map(str, each)) for each in (shown, sizes))
            note = f"<small>the first {first} of {of} entries</small>"
        return (
            f'<details class="a"><summary>{self.size(array, shape)}</summary>'
            f"<pre>{self._numbers(corner)}</pre>{note}</details>"
        )

    def derivative(self, array: Array, shape: Shape) -> str:
        """A derivative in the layout. shape: its variable's."""
        return self.value(turn(array, self.layout), displayed(shape, self.layout))

    def size(self, array: Array, shape: Shape) -> str:
        """A scalar, or the norm of more."""
        if is_scalar(shape):
            return entry_text(array.reshape(-1)[0], self.digits)
        return f"‖{entry_text(norm(array), min(self.digits, 3))}‖"

    def _numbers(self, array: Array) -> str:
        """Rows on lines of their own, matrices with a line between."""
        if array.ndim == 1:
            array = array.reshape(1, -1)
        blocks = array.reshape(-1, *array.shape[-2:])
        return "\n\n".join("\n".join(self._rows(block.tolist())) for block in blocks)

    def _rows(self, rows: Any) -> Iterator[str]:
        for row in rows:
            yield "\t".join(entry_text(entry, self.digits) for entry in row)


def _entries(shapes: list[tuple[int, ...]], edge: int) -> int:
    """How many numbers are written, where an axis has at most so many."""
    total = 0
    for shape in shapes:
        count = 1
        for axis, size in enumerate(reversed(shape)):
            count *= min(size, edge if axis < 2 else BLOCKS)
        total += count
    return total


def shape(found: Shape, layout: str | None = None) -> str:
    """A shape as the page shows it: the numbers, and the symbols beside them. None: as it is."""
    turned = displayed(found, layout) if layout else found
    if is_scalar(turned):
        return '<span class="h">scalar</span>'
    numbers, symbols = "×".join(map(str, show_shape(turned))), spell(turned)
    more = "" if numbers == symbols else f" <i>{symbols}</i>"
    return f'<span class="h">{numbers}{more}</span>'
