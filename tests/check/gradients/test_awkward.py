"""Zeros, ties, saturation and the ends of the range: what is right never fails there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from support import assert_close, session

from gradcli.check.gradients.checker import BOTH, COMPLEX, FINITE, Checker, Clock
from gradcli.check.gradients.exact import complex_step
from gradcli.check.gradients.numeric import Options, check
from gradcli.check.gradients.probe import Probe
from gradcli.check.gradients.resting import Model
from gradcli.errors import GradError
from gradcli.ops.special import log1p

ROOT = Path(__file__).parents[3]
CUBE = "op cube(a) = a^3:\n    dL/da = dL/dout * FACTOR * (a^2).T\n"


def verdicts(text, data=None, **options):
    report = check(session(text, data), Options(**options))
    return {result.name: (result.verdict, result.reason) for result in report.all()}


@pytest.fixture(scope="module")
def awkward():
    path = ROOT / "benchmarks" / "check_awkward.py"
    spec = importlib.util.spec_from_file_location("check_awkward", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("first", range(4))
def test_nothing_right_fails_and_nothing_wrong_passes(awkward, first):
    found = awkward.verdicts(240, first=60 * first)
    assert found["fail"] == found["traceback"] == found["mistake: pass"] == 0
    assert found["pass"] > found["inconclusive"]
    assert found["mistake: fail"] > 80


FAR = (
    ("x = 16438043.3, y = -34558419.2", "logaddexp(x, y)"),  # e^y is 0 beside e^x, e^(x - y) is not
    ("x = [-99999, -100001]", "logsumexp(x)"),
    ("x = [5.8564916714362435e+159]", "log_softmax(x)"),
    ("x = [[1e-160, 2e-160], [2e-160, 5e-160]]", "cofactor(x)"),
    ("x = [[1e-160, 2e-160, 3e-160], [2e-160, 5e-160, 1e-160], [4e-160, 1e-160, 1e-160]]", "cofactor(x)"),
    ("x = [[1e-90, 2e-90], [-2e-90, 1e-90]]", "qr_q(x)"),
    ("x = [[1e-90, 2e-90], [-2e-90, 1e-90]]", "qr_r(x)"),
    ("x = [[1, 1], [1, 1 + 1e-9], [1, 1 - 1e-9]]", "qr_q(x)"),
    ("x = [[40, 40, -40], [-40, -40, 40], [40, -40, 40]]", "qr_q(x)"),
    ("x = [0, 0]", "normalize(x)"),
    ("x = [[1e-300, 1e160], [0, 1]]", "normalize(x)"),
    ("x = [0, 0]", "sign(x)"),
    ("x = [0, 0]", "where(x == 0, 0, 1 / x)"),
    ("x = [[1, 1e-10], [1e-10, 1 + 1e-9]]", "eigh_values(x)"),
    ("x = [[1, 1e-10], [1e-10, 1 + 1e-9]]", "eigh_vectors(x)"),
    ("x = [[1, 1e-10], [1e-10, 1 + 1e-9]]", "svd_s(x)"),
)  # fmt: skip


@pytest.mark.parametrize(("values", "expression"), FAR)
def test_what_is_right_does_not_fail_far_from_1(values, expression):
    found = verdicts(f"input {values}\nz = {expression}\ngiven dL/dz\n")
    assert "fail" not in {verdict for verdict, _ in found.values()}, found


def test_a_jump_has_no_derivative():
    """By as much on both sides, one-sided quotients agree, and grow without bound."""
    for expression in ("normalize(x)", "sign(x)", "where(x == 0, 3, x)"):
        for method in (BOTH, FINITE):
            found = verdicts(f"input x = 0\ny = {expression}\ngiven dL/dy = 1\n", method=method)
            assert found["x"] == ("inconclusive", "kink"), expression


# ── zeros ──

ODD = (
    "x^3", "x^4", "x^5", "x * x * x", "abs(x)^3", "tanh(x)^3", "sin(x)^3", "x^1.5", "x^2.5",
    "norm(x)^3", "x^k", "cube(x)", "cube(sin(x))", "prod([x; x; x])", "softplus(x)", "x^1.1",
)  # fmt: skip


@pytest.mark.parametrize("expression", ODD)
@pytest.mark.parametrize("values", ["[0, 0]", "[0, 1]", "[-0.0, 1e-90]"])
def test_a_zero_passes(expression, values):
    text = CUBE.replace("FACTOR", "3") + f"const k = 3\ninput x = {values}\ny = {expression}\n"
    found = verdicts(text + "loss L = sum(y)\n")
    assert {verdict for verdict, _ in found.values()} == {"pass"}


def test_a_mistake_beside_a_zero_fails():
    text = CUBE + "input x = [0, 1]\nloss L = sum(cube(x) + x * ADDED)\n"
    assert verdicts(text.replace("FACTOR", "3").replace("ADDED", "0"))["x"][0] == "pass"
    assert verdicts(text.replace("FACTOR", "2").replace("ADDED", "0"))["x"][0] == "fail"
    own = "op own(a) = a^3:\n    dL/da = dL/dout * (3 * (a^2).T + 1e-8)\n"
    assert verdicts(own + "input x = 0\nloss L = own(x)\n", method=COMPLEX)["x"][0] == "fail"


def test_weights_of_zero_have_a_dot_product_of_zero():
    layers = "".join(f"h{i + 1} = tanh(W{i} @ h{i})\n" for i in range(3))
    text = (
        "dim N = 3\ninput h0: [N]\n"
        "param W0: [N, N] = zeros(N, N), W1: [N, N] = zeros(N, N), W2: [N, N] = zeros(N, N)\n"
        f"{layers}loss L = sum(square(h3))\n"
    )
    assert verdicts(text)["dot-product"] == ("pass", "agrees")
    assert set(verdicts("input A: [3, 3] = zeros(3, 3)\nloss L = det(A)\n").values()) <= {
        ("pass", "zero"),
        ("pass", "agrees"),
    }


# ── scales ──


@pytest.mark.parametrize("x", ["1e-300", "1e-160", "1e-95", "1e-90", "1e-30", "1e90", "1e300"])
@pytest.mark.parametrize(
    "expression", ["log(x)", "sqrt(x)", "x^1.5", "exp(log(x))", "norm([x; x])"]
)
def test_a_step_is_relative_to_its_entry(expression, x):
    if expression == "x^1.5" and x == "1e300":  # no number of double precision
        return
    found = verdicts(f"input x = {x}\nloss L = {expression}\n")
    assert {verdict for verdict, _ in found.values()} == {"pass"}


def test_the_step_is_small_beside_its_own_entry_alone():
    assert verdicts("input x = [1e8, 1]\nloss L = sum(sin(x))\n", steps=True)["x"][0] == "pass"
    found = session("input x = [1e8, 1]\nloss L = sum(sin(x))\n")
    checker = Checker(found, BOTH, Clock(None, 0, lambda done, total: None))
    for i in range(2):
        wrong = found.backward.totals["x"].copy()
        wrong[i] *= 1.0001
        assert checker.result("x", wrong).verdict == "fail"


@pytest.mark.parametrize("scale", ["1e-300", "1e-200", "1e200"])
def test_a_loss_of_any_scale_has_its_dot_product(scale):
    text = f"input x: [2] = [0.3, 1.2]\nloss L = {scale} * sum(sin(x))\n"
    assert verdicts(text)["dot-product"][0] == "pass"
    assert verdicts("input x = 1e-300\nloss L = x^2\n")["dot-product"][0] == "pass"


def test_what_vanishes_over_many_steps_agrees():
    text = "input x = 1\nparam w = 0.1\ny[0] = x\nfor t in 1..300:\n    y[t] = w * y[t-1]\n"
    assert {verdict for verdict, _ in verdicts(text + "loss L = y[300]\n").values()} == {"pass"}


def test_the_complex_step_says_how_far_it_can_be_trusted():
    """Against the derivative, which is 3 x²: what h leaves and what underflows is in the bar."""
    found = session("input x = [0, 1e-120, 1e-30, 2]\nloss L = sum(x * x * x)\n")
    found_wrong = np.full(4, 7.0)
    got = complex_step(Probe(Model(found), "x"), np.arange(4), found_wrong)
    truth = 3 * found.inputs["x"].reshape(-1) ** 2
    assert np.all(np.abs(got.value - truth) <= got.bar + 1e-15 * truth + 1e-230)
    assert np.all(got.bar <= 1e-9 * truth + 1e-50)


# ── not finite ──


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("input x = -1\nloss L = log(x)\n", "x"),
        ("input x = -1\nloss L = sqrt(x)\n", "x"),
        ("input x = -1\nloss L = x^1.5\n", "x"),
        ("input x = 0, y = 0\nloss L = x^y\n", "y"),
        ("input x = 0\nloss L = x^x\n", "x"),
        ("input x = 0\nloss L = log(x)\n", "x"),
        ("input x = 0\nloss L = 1 / x\n", "x"),
    ],
)
def test_what_has_no_derivative_is_not_finite(text, name):
    assert verdicts(text)[name] == ("inconclusive", "non-finite")


@pytest.mark.parametrize(
    "expression",
    ["sum(log(x))", "sum(1 / x)", "mean(log(x))", "-sum(w * log(x)) / 2", "sum(W @ log(x))"],
)
def test_one_infinite_entry_spoils_no_other(expression):
    text = "input x = [0, 1, 3]\nconst w: [3], W: [2, 3]\nloss L = "
    found = session(text + expression + "\n")
    result = check(found, Options(COMPLEX)).results[0]
    reasons = {entry.place: entry.reason for entry in result.worst}
    assert reasons == {(0, 0): "non-finite", (1, 0): "agrees", (2, 0): "agrees"}


@pytest.mark.parametrize("operation", ["det(A)", "logdet(A)", "inv(A)", "cofactor(A)", "norm(A)"])
@pytest.mark.parametrize("entry", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_is_inconclusive(operation, entry):
    data = {"A": [[1.0, 2.0], [3.0, entry]]}
    text = f"input A: [2, 2]\ny = {operation}\ngiven dL/dy\n"
    assert verdicts(text, data)["A"][0] == "inconclusive"


SINGULAR = "input A = [[1, 2], [2, 4]]\n"


@pytest.mark.parametrize(
    ("loss", "compact", "place"),
    [
        ("logdet(A)", False, r"2:10: error: dL/dA = .*inv\(A\).* can't be computed: singular"),
        ("logdet(A)", True, r"1:7: error: dL/dA = inv\(A\) can't be computed: singular"),
        ("logdet(A)^2 + sum(tanh(A))", True, r"1:7: error: dL/dA = .* can't be computed: singular"),
        ("logdet(2 * A) + sum(A)", True, r"1:7: error: dL/dA = .* can't be computed: singular"),
    ],
)
def test_a_singular_matrix_without_a_derivative_is_one_clear_error(loss, compact, place):
    with pytest.raises(GradError, match=place):
        session(f"{SINGULAR}loss L = {loss}\n", compact=compact)


@pytest.mark.parametrize("other", ["1e3", "1e10", "1e100"])
@pytest.mark.parametrize("method", [BOTH, COMPLEX])
def test_a_kink_shows_beside_outputs_that_hide_it_by_rounding(other, method):
    def reasons(expression):
        text = f"input x = [0, {other}]\nloss L = sum({expression})\n"
        result = check(session(text), Options(method)).results[0]
        return {entry.place: entry.reason for entry in result.worst}[0, 0]

    assert reasons("abs(x)") == "kink"
    assert reasons("1e-9 * relu(x) + x") == "kink"
    for smooth in ("relu(x) * x", "abs(x)^3", "maximum(x, 0) * tanh(x)", "abs(x) * abs(x)"):
        assert reasons(smooth) in ("agrees", "zero"), smooth


# ── what the check must not blame ──


@pytest.mark.parametrize("other", ["0", "1"])
def test_what_overflows_on_the_way_is_no_mistake(other):
    """The square of e^700 is beyond double precision, and with it a whole contribution."""
    text = f"dim N = 2\ninput x: [N] = [700, {other}]\nloss L = sum(exp(x) / sum(exp(x)))\n"
    found = verdicts(text)
    assert {verdict for verdict, _ in found.values()} == {"inconclusive"}
    assert found["dot-product"] == ("inconclusive", "rounding")


def test_what_underflows_on_the_way_is_no_zero(monkeypatch):
    """The product is 0 here and the derivative 1: in double precision nobody can tell."""
    found = session("input x: [2] = [-1e-300, 1]\nloss L = sum((x * 1e-160) * 1e160)\n")
    checker = Checker(found, BOTH, Clock(None, 0, lambda done, total: None))
    for wrong in ([[0.0], [1.0]], [[-1.0], [1.0]]):
        assert checker.result("x", found=np.array(wrong)).verdict == "inconclusive"
    monkeypatch.setattr(Checker, "_finer", lambda self: None)  # where nothing is more precise
    assert check(found).results[0].reason == "rounding"


def test_a_zero_that_double_precision_makes_is_no_zero():
    """Beside 1e300 a step of w is nothing; the derivative by it is -1 all the same."""
    text = "dim N = 2\ninput x: [N] = [1e300, 0.7], w: [N] = [-1, 3]\nloss L = norm(x - w)\n"
    found = session(text)
    checker = Checker(found, BOTH, Clock(None, 0, lambda done, total: None))
    assert found.backward.totals["w"][0] == -1
    assert checker.result("w").verdict == "pass"
    assert checker.result("w", found=np.zeros((2, 1))).verdict == "inconclusive"


def test_a_derivative_given_for_what_constants_alone_reach_is_not_checked():
    text = "const c: [2]\ninput x: [2]\nk = 2 * c\ny = x * k\nloss L = sum(y)\ngiven dL/dk\n"
    found = verdicts(text, steps=True)
    assert "k" not in found
    assert {verdict for verdict, _ in found.values()} == {"pass"}


def test_what_linear_algebra_rounds_by_its_largest_entry_is_no_mistake():
    """A determinant's derivative is 0 here, but for the last bits of entries far larger."""
    text = """
input A = [[1e-90, 2, 1e-90], [2, 1, 1e-90], [1e-90, 2, 1e-08]], b = [1e-08, 1e-90, 2]
B = A @ A.T + eye(3)
x = solve(B, b)
loss L = logdet(B) + trace(inv(B)) + dot(x, x) - det(A) + sum(diag(A) * b)
"""
    assert {verdict for verdict, _ in verdicts(text).values()} == {"pass"}


