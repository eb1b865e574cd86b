"""The derivation as a Typst document: both passes, set line by line."""

from __future__ import annotations

from collections.abc import Iterator

from gradcli.foreign import visible
from gradcli.render import paper
from gradcli.render.notation import Notation
from gradcli.render.table import MARK, counted, row_by_row
from gradcli.render.typeset import math, quoted
from gradcli.session import Session

HEAD = """\
#set page(paper: "a4", margin: 2cm, numbering: "1")
#set text(size: 10pt)
#set par(leading: 1.1em)
#show math.equation.where(block: false): math.display
#show math.equation: set text(top-edge: "bounds", bottom-edge: "bounds")
"""
GRID = """\
#grid(columns: ({columns}), column-gutter: 8pt, row-gutter: 7pt, align: horizon,
"""


def lines(session: Session, notation: Notation, *, rolled: bool = False) -> Iterator[str]:
    """The document. rolled: loops' equations once."""
    derivation = session.derivation
    source = visible(session.program.source.name)
    ahead, back = paper.passes(session, notation, rolled=rolled)
    forward, backward = list(ahead), list(back)
    yield f"// The derivation of {source}, {derivation.layout} layout.\n{HEAD}"
    yield f"#set document(title: {quoted(source)}, date: none)\n\n"
    yield f'#text(size: 14pt, weight: "bold", {quoted(f"The derivation of {source}")})\n\n'
    how = ", rolled" if rolled else ""
    equations = sum(line.kind == paper.EQUATION for line in forward)
    yield _title(f"Forward{how}: {counted(equations, 'equation')}")
    yield GRID.format(columns="auto, 1fr, auto")
    yield from map(_forward, forward)
    yield ")\n\n"
    steps = max((line.number for line in backward if line.kind == paper.STEP), default=0)
    yield _title(f"Backward{how}: {counted(steps, 'step')}, {derivation.layout} layout")
    for note in row_by_row(derivation):
        yield f'#text(size: 9pt, style: "italic", {quoted(note)})\n\n'
    yield GRID.format(columns="auto, auto, auto, auto, 1fr, auto")
    yield from map(_backward, backward)
    yield ")\n"


def _title(text: str) -> str:
    return f'#text(size: 12pt, weight: "bold", {quoted(text)})\n\n'


def _forward(line: paper.Line) -> str:
    if line.kind == paper.LOOP:
        return f"  grid.cell(colspan: 3, {_indented(line, line.right)}),\n"
    equation = _indented(line, f"{line.left} = {line.right}")
    return f"  [({line.number})], {equation}, [{_shape(line)}],\n"


def _backward(line: paper.Line) -> str:
    if line.kind == paper.LOOP:
        return f"  grid.cell(colspan: 6, {_indented(line, line.right)}),\n"
    if line.kind == paper.EQUATION:
        equation = _indented(line, f"{line.left} = {line.right}")
        return f"  grid.cell(colspan: 6, [*({line.number})* #h(4pt) #({equation})]),\n"
    sign = "$=$" if line.sign == "=" else '$class("relation", "+=")$'
    where = rf"{line.right} \qquad \left({line.where}\right)" if line.where else line.right
    cells = (
        f"[{line.number or ''}]",
        f"[{MARK if line.param else ''}]",
        _indented(line, line.left),
        sign,
        f"${math(where)}$",
        f"[{_shape(line)}]",
    )
    return f"  {', '.join(cells)},\n"


def _indented(line: paper.Line, text: str) -> str:
    inner = f"${math(text)}$"
    return f"h({12 * line.depth}pt) + {inner}" if line.depth else inner


def _shape(line: paper.Line) -> str:
    return f"#text(size: 8pt, {quoted(line.shape)})" if line.shape else ""
