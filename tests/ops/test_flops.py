"""How many floating-point operations an entry says that it takes."""

from __future__ import annotations

import itertools

import pytest
from cases import cases, signature
from support import session

from gradcli.ops import TABLE, Op

DIMS = "dim M = 2, K = 3, N = 5\ninput A: [M, K], B: [K, N], x: [K], S: [K, K], C: [2, M, K]\n"


@pytest.mark.parametrize("op", TABLE.values(), ids=list(TABLE))
def test_a_count_is_whole(op: Op) -> None:
    for case in cases(op):
        known = signature(case)
        count = op.flops(known, op.shape(known))
        assert count.whole, case
        assert count.number >= 0, case


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("A @ B", "2*K*M*N - M*N"),
        ("A @ x", "2*K*M - M"),
        ("C @ B", "4*K*M*N - 2*M*N"),
        ('einsum("mk,kn->mn", A, B)', "2*K*M*N - M*N"),
        ('einsum("mk,kn->m", A, B)', "2*K*M + K*N - K - M"),
        ('einsum("kk->k", S)', "0"),
        ("sum(A)", "K*M - 1"),
        ("sum(A, axis=1)", "K*M - M"),
        ("mean(A, axis=1)", "K*M"),
        ("softmax(A, axis=1)", "3*K*M - M"),
        ("logsumexp(A)", "2*K*M"),
        ("A + A", "K*M"),
        ("A * x.T", "K*M"),
        ("x * x.T", "K^2"),
        ("sigmoid(A)", "K*M"),
        ("A.T", "0"),
        ("[A; A]", "0"),
        ("A[0, :]", "0"),
        ("reshape(A, [K, M])", "0"),
        ("broadcast(x, [K, N])", "0"),
        ("diag(x)", "0"),
        ("dot(x, x)", "2*K - 1"),
        ("trace(S)", "K - 1"),
        ('scatter("0:1, :; 1:2, :", A[0, :], A[1, :], [M, K])', "0"),
        ('scatter("0:1, :; 0:1, :", A[0, :], A[1, :], [M, K])', "K"),
    ],
)
def test_the_counts(expression: str, count: str) -> None:
    found = session(f"{DIMS}z = {expression}\ngiven dL/dz\n").program.steps[-1].call
    assert found.flops.text == count


def test_linear_algebra_counts_what_elimination_does() -> None:
    """Counted in a plain elimination, and in two triangular solves with three right sides."""
    for n in range(1, 6):
        model = f"dim K = {n}\ninput S: [K, K] ~ normal(0, 1), R: [K, 3]\n"
        steps = "d = det(S)\nz = solve(S, R)\ni = inv(S)\nc = cofactor(S)\ngiven dL/dz, dL/dc\n"
        determinant, solved, inverse, cofactors = session(model + steps).program.steps
        below = [(i, k) for k, i in itertools.combinations(range(n), 2)]
        factors = sum(1 + 2 * (n - 1 - k) for _, k in below)
        triangles = 3 * (2 * n * (n - 1) + n)

        assert determinant.call.flops.value == factors + n - 1
        assert solved.call.flops.value == factors + triangles
        assert inverse.call.flops.value == 2 * n**3
        product = determinant.call.flops.value + inverse.call.flops.value + n * n
        assert cofactors.call.flops.value == product


def test_an_op_of_the_model_counts_what_it_consists_of() -> None:
    model = (
        "layout denominator\ndim N = 3, M = 2\ninput A: [N, M]\n"
        "op f(X) = sum(X * X, axis=1):\n    dL/dX = 2 * X * dL/dout\n"
        "z = f(A)\ngiven dL/dz\n"
    )
    assert session(model).program.steps[-1].call.flops.text == "2*M*N - N"
