"""`--cost`: operations are counted by hand here, and never more of them than step by step."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from support import EXAMPLES
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))


def costs(*arguments: str) -> dict[str, Any]:
    found = CliRunner().invoke(app, ["derive", *arguments, "--cost", "--json"])
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_a_compact_form_takes_no_more_operations(name: str) -> None:
    cost = costs(str(EXAMPLES / f"{name}.eq"), "--compact")["cost"]
    assert cost["compact"]["flops"] <= cost["backward"]["flops"]


def test_the_operations_of_one_layer_are_those_counted_by_hand() -> None:
    """N = 4 outputs, M = 3 inputs: W1 @ x is 4·(2·3 - 1), the sum and the tanh 4 each.

    Backward: out^2, 1 - out^2 and the product with it 4 each; the outer product 4·3.
    """
    found = costs(str(EXAMPLES / "simple_mlp.eq"))
    assert found["cost"]["forward"]["flops"] == 4 * 5 + 4 + 4
    assert found["cost"]["backward"]["flops"] == 3 * 4 + 12
    assert [step["flops"] for step in found["backward"]] == [12, 0, 0, 12]
    assert found["cost"]["forward"]["symbolic_flops"] == "2*M*N + N"


@pytest.mark.parametrize(
    "body",
    ["sqrt(x^2) * w", "sqrt(2 * x^2 * w^2)", "(x^2)^1.5", "sqrt(x^2 + w^2) * x", "(x^2 * w)^-1"],
)
def test_a_power_of_a_product_is_the_product_of_powers_where_it_is(body: str) -> None:
    """Of what may be negative, the root of a square is no power: a form made so is found out."""
    model = gradcli.parse(f"input x: [3], w: [3]\ny = {body}\nloss L = sum(y * x)\n")
    found = model.derive(compact=True)
    assert found.notes == ()
    assert model.against(found.to_grad(), complete=True).verdict == "pass"


@pytest.mark.parametrize(
    "body",
    [
        "v = softmax(x)\nm = maximum(x, v)\nw = where(m > 0, m, 0)\nloss L = dot(w, x) / N",
        "v = softmax(0.5 * x)\nw = relu(abs(v))\nloss L = dot(w, x) / N",
    ],
)
def test_where_few_names_take_more_operations_more_are_kept(body: str) -> None:
    model = gradcli.parse(f"dim N = 3\ninput x: [N]\n{body}\n")
    found = model.derive(compact=True, layout="denominator")
    assert found.notes == ()
    assert model.against(found.to_grad(), complete=True).verdict == "pass"
    assert len(found.steps) <= 3


def test_a_line_that_is_a_part_of_an_earlier_one_stands_before_it() -> None:
    model = gradcli.parse(
        "dim N = 3\ninput x: [N], y: [N]\nparam A: [N, N]\nv = solve(A + 4 * eye(N), x + y)\n"
        "loss L = dot(A @ where(v > 0, v, 0), dot(v, x) * x) / N"
    )
    found = model.derive(compact=True, layout="denominator")
    assert sum(str(step).count("solve(") for step in found.steps) == 1
    assert model.against(found.to_grad(), complete=True).verdict == "pass"


OPERATIONS = ["tanh({})", "sigmoid({})", "{} * {}", "{} + {}", "{} - 0.5 * {}", "exp({} / 4)",
              "square({})", "A @ {}", "softmax({})", "{} / (2 + square({}))", "{} * sum({})",
              "relu({})", "{} - mean({})"]  # fmt: skip


def a_model(random: Random) -> str:
    names = ["x", "y"]
    lines = ["dim N = 3", "input x: [N], y: [N]", "param A: [N, N]"]
    for k in range(random.randint(2, 7)):
        template = random.choice(OPERATIONS)
        operands = [random.choice(names) for _ in range(template.count("{}"))]
        lines.append(f"v{k} = {template.format(*operands)}")
        names.append(f"v{k}")
    return "\n".join([*lines, f"loss L = sum({names[-1]} * {random.choice(names)})"])


@pytest.mark.parametrize("seed", range(40))
def test_random_models_have_a_compact_form_that_is_right(seed: int) -> None:
    text = a_model(Random(seed))
    model = gradcli.parse(text)
    found = model.derive(compact=True)
    literal = model.derive()
    assert not any("no shorter form" in note for note in found.notes), text
    assert model.against(found.to_grad(), complete=True).verdict == "pass", text
    assert len(found.steps) <= len(literal.steps), text
    calls = [[step.call for step in d.session.derivation.reified.steps] for d in (found, literal)]
    compact, listing = (sum(int(call.flops.value) for call in some) for some in calls)
    assert compact <= listing, text
