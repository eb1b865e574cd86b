"""Emitted NumPy modules against what one writes by hand: medians of interleaved runs, as ratios.

    OPENBLAS_NUM_THREADS=1 python benchmarks/emit.py

The recurrent network is compared with NumPy in which all that can is hoisted out of the loop, and
with its own forward pass; the LSTM cell with the listing, one operation a line (`--plain`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import gradcli

RNN = """
dim T = 3, X = 2, H = 4
input x[1..T]: [X], h_start: [H]
param U: [H, X], W: [H, H], b: [H]
h[0] = h_start
for t in 1..T:
    h[t] = tanh(U @ x[t] + W @ h[t-1] + b)
given dL/dh
"""
LSTM = Path(__file__).parents[1] / "examples" / "lstm.eq"


def main() -> None:
    module = load(gradcli.parse(RNN, "rnn.eq").emit().text)
    print("RNN, the whole gradient: ms, ratio to the hoisted one by hand, to its own forward pass")
    for steps, width, runs in ((100, 16, 30), (1000, 64, 7), (1000, 256, 5)):
        inputs, given = rnn_data(steps, width)
        gradient, by_hand, forward = medians(
            [
                partial(both, module, inputs, {"dh": given}),
                partial(hoisted, *inputs.values(), given),
                partial(module["forward"], **inputs),
            ],
            runs,
        )
        ratios = f"{gradient / by_hand:.2f}, {gradient / forward:.2f}"
        print(f"  T = {steps}, H = {width}: {gradient * 1e3:.2f}, {ratios}")
    model = gradcli.load(LSTM)
    fused, plain = (load(model.emit(plain=p).text) for p in (False, True))
    print("LSTM cell, both passes: µs, ratio to the listing")
    for width in (4, 16, 64, 256):
        inputs, given_both = lstm_data(width)
        mine, listing = medians(
            [partial(both, fused, inputs, given_both), partial(both, plain, inputs, given_both)],
            200 if width < 100 else 20,
        )
        print(f"  H = {width}: {mine * 1e6:.0f}, {mine / listing:.2f}")


def load(text: str) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(compile(text, "emitted.py", "exec"), scope)  # noqa: S102 -- it is what is measured
    return scope


def both(module: dict[str, Any], inputs: dict[str, Any], given: dict[str, Any]) -> Any:
    _, saved = module["forward"](**inputs)
    return module["backward"](saved, **given)


def medians(functions: Sequence[Callable[[], object]], runs: int) -> list[float]:
    """The median time of each, run in turn, in seconds."""
    times: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function()
    for _ in range(runs):
        for k, function in enumerate(functions):
            begin = time.perf_counter()
            function()
            times[k].append(time.perf_counter() - begin)
    return [median(some) for some in times]


def rnn_data(steps: int, width: int) -> tuple[dict[str, Any], Any]:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> Any:
        return rng.normal(size=shape) / np.sqrt(width)

    inputs = {"x": draw(steps, width, 1), "h_start": draw(width, 1)}
    weights = {"U": draw(width, width), "W": draw(width, width), "b": draw(width, 1)}
    return {**inputs, **weights}, draw(steps + 1, width, 1)


def lstm_data(width: int) -> tuple[dict[str, Any], dict[str, Any]]:
    rng = np.random.default_rng(0)
    columns = ("x", "h_prev", "C_prev", "b_f", "b_i", "b_c", "b_o")
    weights = ("fc", "fh", "fx", "ic", "ih", "ix", "ch", "cx", "oc", "oh", "ox")
    inputs = {name: rng.normal(size=(width, 1)) for name in columns}
    inputs |= {f"W_{name}": rng.normal(size=(width, width)) / 10 for name in weights}
    return inputs, {name: rng.normal(size=(width, 1)) for name in ("dh_t", "dC_t")}


def hoisted(x: Any, h_start: Any, u: Any, w: Any, b: Any, given: Any) -> Any:
    """The recurrent network's gradient by hand: only the recurrence is in the loops."""
    steps, width = len(x), len(h_start)
    before = x[:, :, 0] @ u.T + b[:, 0]
    h = np.empty((steps + 1, width))
    h[0] = h_start[:, 0]
    for t in range(steps):
        h[t + 1] = np.tanh(before[t] + w @ h[t])
    slope = 1 - h[1:] ** 2
    d = np.empty((steps, width))
    back, arriving = w.T, given[steps, :, 0]
    for t in range(steps - 1, -1, -1):
        d[t] = arriving * slope[t]
        arriving = back @ d[t] + given[t, :, 0]
    return d @ u, arriving, d.T @ x[:, :, 0], d.T @ h[:-1], d.sum(axis=0)


if __name__ == "__main__":
    main()
