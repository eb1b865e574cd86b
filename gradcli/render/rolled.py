"""The rolled view: the equations of a loop once, and where a derivative has `=` and where `+=`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from gradcli.loops import Block, Indices, Place, total
from gradcli.render.cases import cases, condition
from gradcli.render.layout import HEADER, LOOP, PARAMETER, PLAIN, Column, Line, Section
from gradcli.render.table import (
    DIGITS,
    MARK,
    Table,
    counted,
    heading,
    left_out,
    legend,
    shape_text,
    step_number,
)
from gradcli.session import Session
from gradcli.transform.letters import bounds, equation
from gradcli.transform.reverse import displayed
from gradcli.transform.rolled import Derivative, places, rolled

STEP = "step"  # stands for a step's number until all are known
EDGE = 3  # how many of a large family's first and last members are named


def sections(session: Session, precision: int | None = None, full: bool = True) -> list[Section]:
    """The rolled listings, and the summary of the table.

    The values of a loop's equations differ from iteration to iteration, and are not shown.
    """
    view = View(session, full)
    summary = Table(session, precision or DIGITS, full=True).summary
    names = list(session.derivation.wrt)
    return [view.forward(), view.backward(), summary(view.edges(names))]


class View:
    def __init__(self, session: Session, full: bool) -> None:
        self.full = full
        self.derivation = session.derivation
        self.steps = session.program.steps
        self.program = session.program
        self.params = {item.name for item in session.program.inputs if item.role == "param"}
        self.items, self.found = rolled(self.derivation)
        self.numbers = {place.step: n for n, place in enumerate(places(self.items), 1)}

    # ── forward ──

    def forward(self) -> Section:
        columns = (
            Column("#", right=True, gap=0),
            Column("equation", flexible=True),
            Column("shape"),
        )
        title = f"Forward, rolled: {counted(len(self.numbers), 'equation')}"
        return Section(title, columns, list(self._forward(self.items, "")))

    def _forward(self, items: Sequence[Place | Block], indent: str) -> Iterator[Line]:
        margin = " " * (len(str(len(self.numbers))) + 4)
        for item in items:
            if isinstance(item, Block):
                yield Line((f"{margin}{indent}{self._title(item)}{self._running(item)}",), LOOP)
                yield from self._forward(item.items, indent + "  ")
            else:
                shape = shape_text(self.steps[item.step].call.shape)
                yield Line(
                    (f"({self.numbers[item.step]})", indent + self._equation(item.step), shape)
                )

    def _equation(self, i: int) -> str:
        return equation(self.steps[i])

    def _title(self, block: Block) -> str:
        loop = block.loops[-1]
        first, last = bounds(loop)
        interval = f"{loop.variable} in {first}..{last}"
        title = f"{'sum over' if loop.is_sum else 'for'} {interval}"
        if len(block.ends) == len(block.all_ends):
            return title
        return f"{title}, where {condition(block.loops, block.ends, block.all_ends)}"

    def _running(self, block: Block) -> str:
        """What a sum begins and ends with."""
        found = total(self.program, block)
        if found is None:
            return ""
        end = f", {found.result} its last total" if found.result else ""
        return f": {found.first} is its first term{end}"

    # ── backward ──

    def backward(self) -> Section:
        layout = self.derivation.layout
        lines = list(self._start())
        lines += self._backward(self.items, None, "")
        width = max(len(line.cells) for line in lines) - 5  # columns of `=` and `+=`
        columns = (
            Column("#", right=True, gap=0),
            Column("", gap=1),
            Column("derivative", gap=1, flexible=True),
            *(Column("", right=True, gap=1, flexible=True, least=9) for _ in range(width)),
            Column("formula", flexible=True, least=24),
            Column("shape"),
        )
        number = 0
        for i, line in enumerate(lines):
            if len(line.cells) > 1:
                *head, formula, shape = line.cells
                head += [""] * (3 + width - len(head))
                if line.cells[0] == STEP:
                    number += 1
                    head[0] = step_number(number, len(self.numbers))
                lines[i] = Line((*head, formula, shape), line.style)
        title = f"Backward, rolled: {counted(number, 'step')}, {layout} layout"
        return Section(title, columns, lines, legend(line.cells for line in lines))

    def _start(self) -> Iterator[Line]:
        for name in self.edges([item.name for item in self.program.given]):
            if isinstance(name, int):
                yield left_out(name)
                continue
            shape = shape_text(displayed(self.program.shapes[name], self.derivation.layout))
            yield Line(("", "", f"dL/d{name}", "=", "given", shape))
        if self.program.loss is not None:
            yield Line(("", "", f"dL/d{self.program.loss}", "=", "1", "scalar"))

    def edges(self, names: Sequence[str]) -> list[str | int]:
        """Names; of a large family its first and last members, and how many are between them."""
        found: list[str | int] = []
        for _, group in groupby(names, key=lambda name: name.partition("[")[0]):
            members = list(group)
            left = len(members) - 2 * EDGE
            some = self.full or left <= 1
            found += members if some else [*members[:EDGE], left, *members[-EDGE:]]
        return found

    def _backward(
        self, items: Sequence[Place | Block], block: Block | None, indent: str
    ) -> Iterator[Line]:
        own = [item for item in items if isinstance(item, Place)]
        found = [(place, d.assigns) for place in own for d in self.found[place.step]]
        groups: list[tuple[str, list[Indices]]] = [("", [()])]
        if block is not None and found:
            groups = cases(block, found)
            yield Line(("", "", "", *(name for name, _ in groups), "", ""), HEADER)
        for item in reversed(items):
            if isinstance(item, Block):
                margin = " " * (len(str(len(self.numbers))) + 3)
                yield Line((f"{margin}{indent}{self._backward_title(item)}",), LOOP)
                yield from self._backward(item.items, item, indent + "  ")
            elif self.found[item.step]:
                text = indent + self._equation(item.step)
                yield heading(self.numbers[item.step], text, len(self.numbers))
                for derivative in self.found[item.step]:
                    yield self._line(derivative, groups, indent)

    def _backward_title(self, block: Block) -> str:
        loop = block.loops[-1]
        if len(block.ends) < len(block.all_ends):
            return self._title(block)
        first, last = bounds(loop)
        return f"{self._title(block)}, backward from {loop.variable} = {last} to {first}"

    def _line(
        self, found: Derivative, groups: Sequence[tuple[str, list[Indices]]], indent: str
    ) -> Line:
        assigns = []
        for _, indices in groups:
            some = dict.fromkeys(found.assigns[i] for i in indices if i in found.assigns)
            assigns.append(" or ".join(some))
        is_param = found.name in self.params
        cells = (
            STEP,
            MARK if is_param else "",
            f"{indent}{found.target}",
            *assigns,
            found.formula,
            shape_text(displayed(found.shape, self.derivation.layout)),
        )
        return Line(cells, PARAMETER if is_param else PLAIN)
