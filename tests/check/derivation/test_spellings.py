"""Derivatives and expressions as NumPy, PyTorch and blackboards spell them."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest
from person_support import program

from gradcli.check.derivation.expected import evaluate
from gradcli.check.derivation.findings import Report
from gradcli.check.derivation.libraries import SAME, WRITTEN
from gradcli.check.derivation.machine import names_in
from gradcli.check.derivation.postfix import parse
from gradcli.check.derivation.review import check
from gradcli.check.derivation.sheet import Sheet
from gradcli.check.derivation.spellings import NAMES
from gradcli.syntax import Parsed, read, read_source

NET = """
layout denominator
dim N = 3, D = 4, H = 5, C = 2
input X: [N, D], Y: [N, C]
param W1: [D, H], b1: [1, H], W2: [H, C], b2: [1, C]
z1 = X @ W1 + b1
a1 = relu(z1)
z2 = a1 @ W2 + b2
p = sigmoid(z2)
loss J = sum(square(p - Y)) / N
"""

ARRAYS = """
dim N = 3
input a: [N, N] = [[1.5, 0.2, 0.7], [0.4, 1.1, 0.3], [0.6, 0.8, 1.9]]
input b: [N, N] = [[0.5, 1.2, 0.1], [0.9, 0.6, 1.4], [0.2, 1.7, 0.8]]
input c: [N, N] = [[2.5, 2.2, 2.1], [2.9, 2.6, 2.4], [2.2, 2.7, 2.8]]
loss L = sum(a * b * c)
"""


def parsed(text: str, model: str = NET) -> Parsed:
    source = read_source("mine.grad", dedent(text).encode())
    return read(source, "derivation", program(model).loss)


def review(text: str, model: str = NET) -> Report:
    return check(parsed(text, model), program(model), {})


def only(text: str) -> tuple[str, str, str | None, str | None]:
    (line,) = review(text).lines
    return line.target, line.verdict, line.expected, line.message


# ── derivatives ──


@pytest.mark.parametrize("form", [*NAMES, "dL/d{}", "∂L/∂{}", "dJ/d{}", "∂J/∂{}", "∇{}", "∇_{}"])
def test_a_derivatives_spelling(form: str) -> None:
    own, used = form.format("W2"), form.format("z2")
    assert only(f"{own} = a1.T @ {used}\n")[:2] == ("dL/dW2", "right")
    target, verdict, expected, _ = only(f"{own} = a1 @ {used}\n")
    assert (target, verdict, expected) == ("dL/dW2", "wrong", f"{own} = a1.T @ {used}")


def test_a_file_may_mix_them() -> None:
    report = review(
        """
        dp = 2 * (p - Y) / N
        ∂L/∂z2 = dp * p * (1 - p)
        W2_grad = a1.T @ dz2
        ∇b2 = z2_bar.sum(0)
        dJ/da1 = dL/dz2 @ W2.T
        dz1 = grad_a1 * (z1 > 0)
        """
    )
    assert [line.verdict for line in report.lines] == ["right"] * 6


def test_a_total_that_a_line_adds_to_itself() -> None:
    model = "input x: [2]\nloss L = sum(x * x)\n"
    for add in ("dx = dL/dx + dL/dz1 * x", "dL/dx = dx + dL/dz1 * x", "dL/dx += dL/dz1 * x"):
        report = review(f"layout denominator\ndx = x * dz1\n{add}\n", model)
        assert [line.verdict for line in report.lines] == ["right"] * 2, add


def test_a_name_of_the_models_is_never_a_derivative() -> None:
    model = "input W: [2], dW: [2]\nloss L = sum(W * dW)\n"
    report = review("layout denominator\ndL/dW = dL/dz1 * dW\n", model)
    assert [line.verdict for line in report.lines] == ["right"]


def test_a_name_that_only_looks_like_one_is_pointed_out() -> None:
    report = review("dz9 = p * (1 - p)\ndelta = dp * dz9\ndL/dz2 = delta\n")
    own, plain, _ = report.lines
    assert own.message == "dz9 is a name of your own: the model has no `z9`"
    assert plain.message is None


def test_the_loss_has_its_name_alone() -> None:
    with pytest.raises(Exception, match="dE"):
        review("dE/dW2 = a1.T @ dz2\n")


# ── expressions ──

TORCH = {
    "mm": np.matmul, "bmm": np.matmul, "mv": np.matmul, "ger": np.outer,
    "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power, "neg": np.negative,
    "rsqrt": lambda a: 1 / np.sqrt(a), "t": np.transpose, "expit": lambda a: 1 / (1 + np.exp(-a)),
    "logistic": lambda a: 1 / (1 + np.exp(-a)), "inverse": np.linalg.inv, "clamp": np.clip,
    "swapaxes": np.transpose, "gt": np.greater, "lt": np.less, "eq": np.equal,
    "inner": lambda a, b: np.inner(a.T, b.T),
}  # fmt: skip


def value(formula: str) -> np.ndarray:
    """What a formula on a, b and c is worth."""
    program_ = program(ARRAYS)
    sheet = Sheet(parsed(f"q = {formula}\n", ARRAYS), evaluate(program_, {}, 0), 10**6)
    assert not sheet.written.unread, sheet.written.unread
    return sheet.known["q#0"][0, 0]


def values() -> dict[str, np.ndarray]:
    return {k: v[0, 0] for k, v in evaluate(program(ARRAYS), {}, 0).values.items() if k in "abc"}


@pytest.mark.parametrize("name", sorted(WRITTEN.keys() - {"ger", "inner", "range", "vdot"}))
def test_what_libraries_call_otherwise(name: str) -> None:
    operands = sorted(names_in(parse(WRITTEN[name])))
    theirs = TORCH.get(name) or getattr(np, name)
    expected = np.asarray(theirs(*(values()[o] for o in operands)), dtype=float)
    for formula in (
        f"np.{name}({', '.join(operands)})",
        f"{operands[0]}.{name}({', '.join(operands[1:])})",
    ):
        np.testing.assert_allclose(value(formula).squeeze(), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("np.sum(a, axis=0, keepdims=True)", lambda a, b: a.sum(0, keepdims=True)),
        ("a.sum(0)", lambda a, b: a.sum(0, keepdims=True)),
        ("a.sum(dim=-1, keepdim=True)", lambda a, b: a.sum(-1, keepdims=True)),
        ("torch.sum(a, 1)", lambda a, b: a.sum(1, keepdims=True)),
        ("a.sum((0, 1))", lambda a, b: np.full((1, 1), a.sum())),
        ("np.sum(a, (0, -1), keepdims=True)", lambda a, b: np.full((1, 1), a.sum())),
        ("np.sum(a, axis=None)", lambda a, b: np.full((1, 1), a.sum())),
        ("a.mean(0) * a.shape[0]", lambda a, b: a.sum(0, keepdims=True)),
        ("np.amax(a, axis=1, keepdims=True)", lambda a, b: a.max(1, keepdims=True)),
        ("torch.nn.functional.softmax(a, dim=1)", lambda a, b: _softmax(a)),
        ("F.relu(a - 1)", lambda a, b: np.maximum(a - 1, 0)),
        ("torch.sigmoid(a)", lambda a, b: 1 / (1 + np.exp(-a))),
        ("np.linalg.inv(a).T", lambda a, b: np.linalg.inv(a).T),
        ("a * (a > 1).astype(float)", lambda a, b: a * (a > 1)),
        ("(a > 1).float() * b", lambda a, b: b * (a > 1)),
        ("a.dot(b.T)", lambda a, b: a @ b.T),
        ("np.dot(a.T, b)", lambda a, b: a.T @ b),
        ("np.where(a > 1, b, 0)", lambda a, b: np.where(a > 1, b, 0)),
        ("a.reshape(1, N * N)", lambda a, b: a.reshape(1, 9)),
        ("np.pi * a", lambda a, b: np.pi * a),
        ('np.einsum("ij,kj->ik", a, b)', lambda a, b: a @ b.T),
        ("np.sum(a * t for t in 1..3)", lambda a, b: 6 * a),
        ("np.maximum(0, a - b)", lambda a, b: np.maximum(0, a - b)),
        ("a.transpose(0, 1)", lambda a, b: a.T),
        ("a.exp().log()", lambda a, b: a),
    ],
)  # fmt: skip
def test_an_expression(formula: str, expected: object) -> None:
    known = values()
    wanted = expected(known["a"], known["b"])  # type: ignore[operator]
    np.testing.assert_allclose(value(formula), wanted, rtol=1e-14)


def _softmax(a: np.ndarray) -> np.ndarray:
    e = np.exp(a)
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("name", sorted(SAME - {"tensor", "array", "asarray"}))
def test_what_changes_no_number(name: str) -> None:
    np.testing.assert_array_equal(value(f"a.{name}()"), values()["a"])


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("np.foo(p)", "there is no function `foo`"),
        ("p.foo()", "there is no function `foo`"),
        ("p.grad", "`.grad` means nothing here"),
        ("np.sum", "`.sum` means nothing here"),
        ("np + p", "`np` is not defined"),
        ("p.shape[7] * p", "only a quantity of the model has a shape here"),
        ("np.matmul(p)", "matmul takes 2 operands here"),
        ("p.exp(2)", "exp(x) takes one argument, not 2"),
    ],
)
def test_a_spelling_that_means_nothing(formula: str, message: str) -> None:
    report = review(f"dz2 = {formula}\ndp = 2 * (p - Y) / N\n")
    line, other = report.lines
    assert (line.verdict, other.verdict) == ("unchecked", "right")
    assert line.message is not None
    assert line.message.startswith(message)


def test_models_keep_their_own_spelling() -> None:
    errors = read(read_source("m.eq", b"input x: [2]\ny = np.exp(x)\nz = x.sum(0)\n")).errors
    assert [error.hint for error in errors] == [
        "functions have no module: exp(x)",
        "a function stands before its argument: sum(x)",
    ]
