"""What the commands write with --json is valid against the schema that the package ships."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner
from valid import all_valid, valid, validator

from gradcli import load
from gradcli.cli import app
from gradcli.render import report
from gradcli.render.json_ import document, records
from gradcli.schema import documents, schema, schema_of
from gradcli.session import Request, run

ROOT = Path(__file__).parents[2]
COURSE = sorted((ROOT / "examples" / "course").glob("*.grad"))
EXAMPLES = sorted((ROOT / "examples").rglob("*.eq"))
CHECKED = sorted((ROOT / "examples").glob("*.eq"))  # those in folders: tests/oracle
WRONG = ROOT / "examples" / "course" / "mlp.grad"  # with a wrong line


def derived(path, **request):
    return json.loads("".join(document(run(str(path), Request(**request)))))


def gradcli(*arguments, text=None):
    return CliRunner().invoke(app, [*map(str, arguments)], input=text)


@pytest.mark.parametrize("name", documents())
def test_each_schema_is_a_schema(name):
    Draft202012Validator.check_schema(schema_of(name))


def test_the_whole_is_a_schema():
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_derivations_are_valid(path):
    valid("derive", derived(path))


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_the_whole_schema_takes_a_derivation(layout):
    found = derived(ROOT / "examples" / "mlp.eq", layout=layout)
    valid("derive", found)
    valid("", found)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_record_is_valid_and_they_are_the_document(path):
    session = run(str(path), Request())
    lines = [json.loads(line) for line in records(session)]
    kinds = {(line["type"], *line, np.ndim(line.get("value"))): line for line in lines}
    for line in kinds.values():
        valid("record", line)
    whole = json.loads("".join(document(session)))
    assert [line for line in lines if line["type"] == "forward"] == [
        {"type": "forward", **record} for record in whole["forward"]
    ]
    assert len(lines) == 1 + sum(
        len(part) for key, part in whole.items() if isinstance(part, list | dict)
        if key not in ("dims", "notes")
    )  # fmt: skip


def test_numbers_that_json_lacks_are_valid():
    model = "input a = 0\nL = log(a)\nloss M = L * 0\n"
    found = gradcli("derive", "-", "--json", text=model)
    assert '"-inf"' in found.stdout
    assert '"nan"' in found.stdout
    valid("derive", json.loads(found.stdout, parse_constant=pytest.fail))


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: path.stem)
def test_checks_are_valid(path):
    found = load(str(path)).check().report
    whole = json.loads("".join(report.document([found])), parse_constant=pytest.fail)
    lines = [json.loads(line, parse_constant=pytest.fail) for line in report.records([found])]
    all_valid("record", lines)
    valid("check", whole)
    valid("", whole)
    assert whole["results"]


def test_the_command_writes_what_is_held_against_the_schema():
    path = CHECKED[0]
    for form, lines in (("json", report.document), ("ndjson", report.records)):
        found = load(str(path)).check().report
        assert gradcli("check", path, "-f", form).stdout == "".join(lines([found]))


@pytest.mark.parametrize(
    ("path", "detail"),
    [(path, "") for path in COURSE]
    + [(WRONG, detail) for detail in ("--hint", "--quiet", "--complete")],
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_verdicts_on_a_derivation_are_valid(path, detail):
    model = re.search(r"gradcli check (\S+) --against", path.read_text(encoding="utf-8"))[1]
    options = [ROOT / model, "--against", path, *([detail] if detail else [])]
    found = json.loads(gradcli("check", *options, "--json").stdout, parse_constant=pytest.fail)
    valid("against", found)
    valid("", found)
    if path == WRONG:  # a record is one of the document's lines, and takes as long to come to
        lines = gradcli("check", *options, "-f", "ndjson").stdout.splitlines()
        all_valid("record", map(json.loads, lines))


def test_the_operations_are_valid():
    found = json.loads(gradcli("ops", "--json").stdout)
    valid("ops", found)
    valid("", found)


def test_every_list_of_a_check_is_valid():
    model = "op twice(x) = 2 * x:\n    dL/dx = 2 * dL/dout\ninput a = 3\nloss L = twice(a)^2\n"
    found = json.loads(gradcli("check", "-", "--steps", "--json", text=model).stdout)
    valid("check", found)
    assert {"results", "steps", "ops", "dot_products"} <= set(found)


def test_gradients_from_elsewhere_are_valid(tmp_path):
    model = ROOT / "examples" / "mlp.eq"
    gradients = {name: found["value"] for name, found in derived(model)["gradients"].items()}
    gradients["W1"][0][0] += 1
    path = tmp_path / "gradients.json"
    path.write_text(json.dumps(gradients), encoding="utf-8")
    for options in (["--against", path], ["--oracle", "autograd"]):
        found = json.loads(gradcli("check", model, *options, "--json").stdout)
        valid("check", found)
        assert found["ok"] == ("--oracle" in options)


def test_what_is_wrong_with_a_model_is_valid(tmp_path):
    wrong = tmp_path / "wrong.eq"
    wrong.write_text("y = q\nz = (x +\n", encoding="utf-8")
    for command in ("derive", "check"):
        for model in (wrong, tmp_path / "none.eq"):
            found = json.loads(gradcli(command, model, "--json").stdout)
            valid("diagnostics", found)
            valid("", found)
            all_valid(
                "record",
                map(json.loads, gradcli(command, model, "-f", "ndjson").stdout.splitlines()),
            )
    several = gradcli("check", wrong, ROOT / "examples" / "mlp.eq", "--json")
    valid("check", json.loads(several.stdout))
    assert several.exit_code == 2


@pytest.mark.parametrize("values", ["all", "norms", "none"])
def test_what_is_told_of_values_is_valid(values):
    path = ROOT / "examples" / "mlp.eq"
    text = gradcli("derive", path, "--json", "--values", values).stdout
    valid("derive", json.loads(text))
    all_valid(
        "record",
        map(
            json.loads,
            gradcli("derive", path, "-f", "ndjson", "--values", values).stdout.splitlines(),
        ),
    )
    assert ('"value":' in text, '"norm":' in text) == (values == "all", values == "norms")


MUTILATED = {
    "no schema_version": lambda d: d.pop("schema_version"),
    "another version": lambda d: d.update(schema_version=2),
    "an unknown key": lambda d: d.update(more=1),
    "an unknown key in a step": lambda d: d["backward"][0].update(more=1),
    "a step without a formula": lambda d: d["backward"][0].pop("formula"),
    "another assignment": lambda d: d["backward"][0].update(assign=":="),
    "a flat number for a matrix": lambda d: d["forward"][0].update(value=1.0),
    "a text as value": lambda d: d["forward"][0].update(value=[["NaN"]]),
    "an unknown layout": lambda d: d.update(layout="mixed"),
    "an equation 0": lambda d: d["forward"][0].update(eq=0),
    "an unknown role": lambda d: d["gradients"]["W1"].update(role="weight"),
}


@pytest.mark.parametrize("name", MUTILATED)
def test_what_is_wrong_is_refused(name):
    """A valid document, changed in one place."""
    found = derived(ROOT / "examples" / "mlp.eq")
    assert validator("derive").is_valid(found)
    MUTILATED[name](found)
    assert not validator("derive").is_valid(found)
    assert not validator("").is_valid(found)


def test_the_command_prints_the_schema():
    assert json.loads(gradcli("schema").stdout) == schema()
    assert json.loads(gradcli("schema", "derive").stdout) == schema_of("derive")


def test_an_unknown_schema_is_an_error():
    found = gradcli("schema", "derived")
    assert (found.exit_code, found.stdout) == (2, "")
    assert ", ".join(documents()) in found.stderr
