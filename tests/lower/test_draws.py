"""Draws: what each distribution promises of its values, and that checks keep it."""

from __future__ import annotations

import numpy as np
import pytest
from support import session

from gradcli.check.gradients.numeric import Options, check
from gradcli.check.gradients.points import points
from gradcli.draws import DISTRIBUTIONS, sample

ROWS = "x: [6, 4]"


def ones(array, axis):
    return np.all(np.isin(array, (0, 1))) and np.all(array.sum(axis=axis) == 1)


PROMISES = {
    "normal(1, 0)": lambda x: np.all(x == 1),
    "uniform(2, 3)": lambda x: np.all((x >= 2) & (x <= 3)),
    "positive()": lambda x: np.all(x > 0) and 0.5 < np.median(x) < 2,
    "positive(100, 0)": lambda x: np.allclose(x, 100),
    "positive(deviation=0)": lambda x: np.allclose(x, 1),
    "integers(-1, 2)": lambda x: set(x.ravel()) == {-1, 0, 1, 2},
    "integers(3, 3)": lambda x: np.all(x == 3),
    "bernoulli(0.5)": lambda x: set(x.ravel()) == {0, 1},
    "bernoulli(1)": lambda x: np.all(x == 1),
    "onehot()": lambda x: ones(x, 0),
    "onehot(axis=1)": lambda x: ones(x, 1),
    "onehot(axis=-1)": lambda x: ones(x, 1),
    "simplex(axis=1)": lambda x: np.all(x > 0) and np.allclose(x.sum(axis=1), 1),
    "simplex()": lambda x: np.all(x > 0) and np.allclose(x.sum(axis=0), 1),
    "orthogonal()": lambda x: np.allclose(x.T @ x, np.eye(4)),
}


@pytest.mark.parametrize("draw", PROMISES)
@pytest.mark.parametrize("role", ["input", "param", "const"])
def test_a_draw_keeps_its_promise(draw, role):
    found = session(f"input s\n{role} {ROWS} ~ {draw}\nloss L = sum(x * s)\n", seed=3)
    for at in points(found, 4, 3, []):
        assert PROMISES[draw](at.inputs["x"]), draw


def test_every_distribution_is_tried():
    assert {draw.partition("(")[0] for draw in PROMISES} | {"spd"} == set(DISTRIBUTIONS)


@pytest.mark.parametrize(("draw", "low", "high"), [("spd()", 0.5, 2), ("spd(3, 4)", 3, 4)])
def test_symmetric_positive_definite(draw, low, high):
    found = session(f"dim N = 5\ninput A: [N, N] ~ {draw}\nloss L = logdet(A)\n", seed=1)
    for at in points(found, 3, 1, []):
        value = at.inputs["A"]
        assert np.array_equal(value, value.T)
        eigenvalues = np.linalg.eigvalsh(value)
        assert np.all((eigenvalues > low - 1e-12) & (eigenvalues < high + 1e-12))


def test_wide_and_tall_are_orthogonal():
    wide = session("input Q: [2, 5] ~ orthogonal()\nloss L = sum(Q)\n").inputs["Q"]
    assert np.allclose(wide @ wide.T, np.eye(2))


def test_a_draw_depends_on_the_seed_and_the_name_alone():
    one = session("input a: [3] ~ simplex(), b: [3] ~ simplex()\nloss L = sum(a * b)\n", seed=5)
    other = session("input b: [3] ~ simplex()\nloss L = sum(b)\n", seed=5)
    assert np.array_equal(one.inputs["b"], other.inputs["b"])
    assert not np.array_equal(one.inputs["a"], one.inputs["b"])
    again = session("input b: [3] ~ simplex()\nloss L = sum(b)\n", seed=6)
    assert not np.array_equal(again.inputs["b"], other.inputs["b"])


def test_the_first_two_draw_what_they_always_drew():
    assert (
        sample("normal", (0, 1), 0, (2,), 7).tolist()
        == np.random.default_rng(7).normal(0, 1, 2).tolist()
    )
    assert (
        sample("uniform", (2, 3), 0, (2,), 7).tolist()
        == np.random.default_rng(7).uniform(2, 3, 2).tolist()
    )


def test_data_for_a_bound_draw_are_not_moved_off_it():
    text = "input Y: [2, 3] ~ onehot(axis=1)\nparam W: [2, 3]\nloss L = sum(Y * W)\n"
    found = session(text, {"Y": [[1, 0, 0], [0, 1, 0]]})
    for at in points(found, 3, 0, []):
        assert ones(at.inputs["Y"], 1)


def test_a_softmaxs_gradient_by_labels():
    """It is (softmax - Y) / n where each row of Y adds up to 1, and another where not."""
    text = """
dim N = 4, K = 3
param Z: [N, K]
const Y: [N, K] ~ onehot(axis=1)
loss L = -sum(Y * log_softmax(Z, axis=1)) / N
"""
    found = session(text, layout="denominator")
    z, y = found.inputs["Z"], found.inputs["Y"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    assert np.allclose(found.backward.totals["Z"], (e / e.sum(axis=1, keepdims=True) - y) / 4)
    assert {result.verdict for result in check(found, Options(points=3)).results} == {"pass"}


def test_a_given_derivative_is_drawn_too():
    found = session("input x: [4]\ny = 2 * x\ngiven dL/dy ~ simplex()\n")
    assert np.isclose(found.given["y"].sum(), 1)
