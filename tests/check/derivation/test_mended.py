"""Mistakes in whole totals and in a person's own names, and corrections that mend them."""

from __future__ import annotations

from textwrap import dedent
from typing import NamedTuple

import pytest
from person_support import program, review

from gradcli.check.derivation.review import check
from gradcli.syntax import read, read_source

NET = """
layout denominator
dim X = 3, H = 4, K = 2
input x: [X], l: [K]
param W1: [H, X], b1: [H], W2: [K, H], b2: [K]
h = sigmoid(W1 @ x + b1)
o = sigmoid(W2 @ h + b2)
loss L = sum(square(o - l)) / 2
"""
TWO = """
layout denominator
input x: [3], w: [3]
a = x * w
b = tanh(x)
loss L = sum(a * b)
"""
ERROR = """
layout denominator
dim N = 4
input x: [N], t: [N]
y = tanh(x)
error = mean(square(y - t))
loss L = error
"""
SOFTMAX = """
layout denominator
dim N = 4, C = 3
input Z: [N, C], Y: [N, C]
m = max(Z, axis=1)
e = exp(Z - m)
P = e / sum(e, axis=1)
loss L = -sum(Y * log(P)) / N
"""
SQUARES = "layout denominator\ninput w: [3]\nloss L = sum(w * w)\n"


class Case(NamedTuple):
    """A derivation with a mistake in the line that ends in `# here`, its class and what mends it."""

    model: str
    text: str
    kind: str
    expected: str


CASES = (
    # the person's own names
    Case(
        NET,
        """
        delta_o = o - l                              # here
        dW2 = delta_o @ h.T
        db2 = delta_o
        delta_h = W2.T @ delta_o * h * (1 - h)
        dW1 = delta_h @ x.T
        """,
        "missing-factor",
        "delta_o = (o - l) * (o * (1 - o))",
    ),
    Case(
        NET,
        """
        delta_o = l * 3 + o^3                        # here
        dW2 = delta_o @ h.T
        db2 = delta_o
        """,
        "unknown",
        "delta_o = do * o * (1 - o)",
    ),
    Case(
        "gru",
        """
        layout denominator
        d_new = dh * (1 - z) * (1 - h_tilde^2)
        dU_h = d_new @ h_prev.T                      # here
        """,
        "wrong-operand",
        "dU_h = d_new @ (r * h_prev).T",
    ),
    # whole totals
    Case(TWO, "dL/dx = da * w + db * (1 - b)   # here", "missing-factor", "dL/dx = da * w + db * (1 - b^2)"),
    Case(TWO, "dx = da * w + db * b^3   # here", "wrong-operand", "dx = da * w + db * (1 - b^2)"),
    Case(TWO, "dx = exp(w) - x^5   # here", "unknown", "dx = db * (1 - b^2) + da * w"),
    Case(TWO, "dx = da * w\ndx = dL/dx + db * (1 - b)   # here", "missing-factor", "dx = dx + db * (1 - b^2)"),
    Case(TWO, "dL/dx = da * w   # here", "missing-accumulate", "dL/dx = da * w + dL/db * (1 - b^2)"),
    Case(SQUARES, "dL/dw = w   # here", "missing-accumulate", "dL/dw = w + dL/dz1 * w"),
    Case(SQUARES, "dL/dw = 3 * w   # here", "scale", "dL/dw = 2 * w"),
    # two mistakes in one line
    Case(TWO, "dx = 2 * da * w   # here", "scale", "dx = da * w + db * (1 - b^2)"),
    # the plainest change
    Case(ERROR, "dx = 2 * (y - t) * (1 - y^2)   # here", "scale", "dx = 2 * (y - t) * (1 - y^2) / N"),
    Case(ERROR, "dx = (y - t) * (1 - y^2) / N   # here", "scale", "dx = 2 * ((y - t) * (1 - y^2) / N)"),
    Case(ERROR, "dy = 2 * (y - t)   # here", "scale", "dy = 2 * (y - t) / N"),
    Case(ERROR, "dx = 2 / N * (y - t)   # here", "missing-factor", "dx = 2 / N * (y - t) * (1 - y^2)"),
    Case(ERROR, "dx = 2 / N * (y - t) * (1 - y)   # here", "missing-factor", "dx = 2 / N * (y - t) * (1 - y^2)"),
    # a total through a maximum that is taken off again
    Case(SOFTMAX, "dZ = P * sum(Y, axis=1) - Y   # here", "scale", "dZ = (P * sum(Y, axis=1) - Y) / N"),
    Case(SOFTMAX, "dZ = (P * sum(Y, axis=1) - Y) / N / N   # here", "scale", "dZ = (P * sum(Y, axis=1) - Y) / N"),
    Case(SOFTMAX, "dZ = (P * sum(Y, axis=1) + Y) / N   # here", "sign", "dZ = (P * sum(Y, axis=1) - Y) / N"),
)  # fmt: skip


