"""The derivation in Markdown, as code hosts render it: tables, and mathematics between dollars."""

from __future__ import annotations

from collections.abc import Iterator

from gradcli.foreign import visible
from gradcli.render import paper
from gradcli.render.layout import Section
from gradcli.render.notation import Notation
from gradcli.render.table import MARK, counted, row_by_row
from gradcli.request import NOTHING, Besides
from gradcli.session import Session

SIGNS = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|"})


def lines(
    session: Session, notation: Notation, *, rolled: bool = False, told: Besides = NOTHING
) -> Iterator[str]:
    """Both passes, each a table, and what is told besides. rolled: loops' equations once."""
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
    yield from (f"{note.translate(SIGNS)}\n\n" for note in row_by_row(derivation))
    yield "| | from | | | | shape |\n|---:|---|---:|:---:|---|---|\n"
    origin = ""
    for line in backward:
        if line.kind == paper.EQUATION:
            origin = f"({line.number})"
            continue
        yield "|" + "".join(f" {cell} |" if cell else " |" for cell in _cells(line, origin)) + "\n"
        origin = ""
    if told.cost:
        from gradcli.render import compact

        yield from _section(compact.cost(session))
    if told.saved:
        from gradcli.render import saved

        yield from _section(saved.section(session, told.memory, full=True))


def _section(section: Section) -> Iterator[str]:
    """A part of the table in a terminal as one here."""
    yield f"\n## {section.title}\n\n"
    yield "|" + "".join(f" {column.title} |" for column in section.columns) + "\n"
    yield "|" + "".join("---:|" if column.right else "---|" for column in section.columns) + "\n"
    for line in section.lines:
        texts = [cell if isinstance(cell, str) else cell(None) for cell in line.cells]
        texts += [""] * (len(section.columns) - len(texts))
        yield "|" + "".join(f" {text.strip().translate(SIGNS)} |" for text in texts) + "\n"


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
