"""Each gradient's check says whether it is proven."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import EXAMPLES, session
from typer.testing import CliRunner

import gradcli
from gradcli.check.gradients.numeric import Options, check
from gradcli.check.gradients.result import FAIL, PASS, Report
from gradcli.cli import app
from gradcli.proof.verdict import LOG_BOUND, PROVEN, REFUTED, UNDECIDED
from gradcli.render.report import document

OP = """
dim N = 3
op gated(x, b) = x * sigmoid(b * x):
    dL/dx = dL/dout * (sigmoid(b * x) + b * x * sigmoid(b * x) * (1 - sigmoid(b * x))).T{off}
    dL/db = sum(dL/dout.T * x^2 * sigmoid(b * x) * (1 - sigmoid(b * x)))
input x: [N], b = 0.7
loss L = sum(square(gated(x, b)))
"""


def report(model: str, **options: object) -> Report:
    return check(session(model), Options(**options))  # type: ignore[arg-type]


def test_every_gradient_is_proven() -> None:
    found = report("input x: [3], W: [2, 3]\nloss L = sum(softmax(W @ x) * exp(W @ x))\n")

    for result in found.results:
        assert (result.verdict, result.proof and result.proof.verdict) == (PASS, PROVEN)
    assert any(note.startswith("proven: but for a chance below 2^-") for note in found.notes)


def test_every_intermediate_derivative_is_proven() -> None:
    found = report("input x: [3]\nz = exp(x)\ny = z * x + z\nloss L = sum(y^2)\n", steps=True)

    assert len(found.steps) > 3
    for result in found.steps:
        assert result.proof is not None
        assert (result.name, result.proof.verdict) == (result.name, PROVEN)


def test_an_ops_own_rule_is_proven() -> None:
    found = report(OP.format(off=""))

    assert {r.proof.verdict for r in found.ops if r.proof} == {PROVEN}
    assert {r.proof.verdict for r in found.results if r.proof} == {PROVEN}


def test_an_ops_rule_that_is_off_below_rounding_fails() -> None:
    found = report(OP.format(off=" * (1 + 1e-13)"))

    (rule, other) = found.ops
    assert (rule.verdict, rule.reason) == (FAIL, "refuted")
    assert rule.proof is not None
    assert rule.proof.verdict == REFUTED
    assert rule.proof.witness is not None
    assert (other.verdict, other.proof and other.proof.verdict) == (PASS, PROVEN)
    assert found.verdict == FAIL
    (model, _) = found.results
    assert (model.verdict, model.reason) == (FAIL, "refuted")


def test_a_surrogate_is_not_proven() -> None:
    found = report(
        "surrogate op step(x) = sign(x):\n    dL/dx = dL/dout\n"
        "input x: [3]\nloss L = sum(square(step(x)))\n"
    )

    (result,) = found.results
    assert result.verdict == PASS
    assert result.proof is not None
    assert result.proof.verdict == UNDECIDED
    assert "a surrogate" in str(result.proof.reason)


def test_masks_and_labels_keep_their_values() -> None:
    found = report(
        "dim N = 4\nconst mask = [1, 0, 1, 1]\ninput s: [N]\n"
        "p = softmax(where(mask, s, -1e9))\nloss L = sum(p * s)\n"
    )

    assert {r.proof.verdict for r in found.results if r.proof} == {PROVEN}


def test_what_is_too_large_is_left_to_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcli.proof.evaluation.WORK", 10)

    found = report("input x: [3]\nloss L = sum(exp(x))\n")

    (result,) = found.results
    assert (result.verdict, result.proof and result.proof.verdict) == (PASS, UNDECIDED)
    assert "not proven, dL/dx: too large to evaluate exactly" in found.notes


def test_it_is_in_the_table_and_in_json() -> None:
    found = gradcli.parse("input x: [3]\nloss L = sum(exp(x))\n").check()

    assert found.gradients["x"].proof == "proven"
    (line,) = [line for line in str(found).splitlines() if line.strip().startswith("dL/dx")]
    assert "proven" in line
    (record,) = json.loads(found.to_json())["results"]
    assert record["proof"] == "proven"
    assert 0 < record["bound"] <= 2**LOG_BOUND
    refuted = json.loads("".join(document([report(OP.format(off=" * (1 + 1e-13)"))])))["ops"][0]
    assert refuted["proof"] == "refuted"
    assert refuted["witness"]["found"] != refuted["witness"]["expected"]


@pytest.mark.parametrize("name", ["mlp", "lstm", "layernorm"])
def test_an_example_is_proven(name: str) -> None:
    found = gradcli.load(EXAMPLES / f"{name}.eq").check()

    assert {each.proof for each in found.gradients.values()} == {"proven"}


MEAN = """
dim N = 4, M = 2
op average(x) = sum(x) / N:
    dL/dx = broadcast(dL/dout, [N]).T * {scale}
input x: [N], w: [N, M]
y = w.T @ x
loss L = sum(square(y)) * average(exp(x))
"""


def test_a_proof_is_tried_at_other_sizes_too(tmp_path: Path) -> None:
    (tmp_path / "model.eq").write_text(MEAN.format(scale="1 / N"))
    found = gradcli.load(tmp_path / "model.eq").check()

    for result in found.report.results:
        assert result.sizes == ({"N": 4, "M": 2}, {"N": 3, "M": 4})
    (note,) = [note for note in found.notes if note.startswith("proven")]
    assert note.endswith(", at N = 4, M = 2 and at N = 3, M = 4")


def test_a_rule_that_holds_at_its_sizes_alone(tmp_path: Path) -> None:
    (tmp_path / "model.eq").write_text(MEAN.format(scale="0.25"))
    result = CliRunner().invoke(app, ["check", str(tmp_path / "model.eq"), "--json"])

    assert result.exit_code == 0
    record = json.loads(result.stdout)
    by_name = {r["name"]: r for r in record["results"]}
    assert by_name["w"]["sizes"] == [{"N": 4, "M": 2}, {"N": 3, "M": 4}]
    assert by_name["x"]["sizes"] == [{"N": 4, "M": 2}]
    assert by_name["x"]["not_at"] == {"N": 3, "M": 4}
    shown = CliRunner().invoke(app, ["check", str(tmp_path / "model.eq")]).stdout
    assert "right at these sizes alone, not at N = 3, M = 4: dL/dx" in shown


def test_a_model_without_dims_has_no_other_sizes(tmp_path: Path) -> None:
    (tmp_path / "model.eq").write_text("input w: [3]\nloss L = dot(w, w)\n")
    found = gradcli.load(tmp_path / "model.eq").check()
    assert [result.sizes for result in found.report.results] == [()]