def _lines(text: str) -> list[str]:
    return dedent(text).strip("\n").split("\n")


def _here(lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines, 1) if line.endswith("# here"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.expected)
def test_a_mistake_and_what_mends_it(case: Case) -> None:
    lines = _lines(case.text)
    (wrong,) = review(case.model, "\n".join(lines)).wrong
    assert (wrong.line, wrong.diagnosis, wrong.expected) == (_here(lines), case.kind, case.expected)
    lines[wrong.line - 1] = wrong.expected
    again = review(case.model, "\n".join(lines))
    assert not again.wrong, again.wrong


def test_a_correction_differs_in_value() -> None:
    """A missing contribution that equals the one that is there is not the same line again."""
    report = review(SQUARES, "dL/dw = w\n")
    (wrong,) = report.wrong
    assert wrong.add == ("dL/dw += dL/dz1 * w",)
    again = review(SQUARES, f"dL/dw = w\n{wrong.add[0]}\n")
    assert [line.verdict for line in again.lines] == ["right", "right"]


def test_two_mistakes_in_one_line_are_both_named() -> None:
    (wrong,) = review(TWO, "dx = -da * w\n").wrong
    assert wrong.diagnosis == "sign"
    assert wrong.message is not None
    assert (
        wrong.message == "this minus does not belong here, and the term db * (1 - b^2) is missing"
    )
    assert wrong.expected == "dx = da * w + db * (1 - b^2)"


def test_every_use_of_a_wrong_name_is_right_given_it() -> None:
    for first in ("o - l", "l * 3 + o^3", "(o - l) * o", "(l - o) * o * (1 - o)"):
        text = f"delta = {first}\ndW2 = delta @ h.T\ndb2 = delta\ndh = W2.T @ delta\n"
        report = review(NET, text)
        assert [line.line for line in report.wrong] == [1], first
        assert [line.verdict for line in report.lines[1:]] == ["right"] * 3, first


def test_a_mean_for_a_sum_is_said() -> None:
    model = "layout denominator\ndim N = 5\ninput X: [N, 3]\nparam b: [1, 3]\nz = X + b\nloss L = sum(exp(z))\n"
    parsed = read(read_source("m.grad", b"db = np.mean(dz, axis=0)\n"), "derivation")
    (wrong,) = check(parsed, program(model), {}).wrong
    assert wrong.message == "a mean where a sum belongs"
    assert wrong.expected == "db = sum(dz, axis=0)"


GATED = """
layout denominator
dim H = 3, X = 2
input x: [X], h_prev: [H], y: [H]
param Wh: [H, X], Uh: [H, H]
r = sigmoid(h_prev)
z = sigmoid(y)
hh = tanh(Wh @ x + Uh @ (r * h_prev))
h = (1 - z) * h_prev + z * hh
loss L = sum(square(h - y))
"""


def test_a_mistake_in_a_name_whose_uses_have_mistakes_of_their_own() -> None:
    text = """dh = 2 * (h - y)
dhh = dh * z
da_h = dhh * (1 - hh)
dWh = np.outer(x, da_h)
dUh = da_h @ h_prev.T
tmp = Uh.T @ da_h
dr = tmp * h_prev
"""
    wrong = {line.target: line for line in review(GATED, text, mended=False).wrong}
    assert wrong["da_h"].expected == "da_h = dhh * (1 - hh^2)"
    assert wrong["dL/dUh"].expected == "dUh = da_h @ (r * h_prev).T"
    assert wrong["dL/dWh"].diagnosis in ("transpose", "operand-order")
    assert "dL/dr" not in wrong


def test_what_is_expected_is_told_in_known_names() -> None:
    text = "dh = 2 * (h - y)\ndhh = dh * z\ndUh = dhh @ exp(h_prev).T / sum(h)\n"
    (wrong,) = review(GATED, text, mended=False).wrong
    assert wrong.diagnosis == "unknown"
    assert wrong.expected is not None
    assert wrong.expected.endswith("@ (r * h_prev).T")


def test_what_every_line_wants_of_a_name_is_said_of_its_whole_formula():
    model = (
        "dim N = 3, M = 2, K = 2\ninput x: [M]\nparam W: [N, M], V: [K, N], b: [N]\n"
        "h = tanh(W @ x + b)\ny = V @ h\nloss L = sum(square(y))\n"
    )
    formula = "exp(b.T) * b.T - 0.37"
    text = f"dL/dy = 2 * y.T\nd = {formula}\ndL/dW = x @ d\ndL/db = d\ndL/dx = d @ W\n"
    (wrong,) = review(model, text).wrong
    assert wrong.message == "every line that uses d wants dL/db here"
    assert wrong.expected == "d = dL/dh * (1 - h^2).T"
    culprit = wrong.culprit
    assert culprit.source.text[culprit.start : culprit.end] == formula
