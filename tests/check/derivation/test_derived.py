"""What `derive --format grad` prints is right, in every layout and with `+=` throughout."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from person_support import EXAMPLES, MODELS, derived, derived_text, review
from random_models import models

LAYOUTS = ("numerator", "denominator")
COURSE = sorted((EXAMPLES / "course").glob("*.grad"))


@pytest.mark.parametrize(
    ("layout", "accumulate"), [("numerator", "always"), ("denominator", "auto")]
)
@pytest.mark.parametrize("model", MODELS)
def test_an_example(model: str, layout: str, accumulate: str) -> None:
    report = review(model, derived(model, layout, accumulate), complete=True)
    assert report.ok
    assert {line.verdict for line in report.lines} == {"right"}
    assert not report.missing


@given(models(), st.sampled_from(LAYOUTS), st.sampled_from(["auto", "always"]))
def test_any_model(text: str, layout: str, accumulate: str) -> None:
    report = review(text, derived_text(text, layout, accumulate), complete=True)
    assert [(line.target, line.message) for line in report.lines if line.verdict != "right"] == []
    assert report.ok


FURTHER = {
    "an op with its own rule": """
        dim N = 3
        op clipped(x, low) = maximum(x, low):
            dL/dx = dL/dout * (x > low).T
            dL/dlow = sum(dL/dout * (x <= low).T)
        input x: [N], low = 0.2
        param W: [N, N]
        h = clipped(W @ x, low)
        loss L = sum(square(h))
        """,
    "definitions inside loops": """
        dim N = 3, T = 2
        def cell(h, x):
            z = tanh(W @ h + x)
            return z * h
        input x[1..T]: [N], start: [N]
        param W: [N, N]
        h[0] = start
        for t in 1..T:
            h[t] = cell(h[t-1], x[t])
        given dL/dh
        """,
    "families with two indices": """
        dim N = 2
        input x[1..2, 1..2]: [N]
        param W: [N, N]
        for i in 1..2:
            for j in 1..2:
                a = W @ x[i, j]
                y[i, j] = tanh(a)
        loss L = sum(sum(sum(y[i, j]) for j in 1..2) for i in 1..2)
        """,
    "rank 3, slices and einsum": """
        dim B = 2, N = 3, D = 4
        input X: [B, N, D]
        param W: [D, D], V: [B, D, N]
        Y = X @ W
        Z = Y[:, 0:2, :]
        A = einsum("bij,bjk->bik", Z, V)
        first = Y[0, :, :]
        column = Y[1, 2, :]
        loss L = sum(square(A)) + sum(first * X[1, :, :]) + sum(exp(column))
        """,
    "blocks stacked": """
        dim H = 3, X = 2
        input a: [H], b: [X]
        param W: [H, H + X]
        h = tanh(W @ [a; b])
        c = concat(h, a * h, axis=1)
        given dL/dc
        """,
    "linear algebra": """
        dim N = 3
        input A: [N, N] ~ uniform(1, 2), b: [N]
        x = solve(A, b)
        loss L = logdet(A @ A.T + eye(N)) + trace(inv(A @ A.T + eye(N))) + dot(x, x) + det(A)
        """,
    "a dim that is 1": """
        dim K = 1, N = 3
        param w: [K], W: [N, K], v: [K, N]
        input s
        b = [s; w]
        y = W[:, 0]
        z = v[0:1, :] + y
        u = v[0, :] * z
        loss L = sum(square(b)) + sum(square(z)) + sum(u)
        """,
    "slices that cover everything": """
        dim M = 2, K = 1
        param W: [M, M], C: [K, M, M]
        y = W[0:2]
        z = W[0:2, 0:2] @ y
        u = C[0:1, :, 0:2] * 2
        v = C[0, :, :] @ W
        loss L = sum(square(z)) + sum(square(u)) + sum(v)
        """,
    "a loss and a given derivative": """
        dim N = 3
        input x: [N]
        h = tanh(x)
        y = h * x
        given dL/dh, dL/dy
        loss L = sum(square(y))
        """,
}


@pytest.mark.parametrize("accumulate", ["auto", "always"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FURTHER)
def test_a_model_of_another_kind(name: str, layout: str, accumulate: str) -> None:
    report = review(FURTHER[name], derived_text(FURTHER[name], layout, accumulate), complete=True)
    assert [(line.target, line.message) for line in report.lines if line.verdict != "right"] == []
    assert report.ok


MODEL_OF = {"softmax": "feedforward"}
SLIPS = {
    "activation": [(13, "extra-factor"), (14, "extra-factor"), (17, "extra-factor")],
    "lstm": [(16, "missing-accumulate")],
    "mlp": [(19, "wrong-operand")],
    "scanning_mlp": [(line, "wrong-operand") for line in (22, 39, 57, 75)],
    "softmax": [(8, "unknown")],
}


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_the_courses_derivations(path: Path) -> None:
    """The slips in the slides are found, and nothing else is called wrong."""
    report = review(MODEL_OF.get(path.stem, path.stem), path.read_text(encoding="utf-8"))
    assert [(line.line, line.diagnosis) for line in report.wrong] == SLIPS.get(path.stem, [])
