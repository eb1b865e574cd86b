"""The published forms: what `derive --compact` makes of models that everybody derives by hand."""

from __future__ import annotations

from functools import cache

import pytest

import gradcli
from gradcli.api.derivation import Derivation

BATCH = "dim N = 4, K = 5\ninput Z: [N, K]\nconst Y: [N, K]\n"
REGRESSION = "dim N = 6, D = 3\nconst X: [N, D], y: [N] ~ uniform(0, 1)\nparam w: [D]\n"

FORMS = {
    "softmax with cross-entropy": (
        "dim K = 5\ninput z: [K]\nconst y: [K]\np = softmax(z)\nloss L = -sum(y * log(p))",
        ["dL/dz = sum(y) * p - y"],
    ),
    "the mean of it over a batch": (
        BATCH + "P = softmax(Z, axis=1)\nloss L = -sum(Y * log(P)) / N",
        ["dL/dZ = (sum(Y, axis=1) * P - Y) / N"],
    ),
    "it over a one-hot batch": (
        BATCH.replace("const Y: [N, K]", "const Y: [N, K] ~ onehot(axis=1)")
        + "P = softmax(Z, axis=1)\nloss L = -sum(Y * log(P)) / N",
        ["dL/dZ = (P - Y) / N"],
    ),
    "preferences (DPO)": (
        (
            "input a, b\nconst a_ref, b_ref, beta = 0.1\nu = beta * ((a - a_ref) - (b - b_ref))\n"
            "s = sigmoid(u)\nloss L = -log(s)"
        ),
        ["dL/da = beta * (s - 1)", "dL/db = -dL/da"],
    ),
    "the KL term of a VAE": (
        (
            "dim Z = 3\ninput mu: [Z], log_var: [Z]\nv = exp(log_var)\n"
            "loss KL = -sum(1 + log_var - mu^2 - v) / 2"
        ),
        ["dL/dmu = mu", "dL/dlog_var = 0.5 * (v - 1)"],
    ),
    "sigmoid with binary cross-entropy": (
        (
            "dim N = 4\ninput z: [N]\nconst y: [N] ~ uniform(0, 1)\np = sigmoid(z)\n"
            "loss L = -sum(y * log(p) + (1 - y) * log(1 - p))"
        ),
        ["dL/dz = p - y"],
    ),
    "linear regression": (
        REGRESSION + "r = X @ w - y\nloss L = sum(square(r)) / N",
        ["dL/dw = 2/N * (X.T @ r)"],
    ),
    "ridge regression": (
        REGRESSION + "const λ = 0.1\nr = X @ w - y\nloss L = sum(r^2) / N + λ * sum(w^2)",
        ["dL/dw = 2/N * (X.T @ r) + 2 * λ * w"],
    ),
    "logistic regression": (
        REGRESSION + "p = sigmoid(X @ w)\nloss L = -sum(y * log(p) + (1 - y) * log(1 - p))",
        ["dL/dw = X.T @ (p - y)"],
    ),
    "layer normalisation": (
        "examples/layernorm.eq",
        [
            "dL/dbias = sum(dL/dY, axis=0)",
            "dL/dgain = sum(dL/dY * X_hat, axis=0)",
            "dL/dX_hat = dL/dY * gain",
            (
                "dL/dX = (dL/dX_hat - mean(dL/dX_hat * X_hat, axis=1) * X_hat"
                " - mean(dL/dX_hat, axis=1)) / z4"
            ),
        ],
    ),
    "batch normalisation": (
        "examples/batchnorm.eq",
        [
            "dL/dbias = sum(dL/dY, axis=0)",
            "dL/dgain = sum(dL/dY * X_hat, axis=0)",
            "dL/dX = gain / z4 * (dL/dY - dL/dgain / N * X_hat - dL/dbias / N)",
        ],
    ),
    "attention with a saved log-sum-exp": (
        (
            "dim N = 3, D = 2\ninput Q: [N, D], K: [N, D], V: [N, D]\nS = Q @ K.T / sqrt(D)\n"
            "lse = logsumexp(S, axis=1)\nP = exp(S - lse)\nO = P @ V\ngiven dL/dO"
        ),
        [
            "dL/dV = P.T @ dL/dO",
            "dL/dz2 = (dL/dO @ V.T - sum(dL/dO * O, axis=1)) * P / sqrt(D)",
            "dL/dQ = dL/dz2 @ K",
            "dL/dK = dL/dz2.T @ Q",
        ],
    ),
    "L2 normalisation": (
        "dim N = 5\ninput x: [N]\nr = sqrt(sum(x^2))\ny = x / r\ngiven dL/dy",
        ["dL/dx = (dL/dy - dL/dy.T @ y * y) / r"],
    ),
    "columns against rows, one of them below": (
        (
            "dim N = 3, M = 2\ninput u: [N], w: [M]\nparam Z: [N, M]\ny = sum(Z / w.T, axis=1)\n"
            "loss L = dot(u, y)"
        ),
        ["dL/du = y", "dL/dZ = u / w.T", "dL/dw = -(z2.T @ u / w)"],
    ),
    "log-sum-exp": ("dim N = 5\ninput x: [N]\nloss L = logsumexp(x)", ["dL/dx = exp(x - L)"]),
    "log det": (
        "input A: [2, 2] = [[2, 1], [1, 3]]\nloss L = logdet(A)",
        ["dL/dA = inv(A).T"],
    ),
    "two traces": (
        "dim N = 3\ninput A: [N, N], B: [N, N]\nloss L = trace(A.T @ A) + trace(B.T @ B)",
        ["dL/dB = 2 * B", "dL/dA = 2 * A"],
    ),
    "a perceptron, one line a layer": (
        "examples/mlp.eq",
        [
            "dL/db3 = dL/doutput",
            "dL/dW3 = dL/db3 @ z6.T",
            "dL/db2 = W3.T @ dL/db3 * (z5 > 0)",
            "dL/dW2 = dL/db2 @ z3.T",
            "dL/db1 = W2.T @ dL/db2 * (z2 > 0)",
            "dL/dW1 = dL/db1 @ x.T",
            "dL/dx = W1.T @ dL/db1",
        ],
    ),
}


