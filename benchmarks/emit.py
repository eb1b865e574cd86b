"""Emitted NumPy modules against what one writes by hand: medians of interleaved runs, as ratios.

    OPENBLAS_NUM_THREADS=1 python benchmarks/emit.py

The recurrent network is compared with NumPy in which all that can is hoisted out of the loop, and
with its own forward pass; the LSTM cell with the listing as one types it, where each derivative
begins as zeros and each line adds to it, and so is the cell that is fused by hand. Packed weights
are laid side by side before, once.
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
    fused = load(gradcli.load(LSTM).emit().text)
    print("LSTM cell, both passes: µs and ratios to the listing, as it is and over packed weights")
    for width in (4, 16, 64, 256):
        inputs, given_both = lstm_data(width)
        states = {name: inputs[name] for name in ("x", "h_prev", "C_prev")}
        packs = {"packed": fused["pack"](**{k: v for k, v in inputs.items() if k not in states})}
        before = packed(inputs)
        listing, *others = medians(
            [
                partial(naive, inputs, given_both),
                partial(both, fused, inputs, given_both),
                partial(by_hand_cell, inputs, given_both),
                partial(both, fused, {**states, **packs}, given_both),
                partial(by_hand_cell, inputs, given_both, before),
            ],
            1000 if width < 100 else 60,
        )
        mine, hand, mine_packed, hand_packed = (other / listing for other in others)
        print(
            f"  H = {width}: {others[0] * 1e6:.0f}, {mine:.3f} ({hand:.3f} by hand); packed "
            f"{others[2] * 1e6:.0f}, {mine_packed:.3f} ({hand_packed:.3f} by hand): "
            f"{mine_packed / hand_packed:.2f} of it"
        )


def load(text: str) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(compile(text, "emitted.py", "exec"), scope)  # noqa: S102 -- it is what is measured
    return scope


def both(module: dict[str, Any], inputs: dict[str, Any], given: dict[str, Any]) -> Any:
    _, saved = module["forward"](**inputs)
    return module["backward"](saved, **given)


def medians(functions: Sequence[Callable[[], object]], runs: int) -> list[float]:
    """The median time of each on the processor, run in turn, in seconds."""
    times: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function()
    for _ in range(runs):
        for k, function in enumerate(functions):
            begin = time.process_time()
            function()
            times[k].append(time.process_time() - begin)
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


GATES = (("f", "f_t", True), ("i", "i_t", True), ("c", "C_tilde", False), ("o", "o_t", True))


def naive(inputs: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The listing as it stands: an operation a line, and each derivative a sum that begins as 0."""
    v = dict(inputs)
    listing: list[tuple[str, str, str, str]] = []

    def line(name: str, op: str, a: str, b: str = "") -> str:
        if op == "@":
            v[name] = v[a] @ v[b]
        elif op == "+":
            v[name] = v[a] + v[b]
        elif op == "*":
            v[name] = v[a] * v[b]
        elif op == "sigmoid":
            v[name] = 1 / (1 + np.exp(-v[a]))
        else:
            v[name] = np.tanh(v[a])
        listing.append((name, op, a, b))
        return name

    for gate, name, peephole in GATES:
        total = line(f"{gate}1", "@", f"W_{gate}h", "h_prev")
        if peephole:
            total = line(f"{gate}3", "+", line(f"{gate}2", "@", f"W_{gate}c", "C_prev"), total)
        total = line(f"{gate}5", "+", total, line(f"{gate}4", "@", f"W_{gate}x", "x"))
        line(name, "sigmoid", line(f"{gate}6", "+", total, f"b_{gate}"))
    line("C_t", "+", line("z1", "*", "f_t", "C_prev"), line("z2", "*", "i_t", "C_tilde"))
    line("h_t", "*", "o_t", line("z3", "tanh", "C_t"))
    d = {name: np.zeros_like(value) for name, value in v.items()}
    d["h_t"] += given["dh_t"]
    d["C_t"] += given["dC_t"]
    for name, op, a, b in reversed(listing):
        if op == "@":
            d[a] += d[name] @ v[b].T
            d[b] += v[a].T @ d[name]
        elif op == "+":
            d[a] += d[name]
            d[b] += d[name]
        elif op == "*":
            d[a] += d[name] * v[b]
            d[b] += d[name] * v[a]
        elif op == "sigmoid":
            d[a] += d[name] * v[name] * (1 - v[name])
        else:
            d[a] += d[name] * (1 - v[name] ** 2)
    return {name: d[name] for name in inputs}


def packed(inputs: dict[str, Any]) -> tuple[Any, ...]:
    """The weights of all gates as one; the candidate, which has no peephole, is last."""
    rows = ("W_{}c", "fio"), ("W_{}h", "fioc"), ("W_{}x", "fioc"), ("b_{}", "fioc")
    return tuple(np.concatenate([inputs[name.format(g)] for g in gates]) for name, gates in rows)


def by_hand_cell(
    inputs: dict[str, Any], given: dict[str, Any], weights: tuple[Any, ...] | None = None
) -> dict[str, Any]:
    """The cell's gradients fused by hand."""
    x, h, c = inputs["x"], inputs["h_prev"], inputs["C_prev"]
    n = len(h)
    w_c, w_h, w_x, b = weights or packed(inputs)
    z = w_h.dot(h)
    z += w_x.dot(x)
    z += b
    z[: 3 * n] += w_c.dot(c)
    np.negative(z, z)
    np.exp(z, z)
    z += 1
    np.reciprocal(z, z)
    f, i, o, candidate = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
    top = np.tanh(f * c + i * candidate)
    dh = given["dh_t"]
    dc = given["dC_t"] + dh * o * (1 - top * top)
    d = np.concatenate((dc * c, dc * candidate, dh * top, dc * i))
    d *= z
    d *= 1 - z
    d_c, d_h, d_x = np.dot(d[: 3 * n], c.T), np.dot(d, h.T), np.dot(d, x.T)
    grads = {"x": w_x.T.dot(d), "h_prev": w_h.T.dot(d)}
    grads["C_prev"] = w_c.T.dot(d[: 3 * n]) + dc * f
    for k, gate in enumerate("fioc"):
        part = slice(k * n, (k + 1) * n)
        grads |= {f"W_{gate}h": d_h[part], f"W_{gate}x": d_x[part], f"b_{gate}": d[part]}
        if k < 3:
            grads[f"W_{gate}c"] = d_c[part]
    return grads


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
