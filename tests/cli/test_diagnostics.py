"""Errors for programs: as JSON, one a line, as SARIF; and several models in one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import gradcli
from support import EXAMPLES

from gradcli.api import Model

GOOD = "input x: [2]\nparam w: [2]\nloss L = sum(x * w)\n"
WRONG = "input x: [2]\ny = foo * x\nz = (x +\n"
FAILING = "op f(x) = 2 * x:\n    dL/dx = dL/dout * 3\ninput a: [2]\ny = f(a)\ngiven dL/dy\n"
UNDECIDED = "input x = [0, 1]\nloss L = sum(relu(x))\n"
FOO = {
    "file": "wrong.eq",
    "line": 2,
    "column": 5,
    "end_line": 2,
    "end_column": 8,
    "message": "`foo` is not defined",
    "hint": None,
    "statement": {"line": 2, "column": 1, "end_line": 2, "end_column": 12},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    models = {"good": GOOD, "wrong": WRONG, "failing": FAILING, "undecided": UNDECIDED}
    for name, text in models.items():
        (tmp_path / f"{name}.eq").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def placed(record: dict[str, Any]) -> dict[str, Any]:
    """A record without its kind and type."""
    return {key: value for key, value in record.items() if key not in ("kind", "type")}


@pytest.mark.parametrize("command", ["derive", "check"])
def test_a_wrong_model(command: str) -> None:
    found = gradcli(command, "wrong.eq", "--json")
    assert (found.exit_code, found.stderr) == (2, "")
    document = json.loads(found.stdout)
    assert list(document) == ["diagnostics"]
    assert placed(document["diagnostics"][0]) == FOO
    assert [item["line"] for item in document["diagnostics"]] == [2, 3]
    lines = gradcli(command, "wrong.eq", "-f", "ndjson").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"type": "diagnostic", **item} for item in document["diagnostics"]
    ]


def test_without_json_nothing_is_on_standard_output() -> None:
    for form in ("table", "grad", "latex", "python"):
        found = gradcli("derive", "wrong.eq", "-f", form)
        assert (found.exit_code, found.stdout) == (2, "")
        assert found.stderr.startswith("wrong.eq:2:5: error: `foo` is not defined\n")


def test_it_is_on_standard_output_whatever_o_says(folder: Path) -> None:
    (folder / "out.json").write_text("before")
    found = gradcli("derive", "wrong.eq", "--json", "-o", "out.json")
    assert placed(json.loads(found.stdout)["diagnostics"][0]) == FOO
    assert (folder / "out.json").read_text() == "before"


@pytest.mark.parametrize(
    ("arguments", "file", "message"),
    [
        (("derive", "none.eq"), "none.eq", "no such file"),
        (("check", "none.eq"), "none.eq", "no such file"),
        (("derive", "good.eq", "--wrt", "q"), "good.eq", "q"),
        (("derive", "good.eq", "--data", "none.json"), "good.eq", "none.json"),
        (("check", "good.eq", "--against", "none.grad"), "good.eq", "none.grad"),
        (("check", "--against", "mine.grad"), None, "needs one model"),
        (("ops", "frobnicate"), None, "frobnicate"),
    ],
    ids=str,
)
def test_an_error_without_a_place(
    arguments: tuple[str, ...], file: str | None, message: str
) -> None:
    found = gradcli(*arguments, "--json")
    assert found.exit_code == 2
    (item,) = json.loads(found.stdout)["diagnostics"]
    assert item["file"] == file
    assert message in item["message"]
    assert item["line"] is item["column"] is item["end_line"] is item["end_column"] is None


def test_an_error_of_a_derivation_file(folder: Path) -> None:
    (folder / "mine.grad").write_text("\ndL/dx = = 1\n")
    found = gradcli("check", "good.eq", "--against", "mine.grad", "--json")
    (item,) = json.loads(found.stdout)["diagnostics"]
    assert (item["file"], item["line"]) == ("mine.grad", 2)
    (folder / "mine.grad").write_text("dL/dw = x.T\ndL/dx = = 1\n")
    found = gradcli("check", "good.eq", "--against", "mine.grad", "--json")
    assert found.exit_code == 3  # the other line is judged
    lines = json.loads(found.stdout)["lines"]
    assert [line["verdict"] for line in lines] == ["right", "unchecked"]


def test_data_that_do_not_fit_point_to_the_declaration(folder: Path) -> None:
    (folder / "shaped.eq").write_text("input a\ninput x: [3]\ny = a * x\n")
    (folder / "two.json").write_text('{"x": [1, 2]}')
    found = gradcli("derive", "shaped.eq", "--data", "two.json", "--json")
    (item,) = json.loads(found.stdout)["diagnostics"]
    assert item["line"] is None
    place = {"line": 2, "column": 7, "end_line": 2, "end_column": 8}
    assert item["related"] == [{"file": "shaped.eq", **place, "message": "x is declared here"}]

    (result,) = sarif("shaped.eq", "--data", "two.json", code=2)
    (other,) = result["relatedLocations"]
    assert other["message"]["text"] == "x is declared here"
    region = {"startLine": 2, "startColumn": 7, "endLine": 2, "endColumn": 8}
    assert other["physicalLocation"]["region"] == region


# ── several models ──

CODES = {
    ("good.eq", "good.eq"): 0,
    ("good.eq", "failing.eq"): 1,
    ("good.eq", "undecided.eq"): 3,
    ("undecided.eq", "failing.eq"): 1,
    ("wrong.eq", "good.eq"): 2,
    ("failing.eq", "wrong.eq", "good.eq"): 2,
    ("wrong.eq", "none.eq"): 2,
}


@pytest.mark.parametrize("models", CODES, ids=" ".join)
def test_several_models_end_with_the_worst_code(models: tuple[str, ...]) -> None:
    found = gradcli("check", *models)
    assert found.exit_code == CODES[models]
    for model in models:
        wrong = model in ("wrong.eq", "none.eq")
        assert (f"{model}: " in found.stdout) is not wrong
        assert (f"{model}:" in found.stderr) is wrong
    wrong = sum(model in ("wrong.eq", "none.eq") for model in models)
    counted = f"error: {wrong} of {len(models)} models can't be checked\n"
    assert found.stderr.endswith(counted if wrong else "")


def test_a_broken_model_does_not_stop_a_folder(folder: Path) -> None:
    (folder / "below").mkdir()
    (folder / "below" / "more.eq").write_text(GOOD)
    found = gradcli("check", "--finite-diff")
    assert found.exit_code == 2
    for name in ("below/more.eq", "good.eq", "failing.eq", "undecided.eq"):
        assert f"{name}: " in found.stdout
    assert "wrong.eq:2:5: error: `foo` is not defined\n" in found.stderr


def test_a_folder_may_be_named_beside_files(folder: Path) -> None:
    below = folder / "below" / "deeper"
    below.mkdir(parents=True)
    (below / "more.eq").write_text(GOOD)
    (folder / "below" / ".hidden").mkdir()
    (folder / "below" / ".hidden" / "hidden.eq").write_text("wrong")
    found = gradcli("check", "below", "failing.eq")
    assert found.exit_code == 1
    assert "below/deeper/more.eq: pass" in found.stdout
    assert "failing.eq: fail" in found.stdout
    assert not found.stderr


def test_a_folder_without_models_is_an_error(folder: Path) -> None:
    (folder / "no\x1b[31m").mkdir()
    found = gradcli("check", "no\x1b[31m")
    assert found.exit_code == 2
    message = "error: there is no *.eq file below no\\x1b[31m\nhint: gradcli check MODEL\n"
    assert found.stderr == message


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_defect_in_one_model_does_not_stop_the_others(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told with the model's name, and the exit code is the worst."""
    checked = Model.check

    def check(model: Model, **asked: Any) -> Any:
        if model.parsed.source.name == "undecided.eq":
            raise RuntimeError("broken\x1b[31m")
        return checked(model, **asked)

    monkeypatch.setattr(Model, "check", check)
    found = gradcli("check", "undecided.eq", "good.eq", "-f", form)
    assert found.exit_code == 2
    message = "undecided.eq: gradcli itself failed (RuntimeError: broken\\x1b[31m); "
    if form == "table":
        assert f"error: {message}" in found.stderr
        assert found.stderr.endswith("error: 1 of 2 models can't be checked\n")
        assert "good.eq: pass" in found.stdout
    else:
        document = json.loads(found.stdout)
        (record,) = document["diagnostics"]
        assert (record["kind"], record["file"]) == ("defect", "undecided.eq")
        assert record["message"].startswith(message)
        assert [model["verdict"] for model in document["models"]] == ["pass"]


