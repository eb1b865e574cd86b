"""Mathematics in Typst's markup, read from what `latex` writes.

So a spelling has one home, the table's entry. LaTeX itself is larger; a command that `latex` does
not write is a Defect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from gradcli.errors import Defect
from gradcli.render.mathml import FUNCTIONS, LETTERS, SIGNS, TOKEN

SPACES = {",": "thin", ";": "med", " ": "space", "quad": "quad", "qquad": "wide"}
ARRAYS: dict[str, Callable[[str], str]] = {
    "bmatrix": 'mat(delim: "[", {})'.format,
    "cases": "cases({})".format,
}
ESCAPED = str.maketrans({c: f"\\{c}" for c in "#$\"\\/&_^'~,;`@<>*|"})

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


@dataclass
class Open:
    """What is open: a group, a fence or an array; its finished cells, its pieces, who waits."""

    kind: str
    pieces: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=lambda: [[]])
    waiting: list[tuple[str, list[str]]] = field(default_factory=list)

    def put(self, piece: str) -> None:
        """Add a piece: to the last that waits for an argument, or behind what is there."""
        while self.waiting:
            taker, got = self.waiting[-1]
            got.append(piece)
            if taker in "_^":
                self.waiting.pop()
                self._script(taker, piece)
                return
            count, make = TAKERS[taker]
            if len(got) < count:
                return
            self.waiting.pop()
            piece = make(*got)
        self.pieces.append(piece)

    def _script(self, taker: str, piece: str) -> None:
        base = self.pieces.pop() if self.pieces else '""'
        self.pieces.append(f"{base}{taker}({piece})")

    def cell(self, *, last_of_row: bool) -> None:
        """End a cell."""
        self.rows[-1].append(" ".join(self.pieces))
        self.pieces = []
        if last_of_row:
            self.rows.append([])


@lru_cache(maxsize=8192)
def math(latex: str) -> str:
    """Mathematics that `render.latex` has written, in Typst's markup. Raises Defect."""
    opened = [Open("")]
    for token in TOKEN.finditer(latex):
        top = opened[-1]
        kind, text = token.lastgroup, token[token.lastgroup or 0]
        if kind == "blank":
            continue
        if kind == "words":
            top.put(_named(token["named"], re.sub(r"\\(.)", r"\1", text)))
        elif kind == "number":
            top.put(text)
        elif kind == "kind" and token["border"] == "begin":
            opened.append(Open(text))
        elif kind == "kind":
            top.cell(last_of_row=False)
            separator = " & " if text == "cases" else ", "
            between = ", " if text == "cases" else "; "
            rows = between.join(separator.join(row) for row in top.rows if any(row))
            _close(opened, ARRAYS[text](rows))
        elif kind == "fence" and token["side"] == "left":
            opened.append(Open("left", [_fence(text)]))
        elif kind == "fence":
            top.pieces.append(_fence(text))
            _close(opened, f"lr({' '.join(top.pieces)})")
        elif kind == "command":
            _command(top, text)
        elif text == "{":
            opened.append(Open("group"))
        elif text == "}":
            _close(opened, " ".join(top.pieces))
        else:
            _sign(top, text)
    if len(opened) != 1 or opened[0].waiting:
        raise Defect(f"this is no whole expression: {latex}")
    return " ".join(opened[0].pieces)


def _close(opened: list[Open], piece: str) -> None:
    opened.pop()
    opened[-1].put(piece)


def _command(top: Open, name: str) -> None:
    if name in TAKERS:
        top.waiting.append((name, []))
    elif name == "\\":
        top.cell(last_of_row=True)
    elif name in FUNCTIONS:
        top.put(name)
    elif name in LETTERS:
        top.put(LETTERS[name])
    elif name in SIGNS:
        top.put(SIGNS[name].translate(ESCAPED))
    elif name in SPACES:
        top.put(SPACES[name])
    elif name != "!":
        raise Defect(f"no Typst is known for \\{name}")


def _sign(top: Open, text: str) -> None:
    if text in "_^":
        top.waiting.append((text, []))
    elif text == "&":
        top.cell(last_of_row=False)
    else:
        top.put(text.translate(ESCAPED))


def _named(command: str, words: str) -> str:
    if command == "text":
        return quoted(words)
    if command == "operatorname":
        return f"op({quoted(words)})"
    if command == "mathbf":
        return f"upright(bold({quoted(words)}))"
    return f"{'upright' if command == 'mathrm' else 'italic'}({quoted(words)})"


def _fence(text: str) -> str:
    name = text.removeprefix("\\")
    return SIGNS.get(name, name) if text.startswith("\\") else text
