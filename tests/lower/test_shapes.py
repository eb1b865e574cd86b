"""Sizes are compared as symbols: a transposed weight is an error in every case."""

from __future__ import annotations

import pytest
from support import messages, program, session, texts

DIMS = "dim H = 4, X = 4, N = 3\ninput x: [X], h: [H], W: [H, X], V: [H, H]\n"


@pytest.mark.parametrize(
    "expression",
    ["x + h", "W @ h", "W.T @ x", "V @ x", "W + V", "W @ x + x", "x.T @ h", "[W; V]", "dot(x, h)"],
)
def test_two_symbols_differ_where_both_are_4(expression: str) -> None:
    assert "though both are 4 here" in messages(DIMS + f"y = {expression}")


@pytest.mark.parametrize("expression", ["W @ x", "W.T @ h", "V @ h", "W @ x + h", "h.T @ W @ x"])
def test_what_fits(expression: str) -> None:
    program(DIMS + f"y = {expression}")


def test_a_number_is_not_a_symbol() -> None:
    assert "different sizes" in messages("dim N = 3\ninput a: [3], b: [N]\ny = a + b")
    program("dim N = 3\ninput a: [3], b: [3]\ny = a + b")


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        ("2*H", "H + H", True),
        ("H + X", "X + H", True),
        ("H*X", "X*H", True),
        ("H^2", "H*H", True),
        ("(H + 1)^2", "H^2 + 2*H + 1", True),
        ("2*H/2", "H", True),
        ("H + X - X", "H", True),
        ("2*H", "H + X", False),
        ("H*X", "H*H", False),
        ("H + 1", "5", False),
        ("H/2", "X/2", False),
    ],
)
def test_sizes_are_expressions(first: str, second: str, equal: bool) -> None:
    text = f"dim H = 4, X = 4\ninput a: [{first}], b: [{second}]\ny = a + b\ngiven dL/dy"
    if equal:
        program(text)
    else:
        assert "error" in messages(text)


def test_a_dim_made_of_others_is_equal_to_them() -> None:
    program("dim H = 4, G = 2*H\ninput a: [G], b: [H + H]\ny = a + b")
    assert "error" in messages("dim H = 4, G = 4\ninput a: [G], b: [H]\ny = a + b")


def test_a_size_that_is_worth_1_is_no_1() -> None:
    """Broadcasting stretches the number 1 alone."""
    assert "error" in messages("dim N = 1, M = 4\ninput a: [N, M], b: [M, M]\ny = a + b")
    program("dim M = 4\ninput a: [1, M], b: [M, M]\ny = a + b\ngiven dL/dy")
    assert "a loss is a scalar" in messages("dim N = 1\ninput a: [N]\nloss y = a * 2")


def test_a_note_says_where_both_sides_are_stretched() -> None:
    def notes(expression: str) -> list[str]:
        text = f"input a: [3], b: [4], W: [3, 4]\ny = {expression}\ngiven dL/dy"
        return [note.message for note in session(text).program.notes]

    assert notes("a + b.T") == ["both sides are stretched: 3×1 and 1×4 give 3×4"]
    assert notes("a * W") == []
    assert notes("W - b.T") == []
    assert notes("W + 1") == []
    assert notes("a[:, None] + b[None, :]") == []


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("x @ W", "did you mean W @ x?"),
        ("W @ h", "did you mean W.T @ h?"),
        ("W * x", "`@` is the matrix product"),
        ("x @ x", "`*` is the elementwise product"),
        ("W + W.T", "did you mean"),
    ],
)
def test_hints(expression: str, hint: str) -> None:
    assert hint in messages(DIMS + f"y = {expression}")


def test_none_is_an_axis_of_size_1() -> None:
    text = """
dim N = 3, M = 2
input x: [N], X: [N, M]
row = x[None, :] * 1
column = x[:, None] * 1
deep = x[None, :, None] * 1
deeper = x[None, None, :] * 1
behind = x[1:, None, None] * 1
between = X[:, None] * 1
last = X[:, ::2, None] * 1
"""
    shapes = {name: texts(shape) for name, shape in program(text).shapes.items()}
    assert shapes["row"] == ["1", "N"]
    assert shapes["column"] == ["N", "1"]
    assert shapes["deep"] == ["1", "N", "1"]
    assert shapes["deeper"] == ["1", "1", "N"]
    assert shapes["behind"] == ["N - 1", "1", "1"]
    assert shapes["between"] == ["N", "1", "M"]
    assert shapes["last"] == ["N", "M/2", "1"]


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("Q @ P.T", "permute(x, (0, 1, 3, 2)) swaps the last two"),
        ("Q @ P", "permute(x, (0, 1, 3, 2)) swaps the last two axes"),
        ("reshape(X, [B, 2, 3])", None),
        ("reshape(X, [B, G, K])", "dim D = G*K"),
        ("reshape(Y, [B, D])", "dim D = G*K"),
        ("reshape(X, [G, B])", None),
        ("P[:, i]", "P.T[i].T takes columns"),
    ],
)
def test_what_nearly_fits_gets_the_nearest_that_does(expression: str, hint: str | None) -> None:
    head = "dim B = 2, D = 6, G = 2, K = 3\ninput Q: [2, 3, 4, 5], P: [2, 3, 4, 5]\n"
    found = messages(f"{head}input X: [B, D], Y: [B, G, K]\nindex i: [B] in 0..2\ny = {expression}")
    assert hint in found if hint else "hint" not in found


def test_the_hint_at_a_reshape_mends_it() -> None:
    head = "dim B = 2, G = 2, K = 3, D = G*K\ninput X: [B, D], Y: [B, G, K]\n"
    program(f"{head}y = reshape(X, [B, G, K]) + reshape(reshape(Y, [B, D]), [B, G, K])")