def test_where_a_defect_is_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Model, "check", None)
    monkeypatch.setenv("GRADCLI_TRACEBACK", "1")
    found = gradcli("check", "undecided.eq", "good.eq")
    assert isinstance(found.exception, TypeError)


def test_a_file_that_is_not_there_is_unreadable() -> None:
    for path in ("none.eq", "nul\0.eq"):
        (record,) = json.loads(gradcli("check", path, "--json").stdout)["diagnostics"]
        assert record["kind"] == "unreadable-file"


def test_several_models_as_json() -> None:
    found = gradcli("check", "wrong.eq", "good.eq", "--json")
    assert (found.exit_code, found.stderr) == (2, "")
    document = json.loads(found.stdout)
    assert document["ok"] is False
    assert [model["source"] for model in document["models"]] == ["good.eq"]
    assert placed(document["diagnostics"][0]) == FOO
    lines = gradcli("check", "wrong.eq", "good.eq", "-f", "ndjson").stdout.splitlines()
    kinds = [json.loads(line)["type"] for line in lines]
    assert kinds[0] == "check"
    assert kinds[-2:] == ["diagnostic", "diagnostic"]


def test_several_models_that_are_all_wrong() -> None:
    found = gradcli("check", "wrong.eq", "none.eq", "--json")
    assert found.exit_code == 2
    files = [item["file"] for item in json.loads(found.stdout)["diagnostics"]]
    assert files == ["wrong.eq", "wrong.eq", "none.eq"]


