"""The gradients of every example against HIPS autograd, on the same model written by hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle_models import MODELS, Values
from oracle_runs import EXAMPLES, PATHS, derive, values
from typer.testing import CliRunner
from valid import valid

from gradcli.cli import app

autograd = pytest.importorskip("autograd")

TOLERANCE = 1e-9  # relative to the largest entry of a gradient
LEAST = 1e-6  # the largest entry of one that is 0 but for rounding: that of a bias before a norm


@pytest.fixture(params=sorted(MODELS))
def name(request: pytest.FixtureRequest) -> str:
    """Go through the examples, each its own test."""
    return str(request.param)


@pytest.fixture(params=[0, 1], ids=["draw0", "draw1"])
def draw(request: pytest.FixtureRequest) -> int:
    """Go through several draws of all values."""
    return int(request.param)


def test_every_example_has_an_oracle() -> None:
    assert set(PATHS) == set(MODELS)
    assert len(PATHS) == len(list(EXAMPLES.rglob("*.eq"))), "two examples have one name"


def test_an_oracle_is_finite_and_sees_every_quantity(name: str, draw: int) -> None:
    _, expected = oracle(name, draw)
    for quantity, gradient in expected.items():
        assert np.all(np.isfinite(gradient)), quantity
        assert np.any(gradient != 0), quantity


def test_gradients_agree(name: str, draw: int, tmp_path: Path) -> None:
    objective, expected = oracle(name, draw)

    document = derive(name, draw, tmp_path, layout="denominator")

    assert set(document["gradients"]) == set(expected)
    for quantity, gradient in expected.items():
        assert_close(document["gradients"][quantity], gradient, quantity)
    if loss := MODELS[name].loss:
        assert_close(document["outputs"][loss], objective, loss)


@pytest.mark.parametrize("name", sorted(k for k, path in PATHS.items() if path.parent != EXAMPLES))
def test_it_passes_the_check(name: str) -> None:
    """Those in folders; the others are checked in several ways elsewhere."""
    found = CliRunner().invoke(app, ["check", str(PATHS[name]), "--json"])
    assert found.exit_code == 0
    valid("check", json.loads(found.stdout, parse_constant=pytest.fail))


def test_the_numerator_layout_is_the_transpose(name: str, tmp_path: Path) -> None:
    _, expected = oracle(name, 0)

    document = derive(name, 0, tmp_path, layout="numerator")

    for quantity, gradient in expected.items():
        assert_close(document["gradients"][quantity], gradient.T, quantity)


@cache
def oracle(name: str, draw: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Compute the objective and its gradients with autograd."""
    wanted, known = values(name, draw)

    def objective(arguments: Values) -> Any:
        return MODELS[name].objective({**arguments, **known})

    gradients = autograd.grad(objective)(wanted)
    return np.asarray(objective(wanted)), {key: np.asarray(g) for key, g in gradients.items()}


def assert_close(actual: dict[str, Any], expected: np.ndarray, what: str) -> None:
    """Compare shape and value; the JSON's scalar is a number."""
    value = np.array(actual["value"])
    assert value.shape == expected.shape, what
    scale = max(float(np.max(np.abs(expected))), LEAST)
    np.testing.assert_allclose(
        value / scale, expected / scale, rtol=0, atol=TOLERANCE, err_msg=what
    )
