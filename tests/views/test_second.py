"""Second derivatives against differences of gradients, the complex step, and known results."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import EXAMPLES, assert_close, gradient, value
from typer.testing import CliRunner
from valid import valid

import gradcli
from gradcli.cli import app
from gradcli.evaluate import forward
from gradcli.views.second import doubled

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))
STEP = 1e-6


def run(*arguments, text=None):
    return CliRunner().invoke(app, [*map(str, arguments)], input=text)


def load(name):
    return gradcli.load(str(EXAMPLES / f"{name}.eq"))


@pytest.mark.parametrize("name", NAMES)
def test_hessian_times_vector_is_the_slope_of_the_gradient(name):
    """Against differences of gradients, and against the complex step through the backward pass."""
    model = load(name)
    first = model.derive(layout="denominator", seed=1)
    found = model.hvp(layout="denominator", seed=1)
    session = first.session
    wrt = [n for n in session.derivation.wrt if n in session.inputs]
    vectors = dict(zip(session.derivation.wrt, found.session.given.values(), strict=True))
    ends = []
    given = {f"dL/d{n}": a for n, a in session.given.items()}
    for sign in (1, -1):
        data = {n: a + sign * STEP * vectors[n] if n in wrt else a
                for n, a in session.inputs.items()}  # fmt: skip
        ends.append(model.derive(data={**data, **given}, layout="denominator").gradients)
    program, names = doubled(session)
    inputs = {**session.inputs}
    for item, own in zip(session.program.given, session.derivation.reified.arriving, strict=True):
        inputs[names[own]] = session.given[item.name]
    for n in wrt:
        inputs[n] = inputs[n] + 1e-30j * vectors[n]
    complexes = forward(program, inputs)
    for n in wrt:
        slope = (ends[0][n] - ends[1][n]) / (2 * STEP)
        scale = max(1.0, float(np.abs(found.gradients[n]).max()))
        assert_close(found.gradients[n] / scale, slope / scale, 3e-5)
        exact = np.asarray(complexes[names[n]]).imag / 1e-30
        exact = np.broadcast_to(exact, session.inputs[n].shape).reshape(found.gradients[n].shape)
        assert_close(found.gradients[n] / scale, exact / scale, 1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_documents_of_the_product_are_valid(name):
    found = run("hvp", EXAMPLES / f"{name}.eq", "--json")
    valid("derive", json.loads(found.stdout))


@pytest.mark.parametrize(("name", "wrt"), [("activation", "x"), ("graph", "b"), ("mlp", "W3")])
def test_a_hessian_is_symmetric_and_its_columns_are_products(name, wrt):
    model = load(name)
    found = model.hessian(wrt=wrt)
    assert_close(found.value, found.value.T, 1e-10)
    shape = model.derive().session.inputs[wrt].shape
    for i in range(len(found.value)):
        vector = np.zeros(shape)
        vector.reshape(-1)[i] = 1
        column = model.hvp(wrt=wrt, vector={wrt: vector}, layout="denominator").gradients[wrt]
        assert_close(found.value[:, i], column.reshape(-1), 1e-10)
    document = json.loads(found.to_json())
    valid("hessian", document)
    assert (document["of"], document["wrt"]) == (found.of, wrt)


def test_the_hessian_of_a_quadratic_form_is_its_matrix():
    text = "input x: [3]\nconst A: [3, 3]\nloss L = sum(x * (A @ x))"
    model = gradcli.parse(text)
    found = model.hessian()
    matrix = model.derive().session.inputs["A"]
    assert_close(found.value, matrix + matrix.T, 1e-13)
    assert found.structure == "full"
    assert gradcli.parse("input x: [3]\nloss L = sum(exp(x))").hessian().structure == "diagonal"


# ── grad(L, x) in a model ──

PENALTY = """
dim N = 3, H = 4
input x: [N]
param W: [H, N], v: [H]
f = sum(v * tanh(W @ x))
g = grad(f, x)
loss L = (norm(g) - 1)^2 + f
"""
INFORMED = """
dim N = 5, H = 4
input x: [1, N] ~ uniform(0, 1)
param W: [H, 1], b: [H], a: [1, H]
u = a @ tanh(W @ x + b)
u_x = grad(sum(u), x)
u_xx = grad(sum(u_x), x)
loss L = mean(square(u_xx + u))
"""
LEARNED = """
dim N = 4, T = 3
input X: [N, 2], y: [N], Xq: [N, 2], yq: [N]
param w: [2]
v[0] = w
for t in 1..T:
    inner = mean(square(tanh(X @ v[t-1]) - y))
    v[t] = v[t-1] - 0.1 * grad(inner, v[t-1])
