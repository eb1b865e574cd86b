"""`check --against FILE --cost`: a person's derivation is counted as the tool counts its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import EXAMPLES
from typer.testing import CliRunner
from valid import valid

import gradcli
from gradcli.api import Review
from gradcli.cli import app
from gradcli.errors import GradError

MODEL = """dim N = 4, M = 3
input x: [M]
param W: [N, M], b: [N]
y = tanh(W @ x + b)
given dL/dy"""

BY_HAND = """layout denominator
d = dL/dy * (1 - y^2)
dL/db = d
dL/dW = d @ x.T
dL/dx = W.T @ d
"""


def reviewed(model: gradcli.Model, text: str) -> Review:
    found = model.against(text, cost=True)
    assert isinstance(found, Review)
    return found


def test_the_operations_are_those_counted_by_hand() -> None:
    """Square, difference and product 4 each; the outer product 4·3; the product 3·(2·4 - 1)."""
    found = reviewed(gradcli.parse(MODEL), BY_HAND)
    assert found.verdict == "pass"
    assert found.cost is not None
    assert found.cost.flops.value == 12 + 0 + 12 + 21
    assert [line.flops and line.flops.value for line in found.lines] == [12, 0, 12, 21]
    assert found.cost.flops.text == "3*M*N - M + 3*N"


def test_an_addition_counts_where_there_is_something_to_add_to() -> None:
    model = gradcli.parse("input x: [3]\ny = exp(x)\nloss L = sum(y * x)")
    once = reviewed(model, "layout denominator\ndL/dx = y + x * y\n")
    twice = reviewed(model, "layout denominator\ndL/dx = y\ndL/dx += x * y\n")
    zero = reviewed(model, "layout denominator\ndL/dx += y\ndL/dx += x * y\n")
    for found in (once, twice, zero):
        assert found.verdict == "pass"
        assert found.cost is not None
        assert found.cost.flops.value == 6


def test_a_loop_counts_with_all_of_its_iterations() -> None:
    model = gradcli.parse(
        "dim T = 4\ninput x: [3]\nh[0] = exp(x)\nfor t in 1..T:\n    h[t] = h[t-1]^2\ngiven dL/dh[T]"
    )
    text = "layout denominator\nfor t in T..1:\n    dL/dh[t-1] = 2 * h[t-1] * dL/dh[t]\n"
    found = reviewed(model, text)
    assert found.verdict == "pass"
    assert [line.flops and line.flops.value for line in found.lines] == [4 * 6]


def test_nothing_is_counted_unless_it_is_asked_for() -> None:
    found = gradcli.parse(MODEL).against(BY_HAND)
    assert isinstance(found, Review)
    assert found.cost is None
    assert "flops" not in found.to_json()


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("name", ["layernorm", "attention", "mlp", "gru", "polar"])
def test_the_compact_form_counts_the_same_as_a_file(name: str, layout: str) -> None:
    model = gradcli.load(EXAMPLES / f"{name}.eq")
    compact = model.derive(compact=True, layout=layout)  # type: ignore[arg-type]
    found = reviewed(model, compact.to_grad())
    assert found.cost is not None
    assert found.cost.flops.value == sum(
        int(step.call.flops.value) for step in compact.session.derivation.reified.steps
    )


def test_the_command_says_it_in_text_and_in_json(tmp_path: Path) -> None:
    model, own = tmp_path / "m.eq", tmp_path / "own.grad"
    model.write_text(MODEL, encoding="utf-8")
    own.write_text(BY_HAND, encoding="utf-8")
    asked = ["check", str(model), "--against", str(own), "--cost"]
    text = CliRunner().invoke(app, asked)
    assert text.exit_code == 0
    assert "operations: 45, 3*M*N - M + 3*N" in text.stdout
    assert "  21  line 5: dL/dx\n" in text.stdout
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert found["cost"]["flops"] == 45
    assert [line["flops"] for line in found["lines"]] == [12, 0, 12, 21]
    valid("against", found)


def test_it_goes_with_a_derivation_alone(tmp_path: Path) -> None:
    model = tmp_path / "m.eq"
    model.write_text(MODEL, encoding="utf-8")
    assert CliRunner().invoke(app, ["check", str(model), "--cost"]).exit_code == 2
    with pytest.raises(GradError, match="cost goes with a derivation"):
        gradcli.parse(MODEL).against({"x": [[1, 2, 3]]}, cost=True)
