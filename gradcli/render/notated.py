"""Mathematics as `latex` writes it, read again for a markup of another kind.

So a spelling has one home, the table's entry. LaTeX itself is larger; a command that `latex` does
not write is a Defect.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from gradcli.errors import Defect

TOKEN = re.compile(
    r"\\(?P<named>text|operatorname|mathit|mathrm|mathbf)\{(?P<words>(?:[^{}\\]|\\.)*)\}"
    r"|\\(?P<border>begin|end)\{(?P<kind>[a-z]+)\}"
    r"|\\(?P<side>left|right)\s*(?P<fence>\\[a-zA-Z]+|\\.|.)"
    r"|\\(?P<command>[a-zA-Z]+|.)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<blank>\s+)"
    r"|(?P<sign>.)",
    re.DOTALL,
)
FUNCTIONS = frozenset({
    "ln", "log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan",
    "max", "min", "det", "gcd",
})  # fmt: skip
LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ",
    "omicron": "ο", "pi": "π", "rho": "ρ", "sigma": "σ", "varsigma": "ς", "tau": "τ",
    "upsilon": "υ", "phi": "ϕ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "partial": "∂", "top": "⊤",
    "infty": "∞",
}  # fmt: skip
SIGNS = {
    "odot": "⊙", "cdot": "⋅", "times": "×", "otimes": "⊗", "circ": "∘", "le": "≤", "ge": "≥",
    "ne": "≠", "nabla": "∇", "sum": "∑", "prod": "∏", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈",
    "rceil": "⌉", "langle": "⟨", "rangle": "⟩", "|": "‖", "{": "{", "}": "}", "dots": "…",
    "ldots": "…", "cdots": "⋯", "_": "_", "in": "∈",
}  # fmt: skip

Piece = TypeVar("Piece")
Taker = tuple[int, Callable[..., str]]


class Markup(ABC, Generic[Piece]):
    """A markup: what it makes of each thing that stands in LaTeX. A row consists of its pieces.

    takers: the commands that take arguments: how many, and what is made of them.
    spaces: the commands for spaces; None for one that it has none for.
    """

    name: ClassVar[str]
    takers: ClassVar[Mapping[str, Taker]]
    spaces: ClassVar[Mapping[str, str | None]]

    @abstractmethod
    def piece(self, text: str) -> Piece: ...

    @abstractmethod
    def row(self, pieces: Sequence[Piece]) -> str:
        """Some pieces as one."""

    @abstractmethod
    def fenced(self, pieces: Sequence[Piece]) -> str:
        """The same with fences at both ends."""

    @abstractmethod
    def script(self, pieces: list[Piece], taker: str, text: str) -> None:
        """Give the last piece something at its foot, `_`, or at its shoulder, `^`."""

    @abstractmethod
    def array(self, kind: str, rows: Sequence[Sequence[str]]) -> str: ...

    @abstractmethod
    def named(self, command: str, words: str) -> str: ...

    @abstractmethod
    def number(self, text: str) -> str: ...

    @abstractmethod
    def function(self, name: str) -> str: ...

    @abstractmethod
    def letter(self, name: str) -> str: ...

    @abstractmethod
    def sign(self, name: str) -> str: ...

    @abstractmethod
    def fence(self, text: str) -> str: ...

    @abstractmethod
    def character(self, text: str) -> str: ...


@dataclass
class Open(Generic[Piece]):
    """What is open: a group, a fence or an array; its finished cells, its pieces, who waits."""

    markup: Markup[Piece]
    pieces: list[Piece] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=lambda: [[]])
    waiting: list[tuple[str, list[str]]] = field(default_factory=list)

    def put(self, text: str) -> None:
        """Add something: to the last that waits for an argument, or behind what is there."""
        while self.waiting:
            taker, got = self.waiting[-1]
            got.append(text)
            if taker in "_^":
                self.waiting.pop()
                self.markup.script(self.pieces, taker, text)
                return
            count, make = self.markup.takers[taker]
            if len(got) < count:
                return
            self.waiting.pop()
            text = make(*got)
        self.pieces.append(self.markup.piece(text))

    def cell(self, *, last_of_row: bool) -> None:
        """End a cell."""
        self.rows[-1].append(self.markup.row(self.pieces))
        self.pieces = []
        if last_of_row:
            self.rows.append([])

    def command(self, name: str) -> None:
        """Add what a command without a text stands for. Raises Defect for an unknown one."""
        markup = self.markup
        if name in markup.takers:
            self.waiting.append((name, []))
        elif name == "\\":
            self.cell(last_of_row=True)
        elif name in FUNCTIONS:
            self.put(markup.function(name))
        elif name in LETTERS:
            self.put(markup.letter(name))
        elif name in SIGNS:
            self.put(markup.sign(name))
        elif name in markup.spaces:
            space = markup.spaces[name]
            if space is not None:
                self.put(space)
        else:
            raise Defect(f"no {markup.name} is known for \\{name}")

    def character(self, text: str) -> None:
        if text in "_^":
            self.waiting.append((text, []))
        elif text == "&":
            self.cell(last_of_row=False)
        else:
            self.put(self.markup.character(text))


def read(latex: str, markup: Markup[Piece]) -> list[Piece]:
    """The pieces of an expression that `render.latex` has written. Raises Defect."""
    opened = [Open(markup)]

    def close(text: str) -> None:
        opened.pop()
        opened[-1].put(text)

    for token in TOKEN.finditer(latex):
        top = opened[-1]
        kind, text = token.lastgroup, token[token.lastgroup or 0]
        if kind == "blank":
            continue
        if kind == "words":
            top.put(markup.named(token["named"], re.sub(r"\\(.)", r"\1", text)))
        elif kind == "number":
            top.put(markup.number(text))
        elif kind == "kind" and token["border"] == "begin":
            opened.append(Open(markup))
        elif kind == "kind":
            top.cell(last_of_row=False)
            close(markup.array(text, [row for row in top.rows if any(row)]))
        elif kind == "fence" and token["side"] == "left":
            opened.append(Open(markup, [markup.piece(markup.fence(text))]))
        elif kind == "fence":
            top.pieces.append(markup.piece(markup.fence(text)))
            close(markup.fenced(top.pieces))
        elif kind == "command":
            top.command(text)
        elif text == "{":
            opened.append(Open(markup))
        elif text == "}":
            close(markup.row(top.pieces))
        else:
            top.character(text)
    if len(opened) != 1 or opened[0].waiting:
        raise Defect(f"this is no whole expression: {latex}")
    return opened[0].pieces
