"""The listings of the course's own examples against the slides, transcribed by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gradcli.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples"

LSTM_FORWARD = """
z1 = W_fc @ C_prev
z2 = W_fh @ h_prev
z3 = z1 + z2
z4 = W_fx @ x
z5 = z3 + z4
z6 = z5 + b_f
f_t = sigmoid(z6)
z7 = W_ic @ C_prev
z8 = W_ih @ h_prev
z9 = z7 + z8
z10 = W_ix @ x
z11 = z9 + z10
z12 = z11 + b_i
i_t = sigmoid(z12)
z13 = W_ch @ h_prev
z14 = W_cx @ x
z15 = z13 + z14
z16 = z15 + b_c
C_tilde = sigmoid(z16)
z17 = f_t * C_prev
z18 = i_t * C_tilde
C_t = z17 + z18
z19 = W_oc @ C_prev
z20 = W_oh @ h_prev
z21 = z19 + z20
z22 = W_ox @ x
z23 = z21 + z22
z24 = z23 + b_o
o_t = sigmoid(z24)
z25 = tanh(C_t)
h_t = o_t * z25
"""

# Equation by equation, from the last to the first: what each reaches. Products and sums reach both
# of their operands, and the slides' remaining steps are one to an equation.
LSTM_BACKWARD = """
31: o_t = z25 =
30: C_t +=
29: z24 =
28: z23 = b_o =
27: z21 = z22 =
26: W_ox = x =
25: z19 = z20 =
24: W_oh = h_prev =
23: W_oc = C_prev =
22: z17 = z18 =
21: i_t = C_tilde =
20: f_t = C_prev +=
19: z16 =
18: z15 = b_c =
17: z13 = z14 =
16: W_cx = x +=
15: W_ch = h_prev +=
14: z12 =
13: z11 = b_i =
12: z9 = z10 =
11: W_ix = x +=
10: z7 = z8 =
9: W_ih = h_prev +=
8: W_ic = C_prev +=
7: z6 =
6: z5 = b_f =
5: z3 = z4 =
4: W_fx = x +=
3: z1 = z2 =
2: W_fh = h_prev +=
1: W_fc = C_prev +=
"""

MLP_FORWARD = """
z1 = W1 @ x
z2 = z1 + b1
z3 = relu(z2)
z4 = W2 @ z3
z5 = z4 + b2
z6 = relu(z5)
z7 = W3 @ z6
output = z7 + b3
"""


def derive(name: str, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["derive", str(EXAMPLES / f"{name}.eq"), "--json", *arguments])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def forward(document: dict[str, Any]) -> list[str]:
    return [equation["text"] for equation in document["forward"]]


def formulas(document: dict[str, Any], target: str) -> list[str]:
    return [step["formula"] for step in document["backward"] if step["target"] == target]


def test_the_lstm_has_the_31_equations_of_the_slides() -> None:
    assert forward(derive("lstm")) == LSTM_FORWARD.strip().splitlines()


def test_the_lstm_goes_back_in_57_steps_and_accumulates_where_the_slides_do() -> None:
    steps = derive("lstm")["backward"]
    expected = []
    for line in LSTM_BACKWARD.strip().splitlines():
        number, reached = line.split(":")
        words = reached.split()
        expected += [(int(number), *pair) for pair in zip(words[::2], words[1::2], strict=True)]
    assert [(step["eq"], step["target"], step["assign"]) for step in steps] == expected
    assert [step["step"] for step in steps] == list(range(1, 58))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("o_t", ["dL/dh_t * z25.T"]),
        ("z25", ["dL/dh_t * o_t.T"]),
        ("b_o", ["dL/dz24"]),
        ("W_ox", ["x @ dL/dz22"]),
        ("x", ["dL/dz22 @ W_ox", "dL/dz14 @ W_cx", "dL/dz10 @ W_ix", "dL/dz4 @ W_fx"]),
        ("W_oh", ["h_prev @ dL/dz20"]),
        ("z17", ["dL/dC_t"]),
        ("i_t", ["dL/dz18 * C_tilde.T"]),
        (
            "C_prev",
            ["dL/dz19 @ W_oc", "dL/dz17 * f_t.T", "dL/dz7 @ W_ic", "dL/dz1 @ W_fc"],
        ),
    ],
)
def test_the_lstm_has_the_formulas_of_the_slides(target: str, expected: list[str]) -> None:
    assert formulas(derive("lstm"), target) == expected


def test_the_lstm_has_the_transposed_shapes_of_the_slides() -> None:
    shapes = {step["target"]: step["symbolic_shape"] for step in derive("lstm")["backward"]}
    assert shapes["C_t"] == ["1", "H"]
    assert shapes["W_fx"] == ["X", "H"]
    assert shapes["x"] == ["1", "X"]


def test_two_lstm_steps_share_every_weight() -> None:
    document = derive("lstm_two_steps")
    steps = document["backward"]
    for weight in ("W_fc", "W_fh", "W_fx", "b_f", "W_ch", "W_cx", "b_c", "W_oc", "b_o"):
        assert [step["assign"] for step in steps if step["target"] == weight] == ["=", "+="]
    # h[1] and C[2] are given; C[1] is reached by the tanh of step 1 after the four uses of step 2.
    assert {s["assign"] for s in steps if s["target"] in {"h[1]", "C[2]"}} == {"+="}
    assert [s["assign"] for s in steps if s["target"] == "C[1]"] == ["=", "+=", "+=", "+=", "+="]


def test_the_mlp_has_the_8_equations_and_14_steps_of_the_recitation() -> None:
    document = derive("mlp")
    assert forward(document) == MLP_FORWARD.strip().splitlines()
    targets = " ".join(step["target"] for step in document["backward"])
    assert targets == "z7 b3 W3 z6 z5 z4 b2 W2 z3 z2 z1 b1 W1 x"
    assert {step["assign"] for step in document["backward"]} == {"="}
    assert formulas(document, "W3") == ["z6 @ dL/dz7"]
    assert formulas(document, "z6") == ["dL/dz7 @ W3"]


def test_the_scanning_mlp_adds_on_the_overlap_and_sets_what_is_new() -> None:
    document = derive("scanning_mlp")
    assert len(document["forward"]) == 4 * 9
    regions = [
        (step["target"], step["assign"], step["shape"])
        for step in document["backward"]
        if step["target"].startswith("X")
    ]
    assert [(assign, shape) for _, assign, shape in regions] == [
        ("=", [1, 3]),
        *3 * [("+=", [1, 2]), ("=", [])],
    ]
    assert regions[0][0] == "X[:, 3:6]"
    assert [target for target, assign, _ in regions if assign == "+="] == [
        "X[:, 3:5]",
        "X[:, 2:4]",
        "X[:, 1:3]",
    ]
    shared = [step["assign"] for step in document["backward"] if step["target"] == "W1"]
    assert shared == ["=", "+=", "+=", "+="]


def test_the_simple_mlp_spends_no_step_on_a_constant() -> None:
    targets = [step["target"] for step in derive("simple_mlp")["backward"]]
    assert targets == ["z2", "z1", "b1", "W1"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("graph", {"a": 3, "b": 8}),
        ("shared", {"x": 1.5 * math.exp(0.25)}),
        (
            "polar",
            {
                "r": 12 * math.cos(0.5) ** 2 * math.sin(0.5),
                "θ": 8 * math.cos(0.5) * (1 - 3 * math.sin(0.5) ** 2),
            },
        ),
    ],
)
def test_the_stated_values_give_the_derivatives_of_the_slides(
    name: str, expected: dict[str, float]
) -> None:
    gradients = derive(name)["gradients"]
    assert {k: g["value"] for k, g in gradients.items()} == pytest.approx(expected, rel=1e-14)


def test_a_shared_variable_is_reached_once_to_a_use() -> None:
    steps = [s for s in derive("shared")["backward"] if s["target"] == "x"]
    assert [step["assign"] for step in steps] == ["=", "+=", "+="]


def test_a_matrix_product_has_giless_formulas() -> None:
    document = derive("matmul")
    assert document["layout"] == "denominator"
    assert formulas(document, "X") == ["dL/dZ @ Y.T"]
    assert formulas(document, "Y") == ["X.T @ dL/dZ"]
