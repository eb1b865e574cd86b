"""Numerator and denominator layout: formulas, shapes, values; broadcasting undone in sight."""

from __future__ import annotations

import numpy as np
import pytest
from support import EXAMPLES, backward, session, texts

from gradcli.render.json_ import turn

DIMS = "dim H = 4, X = 3\ninput x: [X], b: [H]\nparam W: [H, X]\n"


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("numerator", ["dL/dW = x @ dL/dz", "dL/dx = dL/dz @ W"]),
        ("denominator", ["dL/dW = dL/dz @ x.T", "dL/dx = W.T @ dL/dz"]),
    ],
)
def test_the_product(layout: str, expected: list[str]) -> None:
    assert backward(DIMS + "z = W @ x\ngiven dL/dz", layout=layout) == expected
    assert backward(f"layout {layout}\n{DIMS}z = W @ x\ngiven dL/dz") == expected


def test_the_option_rules_over_the_file() -> None:
    text = "layout denominator\n" + DIMS + "z = W @ x\ngiven dL/dz"
    assert backward(text, layout="numerator") == ["dL/dW = x @ dL/dz", "dL/dx = dL/dz @ W"]


@pytest.mark.parametrize(
    ("equation", "numerator", "denominator"),
    [
        ("z = x * x2", "dL/dz * x2.T", "dL/dz * x2"),
        ("z = tanh(x)", "dL/dz * (1 - z^2).T", "dL/dz * (1 - z^2)"),
        ("z = -x", "-dL/dz", "-dL/dz"),
        ("z = x^2", "dL/dz * 2 * x.T", "dL/dz * 2 * x"),
        ("z = x^3", "dL/dz * 3 * (x^2).T", "dL/dz * 3 * x^2"),
        ("z = x^-1", "-dL/dz * (x^-2).T", "-dL/dz * x^-2"),
        ("z = x^X", "dL/dz * X * (x^(X - 1)).T", "dL/dz * X * x^(X - 1)"),
        ("z = 1 / x", "-dL/dz / (x^2).T", "-dL/dz / x^2"),
        ("z = 2 / x", "-dL/dz * 2 / (x^2).T", "-dL/dz * 2 / x^2"),
        ("z = x.T", "dL/dz.T", "dL/dz.T"),
        ("z = sum(x)", "broadcast(dL/dz, [1, X])", "broadcast(dL/dz, [X, 1])"),
        (
            "z = softmax(x)",
            "(dL/dz - sum(dL/dz * z.T, axis=1)) * z.T",
            "(dL/dz - sum(dL/dz * z, axis=0)) * z",
        ),
    ],
)
def test_formulas(equation: str, numerator: str, denominator: str) -> None:
    text = f"dim X = 3\ninput x: [X]\nconst x2: [X]\n{equation}\ngiven dL/dz"
    assert backward(text, layout="numerator") == [f"dL/dx = {numerator}"]
    assert backward(text, layout="denominator") == [f"dL/dx = {denominator}"]


def test_shapes_follow_the_layout() -> None:
    found = session(DIMS + "z = W @ x + b\ngiven dL/dz")
    shapes = {row.target: texts(found.derivation.shape(row)) for row in found.derivation.rows}
    assert shapes == {"z1": ["1", "H"], "b": ["1", "H"], "W": ["X", "H"], "x": ["1", "X"]}
    found = session(DIMS + "z = W @ x + b\ngiven dL/dz", layout="denominator")
    shapes = {row.target: texts(found.derivation.shape(row)) for row in found.derivation.rows}
    assert shapes == {"z1": ["H", "1"], "b": ["H", "1"], "W": ["H", "X"], "x": ["X", "1"]}


def test_rank_3_is_reversed() -> None:
    found = session("dim A = 2, B = 3, C = 4\ninput x: [A, B, C]\ny = x * 2\ngiven dL/dy")
    assert texts(found.derivation.shape(found.derivation.rows[0])) == ["C", "B", "A"]


# ── broadcasting ──


@pytest.mark.parametrize(
    ("shape", "numerator", "denominator"),
    [
        ("[]", "sum(dL/dz)", "sum(dL/dz)"),
        ("[H]", "sum(dL/dz, axis=0)", "sum(dL/dz, axis=1)"),
        ("[1, X]", "sum(dL/dz, axis=1)", "sum(dL/dz, axis=0)"),
        ("[H, X]", "dL/dz", "dL/dz"),
        ("[1, 1]", "sum(dL/dz)", "sum(dL/dz)"),
    ],
)
def test_a_sum_over_what_broadcasting_stretched_is_shown(
    shape: str, numerator: str, denominator: str
) -> None:
    text = f"dim H = 4, X = 3\nconst W: [H, X]\ninput a: {shape}\nz = W + a\ngiven dL/dz"
    assert backward(text) == [f"dL/da = {numerator}"]
    assert backward(text, layout="denominator") == [f"dL/da = {denominator}"]


