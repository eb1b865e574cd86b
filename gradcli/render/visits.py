"""The depth-first visits as rows of text."""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.render.arrays import shape_text
from gradcli.render.folding import cell_width
from gradcli.render.layout import PARAMETER, PLAIN, Cell, Column, Line, Section
from gradcli.render.table import DIGITS, MARK, VALUE, Table, counted, legend, row_by_row
from gradcli.session import Session
from gradcli.transform.reverse import displayed
from gradcli.views.visits import Visit, visits

BESIDE = (
    Column("", right=True, gap=1),
    Column("formula", flexible=True, gap=1),
    Column("shape"),
    VALUE,
    Column("so far", flexible=True, least=16),
)
STEPS = (2, 1, 0.75, 0.5, 0.25, 0)  # spaces a depth
NOTE = "each path by itself: multiplied on the way down, added up at the leaves"


def sections(session: Session, precision: int | None = None, full: bool = True) -> list[Section]:
    """The forward listing, the visits and the summary."""
    table = Table(session, precision or DIGITS, full)
    found = list(visits(session))
    indent = Indent(found)
    lines = [
        item if isinstance(item, Line) else _line(session, table, indent, item[0], item[1])
        for item in table.some(list(enumerate(found, 1)))
    ]
    title = (
        f"Backward, depth first: {counted(len(found), 'visit')}, {session.derivation.layout} layout"
    )
    notes = (NOTE, *legend(line.cells for line in lines), *row_by_row(session.derivation))
    tree = Column("visit", gap=1, flexible=True, least=indent.widest[1])
    columns = (Column("#", right=True, gap=0), Column("", gap=1), tree, *BESIDE)
    return [table.forward(), Section(title, columns, lines, notes), table.summary()]


class Indent:
    """How far visits stand in: two spaces a depth, or in little room fewer, but all alike."""

    def __init__(self, found: Sequence[Visit]) -> None:
        sizes = [(visit.depth, cell_width(_derivative(visit))) for visit in found]
        self.widest = {
            step: max((int(depth * step) + width for depth, width in sizes), default=0)
            for step in STEPS
        }

    def cell(self, visit: Visit) -> Cell:
        def text(room: int | None) -> str:
            fitting = (
                step for step, widest in self.widest.items() if room is None or widest <= room
            )
            return " " * int(visit.depth * next(fitting, 0)) + _derivative(visit)

        return text


def _derivative(visit: Visit) -> str:
    return f"dL/d{visit.target}"


def _line(session: Session, table: Table, indent: Indent, number: int, visit: Visit) -> Line:
    layout = session.derivation.layout
    param = table.is_param(visit.of)
    value = visit.value.reshape((1,) * max(0, 2 - visit.value.ndim) + visit.value.shape)
    sizes = session.program.sizes
    whole = session.program.shapes[visit.of]
    shape = (
        whole
        if value.shape == tuple(int(s.value) for s in whole)
        else tuple(sizes.literal(n) for n in value.shape)
    )
    total = "" if visit.total is None else table.derivative(visit.total, whole)
    cells = (
        str(number),
        MARK if param else "",
        indent.cell(visit),
        visit.assign,
        visit.formula,
        shape_text(displayed(shape, layout)),
        table.derivative(value, shape),
        total,
    )
    return Line(cells, PARAMETER if param else PLAIN)
