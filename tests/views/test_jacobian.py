"""Jacobians against the complex step; their structures, formulas and products."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cases import Case, cases
from support import EXAMPLES, assert_close
from typer.testing import CliRunner
from valid import valid

import gradcli
from gradcli.cli import app
from gradcli.evaluate import compute, forward
from gradcli.ops import TABLE
from gradcli.schema import schema_of
from gradcli.transform.jacobian import Jacobian as Symbol
from gradcli.transform.jacobian import expression, local

# What the schema says that a structure may be.
STATED = schema_of("jacobian")["$defs"]["matrix"]["properties"]["structure"]["enum"]
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))
STEP = 1e-30


def run(*arguments, text=None):
    return CliRunner().invoke(app, [*map(str, arguments)], input=text)


def by_complex_step(found):
    """The same matrix with no rule: a complex step in each entry of what moves."""
    session, of, wrt = found.found.session, found.of, found.wrt
    size = session.values[wrt].size
    columns = []
    for i in range(size):
        inputs = {name: array.astype(complex) for name, array in session.inputs.items()}
        inputs[wrt].reshape(-1)[i] += 1j * STEP
        columns.append(forward(session.program, inputs)[of].imag.reshape(-1) / STEP)
    return np.array(columns).T


def split(n):
    return [k for k in range(1, n + 1) if n % k == 0]


def blocks_of(matrix, rows, columns):
    n, m = matrix.shape
    return matrix.reshape(n // rows, rows, m // columns, columns).swapaxes(1, 2)


def is_what_it_is_called(structure, matrix):
    """What each name says of the entries, with no formula: up to rounding."""
    n, m = matrix.shape
    most = max(1.0, np.abs(matrix).max())
    at = np.abs(matrix) > 1e-12 * most
    gap = np.subtract.outer(np.arange(n), np.arange(m))

    def rank(each):
        return np.linalg.matrix_rank(each, tol=1e-10 * most)

    def outside(k):
        blocks = np.abs(blocks_of(matrix, n // k, m // k)).max(axis=(2, 3))
        return (blocks[~np.eye(k, dtype=bool)] > 1e-12 * most).any()

    def product(rows, columns):
        found = blocks_of(matrix, rows, columns)
        return rank(found.reshape(-1, rows * columns)) <= 1

    says = {
        "zero": lambda: not at.any(),
        "identity": lambda: n == m and np.allclose(matrix, np.eye(n), atol=1e-12),
        "scaled identity": lambda: n == m
        and np.allclose(matrix, matrix[0, 0] * np.eye(n), atol=1e-12 * most),
        "diagonal": lambda: n == m and not at[gap != 0].any(),
        "block diagonal": lambda: any(not outside(k) for k in split(np.gcd(n, m)) if k > 1),
        "Kronecker": lambda: any(
            product(r, c) for r in split(n) for c in split(m) if 1 < r * c < n * m
        ),
        "banded": lambda: 2 * np.abs(gap[at]).max() < n,
        "lower triangular": lambda: not at[gap < 0].any(),
        "upper triangular": lambda: not at[gap > 0].any(),
        # All above the diagonal is of the low rank alone, whatever the diagonal is.
        "low rank plus diagonal": lambda: n < 4 or rank(matrix[: n // 2, n // 2 :]) < n // 2,
        "full": lambda: True,
    }  # fmt: skip
    return says[structure]()


def formula_value(found):
    program = found.found.session.program
    nodes = expression(found.found.map, program.shapes, program.sizes)
    return compute(nodes, found.found.session.values)


@pytest.mark.parametrize(
    ("model", "structure", "formula"),
    [
        ("input x: [3]\ny = 0 * x + sign(x)", "zero", None),
        ("input x: [3]\nc = 3 * ones(3)\ny = x + c", "identity", "eye(3)"),
        ("input x: [3]\ny = -2 * x", "scaled identity", "-2 * eye(3)"),
        ("input x: [3]\ny = tanh(x)", "diagonal", "diag(1 - y^2)"),
        ("input x: [2, 3]\nconst W: [3, 2]\ny = x @ W", "block diagonal", "kron(eye(2), W.T)"),
        ("input x: [2, 3]\nconst W: [4, 2]\ny = W @ x", "Kronecker", "kron(W, eye(3))"),
        ("input x: [3]\ny = softmax(x)", "low rank plus diagonal", "diag(y) - y @ y.T"),
        ("input x: [3]\ny = log_softmax(x)", "low rank plus diagonal", None),
        ("input x: [3]\nconst W: [2, 3]\ny = W @ x", "full", "W"),
        ("input x: [6]\ny = concat(x[0:1], x[1:6] - x[0:5])", "banded", None),
        ("input x: [3]\ny = concat(x[0:1], x[0:1] + x[1:2], x[1:2] * x[0:1] * x[2:3])",
         "lower triangular", None),
        ("input x: [4]\ny = concat(x[0:1] * x[1:2], x[1:2], x[2:3] * x[3:4], x[3:4])",
         "block diagonal", None),
        ("input x: [4, 3]\ny = softmax(x, axis=1)", "block diagonal", None),
        ("input x: [6]\ny = softmax(x)", "low rank plus diagonal", "diag(y) - y @ y.T"),
        ("input x: [5, 2]\nindex i: [4] in 0..4 = [0, 1, 3, 0]\ny = x[i]", "Kronecker", None),
        ("input x: [4]\ny = cumsum(x)", "lower triangular", None),
        ("input x: [4]\ny = cumsum(x, axis=0, reverse=1)", "upper triangular", None),
    ],
)  # fmt: skip
def test_structures_and_formulas(model, structure, formula):
    found = gradcli.parse(f"{model}\ngiven dL/dy\n").jacobian(of="y", wrt="x")

    assert found.structure == structure
    if formula:
        assert found.formula == formula
    assert_close(found.value, by_complex_step(found), 1e-14)
    assert is_what_it_is_called(structure, by_complex_step(found))


def test_each_structure_that_the_schema_states_is_tried():
    (tried,) = test_structures_and_formulas.pytestmark
    assert {structure for _, structure, _ in tried.args[1]} == set(STATED)


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("name", NAMES)
def test_every_output_by_every_input_of_the_examples(name, layout):
    model = gradcli.load(str(EXAMPLES / f"{name}.eq"))
    session = model.derive().session
    for of in session.program.outputs()[-1:]:
        for wrt in session.derivation.wrt[:3]:
            found = model.jacobian(of=of, wrt=wrt, layout=layout)
            expected = by_complex_step(found)
            shown = expected if layout == "numerator" else expected.T
            scale = max(1.0, float(np.abs(expected).max()))
            assert_close(found.value / scale, shown / scale, 1e-11)
            assert is_what_it_is_called(found.structure, shown)


def local_cases():
    return [c for op in TABLE.values() for c in cases(op)[::4] if c.op.differentiable]


@pytest.mark.parametrize("case", local_cases(), ids=str)
def test_the_map_of_an_operation_is_its_jacobian(case: Case):
    model = gradcli.parse(case.model)
    data = case.draw(2)
    session = model.derive(data=data).session
    program = session.program
    (step,) = (s for s in program.steps if s.name == "z")
    for k, arg in enumerate(step.args):
        found = local(step, k) if isinstance(arg, str) else None
        if found is None:
            continue
        nodes = expression(found, program.shapes, program.sizes)
        value = compute(nodes, session.values)
        whole = model.jacobian(of="z", wrt=arg, data=data, layout="numerator").value
        assert_close(value, whole, 1e-10)


def test_formulas_without_names_of_their_own_are_the_matrix():
    checked = 0
    for name in NAMES:
        model = gradcli.load(str(EXAMPLES / f"{name}.eq"))
        session = model.derive().session
        for wrt in session.derivation.wrt[:2]:
            of = session.program.outputs()[-1]
            found = model.jacobian(of=of, wrt=wrt)
            if found.found.map is None or "/d" in found.formula:
                continue
            scale = max(1.0, float(np.abs(found.value).max()))
            value = formula_value(found)
            shown = value if found.layout == "numerator" else value.T
            assert_close(shown / scale, found.value / scale, 1e-10)
            checked += 1
    assert checked >= 12
    assert str(Symbol("y", "x", ())) == "dy/dx"


def test_fewer_passes_are_taken():
    wide = "input x: [2]\nconst W: [50, 2]\ny = W @ x\ngiven dL/dy"
    tall = "input x: [50]\nconst W: [2, 50]\ny = W @ x\ngiven dL/dy"
    apart = "input x: [50]\ny = exp(x) * x\ngiven dL/dy"
    found = [gradcli.parse(text).jacobian(wrt="x") for text in (wide, tall, apart)]

    assert [one.mode for one in found] == ["forward", "reverse", "forward"]
    assert found[2].found.passes.forward == 1
    for one in found:
        assert_close(one.value, by_complex_step(one), 1e-13)


def test_the_product_with_the_matrix_is_the_backward_pass():
    model = gradcli.load(str(EXAMPLES / "feedforward.eq"))
    found = model.jacobian(of="a2", wrt="x")
    session = found.found.session
    rng = np.random.default_rng(1)
    arriving = rng.normal(size=session.values["a2"].shape)
    from gradcli.evaluate import backward

    passed = backward(found.found.backward, session.values, {"a2": arriving})
    assert_close(passed.totals["x"].reshape(1, -1), arriving.reshape(1, -1) @ found.value, 1e-12)


def test_the_chain_multiplies_to_the_whole():
    found = gradcli.load(str(EXAMPLES / "activation.eq")).jacobian(chain=True)
    links = {(one.of, one.wrt): one.shown() for one in found.chain.links}

    assert found.chain.products == ("∂y/∂x", "∂y/∂a @ ∂a/∂x", "∂y/∂b @ ∂b/∂x")
    total = links["y", "x"]
    for name in "ab":
        total = total + links["y", name] @ links[name, "x"]
    assert_close(total, found.value, 1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_documents_are_valid(name):
    path = EXAMPLES / f"{name}.eq"
    session = gradcli.load(str(path)).derive().session
    of, wrt = session.program.outputs()[-1], session.derivation.wrt[0]
    found = run("jacobian", path, "--of", of, "--wrt", wrt, "--chain", "--json")
    valid("jacobian", json.loads(found.stdout))
    assert run("jacobian", path, "--of", of, "--wrt", wrt, "--chain").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--of", "q"], "--of q: the model has no `q`"),
        (["--of", "h", "--wrt", "x"], "--of h: the model has no `h`"),
        ([], "--of is needed: the model has h[1], h[2], h[3]"),
        (["--of", "h[1]"], "--wrt is needed: the model has x, W"),
        (["--of", "h[1]", "--wrt", "W", "--max-elements", "30"],
         "the Jacobian of h[1] by W has 4×16 elements, more than 30"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_one_error(arguments, message):
    model = (
        "dim T = 3\ninput x: [4]\nparam W: [4, 4]\nh[0] = x\n"
        "for t in 1..T:\n    h[t] = tanh(W @ h[t-1])\n"
        "given dL/dh[1], dL/dh[2], dL/dh[3]\n"
    )
    found = run("jacobian", "-", *arguments, text=model)
    assert found.exit_code == 2
    assert found.stderr.splitlines()[0] == f"error: {message}"
    assert found.stderr.splitlines()[1].startswith("hint: ")
