"""for, families, sums over a family, locals of a loop."""

from __future__ import annotations

import pytest
from support import equations, messages, program, session, squeeze, value

RNN = """
dim T = 3, H = 2
input h_start: [H], x[1..T]: [H]
const y[1..T]: [H]
param W: [H, H], b: [H]
h[0] = h_start
for t in 1..T:
    h[t] = tanh(W @ h[t-1] + x[t] + b)
loss L = sum(square(h[t] - y[t]) for t in 1..T)
"""


def test_time_is_unrolled() -> None:
    text = RNN.replace("dim T = 3", "dim T = 2").replace(
        "sum(square(h[t] - y[t]) for t in 1..T)", "sum(h[T])"
    )
    assert equations(text) == [
        "h[0] = h_start",
        "z1[1] = W @ h[0]",
        "z2[1] = z1[1] + x[1]",
        "z3[1] = z2[1] + b",
        "h[1] = tanh(z3[1])",
        "z1[2] = W @ h[1]",
        "z2[2] = z1[2] + x[2]",
        "z3[2] = z2[2] + b",
        "h[2] = tanh(z3[2])",
        "L = sum(h[2])",
    ]


def test_a_sum_over_a_family_may_be_of_matrices() -> None:
    model = "input x[1..3]: [2]\ny = sum(x[t] * t for t in 1..3)\ngiven dL/dy"
    assert value(model, "y", {"x[1]": [1, 2], "x[2]": [3, 4], "x[3]": [5, 6]}) == [22, 28]


def test_the_loss_of_the_contract_is_a_scalar() -> None:
    """`loss L = sum(square(h[t] - y[t]) for t in 1..T)`: L is a scalar, though each term is H×1."""
    found = session(RNN)
    h, y = found.values, found.inputs
    expected = sum(((h[f"h[{t}]"] - y[f"y[{t}]"]) ** 2).sum() for t in (1, 2, 3))
    assert squeeze(found.values["L"]) == pytest.approx(expected)


def test_a_sum_stands_inside_an_expression_and_inside_itself() -> None:
    model = "input x[1..2, 1..2]\ny = 2 * sum(sum(x[i, j] * i for i in 1..2) / j for j in 1..2) + 1"
    data = {"x[1, 1]": 1, "x[1, 2]": 2, "x[2, 1]": 3, "x[2, 2]": 4}
    assert value(model, "y", data) == 2 * ((1 + 2 * 3) / 1 + (2 + 2 * 4) / 2) + 1


def test_a_sum_is_a_running_total() -> None:
    """Its operations carry the index, and the same numbers at each; the last total has the name."""
    text = "input x[1..4]\ny = sum(sin(x[t]) * t for t in 1..4)\nz = exp(y) * y"
    assert equations(text) == [
        "z1[1] = sin(x[1])",
        "z2[1] = z1[1] * 1",
        "z1[2] = sin(x[2])",
        "z2[2] = z1[2] * 2",
        "z3[2] = z2[1] + z2[2]",
        "z1[3] = sin(x[3])",
        "z2[3] = z1[3] * 3",
        "z3[3] = z3[2] + z2[3]",
        "z1[4] = sin(x[4])",
        "z2[4] = z1[4] * 4",
        "y = z3[3] + z2[4]",
        "z4 = exp(y)",
        "z = z4 * y",
    ]


def test_a_sum_of_two_terms_leaves_its_number_free() -> None:
    text = "input x[1..2]\ny = sum(x[t] for t in 1..2)\nz = exp(y) * y"
    assert equations(text) == ["y = x[1] + x[2]", "z1 = exp(y)", "z = z1 * y"]


def test_a_sum_of_plain_numbers_takes_no_number() -> None:
    text = "input x\ny = sum(t for t in 1..5) * x\nz = exp(y) * y"
    assert equations(text) == ["y = 15 * x", "z1 = exp(y)", "z = z1 * y"]


def test_a_sum_of_one_term_is_the_term() -> None:
    assert equations("input x[1..1]\ny = sum(x[t] for t in 1..1)") == ["y = x[1]"]


def test_only_some_functions_go_over_a_range() -> None:
    assert "does not go over a range" in messages("input x[1..2]\ny = norm(x[t] for t in 1..2)")


def test_a_loop_variable_is_a_number() -> None:
    assert value("for t in 1..4:\n    a[t] = [t, 1/t, t^2]\ny = a[4]", "y") == [4, 0.25, 16]


def test_bounds_and_indices_are_expressions() -> None:
    text = "dim T = 4, N = 2\ninput x: [T]\nfor t in 0..T-N:\n    w[2*t + 1] = x[t : t+N]\ny = w[2*N + 1]\ngiven dL/dy"
    assert value(text, "y", {"x": [1, 2, 3, 4]}) == [3, 4]


