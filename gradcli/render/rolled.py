"""The rolled view: the equations of a loop once, and where a derivative has `=` and where `+=`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from gradcli.loops import Block, Indices, Place, total
from gradcli.render.arrays import shape_text
from gradcli.render.cases import cases, condition
from gradcli.render.families import Family, families
from gradcli.render.layout import CASES, LOOP, PARAMETER, PLAIN, Column, Line, Section
from gradcli.render.table import (
    DIGITS,
    FORMULA,
    MARK,
    SHAPE,
    Table,
    counted,
    heading,
    left_out,
    legend,
    row_by_row,
    shapes_text,
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
    table = Table(session, precision or DIGITS, full=True)
    shown = view.some(session.derivation.wrt)
    return [view.forward(), view.backward(), table.summary(shown)]


class View:
    def __init__(self, session: Session, full: bool) -> None:
        self.full = full
        self.derivation = session.derivation
        self.steps = session.program.steps
        self.program = session.program
        self.layout = self.derivation.layout
        self.params = {item.name for item in session.program.inputs if item.role == "param"}
        self.items, self.found = rolled(self.derivation)
        self.numbers = {place.step: n for n, place in enumerate(places(self.items), 1)}

    # ── forward ──

    def forward(self) -> Section:
        columns = (
            Column("#", right=True, gap=0),
            Column("equation", flexible=True, least=FORMULA),
            SHAPE,
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
                shapes = {i: self.steps[step].call.shape for i, step in item.where.items()}
                number, text = f"({self.numbers[item.step]})", indent + self._equation(item.step)
                yield Line((number, text, shapes_text(shapes)))

    def _equation(self, i: int) -> str:
        return equation(self.steps[i])

    def _title(self, block: Block) -> str:
        loop = block.loops[-1]
        first, last = bounds(loop)
        interval = f"{loop.variable} in {first}..{last}"
        title = f"{f'{loop.over} over' if loop.over else 'for'} {interval}"
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
        lines = list(self._start())
        lines += self._backward(self.items, None, "")
        width = max(len(line.cells) for line in lines) - 6  # columns of the cases
        columns = (
            Column("#", right=True, gap=0),
            Column("", gap=1),
            Column("derivative", gap=1, flexible=True),
            Column("", right=True, gap=1, flexible=True, least=9),
            *(Column("", right=True, flexible=True, least=9) for _ in range(width)),
            Column("formula", flexible=True, gap=1, least=FORMULA),
            SHAPE,
        )
        number = 0
        for i, line in enumerate(lines):
            if len(line.cells) > 1:
                *head, formula, shape = line.cells
                head += [""] * (4 + width - len(head))
                if line.cells[0] == STEP:
                    number += 1
                    head[0] = step_number(number, len(self.numbers))
                lines[i] = Line((*head, formula, shape), line.style)
        title = f"Backward, rolled: {counted(number, 'step')}, {self.layout} layout"
        notes = (*legend(line.cells for line in lines), *row_by_row(self.derivation))
        return Section(title, columns, lines, notes)

    def _start(self) -> Iterator[Line]:
        for item in self.some([item.name for item in self.program.given]):
            if isinstance(item, int):
                yield left_out(item)
                continue
            shape = shape_text(displayed(self.program.shapes[item.members[0]], self.layout))
            yield Line(("", "", f"dL/d{item.text}", "=", "given", shape))
        if self.program.loss is not None:
            yield Line(("", "", f"dL/d{self.program.loss}", "=", "1", "scalar"))

    def some(self, names: Sequence[str]) -> list[Family | int]:
        """Names, a family's together; of a large one with gaps the first and the last members, and
        how many are between them.
        """
        found: list[Family | int] = []
        together = families(self.program, self.items, names)
        for _, group in groupby(together, key=lambda each: each.text.partition("[")[0]):
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
            agreed = f"every {block.loops[-1].variable}"
            names = [name for name, _ in groups] if len(groups) > 1 else []
            yield Line(("", "", "", agreed, *names, "", ""), CASES)
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
        shown = [
            dict.fromkeys(found.assigns[i] for i in some if i in found.assigns)
            for _, some in groups
        ]
        alike = shown[0] if len(shown[0]) == 1 and all(s == shown[0] for s in shown) else {}
        assigns = [*alike] if alike else ["", *map(" or ".join, shown)]
        is_param = found.name in self.params
        cells = (
            STEP,
            MARK if is_param else "",
            f"{indent}{found.target}",
            *assigns,
            found.formula,
            shapes_text({i: displayed(s, self.layout) for i, s in found.shapes.items()}),
        )
        return Line(cells, PARAMETER if is_param else PLAIN)
