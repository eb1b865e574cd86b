"""The derivation in Markdown, as code hosts render it: tables, and mathematics between dollars."""

from __future__ import annotations

from collections.abc import Iterator

from gradcli.foreign import visible
from gradcli.render import latex
from gradcli.render.notation import Notation
from gradcli.render.table import MARK, counted, shape_text
from gradcli.session import Session
from gradcli.transform.reverse import displayed

SIGNS = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|"})


def lines(session: Session, notation: Notation) -> Iterator[str]:
    """Both passes, each a table, and the gradients."""
    program, derivation = session.program, session.derivation
    params = {item.name for item in program.inputs if item.role == "param"}
    yield f"# The derivation of {visible(program.source.name).translate(SIGNS)}\n\n"
    yield f"## Forward: {counted(len(program.steps), 'equation')}\n\n"
    yield "| | equation | shape |\n|---:|---|---|\n"
    for number, step in enumerate(program.steps, 1):
        equation = _math(f"{latex.name(step.name)} = {latex.equation(step)}")
        yield f"| ({number}) | {equation} | {shape_text(step.call.shape)} |\n"
    rows = counted(len(derivation.rows), "step")
    yield f"\n## Backward: {rows}, {derivation.layout} layout\n\n"
    yield "| | from | | | | shape |\n|---:|---|---:|:---:|---|---|\n"
    for item in program.given:
        shape = shape_text(displayed(item.shape, derivation.layout))
        yield f"| | | {_math(latex.gradient(item.name, notation))} | = | given | {shape} |\n"
    if program.loss is not None:
        yield f"| | | {_math(latex.gradient(program.loss, notation))} | = | $1$ | scalar |\n"
    eq = 0
    for number, row in enumerate(derivation.rows, 1):
        origin = f"({row.eq})" if row.eq != eq else ""
        eq = row.eq
        mark = f"{MARK} " if row.target in params else ""
        cells = (
            str(number),
            origin,
            mark + _math(latex.target(derivation, row, notation)),
            f"**{row.assign}**" if row.assign != "=" else "=",
            _math(latex.formula(derivation, row, notation)),
            shape_text(derivation.shape(row)),
        )
        yield f"| {' | '.join(cells)} |\n"


def _math(text: str) -> str:
    """Mathematics within a cell, where a bar would end it."""
    return f"${text.replace(NORM, DOUBLE).replace('|', SINGLE)}$"


NORM, DOUBLE, SINGLE = r"\|", r"\Vert ", r"\vert "
