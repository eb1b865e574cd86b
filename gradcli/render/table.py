"""The two listings as a table: laid out once, painted by rich in a terminal, plain elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

import numpy as np

from gradcli.derive import Row, displayed
from gradcli.ops.core import Array
from gradcli.render.arrays import as_text, show_shape, show_symbols
from gradcli.render.json_ import turn
from gradcli.session import Session
from gradcli.sizes import Shape, is_scalar

if TYPE_CHECKING:
    from rich.console import Console

LONGEST = 300  # rows of one listing in a terminal
HEAD, TAIL = 200, 60
DIGITS = 4

PLAIN, EQUATION, PARAMETER, OMITTED = "plain", "equation", "parameter", "omitted"


class Line(NamedTuple):
    """One row: its cells, and what kind it is."""

    cells: tuple[str, ...]
    kind: str = PLAIN


class Section(NamedTuple):
    """A titled listing. `flexible` are the columns that may be folded in a narrow terminal."""

    title: str
    header: tuple[str, ...]
    lines: list[Line]
    flexible: tuple[int, ...] = ()


def sections(
    session: Session, precision: int | None = None, width: int | None = None, full: bool = True
) -> list[Section]:
    """The forward listing, the backward table and the summary.

    width: of the terminal, for the values' length; None for no limit.
    full: whether all rows are shown, however many.
    """
    digits = precision or DIGITS
    room = None if width is None else max(12, (width - 44) // 2)
    return [
        Section(
            "Forward",
            ("#", "equation", "shape", "value"),
            _shortened(list(_forward(session, digits, room)), full),
            (1, 3),
        ),
        Section(
            f"Backward ({session.derivation.layout} layout)",
            ("#", "derivative", "", "formula", "shape", "value"),
            _shortened(list(_backward(session, digits, room)), full),
            (1, 3, 5),
        ),
        Section(
            "Gradients",
            ("", "gradient", "role", "shape", "norm"),
            _shortened(list(_summary(session, digits)), full),
            (1,),
        ),
    ]


def _shortened(lines: list[Line], full: bool) -> list[Line]:
    if full or len(lines) <= LONGEST:
        return lines
    left = len(lines) - HEAD - TAIL
    width = len(lines[0].cells)
    note = f"… {left:,} rows are left out here; --full shows all"
    omitted = Line(tuple(note if i == 1 else "" for i in range(width)), OMITTED)
    return [*lines[:HEAD], omitted, *lines[-TAIL:]]


def _forward(session: Session, digits: int, room: int | None) -> Iterator[Line]:
    for number, step in enumerate(session.program.steps, 1):
        shape = step.call.shape
        value = as_text(session.values[step.name], shape, digits, room)
        yield Line((str(number), step.text, shape_text(shape), value))


def _backward(session: Session, digits: int, room: int | None) -> Iterator[Line]:
    derivation = session.derivation
    layout = derivation.layout
    params = {item.name for item in session.program.inputs if item.role == "param"}
    for item in session.program.given:
        shape = displayed(item.shape, layout)
        value = as_text(turn(session.given[item.name], layout), shape, digits, room)
        yield Line(("", f"dL/d{item.name}", "=", "given", shape_text(shape), value))
    if session.program.loss is not None:
        yield Line(("", f"dL/d{session.program.loss}", "=", "1", "scalar", "1"))
    eq = 0
    for row, value in zip(derivation.rows, session.backward.steps, strict=True):
        if row.eq != eq:
            eq = row.eq
            step = session.program.steps[eq - 1]
            yield Line((str(eq), step.name, "=", step.expression, "", ""), EQUATION)
        yield _row(session, row, value, digits, room, row.target in params)


def _row(
    session: Session, row: Row, value: Array, digits: int, room: int | None, is_param: bool
) -> Line:
    derivation = session.derivation
    shape = derivation.shape(row)
    return Line(
        (
            "▸" if is_param else "",
            f"dL/d{derivation.target(row)}",
            row.assign,
            derivation.formula(row),
            shape_text(shape),
            as_text(turn(value, derivation.layout), shape, digits, room),
        ),
        PARAMETER if is_param else PLAIN,
    )


def _summary(session: Session, digits: int) -> Iterator[Line]:
    roles = {item.name: item.role for item in session.program.inputs}
    for name in session.derivation.wrt:
        shape = displayed(session.program.shapes[name], session.derivation.layout)
        norm = float(np.linalg.norm(session.backward.totals[name].reshape(-1)))
        role = roles.get(name, "step")
        yield Line(
            (
                "▸" if role == "param" else "",
                f"dL/d{name}",
                role,
                shape_text(shape),
                f"{norm:.{digits}g}",
            ),
            PARAMETER if role == "param" else PLAIN,
        )


def shape_text(shape: Shape) -> str:
    """1×4 (1×H): the numbers, and the symbols where there are any."""
    if is_scalar(shape):
        return "scalar"
    numbers = "×".join(map(str, show_shape(shape)))
    symbols = "×".join(show_symbols(shape))
    return numbers if numbers == symbols else f"{numbers} ({symbols})"


# ── painters ──


def write_plain(parts: Sequence[Section], out: TextIO) -> None:
    """Aligned text, nothing wrapped or cut."""
    for i, section in enumerate(parts):
        out.write(("\n" if i else "") + section.title + "\n\n")
        rows = [section.header, *(line.cells for line in section.lines if line.kind != OMITTED)]
        widths = [max(len(row[k]) for row in rows) for k in range(len(section.header))]
        for row in rows:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            out.write("  ".join(padded).rstrip() + "\n")


STYLES = {PLAIN: "", EQUATION: "dim", PARAMETER: "bold yellow", OMITTED: "italic"}


def write_rich(parts: Sequence[Section], console: Console) -> None:
    """Tables for a terminal."""
    from rich.table import Table
    from rich.text import Text

    for section in parts:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", title_justify="left")
        for k, name in enumerate(section.header):
            table.add_column(
                name,
                no_wrap=k not in section.flexible,
                overflow="fold",
                justify="right" if name == "#" else "left",
            )
        for line in section.lines:
            cells = [Text(cell, style=STYLES[line.kind]) for cell in line.cells]
            if "+=" in line.cells:
                cells[line.cells.index("+=")].stylize("bold reverse")
            table.add_row(*cells)
        console.print(Text(section.title, style="bold underline"))
        console.print(table)
        console.print()
