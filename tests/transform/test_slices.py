"""A slice reaches its region alone: `=` on what is new, `+=` on what was reached before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_close, backward, complex_step, session

X = "input X: [6, 4]\n"


def targets(text: str, **options: Any) -> list[str]:
    """The steps that reach X: region and assign."""
    found = session(text, **options).derivation
    return [f"{found.target(row)} {row.assign}" for row in found.rows if row.target == "X"]


def test_the_target_is_the_region_in_the_layout_shown() -> None:
    text = X + "y = X[:, 2:4]\ngiven dL/dy"
    assert backward(text, layout="denominator") == ["dL/dX[:, 2:4] = dL/dy"]
    assert backward(text, layout="numerator") == ["dL/dX[2:4, :] = dL/dy"]


def test_a_region_of_rows_and_columns() -> None:
    text = X + "y = X[1:3, 2:4]\ngiven dL/dy"
    assert targets(text, layout="denominator") == ["X[1:3, 2:4] ="]
    assert targets(text, layout="numerator") == ["X[2:4, 1:3] ="]


def test_negative_indices_are_counted_from_the_front() -> None:
    assert targets(X + "y = X[-2:, -1]\ngiven dL/dy", layout="denominator") == ["X[4:6, 3] ="]


def test_the_whole_is_no_region() -> None:
    assert targets(X + "y = X[:, :]\ngiven dL/dy") == ["X ="]
    assert targets(X + "y = X[0:6]\ngiven dL/dy") == ["X ="]


def test_disjoint_slices_are_set_each() -> None:
    text = X + "a = X[0:2, :]\nb = X[2:6, :]\nloss L = sum(a) + sum(b)"
    assert targets(text, layout="denominator") == ["X[2:6, :] =", "X[0:2, :] ="]


def test_an_overlap_is_two_steps() -> None:
    text = X + "a = X[0:3, :]\nb = X[1:4, :]\nloss L = sum(a * a) + sum(b)"
    assert targets(text, layout="denominator") == ["X[1:4, :] =", "X[1:3, :] +=", "X[0, :] ="]
    assert targets(text, layout="numerator") == ["X[:, 1:4] =", "X[:, 1:3] +=", "X[:, 0] ="]


def test_the_same_slice_again_is_added() -> None:
    text = X + "a = X[0:3, :]\nb = X[0:3, :]\nloss L = sum(a) + sum(b * b)"
    assert targets(text, layout="denominator") == ["X[0:3, :] =", "X[0:3, :] +="]


def test_what_is_left_after_a_slice_was_reached_twice_is_new() -> None:
    text = X + "c = X[3:6, :]\na = X[0:3, :]\nb = X[0:3, :]\nloss L = sum(a) + sum(b) + sum(c)"
    assert targets(text, layout="denominator") == ["X[0:3, :] =", "X[0:3, :] +=", "X[3:6, :] ="]


def test_a_slice_inside_what_was_reached_is_added() -> None:
    text = X + "a = X[1:2, :]\nb = X[0:3, :]\nloss L = sum(a) + sum(b * b)"
    assert targets(text, layout="denominator") == ["X[0:3, :] =", "X[1:2, :] +="]


def test_the_whole_after_a_part() -> None:
    text = X + "a = X * X\nb = X[0:3, :]\nloss L = sum(a) + sum(b * b)"
    assert targets(text, layout="denominator") == [
        "X[0:3, :] =",
        "X[0:3, :] +=",
        "X[3:6, :] =",
        "X +=",
    ]


def test_a_part_after_the_whole_is_added() -> None:
    text = X + "b = X[0:3, :]\na = X * 2\nloss L = sum(a) + sum(b * b)"
    assert targets(text, layout="denominator") == ["X =", "X[0:3, :] +="]


def test_a_whole_that_was_reached_in_parts_is_added_to() -> None:
    text = X + "c = X * 2\na = X[0:3, :]\nb = X[3:6, :]\nloss L = sum(a) + sum(b * b) + sum(c)"
    assert targets(text, layout="denominator") == ["X[3:6, :] =", "X[0:3, :] =", "X +="]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2:5, 1:3", "0:4, 0:2"),  # corners overlap: what is new is L-shaped
        ("1:4, 1:3", "0:6, 0:4"),  # a frame around what was reached
        ("0:6, 1:3", "2:4, 0:4"),  # a cross
        ("0:2, 0:2", "4:6, 2:4"),  # apart
        ("0:2, 0:2", "2:4, 0:2"),  # side by side
        ("3, 2", "3, 2"),  # one entry twice
        ("3, :", ":, 2"),  # a row and a column
        ("5, 3", "-1, -1"),  # the same entry, counted from both ends
    ],
)
@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_regions_in_two_dimensions(first: str, second: str, layout: str) -> None:
    text = X + f"a = X[{second}]\nb = X[{first}]\nloss L = sum(exp(a)) + sum(sin(b))"
    found = session(text, layout=layout)
    reached = np.zeros((6, 4), dtype=bool)
    for row in found.derivation.rows:
        if row.target != "X":
            continue
        assert row.region is not None
        region = tuple(part.slice() for part in row.region)
        assert reached[region].all() if row.assign == "+=" else not reached[region].any()
        reached[region] = True
    assert_close(found.backward.totals["X"], complex_step(found, "X"), 1e-13)
    assert not found.backward.totals["X"][~reached].any()


def test_what_no_step_reaches_is_0() -> None:
    found = session(X + "y = X[1, 2]\nloss y")
    expected = np.zeros((6, 4))
    expected[1, 2] = 1
    np.testing.assert_array_equal(found.backward.totals["X"], expected)


def test_always_adds_each_region_whole() -> None:
    text = X + "a = X[0:3, :]\nb = X[1:4, :]\nloss L = sum(a * a) + sum(b)"
    assert targets(text, layout="denominator", accumulate="always") == [
        "X[1:4, :] +=",
        "X[0:3, :] +=",
    ]
    one, two = (session(text, accumulate=a).backward.totals["X"] for a in ("auto", "always"))
    np.testing.assert_allclose(one, two)


def test_a_slice_of_a_slice() -> None:
    found = session(X + "a = X[1:5, :]\nb = a[1:3, 0:2]\nloss L = sum(b * b) + sum(a[0, :])")
    assert_close(found.backward.totals["X"], complex_step(found, "X"), 1e-13)


def test_a_slice_of_what_is_given_is_added() -> None:
    text = X + "Y = X * 2\nb = Y[1:3, :]\nloss L = sum(b * b)\ngiven dL/dY"
    found = session(text)
    assert "dL/dY[:, 1:3] += dL/db" in backward(text)
    assert_close(found.backward.totals["X"], complex_step(found, "X"), 1e-13)


@pytest.mark.parametrize(
    "index", ["1, 0:2, :", ":, 1", ":, :, 3", "0:2, 1, 1:3", "1, 1, 2", "1, 2"]
)
@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_rank_3(index: str, layout: str) -> None:
    text = f"input X: [2, 3, 4]\na = X[{index}]\nb = X[0:2, 1:3, 1:3]\nc = X[1:2, 0:2, :]\n"
    found = session(text + "loss L = sum(exp(a)) + sum(sin(b)) + sum(c * c)", layout=layout)
    assert_close(found.backward.totals["X"], complex_step(found, "X"), 1e-13)


def test_the_scanning_mlp() -> None:
    """The recitation's: at every step but the first, `+=` on the overlap, `=` on what is new."""
    text = """
dim T = 5, N = 3
input X: [T, 1]
param W: [1, N]
for t in 0..T-N:
    O[t] = W @ X[t : t+N, :]
given dL/dO
"""
    assert targets(text) == [
        "X[:, 2:5] =",
        "X[:, 2:4] +=",
        "X[:, 1] =",
        "X[:, 1:3] +=",
        "X[:, 0] =",
    ]


