"""The verdicts: what passes, what fails, what can't be told, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from support import EXAMPLES, session

from gradcli.check.gradients.checker import BOTH, COMPLEX, FINITE, Checker, Clock
from gradcli.check.gradients.numeric import Options, check
from gradcli.session import Request, run

METHODS = [BOTH, FINITE, COMPLEX]
SQUARES = "dim N = 3\ninput x: [N]\nparam W: [N, N]\ny = tanh(W @ x)\nloss L = sum(square(y))\n"


def checker(found, method=BOTH, budget=None):
    return Checker(found, method, Clock(budget, found.values["x"].size, lambda done, total: None))


def wrong(found, name, change):
    """The verdict on a gradient with a mistake in it."""
    return checker(found).result(name, change(found.backward.totals[name].copy()))


def replaced(found, name, change):
    """A session in which one derivative's value has a mistake."""
    totals = {**found.backward.totals, name: change(found.backward.totals[name].copy())}
    return found._replace(backward=found.backward._replace(totals=totals))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.eq")), ids=lambda path: path.stem)
@pytest.mark.parametrize("method", METHODS)
def test_every_example_passes(path, method):
    both = method == BOTH
    report = check(run(str(path), Request()), Options(method, points=1 + both, steps=both))
    assert [(r.name, r.reason) for r in report.all() if r.verdict != "pass"] == []
    assert all(r.checked == r.entries for r in report.results)
    assert len(report.results) == len(run(str(path), Request()).derivation.wrt)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("factor", [1.00001, 2.0, -1.0, 0.0])
def test_a_wrong_factor_fails(method, factor):
    found = session(SQUARES)
    found = replaced(found, "W", lambda g: g * factor)
    report = check(found, Options(method))
    assert {r.name: r.verdict for r in report.results} == {"x": "pass", "W": "fail"}
    assert report.verdict == "fail"


def test_one_wrong_entry_among_many_is_named():
    def change(g):
        g[2, 1] *= 1 + 2e-6
        return g

    result = wrong(session(SQUARES), "W", change)
    assert (result.verdict, result.worst[0].place) == ("fail", (2, 1))
    assert result.max_rel_error == pytest.approx(2e-6, rel=1e-3)
    assert "1 of 9" in result.message


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (lambda g: 2 * g, "yours = 2 × expected"),
        (lambda g: -g, "yours = -1 × expected"),
        (lambda g: g / 3, "yours = 1/N (= 1/3) × expected"),
        (lambda g: 3 * g, "yours = N (= 3) × expected"),
        (lambda g: 0.123 * g, "yours = 0.123 × expected, in every entry"),
        (lambda g: 0 * g, "yours = 0 throughout"),
        (lambda g: g.T.copy(), "yours is the transpose of what is expected"),
        (lambda g: g + np.arange(9.0).reshape(3, 3), ""),
    ],
)
def test_what_the_entries_have_in_common_is_said(change, remark):
    result = wrong(session(SQUARES), "W", change)
    assert result.verdict == "fail"
    assert result.remark == remark


# ── kinks ──


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("expression", "note"),
    [
        ("relu(x)", "left 0, right 1 (relu, at x = 0 the derivative is 0)"),
        ("abs(x)", "left -1, right 1 (abs, at x = 0 the derivative is 0)"),
        ("maximum(x, 0)", "left 0, right 1 (maximum, a tie goes to the first)"),
        ("max([x; 0])", "left 0, right 1 (max, a tie goes to the first)"),
        ("where(x > 0, x, 2 * x)", "left 2, right 1 (gt, no gradient flows through a comparison"),
        ("norm(x)", "left -1, right 1 (norm, at x = 0 the derivative is 0)"),
    ],
)
def test_a_tie_is_a_kink_and_says_what_was_chosen(expression, note, method):
    report = check(session(f"input x = 0\ny = {expression}\ngiven dL/dy = 1\n"), Options(method))
    (result,) = report.results
    assert (result.verdict, result.reason) == ("inconclusive", "kink")
    assert result.worst[0].note.startswith(note)
    assert report.verdict == "inconclusive"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [1e-9, -1e-9, 1e-7, -1e-5])
def test_near_a_kink_the_side_that_holds_is_used(x, method):
    for expression in ("relu(x)", "abs(x)", "x * (x > 0)", "elu(x, 0.3)"):
        text = f"input x = [{x}, 1]\ny = {expression}\ngiven dL/dy = [1, 2]\n"
        found = session(text)
        assert check(found, Options(method)).verdict == "pass", expression
        broken = replaced(found, "x", lambda g: g * 1.01 + 0.01)
        assert check(broken, Options(method)).verdict == "fail", expression


@pytest.mark.parametrize("method", METHODS)
def test_a_branch_that_changes_nothing_is_no_kink(method):
    report = check(session("input x = 0\ny = x * relu(x)\ngiven dL/dy = 1\n"), Options(method))
    assert report.verdict == "pass"


# ── what can't be told ──