def test_a_derivation_is_of_one_model(folder: Path) -> None:
    (folder / "mine.grad").write_text("dL/dw = x.T\n")
    found = gradcli("check", "good.eq", "failing.eq", "--against", "mine.grad")
    assert found.exit_code == 2
    assert "needs one model" in found.stderr


# ── SARIF ──


def sarif(*arguments: str | Path, code: int) -> list[dict[str, Any]]:
    """The results of a log, after a look at what SARIF 2.1.0 demands of it."""
    found = gradcli("check", *arguments, "-f", "sarif")
    assert found.exit_code == code, found.stderr
    log = json.loads(found.stdout)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "gradcli"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    results: list[dict[str, Any]] = run["results"]
    for result in results:
        assert result["ruleId"] in rules
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        for location in result["locations"]:
            region = location["physicalLocation"]["region"]
            assert region["startLine"] >= 1
            ends = region.get("endLine", 1), region.get("endColumn", 1)
            assert ends >= (region["startLine"], region.get("startColumn", 1))
    return results


def where(result: dict[str, Any]) -> tuple[str, dict[str, int]]:
    place = result["locations"][0]["physicalLocation"]
    return place["artifactLocation"]["uri"], place["region"]


def test_sarif_of_a_wrong_model() -> None:
    found = sarif("wrong.eq", code=2)
    region = {"startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 8}
    assert where(found[0]) == ("wrong.eq", region)
    assert found[0]["level"] == "error"


def test_sarif_of_several_models() -> None:
    assert sarif("good.eq", code=0) == []
    found = sarif("good.eq", "failing.eq", "undecided.eq", "wrong.eq", code=2)
    levels = {(where(result)[0], result["level"]) for result in found}
    assert levels == {
        ("failing.eq", "error"), ("undecided.eq", "warning"), ("wrong.eq", "error"),
    }  # fmt: skip


def test_sarif_of_a_derivation(folder: Path) -> None:
    (folder / "mine.grad").write_text("dL/dw = x.T\ndL/dx = 2 * w.T\n")
    (found,) = sarif("good.eq", "--against", "mine.grad", code=1)
    assert where(found)[0] == "mine.grad"
    assert where(found)[1]["startLine"] == 2
    assert "w.T" in found["message"]["text"]
    (hinted,) = sarif("good.eq", "--against", "mine.grad", "--hint", code=1)
    assert "expected" not in hinted["message"]["text"]


def test_a_file_as_a_uri(folder: Path) -> None:
    (folder / "a b%σ.eq").write_text("y = q\n")
    assert where(sarif("a b%σ.eq", code=2)[0])[0] == "a%20b%25%CF%83.eq"
    assert where(sarif(folder / "wrong.eq", code=2)[0])[0] == (folder / "wrong.eq").as_uri()


# ── values ──


def test_norms_are_those_of_the_values() -> None:
    path = str(EXAMPLES / "mlp.eq")
    whole, norms = (
        json.loads(gradcli("derive", path, "--json", "--values", values).stdout)
        for values in ("all", "norms")
    )
    for part in ("forward", "backward"):
        for one, other in zip(whole[part], norms[part], strict=True):
            assert other["norm"] == pytest.approx(np.linalg.norm(np.ravel(one["value"])))
    for part in ("inputs", "given", "outputs", "gradients"):
        for name, item in whole[part].items():
            assert norms[part][name]["norm"] == pytest.approx(
                np.linalg.norm(np.ravel(item["value"]))
            )


@pytest.mark.parametrize("power", [-200, 0, 200])
def test_a_norm_neither_overflows_nor_vanishes(power: int) -> None:
    text = f"input x = [3e{power}, 4e{power}]\nloss L = sum(x)\n"
    found = json.loads(gradcli("derive", "-", "--json", "--values", "norms", text=text).stdout)
    assert found["inputs"]["x"]["norm"] == pytest.approx(5 * 10.0**power)


def test_a_norm_that_json_lacks() -> None:
    text = "input x = [-1, 0]\ny = log(x)\nz = 1 / x[1]\nloss L = sum(y) + z\n"
    found = json.loads(gradcli("derive", "-", "--json", "--values", "norms", text=text).stdout)
    assert {item["name"]: item["norm"] for item in found["forward"]}["y"] == "nan"


def test_values_go_with_json() -> None:
    found = gradcli("derive", "good.eq", "--values", "none")
    assert (found.exit_code, found.stdout) == (2, "")
