"""A sheet to fill in: the derivation with `?` where the formulas belong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gradcli.foreign import visible
from gradcli.render import align
from gradcli.session import Session
from gradcli.transform.reify import Row

ASSIGNED, TARGETS, LISTING = 1, 2, 3  # what a sheet shows: targets with `=` and `+=`, targets, none


def chosen(session: Session, only: Sequence[str]) -> list[Row]:
    """The steps whose derivative fits one of some patterns; all, where there are none."""
    derivation = session.derivation
    rows = list(derivation.contributions)
    if not only:
        return rows
    fits = [re.compile(".*".join(map(re.escape, p.split("*"))), re.DOTALL) for p in only]
    return [row for row in rows if any(fit.fullmatch(derivation.left(row)) for fit in fits)]


def grad(session: Session, level: int, only: Sequence[str] = ()) -> Iterator[str]:
    """A derivation file, which `gradcli check` takes as it is."""
    derivation = session.derivation
    steps = session.program.steps
    yield f"# {visible(session.program.source.name)}: put a formula in the place of each ?\n"
    yield f"layout {derivation.layout}\n\n# forward:\n"
    yield from (f"# {number}. {step.text}\n" for number, step in enumerate(steps, 1))
    if level == LISTING:
        return
    eq = 0
    for row in chosen(session, only):
        if row.eq != eq:
            eq = row.eq
            yield f"\n# {eq}. {steps[eq - 1].text}\n"
        yield f"{derivation.left(row)} {f'{row.assign} ' if level == ASSIGNED else ''}?\n"


def markdown(session: Session, level: int, only: Sequence[str] = ()) -> Iterator[str]:
    """A page: the forward listing and the lines to fill in, as tables."""
    derivation, steps = session.derivation, session.program.steps
    yield f"# {visible(session.program.source.name)}\n\n"
    yield f"Forward, and the derivatives in {derivation.layout} layout.\n\n"
    yield "| | equation |\n|---|---|\n"
    yield from (f"| {number} | `{_cell(step.text)}` |\n" for number, step in enumerate(steps, 1))
    if level == LISTING:
        return
    assigned = level == ASSIGNED
    yield "\n| equation | derivative | |\n|---|---|---|\n"
    for row in chosen(session, only):
        sign = f"{row.assign} " if assigned else ""
        yield f"| {row.eq} | `{_cell(derivation.left(row))}` | {sign}? |\n"


def latex(session: Session, level: int, only: Sequence[str] = ()) -> Iterator[str]:
    """A fragment for a document that loads amsmath."""
    rows = chosen(session, only) if level != LISTING else []
    yield from align.sheet(session, rows, level == ASSIGNED)


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|")


FORMS = {"grad": grad, "markdown": markdown, "latex": latex}
