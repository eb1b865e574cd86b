"""The forward listing: unary and binary operations, numbered and named; the backward one, in order."""

from __future__ import annotations

import pytest
from support import (
    EXAMPLES,
    assert_close,
    backward,
    complex_step,
    equations,
    messages,
    program,
    session,
    steps,
)

from gradcli.program import verify


def test_z_names_skip_those_that_the_file_uses() -> None:
    text = "input z1, z3\ny = exp(z1) * sin(z3) + 1\nz5 = y / 2 - z1\nz6 = z5 * y + 1\ngiven dL/dz6"
    assert equations(text) == [
        "z2 = exp(z1)",
        "z4 = sin(z3)",
        "z7 = z2 * z4",
        "y = z7 + 1",
        "z8 = y / 2",
        "z5 = z8 - z1",
        "z9 = z5 * y",
        "z6 = z9 + 1",
    ]


def test_a_name_in_a_comment_or_a_text_is_free() -> None:
    text = 'input x: [2, 2]  # z1 to z3: z1, z2, z3\ny = exp(x) * 2\nw = einsum("ij->ji", y) + 1'
    free = equations(text)
    assert free == equations(text.replace("  # z1 to z3: z1, z2, z3", ""))
    assert free[0] == "z1 = exp(x)"


def test_a_name_used_in_any_place_is_skipped() -> None:
    assert equations("def z1(z2) = exp(z2)\ninput x\ny = z1(x) * 2")[0] == "z3 = exp(x)"


def test_a_name_alone_is_a_copy() -> None:
    assert equations("input x: [2]\ny = x\nz = exp(y)") == ["y = x", "z = exp(y)"]
    assert backward("input x: [2]\ny = x\nz = exp(y)\ngiven dL/dz") == [
        "dL/dy = dL/dz * z.T",
        "dL/dx = dL/dy",
    ]


def test_the_equations_come_back_from_the_last_to_the_first() -> None:
    found = session("input a, b\nc = a + b\nd = b + 1\ne = c * d\nloss e")
    assert [(row.eq, row.target) for row in found.derivation.rows] == [
        (3, "c"),
        (3, "d"),
        (2, "b"),
        (1, "a"),
        (1, "b"),
    ]


def test_the_first_contribution_is_set_every_later_one_added() -> None:
    assert backward("input a, b\nc = a + b\nd = b + 1\ne = c * d\nloss e") == [
        "dL/dc = dL/de * d",
        "dL/dd = dL/de * c",
        "dL/db = dL/dd",
        "dL/da = dL/dc",
        "dL/db += dL/dc",
    ]


def test_an_operand_twice_is_two_steps() -> None:
    assert backward("input x\ny = x * x\nloss y") == ["dL/dx = dL/dy * x", "dL/dx += dL/dy * x"]
    assert backward("input A: [2, 2]\nY = A @ A\ngiven dL/dY") == [
        "dL/dA = A @ dL/dY",
        "dL/dA += dL/dY @ A",
    ]


def test_what_does_not_lead_to_the_loss_is_left_out() -> None:
    text = "input a, b\nc = a * 2\nd = exp(b)\nloss c"
    assert backward(text) == ["dL/da = dL/dc * 2"]
    assert session(text).backward.totals["b"].tolist() == [[0.0]]


def test_always() -> None:
    text = "input a, b\nc = a + b\nd = b + 1\ne = c * d\nloss e"
    assert [line.split()[1] for line in backward(text, accumulate="always")] == ["+="] * 5


def test_wrt() -> None:
    text = "input a, b\nparam w\nc = a * b\nd = c * w\nloss d"
    assert backward(text, wrt=["w"]) == ["dL/dw = dL/dd * c"]
    assert backward(text, wrt=["a"]) == ["dL/dc = dL/dd * w", "dL/da = dL/dc * b"]
    found = session(text, wrt=["c", "b"])
    assert found.derivation.wrt == ("c", "b")
    assert found.backward.totals["c"].tolist() == found.inputs["w"].tolist()


def test_wrt_a_family_a_member_a_const() -> None:
    text = "input x[1..3]\nconst k\ny = x[1] * x[2] * x[3] * k\nloss y"
    assert session(text, wrt=["x"]).derivation.wrt == ("x[1]", "x[2]", "x[3]")
    assert session(text, wrt=["x[2]"]).derivation.wrt == ("x[2]",)
    assert session(text, wrt=["k"]).derivation.wrt == ("k",)


