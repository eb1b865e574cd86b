"""Mistakes in how a statement begins."""

from __future__ import annotations

from gradcli.syntax.lalr import load
from gradcli.syntax.mistakes.place import (
    DECLARATIONS,
    ENDS,
    FIRST,
    OPERATORS,
    WORDS,
    Message,
)

KIND = "bad-statement"

MESSAGES = (
    Message(
        "loss = x * x",
        lambda p: p.kind == "EQUAL" and p.words == ("loss",),
        "`loss` is a keyword, and the name of the loss follows it",
        "write `loss L = …`",
    ),
    Message(
        "def = x * x",
        lambda p: p.kind == "EQUAL" and len(p.words) == 1 and p.words[0] in load().keywords,
        "`{before_text}` is a keyword and can't be defined",
        "choose another name",
        FIRST,
    ),
    Message(
        "print(y)",
        lambda p: p.first in WORDS and len(p.words) == 1,
        "`{before_text}` does not begin a statement",
        "{other}",
        FIRST,
    ),
    Message(
        "foo y",
        lambda p: len(p.words) == 1 and p.kind == "NAME" and p.before == "NAME",
        "`{before_text}` does not begin a statement",
        "{holds}",
        FIRST,
    ),
    Message(
        "np.add.at(dC, Xb, g)",
        lambda p: (
            p.derivation
            and p.kind == "DOT"
            and len(p.words) == 1
            and p.after.startswith(("add", "index_add", "scatter_add"))
        ),
        "what is added to rows is a line of its own",
        "dL/dC[i] += g adds row by row",
        FIRST,
        "derivation",
    ),
    Message(
        "2y = x",
        lambda p: not p.words and p.kind == "NUMBER",
        "a number can't begin a statement",
        "a name begins with a letter or _",
    ),
    Message(
        "input",
        lambda p: p.first in DECLARATIONS and len(p.words) == 1 and p.kind not in OPERATORS,
        "`{before_text}` is followed by a name",
        "{declaration}",
    ),
    Message(
        "y := x",
        lambda p: p.kind == "COLON" and p.after.startswith("=") and len(p.words) == 1,
        "`:=` is not a sign of this language",
        "{line}",
    ),
    Message(
        "dW: [3]",
        lambda p: p.derivation and p.kind == "COLON" and len(p.words) == 1,
        "a shape belongs to a model, not to a derivation",
        "{line}",
        file="derivation",
    ),
    Message(
        "x: [3]",
        lambda p: p.kind == "COLON" and len(p.words) == 1,
        "a shape belongs to a declaration",
        "write `input {before_text}: [N]`, `param …` or `const …`",
    ),
    Message(
        "y == x + 1",
        lambda p: p.text == "==" and "=" not in p.words and "EQUAL" in p.expected,
        "`==` compares; an equation is written with `=`",
    ),
    Message(
        "y += x",
        lambda p: p.text in ("+=", "-=") and "=" not in p.words,
        "`{text}` belongs to derivations (.grad files); a model defines each name once",
        "write `=`, with a new name for the new value",
    ),
    Message(
        "x",
        lambda p: p.kind in ENDS and len(p.words) == 1 and "EQUAL" in p.expected,
        "`{before_text}` alone is not a statement",
        "{line}",
        FIRST,
    ),
    Message(
        "y *= 3",
        lambda p: p.kind in OPERATORS and len(p.words) == 1 and p.after.startswith("="),
        "`{text}=` is not a sign of this language",
        "write `=` and the whole expression",
    ),
    Message(
        "x + 1",
        lambda p: p.kind in OPERATORS | {"LPAR", "TRANSPOSE"} and len(p.words) == 1,
        "an expression alone is not a statement",
        "give its value a name: y = …",
        FIRST,
    ),
    Message(
        "= 3",
        lambda p: not p.words and p.kind not in {"NAME", *ENDS},
        "`{text}` does not begin a statement",
        "{holds}",
    ),
)
