"""Mathematics as MathML Core, which browsers set without a script.

What `latex` writes of an expression is read here and written again, so that a spelling has one
home: the table's entry. LaTeX itself is larger; a command that `latex` does not write is a Defect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape

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


@dataclass
class Open:
    """What is open: a group, a fence or an array; its finished cells, its atoms, who waits."""

    kind: str
    atoms: list[Atom] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=lambda: [[]])
    waiting: list[tuple[str, list[str]]] = field(default_factory=list)

    def put(self, element: str) -> None:
        """Add an element: to the last that waits for an argument, or behind what is there."""
        while self.waiting:
            taker, got = self.waiting[-1]
            got.append(element)
            if taker in "_^":
                self.waiting.pop()
                self._script(taker, element)
                return
            count, make = TAKERS[taker]
            if len(got) < count:
                return
            self.waiting.pop()
            element = make(*got)
        self.atoms.append(Atom(element))

    def _script(self, taker: str, element: str) -> None:
        if not self.atoms:
            self.atoms.append(Atom("<mrow></mrow>"))
        last = self.atoms[-1]
        taken = last.foot if taker == "_" else last.shoulder
        if taken is not None:
            last = self.atoms[-1] = Atom(str(last))
        if taker == "_":
            last.foot = element
        else:
            last.shoulder = element

    def cell(self, *, last_of_row: bool) -> None:
        """End a cell."""
        self.rows[-1].append(_row(self.atoms))
        self.atoms = []
        if last_of_row:
            self.rows.append([])


@lru_cache(maxsize=8192)
def math(latex: str) -> str:
    """Mathematics that `render.latex` has written, as a `math` element. Raises Defect."""
    return f"<math>{''.join(map(str, _read(latex)))}</math>"


def _read(latex: str) -> list[Atom]:
    opened = [Open("")]
    for token in TOKEN.finditer(latex):
        top = opened[-1]
        kind, text = token.lastgroup, token[token.lastgroup or 0]
        if kind == "blank":
            continue
        if kind == "words":
            top.put(_named(token["named"], text))
        elif kind == "number":
            top.put(f"<mn>{text}</mn>")
        elif kind == "kind" and token["border"] == "begin":
            opened.append(Open(text))
        elif kind == "kind":
            top.cell(last_of_row=False)
            _close(opened, _table(text, top.rows))
        elif kind == "fence" and token["side"] == "left":
            opened.append(Open("left", [Atom(_fence(text))]))
        elif kind == "fence":
            top.atoms.append(Atom(_fence(text)))
            _close(opened, f"<mrow>{''.join(map(str, top.atoms))}</mrow>")
        elif kind == "command":
            _command(top, text)
        elif text == "{":
            opened.append(Open("group"))
        elif text == "}":
            _close(opened, _row(top.atoms))
        else:
            _sign(top, text)
    if len(opened) != 1 or opened[0].waiting:
        raise Defect(f"this is no whole expression: {latex}")
    return opened[0].atoms


def _close(opened: list[Open], element: str) -> None:
    opened.pop()
    opened[-1].put(element)


def _command(top: Open, name: str) -> None:
    if name in TAKERS:
        top.waiting.append((name, []))
    elif name == "\\":
        top.cell(last_of_row=True)
    elif name in FUNCTIONS:
        top.put(f"<mi>{name}</mi>")
    elif name in LETTERS:
        upright = LETTERS[name].isupper() or name == "top"
        top.put(_letter(LETTERS[name], upright=upright))
    elif name in SIGNS:
        top.put(f"<mo>{SIGNS[name]}</mo>")
    elif name in SPACES:
        top.put(f'<mspace width="{SPACES[name]}"/>')
    else:
        raise Defect(f"no MathML is known for \\{name}")


def _sign(top: Open, text: str) -> None:
    if text in "_^":
        top.waiting.append((text, []))
    elif text == "&":
        top.cell(last_of_row=False)
    elif text.isalpha():
        top.put(_letter(text))
    else:
        top.put(f"<mo>{'−' if text == '-' else escape(text)}</mo>")


def _letter(letter: str, *, upright: bool = False) -> str:
    return f'<mi mathvariant="normal">{letter}</mi>' if upright else f"<mi>{letter}</mi>"


def _named(command: str, words: str) -> str:
    text = re.sub(r"\\(.)", r"\1", words)
    shown = escape(text)
    if command == "text":
        return f"<mtext>{shown.replace(' ', '&#160;')}</mtext>"
    if command == "mathbf":
        return f"<mn>{shown.translate(BOLD)}</mn>"
    if command == "mathit" and len(text) > 1:
        return f'<mi class="word">{shown}</mi>'
    return _letter(shown, upright=len(text) == 1 and command != "mathit")


def _fence(text: str) -> str:
    name = text.removeprefix("\\")
    sign = SIGNS.get(name, name) if text.startswith("\\") else escape(text)
    return "" if text == "." else f"<mo>{sign}</mo>"


def _row(atoms: Sequence[Atom]) -> str:
    """Some atoms as one element."""
    inner = "".join(map(str, atoms))
    return inner if len(atoms) == 1 else f"<mrow>{inner}</mrow>"


def _table(kind: str, rows: Sequence[Sequence[str]]) -> str:
    before, behind = FENCES[kind]
    body = "".join(
        f"<mtr>{''.join(f'<mtd>{cell}</mtd>' for cell in row)}</mtr>" for row in rows if any(row)
    )
    fences = [f"<mo>{sign}</mo>" if sign else "" for sign in (before, behind)]
    return f"<mrow>{fences[0]}<mtable>{body}</mtable>{fences[1]}</mrow>"
