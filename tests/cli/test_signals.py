"""Interrupted and terminated: at once, silently, with nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running import COMMAND

import gradcli

# Writes half a file, says so, and waits.
HALF = """
import sys, time
from gradcli.ending import silent_interrupt
silent_interrupt()
from gradcli.cli.destination import opened
with opened("out.json") as file:
    file.write("half")
    print("ready", flush=True)
    time.sleep(60)
"""


def started(command: list[str], folder: Path, **options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=folder,
        env={**os.environ, **options},
    )


def ended(process: subprocess.Popen[str], by: int) -> tuple[int, str, str]:
    process.send_signal(by)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("by", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)],
)
def test_nothing_half_written_is_left(by: int, code: int, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("before")
    process = started([sys.executable, "-c", HALF], tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert len(list(tmp_path.iterdir())) == 2
    assert ended(process, by) == (code, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    assert out.read_text() == "before"


def test_an_interrupt_while_the_command_loads(tmp_path: Path) -> None:
    """It meets a library of which the import takes long."""
    library = "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"
    (tmp_path / "typer.py").write_text(library)
    process = started([*COMMAND, "--version"], tmp_path, PYTHONPATH=str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert ended(process, signal.SIGINT) == (130, "", "")


def test_an_interrupt_while_a_model_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.eq")
    process = started([*COMMAND, "check", "model.eq"], tmp_path)
    with (tmp_path / "model.eq").open("w"):  # it opens once the command does
        assert ended(process, signal.SIGINT) == (130, "", "")


def test_an_interrupt_that_is_ignored_stays_so(tmp_path: Path) -> None:
    """What a shell starts in the background ignores interrupts."""
    os.mkfifo(tmp_path / "model.eq")
    command = f"trap '' INT; exec {' '.join(COMMAND)} derive model.eq -f grad"
    process = started(["sh", "-c", command], tmp_path)
    with (tmp_path / "model.eq").open("w") as model:
        process.send_signal(signal.SIGINT)
        model.write("input x\nloss L = x^2\n")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "dL/dx" in out


def test_next_to_nothing_is_loaded_before_interrupts_are_silent() -> None:
    """What the package itself imports comes before its first line."""
    script = "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules)\n"
    script += "import gradcli; print(*sorted(set(sys.modules) - before))"
    root = str(Path(gradcli.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, root], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {"__future__", "gradcli"}
