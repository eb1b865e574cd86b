"""Forward mode: the slides' example by both modes, and tangents against finite differences."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import EXAMPLES, assert_close
from typer.testing import CliRunner
from valid import all_valid, valid

import gradcli
from gradcli.cli import app

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))
GRAPH = str(EXAMPLES / "graph.eq")
STEP = 1e-6


def run(*arguments, text=None):
    return CliRunner().invoke(app, [*map(str, arguments)], input=text)


def test_the_slides_example_by_b():
    found = gradcli.load(GRAPH).derive(mode="forward", wrt="b")

    assert [str(line) for line in found.tangents] == [
        "dc/db = db/db",
        "dd/db = db/db",
        "de/db = dc/db * d + c * dd/db",
    ]
    assert [float(line.value) for line in found.tangents] == [1, 1, 8]


def test_both_modes_come_to_8_by_their_two_terms():
    document = json.loads(run("derive", GRAPH, "--mode", "both", "--wrt", "b", "--json").stdout)

    forward, reverse = document["sums"]
    assert [term["value"] for term in forward["terms"]] == [3, 5]
    assert [term["value"] for term in reverse["terms"]] == [5, 3]
    assert forward["sum"] == reverse["sum"] == 8
    # Each: two products and a sum.
    assert forward["operations"] == reverse["operations"] == 3


@pytest.mark.parametrize("name", NAMES)
def test_tangents_are_slopes_along_the_direction(name):
    model = gradcli.load(str(EXAMPLES / f"{name}.eq"))
    found = model.derive(mode="both", seed=1)
    values = {n: found.values[n] for n in found.forward.session.inputs}
    ends = []
    for sign in (1, -1):
        moved = dict(values)
        for n, along in found.forward.directions.items():
            moved[n] = np.reshape(values[n], along.shape) + sign * STEP * along
        ends.append(model.derive(data=moved, seed=1).values)
    for line in found.tangents:
        slope = (ends[0][line.of] - ends[1][line.of]) / (2 * STEP)
        scale = max(1.0, float(np.abs(line.value).max()))
        assert_close(line.value / scale, slope / scale, 2e-5)
    forward, reverse = json.loads(found.to_json())["sums"]
    assert forward["sum"] == pytest.approx(reverse["sum"], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("mode", ["forward", "both"])
@pytest.mark.parametrize("name", NAMES)
def test_the_documents_are_valid(name, mode):
    path = EXAMPLES / f"{name}.eq"
    found = run("derive", path, "--mode", mode, "--json")
    valid("derive", json.loads(found.stdout))
    lines = run("derive", path, "--mode", mode, "-f", "ndjson").stdout.splitlines()
    all_valid("record", map(json.loads, lines))


def test_a_stated_direction_says_what_moves(tmp_path):
    path = tmp_path / "tangent.json"
    path.write_text('{"W": [[1, 0, 0], [0, 0, 0]]}')
    model = "dim N = 2, M = 3\ninput x: [M]\nparam W: [N, M]\ny = W @ x\ngiven dL/dy\n"
    found = run("derive", "-", "--mode", "forward", "--tangent", path, "--json", text=model)
    document = json.loads(found.stdout)

    assert list(document["directions"]) == ["W"]
    (line,) = document["tangents"]
    assert (line["name"], line["formula"]) == ("dy", "dW @ x")
    assert line["value"][1] == [0]
    assert line["value"][0][0] == document["inputs"]["x"]["value"][0][0]


def test_the_differential_of_a_product():
    model = gradcli.parse("param A: [2, 3], B: [3, 2]\nC = A @ B\ngiven dL/dC")
    assert str(model.derive(mode="forward").tangents[0]) == "dC = dA @ B + A @ dB"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--wrt", "b, c"], "--wrt c: it moves with b, which --wrt names too"),
        (["--wrt", "q"], "--wrt q: the model has no `q`"),
        (["--tangent", "{q}"], "--tangent: the model has no `q`"),
        (["--tangent", "{b}", "--wrt", "a"], "--tangent: --wrt names no `b`"),
        (["--tangent", "{b}", "--wrt", "a, b"], "--tangent: there is no direction for a"),
        (["--tangent", "{wide}"], "--tangent: b is a list of 2, but the model has 1×1"),
    ],
)
def test_what_does_not_fit_is_one_error(arguments, message, tmp_path):
    for name, text in (("q", '{"q": 1}'), ("b", '{"b": 2}'), ("wide", '{"b": [1, 2]}')):
        (tmp_path / f"{name}.json").write_text(text)
    names = {name: str(tmp_path / f"{name}.json") for name in ("q", "b", "wide")}
    found = run("derive", GRAPH, "--mode", "forward", *(a.format(**names) for a in arguments))
    assert found.exit_code == 2
    assert found.stderr.splitlines()[0] == f"error: {message}"


def test_what_forward_mode_has_no_form_for_is_said():
    found = run("derive", GRAPH, "--mode", "forward", "-f", "grad")
    assert found.exit_code == 2
    assert "--format grad is of reverse mode" in found.stderr
    assert "--tangent" in run("derive", GRAPH, "--tangent", "x.json").stderr
