"""Influence diagrams: the slides' seven paths, sums that are gradients, counts by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from support import EXAMPLES
from typer.testing import CliRunner
from valid import valid

import gradcli
from gradcli.cli import app

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))
DEEP = """
dim T = 60, H = 4
input x: [H]
param W: [H, H]
h[0] = x
for t in 1..T:
    h[t] = tanh(W @ h[t-1])
loss L = sum(h[T])
"""


def run(*arguments, text=None):
    return CliRunner().invoke(app, [*map(str, arguments)], input=text)


def load(name):
    return gradcli.load(str(EXAMPLES / f"{name}.eq"))


def test_the_slides_seven_paths():
    found = load("activation").paths("x[0]")

    assert found.count == 7
    assert {str(path) for path in found.paths} == {
        "x[0] → y[0] → L",
        *(f"x[0] → {total} → y[{i}] → L" for total in "ab" for i in range(3)),
    }
    gradient = load("activation").derive(wrt="x").gradients["x"]
    assert found.sum == pytest.approx(gradient[0, 0], rel=1e-12)
    # dy_1/dx_1 with the sums held, as it should stand on the slides.
    session = found.found.session
    x, a, b = (session.values[name].reshape(-1) for name in "xab")
    own = -np.sin(np.exp(x[0]) * a / b) * np.exp(x[0]) * a / b
    (direct,) = (path for path in found.paths if len(path.steps) == 3)
    assert direct.factors[0] == pytest.approx(float(own[0]), rel=1e-12)


def test_two_paths_of_the_smallest_graph():
    found = load("graph").paths("b")
    assert [str(path) for path in found.paths] == ["b → d → e", "b → c → e"]
    assert [path.product for path in found.paths] == [5, 3]
    assert found.sum == found.gradient == 8


@pytest.mark.parametrize("name", NAMES)
def test_the_sum_is_the_gradient(name):
    model = load(name)
    session = model.derive().session
    for wrt in session.derivation.wrt[:3]:
        shape = session.program.shapes[wrt]
        first = wrt + (
            "" if all(s.value == 1 for s in shape) else f"[{', '.join('0' * len(shape))}]"
        )
        found = model.paths(first, top=3)
        size = max(1.0, abs(found.gradient))
        assert found.sum / size == pytest.approx(found.gradient / size, abs=1e-9)
        expected = model.derive(wrt=wrt, layout="denominator").gradients[wrt].reshape(-1)[0]
        assert found.gradient == pytest.approx(float(expected), rel=1e-9, abs=1e-12)
        listed = math.fsum(path.product for path in found.paths)
        assert (listed + found.rest[1]) / size == pytest.approx(found.sum / size, abs=1e-9)
        assert found.count == len(found.paths) + found.rest[0]
        valid("paths", json.loads(found.to_json()))


def test_from_an_entry_to_another():
    found = load("activation").paths("x[0]", "y[1]")
    assert {str(path) for path in found.paths} == {"x[0] → a → y[1]", "x[0] → b → y[1]"}
    whole = load("activation").jacobian(of="y", wrt="x", layout="numerator").value
    assert found.sum == pytest.approx(whole[1, 0], rel=1e-12)
    assert load("activation").paths("a", "y[1]").count == 1
    assert load("activation").paths("y[0]", "y[1]").count == 0


def test_astronomically_many_are_counted_and_the_largest_listed():
    found = gradcli.parse(DEEP).paths("x[0]", top=5)
    assert found.count == 4**60
    assert len(found.paths) == 5
    assert found.rest[0] == 4**60 - 5
    assert found.sum == pytest.approx(found.gradient, rel=1e-9, abs=1e-12)


def test_the_largest_are_the_largest_of_all():
    model = gradcli.parse(DEEP)
    every = model.paths("x[0]", dims={"T": 3})
    largest = model.paths("x[0]", dims={"T": 3}, top=7)
    assert every.count == len(every.paths) == 64
    products = sorted((abs(path.product) for path in every.paths), reverse=True)
    assert [abs(path.product) for path in largest.paths] == pytest.approx(products[:7])


def test_no_path_is_no_error():
    found = run("paths", "-", "--from", "b", text="input a, b\nc = a * 2\nd = b\ngiven dL/dc\n")
    assert found.exit_code == 0
    assert "Paths from b to L: 0" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "q[0]"], "--from q[0]: the model has no such entry"),
        (["--from", "x"], "--from x: x has 3 entries"),
        (["--from", ""], "--from is empty"),
        (["--from", "x[3]"], "--from x[3]: x is 3×1, counted from 0"),
        (["--from", "x[a]"], "--from x[a]: x is 3×1, counted from 0"),
        (["--from", "x[0]", "--to", "y[0, 1]"], "--to y[0, 1]: y is 3×1, counted from 0"),
        (["--from", "x[0]", "--max-elements", "12"],
         "the influence diagram has more than 12 places for arrows"),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_one_error(arguments, message):
    found = run("paths", EXAMPLES / "activation.eq", *arguments)
    assert found.exit_code == 2
    assert found.stderr.splitlines()[0] == f"error: {message}"
    assert found.stderr.splitlines()[1].startswith("hint: ")


def test_the_end_may_be_named_as_it_is_shown():
    model = load("activation")
    assert model.paths("x[0]", "L").document() == model.paths("x[0]").document()
    scalar = gradcli.parse("input L, x\ny = x * L\nz = y * 2\ngiven dL/dz\n")
    assert scalar.paths("x", "y").count == 1
    with pytest.raises(gradcli.GradError, match="--to q"):
        scalar.paths("x", "q")
    assert scalar.paths("L", "L").count == 1  # a quantity of that name is meant


def test_where_no_path_leads_a_line_says_so():
    found = run("paths", EXAMPLES / "graph.eq", "--from", "e", "--to", "a")
    assert found.exit_code == 0
    assert found.stderr == (
        "note: no path leads from e to a: the derivative is 0; "
        "a is computed first: --from 'a' --to 'e' is the other way\n"
    )
    found = run("paths", EXAMPLES / "graph.eq", "--from", "a", "--to", "d")
    assert found.stderr == "note: no path leads from a to d: the derivative is 0\n"
    assert run("paths", EXAMPLES / "graph.eq", "--from", "a").stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["paths", "graph.eq", "--from", ""], "--from is empty", "--from a"),
        (
            ["paths", "graph.eq", "--from", "q"],
            "--from q: the model has no such entry",
            "an entry is written a",
        ),
        (
            ["paths", "activation.eq", "--from", "q[0]"],
            "--from q[0]: the model has no such entry",
            "an entry is written x[0]",
        ),
        (
            ["derive", "lstm.eq", "--wrt", "nothing"],
            "--wrt nothing: the model has no `nothing`",
            "it has x, h_prev, C_prev, W_fc, …",
        ),
        (["graph", ""], "the path of the file is empty", "- reads standard input"),
    ],
)
def test_what_is_not_there_gets_one_line_and_a_hint(arguments, message, hint):
    command, model, *more = arguments
    found = run(command, EXAMPLES / model if model else "", *more)
    assert found.exit_code == 2
    assert found.stderr == f"error: {message}\nhint: {hint}\n"
