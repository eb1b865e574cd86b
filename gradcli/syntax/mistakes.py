"""The known mistakes of syntax, each with what is said of it; the first that fits counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gradcli.syntax.lexer import END, OPENING
from gradcli.syntax.table import load

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
    "loss": "loss L = expression",
    "layout": "layout numerator, or layout denominator",
    "for": "for t in 1..T:",
    "def": "def f(x) = expression",
    "op": "op f(x) = expression:",
}

PRODUCTS = "`@` is the matrix product, `*` the elementwise one"
OVER_LINES = "brackets carry an expression over a line end"
STATEMENTS = "dim, input, param, const, def, op, for, loss, given, layout and equations"

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


class Place(NamedTuple):
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
    def open(self) -> bool:
        """Whether a bracket is open."""
        opened = sum(kind in OPENING for kind in self.kinds)
        return opened > sum(kind in CLOSERS for kind in self.kinds)


class Message(NamedTuple):
    """When it applies, the message, the hint (both are formatted with the place), the caret."""

    applies: Callable[[Place], bool]
    message: str
    hint: str | None = None
    at: str = TOKEN


def _after_operand(p: Place) -> bool:
    return p.before in OPERANDS | CLOSERS | {"TRANSPOSE"} and "ADD" in p.expected


def _head(p: Place, *words: str) -> bool:
    return p.words[:1] != () and p.words[0] in words


BLOCKS = (
    Message(
        lambda p: p.derivation and p.first in DECLARATIONS and p.first != "layout",
        "`{words[0]}` belongs to a model, not to a derivation",
        "a line is dL/dx = expression, or dL/dx += expression",
        FIRST,
    ),
    Message(
        lambda p: p.kind == "_INDENT",
        "this line is indented, but no block begins above it",
        "only the lines below a `for`, `def` or `op` head that ends in `:` are indented",
    ),
    Message(
        lambda p: "_INDENT" in p.expected and p.kind != "_NL",
        "a block belongs below this line",
        "indent the lines of the block",
    ),
    Message(
        lambda p: p.kind == "_DEDENT" and "RETURN" in p.expected,
        "this definition ends without `return`",
        "its last line is `return expression`",
    ),
    Message(
        lambda p: p.expected == {"_DEDENT"},
        "nothing follows `return` in its block",
        "`return expression` is a definition's last line",
        FIRST,
    ),
    Message(
        lambda p: p.before == "RETURN" and p.kind in ENDS,
        "nothing follows `return`",
        "write `return expression`",
    ),
    Message(
        lambda p: p.first == "return" and "RETURN" not in p.kinds[1:] and len(p.words) <= 1,
        "`return` stands only at the end of a `def` block",
        None,
        FIRST,
    ),
    Message(
        lambda p: _head(p, "for") and (p.kind == "EQUAL" or "IN" in p.expected),
        "a `for` line names its variable and its range",
        "for t in 1..T:",
    ),
    Message(
        lambda p: _head(p, "for") and "COLON" in p.expected and (p.kind in ENDS or ".." in p.words),
        "a `for` line ends in `:`",
        "for t in 1..T:",
    ),
    Message(
        lambda p: {"for", "in"} <= {*p.words} and ".." not in p.words and p.kind not in OPERATORS,
        "a range is written first..last",
        "1..T counts from 1 to T, both included",
        RANGE,
    ),
    Message(
        lambda p: p.words[:1] == ("op",) and p.kind in ENDS and "COLON" in p.expected,
        "an `op` states its rule in a block below",
        "op f(x) = expression:",
    ),
    Message(
        lambda p: p.words[:1] == ("op",) and p.kind == "COLON" and "EQUAL" in p.expected,
        "an `op` is one expression, with its rule in the block below",
        "op f(x) = expression:",
    ),
    Message(
        lambda p: _head(p, "def", "op") and "COLON" in p.expected and p.kind in ENDS,
        "a `{words[0]}` line goes on with `=` or `:`",
        "def f(x) = expression, or a block below `def f(x):`",
    ),
    Message(
        lambda p: _head(p, "def", "op") and p.before == "LPAR" and len(p.words) == 3,
        "a definition names its parameters",
        "def f(x) = expression; a value without parameters is an equation",
    ),
    Message(
        lambda p: _head(p, "def", "op") and "LPAR" in p.expected and len(p.words) == 2,
        "a definition names its parameters in brackets",
        "def {before_text}(x) = expression",
    ),
)

STARTS = (
    Message(
        lambda p: p.kind == "EQUAL" and p.words == ("loss",),
        "`loss` is a keyword, and the name of the loss follows it",
        "write `loss L = …`",
    ),
    Message(
        lambda p: p.kind == "EQUAL" and len(p.words) == 1 and p.words[0] in load().keywords,
        "`{before_text}` is a keyword and can't be defined",
        "choose another name",
        FIRST,
    ),
    Message(
        lambda p: p.first in WORDS and len(p.words) == 1,
        "`{before_text}` does not begin a statement",
        "{other}",
        FIRST,
    ),
    Message(
        lambda p: len(p.words) == 1 and p.kind == "NAME" and p.before == "NAME",
        "`{before_text}` does not begin a statement",
        "a file holds " + STATEMENTS,
        FIRST,
    ),
    Message(
        lambda p: not p.words and p.kind == "NUMBER",
        "a number can't begin a statement",
        "a name begins with a letter or _",
    ),
    Message(
        lambda p: p.first in DECLARATIONS and len(p.words) == 1 and p.kind not in OPERATORS,
        "`{before_text}` is followed by a name",
        "{declaration}",
    ),
    Message(
        lambda p: p.kind == "COLON" and p.after.startswith("=") and len(p.words) == 1,
        "`:=` is not a sign of this language",
        "an equation is written name = expression",
    ),
    Message(
        lambda p: p.kind == "COLON" and len(p.words) == 1,
        "a shape belongs to a declaration",
        "write `input {before_text}: [N]`, `param …` or `const …`",
    ),
    Message(
        lambda p: p.text == "==" and "=" not in p.words and "EQUAL" in p.expected,
        "`==` compares; an equation is written with `=`",
    ),
    Message(
        lambda p: p.text == "+=" and "=" not in p.words,
        "`+=` belongs to derivations (.grad files); a model defines each name once",
        "write `=`, with a new name for the new value",
    ),
    Message(
        lambda p: p.kind in ENDS and len(p.words) == 1 and "EQUAL" in p.expected,
        "`{before_text}` alone is not a statement",
        "an equation is written name = expression",
        FIRST,
    ),
    Message(
        lambda p: p.kind in OPERATORS and len(p.words) == 1 and p.after.startswith("="),
        "`{text}=` is not a sign of this language",
        "write `=` and the whole expression",
    ),
    Message(
        lambda p: p.kind in OPERATORS | {"LPAR", "TRANSPOSE"} and len(p.words) == 1,
        "an expression alone is not a statement",
        "give its value a name: y = …",
        FIRST,
    ),
    Message(
        lambda p: not p.words and p.kind not in {"NAME", *ENDS},
        "`{text}` does not begin a statement",
        "a file holds " + STATEMENTS,
    ),
)

SIGNS = (
    Message(
        lambda p: p.text == "=" and "COMPARISON" in p.expected and "=" in p.words,
        "a second `=` in one statement",
        "`==` compares; each equation has a line of its own",
    ),
    Message(
        lambda p: p.kind == "EQUAL" and "COMPARISON" in p.expected,
        "`=` can't stand here",
        "`==` compares; an equation has one name on its left",
    ),
    Message(
        lambda p: p.kind == "COMPARISON" and "COMPARISON" not in p.expected and "ADD" in p.expected,
        "comparisons do not chain",
        "multiply two masks: (a < b) * (b < c)",
    ),
    Message(
        lambda p: (
            _head(p, *ROLES)
            and p.open
            and "COLON" in p.kinds
            and p.before in OPERANDS
            and p.kind in OPERANDS
        ),
        "a comma is missing between `{before_text}` and `{text}`",
        "a shape is written [N, M]",
    ),
    Message(
        lambda p: _head(p, *ROLES) and p.open and p.kind == "COLON",
        "a bracket is not closed before this `:`",
        "a declaration is written x: [N, M]",
    ),
    Message(
        lambda p: p.before == "RANGE" and p.kind not in OPERANDS,
        "nothing follows `..`",
        "1..T counts from 1 to T, both included",
    ),
    Message(
        lambda p: _head(p, "def", "op") and "RPAR" in p.expected and p.kind in PAST_HEAD,
        "the bracket behind the parameters is not closed",
        "def f(x, y) = expression",
    ),
    Message(
        lambda p: _after_operand(p) and p.text in WORDS,
        "`{text}` is not an operation here",
        "{other}",
    ),
    Message(
        lambda p: _after_operand(p) and p.before_text in WORDS,
        "`{before_text}` is not an operation here",
        "{other}",
        BEFORE,
    ),
    Message(
        lambda p: (
            _after_operand(p)
            and p.kind == "NAME"
            and p.after.lstrip().startswith("=")
            and not p.after.lstrip().startswith("==")
            and not p.open
        ),
        "a second equation in one line",
        "each equation has a line of its own",
    ),
    Message(
        lambda p: p.before == "NUMBER" and p.touches and p.text.startswith("_"),
        "a number has digits only",
        "write its digits together, without _",
    ),
    Message(
        lambda p: p.before_text == "0" and p.touches and p.text[0] in "xXbBoO" and len(p.text) > 1,
        "a number has decimal digits only",
    ),
    Message(
        lambda p: p.before == "NUMBER" and p.kind in ("NAME", "LPAR", "DERIV"),
        "an operation is missing between `{before_text}` and `{text}`",
        "write `{before_text} * {text}`",
    ),
    Message(
        lambda p: p.before == "NUMBER" and p.kind == "NUMBER",
        "a number can't follow a number",
    ),
    Message(
        lambda p: p.before == "TRANSPOSE" and p.kind == "LPAR",
        "a transpose is x.T, without brackets behind it",
    ),
    Message(
        lambda p: _after_operand(p) and (p.kind in OPERANDS or p.kind == "LPAR"),
        "an operation is missing between `{before_text}` and `{text}`",
        PRODUCTS,
    ),
    Message(
        lambda p: p.before in OPERATORS and p.kind in ENDS,
        "nothing follows `{before_text}`",
        OVER_LINES,
    ),
    Message(
        lambda p: p.before in OPERATORS and p.kind in CLOSERS | LISTS,
        "nothing follows `{before_text}`",
    ),
    Message(
        lambda p: p.before == p.kind == "MULTIPLY" and p.before_text == p.text == "/",
        "`/` divides; there is no whole division",
        "a comment begins with #",
    ),
    Message(
        lambda p: p.before in OPERATORS and p.kind in OPERATORS,
        "`{text}` can't follow `{before_text}`",
    ),
    Message(
        lambda p: p.before == "EQUAL" and p.kind in ENDS,
        "nothing follows `=`",
        OVER_LINES,
    ),
    Message(
        lambda p: p.before == "EQUAL" and p.kind in LISTS,
        "nothing follows `=`",
    ),
    Message(
        lambda p: p.kind in OPERATORS and p.before in {"EQUAL", "LPAR", "LSQB", *LISTS},
        "nothing stands before `{text}`",
    ),
    Message(
        lambda p: p.kind == "STRING",
        "a text can't stand here",
        'texts belong to file("w.npy") and einsum("ij,jk->ik", A, B)',
    ),
)

LISTED = (
    Message(
        lambda p: p.kind in LISTS and LISTS & p.expected != set() and "RSQB" in p.expected,
        "`,` and `;` can't stand in one pair of brackets",
        "[a; b] stacks blocks, [a, b] makes a column of scalars",
    ),
    Message(
        lambda p: p.before == p.kind == "COMMA",
        "nothing stands between these commas",
    ),
    Message(
        lambda p: p.before in LISTS and p.kind in ENDS | CLOSERS,
        "nothing follows `{before_text}`",
    ),
    Message(
        lambda p: (p.before, p.kind) in (("LPAR", "RPAR"), ("LSQB", "RSQB")),
        "these brackets are empty",
    ),
    Message(
        lambda p: (p.before, p.kind) == ("NUMBER", "COMMA") and p.touches and p.after[:1].isdigit(),
        "a number has a point, not a comma",
        "write {before_text}.{after}",
    ),
    Message(
        lambda p: p.kind in LISTS and not p.open and p.after == "",
        "a statement ends with its line, without `{text}`",
    ),
    Message(
        lambda p: p.kind in LISTS and not p.open,
        "`{text}` can't stand here",
        "each equation has a line of its own; [a, b] makes a column of scalars",
    ),
    Message(
        lambda p: _head(p, *ROLES) and p.before == "COLON" and p.kind != "LSQB",
        "a shape stands in brackets",
        "write `: [N]` for a column, `: [N, M]` for a matrix",
    ),
    Message(
        lambda p: _head(p, *ROLES) and p.kind == "NAME" and "COMMA" in p.expected and not p.open,
        "a comma is missing before `{text}`",
        "a statement declares several names with commas between them",
    ),
    Message(
        lambda p: _head(p, *ROLES) and p.kind in CLOSERS | {"COMMA"} and "RANGE" in p.expected,
        "a shape stands behind a colon",
        "write x: [N] for a shape; x[1..T] is a family",
    ),
    Message(
        lambda p: _head(p, *ROLES) and p.before_text == "~",
        "`~` draws from a distribution",
        "~ normal(0, 1) or ~ uniform(0, 1)",
    ),
    Message(
        lambda p: p.kind == "COLON" and p.open and "RSQB" in p.expected,
        "a slice has two bounds and no step",
        "x[first : end]",
    ),
    Message(
        lambda p: _head(p, "op") and p.expected == {"_NL"},
        "a rule stands in the block below its `op`",
        "indent it, in a line of its own",
    ),
    Message(
        lambda p: _head(p, "given") and p.kind in ENDS and "DERIV" in p.expected,
        "`given` names a derivative",
        "write `given dL/dy`",
    ),
    Message(
        lambda p: _head(p, "given") and p.kind == "NAME" and "DERIV" in p.expected,
        "`given` names a derivative",
        "write `given dL/d{text}`",
    ),
    Message(
        lambda p: p.kind == "RANGE" or p.text == "..",
        "a range can't stand here",
        "a slice is x[first : end], its end left out",
    ),
    Message(
        lambda p: p.kind in ENDS,
        "the statement ends too early",
        "{one_of}",
    ),
)

MESSAGES: tuple[Message, ...] = (*BLOCKS, *STARTS, *SIGNS, *LISTED)