@pytest.mark.parametrize("scale", ["1e-6", "1e-13", "1e-30"])
def test_finite_differences_have_as_many_digits_of_a_small_loss(scale):
    def digits(factor):
        text = f"input x = [1, 2]\nloss L = {factor} * sum(sin(3 * x))\n"
        entry = check(session(text), Options(FINITE)).results[0].worst[0]
        return entry.bar / abs(entry.expected)

    assert digits(scale) < 2 * digits("1")


@pytest.mark.parametrize("x", [8, 20, 30, 40, 100, -40, -800])
@pytest.mark.parametrize("expression", ["sigmoid(x)", "tanh(x)", "silu(x)", "1 - tanh(x)"])
def test_saturation_passes(expression, x):
    found = verdicts(f"input x = {x}\nloss L = {expression}\n", steps=True)
    assert {verdict for verdict, _ in found.values()} == {"pass"}


def test_a_complex_logarithm_near_1_keeps_the_real_parts_digits():
    x = np.array([1e-20, 1e-3, -0.5, 2.0])
    found = log1p(x + 1e-40j)
    assert_close(found.real, np.log1p(x), 1e-15)
    assert_close(found.imag, 1e-40 / (1 + x), 1e-15)


FLAT = """
dim N = 4, D = 1
input X: [N, D] = 1e8 * ones(N, D)
centred = X - mean(X, axis=0)
Y = centred / sqrt(mean(square(centred), axis=0) + 1e-5)
given dL/dY
"""


def test_a_function_that_is_flat_but_near_an_entry_is_looked_at_from_near():
    assert verdicts(FLAT)["X"] == ("pass", "agrees")
