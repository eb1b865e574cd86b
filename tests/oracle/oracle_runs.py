"""Both sides of a comparison: the values of a model, and the tool's derivation at those values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import oracle_learning  # noqa: F401 -- it enters its models
import oracle_modern  # noqa: F401
from oracle_models import MODELS, Values
from typer.testing import CliRunner

from gradcli.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples"
PATHS = {path.stem: path for path in EXAMPLES.rglob("*.eq")}


def values(name: str, draw: int) -> tuple[Values, Values]:
    """Draw what is wanted and what is known, the same on every call."""
    model = MODELS[name]
    rng = np.random.default_rng([draw, *name.encode()])
    wanted = {key: np.asarray(make(rng)) for key, make in model.wanted.items()}
    return wanted, {key: np.asarray(make(rng)) for key, make in model.known.items()}


def derive(name: str, draw: int, folder: Path, *, layout: str) -> dict[str, Any]:
    """Let the tool derive the example at the oracle's values."""
    wanted, known = values(name, draw)
    data = folder / "data.json"
    bound = {key: as_data(value) for key, value in {**wanted, **known}.items()}
    data.write_text(json.dumps(bound), encoding="utf-8")
    arguments = ["derive", str(PATHS[name]), "--data", str(data)]
    result = CliRunner().invoke(app, [*arguments, "--json", "--layout", layout])
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def as_data(value: np.ndarray) -> Any:
    """Spell a value as `--data` takes it: a column as a flat list."""
    return (value[:, 0] if value.ndim == 2 and value.shape[1] == 1 else value).tolist()
