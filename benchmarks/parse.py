"""Text to op list: reading and lowering a long model against `ast.parse` on the same lines.

    python benchmarks/parse.py [--lines 10000] [--runs 7]

Both run in one process, in turn, with the garbage collector off; medians of the processor's time,
which other processes disturb less, are compared.
The equations are the same text for both; the declarations, no Python, are for gradcli alone.
"""

from __future__ import annotations

import argparse
import ast
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

from gradcli.errors import Source
from gradcli.lower import lower
from gradcli.syntax import read

HEAD = """\
dim H = 4, X = 3, D = 8
input x: [X], h0: [H], c0: [H], u0: [D]
param W_f: [H, X], U_f: [H, H], b_f: [H], W_i: [H, X], U_i: [H, H], b_i: [H]
param W_o: [H, X], U_o: [H, H], b_o: [H], W_c: [H, X], U_c: [H, H], b_c: [H]
param W_1: [D, H], b_1: [D], W_2: [H, D], b_2: [H]
"""

CELLS = (
    # an LSTM cell
    """\
f{n} = sigmoid(W_f @ x + U_f @ h{m} + b_f)
i{n} = sigmoid(W_i @ x + U_i @ h{m} + b_i)
o{n} = sigmoid(W_o @ x + U_o @ h{m} + b_o)
c_new{n} = tanh(W_c @ x + U_c @ h{m} + b_c)
c{n} = f{n} * c{m} + i{n} * c_new{n}
h{n} = o{n} * tanh(c{n})
""",
    # a GRU cell
    """\
z_t{n} = sigmoid(W_f @ x + U_f @ h{m} + b_f)
r_t{n} = sigmoid(W_i @ x + U_i @ h{m} + b_i)
n_t{n} = tanh(W_c @ x + r_t{n} * (U_c @ h{m}) + b_c)
c{n} = c{m}
h{n} = (1 - z_t{n}) * n_t{n} + z_t{n} * h{m}
""",
    # a layer with a residual, normalised
    """\
a{n} = relu(W_1 @ h{m} + b_1)
p{n} = W_2 @ a{n} + b_2
mu{n} = mean(p{n})
var{n} = mean(square(p{n} - mu{n}))
q{n} = (p{n} - mu{n}) / sqrt(var{n} + 1e-5)
c{n} = c{m}
h{n} = h{m} + 0.5 * q{n}
""",
)


def equations(count: int) -> str:
    """About `count` lines: one cell after the other, each fed by the one before."""
    lines: list[str] = []
    n = 0
    while len(lines) < count:
        lines += CELLS[n % len(CELLS)].format(n=n + 1, m=n).splitlines()
        n += 1
    return "\n".join(lines) + "\n"


def timed(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description="Text to op list, against ast.parse.")
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()

    body = equations(options.lines)
    source = Source("model.eq", "\n" + HEAD + body + "\n")
    works: dict[str, Callable[[], Any]] = {
        "ast.parse": lambda: ast.parse(body),
        "read": lambda: read(source),
        "read and lower": lambda: lower(read(source)),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    gc.disable()
    for _ in range(options.runs):
        for name, work in works.items():
            times[name].append(timed(work))
            gc.collect()
    base = statistics.median(times["ast.parse"])
    steps = len(lower(read(source)).steps)
    print(f"{body.count(chr(10)):,} lines, {steps:,} operations, median of {options.runs} runs")
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:<16}{median * 1e3:9.1f} ms {median / base:8.2f} times ast.parse")


if __name__ == "__main__":
    main()
