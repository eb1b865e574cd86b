"""What is mutated: the examples, the models that the pages show, and small models of every kind."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

SMALL = [
    """
    dim N = 3, K = 1
    input x: [N], s
    param W: [N, N], b: [K]
    h = relu(W @ x) * sum(b) + leaky_relu(x, 0.1) + elu(x, 2)
    y = h[0:2]; z = maximum(h, x) - where(x > 0, x^3, -1e9)
    loss L = sum(softmax(z) * x) + sum(y * s)
    """.replace("; ", "\n    "),
    """
    dim N = 2, M = 2
    input u: [N, M], w: [M, N]
    v = u + w.T
    y = u[0, :]
    loss L = sum(v^2) + sum(10 * y) + norm(u @ w)
    """,
    """
    dim N = 3
    input A: [N, N] ~ uniform(1, 2), b: [N]
    B = A @ A.T + eye(N)
    x = solve(B, b)
    loss L = logdet(B) + trace(inv(B)) + dot(x, x) + det(A) + sum(diag(A) * b)
    """,
    """
    dim B = 2, N = 3, D = 2
    input X: [B, N, D]
    param W: [D, D], V: [B, D, N]
    Y = X @ W
    Z = Y[:, 0:2, :]
    A = einsum("bij,bjk->bik", Z, V)
    loss L = sum(square(A)) + sum(Y[0] * X[1, :, :]) + mean(exp(Y[1, 2, :])) + max(reshape(X, [N, B*D]))
    """,
    """
    dim T = 3, H = 2
    input x[1..T]: [H], start: [H]
    param W: [H, H]
    h[0] = start
    for t in 1..T:
        a = W @ h[t-1] + x[t]
        h[t] = tanh(a)
    loss L = sum(square(h[t] - x[t]) for t in 1..T)
    """,
    """
    dim H = 2
    def cell(h, x):
        z = sigmoid(W @ h + x)
        return z * h
    op clipped(x) = minimum(maximum(x, -1), 1):
        dL/dx = dL/dout * (abs(x) < 1).T
    input x: [H], h: [H] = [0.5, -2]
    param W: [H, H]
    y = cell(clipped(h), x)
    c = concat(y, [x; 1], axis=0)
    given dL/dc
    """,
    """
    dim N = 4
    const m: [N, N] ~ normal(0, 1)
    input q: [N, 2], k: [N, 2]
    S = q @ k.T / sqrt(2) + log_softmax(m)
    P = softmax(S, axis=1)
    loss L = sum(logsumexp(P, axis=1)) + prod(1 + q[0]) + sum(softplus(k) - gelu(q) * silu(q)) + sum(erf(q))
    """,
    """
    input a = 2, b = 0, c
    d = exp(a) * log(a * a + 1) + sqrt(a) / (1 + b^2)
    e = sin(d) * cos(c) - abs(b) + a^b
    loss L = e * sign(c) + tan(c) + min([a, b, c])
    """,
    """
    dim N = 2
    input x[1..2, 1..2]: [N]
    for i in 1..2:
        for j in 1..2:
            y[i, j] = x[i, j] * x[3 - i, j]
    Z = stack(y[1, 1], broadcast(y[2, 2], [N, 1]), axis=0)
    loss L = sum(sum(sum(y[i, j]) for j in 1..2) for i in 1..2) + sum(Z) + sum(outer(x[1, 1], x[2, 1]))
    """,
    """
    dim N = 4, K = 2, V = 5, D = 3
    index Xb: [N, K] in 0..V-1, Yb: [N] in 0..V-1
    param C: [V, D], W: [K*D, V]
    h = tanh(reshape(C[Xb], [N, K*D]))
    logp = log_softmax(h @ W, axis=1)
    best = argmax(logp, axis=1)
    r = segment_sum(h[:, 0:K], Yb, V) + sum(topk(logp, 2, axis=1) * logp) + onehot(best, V).T @ h[:, 1:K+1]
    loss L = sum(r) - mean(pick(logp, Yb, axis=1)) + sum(sort(h, axis=1)[:, 0:2])
    """,
    """
    dim N = 3, D = 4
    input x: [N, D]
    param w: [1, D]
    const m: [N, D] ~ bernoulli(0.7)
    op rmsnorm(x, w, const m):
        rstd = 1 / sqrt(mean(square(x), axis=1) + 1e-5)
        save rstd
        return m * (x * rstd) * w
        xhat = (x * rstd).T
        g = (m * w).T * dL/dout
        dL/dx = rstd.T * (g - xhat * mean(g * xhat, axis=0))
        dL/dw = sum((m.T * dL/dout) * xhat, axis=1)
    y = rmsnorm(x, w, m)
    z = y[1:, 1:3] + x[:-1, -2:] * cumsum(w, axis=1)[:, 0:2]
    loss L = sum(square(y)) + sum(z)
    """,
]


@cache
def models() -> list[str]:
    """Models that are right. The small ones come first."""
    pages = [
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/language.md")
    ]
    shown = [b for page in pages for b in re.findall(r"^```eq.*\n([^`]*)^```$", page, re.MULTILINE)]
    examples = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.eq"))]
    texts = [*(dedent(text).lstrip() for text in SMALL), *shown, *examples]
    return [re.sub(r"^#.*\n", "", text, flags=re.MULTILINE) for text in texts]


@cache
def malformed() -> list[str]:
    """Models with mistakes: those of the tests of messages."""
    files = sorted((ROOT / "tests" / "errors").glob("*.txt"))
    texts = [path.read_text(encoding="utf-8") for path in files if path.stem != "command_line"]
    cases = [case.partition("\n")[2] for text in texts for case in text.split("\n=== ")[1:]]
    shown = re.compile(r"^ *\^+ error: .*\n|^hint: .*\n", re.MULTILINE)
    return [shown.sub("", case + "\n") for case in cases]


@cache
def derivations() -> list[tuple[str, str]]:
    """A person's derivations, each with the text of its model."""
    found = []
    for path in sorted((EXAMPLES / "course").glob("*.grad")):
        text = path.read_text(encoding="utf-8")
        model = re.findall(r"gradcli check (\S+) --against", text)[0]
        found.append(((ROOT / model).read_text(encoding="utf-8"), text))
    return found
