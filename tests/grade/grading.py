"""What the tests of marks share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from gradcli.cli import app

ROOT = Path(__file__).parents[2]
MLP = ROOT / "examples" / "mlp.eq"
SLIP = "dL/dz2 = dL/dz3 * (z5 > 0).T"


def gradcli(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def key(model: Path = MLP, *options: str) -> str:
    return str(gradcli("derive", model, "--format", "grad", *options).stdout)
