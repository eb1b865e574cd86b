"""Mathematics in Typst's markup, read from what `latex` writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from types import MappingProxyType

from gradcli.render.notated import LETTERS, SIGNS, Markup, read

SPACES: dict[str, str | None] = {
    ",": "thin",
    ";": "med",
    " ": "space",
    "quad": "quad",
    "qquad": "wide",
    "!": None,
}
ARRAYS: dict[str, Callable[[str], str]] = {
    "bmatrix": 'mat(delim: "[", {})'.format,
    "cases": "cases({})".format,
}
ESCAPED = str.maketrans({c: f"\\{c}" for c in "#$\"\\/&_^'~,;`@<>*|"})

WORDS = ('"', "italic(", "upright(")
ENDS, BEGINNINGS = ')"_\\', "\"(_^.'"  # of pieces that would be one without a space

# What takes arguments: how many, and what it makes of them.
TAKERS: dict[str, tuple[int, Callable[..., str]]] = {
    "frac": (2, "frac({}, {})".format),
    "sqrt": (1, "sqrt({})".format),
    "mathrel": (1, lambda inner: f'class("relation", {inner})'),
    "overline": (1, "overline({})".format),
    "hat": (1, "hat({})".format),
    "tilde": (1, "tilde({})".format),
    "bar": (1, "macron({})".format),
    "dot": (1, "dot({})".format),
    "vec": (1, "arrow({})".format),
}


def quoted(text: str) -> str:
    """A text as Typst's code writes it."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


class Typst(Markup[str]):
    """The markup of Typst."""

    name = "Typst"
    takers = TAKERS
    spaces = MappingProxyType(SPACES)

    def piece(self, text: str) -> str:
        return text

    def row(self, pieces: Sequence[str]) -> str:
        return joined(pieces)

    def fenced(self, pieces: Sequence[str]) -> str:
        return f"lr({joined(pieces)})"

    def script(self, pieces: list[str], taker: str, text: str) -> None:
        base = pieces.pop() if pieces else '""'
        pieces.append(f"{base}{taker}({text})")

    def array(self, kind: str, rows: Sequence[Sequence[str]]) -> str:
        separator = " & " if kind == "cases" else ", "
        between = ", " if kind == "cases" else "; "
        return ARRAYS[kind](between.join(separator.join(row) for row in rows))

    def named(self, command: str, words: str) -> str:
        if command == "text":
            return quoted(words)
        if command == "operatorname":
            return f"op({quoted(words)})"
        if command == "mathbf":
            return f"upright(bold({quoted(words)}))"
        return f"{'upright' if command == 'mathrm' else 'italic'}({quoted(words)})"

    def number(self, text: str) -> str:
        return text

    def function(self, name: str) -> str:
        return name

    def letter(self, name: str) -> str:
        return LETTERS[name]

    def sign(self, name: str) -> str:
        return SIGNS[name].translate(ESCAPED)

    def fence(self, text: str) -> str:
        name = text.removeprefix("\\")
        return SIGNS.get(name, name) if text.startswith("\\") else text

    def character(self, text: str) -> str:
        return text.translate(ESCAPED)


@lru_cache(maxsize=8192)
def math(latex: str) -> str:
    """Mathematics that `render.latex` has written, in Typst's markup. Raises Defect."""
    return joined(read(latex, Typst()))


def joined(pieces: Sequence[str]) -> str:
    """Pieces in a row. A space beside a word would be seen, and stands only where it must."""
    found, word = "", False
    for piece in pieces:
        last, first = found[-1:], piece[:1]
        merged = (last.isalnum() or last in ENDS) and (first.isalnum() or first in BEGINNINGS)
        found += " " if merged or not (word or piece.startswith(WORDS)) else ""
        found += piece
        word = piece.startswith(WORDS)
    return found.strip()