@pytest.mark.parametrize("method", METHODS)
def test_an_infinite_derivative_is_inconclusive(method):
    report = check(session("input x = 0\ny = sqrt(x)\ngiven dL/dy = 1\n"), Options(method))
    assert [(r.verdict, r.reason) for r in report.results] == [("inconclusive", "non-finite")]


def test_a_nan_where_there_is_a_derivative_fails():
    result = wrong(session(SQUARES), "W", lambda g: g * np.nan)
    assert (result.verdict, result.reason) == ("fail", "mismatch")


def test_zero_to_within_rounding_passes():
    text = """
    dim T = 3, D = 4
    input X: [T, D]
    param b: [1, 1]
    y = softmax(X + b, axis=1)
    given dL/dy
    """
    results = {r.name: r for r in check(session(text.replace("\n    ", "\n"))).results}
    assert (results["b"].verdict, results["b"].reason) == ("pass", "zero")


def test_rounding_that_hides_a_mistake_is_not_a_pass():
    found = session("input x = 40\ny = sigmoid(-x) + 1\nz = 1 - y\ngiven dL/dz = 1\n")
    noisy = checker(found).noise.totals["x"]
    result = checker(found).result(
        "x", found.backward.totals["x"] * 1.001, np.full((1, 1), 1e-18) + noisy
    )
    assert result.verdict != "pass"


# ── points, upstream, forward mode ──


def test_an_upstream_of_ones_is_not_trusted():
    text = """
dim N = 4, D = 2
input X: [N, D]
op normalised(a) = (a - mean(a, axis=0)) / sqrt(mean(square(a - mean(a, axis=0)), axis=0)):
    dL/da = 0 * a.T
Y = normalised(X)
given dL/dY = ones(N, D)
"""
    report = check(session(text))
    assert any("equal entries" in note for note in report.notes)
    (result,) = report.results
    assert (result.verdict, result.point, result.points) == ("fail", 2, 2)


def test_further_points_find_what_one_hides():
    text = (
        "input x = 2\nop cube(a) = a^3:\n    dL/da = dL/dout * 12 * (a == 2)\ny = cube(x)\nloss y\n"
    )
    assert check(session(text)).results[0].verdict == "pass"
    result = check(session(text), Options(points=3)).results[0]
    assert (result.verdict, result.points) == ("fail", 3)


def test_a_const_stays_at_every_point():
    text = "const k = 2\ninput x\ny = where(k == 2, x^2, nope)\nloss y\n".replace("nope", "x")
    assert check(session(text), Options(points=4)).verdict == "pass"


def test_forward_and_reverse_mode_are_compared():
    report = check(session(SQUARES))
    assert (report.dot.verdict, report.dot.entries) == ("pass", 12)
    broken = replaced(session(SQUARES), "W", lambda g: g * 1.0001)
    assert check(broken, Options(COMPLEX)).dot.verdict == "fail"
    assert check(session(SQUARES), Options(FINITE)).dot is None


# ── steps and a model's own operations ──

OWN = """
dim N = 3
input x: [N]
op gate(a) = a * sigmoid(a):
    dL/da = FACTOR * dL/dout * (sigmoid(a) + a * sigmoid(a) * (1 - sigmoid(a))).T
h = tanh(x)
y = gate(2 * h)
loss L = sum(y)
"""


def test_the_first_wrong_step_is_named():
    report = check(session(OWN.replace("FACTOR", "2")), Options(steps=True))
    verdicts = {r.name: r.verdict for r in report.steps}
    assert verdicts == {"L": "pass", "y": "pass", "z1": "fail", "h": "fail"}
    assert "the first wrong derivative is dL/dz1; it comes from 3. y = gate(z1)" in report.notes


def test_an_operation_of_the_model_is_checked_alone():
    for factor, verdict in (("1", "pass"), ("2", "fail")):
        report = check(session(OWN.replace("FACTOR", factor)))
        assert [(r.name, r.role, r.verdict) for r in report.ops] == [("gate: a", "op", verdict)]
        assert [r.verdict for r in report.results] == [verdict]


# ── budgets ──


def test_a_budget_samples_every_variable_and_says_so():
    found = session("dim N = 60\ninput x: [N]\nparam W: [N, N]\nloss L = sum(tanh(W @ x))\n")
    report = check(found, Options(budget=0.001))
    results = {r.name: r for r in report.results}
    assert 8 <= results["W"].checked < results["W"].entries == 3600
    assert any("only a sample" in note and "W" in note for note in report.notes)


def test_a_sample_holds_the_largest_and_the_smallest_entries():
    found = session("dim N = 30\ninput x: [N]\nparam W: [N, N]\nloss L = sum(tanh(W @ x))\n")
    gradient = np.abs(found.backward.totals["W"])
    for extreme in (gradient.argmax(), gradient.argmin()):

        def change(g, extreme=extreme):
            g.reshape(-1)[extreme] *= 1.01
            return g

        broken = replaced(found, "W", change)
        assert check(broken, Options(budget=1e-3)).verdict == "fail"


def test_progress_reaches_the_end():
    seen = []
    check(session(SQUARES), Options(), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (12, 12)
