"""Mathematics as MathML Core, which browsers set without a script.

It is read from what `latex` writes of an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from types import MappingProxyType

from gradcli.render.notated import LETTERS, SIGNS, Markup, read

SPACES = {",": ".17em", ";": ".28em", " ": ".25em", "!": "-.17em", "quad": "1em", "qquad": "2em"}
ACCENTS = {"hat": "^", "tilde": "˜", "bar": "¯", "dot": "˙", "vec": "→", "overline": "¯"}
BOLD = {ord("0") + digit: 0x1D7CE + digit for digit in range(10)}
FENCES = {"bmatrix": ("[", "]"), "pmatrix": ("(", ")"), "cases": ("{", ""), "matrix": ("", "")}


def _accent(mark: str) -> Callable[..., str]:
    return lambda inner: f'<mover accent="true">{inner}<mo>{mark}</mo></mover>'


# What takes arguments: how many, and the element that it makes of them.
TAKERS: dict[str, tuple[int, Callable[..., str]]] = {
    "frac": (2, lambda over, under: f"<mfrac>{over}{under}</mfrac>"),
    "sqrt": (1, lambda inner: f"<msqrt>{inner}</msqrt>"),
    "mathrel": (1, lambda inner: f"<mrow>{inner}</mrow>"),
    **{name: (1, _accent(mark)) for name, mark in ACCENTS.items()},
}


@dataclass
class Atom:
    """An element, and what stands at its foot and at its shoulder."""

    base: str
    foot: str | None = None
    shoulder: str | None = None

    def __str__(self) -> str:
        if self.foot is None and self.shoulder is None:
            return self.base
        if self.shoulder is None:
            return f"<msub>{self.base}{self.foot}</msub>"
        if self.foot is None:
            return f"<msup>{self.base}{self.shoulder}</msup>"
        return f"<msubsup>{self.base}{self.foot}{self.shoulder}</msubsup>"


class MathML(Markup[Atom]):
    """The markup of MathML Core."""

    name = "MathML"
    takers = TAKERS
    spaces = MappingProxyType({k: f'<mspace width="{width}"/>' for k, width in SPACES.items()})

    def piece(self, text: str) -> Atom:
        return Atom(text)

    def row(self, pieces: Sequence[Atom]) -> str:
        inner = "".join(map(str, pieces))
        return inner if len(pieces) == 1 else f"<mrow>{inner}</mrow>"

    def fenced(self, pieces: Sequence[Atom]) -> str:
        return f"<mrow>{''.join(map(str, pieces))}</mrow>"

    def script(self, pieces: list[Atom], taker: str, text: str) -> None:
        if not pieces:
            pieces.append(Atom("<mrow></mrow>"))
        last = pieces[-1]
        taken = last.foot if taker == "_" else last.shoulder
        if taken is not None:
            last = pieces[-1] = Atom(str(last))
        if taker == "_":
            last.foot = text
        else:
            last.shoulder = text

    def array(self, kind: str, rows: Sequence[Sequence[str]]) -> str:
        return _table(kind, rows)

    def named(self, command: str, words: str) -> str:
        return _named(command, words)

    def number(self, text: str) -> str:
        return f"<mn>{text}</mn>"

    def function(self, name: str) -> str:
        return f"<mi>{name}</mi>"

    def letter(self, name: str) -> str:
        upright = LETTERS[name].isupper() or name == "top"
        return _letter(LETTERS[name], upright=upright)

    def sign(self, name: str) -> str:
        return f"<mo>{SIGNS[name]}</mo>"

    def fence(self, text: str) -> str:
        name = text.removeprefix("\\")
        sign = SIGNS.get(name, name) if text.startswith("\\") else escape(text)
        return "" if text == "." else f"<mo>{sign}</mo>"

    def character(self, text: str) -> str:
        if text.isalpha():
            return _letter(text)
        return f"<mo>{'−' if text == '-' else escape(text)}</mo>"


@lru_cache(maxsize=8192)
def math(latex: str) -> str:
    """Mathematics that `render.latex` has written, as a `math` element. Raises Defect."""
    return f"<math>{''.join(map(str, read(latex, MathML())))}</math>"


def _letter(letter: str, *, upright: bool = False) -> str:
    return f'<mi mathvariant="normal">{letter}</mi>' if upright else f"<mi>{letter}</mi>"


def _named(command: str, text: str) -> str:
    shown = escape(text)
    if command == "text":
        return f"<mtext>{shown.replace(' ', '&#160;')}</mtext>"
    if command == "mathbf":
        return f"<mn>{shown.translate(BOLD)}</mn>"
    if command == "mathit" and len(text) > 1:
        return f'<mi class="word">{shown}</mi>'
    return _letter(shown, upright=len(text) == 1 and command != "mathit")


def _table(kind: str, rows: Sequence[Sequence[str]]) -> str:
    before, behind = FENCES[kind]
    body = "".join(f"<mtr>{''.join(f'<mtd>{cell}</mtd>' for cell in row)}</mtr>" for row in rows)
    fences = [f"<mo>{sign}</mo>" if sign else "" for sign in (before, behind)]
    return f"<mrow>{fences[0]}<mtable>{body}</mtable>{fences[1]}</mrow>"
