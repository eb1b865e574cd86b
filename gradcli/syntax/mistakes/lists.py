"""Mistakes in lists, brackets, shapes and ranges; and at last what is only an early end."""

from __future__ import annotations

from gradcli.syntax.mistakes.place import (
    CLOSERS,
    ENDS,
    FIRST,
    LISTS,
    ROLES,
    Message,
    head,
)

KIND = "bad-list"

MESSAGES = (
    Message(
        "y = [a, b; c]",
        lambda p: p.kind in LISTS and LISTS & p.expected != set() and "RSQB" in p.expected,
        "`,` and `;` can't stand in one pair of brackets",
        "[a; b] stacks blocks, [a, b] makes a column of scalars",
    ),
    Message(
        "y = maximum(a,, b)",
        lambda p: p.before == p.kind == "COMMA",
        "nothing stands between these commas",
    ),
    Message(
        "y = maximum(a, b,)",
        lambda p: p.before in LISTS and p.kind in ENDS | CLOSERS,
        "nothing follows `{before_text}`",
    ),
    Message(
        "y = [] + 1",
        lambda p: (p.before, p.kind) in (("LPAR", "RPAR"), ("LSQB", "RSQB")),
        "these brackets are empty",
    ),
    Message(
        "y = 3,5 + 1",
        lambda p: (p.before, p.kind) == ("NUMBER", "COMMA") and p.touches and p.after[:1].isdigit(),
        "a number has a point, not a comma",
        "write {before_text}.{after}",
    ),
    Message(
        "y = x + 1;",
        lambda p: p.kind in LISTS and not p.open and p.after == "",
        "a statement ends with its line, without `{text}`",
    ),
    Message(
        "w, V = eigh(A)",
        lambda p: p.kind in LISTS and len(p.words) == 1 and p.several is not None,
        "an equation defines one name",
        "{several}",
        FIRST,
    ),
    Message(
        "y = a, b",
        lambda p: p.kind in LISTS and not p.open,
        "`{text}` can't stand here",
        "each equation has a line of its own; [a, b] makes a column of scalars",
    ),
    Message(
        "input x: 3",
        lambda p: head(p, *ROLES) and p.before == "COLON" and p.kind != "LSQB",
        "a shape stands in brackets",
        "write `: [N]` for a column, `: [N, M]` for a matrix",
    ),
    Message(
        "input x: [3] y: [3]",
        lambda p: head(p, *ROLES) and p.kind == "NAME" and "COMMA" in p.expected and not p.open,
        "a comma is missing before `{text}`",
        "a statement declares several names with commas between them",
    ),
    Message(
        "input x [3]",
        lambda p: head(p, *ROLES) and p.kind in CLOSERS | {"COMMA"} and "RANGE" in p.expected,
        "a shape stands behind a colon",
        "write x: [N] for a shape; x[1..T] is a family",
    ),
    Message(
        "param W: [2] ~ 3",
        lambda p: head(p, *ROLES) and p.before_text == "~",
        "`~` draws from a distribution",
        "~ normal(0, 1) or ~ uniform(0, 1)",
    ),
    Message(
        "y = x[0:6:2:1] * 2",
        lambda p: p.kind == "COLON" and p.open and "RSQB" in p.expected,
        "a slice has two bounds and a step",
        "x[first : end : step]",
    ),
    Message(
        "op f(x) = x * 2: dL/dx = dL/dout * 2",
        lambda p: head(p, "op") and p.expected == {"_NL"},
        "a rule stands in the block below its `op`",
        "indent it, in a line of its own",
    ),
    Message(
        "given",
        lambda p: head(p, "given") and p.kind in ENDS and "DERIV" in p.expected,
        "`given` names a derivative",
        "write `given dL/dy`",
    ),
    Message(
        "given y",
        lambda p: head(p, "given") and p.kind == "NAME" and "DERIV" in p.expected,
        "`given` names a derivative",
        "write `given dL/d{text}`",
    ),
    Message(
        "y = x[1..3]",
        lambda p: p.kind == "RANGE" or p.text == "..",
        "a range can't stand here",
        "a slice is x[first : end], its end left out",
    ),
    Message(
        "x[0]",
        lambda p: p.kind in ENDS,
        "the statement ends too early",
        "{one_of}",
    ),
)
