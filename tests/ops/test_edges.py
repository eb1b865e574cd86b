"""Operations where they are not smooth, not finite or barely defined: each value is stated."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from support import assert_close, gradient, messages, session, squeeze, steps, value

from gradcli.ops import TABLE
from gradcli.ops.special import cofactors, erf

INF, NAN = math.inf, math.nan

# A model, then what is expected: a gradient under the name of an input, else a value.
EDGES = {
    "relu at 0": ("input x = [-1, 0, 2]\nL = sum(relu(x))", {"x": [0, 0, 1]}),
    "abs at 0": ("input x = [-1, 0, 2]\nL = sum(abs(x))", {"x": [-1, 0, 1]}),
    "sign has no gradient": (
        "input x = [-1, 0, 2]\ny = sign(x)\nL = sum(y * x)",
        {"x": [-1, 0, 1]},
    ),
    "maximum, a tie": (
        "input x = [1, 2], y = [1, 3]\nL = sum(maximum(x, y))",
        {"x": [1, 0], "y": [0, 1]},
    ),
    "minimum, a tie": (
        "input x = [1, 2], y = [1, 3]\nL = sum(minimum(x, y))",
        {"x": [1, 1], "y": [0, 0]},
    ),
    "maximum with itself": ("input x = [1, 2]\nL = sum(maximum(x, x))", {"x": [1, 1]}),
    "max, a tie": ("input x = [1, 3, 3]\nL = max(x)", {"L": 3, "x": [0, 1, 0]}),
    "min, a tie": ("input x = [1, 1, 3]\nL = min(x)", {"L": 1, "x": [1, 0, 0]}),
    "max by rows, a tie": (
        "input x = [[2, 2], [1, 5]]\nL = sum(max(x, axis=1))",
        {"x": [[1, 0], [0, 1]]},
    ),
    "max by columns, a tie": (
        "input x = [[2, 5], [2, 1]]\nL = sum(max(x, axis=0))",
        {"x": [[1, 1], [0, 0]]},
    ),
    "leaky_relu at 0": ("input x = [0, 1]\nL = sum(leaky_relu(x, 0.1))", {"x": [0.1, 1]}),
    "elu at 0": ("input x = [0, 1]\nL = sum(elu(x, 2))", {"x": [2, 1]}),
    "norm at 0": ("input x = [0, 0]\nL = norm(x)", {"L": 0, "x": [0, 0]}),
    "norm, large entries": ("input x = [3e200, 4e200]\nL = norm(x)", {"L": 5e200, "x": [0.6, 0.8]}),
    "norm, small entries": (
        "input x = [3e-200, 4e-200]\nL = norm(x)",
        {"L": 5e-200, "x": [0.6, 0.8]},
    ),
    "norm of a column of zeros": (
        "input x = [[0, 3], [0, 4]]\nL = sum(norm(x, axis=0))",
        {"x": [[0, 0.6], [0, 0.8]]},
    ),
    "prod, no zero": ("input x = [2, 3, 4]\nL = prod(x)", {"L": 24, "x": [12, 8, 6]}),
    "prod, one zero": ("input x = [2, 0, 4]\nL = prod(x)", {"L": 0, "x": [0, 8, 0]}),
    "prod, two zeros": ("input x = [2, 0, 0]\nL = prod(x)", {"L": 0, "x": [0, 0, 0]}),
    "prod by rows, zeros": (
        "input x = [[0, 2], [0, 0]]\nL = sum(prod(x, axis=1))",
        {"x": [[2, 0], [0, 0]]},
    ),
    "det, singular": ("input A = [[1, 2], [2, 4]]\nL = det(A)", {"L": 0, "A": [[4, -2], [-2, 1]]}),
    "det, of zeros": ("input A = [[0, 0], [0, 0]]\nL = det(A)", {"L": 0, "A": [[0, 0], [0, 0]]}),
    "det, 1×1": ("input A: [1, 1] = 3\nL = det(A)", {"L": 3, "A": 1}),
    "logdet, negative determinant": (
        "input A = [[0, 2], [1, 0]]\nL = logdet(A)",
        {"L": math.log(2), "A": [[0, 0.5], [1, 0]]},
    ),
    "0^0": ("input x = 0, y = 0\nz = x^y\nL = z * 1", {"z": 1, "x": 0, "y": 0}),
    "0^y": ("input x = 0, y = 2\nL = x^y", {"L": 0, "x": 0, "y": 0}),
    "x^0": ("input x = [0, 2]\nL = sum(x^0)", {"L": 2, "x": [0, 0]}),
    "x^1": ("input x = [0, 2]\nL = sum(x^1)", {"L": 2, "x": [1, 1]}),
    "x^2 at 0": ("input x = [0, -2]\nL = sum(x^2)", {"L": 4, "x": [0, -4]}),
    "x^3 below 0": ("input x = [-2, 0]\nL = sum(x^3)", {"L": -8, "x": [12, 0]}),
    "x^-1": ("input x = [-2, 4]\nL = sum(x^-1)", {"L": -0.25, "x": [-0.25, -0.0625]}),
    "x^0.5 is the root": ("input x = [4, 9]\nL = sum(x^0.5)", {"L": 5, "x": [0.25, 1 / 6]}),
    "2^x": ("input x = [0, 3]\nL = sum(2^x)", {"L": 9, "x": [math.log(2), 8 * math.log(2)]}),
    "sqrt at 0": ("input x = [0, 4]\nL = sum(sqrt(x))", {"L": 2, "x": [INF, 0.25]}),
    "log at 0": (
        "input x = [0, 2]\ny = log(x)\nL = sum(y)",
        {"y": [-INF, math.log(2)], "x": [INF, 0.5]},
    ),
    "log below 0": ("input x = [-1, 1]\ny = log(x)\nL = sum(y)", {"y": [NAN, 0]}),
    "1/0": ("input x = [0, 2]\ny = 1/x\nL = sum(y)", {"y": [INF, 0.5], "x": [-INF, -0.25]}),
    "exp, overflow": (
        "input x = [1000, 0]\ny = exp(x)\nL = sum(y)",
        {"y": [INF, 1], "x": [INF, 1]},
    ),
    "sigmoid at ±1000": (
        "input x = [1000, -1000]\ny = sigmoid(x)\nL = sum(y)",
        {"y": [1, 0], "x": [0, 0]},
    ),
    "tanh at ±1000": (
        "input x = [1000, -1000]\ny = tanh(x)\nL = sum(y)",
        {"y": [1, -1], "x": [0, 0]},
    ),
    "softplus at ±1000": (
        "input x = [1000, -1000]\ny = softplus(x)\nL = sum(y)",
        {"y": [1000, 0], "x": [1, 0]},
    ),
    "softplus at 0": ("input x = 0\ny = softplus(x)\nL = y * 1", {"y": math.log(2), "x": 0.5}),
    "silu at ±1000": (
        "input x = [1000, -1000]\ny = silu(x)\nL = sum(y)",
        {"y": [1000, 0], "x": [1, 0]},
    ),
    "gelu at ±1000": (
        "input x = [1000, -1000]\ny = gelu(x)\nL = sum(y)",
        {"y": [1000, 0], "x": [1, 0]},
    ),
    "gelu is the exact one": (
        "input x = 1\nL = gelu(x)",
        {"L": 0.8413447460685429, "x": 1.0833154705876864},
    ),
    "elu at ±1000": (
        "input x = [1000, -1000]\ny = elu(x, 1)\nL = sum(y)",
        {"y": [1000, -1], "x": [1, 0]},
    ),
    "erf at ±40": ("input x = [40, -40]\ny = erf(x)\nL = sum(y)", {"y": [1, -1], "x": [0, 0]}),
    "softmax, huge entries": ("x = [1000, 1000, -1000]\ny = softmax(x)", {"y": [0.5, 0.5, 0]}),
    "log_softmax, huge entries": (
        "x = [1000, 1000, -1000]\ny = log_softmax(x)",
        {"y": [-math.log(2), -math.log(2), -2000 - math.log(2)]},
    ),
    "logsumexp, huge entries": (
        "input x = [1000, 1000]\nL = logsumexp(x)",
        {"L": 1000 + math.log(2), "x": [0.5, 0.5]},
    ),
    "logsumexp, tiny entries": (
        "input x = [-1000, -1000]\nL = logsumexp(x)",
        {"L": -1000 + math.log(2), "x": [0.5, 0.5]},
    ),
    "softmax of a scalar": ("input x = 3\ny = softmax(x)\nL = y * x", {"y": 1, "x": 1}),
    "where, a mask": (
        "const c = [1, 0, 2]\ninput a = [1, 2, 3], b = [4, 5, 6]\ny = where(c, a, b)\nL = sum(y)",
        {"y": [1, 5, 3], "a": [1, 0, 1], "b": [0, 1, 0]},
    ),
    "where, inf in the branch not taken": (
        "const x = [0, 2]\ninput w = [3, 4]\ny = where(x, w, w / x)\nL = sum(where(x, y, w))",
        {"y": [INF, 4], "L": 7, "w": [NAN, 1]},
    ),
    "diag, 1×1": ("input x: [1, 1] = 3\ny = diag(x)\nL = y * y", {"y": 3, "x": 6}),
    "diag of a column": (
        "input x = [1, 2]\ny = diag(x)\nL = sum(y * [[1, 2], [3, 4]])",
        {"y": [[1, 0], [0, 2]], "x": [1, 4]},
    ),
    "diag of a matrix": (
        "input A = [[1, 2], [3, 4]]\ny = diag(A)\nL = sum(y * [5, 6])",
        {"y": [1, 4], "A": [[5, 0], [0, 6]]},
    ),
    "trace": ("input A = [[1, 2], [3, 4]]\nL = trace(A)", {"L": 5, "A": [[1, 0], [0, 1]]}),
    "inv": ("A = [[2, 0], [0, 4]]\ny = inv(A)", {"y": [[0.5, 0], [0, 0.25]]}),
    "solve": ("A = [[2, 0], [0, 4]]\ny = solve(A, [2, 8])", {"y": [1, 2]}),
    "dot, outer": (
        "y = dot([1, 2], [3, 4])\nw = outer([1, 2], [3, 4])",
        {"y": 11, "w": [[3, 4], [6, 8]]},
    ),
    "reshape, row by row": (
        "input x = [1, 2, 3, 4, 5, 6]\ny = reshape(x, [2, 3])\nL = sum(y * [[1, 2, 3], [4, 5, 6]])",
        {"y": [[1, 2, 3], [4, 5, 6]], "x": [1, 2, 3, 4, 5, 6]},
    ),
    "broadcast": (
        "input x = [1, 2]\ny = broadcast(x, [2, 3])\nL = sum(y * [[1, 2, 3], [4, 5, 6]])",
        {"y": [[1, 1, 1], [2, 2, 2]], "x": [6, 15]},
    ),
    "concat, axis 0": ("y = concat([1, 2], [3], axis=0)", {"y": [1, 2, 3]}),
    "concat, axis 1": ("y = concat([1, 2], [3, 4], axis=1)", {"y": [[1, 3], [2, 4]]}),
    "concat, axis -1": ("y = concat([1, 2], [3, 4], axis=-1)", {"y": [[1, 3], [2, 4]]}),
    "stack, axis 0": ("y = stack([1, 2], [3, 4], axis=0)", {"y": [[1, 2], [3, 4]]}),
    "stack, axis 1": ("y = stack([1, 2], [3, 4], axis=1)", {"y": [[1, 3], [2, 4]]}),
    "stack, axis -1": ("y = stack([[1, 2]], [[3, 4]], axis=-1)", {"y": [[1, 3], [2, 4]]}),
    "sum, axis 0": ("y = sum([[1, 2], [3, 4]], axis=0)", {"y": [4, 6]}),
    "sum, axis 1": ("y = sum([[1, 2], [3, 4]], axis=1)", {"y": [3, 7]}),
    "sum, axis -1": ("y = sum([[1, 2], [3, 4]], axis=-1)", {"y": [3, 7]}),
    "mean": (
        "input x = [[1, 2], [3, 6]]\nL = mean(x)",
        {"L": 3, "x": [[0.25, 0.25], [0.25, 0.25]]},
    ),
    "softmax, over the columns": ("y = softmax([[0, 5], [0, 5]])", {"y": [[0.5, 0.5], [0.5, 0.5]]}),
    "softmax, axis 1": ("y = softmax([[0, 0], [5, 5]], axis=1)", {"y": [[0.5, 0.5], [0.5, 0.5]]}),
    "einsum, a trace": (
        'input A = [[1, 2], [3, 4]]\nL = einsum("ii->", A)',
        {"L": 5, "A": [[1, 0], [0, 1]]},
    ),
    "einsum, a diagonal": ('A = [[1, 2], [3, 4]]\ny = einsum("ii->i", A)', {"y": [1, 4]}),
    "einsum, a missing index": (
        'input A = [[1, 2], [3, 4]]\ny = einsum("ij->j", A)\nL = sum(y * [10, 20])',
        {"y": [4, 6], "A": [[10, 20], [10, 20]]},
    ),
    "einsum, one operand twice": (
        'input A = [[1, 2], [3, 4]]\nL = einsum("ij,ij->", A, A)',
        {"L": 30, "A": [[2, 4], [6, 8]]},
    ),
    "einsum, no arrow": ('A = [[1, 2], [3, 4]]\ny = einsum("ij,jk", A, [5, 6])', {"y": [17, 39]}),
    "einsum, spaces": (
        'A = [[1, 2], [3, 4]]\ny = einsum("i j -> j i", A)',
        {"y": [[1, 3], [2, 4]]},
    ),
    "zeros, ones, eye": (
        "y = [zeros(2); ones(1)]\nw = eye(2) + ones(2, 2)",
        {"y": [0, 0, 1], "w": [[2, 1], [1, 2]]},
    ),
}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.filterwarnings("error")
def test_an_edge(edge: str) -> None:
    text, expected = EDGES[edge]
    found = session(text)
    for name, wanted in expected.items():
        is_input = any(item.name == name for item in found.program.inputs)
        array = found.backward.totals[name] if is_input else found.values[name]
        np.testing.assert_allclose(squeeze(array), wanted, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("name", ["max", "min", "maximum", "minimum", "relu", "abs", "sum"])
def test_a_nan_is_not_hidden(name: str) -> None:
    text = f"input x: [2]\ny = {name}({'x, 0' if name.endswith('imum') else 'x'})\ngiven dL/dy"
    assert np.isnan(np.sum(session(text, {"x": [NAN, 1]}).values["y"]))


@pytest.mark.parametrize(
    "x", [-3.0, -0.5, 0.0, 1e-300, 1e-8, 0.3, 1.0, 1.99, 2.01, 5.0, 20.0, 40.0, INF]
)
def test_erf_of_a_complex_number(x: float) -> None:
    h = 1e-30
    found = erf(np.array([[complex(x, h)]])).item()
    assert found.real == pytest.approx(math.erf(x), rel=1e-14, abs=1e-300)
    slope = 2 / math.sqrt(math.pi) * math.exp(-x * x)
    assert found.imag / h == pytest.approx(slope, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_cofactors_of_singular_matrices(rank: int) -> None:
    """Each entry is the signed minor, whatever the rank."""
    rng = np.random.default_rng(rank)
    x = rng.standard_normal((3, rank)) @ rng.standard_normal((rank, 3))
    minors = [
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(x, i, 0), j, 1)) for j in range(3)]
        for i in range(3)
    ]
    assert_close(cofactors(x), minors, 1e-12)


def test_a_singular_matrix_has_no_inverse() -> None:
    for expression in ("inv(A)", "solve(A, [1, 2])"):
        assert "singular" in messages(f"A = [[1, 2], [2, 4]]\ny = {expression}")


def test_a_second_derivative_at_a_kink_is_0() -> None:
    assert gradient("input x = 0\ny = relu(x)\nL = y * y", "x") == 0


def test_a_plain_number_makes_an_operation_unary() -> None:
    found = session("input x = 3\ny = 2 * x\nz = 1 - y\nw = z^2\nL = w / 4")
    assert [step.operands() for step in found.program.steps] == [("x",), ("y",), ("z",), ("w",)]
    assert steps(found.derivation) == [
        "dL/dw = dL/dL / 4",
        "dL/dz = dL/dw * 2 * z",
        "dL/dy = -dL/dz",
        "dL/dx = dL/dy * 2",
    ]


def test_axes_out_of_range() -> None:
    for axis in (2, -3):
        message = messages(f"y = sum([1, 2], axis={axis})")
        assert re.search(rf"axis {axis} is out of range", message)
    assert "out of range" in messages("y = stack([1, 2], axis=3)")


def test_rank_3() -> None:
    """As NumPy does, with `@` over the last two axes; a reduction over everything is a scalar."""
    model = "input x: [2, 3, 4]\n"
    x = np.arange(24.0).reshape(2, 3, 4)
    data = {"x": x}
    assert value(model + "y = sum(x)\ngiven dL/dy", "y", data) == x.sum()
    assert value(model + "y = sum(x, axis=1)\ngiven dL/dy", "y", data) == x.sum(axis=1).tolist()
    assert value(model + "y = x.T\ngiven dL/dy", "y", data) == x.T.tolist()
    assert value(model + "y = x @ ones(4)\ngiven dL/dy", "y", data) == x.sum(axis=2).tolist()
    assert (
        value(model + "y = ones(2, 3) @ x\ngiven dL/dy", "y", data)
        == (np.ones((2, 3)) @ x).tolist()
    )


def test_regions_that_a_size_with_a_name_fills() -> None:
    found = session(
        'dim N = 3\ninput a: [N, 2], b: [N, 2]\ny = scatter("0:3, :; 3:6, :", a, b, [2*N, 2])\n'
        "loss L = sum(square(y))\n"
    )
    for name in "ab":
        assert_close(found.backward.totals[name], 2 * found.values[name])


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_a_complex_tie_goes_to_the_first_as_its_derivative_does(name):
    """Of two that are alike but for a step of the complex kind."""
    found = TABLE[name].forward(np.array([1 + 1e-100j, 1]), np.array([1, 1 + 1e-100j]))
    assert found.imag.tolist() == [1e-100, 0]


def test_a_reduction_goes_over_several_axes() -> None:
    """As NumPy has it, whichever way the axes are named."""
    text = "input x: [2, 3, 4]\ny = sum(x, axis=(0, -1))\nz = max(x, axis=[2, 0])\nv = var(x, axis=(0, 2), ddof=1)"
    found = session(text)
    x = found.values["x"]
    np.testing.assert_allclose(found.values["y"], x.sum(axis=(0, 2), keepdims=True))
    np.testing.assert_allclose(found.values["z"], x.max(axis=(0, 2), keepdims=True))
    np.testing.assert_allclose(found.values["v"], x.var(axis=(0, 2), keepdims=True, ddof=1))


def test_what_is_stretched_along_several_axes_is_summed_at_once() -> None:
    text = "input x: [2, 3, 4]\nparam b: [1, 3, 1]\ny = x + b\ngiven dL/dy"
    assert "dL/db = sum(dL/dy, axis=(0, 2))" in steps(session(text).derivation)