def test_both_ends_are_included() -> None:
    assert program("for t in 2..3:\n    a[t] = [1, t]").families["a"] == ("a[2]", "a[3]")
    assert program("for t in -1..1:\n    a[t] = [1, t]").families["a"] == ("a[-1]", "a[0]", "a[1]")
    assert program("for t in 5..5:\n    a[t] = [1, t]").families["a"] == ("a[5]",)


@pytest.mark.parametrize("interval", ["1..0", "3..1", "T..1", "1..1.5", "1..x"])
def test_an_empty_range_or_a_bound_that_is_no_whole_number(interval: str) -> None:
    assert "error" in messages(f"dim T = 3\ninput x\nfor t in {interval}:\n    a[t] = x * t")
    assert "error" in messages(f"dim T = 3\ninput x\ny = sum(x * t for t in {interval})")


def test_loops_nest_and_families_have_several_indices() -> None:
    text = """
dim L = 2, T = 2, H = 2
input x[1..T]: [H]
param W[1..L]: [H, H]
for t in 1..T:
    h[0, t] = x[t]
for l in 1..L:
    for t in 1..T:
        h[l, t] = W[l] @ h[l-1, t]
given dL/dh[L, T]
"""
    assert equations(text)[2:] == [
        "h[1, 1] = W[1] @ h[0, 1]",
        "h[1, 2] = W[1] @ h[0, 2]",
        "h[2, 1] = W[2] @ h[1, 1]",
        "h[2, 2] = W[2] @ h[1, 2]",
    ]


def test_inner_names_carry_every_index() -> None:
    text = "input x: [2]\nfor i in 1..2:\n    for j in 3..3:\n        a = exp(x) * i\n        b[i, j] = a + j"
    assert equations(text)[:3] == [
        "z1[1, 3] = exp(x)",
        "a[1, 3] = z1[1, 3] * 1",
        "b[1, 3] = a[1, 3] + 3",
    ]


def test_a_plain_name_is_local_to_its_iteration() -> None:
    text = "input x: [2]\nfor t in 1..2:\n    a = x * t\n    b[t] = a + 1\n"
    assert equations(text) == ["a[1] = x * 1", "b[1] = a[1] + 1", "a[2] = x * 2", "b[2] = a[2] + 1"]
    assert "`a` is not defined" in messages(text + "y = a")
    assert "`t` is not defined" in messages(text + "y = x * t")
    assert "`a` is not defined" in messages(
        "input x\nfor t in 1..2:\n    b[t] = a + 1\n    a = x * t\n"
    )


def test_a_second_loop_may_use_the_names_again() -> None:
    text = "input x: [2]\nfor t in 1..2:\n    a = x * t\n    b[t] = a + 1\n"
    names = [
        line.split(" = ")[0] for line in equations(text + text.split("\n", 1)[1].replace("b", "c"))
    ]
    assert len(set(names)) == len(names) == 8
    assert {"b[1]", "b[2]", "c[1]", "c[2]"} <= set(names)


def test_the_same_brackets_slice_an_array() -> None:
    text = "input x: [4], f[1..2]: [4]\ny = x[1:3] + f[2][1:3]\ngiven dL/dy"
    assert equations(text) == ["z1 = x[1:3, :]", "z2 = f[2][1:3, :]", "y = z1 + z2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y = f[3] * 2", "f[1] to f[2] are defined"),
        ("y = f[0] * 2", "f[1] to f[2] are defined"),
        ("y = f * 2", "is a family"),
        ("y = f[1, 2] * 2", "1 index"),
        ("y = f[1:2] * 2", "names one member"),
        ("x[1] = f[1]", "x is an array"),
        ("for x in 1..2:\n    y[x] = f[x]", "already defined"),
        ("for t in 1..2:\n    y[1] = f[t]", "`y[1]` is already defined"),
        ("for t in 1..2:\n    x = f[t]", "already defined"),
    ],
)
def test_families_that_are_wrong(text: str, message: str) -> None:
    assert message in messages(f"input x: [2], f[1..2]: [2]\n{text}\n")


def test_only_equations_and_loops_stand_in_a_loop() -> None:
    for statement in (
        "input q",
        "dim Q = 2",
        "loss L = x",
        "given dL/dx",
        "def f(a) = a",
        "layout numerator",
    ):
        assert "error" in messages(f"input x\nfor t in 1..2:\n    a[t] = x\n    {statement}\n"), (
            statement
        )


def test_a_recurrence_of_thousands_of_steps() -> None:
    before, after = (len(program(RNN.replace("T = 3", f"T = {n}")).steps) for n in (100, 3000))
    assert (after - before) % (3000 - 100) == 0


def test_too_much_unrolling_is_an_error_at_once() -> None:
    assert "unroll" in messages("input x\nfor t in 1..1000000000:\n    a[t] = x * t\n")
    deep = "input x\n" + "".join(f"{'  ' * i}for t{i} in 1..10:\n" for i in range(9))
    assert "unroll" in messages(deep + "  " * 9 + "a = exp(x)\n")
