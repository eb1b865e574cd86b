"""What is right must be called right, whatever its form."""

from __future__ import annotations

import pytest
from person_support import review
from unusual import CANCELLED, CORRECT, Correct


@pytest.mark.parametrize("case", CORRECT, ids=lambda case: case.name)
def test_unusual_forms_are_right(case: Correct) -> None:
    report = review(case.model, case.text)
    assert [(line.line, line.message) for line in report.wrong] == []
    assert all(line.verdict == "right" for line in report.lines if not line.own)


def test_what_cancels_says_nothing_of_an_own_name() -> None:
    """dL/db is 0 whatever g is: that it is right does not make g right."""
    text = """
        layout denominator
        g = -(dL/dY * gain)
        X_hat = centred / sqrt(variance + 1e-5)
        back = (g - mean(g, axis=0) - X_hat * mean(g * X_hat, axis=0)) / sqrt(variance + 1e-5)
        dL/db = sum(back, axis=0)
        dL/dW = X0.T @ back
        dL/dX0 = back @ W.T
        """
    assert [(line.line, line.diagnosis) for line in review(CANCELLED, text).wrong] == [(3, "sign")]
    alone = text.replace("dL/dW", "# ").replace("dL/dX0", "# ")
    assert not review(CANCELLED, alone).wrong


STEPS = """
    dim N = 7
    input x: [N]
    y = x[::2]
    z = x[1::3]
    loss L = sum(y * y) + sum(z)
"""


def test_regions_have_steps() -> None:
    right = """
        layout denominator
        dL/dx[::2] = 2 * x[::2]
        dL/dx[1::3] += ones(2, 1)
        """
    assert not review(STEPS, right).wrong
    wrong = review(STEPS, right.replace("1::3", "1::2"), mended=False).wrong
    assert [line.line for line in wrong] == [4]


def test_a_sum_is_taken_along_several_axes() -> None:
    model = """
        input x: [2, 3, 4]
        param b: [1, 3, 1]
        y = x + b
        loss L = sum(square(y))
    """
    text = "layout denominator\ndL/db = np.sum(2 * y, axis=(0, 2), keepdims=True)"
    assert not review(model, text).wrong
    assert review(model, text.replace("(0, 2)", "(0, 1)"), mended=False).wrong
