"""Exit codes and streams: data on standard output, all else on standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import gradcli, process
from support import EXAMPLES

LSTM = str(EXAMPLES / "lstm.eq")
ESCAPE = "\x1b"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small model in a folder of its own."""
    path = tmp_path / "model.eq"
    path.write_text("dim N = 2\ninput x: [N]\nparam w: [N]\nloss L = sum(x * w)\n")
    return path


FORMATS = ["table", "json", "ndjson", "grad"]


@pytest.mark.parametrize("form", FORMATS)
def test_data_goes_to_standard_output(form: str) -> None:
    found = gradcli("derive", LSTM, "-f", form)
    assert found.exit_code == 0
    assert found.stdout
    assert not found.stderr
    assert ESCAPE not in found.stdout


def test_notes_go_to_standard_error(model: Path) -> None:
    model.write_text("input a: [2], b: [3]\ny = a + b.T\n")
    found = gradcli("derive", model, "--json")
    json.loads(found.stdout)
    assert "note: both sides are stretched" in found.stderr
    assert "no loss and no given" in found.stderr


WRONG = {
    "an unknown name": (["{model}"], "y = q * 2\n"),
    "a syntax error": (["{model}"], "y = = 2\n"),
    "an empty file": (["{model}"], ""),
    "no file": (["none.eq"], None),
    "a folder without a model": (["{folder}/empty"], None),
    "a dim that is not there": (["{model}", "--dim", "Q=3"], None),
    "a dim with no number": (["{model}", "--dim", "N=x"], None),
    "a size of 0": (["{model}", "--dim", "N=0"], None),
    "data that are not there": (["{model}", "--data", "none.json"], None),
    "an unknown wrt": (["{model}", "--wrt", "q"], None),
    "an unknown layout": (["{model}", "--layout", "sideways"], None),
    "an unknown format": (["{model}", "--format", "docx"], None),
    "an unknown option": (["{model}", "--frobnicate"], None),
    "a precision of 0": (["{model}", "--precision", "0"], None),
    "a negative seed": (["{model}", "--seed", "-1"], None),
    "too many elements": (["{model}", "--dim", "N=100", "--max-elements", "99"], None),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("command", ["derive", "check"])
def test_wrong_input_is_2_and_nothing_on_standard_output(
    command: str, case: str, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, text = WRONG[case]
    if text is not None:
        model.write_text(text)
    monkeypatch.chdir(model.parent)
    (model.parent / "empty").mkdir()
    filled = [a.format(model=model, folder=model.parent) for a in arguments]
    found = gradcli(command, *filled)
    assert found.exit_code == 2
    assert not found.stdout
    assert found.stderr
    assert "Traceback" not in found.stderr


def test_an_error_has_its_place_line_and_caret(model: Path) -> None:
    model.write_text("input W_fh: [2]\n\ny = exp(W_hf)\n")
    found = gradcli("derive", model)
    assert found.stderr.splitlines() == [
        f"{model}:3:9: error: `W_hf` is not defined",
        "y = exp(W_hf)",
        "        ^^^^",
        "hint: did you mean `W_fh`?",
    ]


def test_several_errors_in_one_run(model: Path) -> None:
    model.write_text("input x: [2]\ny = x @ x\nz = (x +\nw = q\n")
    assert gradcli("derive", model).stderr.count("error:") >= 2


def test_standard_input() -> None:
    found = gradcli("derive", "-", "--json", text="input x = 3\ny = x^2\n")
    document = json.loads(found.stdout)
    assert document["source"] == "<stdin>"
    assert document["gradients"]["x"]["value"] == 6
    assert "<stdin>:1:5: error:" in gradcli("derive", "-", text="y = q\n").stderr


def test_json_is_format_json(model: Path) -> None:
    one, two = gradcli("derive", model, "--json"), gradcli("derive", model, "--format", "json")
    assert one.stdout == two.stdout


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_input_and_seed_give_the_same_bytes(form: str) -> None:
    """In two processes, so that no order of hashing is in it."""
    one, two = (
        process("derive", LSTM, "-f", form, env={"PYTHONHASHSEED": seed, "PATH": ""})
        for seed in "12"
    )
    assert one.returncode == two.returncode == 0
    assert one.stdout == two.stdout


def test_another_seed_gives_other_values(model: Path) -> None:
    one, two = (gradcli("derive", model, "--json", "--seed", s).stdout for s in ("0", "1"))
    assert one != two


def test_what_json_lacks_is_text(model: Path) -> None:
    model.write_text("input x = [0, -1]\ny = [log(x); -1/x[0]]\ngiven dL/dy = [1, 1, 1]\n")
    for form in ("json", "ndjson"):
        found = gradcli("derive", model, "-f", form)
        assert "NaN" not in found.stdout
        assert "Infinity" not in found.stdout
    document = json.loads(gradcli("derive", model, "--json").stdout)
    assert document["outputs"]["y"]["value"] == [["-inf"], ["nan"], ["-inf"]]


def test_the_document() -> None:
    document = json.loads(gradcli("derive", LSTM, "--json").stdout)
    assert document["schema_version"] == 1
    assert document["layout"] == "numerator"
    assert document["dims"] == {"H": 4, "X": 3}
    first = document["forward"][0]
    assert {
        k: first[k] for k in ("eq", "name", "op", "args", "text", "shape", "symbolic_shape")
    } == {
        "eq": 1,
        "name": "z1",
        "op": "matmul",
        "args": ["W_fc", "C_prev"],
        "text": "z1 = W_fc @ C_prev",
        "shape": [4, 1],
        "symbolic_shape": ["H", "1"],
    }
    step = document["backward"][0]
    assert {k: v for k, v in step.items() if k != "value"} == {
        "step": 1,
        "eq": 31,
        "target": "o_t",
        "assign": "=",
        "formula": "dL/dh_t * z25.T",
        "shape": [1, 4],
        "symbolic_shape": ["1", "H"],
    }
    assert np.shape(step["value"]) == (1, 4)
    assert set(document["outputs"]) == {"h_t", "C_t"}
    assert document["gradients"]["W_fx"]["role"] == "param"
    assert document["gradients"]["W_fx"]["shape"] == [3, 4]
    assert np.shape(document["gradients"]["W_fx"]["value"]) == (3, 4)


def test_a_scalar_is_a_number_with_no_shape(model: Path) -> None:
    document = json.loads(gradcli("derive", model, "--json").stdout)
    assert document["outputs"]["L"]["shape"] == []
    assert isinstance(document["outputs"]["L"]["value"], float)


def test_ndjson_holds_the_same_records() -> None:
    document = json.loads(gradcli("derive", LSTM, "--json").stdout)
    records = [
        json.loads(line) for line in gradcli("derive", LSTM, "-f", "ndjson").stdout.splitlines()
    ]
    by_type: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_type.setdefault(record.pop("type"), []).append(record)
    assert by_type["forward"] == document["forward"]
    assert by_type["backward"] == document["backward"]
    gradients = {record.pop("name"): record for record in by_type["gradient"]}
    assert gradients == document["gradients"]
    assert {"model", "input", "given", "output"} <= set(by_type)


def test_precision(model: Path) -> None:
    document = json.loads(gradcli("derive", model, "--json", "--precision", "3").stdout)
    value = document["outputs"]["L"]["value"]
    assert value == float(f"{value:.3g}")


def test_the_values_are_a_models_data(model: Path, tmp_path: Path) -> None:
    """What one run printed, another may be given."""
    document = json.loads(gradcli("derive", model, "--json", "--seed", "7").stdout)
    data = tmp_path / "data.json"
    data.write_text(json.dumps({name: item["value"] for name, item in document["inputs"].items()}))
    again = json.loads(gradcli("derive", model, "--json", "--data", data).stdout)
    assert again["outputs"] == document["outputs"]
    assert again["gradients"] == document["gradients"]


def test_check_passes_and_fails(model: Path) -> None:
    assert gradcli("check", model, "--finite-diff").exit_code == 0
    model.write_text(
        "op f(x) = 2 * x:\n    dL/dx = dL/dout * 3\ninput a: [2]\ny = f(a)\ngiven dL/dy\n"
    )
    assert gradcli("check", model, "--finite-diff").exit_code == 1
    document = json.loads(gradcli("check", model, "--finite-diff", "--json").stdout)
    assert document["ok"] is False
    assert document["results"][0]["verdict"] == "fail"


# ── processes ──


def test_python_m_gradcli() -> None:
    found = process("derive", "-", "--json", text=b"input x = 3\ny = x^2\n")
    assert found.returncode == 0
    assert json.loads(found.stdout)["gradients"]["x"]["value"] == 6


def test_exit_codes_of_a_process() -> None:
    assert process("derive", "-", text=b"y = q\n").returncode == 2
    assert process("frobnicate").returncode == 2
    assert process("--version").returncode == 0
    assert process("--help").returncode == 0


def test_a_pipe_that_closes_early_is_no_error() -> None:
    command = f"{sys.executable} -m gradcli derive {LSTM} --json | head -c 1"
    found = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert found.stdout == b"{"
    assert found.stderr == b""


def test_no_colour_in_a_pipe_even_when_asked_for_by_the_terminal() -> None:
    found = process("derive", LSTM, env={"TERM": "xterm-256color", "PATH": ""})
    assert ESCAPE.encode() not in found.stdout + found.stderr


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        b"y = \x00",
        b"y = " + b"(" * 100_000 + b"x" + b")" * 100_000,
        b"input x\ny = " + b"x + " * 5_000 + b"x\n",
        b"input x\ny = x * " + b"9" * 5000,
        b"input x\ny = x * 1e400",
        b"dim N = 1000000\ninput x: [N, N]\ny = x\n",
        b"input x\ny = " + b"-" * 5_000 + b"x\n",
        b"input x\ny = x" + b"^x" * 5_000 + b"\n",
        b"input x: [2, 2]\ny = x" + b".T" * 5_000 + b"\ngiven dL/dy\n",
        b"y = " + b"[" * 50_000 + b"1" + b"]" * 50_000,
    ],
    ids=lambda t: repr(t[:24]),
)
def test_hostile_input_ends_in_one_clear_error_or_works(text: bytes) -> None:
    found = process("derive", "-", "-f", "grad", text=text, timeout=60)
    assert found.returncode in (0, 2)
    assert b"Traceback" not in found.stderr
    assert b"itself failed" not in found.stderr
    if found.returncode == 2:
        assert not found.stdout
        assert b"error:" in found.stderr


def test_no_warning_of_a_library_reaches_a_person():
    code = "import gradcli.cli as c; c._prepare(); import numpy as np; np.float64(1e308) * 10"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == ""


NAMED = {
    "derive": ["--data", "--tangent"],
    "hvp": ["--data", "--vector"],
    "check": ["--data", "--against"],
    "emit": ["--data"],
    "grade": ["--data", "--rubric", "--autograder"],
}


@pytest.mark.parametrize("name", ["", "a\0.npz"])
@pytest.mark.parametrize(
    ("command", "option"), [(c, option) for c, options in NAMED.items() for option in options]
)
def test_a_name_that_no_file_has(command: str, option: str, name: str, model: Path) -> None:
    more = {"emit": ["--to", "numpy"], "derive": ["--mode", "both"]}.get(command, [])
    found = gradcli(command, model, option, name, *more)
    assert found.exit_code == 2
    assert not found.stdout
    assert "empty" in found.stderr if not name else "NUL" in found.stderr


def test_an_empty_name_is_not_the_current_folder(model: Path) -> None:
    found = gradcli("check", "")
    assert found.exit_code == 2
    assert "the path of the file is empty" in found.stderr
