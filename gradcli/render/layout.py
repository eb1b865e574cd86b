"""Rows laid out in columns, once for the terminal and for plain text alike.

A terminal has a width: long formulas are folded and values shortened to fit it, and rich paints.
Elsewhere nothing is folded or cut unless a width is asked for, and rich is not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO, TypeAlias

from gradcli.record import Record
from gradcli.render.folding import cell_width, fold, pieces

if TYPE_CHECKING:
    from rich.console import Console

# A cell is a text, or a function that fits itself into a width (None: without limit).
Cell: TypeAlias = str | Callable[[int | None], str]
Run: TypeAlias = tuple[str, str]  # a text and its style
Laid: TypeAlias = list[Run]  # one line of output

# Styles by name. They need no colour to be told apart, since bold and reverse stay without it. Cyan
# can't be read on white, and yellow only as a ground.
PLAIN, TITLE, HEADER, CASES, NOTE, LOOP, EQUATION, PARAMETER, NUMBER, ADDED = (
    "plain", "title", "header", "cases", "note", "loop", "equation", "parameter", "number", "added"
)  # fmt: skip
GOOD, BAD, OPEN = "good", "bad", "open"
STYLES = {
    TITLE: "bold underline",
    HEADER: "dim",
    CASES: "italic underline",
    NOTE: "italic",
    LOOP: "bold italic",
    EQUATION: "bold",
    PARAMETER: "bold magenta",
    NUMBER: "dim",
    ADDED: "bold reverse",
    GOOD: "green",
    BAD: "bold red",
    OPEN: "black on yellow",
}
NO_STYLES: Mapping[str, str] = MappingProxyType({})
ADD = "+="

WIDEST = 80  # a plain column is not padded beyond this; a longer cell just sticks out
LEFT_OUT = -1  # the width of a column that is not there
LEAST = 16  # what a flexible column asks for
INDENT = 2  # of a folded cell's further lines


class Column(Record):
    """`flexible` columns share what a terminal has left; `gap` is the space before the column.

    `least` is what a flexible column asks for before the one left of it gets more. A `spare` one is
    left out where there is no room for what can't be folded. `styles` has those of some texts.
    """

    title: str
    right: bool = False
    flexible: bool = False
    gap: int = 2
    least: int = LEAST
    spare: bool = False
    styles: Mapping[str, str] = NO_STYLES


class Line(Record):
    """One row, in the columns of its section; a row of one cell has the whole width."""

    cells: tuple[Cell, ...]
    style: str = PLAIN


class Section(Record):
    """A titled listing, with notes between title and rows."""

    title: str
    columns: tuple[Column, ...]
    lines: Sequence[Line]
    notes: tuple[str, ...] = ()


def lay_out(section: Section, width: int | None) -> Iterator[Laid]:
    """The lines of a section in a terminal of a width, or without limit."""
    yield [(section.title, TITLE)]
    for note in section.notes:
        yield from ([(text, NOTE)] for text in fold(note, width, 0, prose=True))
    yield []
    rows = [line for line in section.lines if len(line.cells) > 1]
    widths = _widths(section.columns, rows, width)
    titles = tuple(column.title for column in section.columns)
    if any(titles):
        yield from _row(section.columns, Line(titles, HEADER), widths, width)
    for line in section.lines:
        if len(line.cells) == 1:
            text = line.cells[0]
            assert isinstance(text, str)
            yield from ([(part, line.style)] for part in fold(text, width, 2 * INDENT))
        else:
            yield from _row(section.columns, line, widths, width)


# ── widths ──


def _widths(columns: Sequence[Column], rows: Sequence[Line], width: int | None) -> list[int]:
    natural = []
    for k, column in enumerate(columns):
        last = k == len(columns) - 1
        widest = cell_width(column.title)
        if not (last and width is None):  # the last column is not padded
            cells = (line.cells[k] for line in rows)
            texts = (cell if isinstance(cell, str) else cell(None) for cell in cells)
            widest = max(widest, max(map(cell_width, texts), default=0))
        natural.append(min(widest, WIDEST) if width is None else widest)
    if width is None:
        return natural
    excess = sum(natural) + sum(column.gap for column in columns) - width
    flexible = [k for k, column in enumerate(columns) if column.flexible]
    # The rightmost column gives way first, down to what it asks for; then the one left of it. Where
    # that is not enough, they do so again, down to what is better not folded further; and at last
    # down to what can't be, what stands right last, since formulas do.
    for asked, tight in ((True, False), (False, False), (False, True)):
        for k in flexible if tight else reversed(flexible):
            if excess <= 0:
                return natural
            least = _narrowest((line.cells[k] for line in rows), tight=tight)
            least = max(least, columns[k].least) if asked else least
            kept = max(min(natural[k], least), natural[k] - excess)
            excess -= natural[k] - kept
            natural[k] = kept
    for k in reversed([k for k, column in enumerate(columns) if column.spare]):
        if excess <= 0:
            break
        excess -= natural[k] + columns[k].gap
        natural[k] = LEFT_OUT
    return natural


def _narrowest(cells: Iterable[Cell], *, tight: bool) -> int:
    """The width of the widest piece that is not broken. tight: broken wherever it can be."""
    widest = 0
    for cell in cells:
        text = cell if isinstance(cell, str) else cell(0)
        widths = [
            cell_width(p) + (INDENT if k else 0) for k, p in enumerate(pieces(text, tight=tight))
        ]
        widest = max(widest, *widths)
    return widest


# ── rows ──


def _row(
    columns: Sequence[Column], line: Line, widths: Sequence[int], width: int | None
) -> Iterator[Laid]:
    """A row: as many lines as its most folded cell has."""
    if LEFT_OUT in widths:
        there = [k for k, room in enumerate(widths) if room != LEFT_OUT]
        columns, widths = [columns[k] for k in there], [widths[k] for k in there]
        line = line._replace(cells=tuple(line.cells[k] for k in there))
    texts = [
        cell if isinstance(cell, str) else cell(None if width is None else room)
        for cell, room in zip(line.cells, widths, strict=True)
    ]
    if width is None or all(cell_width(t) <= w for t, w in zip(texts, widths, strict=True)):
        yield _line(columns, texts, widths, line.style)
        return
    folded = [fold(text, w, INDENT) for text, w in zip(texts, widths, strict=True)]
    for i in range(max(map(len, folded))):
        cells = [lines[i] if i < len(lines) else "" for lines in folded]
        yield _line(columns, cells, widths, line.style)


def _line(
    columns: Sequence[Column], texts: Sequence[str], widths: Sequence[int], style: str
) -> Laid:
    runs: Laid = []
    blank = 0  # spaces owed, so that no line ends in any
    for column, text, width in zip(columns, texts, widths, strict=True):
        blank += column.gap
        if not text:
            blank += width
            continue
        spare = max(0, width - (len(text) if text.isascii() else cell_width(text)))
        if column.right:
            blank, spare = blank + spare, 0
        if blank:
            runs.append((" " * blank, PLAIN))
        own = ADDED if text == ADD else NUMBER if column.right and style == PLAIN else style
        own = column.styles.get(text, own)
        runs.append((text, own))
        blank = spare
    return runs


# ── painters ──


def write_plain(sections: Iterable[Section], out: TextIO, width: int | None = None) -> None:
    """Aligned text; nothing is folded or cut where no width is given."""
    for i, section in enumerate(sections):
        out.write("\n" if i else "")
        lines = lay_out(section, width)
        out.writelines("".join(text for text, _ in line) + "\n" for line in lines)


def write_rich(sections: Iterable[Section], console: Console) -> None:
    """Painted, in a terminal."""
    from rich.segment import Segment, Segments
    from rich.style import Style

    styles = {name: Style.parse(style) for name, style in STYLES.items()}
    end = Segment("\n")
    for i, section in enumerate(sections):
        segments = [end] if i else []
        for line in lay_out(section, console.width):
            segments += [Segment(text, styles.get(style)) for text, style in line]
            segments.append(end)
        console.print(Segments(segments), soft_wrap=True, end="")
