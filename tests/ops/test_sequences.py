"""Running sums and recurrences: figures by loops, zeros, ties, both directions, in models."""

from __future__ import annotations

import numpy as np
import pytest
from support import assert_close, complex_step, gradient, session, value

RNG = np.random.default_rng(5)


def scanned(a, b):
    state, found = np.zeros(b.shape[1]), []
    for t in range(len(b)):
        state = a[t] * state + b[t]
        found.append(state)
    return np.array(found)


@pytest.mark.parametrize("reverse", [0, 1])
def test_a_scan_is_its_recurrence(reverse):
    a, b = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 3))
    text = "input a: [6, 3], b: [6, 3]\n"
    turn = slice(None, None, -1 if reverse else 1)
    expected = scanned(a[turn], b[turn])[turn]
    found = session(f"{text}s = scan(a, b, reverse={reverse})\ngiven dL/ds\n", {"a": a, "b": b})
    assert_close(found.values["s"], expected, 1e-14)
    across = session(
        f"{text}s = scan(a.T, b.T, axis=1, reverse={reverse})\ngiven dL/ds\n", {"a": a, "b": b}
    )
    assert_close(across.values["s"], expected.T, 1e-14)


def test_a_scan_is_the_loop_that_it_stands_for():
    """The same values, and the same gradients, as equations over a family."""
    head = "dim T = 5\ninput a: [T, 2], b: [T, 2]\n"
    one = session(f"{head}s = scan(a, b)\nloss L = sum(square(s))\n", seed=2)
    loop = session(
        f"{head}s[0] = b[0, :]\nfor t in 1..T-1:\n    s[t] = a[t, :] * s[t-1] + b[t, :]\n"
        "loss L = sum(square(s[t]) for t in 0..T-1)\n",
        seed=2,
    )
    assert_close(one.values["L"], loop.values["L"], 1e-13)
    for name in "ab":
        assert_close(one.backward.totals[name], loop.backward.totals[name], 1e-12)


@pytest.mark.parametrize("zeros", [(), (0,), (2,), (4,), (1, 3), (0, 1, 2, 3, 4)])
@pytest.mark.parametrize("reverse", [0, 1])
def test_a_running_product_with_zeros(zeros, reverse):
    x = RNG.normal(size=(5, 1))
    x[list(zeros)] = 0
    text = f"input x: [5]\ny = cumprod(x, reverse={reverse})\ngiven dL/dy\n"
    found = session(text, {"x": x})
    assert_close(found.backward.totals["x"], complex_step(found, "x"), 1e-13)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("cumsum(x)", [3, 4, 8, 9, 14]),
        ("cumsum(x, reverse=1)", [14, 11, 10, 6, 5]),
        ("cumprod(x)", [3, 3, 12, 12, 60]),
        ("cummax(x)", [3, 3, 4, 4, 5]),
        ("cummax(x, reverse=1)", [5, 5, 5, 5, 5]),
        ("flip(x)", [5, 1, 4, 1, 3]),
        ("roll(x)", [5, 3, 1, 4, 1]),
        ("roll(x, shift=-2)", [4, 1, 5, 3, 1]),
        ("shift(x)", [0, 3, 1, 4, 1]),
        ("shift(x, by=-2)", [4, 1, 5, 0, 0]),
        ("shift(x, by=9)", [0, 0, 0, 0, 0]),
        ("arange(5) * x", [0, 1, 8, 3, 20]),
        ("tril(x @ x.T, k=-1) @ ones(5)", [0, 3, 16, 8, 45]),
        ("triu(x @ x.T, k=1) @ ones(5)", [33, 10, 24, 5, 0]),
    ],
)
def test_figures(call, expected):
    assert (
        value(f"input x: [5] = [3, 1, 4, 1, 5]\ny = {call}\nloss L = sum(y * x)\n", "y") == expected
    )


def test_a_running_maximum_with_ties():
    text = "input x: [5] = {}\nloss L = sum(cummax(x) * [1, 10, 100, 1000, 10000])\n"
    assert gradient(text.format("[2, 2, 1, 3, 3]"), "x") == [111, 0, 0, 11000, 0]
    assert gradient(text.format("[0, 0, 0, 0, 0]"), "x") == [11111, 0, 0, 0, 0]
    assert gradient(text.format("[-1, 0, -2, 0, 1]"), "x") == [1, 1110, 0, 0, 10000]


def test_one_place_alone():
    for call in ("cumsum(x)", "cumprod(x)", "cummax(x)", "scan(x, 2 * x)", "flip(x)", "roll(x)"):
        found = session(f"input x: [1, 3]\ny = {call}\ngiven dL/dy\n")
        assert_close(found.backward.totals["x"], complex_step(found, "x"), 1e-13)


def test_a_selective_state_space():
    """The scan of Gu & Dao 2023: a decay and an input that depend on the sequence itself."""
    text = """
dim T = 6, D = 3
input X: [T, D]
param A: [1, D], Wd: [D, D], Wb: [D, D], C: [D, D]
delta = softplus(X @ Wd)
decay = exp(-delta * exp(A))
s = scan(decay, delta * (X @ Wb))
loss L = sum(square((s * (X @ C))))
"""
    found = session(text, seed=1)
    for name in ("X", "A", "Wd", "Wb", "C"):
        assert_close(found.backward.totals[name], complex_step(found, name), 1e-11)
