"""def and op."""

from __future__ import annotations

import pytest
from support import (
    assert_close,
    backward,
    complex_step,
    equations,
    gradient,
    messages,
    session,
    squeeze,
    value,
)

AFFINE = "def affine(W, x, b) = W @ x + b\n"


def test_a_definition_is_expanded_where_it_is_used() -> None:
    text = AFFINE + "input W: [2, 3], x: [3], b: [2]\ny = tanh(affine(W, 2 * x, b))"
    assert equations(text) == ["z1 = 2 * x", "z2 = W @ z1", "z3 = z2 + b", "y = tanh(z3)"]


def test_the_last_operation_carries_the_name_on_the_left() -> None:
    assert equations(AFFINE + "input W: [2, 3], x: [3], b: [2]\ny = affine(W, x, b)") == [
        "z1 = W @ x",
        "y = z1 + b",
    ]


def test_a_block_and_its_inner_names() -> None:
    text = """
input W1: [4, 3], b1: [4], W2: [2, 4], b2: [2], x: [3]
def affine(W, x, b) = W @ x + b
def mlp(x):
    z = relu(affine(W1, x, b1))
    return affine(W2, z, b2)
z = mlp(x)
w = mlp(2 * x)
given dL/dz, dL/dw
"""
    assert equations(text) == [
        "z1 = W1 @ x",
        "z2 = z1 + b1",
        "z3 = relu(z2)",
        "z4 = W2 @ z3",
        "z = z4 + b2",
        "z5 = 2 * x",
        "z6 = W1 @ z5",
        "z7 = z6 + b1",
        "z8 = relu(z7)",
        "z9 = W2 @ z8",
        "w = z9 + b2",
    ]


def test_a_parameter_hides_a_name_of_the_file() -> None:
    assert value("x = [1, 2]\na = [5, 6]\ndef f(x) = x * 2\ny = f(a)", "y") == [10, 12]


def test_inner_names_are_not_seen_outside() -> None:
    text = "def f(x):\n    a = x * 2\n    return a + 1\n"
    assert "`a` is not defined" in messages("input b\n" + text + "y = f(b) + a")
    assert value(text + "a = [7, 8]\ny = f([1, 2])", "y") == [3, 5]


def test_a_definition_sees_the_file_not_its_caller() -> None:
    text = "def f(x) = x * k\nfor t in 1..2:\n    k = [1, t]\n    y[t] = f(k)\n"
    assert "`k` is not defined" in messages(text)


def test_a_parameter_that_is_the_result() -> None:
    assert value("def f(x) = x\ny = f([1, 2])", "y") == [1, 2]


def test_a_number_as_an_argument() -> None:
    assert equations("def f(x, n) = x^n / n\ninput a\ny = f(a, 3)") == ["z1 = a^3", "y = z1 / 3"]


def test_a_loop_inside_a_definition() -> None:
    text = """
def power(x):
    p[0] = x
    for t in 1..3:
        p[t] = p[t-1] * x
    return p[3]
input a = 2
y = power(a)
"""
    assert value(text, "y") == 16
    assert gradient(text, "a") == 4 * 2**3


def test_a_loop_inside_a_definition_has_names_of_its_own_in_every_call() -> None:
    found = session("""
def f(x):
    h[0] = x
    for t in 1..2:
        a = sin(h[t-1])
        h[t] = a * x
    return h[2]
input u = 0.5, v = 2
loss y = f(u) + f(3 * v)
""")
    assert [step.text for step in found.program.steps] == [
        "z1[1] = sin(u)",
        "z2[1] = z1[1] * u",
        "z1[2] = sin(z2[1])",
        "z2[2] = z1[2] * u",
        "z3 = 3 * v",
        "z4[1] = sin(z3)",
        "z5[1] = z4[1] * z3",
        "z4[2] = sin(z5[1])",
        "z5[2] = z4[2] * z3",
        "y = z2[2] + z5[2]",
    ]
    for name in ("u", "v"):
        assert_close(found.backward.totals[name], complex_step(found, name))


@pytest.mark.parametrize(
    "text",
    [
        "def f(x) = f(x)\ny = f([1, 2])",
        "def f(x):\n    a = f(x)\n    return a\ny = f([1, 2])",
        "def f(x) = g(x)\ndef g(x) = f(x)\ny = f([1, 2])",
        "def f(x) = sum(f(x) for t in 1..2)\ny = f([1, 2])",
    ],
)
def test_a_definition_that_calls_itself_is_an_error(text: str) -> None:
    assert "error" in messages(text)


