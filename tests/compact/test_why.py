"""`--why`: each way of writing a line is a derivation that `check` accepts, and says its rule."""

from __future__ import annotations

import json

import pytest
from support import EXAMPLES
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app

MODELS = ["layernorm", "batchnorm", "attention", "mlp", "polar"]


def explained(name: str) -> list[dict]:
    asked = ["--compact", "--why", "--json", "--layout", "denominator"]
    found = CliRunner().invoke(app, ["derive", str(EXAMPLES / f"{name}.eq"), *asked])
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)["backward"]


def left(record: dict) -> str:
    return record["target"] if record.get("own") else f"dL/d{record['target']}"


@pytest.mark.parametrize("name", MODELS)
def test_each_rewriting_of_a_line_is_right(name: str) -> None:
    model = gradcli.load(EXAMPLES / f"{name}.eq")
    lines = explained(name)
    written = [f"{left(line)} {line['assign']} {line['formula']}" for line in lines]
    tried = 0
    for k, line in enumerate(lines):
        for way in line["why"]:
            if "rule" in way:
                tried += 1
                other = f"{left(line)} {line['assign']} {way['formula']}"
                text = "\n".join(["layout denominator", *written[:k], other, *written[k + 1 :]])
                assert model.against(text + "\n", complete=True).verdict == "pass", other
    assert tried >= len(lines)


def test_every_literal_step_stands_in_the_way_of_some_line() -> None:
    steps = {w["step"] for line in explained("layernorm") for w in line["why"] if "step" in w}
    assert steps == set(range(1, 14))


def test_the_rules_are_named_with_their_facts() -> None:
    rules = [w.get("rule") for line in explained("layernorm") for w in line["why"]]
    assert "a known sum: the sums of centred are 0" in rules
    assert any(r and "X_hat is centred / z4, equation 7" in r for r in rules)


def test_a_way_in_numerators_has_no_transposition_of_what_is_transposed() -> None:
    path = str(EXAMPLES / "attention.eq")
    found = CliRunner().invoke(app, ["derive", path, "--compact", "--why", "-f", "grad"])
    assert "V / sqrt(D) @ dL/dO" in found.stdout
    assert "(V.T / sqrt(D)).T" not in found.stdout


@pytest.mark.parametrize("form", ["latex", "python"])
def test_a_form_that_cannot_say_why_is_refused(form: str) -> None:
    path = str(EXAMPLES / "mlp.eq")
    found = CliRunner().invoke(app, ["derive", path, "--compact", "--why", "-f", form])
    assert found.exit_code == 2
    assert "--why" in found.stderr


def test_why_is_said_of_the_compact_form_alone() -> None:
    found = CliRunner().invoke(app, ["derive", str(EXAMPLES / "mlp.eq"), "--why"])
    assert found.exit_code == 2
