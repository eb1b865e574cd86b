"""Mistakes in the heads and blocks of `for`, `def` and `op`."""

from __future__ import annotations

from gradcli.syntax.mistakes.place import (
    DECLARATIONS,
    ENDS,
    FIRST,
    OPERATORS,
    RANGE,
    Message,
    head,
)

KIND = "bad-block"
IN_BOTH = ("layout", "for", "def")  # heads of models and of derivations
OF_MODELS = {*DECLARATIONS, "given", "assume"}.difference(IN_BOTH)

MESSAGES = (
    Message(
        "input x: [3]",
        lambda p: (
            p.derivation and "EQUAL" not in p.kinds and (p.first.split() or [""])[-1] in OF_MODELS
        ),
        "`{first}` belongs to a model, not to a derivation",
        "{holds}",
        FIRST,
        "derivation",
    ),
    Message(
        "    a",
        lambda p: p.kind == "_INDENT",
        "this line is indented, but no block begins above it",
        "only the lines below a `for`, `def` or `op` head that ends in `:` are indented",
    ),
    Message(
        "op f(x):\n    return x",
        lambda p: p.kind == "_DEDENT" and "DERIV" in p.expected,
        "an op ends in its rule",
        "below `return` stand dL/dx = …, one line for each parameter",
    ),
    Message(
        "op f(x):\n    y = x\n    dL/dx = dL/dout",
        lambda p: not p.words and p.kind == "DERIV" and "RETURN" in p.expected,
        "a derivative stands behind the `return` of an op, in its rule",
        "op f(x) = expression: has its rule right below, and so has the line return y",
    ),
    Message(
        "def f(x):",
        lambda p: "_INDENT" in p.expected and p.kind != "_NL",
        "a block belongs below this line",
        "indent the lines of the block",
    ),
    Message(
        "def f(x):\n    y = x",
        lambda p: p.kind == "_DEDENT" and "RETURN" in p.expected,
        "this definition ends without `return`",
        "its last line is `return expression`",
    ),
    Message(
        "def f(x):\n    return x + 1\n    y = x",
        lambda p: p.expected == {"_DEDENT"},
        "nothing follows `return` in its block",
        "`return expression` is a definition's last line",
        FIRST,
    ),
    Message(
        "def f(x):\n    y = x\n    return",
        lambda p: p.before == "RETURN" and p.kind in ENDS,
        "nothing follows `return`",
        "write `return expression`",
    ),
    Message(
        "return y",
        lambda p: p.first == "return" and "RETURN" not in p.kinds[1:] and len(p.words) <= 1,
        "`return` stands only at the end of a `def` block",
        None,
        FIRST,
    ),
    Message(
        "for t = 1..3:",
        lambda p: head(p, "for") and (p.kind == "EQUAL" or "IN" in p.expected),
        "a `for` line names its variable and its range",
        "for t in 1..T:",
    ),
    Message(
        "for t in 1..3",
        lambda p: head(p, "for") and "COLON" in p.expected and (p.kind in ENDS or ".." in p.words),
        "a `for` line ends in `:`",
        "for t in 1..T:",
    ),
    Message(
        "for t in x:",
        lambda p: {"for", "in"} <= {*p.words} and ".." not in p.words and p.kind not in OPERATORS,
        "a range is written first..last",
        "1..T counts from 1 to T, both included",
        RANGE,
    ),
    Message(
        "op f(x) = x * 2",
        lambda p: head(p, "op") and p.kind in ENDS and "COLON" in p.expected,
        "an `op` states its rule in a block below",
        "op f(x) = expression:",
    ),
    Message(
        "def f(x)",
        lambda p: head(p, "def", "op") and "COLON" in p.expected and p.kind in ENDS,
        "a `{words[0]}` line goes on with `=` or `:`",
        "def f(x) = expression, or a block below `def f(x):`",
    ),
    Message(
        "def f() = 3",
        lambda p: head(p, "def", "op") and p.before == "LPAR" and len(p.words) == 3,
        "a definition names its parameters",
        "def f(x) = expression; a value without parameters is an equation",
    ),
    Message(
        "def f = x",
        lambda p: head(p, "def", "op") and "LPAR" in p.expected and len(p.words) == 2,
        "a definition names its parameters in brackets",
        "def {before_text}(x) = expression",
    ),
)
