"""The second opinion of a library, from the forward pass that gradcli writes."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from cases import cases
from support import EXAMPLES, assert_close, session

from gradcli.check.gradients.numeric import Options
from gradcli.check.gradients.oracle import LIBRARIES, check_oracle, library_gradients
from gradcli.errors import GradError, GradErrors
from gradcli.ops import TABLE
from gradcli.session import Request, run

# What a library has no derivative of: autograd of an SVD, of a diagonal in einsum, of the platform's
# own erfc, of running products, of QR; and none of what adds in place.
REFUSED = {
    "autograd": {
        "cofactor",
        "einsum",
        "erfc",
        "normal_cdf",
        "cumprod",
        "put",
        "segment_sum",
        "expm",
        "qr_q",
        "qr_r",
    },
    "torch": {"put", "segment_sum"},
}
# What it calls nan: a spread of 0, where the entry says that 0 is taken.
UNDEFINED = {"autograd": {"std"}, "torch": {"std"}}
INSTALLED = [name for name in LIBRARIES if importlib.util.find_spec(name)]
FUNCTIONS = """
dim N = 3
input x: [N] ~ uniform(0.5, 2), A: [N, N] ~ uniform(0.5, 2), X: [2, N, 2]
B = A + 3 * eye(N)
a = erf(x) + gelu(x) + silu(x) + softplus(x) + elu(-x, 0.5) + leaky_relu(-x, 0.1)
b = logdet(B) + det(B) / 9 + trace(inv(B)) + sum(solve(B, x)) + norm(x) + prod(x)
c = max(A, axis=0) @ log_softmax(x) + logsumexp(A) + mean(A, axis=1).T @ diag(A)
d = sum(einsum("bij,ik->bjk", X, A)) + sum(reshape(X[0, :, :], [2*N])) + X[1, 2, 1]
e = sum(stack(x, a, axis=0)) + sum(concat(A, B, axis=1)[:, 1:4]) + sum(maximum(x, a)^1.5)
loss L = sum(a) + b + c + d + e + sum(outer(x, a)) + dot(x, a)
"""


@pytest.fixture(params=INSTALLED)
def library(request):
    return request.param


def verify(found, library):
    report = check_oracle(found, library, Options(), lambda done, total: None)
    assert report.method == library
    assert [(r.name, r.message) for r in report.results if r.verdict != "pass"] == []
    assert report.results


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.eq")), ids=lambda path: path.stem)
def test_examples(path, library):
    verify(run(str(path), Request()), library)


def test_most_functions(library):
    verify(session(FUNCTIONS), library)


@pytest.mark.parametrize("op", [op for op in TABLE.values() if op.operands], ids=lambda op: op.name)
def test_each_operation_under_broadcasting(op, library):
    some = cases(op)
    for case in some[:: 1 + len(some) // 6]:
        try:
            found = session(case.model, case.draw(1))
        except GradErrors:  # not every case of the table can be written by a user
            continue
        try:
            gradients = library_gradients(found, library, list(found.derivation.wrt))
        except GradError:
            if op.name in REFUSED.get(library, ()):
                continue
            raise
        for name, value in gradients.items():
            if op.name in UNDEFINED.get(library, ()) and np.isnan(value).any():
                continue
            assert_close(value, found.backward.totals[name], 1e-9, f"{case.model}{name}")


@pytest.mark.parametrize(
    "equation",
    [
        "loss L = sum(minimum(x, W)^2)",
        "loss L = sum(where(x > 0, W, x))",
        "loss L = sum(x @ 3)",
        "loss L = sum(-3 @ x.T) + sum(3.T * x)",
        "loss L = sum([1, 2] @ 3) * s",
        "loss L = sum((x > 0) @ 0.1) * s",
        "loss L = +s",
        "loss L = 3",
    ],
)
def test_shapes_and_numbers(equation, library):
    verify(session(f"input x: [2], W: [2, 2], s\n{equation}\n"), library)


def test_a_gradient_of_another_shape_is_the_librarys_fault(monkeypatch):
    monkeypatch.setitem(LIBRARIES, "autograd", lambda found, names: {"x": np.ones((2, 2))})
    with pytest.raises(GradError, match=r"autograd is at fault: x is 2×1, and its gradient .* 2×2"):
        library_gradients(session("input x: [2]\nloss L = sum(x)\n"), "autograd", ["x"])


def test_no_rule_of_gradcli_is_in_it(library):
    text = (
        "input x: [3]\nop twice(a) = 2 * a:\n    dL/da = 3 * dL/dout\ny = twice(x)\ngiven dL/dy\n"
    )
    found = session(text)
    gradients = library_gradients(found, library, ["x"])
    np.testing.assert_allclose(gradients["x"], 2 * found.given["y"])
    report = check_oracle(found, library, Options(), lambda done, total: None)
    assert report.results[0].remark == "yours = 1.5 × expected, in every entry"


def test_a_library_that_is_not_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(GradError, match="torch is not installed") as error:
        library_gradients(session("input x\nloss y = x^2\n"), "torch", ["x"])
    assert error.value.hint == "pip install 'gradcli[torch]'"
