"""What is said of a token that no rule allows where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gradcli.syntax.lexer import END, Token
from gradcli.syntax.table import load

OPERATORS = {"ADD", "MULTIPLY", "POWER", "COMPARISON"}
OPERANDS = {"NAME", "NUMBER", "DERIV", "STRING"}
ENDS = {"_NL", END}
CLOSERS = {"RPAR", "RSQB"}


class Place(NamedTuple):
    """The token that does not fit, the one before it, and all of the statement up to it."""

    kind: str
    text: str
    before: str
    before_text: str
    words: tuple[str, ...]
    expected: frozenset[str]


class Message(NamedTuple):
    """When it applies, the message and the hint; both are formatted with the place's fields."""

    applies: Callable[[Place], bool]
    message: str
    hint: str | None


def _head(*words: str) -> Callable[[Place], bool]:
    return lambda p: bool(p.words) and p.words[0] in words


# The first that applies is shown.
MESSAGES: tuple[Message, ...] = (
    Message(
        lambda p: p.kind == "_INDENT",
        "this line is indented, but no block begins above it",
        "only the lines below a `for`, `def` or `op` head that ends in `:` are indented",
    ),
    Message(
        lambda p: p.before == "_INDENT" and p.kind == "_DEDENT",
        "this block is empty",
        None,
    ),
    Message(
        lambda p: "_INDENT" in p.expected,
        "a block belongs below this line",
        "indent the lines of the block",
    ),
    Message(
        lambda p: p.kind == "_DEDENT" and "RETURN" in p.expected,
        "this definition ends without `return`",
        "its last line is `return expression`",
    ),
    Message(
        lambda p: p.kind == "RETURN",
        "`return` stands only at the end of a `def` block",
        None,
    ),
    Message(
        lambda p: p.kind == "EQUAL" and p.words[:1] == ("loss",) and len(p.words) == 1,
        "`loss` is a keyword, and the name of the loss follows it",
        "write `loss L = …`",
    ),
    Message(
        lambda p: p.kind == "EQUAL" and len(p.words) == 1 and p.words[0] in load().keywords,
        "`{before_text}` is a keyword and can't be defined",
        "choose another name",
    ),
    Message(
        lambda p: p.text == "=" and "COMPARISON" in p.expected and "=" in p.words,
        "a second `=` in one statement",
        "`==` compares",
    ),
    Message(
        lambda p: p.kind == "EQUAL" and "COMPARISON" in p.expected,
        "`=` can't stand here",
        "`==` compares; an equation has one name on its left",
    ),
    Message(
        lambda p: p.text == "+=" and "=" not in p.words,
        "`+=` belongs to derivations (.grad files); a model defines each name once",
        "write `=`, with a new name for the new value",
    ),
    Message(
        lambda p: p.kind == "COMPARISON" and "COMPARISON" not in p.expected and "ADD" in p.expected,
        "comparisons do not chain",
        "multiply two masks: (a < b) * (b < c)",
    ),
    Message(
        lambda p: p.before == "NUMBER" and p.kind in ("NAME", "LPAR", "DERIV"),
        "an operation is missing between `{before_text}` and `{text}`",
        "write `{before_text} * {text}`",
    ),
    Message(
        lambda p: p.before == "NUMBER" and p.kind == "NUMBER",
        "a number can't follow a number",
        None,
    ),
    Message(
        lambda p: (
            (p.before in OPERANDS or p.before in CLOSERS or p.before == "TRANSPOSE")
            and (p.kind in OPERANDS or p.kind == "LPAR")
            and "ADD" in p.expected
        ),
        "an operation is missing between `{before_text}` and `{text}`",
        "`@` is the matrix product, `*` the elementwise one",
    ),
    Message(
        lambda p: p.before in OPERATORS and p.kind in ENDS | CLOSERS | {"COMMA"},
        "nothing follows `{before_text}`",
        "brackets carry an expression over a line end",
    ),
    Message(
        lambda p: p.before in OPERATORS and p.kind in OPERATORS,
        "`{text}` can't follow `{before_text}`",
        None,
    ),
    Message(
        lambda p: p.before == "EQUAL" and p.kind in ENDS,
        "nothing follows `=`",
        "brackets carry an expression over a line end",
    ),
    Message(
        lambda p: _head("for")(p) and p.expected == {"COLON"},
        "a `for` line ends in `:`",
        "for t in 1..T:",
    ),
    Message(
        lambda p: _head("def", "op")(p) and "COLON" in p.expected and p.kind in ENDS,
        "a `{words[0]}` line goes on with `=` or `:`",
        "def f(x) = expression, or a block below `def f(x):`",
    ),
    Message(
        lambda p: p.kind in ENDS and "COMPARISON" in p.expected and _head("for")(p),
        "a range is written first..last",
        "for t in 1..T:",
    ),
    Message(
        lambda p: p.words[:1] == ("op",) and p.kind in ENDS and "COLON" in p.expected,
        "an `op` states its rule in a block below",
        "op f(x) = expression:",
    ),
    Message(
        lambda p: p.kind in ENDS and len(p.words) == 1 and "EQUAL" in p.expected,
        "`{before_text}` alone is not a statement",
        "an equation is written name = expression",
    ),
    Message(
        lambda p: len(p.words) == 1 and p.kind == "NAME" and p.before == "NAME",
        "`{before_text}` does not begin a statement",
        "a file holds dim, input, param, const, def, op, for, loss, given, layout and equations",
    ),
    Message(
        lambda p: p.kind == "COLON" and len(p.words) == 1,
        "a shape belongs to a declaration",
        "write `input {before_text}: [N]`, `param …` or `const …`",
    ),
    Message(
        lambda p: p.kind in ("SEMICOLON", "COMMA") and {"SEMICOLON", "COMMA"} & p.expected != set()
        and "RSQB" in p.expected,
        "`,` and `;` can't stand in one pair of brackets",
        "[a; b] stacks blocks, [a, b] makes a column of scalars",
    ),
    Message(lambda p: p.kind in ENDS, "the statement ends too early", None),
)


def explain(read: list[Token], expected: frozenset[str]) -> tuple[str, str | None]:
    """The message and the hint for the last token read."""
    kind, text, _ = read[-1]
    before, before_text = (read[-2][0], read[-2][1]) if len(read) > 1 else ("", "")
    words = tuple(t[1] for t in read[:-1] if t[0] not in ("_INDENT", "_DEDENT", "_NL"))
    place = Place(kind, text, before, before_text, words, expected)
    fields = place._asdict()
    for message in MESSAGES:
        if message.applies(place):
            hint = message.hint and message.hint.format(**fields)
            return message.message.format(**fields), hint
    what = f"`{text}`" if kind not in ENDS else "the end of the line"
    return f"unexpected {what}", _one_of(expected)


def _one_of(expected: frozenset[str]) -> str | None:
    """What may stand there, where that is little enough to say."""
    spelling = load().spelling
    shown = sorted(spelling.get(kind, kind.lower()) for kind in expected)
    if not 0 < len(shown) <= 3 or any(name.startswith("_") for name in shown):
        return None
    return f"expected {' or '.join(shown)}"
