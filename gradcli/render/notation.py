"""How derivatives are written: dL/dW, ∂L/∂W, ∇_W, W̄ or δ_W, in every form alike.

All but W̄ are also read in derivation files, where W̄ is written W_bar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gradcli.errors import GradError
from gradcli.render.layout import Cell, Line, Section
from gradcli.sizes import ATOM, POWER, SUM

PLAIN, PARTIAL, NABLA, BAR, DELTA = "d", "partial", "nabla", "bar", "delta"
DERIVATIVE = re.compile(r"dL/d([^\W\d]\w*)")
OVER_ONE, OVER_MORE = "\N{COMBINING MACRON}", "\N{COMBINING OVERLINE}"


@dataclass(frozen=True)
class Notation:
    """A way to write derivatives: as text, in a derivation file, and in LaTeX.

    binding: how tightly the LaTeX binds. denominator: whether it says that a gradient has its
    variable's own shape.
    """

    text: Callable[[str], str]
    file: Callable[[str], str]
    latex: Callable[[str], str]
    binding: int
    denominator: bool = False


def _barred(name: str) -> str:
    """A bar over the letters in front: z̄5, W̄_fc."""
    found = re.match(r"[^\W\d_]+", name)
    if found is None:
        return f"{name}_bar"
    stem = found[0]
    over = stem + OVER_ONE if len(stem) == 1 else "".join(c + OVER_MORE for c in stem)
    return over + name[len(stem) :]


def _fraction(d: str) -> Callable[[str], str]:
    return lambda name: rf"\frac{{{d} L}}{{{d} {name}}}"


def _same(form: str) -> tuple[Callable[[str], str], Callable[[str], str]]:
    return form.format, form.format


NOTATIONS: dict[str, Notation] = {
    PLAIN: Notation(*_same("dL/d{}"), _fraction(r"\mathrm{d}"), POWER),
    PARTIAL: Notation(*_same("∂L/∂{}"), _fraction(r"\partial"), POWER),
    # What stands behind L would be under the operator, so it has brackets wherever it is not alone.
    NABLA: Notation(*_same("∇_{}"), r"\nabla_{{{}}} L".format, SUM, denominator=True),
    BAR: Notation(_barred, "{}_bar".format, r"\overline{{{}}}".format, ATOM),
    DELTA: Notation(*_same("δ_{}"), r"\delta_{{{}}}".format, POWER),
}


def fitting(notation: str, layout: str) -> Notation:
    """A notation by its name. Raises GradError where it does not go with the layout."""
    found = NOTATIONS[notation]
    if found.denominator and layout != "denominator":
        raise GradError(
            f"--notation {notation}: a gradient has its variable's own shape",
            hint="--layout denominator",
            kind="bad-option",
        )
    return found


def usual(layout: str) -> str:
    """The notation of mathematics where none is chosen."""
    return NABLA if layout == "denominator" else PARTIAL


def respelled(pieces: Iterable[str], form: Callable[[str], str]) -> Iterator[str]:
    """A text with its derivatives in a notation."""
    return (DERIVATIVE.sub(lambda found: form(found[1]), piece) for piece in pieces)


def sections(found: Iterable[Section], form: Callable[[str], str]) -> Iterator[Section]:
    """Listings with their derivatives in a notation, none of which is longer than dL/dNAME."""

    def spelled(text: str) -> str:
        return next(respelled([text], form))

    def cell(text: Cell) -> Cell:
        return spelled(text) if isinstance(text, str) else lambda room: spelled(text(room))

    for section in found:
        lines = [Line(tuple(map(cell, line.cells)), line.style) for line in section.lines]
        notes = tuple(respelled(section.notes, form))
        yield Section(section.title, section.columns, lines, notes)
