"""The gradients of every example against HIPS autograd, on the same model written by hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle_models import MODELS, Values
from typer.testing import CliRunner

from gradcli.cli import app

autograd = pytest.importorskip("autograd")

EXAMPLES = Path(__file__).parents[2] / "examples"
TOLERANCE = 1e-9  # relative to the largest entry of a gradient


@pytest.fixture(params=sorted(MODELS))
def name(request: pytest.FixtureRequest) -> str:
    """Go through the examples, each its own test."""
    return str(request.param)


@pytest.fixture(params=[0, 1], ids=["draw0", "draw1"])
def draw(request: pytest.FixtureRequest) -> int:
    """Go through several draws of all values."""
    return int(request.param)


def test_every_example_has_an_oracle() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.eq")} == set(MODELS)


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


def test_the_numerator_layout_is_the_transpose(name: str, tmp_path: Path) -> None:
    _, expected = oracle(name, 0)

    document = derive(name, 0, tmp_path, layout="numerator")

    for quantity, gradient in expected.items():
        assert_close(document["gradients"][quantity], gradient.T, quantity)


# ── the two sides ────────────────────────────────────────────────────────────────────


def values(name: str, draw: int) -> tuple[Values, Values]:
    """Draw what is wanted and what is known, the same on every call."""
    model = MODELS[name]
    rng = np.random.default_rng([draw, *name.encode()])
    wanted = {key: np.asarray(make(rng)) for key, make in model.wanted.items()}
    return wanted, {key: np.asarray(make(rng)) for key, make in model.known.items()}


@cache
def oracle(name: str, draw: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Compute the objective and its gradients with autograd."""
    wanted, known = values(name, draw)

    def objective(arguments: Values) -> Any:
        return MODELS[name].objective({**arguments, **known})

    gradients = autograd.grad(objective)(wanted)
    return np.asarray(objective(wanted)), {key: np.asarray(g) for key, g in gradients.items()}


def derive(name: str, draw: int, folder: Path, *, layout: str) -> dict[str, Any]:
    """Let the tool derive the example at the oracle's values."""
    wanted, known = values(name, draw)
    bound = {k: v for k, v in {**wanted, **known}.items() if k not in MODELS[name].unbound}
    data = folder / "data.json"
    data.write_text(json.dumps({k: as_data(v) for k, v in bound.items()}), encoding="utf-8")
    arguments = ["derive", str(EXAMPLES / f"{name}.eq"), "--data", str(data)]
    result = CliRunner().invoke(app, [*arguments, "--json", "--layout", layout])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def as_data(value: np.ndarray) -> Any:
    """Spell a value as `--data` takes it: a column as a flat list."""
    return (value[:, 0] if value.ndim == 2 and value.shape[1] == 1 else value).tolist()


def assert_close(actual: dict[str, Any], expected: np.ndarray, what: str) -> None:
    """Compare shape and value; the JSON's scalar is a number."""
    value = np.array(actual["value"])
    assert value.shape == expected.shape, what
    scale = max(float(np.max(np.abs(expected))), np.finfo(float).tiny)
    np.testing.assert_allclose(
        value / scale, expected / scale, rtol=0, atol=TOLERANCE, err_msg=what
    )
