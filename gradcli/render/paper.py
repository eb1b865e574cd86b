"""Both passes as lines of mathematics, in LaTeX: what all forms of paper are set from.

Unrolled, or with loops' equations once and letters for indices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gradcli.loops import Block, Indices, Place
from gradcli.program import Program
from gradcli.render import latex
from gradcli.render.arrays import shape_text
from gradcli.render.cases import cases, condition
from gradcli.render.families import families
from gradcli.render.notation import NOTATIONS, Notation, usual
from gradcli.render.table import shapes_text
from gradcli.session import Session
from gradcli.transform.letters import bounds
from gradcli.transform.reify import Run, opened
from gradcli.transform.reverse import Derivation, displayed
from gradcli.transform.rolled import Derivative, places, rolled

LOOP, EQUATION, GIVEN, STEP = "loop", "equation", "given", "step"
LETTER = re.compile(r"[^\W\d]\w*")


class Line(NamedTuple):
    """A line of one of the passes; what is mathematics in it is LaTeX.

    LOOP: the head of a loop, `right`. EQUATION: a forward one, above its own steps in the backward
    pass. GIVEN: a derivative that arrives. STEP: a backward one; `where` tells the iterations in
    which it is so, "" for all; `param` whether its target is one.
    depth: how many loops are around.
    """

    kind: str
    left: str = ""
    right: str = ""
    number: int = 0
    sign: str = "="
    where: str = ""
    shape: str = ""
    param: bool = False
    depth: int = 0


def forward(program: Program) -> Iterator[Line]:
    """The forward equations."""
    for number, step in enumerate(program.steps, 1):
        left, right = latex.name(step.name), latex.equation(step)
        yield Line(EQUATION, left, right, number, shape=shape_text(step.call.shape))


def backward(derivation: Derivation, notation: Notation) -> Iterator[Line]:
    """What is given, and the backward steps, each forward equation above its own."""
    program = derivation.program
    names = [(item.name, item.name) for item in program.given]
    yield from _arriving(derivation, names, notation)
    params = _params(program)
    eq = 0
    around: tuple[Run, ...] = ()
    for number, row in enumerate(derivation.rows, 1):
        for depth, run in opened(around, row.loops):
            title = rf"\text{{for }} {_interval(run.variable, run.first, run.last)}"
            yield Line(LOOP, right=title, depth=depth)
        around = row.loops
        if row.eq != eq:
            eq = row.eq
            step = derivation.step(row)
            yield Line(EQUATION, latex.name(step.name), latex.equation(step), eq)
        left = latex.target(derivation, row, notation)
        right = latex.formula(derivation, row, notation)
        shape, param = shape_text(derivation.shape(row)), row.target in params
        depth = len(row.loops)
        yield Line(STEP, left, right, number, row.assign, "", shape, param, depth)


def _arriving(
    derivation: Derivation, names: Sequence[tuple[str, str]], notation: Notation
) -> Iterator[Line]:
    program = derivation.program
    for text, name in names:
        shape = shape_text(displayed(program.shapes[name], derivation.layout))
        yield Line(GIVEN, latex.gradient(text, notation), r"\text{given}", shape=shape)
    if program.loss is not None:
        shape = shape_text(program.shapes[program.loss])
        yield Line(GIVEN, latex.gradient(program.loss, notation), "1", shape=shape)


def _params(program: Program) -> set[str]:
    return {item.name for item in program.inputs if item.role == "param"}


class Rolled:
    """Both passes with loops kept."""

    def __init__(self, session: Session, notation: Notation) -> None:
        self.derivation = session.derivation
        self.program = session.program
        self.notation = notation
        self.items, self.found = rolled(self.derivation)
        self.numbers = {place.step: n for n, place in enumerate(places(self.items), 1)}
        self.params = _params(self.program)
        self.steps = 0

    def forward(self) -> Iterator[Line]:
        return self._forward(self.items, 0)

    def _forward(self, items: Sequence[Place | Block], depth: int) -> Iterator[Line]:
        for item in items:
            if isinstance(item, Block):
                yield Line(LOOP, right=_title(item), depth=depth)
                yield from self._forward(item.items, depth + 1)
            else:
                steps = self.program.steps
                shapes = {at: steps[i].call.shape for at, i in item.where.items()}
                yield self._equation(item.step, depth)._replace(shape=shapes_text(shapes))

    def _equation(self, i: int, depth: int) -> Line:
        left, right = latex.lettered_equation(self.program.steps[i])
        return Line(EQUATION, left, right, self.numbers[i], depth=depth)

    def backward(self) -> Iterator[Line]:
        given = [item.name for item in self.program.given]
        found = families(self.program, self.items, given)
        names = [(family.text, family.members[0]) for family in found]
        yield from _arriving(self.derivation, names, self.notation)
        self.steps = 0
        yield from self._backward(self.items, None, 0)

    def _backward(
        self, items: Sequence[Place | Block], block: Block | None, depth: int
    ) -> Iterator[Line]:
        own = [item for item in items if isinstance(item, Place)]
        stated = [(place, d.assigns) for place in own for d in self.found[place.step]]
        groups: list[tuple[str, list[Indices]]] = [("", [()])]
        if block is not None and stated:
            groups = cases(block, stated)
        for item in reversed(items):
            if isinstance(item, Block):
                yield Line(LOOP, right=_title(item, back=True), depth=depth)
                yield from self._backward(item.items, item, depth + 1)
            elif self.found[item.step]:
                yield self._equation(item.step, depth)
                for derivative in self.found[item.step]:
                    yield from self._steps(derivative, groups, depth)

    def _steps(
        self, found: Derivative, groups: Sequence[tuple[str, list[Indices]]], depth: int
    ) -> Iterator[Line]:
        """A step; one for each of `=` and `+=` where iterations differ."""
        signs: dict[str, list[str]] = {}
        for name, indices in groups:
            for sign in dict.fromkeys(found.assigns[i] for i in indices if i in found.assigns):
                signs.setdefault(sign, []).append(name)
        self.steps += 1
        layout = self.derivation.layout
        shapes = {at: displayed(shape, layout) for at, shape in found.shapes.items()}
        for sign, names in signs.items():
            yield Line(
                STEP,
                latex.lettered_target(found.line, layout, self.notation),
                latex.lettered_formula(found.line, layout, self.notation),
                self.steps,
                sign,
                r" \text{ or } ".join(map(_condition, names)) if len(names) < len(groups) else "",
                shapes_text(shapes),
                found.name in self.params,
                depth,
            )


def _title(block: Block, *, back: bool = False) -> str:
    loop = block.loops[-1]
    first, last = bounds(loop)
    ends = (last, first) if back else (first, last)
    kind = f"{loop.over} over" if loop.over else "for"
    title = rf"\text{{{kind} }} {_interval(loop.variable, *ends)}"
    if len(block.ends) == len(block.all_ends):
        return title
    where = condition(block.loops, block.ends, block.all_ends)
    return rf"{title}, \text{{ where }} {_condition(where)}"


def _interval(variable: str, first: str, last: str) -> str:
    return rf"{latex.name(variable)} = {_letters(first)}, \dots, {_letters(last)}"


def _condition(text: str) -> str:
    """`1 < t < T`, as mathematics; `otherwise` is a word."""
    return _letters(text) if re.search("[=<>]", text) else rf"\text{{{text}}}"


def _letters(text: str) -> str:
    shown = LETTER.sub(lambda found: latex.name(found[0]), text)
    return shown.replace("*", r" \cdot ")


def passes(
    session: Session, notation: Notation | None, *, rolled: bool
) -> tuple[Iterator[Line], Iterator[Line]]:
    """The forward and the backward pass. notation: None for what is usual in the layout."""
    chosen = notation or NOTATIONS[usual(session.derivation.layout)]
    if rolled:
        found = Rolled(session, chosen)
        return found.forward(), found.backward()
    return forward(session.program), backward(session.derivation, chosen)
