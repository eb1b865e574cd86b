"""Precedence, products, stacking, slicing, comparisons, plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import equations, messages, program, session, squeeze, value

A = np.arange(12.0).reshape(3, 4)
CUBE = np.arange(24.0).reshape(2, 3, 4)


def calculated(expression: str, **data: Any) -> Any:
    """The value of an expression over inputs a, b, c, which are scalars, or as bound."""
    known = {"a": 2, "b": 3, "c": 5, **data}
    declared = ", ".join(f"{n}: [{', '.join(map(str, np.shape(v)))}]" for n, v in known.items())
    return value(f"input {declared}\ny = {expression}\ngiven dL/dy", "y", known)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b * c", 2 + 3 * 5),
        ("a - b - c", 2 - 3 - 5),
        ("a / b / c", 2 / 3 / 5),
        ("a / b * c", 2 / 3 * 5),
        ("-a^2", -(2**2)),
        ("(-a)^2", 4),
        ("a^-2", 2**-2),
        ("a^b^a", 2 ** (3**2)),
        ("a**b", 8),
        ("-a * b", -6),
        ("a * -b", -6),
        ("a - -b", 5),
        ("--a", 2),
        ("+a", 2),
        ("2^-a^2", 2**-4),
        ("a < b", 1),
        ("a > b", 0),
        ("a + 1 == b", 1),
        ("a * b != 6", 0),
        ("a <= b - 1", 1),
        ("-a >= -b", 1),
        ("(a < b) * c", 5),
        ("a ∘ b ⊙ c", 30),
        ("2 * 3 * a", 12),
        ("a^0.5", 2**0.5),
        ("exp(a)^2", np.exp(2) ** 2),
    ],
)
def test_precedence(expression: str, expected: float) -> None:
    assert calculated(expression) == pytest.approx(expected)


def test_comparisons_do_not_chain() -> None:
    assert "error" in messages("input a, b, c\ny = a < b < c")


def test_products_stand_at_one_level_as_in_python() -> None:
    m, n, v = np.array([[1.0, 2], [3, 4]]), np.array([[5.0, 6], [7, 8]]), np.array([[1.0], [2]])
    data = {"m": m, "n": n, "v": v}
    assert calculated("m * n @ v", **data) == squeeze(m * n @ v)
    assert calculated("m / n @ v", **data) == squeeze(m / n @ v)
    assert calculated("m @ v * v", **data) == squeeze(m @ v * v)
    assert calculated("m @ v.T.T", **data) == squeeze(m @ v)
    assert equations("input m: [2, 2], v: [2]\ny = m / m @ v\nz = -m^2")[:2] == [
        "z1 = m / m",
        "y = z1 @ v",
    ]


def test_operands_are_computed_left_to_right_then_the_operation() -> None:
    text = "input a, b, c\ny = exp(a) * (sin(b) + cos(c)) - tan(a)\ngiven dL/dy"
    assert equations(text) == [
        "z1 = exp(a)",
        "z2 = sin(b)",
        "z3 = cos(c)",
        "z4 = z2 + z3",
        "z5 = z1 * z4",
        "z6 = tan(a)",
        "y = z5 - z6",
    ]


def test_a_vector_is_a_column() -> None:
    model = "input x = [1, 2], y = [3, 4]\n"
    assert session(model + "z = x.T\ngiven dL/dz").values["z"].shape == (1, 2)
    found = session(model + "z = x.T @ y")
    assert found.program.loss == "z", "a 1×1 result is a scalar"
    assert squeeze(found.values["z"]) == 11
    assert value(model + "z = (x.T @ y) * x\ngiven dL/dz", "z") == [11, 22]
    assert value(model + "z = xᵀ @ y", "z") == 11


def test_rank_3_follows_numpy() -> None:
    m = np.arange(8.0).reshape(4, 2)
    assert calculated("x @ m", x=CUBE, m=m) == (CUBE @ m).tolist()
    assert calculated("x * m", x=CUBE, m=A) == (CUBE * A).tolist()
    assert calculated("x.T", x=CUBE) == CUBE.T.tolist()


# ── brackets ──


def test_stacking() -> None:
    model = "input a = [1, 2], b = [3, 4, 5], s = 6\n"
    assert value(model + "y = [a; b; s]\ngiven dL/dy", "y") == [1, 2, 3, 4, 5, 6]
    assert value(model + "y = [a; 7; b]\ngiven dL/dy", "y") == [1, 2, 7, 3, 4, 5]
    assert value(model + "y = [s, 2*s, 1]\ngiven dL/dy", "y") == [6, 12, 1]
    assert value(model + "y = [a.T; a.T]\ngiven dL/dy", "y") == [[1, 2], [1, 2]]
    assert value(model + "y = [[s, 1], [2, s]]\ngiven dL/dy", "y") == [[6, 1], [2, 6]]
    assert value(model + "y = [[a; s]; b]\ngiven dL/dy", "y") == [1, 2, 6, 3, 4, 5]
    assert "column of scalars" in messages(model + "y = [a, b]")
    assert "error" in messages(model + "y = [a.T; b.T]")


def test_a_stack_of_symbols_adds_their_sizes() -> None:
    found = program("dim H = 4, X = 3\ninput h: [H], x: [X], W: [H, 2*H + X]\ny = W @ [h; h; x]")
    assert found.shapes["y"][0].text == "H"


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("[1, 2]", A[1, 2]),
        ("[-1, -4]", A[-1, -4]),
        ("[1, :]", A[1:2, :]),
        ("[:, 1]", A[:, 1:2]),
        ("[1]", A[1:2, :]),
        ("[1:3]", A[1:3]),
        ("[:2, 1:]", A[:2, 1:]),
        ("[-2:, :-1]", A[-2:, :-1]),
        ("[0:1, 3:4]", A[0, 3]),
        ("[:, :]", A),
        ("[1:][1, 0]", A[2, 0]),
        (".T[1, 2]", A[2, 1]),
    ],
)
def test_a_slice_of_a_matrix_keeps_its_axes(index: str, expected: Any) -> None:
    found = session(f"input X: [3, 4]\ny = X{index}\ngiven dL/dy", {"X": A})
    wanted = np.asarray(expected)
    assert found.values["y"].shape == (wanted.shape or (1, 1))
    assert squeeze(found.values["y"]) == squeeze(wanted)


def test_one_index_into_a_column_is_a_scalar() -> None:
    assert value("input x = [1, 2, 3]\ny = x[1]", "y") == 2
    assert value("input x = [1, 2, 3]\ny = x[-1]", "y") == 3
    assert value("input x = [1, 2, 3]\ny = x[1:]\ngiven dL/dy", "y") == [2, 3]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("[1]", CUBE[1]),
        ("[:, 1]", CUBE[:, 1]),
        ("[:, :, -1]", CUBE[:, :, -1]),
        ("[0:1]", CUBE[0:1]),
        ("[1, 1:, 2:]", CUBE[1, 1:, 2:]),
        ("[:, 0:2, 1]", CUBE[:, 0:2, 1]),
        ("[1, 2, 3]", CUBE[1, 2, 3]),
    ],
)
def test_an_index_at_rank_3_drops_its_axis(index: str, expected: Any) -> None:
    found = session(f"input X: [2, 3, 4]\ny = X{index}\ngiven dL/dy", {"X": CUBE})
    wanted = np.asarray(expected)
    assert found.values["y"].shape == (wanted.shape or (1, 1))
    assert found.values["y"].tolist() == wanted.reshape(found.values["y"].shape).tolist()


def test_two_indices_at_rank_3_leave_a_column() -> None:
    found = session("input X: [2, 3, 4]\ny = X[1, 2]\ngiven dL/dy", {"X": CUBE})
    assert found.values["y"].shape == (4, 1)
    assert squeeze(found.values["y"]) == CUBE[1, 2].tolist()


def test_bounds_are_expressions_over_sizes() -> None:
    text = "dim N = 3, T = 5\ninput X: [T, 2]\ny = X[T-N : T, :]\ngiven dL/dy"
    assert program(text).shapes["y"][0].text == "N"


@pytest.mark.parametrize(
    "index", ["[3, 0]", "[0, 4]", "[-4, 0]", "[2:1]", "[1:1]", "[0:5]", "[0, 0, 0]", "[0.5]", "[X]"]
)
def test_an_index_out_of_range(index: str) -> None:
    assert "error" in messages(f"input X: [3, 4]\ny = X{index}")


# ── numbers ──


def test_sizes_are_numbers_too() -> None:
    text = "dim N = 4\ninput x: [N]\ny = sum(x) / N + N^2 + 2*N"
    assert value(text, "y", {"x": [1, 2, 3, 4]}) == 2.5 + 16 + 8
    assert equations(text)[-1] == "y = z3 + 2 * N"


def test_numbers_alone_are_computed_at_once() -> None:
    assert equations("input x\ny = (1 + 2) * 3 * x") == ["y = 9 * x"]
    assert equations("input x\ny = sqrt(2) * x") == ["y = sqrt(2) * x"]
    assert value("input x = 1\ny = sqrt(2) * x", "y") == 2**0.5


def test_a_number_that_is_not_finite_is_an_error() -> None:
    for expression in ("1/0", "log(-1)", "10^400", "0^-1"):
        assert "not a finite number" in messages(f"input x\ny = x * ({expression})"), expression


def test_zeros_ones_and_eye_stand_anywhere() -> None:
    text = "dim N = 2\ninput x: [N]\ny = eye(N) @ x + ones(N) - zeros(N, N) @ x\ngiven dL/dy"
    assert value(text, "y", {"x": [1, 2]}) == [2, 3]
    assert value("y = zeros(2, 3)", "y") == [[0, 0, 0], [0, 0, 0]]


def test_a_function_takes_what_it_says() -> None:
    assert "takes one argument" in messages("input x: [2]\ny = exp(x, x)")
    assert "no argument `axes`" in messages("input x: [2]\ny = sum(x, axes=0)")
    assert "did you mean `exp`" in messages("input x: [2]\ny = expp(x)")
    assert "is not a function" in messages("input x: [2]\ny = x(2)")