@cache
def compacted(model: str, layout: str = "denominator") -> Derivation:
    found = gradcli.load(model) if model.endswith(".eq") else gradcli.parse(model)
    return found.derive(compact=True, layout=layout)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORMS)
def test_the_published_form_is_found(name: str) -> None:
    model, expected = FORMS[name]
    assert [str(step) for step in compacted(model).steps] == expected


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("name", FORMS)
def test_the_compact_lines_are_a_derivation_that_check_accepts(name: str, layout: str) -> None:
    model, _ = FORMS[name]
    read = gradcli.load(model) if model.endswith(".eq") else gradcli.parse(model)
    text = compacted(model, layout).to_grad()
    assert read.against(text, complete=True).verdict == "pass"


def test_a_fact_about_data_is_stated_and_held_against_them() -> None:
    model = gradcli.parse(
        "dim K = 3\ninput z: [K]\nconst y: [K] ~ simplex()\np = softmax(z)\n"
        "loss L = -sum(y * log(p))"
    )
    found = model.derive(compact=True)
    assert [str(step) for step in found.steps] == ["dL/dz = (p - y).T"]
    assert found.notes == (
        "note: the compact form rests on this: y sums to 1 along axis 0, as it is drawn",
    )
    other = model.derive(compact=True, data={"y": [1, 2, 3]})
    assert [str(step) for step in other.steps] == ["dL/dz = (sum(y) * p - y).T"]
    assert other.notes == ()
    assert model.against(other.to_grad(), complete=True).verdict == "pass"


def test_a_mask_is_its_own_square_where_the_data_are_one() -> None:
    model = gradcli.parse(
        "dim N = 3\ninput x: [N]\nconst m: [N] ~ bernoulli(0.5)\ne = m * x\n"
        "loss L = sum(square(e)) / 2"
    )
    found = model.derive(compact=True, layout="denominator", data={"m": [1, 0, 1]})
    assert [str(step) for step in found.steps] == ["dL/dx = e"]
    assert found.notes == ("note: the compact form rests on this: m is 0 or 1, as it is drawn",)
    other = model.derive(compact=True, layout="denominator", data={"m": [1, 2, 3]})
    assert [str(step) for step in other.steps] == ["dL/dx = m * e"]
    assert other.notes == ()


def test_derivatives_put_in_one_after_the_other_come_to_an_end() -> None:
    model = gradcli.parse(
        "input x: [4], W: [2, 2]\na = sum(exp(x[0:3] * x[1:4])) + sum(inv(W)) * sum(softmax(x)^2)\n"
        "g = grad(a, x)\nh = grad(sum(g * x), W)\nloss L = sum(tanh(g)) + sum(h^2)"
    )
    found = model.derive(compact=True)
    assert found.notes == ()
    assert len(found.steps) < len(model.derive().steps) / 2


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_a_gradient_in_which_all_cancels_has_a_line_too(layout: str) -> None:
    text = "input x: [3]\nparam A: [2, 3]\ny = A @ x\nz = y - y\nloss L = sum(z) + sum(x)"
    model = gradcli.parse(text)
    found = model.derive(compact=True, layout=layout)  # type: ignore[arg-type]
    assert [step.target for step in found.steps] == ["A", "x"]
    assert model.against(found.to_grad(), complete=True).verdict == "pass"
