"""A matrix as rows of text, whose columns stand below each other."""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.ops.core import Array
from gradcli.render.arrays import entry_text, noise
from gradcli.render.layout import Cell

GAP = "  "
SHOWN = 8  # rows and columns of a large matrix
LEFT_OUT = "…"


class Grid:
    """Its first and last rows and columns; of the columns fewer where there is no room for them.

    What rounding leaves of a 0 beside far larger entries is ≈0.
    """

    def __init__(self, matrix: Array, digits: int) -> None:
        small = noise(matrix)
        self.rows = _some(matrix.shape[0], SHOWN)
        self.width = matrix.shape[1]
        self.texts = {
            (i, j): entry_text(matrix[i, j], digits, small)
            for i in self.rows
            for j in _some(self.width, SHOWN)
            if i >= 0 and j >= 0
        }
        self.laid: dict[int | None, list[str]] = {}

    def cell(self, row: int) -> Cell:
        """A row, as a cell that fits itself into a width."""

        def text(room: int | None) -> str:
            if room not in self.laid:
                self.laid[room] = self._fitting(room)
            return self.laid[room][row]

        return text

    def _fitting(self, room: int | None) -> list[str]:
        for most in range(SHOWN, 1, -1):
            lines = self._lines(_some(self.width, most))
            if room is None or len(lines[0]) <= room:
                break
        return lines

    def _lines(self, columns: Sequence[int]) -> list[str]:
        texts = [[self.texts.get((i, j), LEFT_OUT) for j in columns] for i in self.rows]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        return [
            GAP.join(text.rjust(width) for text, width in zip(row, widths, strict=True))
            for row in texts
        ]


def _some(size: int, most: int) -> list[int]:
    """The first and the last of many positions, -1 for what is left out."""
    if size <= most:
        return [*range(size)]
    head = most // 2
    return [*range(head), -1, *range(size - (most - 1 - head), size)]
