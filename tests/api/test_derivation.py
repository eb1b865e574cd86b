"""A derivation from Python: its steps, its values and its texts are those of the command."""

import json

import numpy as np
import pytest
from support import EXAMPLES
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app

MODELS = sorted(EXAMPLES.glob("*.eq"))


def command(*arguments):
    found = CliRunner().invoke(app, [*map(str, arguments)])
    assert found.exit_code == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_steps_and_equations_are_the_records_of_the_document(path):
    found = gradcli.load(path).derive()
    document = json.loads(found.to_json())
    steps = [
        {"step": s.number, "eq": s.eq, "target": s.target, "assign": s.assign, "formula": s.formula,
         "shape": list(s.shape), "value": s.value.tolist()}
        for s in found.steps
    ]  # fmt: skip
    assert steps == [{key: record[key] for key in steps[0]} for record in document["backward"]]
    equations = [
        {
            "eq": e.eq,
            "name": e.name,
            "text": e.text,
            "shape": list(e.shape),
            "value": e.value.tolist(),
        }
        for e in found.equations
    ]
    assert equations == [
        {key: record[key] for key in equations[0]} for record in document["forward"]
    ]
    texts = {record["eq"]: record["text"] for record in document["forward"]}
    assert all(step.equation == texts[step.eq] for step in found.steps)
    for name, record in document["inputs"].items():
        assert found.values[name].tolist() == record["value"]


@pytest.mark.parametrize(
    ("form", "method"),
    [
        ("json", "to_json"),
        ("grad", "to_grad"),
        ("latex", "to_latex"),
        ("python", "to_python"),
        ("table", "__str__"),
    ],
)
def test_texts_are_those_of_the_command(form, method):
    path = EXAMPLES / "scanning_mlp.eq"
    found = gradcli.load(path).derive(layout="denominator")
    assert getattr(found, method)() == command(
        "derive", path, "--layout", "denominator", "-f", form
    )


def test_precision():
    found = gradcli.parse("input x = 3\nloss L = x / 7\n").derive()
    assert json.loads(found.to_json(precision=2))["gradients"]["x"]["value"] == 0.14


def test_a_step_reads_as_a_line_of_a_derivation():
    found = gradcli.load(EXAMPLES / "simple_mlp.eq").derive()
    lines = [line for line in found.to_grad().splitlines() if line.startswith("dL/d")]
    assert [str(step) for step in found.steps] == lines
    assert [str(equation) for equation in found.equations] == [s.text for s in found.equations]


def test_scalars_have_no_axes_and_nothing_can_be_written_to():
    found = gradcli.parse("input x = 3\nloss L = x^2\n").derive()
    assert found.gradients["x"].shape == ()
    assert (float(found.gradients["x"]), found.loss) == (6, 9)
    arrays = [*found.gradients.values(), *found.values.values(), *(s.value for s in found.steps)]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_without_a_loss():
    found = gradcli.load(EXAMPLES / "mlp.eq").derive()
    assert found.loss is None
    assert found.layout == "numerator"
    assert found.name.endswith("mlp.eq")
    assert repr(found) == f"<Derivation of {found.name}: 8 equations, 14 steps, numerator layout>"


def test_notes():
    found = gradcli.parse("input x = 0\nloss L = log(x)\n", name="log.eq").derive()
    assert found.notes == ("log.eq:2:10: note: L is not finite",)
    assert np.isinf(found.gradients["x"])


@pytest.mark.parametrize("memory", [None, 100])
def test_what_it_costs_and_saves_is_the_commands(memory):
    path = EXAMPLES / "lstm.eq"
    found = gradcli.load(path).derive()
    options = [] if memory is None else ["--memory", str(memory)]
    told = json.loads(command("derive", path, "--json", "--cost", "--saved", *options))
    assert found.cost() == told["cost"]
    assert found.saved(memory) == told["saved"]
    assert found.saved(memory)["bytes"] <= (memory or 10**9)


def test_memory_is_no_negative_number():
    with pytest.raises(gradcli.GradError, match="0 or more"):
        gradcli.load(EXAMPLES / "lstm.eq").derive().saved(-1)
