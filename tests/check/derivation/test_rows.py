"""Derivations with an index in a target's brackets: right, forgotten repeats, and other mistakes."""

from __future__ import annotations

import pytest
from person_support import review

MODEL = """
layout denominator
dim N = 4, K = 2, V = 6, D = 3
index Xb: [N, K] in 0..V-1, Yb: [N] in 0..V-1
param C: [V, D], W: [K*D, V]

h = tanh(reshape(C[Xb], [N, K*D]))
logp = log_softmax(h @ W, axis=1)
loss L = -mean(pick(logp, Yb, axis=1))
"""
ABOVE = """layout denominator
dlogp = put(broadcast(-1/N, [N, 1]), Yb, V, axis=1)
dz3 = dlogp - exp(logp) * sum(dlogp, axis=1)
dh = dz3 @ W.T
dW = h.T @ dz3
dz2 = dh * (1 - h^2)
dz1 = reshape(dz2, [N, K, D])
"""
LOOPED = """
layout denominator
dim N = 4, V = 6, D = 3, T = 3
index j[1..T]: [N] in 0..V-1
param C: [V, D]
loss L = sum(square(C[j[t]]) for t in 1..T)
"""


def last(text: str) -> tuple[str, str | None, str | None]:
    """The last line's verdict, the class of its mistake, and what mends it."""
    found = review(MODEL, ABOVE + text).lines[-1]
    return found.verdict, found.diagnosis, found.expected


@pytest.mark.parametrize(
    "line",
    [
        "dC[Xb] += dz1",
        "dC[Xb, :] += dz1",
        "dC[Xb] -= -dz1",
        "dC = segment_sum(dz1, Xb, V)",
        "dC += segment_sum(dz1, Xb, V)" + "\ndC += 0 * C",
    ],
)
def test_right_ways_to_add_rows(line: str) -> None:
    report = review(MODEL, ABOVE + line + "\n")
    assert not [found for found in report.lines if found.verdict == "wrong"][:-1]
    assert not [miss for miss in report.missing if miss.target == "dL/dC[Xb]"]


@pytest.mark.parametrize(
    ("line", "kind", "expected"),
    [
        ("dC[Xb] = dz1", "missing-accumulate", "dC[Xb] += dz1"),
        ("dC[Xb] += 2 * dz1", "scale", "dC[Xb] += dz1"),
        ("dC[Xb] -= dz1", "sign", "dC[Xb] += dz1"),
        ("dC[Xb] = 2 * dz1", "scale", "dC[Xb] += dz1"),
        ("dC[Yb] += dz1", "wrong-operand", "dC[Xb] += dz1"),
        ("dC[Xb] += dz2", "wrong-operand", "dC[Xb] += dz1"),
        ("dC += dz1", "shape", "dC[Xb] += dz1"),
        ("dC = 2 * segment_sum(dz1, Xb, V)", "scale", "dC = segment_sum(dz1, Xb, V)"),
    ],
)
def test_mistakes_and_what_mends_them(line: str, kind: str, expected: str) -> None:
    assert last(line) == ("wrong", kind, expected)


def test_a_forgotten_repeat_is_told() -> None:
    (wrong,) = review(MODEL, ABOVE + "dC[Xb] = dz1\n").wrong
    assert wrong.message == (
        "where the index names a row twice, `=` keeps the last and `+=` adds them up"
    )


def test_what_is_never_named_twice_may_be_set() -> None:
    model = "layout denominator\ndim N = 3, V = 6\nindex i: [N] in 0..V-1 = [4, 0, 2]\n"
    model += "param C: [V, 2]\nloss L = sum(square(C[i]))\n"
    assert not review(model, "layout denominator\ndL/dC[i] = 2 * C[i]\n").wrong


def test_a_missing_line_is_told_with_its_brackets() -> None:
    report = review(MODEL, ABOVE, complete=True)
    assert ("dL/dC[Xb]", "+=", "dL/dz1") in [
        (m.target, m.assign, m.formula) for m in report.missing
    ]


@pytest.mark.parametrize(
    "line",
    [
        "dlogp[arange(N), Yb] = -1/N",
        "dlogp[range(N), Yb] = -1/N",
        "dlogp[range(N), Yb] += -1/N",
        "dlogp[np.arange(N), Yb] = -np.ones((N, 1)) / N",
    ],
)
def test_an_entry_of_each_row_as_numpy_has_it(line: str) -> None:
    report = review(MODEL, f"layout denominator\n{line}\n")
    assert [found.verdict for found in report.lines] == ["right"]


def test_a_wrong_entry_of_each_row_is_mended() -> None:
    (wrong,) = review(MODEL, "layout denominator\ndlogp[arange(N), Yb] = 1/N\n").wrong
    assert (wrong.diagnosis, wrong.expected) == ("sign", "dlogp[arange(N), Yb] = -(1 / N)")


def test_the_numerator_layout_has_the_rows_last() -> None:
    text = "layout numerator\ndlogp[Yb, arange(N)] = -1/N\ndC[:, Xb.T] += dL/dz1\n"
    found = review(MODEL, text).lines
    assert [line.verdict for line in found] == ["right", "right"]


def test_a_loop_adds_rows() -> None:
    text = "layout denominator\nfor t in T..1:\n    dL/dC[j[t]] {} * C[j[t]]\n"
    assert not review(LOOPED, text.format("+= 2")).wrong
    (wrong,) = review(LOOPED, text.format("+= 3")).wrong
    assert (wrong.diagnosis, wrong.expected) == ("scale", "dL/dC[j[t]] += 2 * C[j[t]]")
    (wrong,) = review(LOOPED, text.format("= 2")).wrong
    assert (wrong.diagnosis, wrong.expected) == ("missing-accumulate", "dL/dC[j[t]] += 2 * C[j[t]]")


def test_a_minus_too_many_is_mended_by_adding() -> None:
    model = "layout denominator\ninput x: [3]\nloss L = sum(square(x)) + sum(x)\n"
    text = "layout denominator\ndL/dx = 2 * x\ndL/dx -= ones(3)\n"
    (wrong,) = review(model, text).wrong
    assert (wrong.diagnosis, wrong.expected) == ("sign", "dL/dx += ones(3)")
