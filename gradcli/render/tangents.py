"""Forward mode as rows of text: each equation with its tangent, and both modes side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcli.ops.core import Array
from gradcli.render.arrays import entry_text, norm, shape_text
from gradcli.render.layout import PARAMETER, PLAIN, Column, Line, Section
from gradcli.render.table import DIGITS, VALUE, Table, counted, heading, step_number
from gradcli.session import Session
from gradcli.transform.forward import Differential
from gradcli.views.tangents import DRAWN, ONE, Forward, Sum, sums

TANGENTS = (
    Column("#", right=True, gap=0),
    Column("tangent", gap=1),
    Column("", right=True, gap=1),
    Column("formula", flexible=True, gap=1),
    Column("shape"),
    VALUE,
)
BOTH = (
    Column("#", right=True, gap=0),
    Column("equation", flexible=True),
    Column("forward mode, downwards", flexible=True, least=24),
    Column("reverse mode, upwards", flexible=True, least=24),
)
SUMS = (
    Column("mode", gap=0),
    Column("terms", flexible=True),
    Column("sum", right=True),
    Column("operations", right=True),
)
SMALL = "in derivation files dW is short for dL/dW; here it is the change of W itself"


def sections(found: Forward, precision: int | None = None, full: bool = True) -> list[Section]:
    """The forward listing with its values, and the tangents."""
    view = View(found, precision or DIGITS, full)
    return [view.table.forward(), view.tangents(), view.outputs()]


def both(found: Forward, precision: int | None = None, full: bool = True) -> list[Section]:
    """Both modes side by side, and how each comes to its sum."""
    view = View(found, precision or DIGITS, full)
    return [view.table.forward(), view.beside(), view.sums()]


class View:
    """The listings of a forward mode."""

    def __init__(self, found: Forward, digits: int, full: bool) -> None:
        self.found = found
        self.session: Session = found.session
        self.digits = digits
        self.table = Table(found.session, digits, full)
        self.equations = len(self.session.program.steps)

    def tangents(self) -> Section:
        found = self.found
        wanted: list[str | Differential] = [*found.tangents.wrt]
        wanted += found.tangents.rows
        lines = [line for item in self.table.some(wanted) for line in self._lines(item)]
        title = f"Forward mode, {self._along()}: {counted(len(found.tangents.rows), 'tangent')}"
        return Section(title, TANGENTS, lines, self._notes())

    def _along(self) -> str:
        found = self.found
        if found.by:
            return f"by {found.by}"
        how = "a drawn direction" if found.started == DRAWN else "the stated direction"
        return f"differentials along {how}"

    def _notes(self) -> tuple[str, ...]:
        moving = ", ".join(self.found.tangents.wrt)
        return () if self.found.by else (f"what moves: {moving}; {SMALL}",)

    def _lines(self, item: str | Differential | Line) -> Iterator[Line]:
        found = self.found
        if isinstance(item, Line):
            yield item
            return
        if isinstance(item, str):
            formula = ONE if found.by else found.started
            yield self._line("", item, formula, PARAMETER if self.table.is_param(item) else PLAIN)
            return
        step = found.step(item)
        yield heading(item.eq, step.text, self.equations)
        number = found.tangents.rows.index(item) + 1
        yield self._line(step_number(number, self.equations), step.name, found.formula(item), PLAIN)

    def _line(self, number: str, of: str, formula: str, style: str) -> Line:
        shape = self.session.program.shapes[of]
        value = self.table.value(self.found.value(of), shape)
        return Line((number, self.found.name(of), "=", formula, shape_text(shape), value), style)

    def outputs(self) -> Section:
        """How what is differentiated moves."""
        columns = (Column("tangent", gap=0), Column("shape"), Column("norm"))
        program = self.session.program
        lines = []
        for name in program.outputs():
            shape = shape_text(program.shapes[name])
            if name in self.found.tangents.names:
                size = self._entry(self.found.value(name), scalar=shape == "scalar")
                lines.append(Line((self.found.name(name), shape, size)))
            else:
                lines.append(Line((f"d{name}", shape, "0")))
        return Section("What comes out", columns, lines)

    def _entry(self, array: Array, *, scalar: bool) -> str:
        return entry_text(float(array.reshape(-1)[0]) if scalar else norm(array), self.digits)

    # ── both modes ──

    def beside(self) -> Section:
        ahead = {row.eq: row for row in self.found.tangents.rows}
        back: dict[int, list[str]] = {}
        derivation = self.session.derivation
        for row in derivation.rows:
            text = f"{derivation.left(row)} {row.assign} {derivation.formula(row)}"
            back.setdefault(row.eq, []).append(text)
        lines = [
            Line(("", "", f"{self.found.name(name)} = {self._started()}", ""))
            for name in self.found.tangents.wrt
        ]
        for item in self.table.some(range(1, self.equations + 1)):
            if isinstance(item, Line):
                lines.append(item)
            else:
                lines += self._row(item, ahead.get(item), back.get(item, []))
        program = self.session.program
        starts = [f"dL/d{item.name} = given" for item in program.given]
        starts += [f"dL/d{program.loss} = 1"] if program.loss else []
        lines += [Line(("", "", "", start)) for start in starts]
        title = f"Both modes, {self._along()}"
        return Section(title, BOTH, lines, self._notes())

    def _started(self) -> str:
        return ONE if self.found.by else self.found.started

    def _row(self, eq: int, row: Differential | None, back: Sequence[str]) -> Iterator[Line]:
        step = self.session.program.steps[eq - 1]
        ahead = "" if row is None else f"{self.found.name(step.name)} = {self.found.formula(row)}"
        # Upwards: what reverse mode writes first stands lowest.
        for i, text in enumerate(reversed(back or [""])):
            first = (f"({eq})", step.text, ahead) if i == 0 else ("", "", "")
            yield Line((*first, text))

    def sums(self) -> Section:
        program = self.session.program
        of = program.loss if program.loss and not program.given else "L"
        title = f"d{of}/d{self.found.by}" if self.found.by else f"d{of}"
        lines = [line for one in sums(self.found) for line in self._sum(one)]
        return Section(f"{title}, twice", SUMS, lines)

    def _sum(self, one: Sum) -> Iterator[Line]:
        numbers = [entry_text(value, self.digits) for _, value in one.terms] or ["0"]
        line = " + ".join(numbers).replace("+ -", "- ")
        yield Line((one.mode, line, entry_text(one.total, self.digits), f"{one.operations:,}"))
        for text, value in one.terms:
            yield Line(("", f"{entry_text(value, self.digits)} from {text}", "", ""))
