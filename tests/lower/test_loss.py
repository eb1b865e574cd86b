"""loss, given, both, neither."""

from __future__ import annotations

import numpy as np
import pytest
from support import backward, gradient, messages, program, session, squeeze

X = "input x = [1, 2]\n"


def test_a_loss_is_differentiated_with_1() -> None:
    assert gradient(X + "loss L = sum(x * 3)", "x") == [3, 3]
    assert gradient(X + "y = sum(x * 3)\nz = x * 2\nloss y", "x") == [3, 3]


def test_a_loss_is_a_scalar_and_only_one() -> None:
    assert "a loss is a scalar" in messages(X + "loss L = x * 2")
    assert "second loss" in messages(X + "loss L = sum(x)\nloss M = sum(x)")


def test_a_loss_that_is_a_member() -> None:
    assert gradient(X + "L[1] = sum(x)\nL[2] = L[1] * 2\nloss L[2]", "x") == [2, 2]


def test_what_is_given() -> None:
    assert gradient(X + "y = x * 3\ngiven dL/dy = [5, 6]", "x") == [15, 18]
    assert gradient(X + "y = x * 3\nz = x * 2\ngiven dL/dy = [5, 6], dL/dz = [1, 1]", "x") == [
        17,
        20,
    ]
    assert gradient(X + "y = sum(x)\ngiven dL/dy = 7", "x") == [7, 7]


def test_a_given_value_is_in_the_variables_own_shape() -> None:
    for layout in ("numerator", "denominator"):
        found = session(f"layout {layout}\n{X}y = x * 3\ngiven dL/dy = [5, 6]")
        assert squeeze(found.backward.totals["x"]) == [15, 18]
    assert "own shape" in messages(X + "y = x * 3\ngiven dL/dy = [[5, 6]]")


def test_a_whole_family_is_given_or_a_member() -> None:
    loop = X + "for t in 1..2:\n    O[t] = x * t\n"
    assert [item.name for item in program(loop + "given dL/dO").given] == ["O[1]", "O[2]"]
    assert [item.name for item in program(loop + "given dL/dO[2]").given] == ["O[2]"]
    assert gradient(loop + "given dL/dO = [1, 1]", "x") == [3, 3]


def test_given_values_are_drawn_each_for_itself() -> None:
    found = session("input x: [50]\ny = x * 2\nz = x * 3\ngiven dL/dy, dL/dz ~ uniform(5, 6)")
    assert not np.array_equal(found.given["y"], found.given["z"])
    assert found.given["z"].min() >= 5


def test_a_given_draw_is_independent_of_all_else() -> None:
    one = session("input x: [3]\ny = x * 2\ngiven dL/dy")
    two = session("input q, x: [3]\ny = x * q\nz = exp(y)\ngiven dL/dy, dL/dz")
    np.testing.assert_array_equal(one.given["y"], two.given["y"])


def test_loss_and_given_add_up() -> None:
    text = X + "y = x * 3\nloss L = sum(y)\ngiven dL/dy = [10, 20]"
    assert gradient(text, "x") == [33, 63]
    assert backward(text) == ["dL/dy += broadcast(dL/dL, [1, 2])", "dL/dx = dL/dy * 3"]
    assert gradient(X + "loss L = sum(x)\ngiven dL/dL = 5", "x") == [6, 6]


def test_a_given_derivative_counts_as_the_first() -> None:
    assert backward(X + "y = x * 3\nz = exp(y)\ngiven dL/dz, dL/dy") == [
        "dL/dy += dL/dz * z.T",
        "dL/dx = dL/dy * 3",
    ]


def test_neither_and_a_single_scalar() -> None:
    found = session(X + "y = exp(x)\nL = sum(y)")
    assert found.program.loss == "L"
    assert any("L is taken as the loss" in note.message for note in found.program.notes)


def test_neither_and_several_results() -> None:
    found = session(X + "y = exp(x)\nz = sum(y)\nw = sum(x)")
    assert found.program.loss is None
    assert [item.name for item in found.program.given] == ["z", "w"]
    assert any("dL/dz, dL/dw" in note.message for note in found.program.notes)
    assert [item.name for item in session(X + "y = exp(x)").program.given] == ["y"]


@pytest.mark.parametrize(
    "statement",
    [
        "given dL/dx",
        "given dL/dq",
        "given dL/dy, dL/dy",
        "loss q",
        "loss x",
        "given dL/dy = 3",
        "given dL/dO[1]",
    ],
)
def test_what_is_wrong(statement: str) -> None:
    assert "error" in messages(X + f"y = x * 3\n{statement}\n")


def test_given_may_stand_before_what_it_names() -> None:
    assert gradient(X + "given dL/dy = [1, 1]\ny = x * 3", "x") == [3, 3]
