"""What flows back to rows that an index takes is added at the index: `dL/dC[i] += g`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import assert_close, backward, complex_step, session
from typer.testing import CliRunner

from gradcli.cli import app

TAKEN = """
dim N = 4, K = 2, V = 6, D = 3, T = 2
index Xb: [N, K] in 0..V-1, i: [N] in 0..V-1, j[1..T]: [N] in 0..V-1
param C: [V, D], b: [V]
"""
EVERYWHERE = (
    TAKEN
    + "loss L = sum(square(C[Xb])) + sum(C[i]^3) + sum(exp(C[2])) + sum(square(b[i])) + sum(b[Xb]^2)"
    + " + sum(square(C[j[t]]) for t in 1..T) + sum(square(C))\n"
)


def shown(text: str, *options: str) -> str:
    found = CliRunner().invoke(app, ["derive", "-", *options], input=text)
    assert found.exit_code == 0, found.output
    return found.output


def test_what_is_added_is_the_cotangent_and_the_first_is_added_too() -> None:
    text = TAKEN + "y = C[Xb]\ngiven dL/dy"
    assert backward(text, layout="denominator") == ["dL/dC[Xb] += dL/dy"]


@pytest.mark.parametrize(
    ("index", "brackets"), [("i", "[:, i]"), ("Xb", "[:, Xb.T]"), ("Xb[:, 0]", "[:, z1]")]
)
def test_the_index_stands_where_the_layout_has_the_rows(index: str, brackets: str) -> None:
    found = backward(TAKEN + f"y = C[{index}]\ngiven dL/dy", layout="numerator")
    assert found == [f"dL/dC{brackets} += dL/dy"]


def test_a_later_step_adds_to_the_whole() -> None:
    text = TAKEN + "y = C[i]\nz = C^2\nw = C[i]\ngiven dL/dy, dL/dz, dL/dw"
    lefts = [line.partition(" dL/d")[0] for line in backward(text, layout="denominator")]
    assert lefts == ["dL/dC[i] +=", "dL/dC +=", "dL/dC[i] +="]


def test_a_loop_has_the_letter_in_the_brackets() -> None:
    text = TAKEN + "loss L = sum(square(C[j[t]]) for t in 1..T)\n"
    for form in ("table", "latex", "markdown"):
        found = shown(text, "--rolled", "--format", form)
        assert "segment" not in found
        assert "[:, j[t]]" in found or r"[{:}, j_{t}]" in found


def test_the_value_shown_is_what_is_added() -> None:
    found = session(TAKEN + "y = C[Xb]\ngiven dL/dy", layout="denominator")
    assert found.backward.shown[0].shape == (4, 2, 3)
    assert found.backward.values[0].shape == (6, 3)


def test_the_listing_says_what_repeated_rows_gain() -> None:
    found = shown(TAKEN + "y = C[i]\ngiven dL/dy")
    assert (
        "+= at an index in brackets adds row by row: a row that it names twice gains both" in found
    )


def test_every_form_has_the_brackets() -> None:
    text = "layout denominator" + TAKEN + "y = C[i]\ngiven dL/dy"
    assert r"\left(\nabla_{C} L\right)[i] &\mathrel{{+}{=}} \nabla_{y} L" in shown(
        text, "--format", "latex"
    )
    (row,) = json.loads(shown(text, "--json"))["backward"]
    assert (row["target"], row["assign"], row["formula"]) == ("C[i]", "+=", "dL/dy")
    assert len(row["value"]) == 4
    for form in ("grad", "markdown", "typst"):
        assert "segment" not in shown(text, "--format", form)


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_gradients_are_those_of_differences(layout: str) -> None:
    found = session(EVERYWHERE, layout=layout)
    for name in ("C", "b"):
        assert_close(found.backward.totals[name], complex_step(found, name))


def test_an_ops_own_rule_may_add_rows() -> None:
    text = TAKEN + (
        "op embed(C, const i) = C[i]:\n    dL/dC = segment_sum(dL/dout, i, V)\n"
        "y = embed(C, i)\ngiven dL/dy\n"
    )
    assert backward("layout denominator" + text) == ["dL/dC[i] += dL/dy"]


def test_the_python_module_adds_them_too(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(shown(EVERYWHERE, "--format", "python"))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert_close(np.array(found["C"]).T, session(EVERYWHERE).backward.totals["C"])


def test_a_walk_depth_first_has_the_brackets() -> None:
    text = "layout denominator" + TAKEN + "y = C[i]\nloss L = sum(y)"
    found = shown(text, "--order", "dfs")
    assert "dL/dC[i]" in found
    assert "segment" not in found