def test_both_sides_stretched() -> None:
    text = "dim H = 4, X = 3\ninput a: [H], b: [X]\nz = a * b.T\ngiven dL/dz"
    assert backward(text) == [
        "dL/da = sum(dL/dz * z1.T, axis=0)",
        "dL/dz1 = sum(dL/dz * a.T, axis=1)",
        "dL/db = dL/dz1.T",
    ]


def test_an_axis_that_was_not_stretched_is_not_summed() -> None:
    text = "const W: [2, 1, 4]\ninput a: [1, 1, 4]\nz = W + a\ngiven dL/dz"
    assert backward(text, layout="denominator") == ["dL/da = sum(dL/dz, axis=0)"]
    assert backward(text) == ["dL/da = sum(dL/dz, axis=2)"]


MATRICES = {
    "inv(A)": ("-(z @ dL/dz @ z)", "-(z.T @ dL/dz @ z.T)"),
    "trace(A)": ("dL/dz * eye(N)", "dL/dz * eye(N)"),
    "det(A)": ("dL/dz * cofactor(A).T", "dL/dz * cofactor(A)"),
    "logdet(A)": ("dL/dz * inv(A)", "dL/dz * inv(A).T"),
    "A @ A0": ("A0 @ dL/dz", "dL/dz @ A0.T"),
    "A0 @ A": ("dL/dz @ A0", "A0.T @ dL/dz"),
    "solve(A0, A)": ("solve(A0.T, dL/dz.T).T", "solve(A0.T, dL/dz)"),
    "A.T": ("dL/dz.T", "dL/dz.T"),
    "diag(A)": ("diag(dL/dz.T)", "diag(dL/dz)"),
    "mean(A)": ("broadcast(dL/dz, [N, N]) / N^2", "broadcast(dL/dz, [N, N]) / N^2"),
}


@pytest.mark.parametrize("expression", MATRICES)
def test_formulas_of_matrices(expression: str) -> None:
    """As they stand in the textbooks: Giles 2008 in denominator layout, and turned round."""
    text = f"dim N = 3\ninput A: [N, N]\nconst A0: [N, N]\nz = {expression}\ngiven dL/dz"
    found = tuple(backward(text, layout=layout) for layout in ("numerator", "denominator"))
    assert found == tuple([f"dL/dA = {formula}"] for formula in MATRICES[expression])


def test_a_matrix_against_rank_3() -> None:
    text = "input x: [2, 3, 4], m: [3, 4], c: [3]\ny = x * m + c\ngiven dL/dy"
    found = session(text, layout="denominator")
    x, g = found.inputs["x"], found.given["y"]
    np.testing.assert_allclose(found.backward.totals["m"], (g * x).sum(axis=0))
    np.testing.assert_allclose(found.backward.totals["c"], g.sum(axis=(0, 2)).reshape(3, 1))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.eq")), ids=lambda p: p.stem)
def test_the_layouts_are_transposes(path) -> None:
    """Every shape turned round, every target and sign the same; values are computed once."""
    found = {
        layout: session(path.read_text(), layout=layout) for layout in ("numerator", "denominator")
    }
    one, two = found["numerator"].derivation, found["denominator"].derivation
    assert [(r.eq, r.target, r.assign) for r in one.rows] == [
        (r.eq, r.target, r.assign) for r in two.rows
    ]
    for first, second in zip(one.rows, two.rows, strict=True):
        assert texts(one.shape(first)) == texts(two.shape(second))[::-1]
    for name in one.wrt:
        array = found["numerator"].backward.totals[name]
        np.testing.assert_array_equal(turn(array, "numerator"), turn(array, "denominator").T)


def test_a_product_with_no_derivative_in_it_is_turned_factor_by_factor() -> None:
    """In the numerator layout a rule's own A @ B comes out as Bᵀ @ Aᵀ, as a person writes it."""
    text = (
        "layout denominator\n"
        "op f(A, B, x) = (A @ B) * x:\n"
        "    dL/dA = (dL/dout * x) @ B.T\n"
        "    dL/dB = A.T @ (dL/dout * x)\n"
        "    dL/dx = dL/dout * (A @ B)\n"
        "input A: [2, 3], B: [3, 2], x: [2, 2]\n"
        "y = f(A, B, x)\n"
        "given dL/dy\n"
    )
    assert backward(text)[2] == "dL/dx = dL/dy * (A @ B)"
    assert backward(text, layout="numerator")[2] == "dL/dx = dL/dy * (B.T @ A.T)"
