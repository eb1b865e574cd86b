"""What data are declared to be holds at the points of a field too."""

from __future__ import annotations

import pytest

import gradcli
from gradcli.proof.verdict import PROVEN, REFUTED

# A model, a line that is right because of what is declared, and one that is not.
CASES = (
    (
        "dim N = 3\ninput A: [N, N] ~ spd()\nparam x: [N]\nloss L = x.T @ A @ x",
        "dL/dx = 2 * A @ x",
        "dL/dx = 2 * A @ x + 1e-20 * x",
    ),
    (
        "dim N = 3\nconst A: [N, N] ~ spd()\nparam x: [N]\nloss L = sum((A @ x) * exp(x))",
        "dL/dx = A @ exp(x) + (A.T @ x) * exp(x)",
        "dL/dx = A @ exp(x) + (A.T @ x) * exp(x) * (1 + 1e-15)",
    ),
    (
        "dim N = 3\ninput Q: [N, N] ~ orthogonal()\nparam x: [N]\nloss L = sum(square(Q @ x))",
        "dL/dx = 2 * x",
        "dL/dx = (2 + 1e-16) * x",
    ),
    (
        "dim N = 4, M = 2\ninput Q: [N, M] ~ orthogonal()\nparam x: [M]\nloss L = sum(square(Q @ x))",
        "dL/dx = 2 * x",
        "dL/dx = 2 * Q.T @ (Q @ x) + 1e-16 * x",
    ),
    (
        (
            "dim N = 3\ninput p: [N] ~ simplex(axis=0)\nparam x: [N]\n"
            "loss L = sum(p) * logsumexp(x) - dot(p, x)"
        ),
        "dL/dx = softmax(x) - p",
        "dL/dx = softmax(x) - p * (1 + 1e-14)",
    ),
    (
        (
            "dim N = 3\nconst p: [N] ~ simplex(axis=0)\nparam x: [N]\n"
            "loss L = sum(p) * logsumexp(x) - dot(p, x)"
        ),
        "dL/dx = softmax(x) - p",
        "dL/dx = softmax(x) - p * (1 + 1e-14)",
    ),
    (
        (
            "dim N = 3, M = 2\ninput p: [N, M]\nassume sum(p, axis=1) == 1\nparam x: [M]\n"
            "loss L = sum(p @ x)\n"
        ),
        "dL/dx = (ones(N).T @ p).T * 1",
        "dL/dx = 1.5 * ones(M)",
    ),
    (
        "dim N = 3\ninput y: [N] ~ onehot(axis=0)\nparam x: [N]\nloss L = sum(y * y * x)",
        "dL/dx = y",
        "dL/dx = 1 / 3 * ones(N)",
    ),
    (
        "dim N = 4\ninput m: [N] ~ bernoulli(0.5)\nparam x: [N]\nloss L = sum(m * m * m * x)",
        "dL/dx = m",
        "dL/dx = m + 1e-18",
    ),
)


@pytest.mark.parametrize(("model", "right", "wrong"), CASES)
def test_what_is_declared_is_kept(model: str, right: str, wrong: str) -> None:
    read = gradcli.parse(f"layout denominator\n{model}\n")
    for text, verdict, proof in ((right, "right", PROVEN), (wrong, "wrong", REFUTED)):
        (line,) = read.against(f"{text}\n").report.lines
        assert (line.verdict, line.proof.verdict) == (verdict, proof), (text, line)


@pytest.mark.parametrize("model", [model for model, _, _ in CASES])
def test_gradients_are_proven_there(model: str) -> None:
    found = gradcli.parse(f"layout denominator\n{model}\n").check().report
    for result in found.results:
        assert result.proof is not None
        assert (result.verdict, result.proof.verdict) == ("pass", PROVEN), result
