"""The NumPy module that a derivation is written as: run alone, it gives the same gradients."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import numpy as np
import pytest
from cases import cases
from support import EXAMPLES, session

from gradcli.codegen.helpers import Helpers
from gradcli.codegen.module import lines
from gradcli.codegen.numpy_ import Names
from gradcli.errors import GradErrors
from gradcli.ops import TABLE
from gradcli.session import Request, run

AWKWARD = """
input lambda_: [2], np: [2], sum_: [2], σ: [2], values, h[1..2]: [2]
for t in 1..2:
    g[t] = tanh(h[t] * lambda_ + np) * values
softmax_ = [g[1]; g[2]; σ; sum_]
loss L = sum(square(softmax_[1:7])) + sum(exp(softmax_[2]))
"""


def gradients(found):
    """What the module computes, in a scope of its own."""
    scope = {"__name__": "exported"}
    exec(compile("".join(lines(found)), "exported.py", "exec"), scope)
    return scope["backward"](scope["forward"](scope["INPUTS"]), scope["GIVEN"])


def expected(found):
    numerator = found.derivation.layout == "numerator"
    totals = found.backward.totals
    return {n: totals[n].T if numerator else totals[n] for n in found.derivation.wrt}


def verify(found):
    computed = gradients(found)
    assert list(computed) == list(found.derivation.wrt)
    for name, value in expected(found).items():
        assert computed[name].shape == value.shape
        np.testing.assert_allclose(computed[name], value, rtol=1e-13, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.eq")), ids=lambda path: path.stem)
def test_examples(path, layout):
    verify(run(str(path), Request(layout=layout)))


@pytest.mark.parametrize("op", [op for op in TABLE.values() if op.operands], ids=lambda op: op.name)
def test_each_operation(op):
    for case in cases(op)[::3]:
        try:
            found = session(case.model, case.draw(1))
        except GradErrors:  # not every case of the table can be written by a user
            continue
        verify(found)


def test_names_that_python_or_the_code_itself_uses():
    verify(session(AWKWARD))


@pytest.mark.parametrize(
    "equations",
    [
        "loss L = sum(x @ 3)",
        "loss L = sum(-3 @ x.T)",
        "loss L = sum(3.T * x)",
        "c = 1/3\nloss L = sum(C @ c) + sum(c.T * x)",
        "loss L = sum(x @ exp(3)) + (s > 0) @ 3",
        "loss L = sum([1, 2, 3] @ 3) * s",
        "op f(a) = 2 * a:\n    dL/da = 3\nloss L = f(s)",
        "op f(a) = 2 * a:\n    dL/da = 3.T @ 2\nloss L = f(s)",
    ],
)
def test_a_number_where_an_array_is_needed(equations):
    verify(session(f"input x: [3], C: [2, 3, 1], s\n{equations}\n"))


def test_always_accumulating():
    verify(session(AWKWARD, accumulate="always"))


def test_it_runs_alone_and_needs_nothing_of_gradcli(tmp_path):
    found = run(str(EXAMPLES / "scanning_mlp.eq"), Request())
    text = "".join(lines(found))
    imported = {
        alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {"json", "math", "numpy"}
    path = tmp_path / "exported.py"
    path.write_text(text, encoding="utf-8")
    ran = subprocess.run([sys.executable, "-I", path], capture_output=True, text=True, check=True)
    document = json.loads(ran.stdout)
    for name, value in expected(found).items():
        np.testing.assert_allclose(document[name], value, rtol=1e-13)


def test_no_two_names_share_an_identifier():
    names = Names({"np"})
    given = ["h[1, 2]", "h_1_2", "np", "lambda", "ﬁ", "fi", "σ", "z1[2]", "z1_2", "_"]
    assert len({names(name) for name in given}) == len(given)
    assert all(names(name).isidentifier() for name in given)
    assert names("h[1, 2]") == "h_1_2"


def test_a_helper_is_not_hidden_by_a_local_name_of_its_user():
    text = Helpers()
    name = text.name(_hiding, "hiding")
    scope = {"np": np}
    exec("".join(text.texts), scope)
    assert scope[name](3) == _hiding(3) == 7


def _twice(x):
    return 2 * x


def _hiding(x):
    twice = _twice(x)
    return twice + 1
