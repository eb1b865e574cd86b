"""Whole processes against `python -c "import numpy"`: medians of interleaved runs, and ratios.

    python benchmarks/startup.py [RUNS]

Only the ratios of one run mean something: absolute times swing with the machine's load.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
LSTM = str(ROOT / "examples" / "lstm.eq")
SCRIPT = Path(sys.executable).with_name("gradcli")
GRADCLI = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "gradcli"]
BASE = 'python -c "import numpy"'


def commands(broken: str) -> dict[str, tuple[list[str], float | None]]:
    """What is timed: the command, and the most that it should take relative to the base."""
    return {
        BASE: ([sys.executable, "-c", "import numpy"], None),
        "python -c pass": ([sys.executable, "-c", "pass"], None),
        "derive lstm.eq --json": ([*GRADCLI, "derive", LSTM, "--json"], 1.8),
        "derive lstm.eq (the table, piped)": ([*GRADCLI, "derive", LSTM], 2.2),
        "derive lstm.eq (the table, in a terminal)": ([*in_terminal(), "derive", LSTM], 2.2),
        "--help": ([*GRADCLI, "--help"], 0.9),
        "a syntax error": ([*GRADCLI, "derive", broken], 0.9),
    }


def in_terminal() -> list[str]:
    """A command prefix that gives gradcli a terminal to write to, at the same price as none."""
    code = (
        "import os, sys\n"
        "reader, writer = os.openpty()\n"
        "os.dup2(writer, 1)\n"
        "import threading\n"
        "threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(reader, 65536), b'')],"
        " daemon=True).start()\n"
        "sys.argv[0] = 'gradcli'\n"
        "from gradcli.cli import main\n"
        "main()\n"
    )
    return [sys.executable, "-c", code]


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "broken.eq"
        broken.write_text("input x: [3\ny = tanh(x\n", encoding="utf-8")
        timed = commands(str(broken))
        times: dict[str, list[float]] = {name: [] for name in timed}
        for run in range(runs + 1):
            for name, (command, _) in timed.items():
                start = time.perf_counter()
                ended = subprocess.run(
                    command,
                    check=False,
                    env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                if ended.returncode != (2 if "error" in name else 0):
                    raise SystemExit(f"{name} ended with {ended.returncode}")
                if run:  # the first round fills the caches
                    times[name].append(time.perf_counter() - start)
    base = statistics.median(times[BASE])
    print(f"medians of {runs} interleaved runs, Python {sys.version.split()[0]}\n")
    print(f"{'':<42} {'ms':>6} {'ratio':>6}   limit")
    for name, (_, limit) in timed.items():
        median = statistics.median(times[name])
        allowed = "" if limit is None else f"≤ {limit}"
        print(f"{name:<42} {median * 1000:>6.0f} {median / base:>6.2f}   {allowed}")


if __name__ == "__main__":
    main()
