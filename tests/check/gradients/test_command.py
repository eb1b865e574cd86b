"""`gradcli check`: its output in each form, its exit codes, its streams."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from support import EXAMPLES
from typer.testing import CliRunner
from valid import valid

from gradcli.cli import app

GOOD = "dim H = 4, X = 3\ninput x: [X]\nparam W: [H, X]\ny = tanh(W @ x)\nloss L = sum(y)\n"
BAD = "input x: [3]\nop twice(a) = 2 * a:\n    dL/da = 3 * dL/dout\ny = twice(x)\ngiven dL/dy\n"
TIE = "input x = [0, 1]\ny = relu(x)\ngiven dL/dy\n"
BROKEN = "input x: [3]\ny = x + nope\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gradcli(*arguments, text=None):
    return CliRunner().invoke(app, ["check", *map(str, arguments)], input=text)


def strict(text):
    return json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("flag", [(), ("--finite-diff",), ("--complex-step",)])
@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (BAD, 1), (BROKEN, 2), (TIE, 3)])
def test_exit_codes_and_streams(text, code, flag):
    ran = gradcli("-", *flag, text=text)
    assert ran.exit_code == code
    assert bool(ran.stdout) == (code != 2)
    assert ("error:" in ran.stderr) == (code == 2)


def test_the_json_is_that_of_the_contract():
    ran = gradcli("-", "--finite-diff", "--json", text=GOOD)
    document = strict(ran.stdout)
    valid("check", document)
    assert (document["ok"], document["method"]) == (True, "finite-diff")
    results = {result["name"]: result for result in document["results"]}
    assert list(results) == ["x", "W"]
    assert results["W"]["verdict"] == "pass"
    assert results["W"]["max_abs_error"] < 1e-8
    assert results["W"]["shape"] == [3, 4]
    assert results["W"]["checked"] == results["W"]["entries"] == 12
    row, column = results["W"]["worst_index"]
    assert (0 <= row < 3, 0 <= column < 4) == (True, True)


def test_what_json_lacks_is_text():
    document = strict(
        gradcli("-", "--json", text="input x = 0\ny = sqrt(x)\ngiven dL/dy = 1\n").stdout
    )
    (result,) = document["results"]
    assert (document["ok"], result["verdict"], result["worst"][0]["found"]) == (
        False, "inconclusive", "inf",
    )  # fmt: skip
    assert result["worst_index"] == []


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_indices_and_shapes_follow_the_layout(layout, folder):
    names = {"W": np.arange(12.0).reshape(4, 3)}
    np.savez(folder / "data.npz", **names)
    text = GOOD.replace("y = tanh(W @ x)", "y = broken(W) @ x").replace(
        "param", "op broken(a) = a * 1:\n    dL/da = dL/dout * (a != 5).T\nparam", 1
    )
    ran = gradcli("-", "--data", "data.npz", "--layout", layout, "--json", text=text)
    result = next(r for r in strict(ran.stdout)["results"] if r["name"] == "W")
    assert result["verdict"] == "fail"
    assert result["shape"] == ([3, 4] if layout == "numerator" else [4, 3])
    assert result["worst_index"] == ([2, 1] if layout == "numerator" else [1, 2])


def test_records_are_the_document():
    lines = [
        strict(line)
        for line in gradcli("-", "--steps", "-f", "ndjson", text=BAD).stdout.splitlines()
    ]
    document = strict(gradcli("-", "--steps", "--json", text=BAD).stdout)
    assert [line.pop("type") for line in lines] == ["check", "result", "step", "op", "dot-product"]
    lists = [document.pop(name) for name in ("results", "steps", "ops", "dot_products")]
    assert lines == [document, *(record for records in lists for record in records)]


def test_the_same_input_gives_the_same_bytes():
    first, second = (gradcli("-", "--json", "--points", 2, text=GOOD).stdout for _ in range(2))
    assert first == second
    assert first != gradcli("-", "--json", "--points", 2, "--seed", 1, text=GOOD).stdout


def test_precision_rounds_what_is_shown():
    found = strict(gradcli("-", "--json", "--precision", 3, text=BAD).stdout)["results"][0]
    assert all(len(repr(entry["found"]).replace("-", "")) <= 7 for entry in found["worst"])


def test_the_table_says_what_is_wrong():
    text = gradcli("-", "--steps", text=BAD).stdout
    assert "dL/dx" in text
    assert "yours = 1.5 × expected, in every entry" in text
    assert "equation: 1. y = twice(x)" in text
    assert "the first wrong derivative" not in text  # x is an input, and y is right
    assert "\x1b" not in text


def test_output_goes_to_a_file(folder):
    ran = gradcli("-", "--json", "-o", "report.json", text=BAD)
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert strict((folder / "report.json").read_text(encoding="utf-8"))["ok"] is False


# ── every model below a folder ──


def test_without_a_model_every_one_below_is_checked(folder):
    for name, text in (("b.eq", GOOD), ("a/c.eq", TIE), (".hidden/d.eq", BROKEN)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    ran = gradcli("--json")
    document = strict(ran.stdout)
    assert ran.exit_code == 3
    assert [model["source"] for model in document["models"]] == [str(Path("a/c.eq")), "b.eq"]
    assert [r["source"] for r in document["results"]] == [str(Path("a/c.eq")), "b.eq", "b.eq"]
    (folder / "z.eq").write_text(BAD, encoding="utf-8")
    ran = gradcli()
    assert ran.exit_code == 1
    assert "1 of 3 models pass" in ran.stdout


def test_wrong_models_among_them_are_all_reported_and_stop_no_other(folder):
    for name, text in (("a.eq", BROKEN), ("b.eq", GOOD), ("c.eq", BROKEN)):
        (folder / name).write_text(text, encoding="utf-8")
    ran = gradcli()
    assert ran.exit_code == 2
    assert ran.stdout.startswith("b.eq: pass")
    assert "a.eq:2:9: error:" in ran.stderr
    assert "c.eq:2:9: error:" in ran.stderr


def test_a_folder_without_models_is_an_error():
    ran = gradcli()
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "no *.eq file" in ran.stderr


# ── other options ──


def test_gradients_in_a_file(folder):
    (folder / "model.eq").write_text(GOOD, encoding="utf-8")
    derived = CliRunner().invoke(app, ["derive", "model.eq", "--json"])
    gradients = {n: g["value"] for n, g in strict(derived.stdout)["gradients"].items()}
    (folder / "grads.json").write_text(json.dumps(gradients), encoding="utf-8")
    assert gradcli("model.eq", "--against", "grads.json").exit_code == 0
    gradients["W"] = (np.array(gradients["W"]) * -1).tolist()
    (folder / "grads.json").write_text(json.dumps(gradients), encoding="utf-8")
    ran = gradcli("model.eq", "--against", "grads.json")
    assert ran.exit_code == 1
    assert "yours = -1 × expected" in ran.stdout
    ran = gradcli("--against", "grads.json")
    assert (ran.exit_code, ran.stdout) == (2, "")


def test_the_ten_worst_entries_are_listed_the_worst_first(folder):
    (folder / "model.eq").write_text("param W: [3, 4]\nloss L = sum(2 * W)\n", encoding="utf-8")
    off = np.random.default_rng(1).permutation(np.arange(1.0, 13.0)).reshape(4, 3)
    (folder / "grads.json").write_text(json.dumps({"W": (2 + off).tolist()}), encoding="utf-8")
    ran = gradcli("model.eq", "--against", "grads.json", "--json")
    worst = strict(ran.stdout)["results"][0]["worst"]
    assert [entry["found"] - 2 for entry in worst] == list(range(12, 2, -1))
    assert [off[tuple(entry["index"])] for entry in worst] == list(range(12, 2, -1))
    shown = gradcli("model.eq", "--against", "grads.json").stdout
    assert [float(found) for found in re.findall(r"fail: found (\S+),", shown)] == [
        14,
        13,
        12,
        11,
        10,
    ]


def test_a_library():
    pytest.importorskip("autograd")
    ran = gradcli(EXAMPLES / "mlp.eq", "--oracle", "autograd", "--json")
    assert (ran.exit_code, strict(ran.stdout)["method"]) == (0, "autograd")


def test_shared_options(folder):
    ran = gradcli("-", "--dim", "H=2", "--wrt", "W", "--json", text=GOOD)
    assert [(r["name"], r["shape"]) for r in strict(ran.stdout)["results"]] == [("W", [3, 2])]


def test_a_budget_is_said_aloud():
    ran = gradcli("-", "--dim", "H=60", "--dim", "X=60", "--budget", "0.001", text=GOOD)
    assert ran.exit_code == 0
    assert "only a sample was checked of" in ran.stdout
    assert "of 3,600" in ran.stdout
