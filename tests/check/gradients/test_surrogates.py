"""`stop`, and ops whose rules are on purpose no derivatives: all else is still checked."""

from __future__ import annotations

import numpy as np
import pytest
from support import assert_close, gradient, messages, session, steps

from gradcli.check.gradients.numeric import Options, check

STRAIGHT = """
surrogate op quantised(x) = round(x):
    dL/dx = dL/dout
"""
MODELS = {
    "stopped": "input x: [3], w: [3]\nloss L = sum(square(stop(w * x) - w))\n",
    "stopped twice": "input x: [3]\ny = stop(x) * x\nloss L = sum(stop(y) * y)\n",
    "straight through": STRAIGHT + "input x: [3]\nloss L = sum(square(quantised(sin(x)) * x))\n",
    "by stop": "input x: [3]\nq = x + stop(round(x) - x)\nloss L = sum(square(q))\n",
    "inside an op": """
surrogate op reversed(x) = x:
    dL/dx = -dL/dout
op twice(x) = 2 * reversed(x):
    dL/dx = -2 * dL/dout
input x: [3]
loss L = sum(square(twice(x)) + x)
""",
    "in a loop, by regions": STRAIGHT
    + """
dim T = 3
input X: [T, 2], h0: [1, 2]
h[0] = h0
for t in 1..T:
    h[t] = quantised(3 * X[t - 1, :] + tanh(h[t-1])) * h[t-1]
loss L = sum(square(h[T]))
""",
    "two operands": """
surrogate op gate(x, s) = x * (s > 0):
    gate = dL/dout * (s > 0).T
    dL/dx = gate
    dL/ds = dL/dout * x.T * (1 - tanh(s)^2).T
input x: [3], s: [3], W: [3, 3]
loss L = sum(W @ gate(W @ x, s) * s)
""",
    "of a loss": "surrogate op odd(x) = x^2:\n    dL/dx = 7 * dL/dout\ninput x\nloss L = odd(3 * x)\n",
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("method", ["both", "complex", "finite"])
def test_all_else_is_checked(name, layout, method):
    found = session(MODELS[name], layout=layout, seed=4)
    report = check(found, Options(method=method, steps=True))
    assert report.results
    assert {result.verdict for result in (*report.results, *report.steps)} == {"pass"}
    assert not report.ops
    assert report.dot is None or report.dot.verdict == "pass"
    said = [note for note in report.notes if "a surrogate, whose rule is taken" in note]
    assert bool(said) == ("op" in MODELS[name].split())


def test_a_mistake_beside_one_is_found():
    wrong = STRAIGHT + "op f(x) = x^3:\n    dL/dx = dL/dout * 2 * x.T^2\n"
    text = wrong + "input x: [3]\nloss L = sum(quantised(f(x)) * x)\n"
    report = check(session(text))
    assert [result.verdict for result in report.results] == ["fail"]


def test_no_gradient_flows_through_a_stop():
    found = session("input x: [2] = [1, 2], y: [2] = [3, 4]\nloss L = sum(stop(x) * y * x)\n")
    assert_close(found.backward.totals["x"], np.array([[3.0], [8.0]]))
    assert_close(found.backward.totals["y"], np.array([[1.0], [4.0]]))
    assert not [line for line in steps(found.derivation) if line.startswith("dL/dz1")]


def test_a_surrogates_rule_is_used():
    text = STRAIGHT + "input x: [2] = [0.4, 1.7]\nloss L = sum(square(quantised(x)))\n"
    assert gradient(text, "x") == [0.0, 4.0]


def test_the_word_is_free_for_a_name():
    text = "input surrogate\nop_x = surrogate + 1\nloss L = surrogate * op_x\n"
    assert session(text, {"surrogate": 2}).backward.totals["surrogate"].item() == 5


def test_a_surrogate_states_its_rule():
    text = messages("surrogate op f(x) = x:\n    dL/dy = 1\ninput a\nb = f(a)\n")
    assert "`y` is not a parameter of f" in text
    assert "states its rule in a block below" in messages("surrogate op f(x)\ninput a\nb = a + 1\n")