STEPPED = """
dim N = 7, M = 5
input X: [N, M]
a = X[::2, 1::2]
b = X[6::-3] + X[1:4]
loss L = sum(square(a)) + sum(b * b * b) + sum(X[::-1, ::-2])
"""


def test_a_slice_with_steps_takes_what_numpy_takes() -> None:
    found = session(STEPPED)
    x = found.values["X"]
    np.testing.assert_array_equal(found.values["a"], x[::2, 1::2])
    np.testing.assert_array_equal(found.values["b"], x[6::-3] + x[1:4])


def test_steps_reach_their_entries_alone() -> None:
    found = session(STEPPED)
    assert_close(found.backward.totals["X"], complex_step(found, "X"), 1e-12)


def test_a_region_has_its_steps() -> None:
    text = "dim N = 7\ninput x: [N]\ny = x[::2]\nz = x[1:6:2]\ngiven dL/dy, dL/dz"
    assert backward(text) == ["dL/dx[:, 1::2] = dL/dz", "dL/dx[:, ::2] = dL/dy"]


def test_what_steps_meet_is_split() -> None:
    text = "input X: [6, 4]\ny = X[::2]\nz = X[::3]\ngiven dL/dy, dL/dz"
    assert targets(text, layout="denominator") == ["X[::3, :] =", "X[0, :] +=", "X[2::2, :] ="]


def test_sizes_of_steps_are_symbols() -> None:
    text = "dim N = 6\ninput x: [N]\ny = x[::2] + x[1::2]\ngiven dL/dy"
    assert session(text).program.shapes["y"][0].text == "N/2"


def test_steps_move_in_a_loop() -> None:
    text = """
dim T = 3
input x: [9]
for t in 1..T:
    y[t] = x[t : t + 5 : 2]
loss L = sum(square(y[t]) for t in 1..T)
"""
    found = session(text)
    assert_close(found.backward.totals["x"], complex_step(found, "x"), 1e-12)
    assert found.values["y[2]"].ravel().tolist() == found.values["x"][2:7:2].ravel().tolist()
