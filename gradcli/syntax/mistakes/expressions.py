"""Mistakes between the words of an expression."""

from __future__ import annotations

from gradcli.syntax.mistakes.place import (
    BEFORE,
    CLOSERS,
    ENDS,
    LISTS,
    OPERANDS,
    OPERATORS,
    OVER_LINES,
    PAST_HEAD,
    PRODUCTS,
    ROLES,
    WORDS,
    Message,
    after_operand,
    behind_operand,
    head,
)

KIND = "bad-expression"

MESSAGES = (
    Message(
        "y = z = a",
        lambda p: p.text == "=" and behind_operand(p) and "=" in p.words,
        "a second `=` in one statement",
        "`==` compares; each equation has a line of its own",
    ),
    Message(
        "def f(x):\n    return x = 3",
        lambda p: p.kind == "EQUAL" and behind_operand(p),
        "`=` can't stand here",
        "`==` compares; an equation has one name on its left",
    ),
    Message(
        "y = where(0 < a < b, a, b)",
        lambda p: p.kind == "COMPARISON" and "COMPARISON" not in p.expected and "ADD" in p.expected,
        "comparisons do not chain",
        "multiply two masks: (a < b) * (b < c)",
    ),
    Message(
        "param W: [H, X], U: [H H], b: [H]",
        lambda p: (
            head(p, *ROLES)
            and p.open
            and "COLON" in p.kinds
            and p.before in OPERANDS
            and p.kind in OPERANDS
        ),
        "a comma is missing between `{before_text}` and `{text}`",
        "a shape is written [N, M]",
    ),
    Message(
        "input x: [N], y: [M, w: [M]",
        lambda p: head(p, *ROLES) and p.open and p.kind == "COLON",
        "a bracket is not closed before this `:`",
        "a declaration is written x: [N, M]",
    ),
    Message(
        "for t in 1..:",
        lambda p: p.before == "RANGE" and p.kind not in OPERANDS,
        "nothing follows `..`",
        "1..T counts from 1 to T, both included",
    ),
    Message(
        "def f(x:",
        lambda p: head(p, "def", "op") and "RPAR" in p.expected and p.kind in PAST_HEAD,
        "the bracket behind the parameters is not closed",
        "def f(x, y) = expression",
    ),
    Message(
        "y = a if a > b else b",
        lambda p: behind_operand(p) and p.text in WORDS,
        "`{text}` is not an operation here",
        "{other}",
    ),
    Message(
        "f = lambda x: x",
        lambda p: after_operand(p) and p.before_text in WORDS,
        "`{before_text}` is not an operation here",
        "{other}",
        BEFORE,
    ),
    Message(
        "y = a z = a",
        lambda p: (
            after_operand(p)
            and p.kind == "NAME"
            and p.after.lstrip().startswith("=")
            and not p.after.lstrip().startswith("==")
            and not p.open
        ),
        "a second equation in one line",
        "each equation has a line of its own",
    ),
    Message(
        "y = 1_000 * x",
        lambda p: p.before == "NUMBER" and p.touches and p.text.startswith("_"),
        "a number has digits only",
        "write its digits together, without _",
    ),
    Message(
        "y = 0xff * x",
        lambda p: p.before_text == "0" and p.touches and p.text[0] in "xXbBoO" and len(p.text) > 1,
        "a number has decimal digits only",
    ),
    Message(
        "k = 2h",
        lambda p: p.before == "NUMBER" and p.kind in ("NAME", "LPAR", "DERIV"),
        "an operation is missing between `{before_text}` and `{text}`",
        "write `{before_text} * {text}`",
    ),
    Message(
        "y = 3 4",
        lambda p: p.before == "NUMBER" and p.kind == "NUMBER",
        "a number can't follow a number",
    ),
    Message(
        "y = x.T() @ x",
        lambda p: p.before == "TRANSPOSE" and p.kind == "LPAR",
        "a transpose is x.T, without brackets behind it",
    ),
    Message(
        "z = a b",
        lambda p: after_operand(p) and (p.kind in OPERANDS or p.kind == "LPAR"),
        "an operation is missing between `{before_text}` and `{text}`",
        PRODUCTS,
    ),
    Message(
        "z = a +",
        lambda p: p.before in OPERATORS and p.kind in ENDS,
        "nothing follows `{before_text}`",
        OVER_LINES,
    ),
    Message(
        "y = (a + )",
        lambda p: p.before in OPERATORS and p.kind in CLOSERS | LISTS,
        "nothing follows `{before_text}`",
    ),
    Message(
        "y = x // 2",
        lambda p: p.before == p.kind == "MULTIPLY" and p.before_text == p.text == "/",
        "`/` divides; there is no whole division",
        "a comment begins with #",
    ),
    Message(
        "z = y +* b",
        lambda p: p.before in OPERATORS and p.kind in OPERATORS,
        "`{text}` can't follow `{before_text}`",
    ),
    Message(
        "y =",
        lambda p: p.before == "EQUAL" and p.kind in ENDS,
        "nothing follows `=`",
        OVER_LINES,
    ),
    Message(
        "dim N = , M = 3",
        lambda p: p.before == "EQUAL" and p.kind in LISTS,
        "nothing follows `=`",
    ),
    Message(
        "y = *",
        lambda p: p.kind in OPERATORS and p.before in {"EQUAL", "LPAR", "LSQB", *LISTS},
        "nothing stands before `{text}`",
    ),
    Message(
        'y = "x"',
        lambda p: p.kind == "STRING",
        "a text can't stand here",
        'texts belong to file("w.npy") and einsum("ij,jk->ik", A, B)',
    ),
)
