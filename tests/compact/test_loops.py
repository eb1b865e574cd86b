"""Loops stay loops: each line once, whatever their length, and right at every one.

`loops/` holds models and beside each what was found, which a person has read. `pytest tests/compact
--update-golden` writes that anew.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from support import EXAMPLES
from typer.testing import CliRunner

import gradcli
from gradcli.api import Review
from gradcli.cli import app
from gradcli.compact.loops.derivation import Looped

FOLDER = Path(__file__).parent / "loops"
NAMES = sorted(path.stem for path in FOLDER.glob("*.eq"))
LOOPED = [*[FOLDER / f"{name}.eq" for name in NAMES], EXAMPLES / "rnn.eq",
          EXAMPLES / "scanning_mlp.eq"]  # fmt: skip


def is_looped(found: gradcli.api.Derivation) -> bool:
    return isinstance(found.session.derivation, Looped)


def reviewed(model: gradcli.Model, text: str) -> Review:
    found = model.against(text, complete=True, cost=True)
    assert isinstance(found, Review)
    assert found.verdict == "pass", f"{text}\n{found}"
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_lines_are_those_that_were_read(name: str, update_golden: bool) -> None:
    found = gradcli.load(FOLDER / f"{name}.eq").derive(compact=True, layout="denominator")
    assert is_looped(found)
    text = found.to_grad().partition("\n")[2]
    file = FOLDER / f"{name}.grad"
    if update_golden:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), "after reading it: --update-golden"


@pytest.mark.parametrize(
    ("path", "layout"),
    [*((path, "denominator") for path in LOOPED), *((path, "numerator") for path in LOOPED[-2:])],
    ids=lambda each: each if isinstance(each, str) else each.stem,
)
def test_check_accepts_them_and_counts_the_same(path: Path, layout: str) -> None:
    model = gradcli.load(path)
    literal = model.derive(layout=layout)
    found = model.derive(compact=True, layout=layout)
    review = reviewed(model, found.to_grad())
    assert review.cost is not None
    document = derived(path, "--cost", "--layout", layout)
    counted = document["cost"]["compact"]["flops"]
    if any(":" in step.target for step in found.steps):
        assert counted <= review.cost.flops.value  # which takes all regions of one name for one
    else:
        assert counted == review.cost.flops.value
    assert counted == sum(line["flops"] for line in document["backward"])
    if path.stem != "layers":  # where the first iteration flows to a constant as each one does
        assert counted <= document["cost"]["backward"]["flops"]
    assert len(found.steps) < len(literal.steps) / 2


def derived(path: Path, *options: str) -> dict:
    found = CliRunner().invoke(app, ["derive", str(path), "--compact", "--json", *options])
    assert found.exit_code == 0, found.stderr
    return dict(json.loads(found.stdout))


@pytest.mark.parametrize("path", LOOPED, ids=lambda path: path.stem)
def test_the_python_of_all_iterations_gives_the_same_gradients(path: Path) -> None:
    found = gradcli.load(path).derive(compact=True)
    scope: dict = {"__name__": "module"}
    exec(found.to_python(), scope)
    gradients = scope["backward"](scope["forward"](scope["INPUTS"]), scope["GIVEN"])
    for name, value in found.gradients.items():
        np.testing.assert_allclose(np.reshape(gradients[name], value.shape), value, atol=1e-12)


RECURRENT = """dim T = {}
input x[1..T]: [3], h_start: [4]
param W: [4, 3], U: [4, 4], b: [4]
h[0] = h_start
for t in 1..T:
    h[t] = tanh(W @ x[t] + U @ h[t-1] + b)
loss L = sum(square(h[T]))
"""
NUMERAL = """input x: [3]
param W: [3, 3]
h[0] = x
for t in 1..{0}:
    h[t] = tanh(W @ h[t-1])
loss L = sum(square(h[{0}]))
"""


@pytest.mark.parametrize("text", [RECURRENT, NUMERAL], ids=["a dim", "a numeral"])
def test_a_long_loop_has_the_lines_of_a_short_one_and_takes_no_longer(text: str) -> None:
    found, spent = {}, {}
    for length in (3, 2000):
        model = gradcli.parse(text.format(length))
        begin = time.process_time()
        literal = model.derive()
        middle = time.process_time()
        found[length] = model.derive(compact=True)
        spent[length] = time.process_time() - middle - (middle - begin)
        assert is_looped(found[length])
        assert found[length].notes == literal.notes  # all lines are proven
    short, long = ([str(step) for step in found[length].steps] for length in found)
    assert short == [line.replace("2000", "3") for line in long]
    # Beside what the listing itself takes, which moves by a tenth from run to run.
    assert spent[2000] < spent[3] + 0.5


def test_each_way_to_a_line_is_a_derivation_that_check_accepts() -> None:
    path = EXAMPLES / "rnn.eq"
    model = gradcli.load(path)
    lines = derived(path, "--why", "--layout", "denominator")["backward"]
    steps = {way["step"] for line in lines for way in line["why"] if "step" in way}
    literal = [str(step) for step in model.derive(layout="denominator").steps]
    text = model.derive(compact=True, layout="denominator").to_grad()
    tried = 0
    for line in lines:
        for way in line["why"]:
            if "rule" in way:
                assert way["proof"] == "proven"
                stated = f"dL/d{line['target']} {line['assign']} "
                other = text.replace(stated + line["formula"], stated + way["formula"])
                reviewed(model, other)
                tried += 1
    assert tried >= len(lines)
    assert max(steps) <= len(literal)
    assert "dL/dh[2] = W_h.T @ dL/dz2[3]" in [literal[k - 1] for k in steps]


def test_a_line_of_a_loop_stands_for_all_iterations_in_every_form() -> None:
    found = gradcli.load(EXAMPLES / "rnn.eq").derive(compact=True)
    line = next(step for step in found.steps if step.target == "z3[t]")
    assert (line.loops, line.value, line.shape) == (("for t in T..1",), None, (1, 4))
    record = next(
        line for line in derived(EXAMPLES / "rnn.eq")["backward"] if line["target"] == "W_h"
    )
    assert record["sums"] == [{"variable": "t", "first": "1", "last": "T"}]
    assert np.shape(record["value"]) == (4, 4)
    assert r"\sum_{t = 1}^{T} h_{t-1} \, " in found.to_latex()
    assert r"\text{for } t = T, \dots, 1" in found.to_latex()
    assert "for t in T..1" in str(found)
    assert "for t in T..1" in found.to_html()
    assert "_(t = 1)^" in found.to_typst()


def test_a_gradient_to_which_nothing_flows_has_a_line() -> None:
    text = RECURRENT.format(3) + "m = b * 2\n"
    model = gradcli.parse("param unused: [2, 2]\n" + text)
    found = model.derive(compact=True, layout="denominator")
    assert is_looped(found)
    assert str(found.steps[-1]) == "dL/dunused = zeros(2, 2)"
    reviewed(model, found.to_grad())


def test_what_can_not_be_kept_is_compacted_iteration_by_iteration() -> None:
    text = (
        "dim T = 3\ninput x[1..T]: [2]\nfor t in 1..T:\n"
        "    y[t] = sum(x[t] * x[s] for s in 1..t)\nloss L = sum(sum(y[t]) for t in 1..T)"
    )
    model = gradcli.parse(text)
    found = model.derive(compact=True)
    assert not is_looped(found)
    reviewed(model, found.to_grad())