def test_wrt_an_unknown_name() -> None:
    from gradcli.errors import GradError

    with pytest.raises(GradError, match="did you mean `weight`"):
        session("input weight\ny = weight * 2", wrt=["wieght"])


def test_a_comparison_stops_the_gradient() -> None:
    assert backward("input x: [2]\ny = (x > 0) * x\ngiven dL/dy") == ["dL/dx = dL/dy * z1.T"]
    assert backward("input x: [2]\ny = x > 0\ngiven dL/dy") == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.eq")), ids=lambda p: p.stem)
def test_examples_are_well_formed(path) -> None:
    found = program(path.read_text())
    verify(found)
    names = [step.name for step in found.steps]
    assert len(set(names)) == len(names)
    for step in found.steps:
        assert not set(step.operands()) & set(names[names.index(step.name) :])


def test_unary_and_binary_operations_only() -> None:
    for path in EXAMPLES.glob("*.eq"):
        for step in program(path.read_text()).steps:
            assert len(step.args) <= 3 or step.call.op.operands[0].startswith("*"), step.text


def test_an_error_leaves_nothing_half_done() -> None:
    text = "input x: [2]\ny = x @ x\nz = q + 1\nw = y * z\n"
    found = messages(text)
    assert found.count("error:") == 2, "what follows from an error is no error"


ATTEND = """\
dim N = 3, D = 2
param Q: [N, D], K: [N, D], V: [N, D]
op attend(q, k, v) = softmax(q @ k.T, axis=1) @ v:
    S = softmax(q @ k.T, axis=1)
    dP = dL/dout @ v.T
    dS = S * (dP - sum(dL/dout * out, axis=1))
    dL/dq = dS @ k
    dL/dk = dS.T @ q
    dL/dv = S.T @ dL/dout
"""


def test_the_own_lines_of_a_rule_are_steps() -> None:
    text = f"layout denominator\n{ATTEND}y = attend(Q, K, V)\ngiven dL/dy"
    assert backward(text) == [
        "S = softmax(Q @ K.T, axis=1)",
        "dP = dL/dy @ V.T",
        "dS = S * (dP - sum(dL/dy * y, axis=1))",
        "dL/dQ = dS @ K",
        "dL/dK = dS.T @ Q",
        "dL/dV = S.T @ dL/dy",
    ]


def test_an_own_line_is_transposed_as_a_derivative_is() -> None:
    text = f"layout denominator\n{ATTEND}y = attend(Q, K, V)\ngiven dL/dy"
    found = session(text, layout="numerator")
    assert steps(found.derivation)[1:4] == [
        "dP = V @ dL/dy",
        "dS = S * (dP - sum(dL/dy * y.T, axis=0))",
        "dL/dQ = K.T @ dS",
    ]
    for name in "QKV":
        assert_close(found.backward.totals[name], complex_step(found, name), 1e-12)


def test_only_the_own_lines_that_are_needed_are_listed() -> None:
    text = f"layout denominator\n{ATTEND}y = attend(Q, K, V)\ngiven dL/dy"
    assert backward(text, wrt=("V",)) == ["S = softmax(Q @ K.T, axis=1)", "dL/dV = S.T @ dL/dy"]


def test_own_lines_of_two_calls_have_two_names() -> None:
    text = f"layout denominator\n{ATTEND}S = Q * 2\ny = attend(attend(S, K, V), K, V)\ngiven dL/dy"
    targets = [line.split()[0] for line in backward(text)]
    assert targets == [
        "S_2", "dP", "dS", "dL/dz1", "dL/dK", "dL/dV", "S_3", "dP_2", "dS_2", "dL/dS", "dL/dK",
        "dL/dV", "dL/dQ",
    ]  # fmt: skip


def test_an_own_line_that_is_another_name_for_something_is_no_step() -> None:
    text = (
        "layout denominator\ninput x: [2]\nop twice(a) = 2 * a:\n    g = dL/dout\n    h = 2\n"
        "    dL/da = h * g\ny = twice(x)\ngiven dL/dy"
    )
    assert backward(text) == ["dL/dx = 2 * dL/dy"]


def test_the_axis_that_a_factor_lacks_is_contracted() -> None:
    text = "layout denominator\ninput X: [2, 3, 4]\nparam W: [4, 5]\nY = X @ W\ngiven dL/dY"
    assert backward(text) == [
        'dL/dX = einsum("aik,jk->aij", dL/dY, W)',
        'dL/dW = einsum("aij,aik->jk", X, dL/dY)',
    ]
