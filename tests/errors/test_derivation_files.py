"""Mistakes of syntax in a derivation file: what is said, and where."""

from __future__ import annotations

import pytest

from gradcli.syntax import read, read_source

MISTAKES = [
    ("dL/dy =", 8, "nothing follows `=`"),
    ("dL/dy = dL/dz *", 16, "nothing follows `*`"),
    ("input x: [4]", 1, "`input` belongs to a model, not to a derivation"),
    ("op f(x) = x:\n    dL/dx = 3", 1, "`op` belongs to a model, not to a derivation"),
    ("for t in 1..3", 14, "a `for` line ends in `:`"),
    ("dL/dx = ?3", 10, "unexpected `3`"),
    ("dL/dW", 1, "`dL/dW` alone is not a statement"),
    ("dL/dx == dL/dz @ W", 7, "`==` compares"),
    ("dL/dx *= 3", 7, "`*=` is not a sign of this language"),
    ("dL/dx := 3", 7, "`:=` is not a sign of this language"),
    ("dL/dx[0 = 3", 6, "the bracket `[` opened in line 1 is never closed"),
    ("dL/dx = (dL/dy", 9, "the bracket `(` opened in line 1 is never closed"),
    ("dL/dx = dL/dy'", 14, "unexpected character `'`"),
    ("dL/dx = 2 dL/dy", 11, "an operation is missing between `2` and `dL/dy`"),
    ("∂x = 3", 1, "unexpected character `∂`"),
    ("∇ = 3", 1, "unexpected character `∇`"),
    ("  dL/dx = 3", 3, "this line is indented"),
    ("dL/dx = dL/dy = 3", 15, "a second `=` in one statement"),
]


@pytest.mark.parametrize(("line", "column", "message"), MISTAKES)
def test_a_mistake(line, column, message):
    parsed = read(
        read_source("mine.grad", f"dL/da = 1\n{line}\ndL/db += 1\n".encode()), "derivation"
    )
    (error,) = parsed.errors
    assert error.span is not None
    assert error.message.replace("line 2", "line 1").startswith(message)
    assert parsed.source.place(error.span.start) == (2, column)
    assert [step.name.text for step in parsed.statements] == ["a", "b"]