loss L = mean(square(Xq @ v[T] - yq))
"""
SLICED = """
input x: [6], W: [2, 2]
a = sum(exp(x[0:4] * x[1:5])) + sum(inv(W)) * sum(softmax(x)^2)
g = grad(a, x)
h = grad(sum(g * x), W)
loss L = sum(tanh(g)) + sum(h^2)
"""


@pytest.mark.parametrize("text", [PENALTY, INFORMED, LEARNED, SLICED])
def test_a_model_with_gradients_in_it_passes_its_check(text):
    """Every derivative of it against finite differences and the complex step."""
    check = gradcli.parse(text).check(points=2)
    assert check.verdict == "pass", str(check)


@pytest.mark.parametrize("text", [PENALTY, INFORMED, LEARNED, SLICED])
def test_its_derivation_reads_back(text):
    model = gradcli.parse(text)
    assert model.against(model.derive().to_grad(), complete=True).verdict == "pass"
    exec(compile(model.derive().to_python(), "model", "exec"), {"__name__": "model"})


def test_its_value_is_the_gradient():
    model = "input x: [3]\nconst A: [3, 3]\nf = sum(tanh(A @ x)^2)\n"
    found = value(f"{model}g = grad(f, x)\nloss L = sum(g)", "g")
    assert found == pytest.approx(gradient(f"{model}loss M = f", "x"), rel=1e-13)


def test_the_derivatives_of_sin_and_of_powers():
    text = "input x: [4]\ny = sum(sin(x))\na = grad(y, x)\nb = grad(sum(a), x)\nloss L = sum(b)"
    assert value(text, "a") == pytest.approx(np.cos(value(text, "x")))
    assert value(text, "b") == pytest.approx(-np.sin(value(text, "x")))
    assert gradient(text, "x") == pytest.approx(-np.cos(value(text, "x")))


def test_what_is_not_computed_from_it_has_the_gradient_0():
    text = "input x: [2], y: [2]\na = sum(x)\ng = grad(a, y)\nh = grad(a, a)\nloss L = sum(g) + h"
    found = gradcli.parse(text).derive()
    assert found.values["g"].tolist() == [[0], [0]]
    assert float(found.values["h"]) == 1
    assert any("a is not computed from y" in note for note in found.notes)


def test_a_loop_of_gradients_is_rolled_with_letters():
    found = run("derive", "-", "--rolled", text=LEARNED)
    assert "v[t] = v[t - 1] - " in found.stdout
    assert "[2]" not in found.stdout.partition("Backward")[0]


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("g = grad(x, x)", "4:5", "grad takes a scalar, and x is 2×1"),
        ("g = grad(a)", "4:5", "grad takes a scalar and a quantity"),
        ("g = grad(a, 3)", "4:5", "a number is no quantity: grad has nothing to go by"),
        ("g = grad(a, h)", "4:5", "h is a family: grad goes by one member"),
        ("g = grad(a, q)", "4:13", "`q` is not defined"),
        ("g = grad(a, wrt=x)", "4:5", "grad takes a scalar and a quantity"),
    ],
)
def test_what_grad_can_not_take_is_one_error(line, place, message):
    text = f"input x: [2], h[1..2]: [2]\na = sum(x)\nb = a + sum(h[1])\n{line}\nloss L = b\n"
    found = run("derive", "-", text=text)
    assert found.exit_code == 2
    assert found.stderr.splitlines()[0] == f"<stdin>:{place}: error: {message}"


def test_grad_stands_in_a_models_equations_alone():
    with pytest.raises(gradcli.GradError, match="stands in the equations of a model alone"):
        gradcli.parse("input x: [2] = grad(1, 2)\nloss L = sum(x)").derive()
    model = gradcli.parse("input x: [2]\nloss L = sum(x)")
    with pytest.raises(gradcli.GradError, match="stands in the equations of a model alone"):
        model.against("dL/dx = grad(L, x).T\n")


def test_a_vector_that_does_not_fit_is_one_error(tmp_path):
    path = tmp_path / "v.json"
    for text, message in (
        ('{"q": 1}', "--vector: the model has no `q`"),
        ('{"a": 1}', "--vector: --wrt names no `a`"),
        ('{"b": [1, 2]}', "--vector: b is a list of 2, but the model has 1×1"),
    ):
        path.write_text(text)
        found = run("hvp", EXAMPLES / "graph.eq", "--wrt", "b", "--vector", path)
        assert found.exit_code == 2
        assert found.stderr.splitlines()[0] == f"error: {message}"


@pytest.mark.parametrize("name", ["simple_mlp", "rnn", "learning/lora"])
def test_the_product_is_made_compact(name):
    model = gradcli.load(str(EXAMPLES / f"{name}.eq"))
    literal, short = (model.hvp(compact=compact) for compact in (False, True))
    assert len(short.steps) < len(literal.steps)
    for wrt, expected in literal.gradients.items():
        scale = max(1.0, float(np.abs(expected).max()))
        assert_close(short.gradients[wrt] / scale, expected / scale, 1e-10)


def test_the_product_has_every_notation():
    found = run("hvp", EXAMPLES / "graph.eq", "--wrt", "b", "--notation", "bar", "-f", "grad")
    assert "g_d_bar = g_b_bar\n" in found.stdout
