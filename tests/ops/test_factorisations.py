"""Factorisations: what they are, their signs, where they have no derivative, and other libraries."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from support import assert_close, finite_difference, messages, session, squeeze
from typer.testing import CliRunner

from gradcli.cli import app

DEFINITE = "dim N = 4\ninput A: [N, N] ~ spd()\n"
TALL = "dim N = 4, M = 3\ninput A: [N, M]\n"


def values(text, *names):
    found = session(text)
    return [np.asarray(found.values[name]) for name in names]


def test_the_parts_make_the_matrix():
    a, lower, x = values(
        f"{DEFINITE}L = cholesky(A)\nX = inv_spd(A)\nloss s = sum(L) + sum(X)\n", *"ALX"
    )
    assert_close(lower @ lower.T, a, 1e-14)
    assert_close(lower, np.tril(lower), 0)
    assert_close(x @ a, np.eye(4), 1e-13)
    a, q, r = values(f"{TALL}Q = qr_q(A)\nR = qr_r(A)\nloss s = sum(Q) + sum(R)\n", *"AQR")
    assert_close(q @ r, a, 1e-14)
    assert_close(q.T @ q, np.eye(3), 1e-14)
    assert (np.diag(r) > 0).all()
    assert not np.tril(r, -1).any()
    text = f"{TALL}U = svd_u(A)\ns = svd_s(A)\nV = svd_v(A)\nloss L = sum(U) + sum(s) + sum(V)\n"
    a, u, s, v = values(text, *"AUsV")
    assert_close(u @ np.diag(s[:, 0]) @ v.T, a, 1e-14)
    assert (np.diff(s[:, 0]) < 0).all()
    assert_close(u.T @ u, np.eye(3), 1e-14)


def test_a_matrix_stands_for_its_symmetric_part():
    text = "input A: [2, 2] = [[2, 1], [0, 3]]\nB = (A + A.T) / 2\nw = {}(A)\nv = {}(B)\nloss L = sum(w * v)\n"
    for name in ("cholesky", "inv_spd", "eigh_values", "eigh_vectors"):
        w, v = values(text.format(name, name), "w", "v")
        assert_close(w, v, 0)


def test_eigenvalues_rise_and_vectors_have_a_sign():
    text = "input A: [2, 2] = {}\nw = eigvalsh(A)\nV = eigh_vectors(A)\nloss L = sum(w) + sum(V)\n"
    w, v = values(text.format("[[1, -0.5], [-0.5, 1]]"), "w", "V")
    assert_close(w, [[0.5], [1.5]], 1e-15)
    half = math.sqrt(0.5)
    assert_close(v, [[half, half], [half, -half]], 1e-15)
    _, v = values(text.format("[[2, 0], [0, 1]]"), "w", "V")
    assert_close(v, [[0, 1], [1, 0]], 0)


def test_a_triangle_alone_is_read():
    text = "input L: [2, 2] = [[2, 7], [1, 4]], b = [2, 5]\nx = solve_triangular(L, b{})\nloss s = sum(x)\n"
    for more, expected in {
        "": [1, 1],
        ", lower=0": [-3.375, 1.25],
        ", trans=1": [0.375, 1.25],
        ", lower=0, trans=1": [1, -0.5],
    }.items():
        found = session(text.format(more))
        assert_close(squeeze(found.values["x"]), expected, 1e-15)
        off = found.backward.totals["L"][(1, 0) if "lower" in more else (0, 1)]
        assert off == 0


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("zeros(2, 2)", [[1, 0], [0, 1]]),
        ("[[0, 1], [0, 0]]", [[1, 1], [0, 1]]),
        ("[[0, -pi], [pi, 0]]", [[-1, 0], [0, -1]]),
        ("diag([1, 100])", [[math.e, 0], [0, math.exp(100)]]),
    ],
)
def test_exponentials(matrix, expected):
    (y,) = values(f"input s\nA = {matrix} + 0 * s\ny = expm(A)\nloss L = sum(y)\n", "y")
    assert_close(y, expected, 1e-13)


def test_the_exponential_has_frechets_derivative():
    """Along E that does not commute with A; a nilpotent A has it in closed form."""
    text = "input A: [2, 2] = [[0, 1], [0, 0]]\nconst C = [[1, 2], [3, 5]]\nloss L = sum(C * expm(A))\n"
    found = session(text, layout="denominator")
    # L(A^T, C) = C + (A^T C + C A^T) / 2 + A^T C A^T / 6 + …, by hand
    t, c = np.array([[0, 0], [1, 0]]), np.array([[1, 2], [3, 5]])
    assert_close(found.backward.totals["A"], c + (t @ c + c @ t) / 2 + t @ c @ t / 6, 1e-14)
    assert_close(found.backward.totals["A"], finite_difference(found, "A"), 1e-7)


def check(text):
    result = CliRunner().invoke(app, ["check", "-", "--json"], input=text)
    return json.loads(result.stdout)["results"]


@pytest.mark.parametrize(
    "text",
    [
        "input A: [3, 3] = [[1, 0, 0], [0, 1, 0], [0, 0, 2]]\nloss L = sum(c * eigh_values(A))\n",
        "input A: [3, 3] = [[1, 0, 0], [0, 1, 0], [0, 0, 2]]\nloss L = sum(C * eigh_vectors(A))\n",
        "input A: [3, 3] = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]\nloss L = sum(C * svd_u(A))\n",
        "input A: [3, 3] = [[1, 2, 3], [2, 4, 6], [0, 0, 1]]\nloss L = sum(c * svd_s(A))\n",
        "input A: [3, 3] = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]\nloss L = sum(C * svd_v(A))\n",
    ],
)
def test_a_degenerate_spectrum_is_inconclusive(text):
    (found,) = check(f"const c: [3], C: [3, 3]\n{text}")
    assert found["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("loss", "proof"),
    [
        ("sum(C * cholesky(K)) + sum(D * solve_triangular(K, D)) + sum(C * inv_spd(K))", "proven"),
        ("sum(C[:, 0:2] * qr_q(K[:, 0:2])) + sum(qr_r(K))", "proven"),
        ("sum(C * expm(K))", "undecided"),
        ("sum(C * eigh_vectors(K))", "undecided"),
        ("sum(C * svd_u(K))", "undecided"),
    ],
)
def test_triangles_are_proven_and_spectra_are_not(loss, proof):
    (found,) = check(f"input K: [3, 3] ~ spd()\nconst C: [3, 3], D: [3, 2]\nloss L = {loss}\n")
    assert (found["verdict"], found["proof"]) == ("pass", proof)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input A: [2, 2] = [[1, 2], [2, 1]]\nL = cholesky(A)\n", "2:5: error: L = cholesky(A) can't be computed: matrix is not positive definite"),
        ("input A: [2, 2] = [[1, 2], [2, 1]]\nL = cholesky(A)\n", "hint: `~ spd()` draws one"),
        ("input A: [2, 3]\nL = cholesky(A)\n", "A is 2×3, not a square matrix"),
        ("input A: [2, 3]\nL = expm(A)\n", "A is 2×3, not a square matrix"),
        ("input A: [2, 3]\nL = svd_s(A)\n", "A is 2×3: more columns than rows"),
        ("input A: [2, 2] = [[0, 1], [1, 1]], b: [2]\nx = solve_triangular(A, b)\n", "singular matrix"),
        ("input A: [2, 2], b: [3]\nx = solve_triangular(A, b)\n", "A is 2×2 and b is 3×1"),
        ("input A: [2, 2], b: [2]\nx = solve_triangular(A, b, lower=2)\n", "lower is 0 or 1, not 2"),
        ("input A: [2, 2]\nw = eigh(A)\n", "w = eigh_values(A), V = eigh_vectors(A)"),
        ("input A: [2, 2]\nw = svd(A)\n", "U = svd_u(A), s = svd_s(A), V = svd_v(A)"),
        ("input A: [2, 2] = [[0, 0], [1, 1]]\nx = qr_q(A)\n", "columns that depend on each other"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(text, message):
    assert message in messages(text)


def test_torch_has_the_same_gradients():
    """Of functions that no sign or phase enters, of random matrices; without the oracle's code."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 4)), rng.normal(size=(4, 3))
    k = a @ a.T + np.eye(4)

    def at(x):
        return torch.tensor(x, requires_grad=True)

    ta, tb, tk = at(a), at(b), at(k)
    w, v = torch.linalg.eigh((ta + ta.T) / 2)
    u, s, vt = torch.linalg.svd(tb, full_matrices=False)
    total = (
        torch.linalg.cholesky((tk + tk.T) / 2).sin().sum() + torch.linalg.inv(tk).sin().sum()
        + (v**3 * w).square().sum() + ((u * s**2) @ vt).sin().sum() + u.abs().sum()
        + torch.linalg.matrix_exp(ta).sin().sum() + torch.linalg.qr(tb)[1].abs().sum()
    )  # fmt: skip
    total.backward()
    found = session(
        "input A: [4, 4], B: [4, 3], K: [4, 4]\nV = eigh_vectors(A)\nU = svd_u(B)\n"
        "S = U * square(svd_s(B)).T @ svd_v(B).T\n"
        "loss L = sum(sin(cholesky(K))) + sum(sin(inv_spd(K))) + sum(square(V^3 * eigh_values(A).T))"
        " + sum(sin(S)) + sum(abs(U)) + sum(sin(expm(A))) + sum(abs(qr_r(B)))\n",
        {"A": a, "B": b, "K": k},
    )
    for name, tensor in {"A": ta, "B": tb}.items():
        assert_close(found.backward.totals[name], tensor.grad.numpy(), 1e-10, name)
    symmetric = (tk.grad + tk.grad.T) / 2
    assert_close(found.backward.totals["K"], symmetric.numpy(), 1e-10, "K")
