"""What cut loops take in memory is said, and bounded."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import numpy as np
import pytest
from emitting import agree, case, load
from test_stacking import SEQUENCE

import gradcli

RNN = """
dim T = 40, X = 3, H = 5
input x[1..T]: [X], h0: [H]
param W: [H, H], U: [H, X], b: [H]
h[0] = h0
for t in 1..T:
    h[t] = tanh(W @ h[t-1] + U @ x[t] + b)
loss L = sum(sum(h[t] * h[t]) for t in 1..T)
"""
MODELS = {"rnn": RNN, "lstm": SEQUENCE.replace("T = 4", "T = 40")}


def run(text: str, made: Any) -> None:
    module = load(text)
    outputs, saved = module["forward"](**made.inputs)
    agree(outputs, made.outputs)
    agree(module["backward"](saved, **made.given), made.gradients)


def heads(text: str, which: str = "(?:for|back)ward") -> list[str]:
    """The sizes that a module's head names."""
    head = " ".join(text.split("import", maxsplit=1)[0].split())
    return re.findall(rf"([^,:]*) bytes {which}", head)


def stated(text: str, **dims: int) -> int:
    """The bytes that a module's head names."""
    return sum(eval(size.replace("^", "**"), {}, dims) for size in heads(text))


@pytest.mark.parametrize("limit", [None, 20_000, 2_000, 0])
@pytest.mark.parametrize("name", MODELS)
def test_a_limit_is_kept_and_changes_no_value(name: str, limit: int | None) -> None:
    made = case(MODELS[name])
    model = gradcli.parse(MODELS[name], f"{name}.eq")
    text = model.emit(memory=limit).text
    run(text, made)
    sizes = {"T": 40, "X": 3, "H": 5 if name == "rnn" else 2}
    for head in heads(text):
        assert limit is None or eval(head.replace("^", "**"), {}, dict(sizes)) <= limit
    if limit == 0:
        assert not heads(text)
        assert "--memory 0" in text


def test_a_smaller_limit_leaves_less() -> None:
    model = gradcli.parse(RNN, "rnn.eq")
    sizes = {"T": 40, "X": 3, "H": 5}
    found = [stated(model.emit(memory=limit).text, **sizes) for limit in (None, 4_000, 2_000, 0)]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[1]
    assert found[-1] == 0


def test_the_limit_is_one_at_the_models_own_sizes() -> None:
    """Loops are read at small sizes, and counted at the model's."""
    sizes = {"T": 100_000, "X": 3, "H": 5}
    limit = 8 * sizes["T"] * sizes["H"] - 1
    long = gradcli.parse(RNN.replace("T = 40", "T = 100000"), "rnn.eq")
    given = gradcli.parse(RNN, "rnn.eq")
    for model, dims in ((long, {}), (given, {"T": 100_000})):
        assert stated(model.emit(dims=dims).text, **sizes) > 2 * limit
        assert stated(model.emit(memory=limit, dims=dims).text, **sizes) <= 2 * limit
    assert stated(given.emit(memory=limit).text, **sizes) > 2 * limit


def test_what_is_stated_is_what_is_taken() -> None:
    """The peak of a backward pass is lower by about as much as the head says that cutting costs."""
    model = gradcli.parse(RNN.replace("H = 5", "H = 64").replace("T = 40", "T = 500"), "rnn.eq")
    sizes = {"T": 500, "X": 3, "H": 64}
    rng = np.random.default_rng(0)
    inputs = {"x": rng.normal(size=(500, 3, 1)), "h0": rng.normal(size=(64, 1))}
    inputs |= {"W": rng.normal(size=(64, 64)) / 8, "U": rng.normal(size=(64, 3))}
    inputs["b"] = rng.normal(size=(64, 1))

    def peak(text: str) -> int:
        module = load(text)
        _, saved = module["forward"](**inputs)
        tracemalloc.start()
        module["backward"](saved)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    cut, uncut = (model.emit(memory=limit).text for limit in (None, 0))
    (head,) = heads(cut, "backward")
    said = eval(head.replace("^", "**"), {}, sizes)
    assert said * 0.5 < peak(cut) - peak(uncut) < said * 3
