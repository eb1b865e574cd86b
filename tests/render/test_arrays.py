"""Values in one line, shortened in the middle as NumPy shortens them."""

from __future__ import annotations

import numpy as np
import pytest

from gradcli.render.arrays import as_text, norm
from gradcli.sizes import Sizes


def show(array: object, digits: int = 4, room: int | None = None) -> str:
    found = np.asarray(array, dtype=float)
    sizes = Sizes()
    return as_text(found, tuple(sizes.constant(n) for n in found.shape), digits, room)


@pytest.mark.parametrize(
    ("array", "text"),
    [
        ([[3.0]], "3"),
        ([[-0.0]], "0"),
        ([[1.0, 2.0, 3.0]], "[1 2 3]"),
        ([[1.0], [2.0], [3.0]], "[1 2 3]ᵀ"),
        ([[1.0, 2.0], [3.0, 4.0]], "[[1 2] [3 4]]"),
        ([[0.123456, 1e-9]], "[0.1235 1e-9]"),
        ([[np.nan, np.inf, -np.inf]], "[nan inf -inf]"),
        ([list(range(7))], "[0 1 2 … 4 5 6]"),
        ([[n] for n in range(7)], "[0 1 2 … 4 5 6]ᵀ"),
        (np.arange(8).reshape(2, 2, 2), "[[[0 1] [2 3]] [[4 5] [6 7]]]"),
    ],
)
def test_one_line(array: object, text: str) -> None:
    assert show(array) == text


@pytest.mark.parametrize("scale", [1.0, 1e300, 1e-300, 0.0])
def test_a_length_of_any_size(scale: float) -> None:
    assert norm(np.array([[3.0, 4.0]]) * scale) == pytest.approx(5 * scale, rel=1e-15, abs=0)
    assert norm(np.array([[1.7e308, 1.7e308]])) == np.inf
    assert norm(np.array([[scale, np.inf]])) == np.inf
    assert np.isnan(norm(np.array([[scale, np.nan]])))


def test_both_axes_are_shortened() -> None:
    text = show(np.arange(64).reshape(8, 8))
    assert text.startswith("[[0 1 2 … 5 6 7] [8 9 10 … 13 14 15] [16 ")
    assert text.count("…") == 7  # one a row of the six that are left, and one between them


@pytest.mark.parametrize("shape", [(1, 50), (50, 1), (5, 7), (3, 4, 5), (2, 2, 2, 2)])
def test_less_room_takes_fewer_entries_and_at_last_the_norm(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape)
    rooms = (200, 60, 40, 24, 8)
    texts = [show(array, room=room) for room in rooms]
    assert all(len(text) <= room for text, room in zip(texts, rooms, strict=True))
    whole = f"‖{np.linalg.norm(array):.4g}‖"
    assert texts[-1] == whole
    assert all(t == whole or t.lstrip("[").startswith(f"{array.flat[0]:.2g}"[:3]) for t in texts)
    assert len(texts[0]) > len(texts[-1])


def test_in_little_room_nothing_is_left_out_silently() -> None:
    zeros_around = np.array([[0.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 0.0]])
    assert show(zeros_around, room=9) == "‖12.25‖"
    assert show([[1.0, 2.0]], room=9) == "[1 2]"


@pytest.mark.parametrize(
    ("array", "text"),
    [
        ([[1.0, 1e-17, -2e-16, 0.0]], "[1 ≈0 ≈0 0]"),
        ([[1e20, 1.0]], "[1e20 ≈0]"),
        ([[1.0, 1e-13]], "[1 1e-13]"),  # more than rounding leaves
        ([[1e-17, 2e-17]], "[1e-17 2e-17]"),  # beside nothing larger
        ([[np.inf, 1e-17]], "[inf 1e-17]"),
        ([[np.nan, 1e-17, 1.0]], "[nan 1e-17 1]"),
        ([[1e-17]], "1e-17"),
    ],
)
def test_what_rounding_leaves_beside_larger_entries(array: object, text: str) -> None:
    assert show(array) == text


def test_a_large_array_is_not_copied_whole() -> None:
    assert show(np.broadcast_to(np.ones((1, 1)), (10**6, 10**6))).startswith("[[1 1 1 … 1 1 1] ")
