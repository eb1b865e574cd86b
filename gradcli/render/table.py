"""The forward listing, the backward table and the summary, as rows of text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from gradcli.loops import Indices, roll
from gradcli.ops.core import Array
from gradcli.render.arrays import as_text, entry_text, norm, norm_text, shape_text
from gradcli.render.families import Family, families
from gradcli.render.json_ import turn
from gradcli.render.layout import (
    EQUATION,
    LOOP,
    NOTE,
    PARAMETER,
    PLAIN,
    Cell,
    Column,
    Line,
    Section,
)
from gradcli.request import NOTHING, Besides
from gradcli.session import Session
from gradcli.sizes import Shape, alike
from gradcli.transform.reify import Run, opened
from gradcli.transform.reverse import Derivation, displayed

LONGEST = 300  # rows of one listing, unless all are wanted
HEAD, TAIL = 200, 60
WHOLE = "--full"  # what shows the rows that are left out
DIGITS = 4
MOST_READ_AXES = 2  # of an array whose entries are read in one line; beyond, its norm
MARK = "▸"
FORMULA = 30  # the least room of a formula before values give way to norms
SHAPE = Column("shape", spare=True)
VALUE = Column("value", flexible=True, least=24, spare=True)

FORWARD = (
    Column("#", right=True, gap=0),
    Column("equation", flexible=True, least=FORMULA),
    SHAPE,
    VALUE,
)
BACKWARD = (
    Column("#", right=True, gap=0),
    Column("", gap=1),
    Column("derivative", gap=1),
    Column("", right=True, gap=1),
    Column("formula", flexible=True, gap=1, least=FORMULA),
    SHAPE,
    VALUE,
)
SUMMARY = (
    Column("", gap=0),
    Column("derivative", gap=1),
    Column("role"),
    Column("shape"),
    Column("norm"),
)


def sections(
    session: Session,
    precision: int | None = None,
    full: bool = True,
    whole: str = WHOLE,
    told: Besides = NOTHING,
) -> list[Section]:
    """The forward listing, the backward table and the summary; and what is told besides.

    full: whether all rows are shown, however many. whole: what shows them where they are not.
    """
    table = Table(session, precision or DIGITS, full, whole)
    found = [table.forward(), table.backward(), table.summary(_together(session))]
    if told == NOTHING:
        return found
    from gradcli.render import compact

    if told.why:
        found.insert(2, compact.ways(session))
    if told.cost:
        found.append(compact.cost(session))
    if told.saved:
        from gradcli.render import saved

        found.append(saved.section(session, told.memory, full))
    return found


def _together(session: Session) -> list[Family | int] | None:
    """The gradients, those of a family as one, where the listing's lines are of all members."""
    derivation = session.derivation
    if not any(row.loops or row.over for row in derivation.rows):
        return None
    return [*families(session.program, roll(session.program), derivation.wrt)]


