"""Streams that are closed or full, and locales that know no Unicode: what comes out, and the code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from running import COMMAND, gradcli, process

MODELS = {
    "good": "input σ: [2]\nloss L = sum(σ^2)\n",
    "noted": "input a: [2], b: [3]\ny = a + b.T\ngiven dL/dy\n",
    "wrong": "y = q\n",
}
# How a stream may be, and the exit codes of a good model, one with a note, and a wrong one.
STATES = {
    "2>&-": (0, 0, 2),
    "2>/dev/full": (0, 0, 2),
    "<&-": (0, 0, 2),
    ">&-": (2, 2, 2),
    ">/dev/full": (2, 2, 2),
    ">&- 2>&- <&-": (2, 2, 2),
    "-o out.json >&- 2>&- <&-": (0, 0, 2),
}


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f"exec {' '.join(COMMAND)} {command}"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=folder,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    for name, text in MODELS.items():
        (tmp_path / f"{name}.eq").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("state", STATES)
def test_the_exit_code_is_that_of_the_work(state: str, folder: Path) -> None:
    for model, code in zip(MODELS, STATES[state], strict=True):
        found = shell(folder, f"derive {model}.eq --json {state}")
        assert found.returncode == code, (model, found.stderr)
        assert "Traceback" not in found.stderr
        assert "itself failed" not in found.stderr
        if found.stdout:
            json.loads(found.stdout)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", ["--help", "derive good.eq", "check good.eq --json"])
def test_a_full_disk_is_one_error(command: str, folder: Path) -> None:
    found = shell(folder, f"{command} >/dev/full")
    assert found.returncode == 2
    assert found.stderr.strip() == "error: standard output: no space left on device"


def test_an_error_as_data_needs_standard_output(folder: Path) -> None:
    """It can't be written; it is still wrong input."""
    assert shell(folder, "derive wrong.eq --json >&-").returncode == 2


def test_a_usage_error_without_standard_error(folder: Path) -> None:
    assert shell(folder, "frobnicate 2>&-").returncode == 2


def test_a_model_from_a_closed_standard_input(folder: Path) -> None:
    found = shell(folder, "derive - <&-")
    assert found.returncode == 2
    assert found.stderr == "error: <stdin>: bad file descriptor\n"


def test_an_output_file_is_not_taken_for_a_closed_stream(folder: Path) -> None:
    """The number of a closed stream would go to the next file that is opened."""
    found = shell(folder, "derive noted.eq --json -o out.json 2>&- >&-")
    assert found.returncode == 0
    json.loads((folder / "out.json").read_text(encoding="utf-8"))


# ── locales ──

LOCALES = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
}


@pytest.mark.parametrize("form", ["json", "ndjson", "grad", "latex", "python"])
@pytest.mark.parametrize("locale", LOCALES)
def test_data_is_utf8_whatever_the_locale(locale: str, form: str) -> None:
    text = MODELS["good"].encode()
    found = process("derive", "-", "-f", form, text=text, env={"PATH": "", **LOCALES[locale]})
    assert found.returncode == 0, found.stderr
    assert found.stdout.decode() == gradcli("derive", "-", "-f", form, text=text).stdout


@pytest.mark.parametrize("command", ["ops --json", "schema", "check good.eq --json"])
def test_data_of_the_other_commands(command: str, folder: Path) -> None:
    arguments = command.split()
    usual = process(*arguments, cwd=folder, env={"PATH": "", "PYTHONUTF8": "1"})
    found = process(*arguments, cwd=folder, env={"PATH": "", **LOCALES["C"]})
    assert found.returncode == usual.returncode == 0
    assert found.stdout == usual.stdout
    json.loads(found.stdout.decode())


@pytest.mark.parametrize("locale", ["C", "ASCII"])
def test_a_table_without_unicode_loses_nothing(locale: str) -> None:
    text = MODELS["good"].encode()
    found = process("derive", "-", text=text, env={"PATH": "", **LOCALES[locale]})
    assert found.returncode == 0, found.stderr
    table = found.stdout.decode("ascii").encode().decode("unicode_escape")
    assert table == gradcli("derive", "-", text=text).stdout


def test_a_message_without_unicode_loses_nothing() -> None:
    text = "y = σ\n".encode()
    found = process("derive", "-", text=text, env={"PATH": "", **LOCALES["C"]})
    assert found.returncode == 2
    assert b"`\\u03c3` is a function" in found.stderr


def test_a_file_name_in_a_locale_without_unicode(folder: Path) -> None:
    (folder / "modèle.eq").write_text(MODELS["good"], encoding="utf-8")
    name = "modèle.eq".encode()
    found = process("derive", name, "--json", cwd=folder, env={"PATH": "", **LOCALES["C"]})
    assert json.loads(found.stdout.decode())["source"] == "modèle.eq"
