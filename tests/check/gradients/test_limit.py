"""What quotients tend to as their steps shrink: growth is seen, and rounding is not taken for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gradcli.check.gradients.exact import ladder, limit
from gradcli.cli import app
from gradcli.ops.core import Array

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_what_rounding_leaves_of_a_0_has_a_limit() -> None:
    steps = ladder(np.ones(5000))
    noise = 1e-17 * np.random.default_rng(0).normal(size=steps.shape)
    value, _ = limit(steps, noise)
    assert np.isfinite(value).all()


@pytest.mark.parametrize(
    "growing", [lambda h: h**-0.5, lambda h: -np.log(h), lambda h: h**-0.1, lambda h: 1 / h]
)
def test_what_grows_without_bound_has_none(growing: Callable[[Array], Array]) -> None:
    steps = ladder(np.array([1.0, 1e-3, 1e3]))
    value, _ = limit(steps, growing(steps))
    assert np.isnan(value).all()


def test_a_steady_quotient_is_the_limit() -> None:
    steps = ladder(np.ones(3))
    value, bar = limit(steps, np.full(steps.shape, 2.5))
    assert (value == 2.5).all()
    assert (bar == 0).all()


def test_a_derivative_that_is_0_by_cancellation_is_checked() -> None:
    """The largest logit is subtracted and cancels: its derivative is 0 but for rounding."""
    path = EXAMPLES / "language" / "makemore.eq"
    found = CliRunner().invoke(app, ["check", str(path), "--steps"])
    assert found.exit_code == 0, found.output