class Table:
    """A session's listings. Rows are made only where they are shown."""

    def __init__(self, session: Session, digits: int, full: bool, whole: str = WHOLE) -> None:
        self.session = session
        self.digits = digits
        self.full = full
        self.whole = whole
        self.roles = {item.name: item.role for item in session.program.inputs}
        self._texts: dict[int, str] = {}  # equations, which stand in both listings

    def forward(self) -> Section:
        steps = self.session.program.steps
        lines = self._lines(self._equation, range(len(steps)))
        return Section(f"Forward: {counted(len(steps), 'equation')}", FORWARD, lines)

    def _equation(self, i: int) -> Line:
        step = self.session.program.steps[i]
        value = self.session.values[step.name]
        return Line(
            (
                f"({i + 1})",
                self._text(i),
                shape_text(step.call.shape),
                self.value(value, step.call.shape),
            )
        )

    def backward(self) -> Section:
        derivation = self.session.derivation
        program, rows = derivation.program, derivation.rows
        wanted: list[tuple[Callable[[Any], Line], Any]] = []
        wanted += [(self._given, item) for item in program.given]
        if program.loss is not None:
            wanted.append((self._loss, program.loss))
        eq = 0
        around: tuple[Run, ...] = ()
        for number, row in enumerate(rows):
            wanted += [(self._around, each) for each in opened(around, row.loops)]
            around = row.loops
            if row.eq != eq:
                eq = row.eq
                wanted.append((self._heading, eq))
            wanted.append((self._step, number))
        title = f"Backward: {counted(len(rows), 'step')}, {derivation.layout} layout"
        lines = self._lines(lambda pair: pair[0](pair[1]), wanted)
        notes = (*legend(line.cells for line in lines), *row_by_row(derivation))
        return Section(title, BACKWARD, lines, notes)

    def _given(self, item: Any) -> Line:
        layout = self.session.derivation.layout
        value = self.derivative(self.session.given[item.name], item.shape)
        return Line(
            (
                "",
                "",
                f"dL/d{item.name}",
                "=",
                "given",
                shape_text(displayed(item.shape, layout)),
                value,
            )
        )

    def _loss(self, name: str) -> Line:
        return Line(("", "", f"dL/d{name}", "=", "1", "scalar", "1"))

    def _heading(self, eq: int) -> Line:
        return heading(eq, self._text(eq - 1), len(self.session.program.steps))

    def _around(self, each: tuple[int, Run]) -> Line:
        depth, run = each
        width = len(str(len(self.session.program.steps))) + 3
        return Line((" " * (width + 2 * depth) + str(run),), LOOP)

    def _text(self, i: int) -> str:
        text = self._texts.get(i)
        if text is None:
            text = self._texts[i] = self.session.program.steps[i].text
        return text

    def _step(self, number: int) -> Line:
        derivation = self.session.derivation
        row = derivation.rows[number]
        value = self.session.backward.listed[number]
        mark, style = self._mark(row.target)
        cells = (
            step_number(number + 1, len(derivation.program.steps)),
            mark,
            "  " * len(row.loops) + derivation.left(row),
            row.assign,
            derivation.formula(row),
            shape_text(derivation.shape(row)),
            "" if value is None else self.derivative(value, row.contribution.shape),
        )
        return Line(cells, style)

    def summary(self, some: Sequence[Family | int] | None = None) -> Section:
        """The gradients, or some of them; a number stands for that many that are left out."""
        program = self.session.program
        if some is None:
            some = [Family(name, (name,)) for name in self.session.derivation.wrt]
        lines = self._lines(self._total, some)
        of = f" of {program.loss}" if program.loss and not program.given else ""
        return Section(f"Gradients{of}", SUMMARY, lines)

    def _total(self, item: Family | int) -> Line:
        if isinstance(item, int):
            return left_out(item)
        first = item.members[0]
        mark, style = self._mark(first)
        shapes = self.session.program.shapes
        shape = shape_text(displayed(shapes[first], self.session.derivation.layout))
        totals = self.session.backward.totals
        size = math.hypot(*(norm(totals[name]) for name in item.members))
        role = self.roles.get(first, "step")
        cells = (mark, f"dL/d{item.text}", role, shape, entry_text(size, self.digits))
        return Line(cells, style)

    # ── cells ──

    def _mark(self, name: str) -> tuple[str, str]:
        """A row's mark and style: parameters stand out."""
        return (MARK, PARAMETER) if self.is_param(name) else ("", PLAIN)

    def is_param(self, name: str) -> bool:
        return self.roles.get(name) == "param"

    def value(self, array: Array, shape: Shape) -> Cell:
        if array.ndim > MOST_READ_AXES:
            return norm_text(array, self.digits)
        return partial(as_text, array, shape, self.digits)

    def derivative(self, array: Array, shape: Shape) -> Cell:
        layout = self.session.derivation.layout
        return self.value(turn(array, layout), displayed(shape, layout))

    def _lines(self, line: Callable[[Any], Line], items: Sequence[Any]) -> list[Line]:
        """A line an item, of those that are shown."""
        return [item if isinstance(item, Line) else line(item) for item in self.some(items)]

    def some(self, items: Sequence[Any]) -> list[Any]:
        """The items; of very many the first and the last alone, and a line of note between."""
        if self.full or len(items) <= LONGEST:
            return [*items]
        omitted = left_out(len(items) - HEAD - TAIL, self.whole)
        return [*items[:HEAD], omitted, *items[-TAIL:]]


def left_out(count: int, whole: str = WHOLE) -> Line:
    return Line((f"… {count:,} rows are left out here; {whole} shows all of them",), NOTE)


def legend(rows: Any) -> tuple[str, ...]:
    """What the marks in some rows mean."""
    found = {cell for cells in rows for cell in cells if isinstance(cell, str)}
    meanings = {MARK: "marks a parameter", "+=": "adds to what is there already"}
    texts = [f"{mark} {meaning}" for mark, meaning in meanings.items() if mark in found]
    return ("; ".join(texts),) if texts else ()


def row_by_row(derivation: Derivation) -> tuple[str, ...]:
    """What `+=` means where an index stands in brackets, if it does so anywhere."""
    if all(row.contribution.at is None for row in derivation.rows):
        return ()
    return ("+= at an index in brackets adds row by row: a row that it names twice gains both",)


def heading(eq: int, text: str, equations: int) -> Line:
    """A forward equation above its backward steps, its text in line with their derivatives."""
    width = len(str(equations)) + 2
    return Line((f"{f'({eq})':>{width}} {text}",), EQUATION)


def step_number(number: int, equations: int) -> str:
    return f"{number:>{len(str(equations))}}"


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shapes_text(shapes: Mapping[Indices, Shape]) -> str:
    """The shape that an array has in all iterations, or those in the first and in the last one."""
    if all(alike(shape, first) for first in list(shapes.values())[:1] for shape in shapes.values()):
        return shape_text(next(iter(shapes.values())))
    return " … ".join(shape_text(shapes[end(shapes)]) for end in (min, max))
