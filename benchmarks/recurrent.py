"""A recurrent network over 1,000 and 10,000 steps: seconds, their ratio, and the peak memory.

    python benchmarks/recurrent.py [HIDDEN]

Each is a whole process, `gradcli derive rnn.eq --dim T=… --json -o FILE`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

MODEL = """\
dim T, H, X = 3
input x[1..T]: [X], h_start: [H]
const y[1..T]: [H]
param W_x: [H, X], W_h: [H, H], b: [H]
h[0] = h_start
for t in 1..T:
    h[t] = tanh(W_x @ x[t] + W_h @ h[t-1] + b)
loss L = sum(sum(square(h[t] - y[t])) for t in 1..T)
"""


def measure(arguments: list[str]) -> tuple[float, float]:
    """Seconds and peak mebibytes of a gradcli process."""
    command = [sys.executable, "-m", "gradcli", *arguments]
    start = time.perf_counter()
    process = os.spawnv(os.P_NOWAIT, command[0], command)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(arguments)} failed")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return seconds, usage.ru_maxrss / unit


def main() -> None:
    hidden = sys.argv[1] if len(sys.argv) > 1 else "8"
    with tempfile.TemporaryDirectory() as folder:
        model, output = Path(folder) / "rnn.eq", Path(folder) / "rnn.json"
        model.write_text(MODEL, encoding="utf-8")
        found = {}
        print(f"H = {hidden}, --json -o FILE, Python {sys.version.split()[0]}\n")
        print(f"{'T':>6} {'seconds':>8} {'peak MiB':>9} {'output MiB':>11}")
        for steps in (10, 1_000, 10_000):
            shared = ["--dim", f"T={steps}", "--dim", f"H={hidden}"]
            found[steps] = measure(["derive", str(model), *shared, "--json", "-o", str(output)])
            seconds, memory = found[steps]
            size = output.stat().st_size / 2**20
            print(f"{steps:>6} {seconds:>8.2f} {memory:>9.0f} {size:>11.1f}")
    ratio = found[10_000][0] / found[1_000][0]
    print(f"\n10,000 steps take {ratio:.1f} times as long as 1,000 (limit 11; 30 s; 1,536 MiB)")


if __name__ == "__main__":
    main()
