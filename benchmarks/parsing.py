"""Text to op list against Python's own parser, `ast.parse`, on the same 10,000 lines.

    python benchmarks/parsing.py [LINES]

Medians of interleaved runs in one process. The model has its declarations before those lines.
"""

from __future__ import annotations

import ast
import statistics
import sys
import time
from collections.abc import Callable

from gradcli.lower import lower
from gradcli.syntax import read, read_source

DECLARATIONS = "input x0: [4], w: [4], b: [4]\n"


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    lines = "".join(f"x{i + 1} = tanh(w * x{i} + b) - x{i} / 2\n" for i in range(count))
    model = (DECLARATIONS + lines).encode()
    stages: dict[str, Callable[[], object]] = {
        "ast.parse": lambda: ast.parse(lines),
        "text to syntax tree": lambda: read(read_source("model.eq", model)),
        "text to op list": lambda: lower(read(read_source("model.eq", model))),
    }
    times: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(5):
        for name, stage in stages.items():
            times[name].append(timed(stage))
    base = statistics.median(times["ast.parse"])
    print(f"{count:,} lines, Python {sys.version.split()[0]}\n")
    for name in stages:
        median = statistics.median(times[name])
        print(f"{name:<20} {median * 1000:>7.0f} ms  ratio {median / base:.2f}")
    print("\nlimit: text to op list ≤ 2.5")


if __name__ == "__main__":
    main()
