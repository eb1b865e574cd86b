"""Where rounding hides a derivative, more digits settle it."""

from __future__ import annotations

import pytest
from support import session

from gradcli.check.gradients.checker import COMPLEX
from gradcli.check.gradients.extended import FINER, extended
from gradcli.check.gradients.numeric import Options, check

# y is so near 1 that 1 - y has few digits left, and with it the rule g * y * (1 - y).
SATURATED = "input x = 27\nparam w = 1\ny = sigmoid(w * x)\nz = OP(y)\ngiven dL/dz = 1\n"
OWN = "op same(a) = a:\n    dL/da = FACTOR * dL/dout\n"

pytestmark = pytest.mark.skipif(FINER == 1, reason="the machine has no extended precision")


@pytest.mark.parametrize(
    ("factor", "verdict"), [("1", "pass"), ("1.00001", "fail"), ("1.001", "fail"), ("2", "fail")]
)
def test_a_mistake_below_the_rounding_is_told_from_rounding(factor, verdict):
    text = OWN.replace("FACTOR", factor) + SATURATED.replace("OP", "same")
    results = {r.name: r for r in check(session(text), Options(COMPLEX)).results}
    assert {results["x"].verdict, results["w"].verdict} == {verdict}
    assert results["x"].error_bar > 1e-6 * abs(results["x"].worst[0].expected)


def test_linear_algebra_has_no_more_digits():
    found = session("input A: [2, 2]\nloss L = sum(inv(A))\n")
    assert extended(found) is None
    assert check(found).verdict == "pass"
