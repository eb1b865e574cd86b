"""Marks look quantities up among others."""

from __future__ import annotations

import numpy as np
from support import session

from gradcli.proof.fingerprint import Fingerprints
from gradcli.proof.verdict import PROVEN, REFUTED

MODEL = """
dim N = 3
input x: [N, 1], w: [N, 1]
e = exp(x)
p = e / sum(e)
q = softmax(x)
top = relu(w)
s = e * w
r = w * exp(x)
k = erf(x)
l = erf(2 * x)
given dL/dp, dL/dq, dL/dtop, dL/ds, dL/dr, dL/dk, dL/dl
"""


def marks(points: list[dict[str, list[float]]]) -> Fingerprints:
    found = session(MODEL)
    near = [{k: np.array(v, dtype=float).reshape(3, 1) for k, v in p.items()} for p in points]
    return Fingerprints(found.program.steps, near)


POSITIVE = {"x": [1, 2, 3], "w": [1, 2, 3]}
MIXED = {"x": [1, 2, 3], "w": [1, -2, 3]}


def test_equal_quantities_have_equal_marks() -> None:
    found = marks([POSITIVE])

    assert found.mark("p") == found.mark("q")
    assert found.mark("s") == found.mark("r")
    assert found.mark("p") != found.mark("s")
    assert found.equal("p", "q").verdict == PROVEN
    assert found.equal("p", "s").verdict == REFUTED


def test_a_branch_is_told_by_points_on_both_sides() -> None:
    assert marks([POSITIVE]).mark("top") == marks([POSITIVE]).mark("w")
    both = marks([POSITIVE, MIXED])
    assert both.mark("top") != both.mark("w")


def test_different_marks_tell_only_where_they_are_sure() -> None:
    found = marks([POSITIVE])
    k, other = found.mark("k"), found.mark("l")

    assert k is not None
    assert other is not None
    assert k != other
    assert not k.sure
    assert found.mark("p").sure  # type: ignore[union-attr]


def test_steps_are_added() -> None:
    found = marks([POSITIVE])
    more = session(MODEL.replace("l = erf(2 * x)", "l = erf(2 * x)\nm = exp(2 * x) / e"))
    assert "m" in more.program.shapes

    found.add([s for s in more.program.steps if s.name not in found.evaluations[0].values])

    assert found.mark("m") == found.mark("e")
