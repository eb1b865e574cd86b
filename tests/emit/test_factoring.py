"""Factors that stand behind a sum or before a product: fewer entries are multiplied."""

from __future__ import annotations

import pytest
from emitting import case, run

NORM = """
dim N = 5, D = 4
input x: [N, D]
param gain: [1, D], bias: [1, D]
centred = x - mean(x, axis=1)
y = centred / sqrt(mean(centred * centred, axis=1) + 1e-5) * gain + bias
given dL/dy
"""

ATTENTION = """
dim N = 64, D = 4
input q: [N, D], k: [N, D], v: [N, D]
y = softmax(q @ k.T / sqrt(D), axis=1) @ v
given dL/dy
"""

SUMS = {
    "a row's own factor": "y = sum(x * r * x / square(r), axis=1)",
    "one of the other axis": "y = sum(x * c * x, axis=1)",
    "all at once": "y = sum(-(x * s) / 3)",
    "a mean": "y = mean(-x * r, axis=1) * mean(x / s)",
    "three axes": "y = sum(X * s * t, axis=(1, 2))",
    "three axes and all": "y = sum(X * s * t * X)",
    "signs inside": "y = sum(tanh(-(-x * r) * x), axis=1)",
    "needed elsewhere": "z = x * r\ny = sum(z, axis=1) + sum(z * z, axis=1)",
    "the same twice": "z = x * r\ny = z + z + x + x",
    "what a row stretches": "y = sum(c * r, axis=1)",
    "in a loop": "h[0] = x\nfor i in 1..3:\n    h[i] = tanh(x * r * sum(h[i-1] * r, axis=1))\ny = h[3]",
}


@pytest.mark.parametrize("name", SUMS)
def test_it_computes_what_the_evaluator_does(name: str) -> None:
    text = (
        "dim N = 3, D = 4, K = 2\ninput x: [N, D], X: [N, D, K], t: [N, 1, 1]\n"
        f"param r: [N, 1] ~ uniform(1, 2), c: [1, D], s = 1.5\n{SUMS[name]}\ngiven dL/dy\n"
    )
    run(case(text))


def test_what_is_the_same_along_a_row_multiplies_its_sum() -> None:
    made = case(NORM)
    backward = made.text.partition("def backward")[2]
    assert "(g2 * centred).sum(axis=-1" in backward
    assert "-dcentred.sum(axis=-1" in backward
    assert backward.count("* centred") == 2  # one of them is summed, and none is there twice
    run(made)


@pytest.mark.parametrize("n", [64, 5])
def test_a_product_s_factor_goes_where_fewer_entries_are(n: int) -> None:
    """To the operand of a product that has far more entries than it, at the model's sizes."""
    made = case(ATTENTION.replace("N = 64", f"N = {n}"))
    forward = made.text.partition("def backward")[0]
    assert ("q / math.sqrt(D)" in forward) is (n == 64)
    run(made)


def test_what_is_multiplied_by_a_number_is_not_saved_for_pytorch() -> None:
    made = case(ATTENTION, to="torch")
    saved = made.text.partition(" = saved")[0].rsplit("\n", 1)[1]
    assert set(saved.strip().split(", ")) == {"q", "k", "v", "z4"}
