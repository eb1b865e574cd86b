"""Loops, definitions and unanswered lines in derivation files."""

from __future__ import annotations

import pytest
from person_support import review
from test_report import document, gradcli

from gradcli.check.derivation.findings import Report
from gradcli.errors import GradErrors

RNN = """
layout denominator
dim T = 4, H = 3, X = 2
input x[1..T]: [X], h0: [H], y[1..T]: [H]
param W: [H, H], U: [H, X], b: [H]
def act(z) = tanh(z)
op slope(a) = 1 - a^2:
    dL/da = -2 * dL/dout * a
h[0] = h0
for t in 1..T:
    z[t] = W @ h[t-1] + U @ x[t] + b
    h[t] = act(z[t])
loss L = sum(sum(square(h[t] - y[t])) for t in 1..T)
"""
BACK = """
def from_loss(a, b) = 2 * (a - b)
for t in T..1:
    dL/dh[t] += from_loss(h[t], y[t])
    dz[t] = dh[t] * slope(h[t])
    dW += dz[t] @ h[t-1].T
    dU += np.outer(dz[t], x[t])
    db += dz[t]
    dL/dh[t-1] += W.T @ dz[t]
"""


def verdicts(report: Report) -> list[str]:
    return [line.verdict for line in report.lines]


def test_backpropagation_through_time_as_on_paper() -> None:
    report = review(RNN, BACK)
    assert verdicts(report) == ["right"] * 6
    assert [line.target for line in report.lines] == [
        "dL/dh[t]", "dL/dz[t]", "dL/dW", "dL/dU", "dL/db", "dL/dh[t-1]",
    ]  # fmt: skip
    assert [line.line for line in report.lines] == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("old", "new", "kind", "expected"),
    [
        ("h[t-1].T", "h[t].T", "wrong-operand", "dW += dz[t] @ h[t - 1].T"),
        ("W.T @ dz[t]", "W @ dz[t]", "transpose", "dL/dh[t-1] += W.T @ dz[t]"),
        ("db += dz[t]", "db += 2 * dz[t]", "scale", "db += dz[t]"),
        ("dh[t] * slope(h[t])", "dh[t]", "missing-factor", "dz[t] = dL/dh[t] * (1 - h[t]^2)"),
    ],
)
def test_a_mistake_in_a_loop_is_one_mistake(old: str, new: str, kind: str, expected: str) -> None:
    text = BACK.replace(old, new)
    (wrong,) = review(RNN, text).wrong
    assert (wrong.diagnosis, wrong.expected) == (kind, expected)
    lines = text.split("\n")
    lines[wrong.line - 1] = f"    {wrong.expected}"
    assert not review(RNN, "\n".join(lines)).wrong


def test_a_mistake_in_one_iteration_says_which() -> None:
    text = BACK.replace("dW += dz[t] @ h[t-1].T", "dW += dz[t] @ h[1].T")
    (wrong,) = review(RNN, text).wrong
    assert wrong.message is not None
    assert wrong.message.endswith("(at t = 4)")


def test_a_name_of_ones_own_in_a_loop() -> None:
    text = """
        for t in T..1:
            delta = dh[t] * (1 - h[t])
            dW += delta @ h[t-1].T
            db += delta
        """
    (wrong,) = review(RNN, text).wrong
    assert (wrong.line, wrong.expected) == (3, "delta = dh[t] * (1 - h[t]^2)")


