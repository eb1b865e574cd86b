"""What a program is rewritten as is proven to be worth the same."""

from __future__ import annotations

import numpy as np
import pytest
from support import session

from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.proof import evaluation
from gradcli.proof.equality import prove_equal
from gradcli.proof.evaluation import TOO_LARGE
from gradcli.proof.verdict import PROVEN, REFUTED, UNDECIDED

ONE = """
dim N = 3, M = 2
input x: [N, 1], w: [N, 1], A: [N, M]
e = exp(x)
p = e / sum(e)
r = relu(w)
m = A * 2
given dL/dp, dL/dr, dL/dm
"""
OTHER = """
dim N = 3, M = 2
input x: [N, 1], w: [N, 1], A: [N, M]
e = exp(x)
p = softmax(x)
q = softmax(2 * x)
r = w
m = sum(A + A, axis=1)
given dL/dp, dL/dq, dL/dr, dL/dm
"""


def both() -> tuple[Program, Program, dict[str, Array]]:
    one, other = session(ONE), session(OTHER)
    near = {"x": [1, 2, 3], "w": [1, 2, 3], "A": [1, 2, 3, 4, 5, 6]}
    shapes = {"x": (3, 1), "w": (3, 1), "A": (3, 2)}
    point = {name: np.array(v, dtype=float).reshape(shapes[name]) for name, v in near.items()}
    return one.program, other.program, point


def test_what_is_worth_the_same_is_proven() -> None:
    one, other, point = both()

    found = prove_equal(one, other, {"p": "p", "e": "e", "r": "r"}, [point])

    assert {proof.verdict for proof in found.values()} == {PROVEN}


def test_what_is_not_is_refuted() -> None:
    one, other, point = both()

    found = prove_equal(one, other, {"p": "q"}, [point])

    assert found["p"].verdict == REFUTED


def test_a_point_on_the_other_side_of_a_kink_tells() -> None:
    one, other, point = both()

    found = prove_equal(one, other, {"r": "r"}, [point, point | {"w": -point["w"]}])

    assert found["r"].verdict == REFUTED


def test_shapes_are_not_stretched() -> None:
    one, other, point = both()

    found = prove_equal(one, other, {"m": "m"}, [point])

    assert (found["m"].verdict, found["m"].reason) == (UNDECIDED, "their shapes differ")


def test_a_program_is_compared_with_itself() -> None:
    one, _, point = both()

    found = prove_equal(one, one, {"p": "p", "e": "p"}, [point])

    assert [proof.verdict for proof in found.values()] == [PROVEN, REFUTED]


def test_what_is_too_large_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other, point = both()
    monkeypatch.setattr(evaluation, "WORK", 10)

    found = prove_equal(one, other, {"p": "p"}, [point])

    assert (found["p"].verdict, found["p"].reason) == (UNDECIDED, TOO_LARGE)