@pytest.mark.parametrize(
    "text",
    [
        "def f(x, x) = x\ny = f(1, 2)",
        "def exp(x) = x\ny = exp([1, 2])",
        "def f(x) = x * 2\ny = f([1, 2], 3)",
        "def f(x) = x * 2\ny = f\n",
        "def f(x) = x * 2\ny = f(x=[1, 2])",
        "def f(x) = x * 2\ndef f(x) = x * 3\ny = f([1, 2])",
    ],
)
def test_definitions_that_are_wrong(text: str) -> None:
    assert "error" in messages(text)


# ── op ──

CLIPPED = """
op clipped(x) = minimum(maximum(x, -1), 1):
    dL/dx = dL/dout * (abs(x) < 1).T
"""


def test_an_op_is_one_operation_in_both_listings() -> None:
    text = CLIPPED + "input a: [3]\ny = clipped(2 * a)\ngiven dL/dy"
    assert equations(text) == ["z1 = 2 * a", "y = clipped(z1)"]
    assert backward(text)[0] == "dL/dz1 = dL/dy * (abs(z1) < 1).T"
    assert (
        backward("layout denominator\n" + text.replace(".T", ""))[0]
        == "dL/dz1 = dL/dy * (abs(z1) < 1)"
    )


def test_the_stated_rule_is_in_the_files_layout() -> None:
    text = CLIPPED + "input a = [0.5, 2, -3]\ny = clipped(a)\ngiven dL/dy = [5, 6, 7]"
    assert gradient(text, "a") == [5, 0, 0]
    assert backward(text, layout="denominator") == ["dL/da = dL/dy * (abs(a) < 1)"]


def test_the_stated_rule_is_used_even_where_it_is_wrong() -> None:
    text = "op double(x) = 2 * x:\n    dL/dx = dL/dout * 3\ninput a = 5\ny = double(a)"
    assert value(text, "y") == 10
    assert gradient(text, "a") == 3


def test_a_rule_may_use_out_and_names_of_its_own() -> None:
    text = """
op soft(x) = exp(x) / sum(exp(x)):
    s = dL/dout * out.T
    dL/dx = s - sum(s) * out.T
input a = [1, 2, 3]
y = soft(a)
z = softmax(a)
given dL/dy = [1, 5, 2]
"""
    found = session(text)
    other = session("input a = [1, 2, 3]\ny = softmax(a)\ngiven dL/dy = [1, 5, 2]")
    assert squeeze(found.backward.totals["a"]) == pytest.approx(squeeze(other.backward.totals["a"]))


def test_an_op_of_several_parameters_and_shapes() -> None:
    text = """
op affine(W, x, b) = W @ x + b:
    dL/dW = x @ dL/dout
    dL/dx = dL/dout @ W
    dL/db = dL/dout
input W: [2, 3], V: [4, 2], x: [3], b: [2], c: [4]
y = affine(V, affine(W, x, b), c)
given dL/dy
"""
    plain = text.replace("op affine(W, x, b) = W @ x + b:", "def affine(W, x, b) = W @ x + b")
    plain = "\n".join(line for line in plain.splitlines() if not line.startswith("    "))
    found, other = session(text), session(plain)
    for name in ("W", "V", "x", "b", "c"):
        assert_close(found.backward.totals[name], other.backward.totals[name], 1e-13, name)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("dL/dx = dL/dout * 2.5 + x", "but dL/dx is 1×3"),
        ("dL/dq = dL/dout", "not a parameter"),
        ("dL/dx = dL/dout\n    dL/dx = dL/dout", "twice"),
        ("dL/dx += dL/dout", "with `=`"),
        ("a = dL/dout", "does not state dL/dx"),
        ("dL/dx = dL/dout * k", "sees only its parameters"),
        ("dL/dx = dL/dx", "dL/dx"),
    ],
)
def test_rules_that_are_wrong(rule: str, message: str) -> None:
    assert message in messages(f"input k, x: [3]\nop f(x) = x * 2:\n    {rule}\ny = f(x)\n")


def test_an_op_and_a_declared_value_may_call_a_definition_with_a_block() -> None:
    found = session("""
def f(x):
    z = x * x
    for t in 1..2:
        u[t] = z * t
    return u[2] / 2
op g(x) = f(x):
    dL/dx = dL/dout * 2 * x.T
input a = [1, 2]
const b = f(3)
loss L = sum(g(a)) * b
""")
    assert [step.text for step in found.program.steps] == [
        "z1 = g(a)",
        "z2 = sum(z1)",
        "L = z2 * b",
    ]
    assert found.values["L"].item() == 45
    assert found.backward.totals["a"].ravel().tolist() == [18, 36]
