"""Sizes in messages and listings: each has its place, and its brackets."""

from __future__ import annotations

import pytest
from person_support import review
from support import messages, session

from gradcli.errors import GradErrors
from gradcli.render.align import lines as latex
from gradcli.render.table import shape_text

N = "dim N = 10^8\ninput x: [3]\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("dim N = 10^16\n", "1:9"),
        ("dim N = 10^8, M = N*N\n", "1:19"),
        (N + "y = 2 * reshape(x, [N, N])\n", "3:9"),
        (N + "y = 2 * reshape(x, [N*N])\n", "3:21"),
        (N + "y = 2 * broadcast(x, [N*N])\n", "3:23"),
        (N + "y = 2 * x[0:N*N]\n", "3:13"),
        (N + "y = 2 * x[-N*N]\n", "3:11"),
        (N + "y = x * eye(N*N)\n", "3:13"),
        (N + "y = sum(x, axis=N*N)\n", "3:12"),
        (N + "def f(a) = reshape(a, [N*N])\ny = 2 * f(x)\n", "3:24"),
    ],
)
def test_a_size_beyond_the_limit(text, place):
    assert messages(text).startswith(f"model.eq:{place}: error: a size is at most 10^15")


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("dL/dy = dL/dL * ones(1, N*N)", 25),
        ("dL/dy[N*N] = dL/dL", 1),
        ("dL/dy = reshape(dL/dL, [N, N])", 9),
        ("q[N*N] = dL/dL", 1),
    ],
)
def test_in_a_derivation(line, column):
    with pytest.raises(GradErrors) as error:
        review(N + "y = 2 * x\nloss L = sum(y)\n", line)
    expected = f"mine.grad:1:{column}: error: a size is at most 10^15"
    assert str(error.value).startswith(expected)


def test_a_sum_has_brackets_in_a_shape():
    text = "dim K = 2\ninput x: [K], s: [1]\ny = broadcast([x; s], [K + 1, 2*K])\nloss L = sum(y)\n"
    found = session(text)
    assert shape_text(found.program.shapes["y"]) == "3×4 ((K + 1)×2*K)"
    assert r"\left(K + 1\right) \times 2 \cdot K" in "".join(latex(found))
