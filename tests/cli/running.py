"""How the tests of the command run it: in this process, or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from gradcli.cli import app

COMMAND = [sys.executable, "-m", "gradcli"]


def gradcli(*arguments: str | Path, text: str | bytes | None = None) -> Result:
    """Run a command in this process; `text` is its standard input."""
    return CliRunner().invoke(app, [str(a) for a in arguments], input=text)


def process(
    *arguments: str | bytes | Path, text: bytes = b"", **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as a process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments], input=text, capture_output=True, check=False, **options
    )
