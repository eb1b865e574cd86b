"""The depth-first visits as rows of text."""

from __future__ import annotations

from gradcli.render.arrays import shape_text
from gradcli.render.layout import PARAMETER, PLAIN, Column, Line, Section
from gradcli.render.table import DIGITS, MARK, VALUE, Table, counted, legend
from gradcli.session import Session
from gradcli.transform.reverse import displayed
from gradcli.views.visits import Visit, visits

COLUMNS = (
    Column("#", right=True, gap=0),
    Column("", gap=1),
    Column("visit", gap=1),
    Column("", right=True, gap=1),
    Column("formula", flexible=True, gap=1),
    Column("shape"),
    VALUE,
    Column("so far", flexible=True, least=16),
)
NOTE = "each path by itself: multiplied on the way down, added up at the leaves"


def sections(session: Session, precision: int | None = None, full: bool = True) -> list[Section]:
    """The forward listing, the visits and the summary."""
    table = Table(session, precision or DIGITS, full)
    found = list(visits(session))
    lines = [
        item if isinstance(item, Line) else _line(session, table, item[0], item[1])
        for item in table.some(list(enumerate(found, 1)))
    ]
    title = (
        f"Backward, depth first: {counted(len(found), 'visit')}, {session.derivation.layout} layout"
    )
    notes = (NOTE, *legend(line.cells for line in lines))
    return [table.forward(), Section(title, COLUMNS, lines, notes), table.summary()]


def _line(session: Session, table: Table, number: int, visit: Visit) -> Line:
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
        f"{'  ' * visit.depth}dL/d{visit.target}",
        "=" if visit.total is None else "+=",
        visit.formula,
        shape_text(displayed(shape, layout)),
        table.derivative(value, shape),
        total,
    )
    return Line(cells, PARAMETER if param else PLAIN)
