"""A verdict follows from what is found, what is expected, and how well both are known."""

from __future__ import annotations

import numpy as np
import pytest

from gradcli.check.gradients.finite import Estimate
from gradcli.check.gradients.judge import REASONS, Evidence, judge


def estimate(value: float, bar: float) -> Estimate:
    return Estimate(np.array([value]), np.array([bar]), {})


def reason(found: float, rounding: float, **known: Estimate | None) -> str:
    evidence = {"exact": None, "finite": None, **known}
    judged = judge(Evidence(np.array([found]), np.array([rounding]), sides={}, scale=1, **evidence))
    return REASONS[int(judged.reason[0])]


@pytest.mark.parametrize("method", ["exact", "finite"])
def test_the_bar_has_the_rounding_of_what_is_found(method: str) -> None:
    assert reason(1 + 1e-6, 0, **{method: estimate(1, 2e-7)}) == "mismatch"
    assert reason(1 + 1e-6, 1e-6, **{method: estimate(1, 2e-7)}) == "rounding"
    assert reason(1 + 1e-6, 1e-6, **{method: estimate(1, 2e-6)}) == "rounding"
    assert reason(1 + 1e-9, 0, **{method: estimate(1, 1e-9)}) == "agrees"


def test_finite_differences_contradict_the_complex_step_only_beyond_both_bars() -> None:
    exact = estimate(1, 0)
    assert reason(1, 0, exact=exact, finite=estimate(1.1, 0.03)) == "agrees"
    assert reason(1, 0.03, exact=exact, finite=estimate(1.1, 0)) == "agrees"
    assert reason(1, 0, exact=exact, finite=estimate(1.1, 1e-3)) == "methods-disagree"
    assert reason(1.3, 0, exact=exact, finite=estimate(1.1, 1e-3)) == "mismatch"


def test_what_is_within_its_bar_and_next_to_nothing_is_zero() -> None:
    """As far as can be told: no more than twice its bar, and the bar nothing beside the rest."""
    assert reason(1.9e-12, 0, exact=estimate(1.1e-12, 1e-12)) == "zero"
    assert reason(2.5e-12, 0, exact=estimate(1.6e-12, 1e-12)) == "rounding"
    assert reason(1.9e-3, 0, exact=estimate(1.1e-3, 1e-3)) == "rounding"
    assert reason(0, 0, exact=estimate(0, 1e-12)) == "zero"


def test_where_nothing_is_known_nothing_is_zero() -> None:
    for found in (0.0, 1.0):
        assert reason(found, 0, exact=estimate(0, np.inf)) == "rounding"


def test_what_is_not_finite_is_wrong_only_where_the_derivative_is_known() -> None:
    assert reason(-np.inf, 0, exact=estimate(1, 1e-12)) == "mismatch"
    assert reason(-np.inf, 0, exact=estimate(1e-60, np.inf)) == "non-finite"
    assert reason(np.nan, 0, exact=estimate(1e-60, np.inf)) == "non-finite"


def test_a_step_that_underflows_is_no_sign_of_a_derivative_of_0() -> None:
    assert reason(1e-30, 1e-46, exact=estimate(0, 5e-29)) == "rounding"
    assert reason(1e-30, 1e-30, exact=estimate(0, 5e-29)) == "zero"
    assert reason(1.1e-30, 1e-46, exact=estimate(1e-30, 5e-29)) == "zero"