def test_a_loop_in_a_loop_and_a_loop_in_a_line() -> None:
    model = """
        layout denominator
        input a[1..2, 1..3]: [2]
        for i in 1..2:
            for j in 1..3: b[i, j] = exp(a[i, j])
        loss L = sum(sum(sum(b[i, j]) for j in 1..3) for i in 1..2)
        """
    text = """
        for i in 2..1:
            for j in 3..1:
                dL/da[i, j] = b[i, j]
        """
    assert verdicts(review(model, text)) == ["right"]
    assert verdicts(review(RNN, "for t in 4..1: db += dz[t]\n")) == ["right"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("for t in 1..10000000:\n    db += dz[1]\n", "unroll to more than 20,000 lines"),
        ("for t in 1..q:\n    db += dz[1]\n", "`q` is not defined"),
        ("for t in 1..h[1]:\n    db += dz[1]\n", "a bound"),
        ("for t in 3..9:\n    dz[t] = dh[t] * (1 - h[t]^2)\n", "`dL/dz[5]` is not defined"),
        ("def f(a) = f(a)\n", "`f` calls itself"),
        ("def exp(a) = a\n", "`exp` is a function of the language"),
        ("def act(a) = a\n", "`act` is already"),
        ("dz[2] = dh[2] * act(h[2], 3)\n", "act(z) takes one argument, not 2"),
        ("dz[2] = dh[2] * slope(2, 3)\n", "slope(a) takes one argument, not 2"),
    ],
)
def test_a_mistake_costs_its_own_line(text: str, message: str) -> None:
    report = review(RNN, f"{text}dx[1] = U.T @ dz[1]\n")
    assert report.lines[-1].verdict == "right"
    assert any(message in (line.message or "") for line in report.lines), report.lines
    with pytest.raises(GradErrors, match=r"mine\.grad:"):
        review(RNN, text.replace("dz[t] =", "q9 =").replace("dh[t]", "dh[9]"))


# ── what is not answered yet ──


def test_an_unanswered_line_is_no_mistake() -> None:
    report = review(RNN, "dL/db = ?\ndW += ?\ndL/dh[2] ?\nown = ?\ndx[1] = U.T @ dz[1]\nq = own\n")
    assert verdicts(report) == ["unchecked"] * 4 + ["right", "unchecked"]
    assert {line.message for line in report.lines[:4]} == {"this is not answered yet"}
    assert [line.target for line in report.lines[:4]] == ["dL/db", "dL/dW", "dL/dh[2]", "own"]
    assert report.lines[-1].message == "this uses `own`, which is not answered yet"


def test_a_total_with_an_unanswered_line_is_not_blamed() -> None:
    report = review(RNN, "dL/dh[2] += W.T @ dz[3]\ndL/dh[2] += ?\n")
    assert verdicts(report) == ["right", "unchecked"]


def test_a_blank_sheet_is_inconclusive() -> None:
    result = gradcli("check", "examples/mlp.eq", "--against", "-", text="dL/dW1 = ?\n")
    assert result.exit_code == 3
    found = document("check", "examples/mlp.eq", "--against", "-", text="dL/dW1 = ?\n")
    assert found["ok"] is False
    whole = ("check", "examples/mlp.eq", "--against", "-", "--complete")
    assert gradcli(*whole, text="dL/dW1 = ?\n").exit_code == 1


def test_a_question_mark_elsewhere_is_an_error() -> None:
    report = review(RNN, "db = ? + 1\ndx[1] = U.T @ dz[1]\n")
    assert verdicts(report) == ["unchecked", "right"]


def test_a_message_on_a_loop_speaks_in_its_letters() -> None:
    (wrong,) = review(RNN, BACK.replace("h[t-1].T", "h[t].T")).wrong
    assert wrong.message is not None
    assert "h[t] where h[t - 1] belongs" in wrong.message


def test_a_rule_speaks_in_the_letters_of_the_loop() -> None:
    (wrong,) = review(RNN, BACK.replace("W.T @ dz[t]", "W @ dz[t]")).wrong
    assert wrong.rule is not None
    assert wrong.rule.equation == "z1[t] = W @ h[t - 1]"
    assert wrong.rule.formulas == ("dL/dh[t - 1] += W.T @ dL/dz1[t]",)
    assert wrong.rule.at == "t = 4"
    assert wrong.rule.stated == f"z1[t] = W @ h[t - 1] (equation {wrong.rule.eq} at t = 4)"


def test_what_a_total_lacks_is_said_in_the_letters_of_the_loop() -> None:
    lacking = BACK.replace("    dL/dh[t-1] += W.T @ dz[t]\n", "    dL/dh[t-1] += 0 * W.T @ dz[t]\n")
    for wrong in review(RNN, lacking, mended=False).wrong:
        assert "[3]" not in f"{wrong.message} {wrong.expected}".replace("at t = 3", "")
