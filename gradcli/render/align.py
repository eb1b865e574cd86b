"""The derivation as a LaTeX fragment or document, for KaTeX and MathJax too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcli.foreign import visible
from gradcli.render import latex, paper
from gradcli.render.notation import NOTATIONS, Notation, usual
from gradcli.session import Session
from gradcli.transform.reify import Row

LONGEST = 300  # rows that a notebook typesets
ADD = r"\mathrel{{+}{=}}"  # as tight as one sign
HEAD = r"""\documentclass{article}
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath, amssymb}
\allowdisplaybreaks
\begin{document}
"""


def lines(
    session: Session,
    notation: Notation | None = None,
    *,
    standalone: bool = False,
    rolled: bool = False,
) -> Iterator[str]:
    """A fragment for a document that loads amsmath, and for KaTeX and MathJax; or a whole document.

    notation: of derivatives; None for what is usual in the layout. rolled: loops' equations once.
    """
    source = visible(session.program.source.name)
    layout = session.derivation.layout
    yield f"% The derivation of {source}, {layout} layout, for the package amsmath.\n"
    yield HEAD if standalone else "% \\allowdisplaybreaks lets it go on over a page.\n"
    yield from _aligned(session, notation, rolled=rolled)
    yield "\\end{document}\n" if standalone else ""


def sheet(session: Session, rows: Iterable[Row], assigned: bool) -> Iterator[str]:
    """A sheet to fill in: the forward equations, and some steps with room for their formulas.

    assigned: whether each step's `=` or `+=` stands there.
    """
    program, derivation = session.program, session.derivation
    notation = NOTATIONS[usual(derivation.layout)]
    yield f"% {visible(program.source.name)}: a sheet to fill in, for the package amsmath.\n"
    yield from _align(map(_forward, paper.forward(program)))
    stated = ((latex.target(derivation, row, notation), sign(row.assign)) for row in rows)
    found = [f"{left} &{shown if assigned else ''} ?" for left, shown in stated]
    if found:
        yield from _align(found)


def notebook(session: Session) -> str | None:
    """The same for a notebook; None for a long listing."""
    if len(session.program.steps) + len(session.derivation.rows) > LONGEST:
        return None
    return "".join(_aligned(session, None, rolled=False))


def _aligned(session: Session, notation: Notation | None, *, rolled: bool) -> Iterator[str]:
    forward, backward = paper.passes(session, notation, rolled=rolled)
    yield from _align(map(_forward, forward))
    yield from _align(map(_backward, backward))


def _align(rows: Iterable[str]) -> Iterator[str]:
    yield "\\begin{align*}\n"
    before = ""
    for row in rows:
        yield f"{before}{row}"
        before = " \\\\\n"
    yield "\n\\end{align*}\n"


def _forward(line: paper.Line) -> str:
    if line.kind == paper.LOOP:
        return _loop(line)
    return f"{line.left} &= {line.right} \\tag{{{line.number}}}"


def _loop(line: paper.Line) -> str:
    return "&" + r"\quad" * (line.depth + 1) + f" {line.right}"


def _backward(line: paper.Line) -> str:
    """A row; no text between rows, which KaTeX lacks."""
    if line.kind == paper.LOOP:
        return _loop(line)
    if line.kind == paper.EQUATION:
        return f"\\mathbf{{({line.number})}} &\\quad {line.left} = {line.right}"
    where = rf" \qquad \left({line.where}\right)" if line.where else ""
    return f"{line.left} &{sign(line.sign)} {line.right}{where}"


def sign(assign: str) -> str:
    return "=" if assign == "=" else ADD
