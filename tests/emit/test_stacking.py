"""Products that share an operand are one over stacked operands, and compute what they did."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from emitting import EXAMPLES, Case, agree, case, load, run

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


def lstm() -> Case:
    (path,) = (path for path in EXAMPLES if path.stem == "lstm")
    return case(path.read_text(encoding="utf-8"))


PACKING = """
dim X = 3, H = 2
input x: [X], h: [H]
param W: [H, X], U: [H, X], w: [H], u: [H], V: [H, H], y = 2
a = tanh(W @ x + w)
b = tanh(U @ x + u)
c = V @ h
loss L = sum(a * b * c) * y
"""


@pytest.mark.parametrize("text", [SEQUENCE, PACKING, None])
def test_parameters_are_laid_side_by_side_once_for_all_calls(text: str | None) -> None:
    """What `pack` returns serves any number of calls, and nothing is laid so in them."""
    made = lstm() if text is None else case(text)
    module = load(made.text)
    names = inspect.signature(module["pack"]).parameters
    called = dict(made.inputs)
    packed = module["pack"](**{name: called.pop(name) for name in names})
    forward = made.text.partition("def forward")[2].partition("def backward")[0]
    assert "np.concatenate" not in forward
    for _ in range(2):
        outputs, saved = module["forward"](**called, packed=packed)
        agree(outputs, made.outputs)
        agree(module["backward"](saved, **made.given), made.gradients)


def test_inputs_that_are_called_as_what_packs_are_renamed() -> None:
    text = PACKING.replace("w: [H]", "packed: [H]").replace("u: [H]", "weights: [H]")
    made = case(text.replace("+ w)", "+ packed)").replace("+ u)", "+ weights)"))
    module = load(made.text)
    names = {f"{name}_" if name in ("packed", "weights") else name: name for name in made.inputs}
    _, saved = module["forward"](**{own: made.inputs[name] for own, name in names.items()})
    agree(module["backward"](saved), made.gradients)


def test_gradients_of_packed_parameters_are_views() -> None:
    made = lstm()
    module = load(made.text)
    _, saved = module["forward"](**made.inputs)
    grads = module["backward"](saved, **made.given)
    assert grads["W_fh"].base is grads["W_oh"].base is not None


def test_what_is_given_beside_packed_parameters_names_what_is_wrong() -> None:
    made = lstm()
    module = load(made.text)
    names = inspect.signature(module["pack"]).parameters
    states = {name: value for name, value in made.inputs.items() if name not in names}
    params = {name: made.inputs[name] for name in names}
    packed = module["pack"](**params)
    forward = module["forward"]
    with pytest.raises(ValueError, match=r"x has shape \(5, 1\), not \(3, 1\)"):
        forward(**{**states, "x": np.zeros((5, 1))}, packed=packed)
    with pytest.raises(ValueError, match=r"W_ih has shape \(2, 4\), not \(4, 4\)"):
        forward(**{**made.inputs, "W_ih": np.zeros((2, 4))})
    with pytest.raises(ValueError, match=r"W_c has shape \(16, 4\), not \(12, 4\)"):
        forward(**states, packed=(packed[1], packed[0], *packed[2:]))
    with pytest.raises(TypeError, match=r"pack.. missing 1 required .* 'b_f'"):
        forward(**states, **{name: value for name, value in params.items() if name != "b_f"})
    with pytest.raises(TypeError, match=r"pack.. got an unexpected keyword argument 'W_zz'"):
        forward(**made.inputs, W_zz=packed[0])


@pytest.mark.parametrize(
    ("change", "packs"),
    [
        (("", ""), True),
        (("param W: [H, X], U", "input W: [H, X]\nparam U"), False),
        (("c = V @ h", "c = V @ h + U @ ones(X)"), False),
        (("loss L = ", "loss L = sum(W * W) + "), False),
    ],
)
def test_only_parameters_that_nothing_else_needs_are_packed(
    change: tuple[str, str], packs: bool
) -> None:
    """What changes from call to call is none, and one used twice would be kept twice."""
    made = case(PACKING.replace(*change, 1) if change[0] else PACKING)
    pack = made.text.partition("def pack")[2].partition("def forward")[0]
    assert ("W" in re.findall(r"\w+", pack)) is packs
    assert "u" in re.findall(r"\w+", pack)
    run(made)


def test_no_size_is_missing_where_parameters_do_not_tell_it() -> None:
    """[2*H, 3] tells no H: what is checked then is what they become."""
    made = case(
        "dim H = 2, X = 3\ninput x: [X], h: [H]\nparam A: [2*H, X], B: [2*H, X]\n"
        "loss L = sum(tanh(A @ x) * sigmoid(B @ x)) + sum(h)\n"
    )
    run(made)
    module = load(made.text)
    ones = np.ones
    module["forward"](x=ones((4, 1)), h=ones((5, 1)), A=ones((10, 4)), B=ones((10, 4)))
    with pytest.raises(ValueError, match="has shape"):
        module["forward"](x=ones((4, 1)), h=ones((5, 1)), A=ones((8, 4)), B=ones((8, 4)))
