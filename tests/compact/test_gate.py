"""Every compact line, and every way to it, is proven to be what the literal steps give."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from support import EXAMPLES
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app
from gradcli.compact import derivation as assembly
from gradcli.compact.lines import Line, Lines
from gradcli.sizes import ATOM, Number
from gradcli.sizes import plain as one

PROVEN = ["layernorm", "attention", "gru", "vae", "scanning_mlp", "feedforward", "activation"]


def document(name: str, *options: str) -> dict[str, Any]:
    path = str(EXAMPLES / f"{name}.eq")
    found = CliRunner().invoke(app, ["derive", path, "--compact", "--json", *options])
    assert found.exit_code == 0, found.stderr
    return dict(json.loads(found.stdout))


@pytest.mark.parametrize("name", PROVEN)
def test_each_line_and_each_way_to_it_is_proven(name: str) -> None:
    found = document(name, "--why")
    for line in found["backward"]:
        ways = [way for way in line["why"] if "rule" in way]
        for each in [] if line.get("own") else [line, *ways]:
            assert each["proof"] == "proven", each
            assert each["bound"] < 2**-99
    assert found["notes"] == []


def test_what_is_not_proven_is_said_and_marked() -> None:
    """A root that does not exist modulo a prime at the points drawn."""
    found = document("raytracer")
    undecided = [line for line in found["backward"] if line.get("proof") == "undecided"]
    assert undecided
    assert all(line["reason"] for line in undecided)
    assert any("compared with the steps at points, not proven" in note for note in found["notes"])


def test_a_line_that_points_do_not_tell_from_the_right_one_is_refuted_and_put_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong rule adds a trillionth of a line, which no comparison in floats sees."""
    right = Lines.found
    tampered: list[str] = []

    def found(lines: Lines, plain: Iterable[str] = (), every: bool = False) -> list[Line]:
        mine = right(lines, list(plain), every)
        if plain:
            return mine
        last = mine[-1]
        tampered.append(last.name)
        grove = lines.grove
        made = "add", (one(1.0), one(1e-12))
        factor = grove.number(Number(1 + 1e-12, None, "(1 + 1e-12)", ATOM, made=made))
        return [*mine[:-1], last._replace(tree=grove.apply("mul", factor, last.tree))]

    monkeypatch.setattr(assembly.Lines, "found", found)
    model = gradcli.parse("input x: [3]\nparam w: [3]\ny = x * w\nloss L = sum(y^2)")
    lines = [str(step) for step in model.derive(compact=True, layout="denominator").steps]
    assert tampered
    assert all("1e-12" not in line for line in lines)
    assert lines == ["dL/dy = 2 * y", "dL/dx = dL/dy * w", "dL/dw = dL/dy * x"]
