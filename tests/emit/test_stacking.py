"""Products that share an operand are one over stacked operands, and compute what they did."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from emitting import EXAMPLES, case, run

SEQUENCE = """
dim T = 4, X = 3, H = 2
input x[1..T]: [X], h0: [H], C0: [H]
param W_f: [H, H], U_f: [H, X], b_f: [H], W_i: [H, H], U_i: [H, X], b_i: [H]
param W_c: [H, H], U_c: [H, X], b_c: [H], W_o: [H, H], U_o: [H, X], b_o: [H]
param P_f: [H, H], P_i: [H, H]
h[0] = h0
C[0] = C0
for t in 1..T:
    f[t] = sigmoid(W_f @ h[t-1] + U_f @ x[t] + P_f @ C[t-1] + b_f)
    i[t] = sigmoid(W_i @ h[t-1] + U_i @ x[t] + P_i @ C[t-1] + b_i)
    c[t] = tanh(W_c @ h[t-1] + U_c @ x[t] + b_c)
    o[t] = sigmoid(W_o @ h[t-1] + U_o @ x[t] + b_o)
    C[t] = f[t] * C[t-1] + i[t] * c[t]
    h[t] = o[t] * tanh(C[t])
loss L = sum(sum(h[t]) for t in 1..T)
"""

ATTENTION = """
dim N = 5, D = 3, K = 2
input X: [N, D]
param W_q: [D, K], W_k: [D, K], W_v: [D, D]
q = X @ W_q
k = X @ W_k
v = X @ W_v
y = softmax(q @ k.T, axis=1) @ v
loss L = sum(y * y)
"""

MODELS = {
    "a product that no longer stands": """
dim N = 3, X = 4
const x: [N, X], y: [N, X]
param W: [X, 2], v: [2]
u = sum(tanh(x @ W) @ v)
g = grad(u, W)
loss L = sum(square(g)) + sum(tanh(y @ W) @ v)
""",
    "one of them needs another": """
input x: [2]
param A: [2, 2], B: [2, 2]
y = A @ x
z = (B * y) @ x
loss L = sum(y * z)
""",
    "each needs one of the others": """
input x: [2], u: [2]
param A: [2, 2], B: [2, 2], C: [2, 2], D: [2, 2]
a = A @ x
d = D @ u
b = (B * d) @ x
c = (C * a) @ u
loss L = sum(tanh(a) * tanh(b) + tanh(c) * tanh(d))
""",
    "one operand twice": """
input x: [2]
param A: [2, 2]
y = A @ x
z = tanh(A @ x)
loss L = sum(y * z)
""",
    "rows, and what is done to some of them": """
input x: [1, 3]
param A: [3, 2], B: [3, 2], C: [3, 4], b: [1, 2]
y = tanh(x @ A + b)
z = tanh(x @ B)
u = exp(x @ C)
loss L = sum(y * z) + sum(u)
""",
    "columns of several sizes": """
input x: [3]
param A: [2, 3], B: [4, 3], a: [2], b: [4]
loss L = sum(sigmoid(A @ x + a)) * sum(sigmoid(B @ x + b))
""",
    "numbers between": """
input x: [3]
param A: [2, 3], B: [2, 3], C: [2, 3]
y = 2 * (A @ x) + 1
z = 2 * (B @ x) + 1
u = 3 * (C @ x) + 1
loss L = sum(y * z * u)
""",
    "what is made in a loop": """
dim T = 3
input x[1..T]: [2], s: [2]
param A: [2, 2], B: [2, 2], a: [2]
h[0] = s
for t in 1..T:
    M[t] = A * h[t-1]
    h[t] = tanh(M[t] @ x[t] + a) * tanh(B @ x[t] + a)
loss L = sum(h[T])
""",
    "names that are in use": """
dim g = 2
input x: [g], W: [g], g1: [g], g2: [g], z1: [g], dW: [g]
param W_a: [g, g], W_b: [g, g]
a = tanh(W_a @ x + W) * g1 * z1
b = tanh(W_b @ x + g1) * g2 * dW
loss L = sum(a * b * g2)
""",
}


@pytest.mark.parametrize("name", MODELS)
def test_it_computes_what_the_evaluator_does(name: str) -> None:
    run(case(MODELS[name]))


def test_the_gates_of_a_cell_are_one() -> None:
    (path,) = (path for path in EXAMPLES if path.stem == "lstm")
    made = case(path.read_text(encoding="utf-8"))
    forward, backward = made.text.split("def backward")
    assert forward.count("np.dot(") == 3
    assert forward.count("np.exp(") == 1
    assert backward.count("np.dot(") == 6
    run(made)


def test_the_gates_of_a_sequence_are_one_in_each_step() -> None:
    made = case(SEQUENCE)
    assert not made.notes
    loops = re.findall(r"    for t in .*\n((?:        .*\n)+)", made.text)
    assert [body.count("np.dot(") for body in loops] == [2, 2]
    assert loops[0].count("np.exp(") == 1
    run(made)


def test_queries_keys_and_values_are_one_product() -> None:
    made = case(ATTENTION)
    assert made.text.count("X @ ") == made.text.count("X.T @ ") == 1
    run(made)


def test_what_a_gradient_is_the_product_of_is_not_copied() -> None:
    """U's and W's are products of the same rows: to stack what these meet would be to copy it."""
    text = (Path(__file__).parents[2] / "examples" / "rnn.eq").read_text(encoding="utf-8")
    assert "concatenate" not in case(text).text
