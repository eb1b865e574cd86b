"""A known mistake of syntax: a snippet with it, when it applies, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from gradcli.record import Record
from gradcli.syntax.lexer import END, OPENING

OPERATORS = {"ADD", "MULTIPLY", "POWER", "COMPARISON"}
OPERANDS = {"NAME", "NUMBER", "DERIV", "STRING"}
ENDS = {"_NL", END}
CLOSERS = {"RPAR", "RSQB"}
LISTS = {"COMMA", "SEMICOLON"}
PAST_HEAD = {"COLON", "EQUAL", *ENDS}

# Where the caret stands.
TOKEN, FIRST, BEFORE, RANGE = "the token", "the first word", "the word before it", "the range"

ROLES = ("input", "param", "const")
DECLARATIONS = {
    "input": "input x: [N]",
    "param": "param W: [N, M]",
    "const": "const y: [N]",
    "dim": "dim N = 4",
    "index": "index i: [N] in 0..V-1",
    "loss": "loss L = expression",
    "layout": "layout numerator, or layout denominator",
    "for": "for t in 1..T:",
    "def": "def f(x) = expression",
    "op": "op f(x) = expression:",
}

PRODUCTS = "`@` is the matrix product, `*` the elementwise one"
OVER_LINES = "brackets carry an expression over a line end"
HOLDS = (  # a model, and a derivation
    (
        "a file holds dim, input, param, const, index, def, op, for, loss, given, assume, layout "
        "and equations"
    ),
    (
        "a derivation holds layout, lines dL/dx = … and dL/dx += …, also of regions and rows, "
        "names of your own y = …, for and def"
    ),
)
LINE = (
    "an equation is written name = expression",
    "a line is written dL/dx = expression, or dL/dx += expression",
)

# Other languages' words, and what is written here.
WORDS = {
    "and": "multiply two masks: (a > 0) * (b > 0)",
    "or": "take the maximum of two masks: maximum(a > 0, b > 0)",
    "not": "a mask's opposite is 1 - mask",
    "if": "where(condition, a, b) chooses entry by entry",
    "else": "where(condition, a, b) chooses entry by entry",
    "elif": "where(condition, a, b) chooses entry by entry",
    "while": "a loop goes over a range: for t in 1..T:",
    "lambda": "a function is defined in a line of its own: def f(x) = expression",
    "is": "`==` compares",
    "import": "every function is there without an import; `gradcli ops` lists them",
    "from": "every function is there without an import; `gradcli ops` lists them",
    "print": "every result is shown without asking",
    "let": "an equation is written name = expression",
    "var": "an equation is written name = expression",
    "function": "a definition is written def f(x) = expression",
    "size": "a size is declared with dim: dim N = 4",
    "parameter": "the word is param",
    "inputs": "the word is input",
    "params": "the word is param",
    "constant": "the word is const",
    "dims": "the word is dim",
}


class Place(Record):
    """The token that does not fit, the one before it, and all of the statement up to it.

    `touches` says whether no blank stands before the token; `after` is the rest of its line;
    `derivation` whether the file is one.
    """

    kind: str
    text: str
    before: str
    before_text: str
    words: tuple[str, ...]
    kinds: tuple[str, ...]
    expected: frozenset[str]
    touches: bool
    after: str
    derivation: bool

    @property
    def first(self) -> str:
        return self.words[0] if self.words else self.text

    @property
    def several(self) -> str | None:
        """How what follows is written, where it is a function that gives several things."""
        called = re.search(r"=\s*(?:\w+\s*\.\s*)*(\w+)\s*\(", self.after)
        from gradcli.suggest import foreign  # only where there is an error

        return called and (foreign(called[1]) or f"{called[1]}(…) is one quantity")

    @property
    def open(self) -> bool:
        """Whether a bracket is open."""
        opened = sum(kind in OPENING for kind in self.kinds)
        return opened > sum(kind in CLOSERS for kind in self.kinds)


class Message(Record):
    """A known mistake: a snippet with it and with no other, when it applies, the message, the hint
    (both are formatted with the place), the caret.

    file: which kind of file the snippet is from. kind: that of the error.
    """

    snippet: str
    applies: Callable[[Place], bool]
    message: str
    hint: str | None = None
    at: str = TOKEN
    file: str = "model"
    kind: str = "syntax"


def behind_operand(p: Place) -> bool:
    return p.before in OPERANDS | CLOSERS | {"TRANSPOSE"}


def after_operand(p: Place) -> bool:
    return behind_operand(p) and "ADD" in p.expected


def head(p: Place, *words: str) -> bool:
    return p.words[:1] != () and p.words[0].split()[-1] in words  # `surrogate op` is an op
