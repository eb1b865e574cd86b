"""Depth-first visits: their order, their count, and what the leaves hold at the end."""

from __future__ import annotations

import numpy as np
import pytest
from support import EXAMPLES, assert_close
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app
from gradcli.views.visits import visits

NAMES = ["graph", "activation", "mlp", "feedforward", "scanning_mlp", "polar", "shared", "gru"]


def session(text):
    return gradcli.parse(text).derive().session


@pytest.mark.parametrize("name", NAMES)
def test_the_leaves_hold_the_gradients(name):
    found = gradcli.load(str(EXAMPLES / f"{name}.eq")).derive().session
    last = {visit.of: visit.total for visit in visits(found)}
    for wrt in found.derivation.wrt:
        expected = found.backward.totals[wrt]
        scale = max(1.0, float(np.abs(expected).max()))
        shape = found.inputs[wrt].shape
        assert_close(last[wrt] / scale, np.broadcast_to(expected, shape) / scale, 1e-12)


def test_the_order_is_depth_first_and_each_path_is_walked():
    found = session("input a = 3, b = 2\nc = a + b\nd = b + 1\nloss e = c * d")
    assert [(v.depth, v.of, v.value.item()) for v in visits(found)] == [
        (0, "e", 1), (1, "c", 3), (2, "a", 3), (2, "b", 3), (1, "d", 5), (2, "b", 5)
    ]  # fmt: skip
    assert [v.total.item() for v in visits(found) if v.of == "b"] == [3, 8]


def test_nothing_goes_to_a_const():
    found = session("input a = 3\nconst k = 2\nloss e = a * k * k")
    assert {v.of for v in visits(found)} == {"e", "z1", "a"}


def test_an_operand_that_stands_twice_is_visited_twice():
    found = session("input a = 3\nloss e = a * a")
    assert [v.of for v in visits(found)] == ["e", "a", "a"]


def test_too_many_visits_are_counted_and_refused():
    text = (
        "dim T = 40\ninput a\nh[0] = a\nfor t in 1..T:\n    h[t] = h[t-1] * h[t-1]\nloss L = h[T]\n"
    )
    found = CliRunner().invoke(app, ["derive", "-", "--order", "dfs"], input=text)
    assert found.exit_code == 2
    assert found.stderr.startswith("error: --order dfs: there are ")
    assert "hint: " in found.stderr


def test_it_is_a_view_of_the_table():
    path = str(EXAMPLES / "graph.eq")
    found = CliRunner().invoke(app, ["derive", path, "--order", "dfs"])
    assert "    dL/db += dL/dd" in found.stdout
    for more in (["--json"], ["--rolled"], ["--mode", "both"]):
        assert CliRunner().invoke(app, ["derive", path, "--order", "dfs", *more]).exit_code == 2


def test_rows_of_an_index_are_added_to():
    model = "index i: [3] in 0..1 = [0, 1, 0]\ninput C: [2, 2]\nE = C * 2\nloss L = sum(E[i])\n"
    found = {visit.target: visit.assign for visit in visits(session(model))}
    assert found == {"L": "=", "z1": "=", "E[:, i]": "+=", "C": "+="}
    text = CliRunner().invoke(app, ["derive", "-", "--order", "dfs"], input=model).stdout
    assert (
        "+= at an index in brackets adds row by row: a row that it names twice gains both\n" in text
    )
