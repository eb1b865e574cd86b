"""What the language defines in itself, and files that define what later versions have."""

from __future__ import annotations

import re

import numpy as np
import pytest
from support import assert_close, complex_step, equations, messages, session, value

from gradcli.draws import DISTRIBUTIONS
from gradcli.ops import FUNCTIONS
from gradcli.ops.prelude import NAMES, TEXT
from gradcli.suggest import FOREIGN

TWO = "input x: [3] ~ uniform(0.2, 0.8)\nconst y: [3] ~ uniform(0.2, 0.8)\n"
X, Y = np.array([[0.2], [0.5], [0.7]]), np.array([[0.3], [0.1], [0.9]])
R = X - Y
CALLS = {
    "mse(x, y)": np.mean(R**2),
    "huber(x, y, 0.3)": np.mean(np.where(abs(R) <= 0.3, R**2 / 2, 0.3 * (abs(R) - 0.15))),
    "bce(x, y)": -np.mean(Y * np.log(X) + (1 - Y) * np.log(1 - X)),
    "bce_logits(x, y)": -np.mean(Y * np.log(1 / (1 + np.exp(-X))) + (1 - Y) * np.log(1 / (1 + np.exp(X)))),
    "cross_entropy(x, y)": -np.sum(Y * np.log(np.exp(X) / np.sum(np.exp(X)))),
    "kl(x, y)": np.sum(X * np.log(X / Y)),
    "cosine_similarity(x, y)": (X.T @ Y).item() / np.sqrt((X.T @ X) * (Y.T @ Y)).item(),
}  # fmt: skip


def test_every_function_is_tried():
    assert {call.partition("(")[0] for call in CALLS} == NAMES
    assert not NAMES & set(FUNCTIONS)
    assert not NAMES & set(FOREIGN)


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_what_is_said_of_a_foreign_name_is_of_the_language(name):
    assert name not in FUNCTIONS
    known = {*FUNCTIONS, *NAMES, *DISTRIBUTIONS}
    assert set(re.findall(r"([a-z_]\w*)\(", FOREIGN[name])) <= known, FOREIGN[name]


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_worth_what_its_definition_says(call):
    found = session(f"{TWO}loss L = {call}\n", {"x": X, "y": Y})
    assert_close(found.values["L"], np.array([[CALLS[call]]]), 1e-14)
    assert_close(found.backward.totals["x"], complex_step(found, "x"), 1e-13)


def test_its_steps_are_in_the_listing():
    assert equations(f"{TWO}loss L = mse(x, y)\n") == [
        "z1 = x - y",
        "z2 = square(z1)",
        "L = mean(z2)",
    ]


def test_what_is_wrong_with_a_call_stands_at_the_call():
    text = messages("input x: [3], y: [2]\nloss L = 1 + mse(x, y)\n")
    assert text.startswith("model.eq:2:14: error: x is 3×1 and y is 2×1: 3 is not 2\n")
    assert "takes 2 arguments, not 1" in messages("input x\nloss L = mse(x)\n")
    assert "`mse` is a function" in messages("input x\nloss L = mse + x\n")


def test_it_reads_as_a_model():
    assert value(f"{TEXT}\n{TWO}loss L = mse(x, y)\n", "L", {"x": X, "y": Y}) == CALLS["mse(x, y)"]


# The functions of the first version, with other libraries' names of them.
FIRST = """
    abs broadcast broadcast_to cofactor concat cos det diag dot einsum elu erf exp expand eye gelu inv
    is_max is_min leaky_relu log log_softmax logdet logsumexp max maximum mean min minimum norm ones outer
    prod relu reshape scatter sigmoid sign silu sin softmax softplus solve sqrt square stack sum swish tan
    tanh trace where zeros σ
"""
YIELDING = sorted(FUNCTIONS.keys() - set(FIRST.split()))


@pytest.mark.parametrize("name", [*YIELDING, *sorted(NAMES)])
def test_a_file_may_use_a_name_for_something_else(name):
    """Files are older than these functions."""
    as_name = f"input {name}: [2]\ny = 2 * {name}\nz = y + {name}[0]\nloss L = sum(z)\n"
    assert session(as_name).backward.totals[name].tolist() == [[4.0], [2.0]]
    for word, rule in (("def", "\n"), ("op", ":\n    dL/da = 3 * dL/dout\n")):
        own = f"input x\n{word} {name}(a) = 3 * a{rule}loss L = {name}(x) + sum({name}(2 * x))\n"
        assert session(own).backward.totals["x"].item() == 9
    own = f"input x\ndef twice(a) = {name}(a)\ndef {name}(a) = 3 * a\nloss L = twice(x)\n"
    assert session(own).backward.totals["x"].item() == 3
    assert session(
        f"input x[1..2]\nfor t in 1..2:\n    {name} = x[t]\n    h[t] = 2 * {name}\nloss L = h[1] * h[2]\n"
    )


def test_the_first_functions_are_the_languages():
    assert "is a function of the language" in messages("def tanh(x) = x\ninput a\ny = tanh(a)\n")
