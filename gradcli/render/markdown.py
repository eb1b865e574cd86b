"""The derivation in Markdown, as code hosts render it: tables, and mathematics between dollars."""

from __future__ import annotations

from collections.abc import Iterator

from gradcli.foreign import visible
from gradcli.render import paper
from gradcli.render.notation import Notation
from gradcli.render.table import MARK, counted
from gradcli.session import Session

SIGNS = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|"})


def lines(session: Session, notation: Notation, *, rolled: bool = False) -> Iterator[str]:
    """Both passes, each a table. rolled: loops' equations once."""
    program, derivation = session.program, session.derivation
    ahead, back = paper.passes(session, notation, rolled=rolled)
    forward, backward = list(ahead), list(back)
    how = ", rolled" if rolled else ""
    equations = sum(line.kind == paper.EQUATION for line in forward)
    yield f"# The derivation of {visible(program.source.name).translate(SIGNS)}\n\n"
    yield f"## Forward{how}: {counted(equations, 'equation')}\n\n"
    yield "| | equation | shape |\n|---:|---|---|\n"
    for line in forward:
        if line.kind == paper.LOOP:
            yield f"| | {_math(line.right)} | |\n"
        else:
            yield f"| ({line.number}) | {_math(f'{line.left} = {line.right}')} | {line.shape} |\n"
    steps = max((line.number for line in backward if line.kind == paper.STEP), default=0)
    yield f"\n## Backward{how}: {counted(steps, 'step')}, {derivation.layout} layout\n\n"
    yield "| | from | | | | shape |\n|---:|---|---:|:---:|---|---|\n"
    origin = ""
    for line in backward:
        if line.kind == paper.EQUATION:
            origin = f"({line.number})"
            continue
        yield "|" + "".join(f" {cell} |" if cell else " |" for cell in _cells(line, origin)) + "\n"
        origin = ""


def _cells(line: paper.Line, origin: str) -> tuple[str, ...]:
    if line.kind == paper.LOOP:
        return "", "", "", "", _math(line.right), ""
    right = "given" if line.right == r"\text{given}" else _math(line.right)
    if line.where:
        right += f", {_math(line.where)}"
    return (
        str(line.number or ""),
        origin,
        (f"{MARK} " if line.param else "") + _math(line.left),
        "=" if line.sign == "=" else f"**{line.sign}**",
        right,
        line.shape,
    )


def _math(text: str) -> str:
    """Mathematics within a cell, where a bar would end it."""
    return f"${text.replace(NORM, DOUBLE).replace('|', SINGLE)}$"


NORM, DOUBLE, SINGLE = r"\|", r"\Vert ", r"\vert "
