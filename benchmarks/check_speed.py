"""How fast `gradcli check` is, as ratios from one run.

    python benchmarks/check_speed.py [--hidden 32] [--runs 5]

One LSTM cell, every entry of every gradient: in process against `torch.autograd.gradcheck`, where
torch is installed, and as a whole process against a loop that moves one entry at a time.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradcli.check.gradients.checker import BOTH, COMPLEX, FINITE
from gradcli.check.gradients.numeric import Options, check
from gradcli.session import Request, Session, run

MODEL = Path(__file__).parents[1] / "examples" / "lstm.eq"

NAIVE = """
import numpy as np
H = {hidden}
rng = np.random.default_rng(0)
names = {names}
values = {{name: rng.normal(size=shape) for name, shape in names.items()}}
weights = rng.normal(size=(2, H, 1))
sigmoid = lambda x: 1 / (1 + np.exp(-x))
def objective(x, h_prev, C_prev, W_fc, W_fh, W_fx, b_f, W_ic, W_ih, W_ix, b_i, W_ch, W_cx, b_c,
              W_oc, W_oh, W_ox, b_o):
    f = sigmoid(W_fc @ C_prev + W_fh @ h_prev + W_fx @ x + b_f)
    i = sigmoid(W_ic @ C_prev + W_ih @ h_prev + W_ix @ x + b_i)
    C = f * C_prev + i * sigmoid(W_ch @ h_prev + W_cx @ x + b_c)
    o = sigmoid(W_oc @ C_prev + W_oh @ h_prev + W_ox @ x + b_o)
    return np.sum(weights[0] * o * np.tanh(C)) + np.sum(weights[1] * C)
for name, value in values.items():
    gradient = np.zeros_like(value)
    for index in np.ndindex(value.shape):
        old = value[index]
        value[index] = old + 1e-6
        above = objective(**values)
        value[index] = old - 1e-6
        below = objective(**values)
        value[index] = old
        gradient[index] = (above - below) / 2e-6
"""


def seconds(action: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def process(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def torch_check(session: Session) -> Callable[[], Any]:
    """torch.autograd.gradcheck of the same cell at the same values."""
    import torch

    inputs = {name: torch.tensor(value) for name, value in session.inputs.items()}
    given = {name: torch.tensor(value) for name, value in session.given.items()}
    names = list(session.derivation.wrt)

    def cell(*tensors: Any) -> Any:
        v = {**inputs, **dict(zip(names, tensors, strict=True))}

        def gate(k: str) -> Any:
            z = v[f"W_{k}h"] @ v["h_prev"] + v[f"W_{k}x"] @ v["x"] + v[f"b_{k}"]
            peephole = v.get(f"W_{k}c") if k != "c" else None
            return torch.sigmoid(z if peephole is None else peephole @ v["C_prev"] + z)

        c = gate("f") * v["C_prev"] + gate("i") * gate("c")
        h = gate("o") * torch.tanh(c)
        return (h * given["h_t"]).sum() + (c * given["C_t"]).sum()

    wanted = [inputs[name].clone().requires_grad_() for name in names]
    return lambda: torch.autograd.gradcheck(cell, wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast gradcli check is.")
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    hidden = options.hidden
    session = run(str(MODEL), Request(dims={"H": hidden, "X": hidden}))
    entries = sum(session.inputs[name].size for name in session.derivation.wrt)
    actions: dict[str, Callable[[], Any]] = {
        f"check, {method}": lambda method=method: check(session, Options(method))
        for method in (FINITE, COMPLEX, BOTH)
    }
    if importlib.util.find_spec("torch"):
        actions["torch.autograd.gradcheck"] = torch_check(session)
    shapes = {name: value.shape for name, value in session.inputs.items()}
    naive = NAIVE.format(hidden=hidden, names=shapes)
    sizes = ("--dim", f"H={hidden}", "--dim", f"X={hidden}")
    actions["process: naive loop"] = lambda: process("-c", naive)
    for flag in ("--finite-diff", "--complex-step", None):
        chosen = [flag] if flag else []
        actions[f"process: gradcli check {flag or ''}".strip()] = lambda chosen=chosen: process(
            "-m", "gradcli", "check", str(MODEL), *sizes, *chosen
        )
    for action in actions.values():
        action()
    gc.disable()
    times = {name: [] for name in actions}
    for _ in range(options.runs):
        for name, action in actions.items():
            times[name].append(seconds(action))
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"{entries:,} entries, medians of {options.runs} interleaved runs")
    for name, value in medians.items():
        print(f"  {name:40} {1e3 * value:9.1f} ms")
    if (slow := medians.get("torch.autograd.gradcheck")) is not None:
        for method in (FINITE, COMPLEX, BOTH):
            print(f"  torch / check, {method}: {slow / medians[f'check, {method}']:.0f}")
    loop = medians["process: naive loop"]
    for name, value in medians.items():
        if name.startswith("process: gradcli"):
            print(f"  {name} / naive loop: {value / loop:.2f}")


if __name__ == "__main__":
    main()
