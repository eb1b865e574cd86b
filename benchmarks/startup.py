"""Whole processes against `python -c "import numpy"`: medians of interleaved runs, and ratios.

    python benchmarks/startup.py [RUNS]

Only the ratios of one run mean something: absolute times swing with the machine's load.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LSTM = str(ROOT / "examples" / "lstm.eq")
SCRIPT = Path(sys.executable).with_name("gradcli")
GRADCLI = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "gradcli"]


class Timed(NamedTuple):
    """A command, the most that it should take relative to the first, and how it should end."""

    name: str
    command: list[str]
    limit: float | None = None
    code: int = 0
    terminal: bool = False  # whether it writes to a terminal


def commands(broken: str) -> list[Timed]:
    derive = [*GRADCLI, "derive", LSTM]
    return [
        Timed('python -c "import numpy"', [sys.executable, "-c", "import numpy"]),
        Timed("python -c pass", [sys.executable, "-c", "pass"]),
        Timed("derive lstm.eq --json", [*derive, "--json"], 1.8),
        Timed("derive lstm.eq, piped", derive, 2.2),
        Timed("derive lstm.eq, in a terminal", derive, 2.2, terminal=True),
        Timed("--help", [*GRADCLI, "--help"], 0.9),
        Timed("a syntax error", [*GRADCLI, "derive", broken], 0.9, code=2),
    ]


def seconds(timed: Timed) -> float:
    """How long a command takes."""
    reader, writer = os.openpty() if timed.terminal else os.pipe()
    drain = threading.Thread(target=_drain, args=(reader,))
    drain.start()
    start = time.perf_counter()
    ended = subprocess.run(
        timed.command,
        check=False,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.DEVNULL,
    )
    elapsed = time.perf_counter() - start
    os.close(writer)
    drain.join()
    if ended.returncode != timed.code:
        raise SystemExit(f"{timed.name} ended with {ended.returncode}")
    return elapsed


def _drain(reader: int) -> None:
    with contextlib.suppress(OSError):  # a terminal that closes is an error to its reader
        while os.read(reader, 65536):
            pass
    os.close(reader)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "broken.eq"
        broken.write_text("input x: [3\ny = tanh(x\n", encoding="utf-8")
        all_timed = commands(str(broken))
        for timed in all_timed:
            seconds(timed)  # the first run fills the caches
        rounds = [[seconds(timed) for timed in all_timed] for _ in range(runs)]
    medians = [statistics.median(times) for times in zip(*rounds, strict=True)]
    print(f"medians of {runs} interleaved runs, Python {sys.version.split()[0]}\n")
    print(f"{'':<30} {'ms':>6} {'ratio':>6}   limit")
    for timed, median in zip(all_timed, medians, strict=True):
        limit = "" if timed.limit is None else f"≤ {timed.limit}"
        ratio = median / medians[0]
        print(f"{timed.name:<30} {median * 1000:>6.0f} {ratio:>6.2f}   {limit}".rstrip())


if __name__ == "__main__":
    main()
