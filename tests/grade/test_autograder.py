"""The folders that autograders take, run as they run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grading import MLP, SLIP, gradcli, key

SECRET = "z2 > 0"  # of the corrected line


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a `gradcli` that is this one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "gradcli"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gradcli "$@"\n')
    script.chmod(0o755)
    return folder


def run(script: Path, program: Path, **more: str) -> None:
    path = f"{program}:{os.environ['PATH']}"
    subprocess.run([str(script)], env={**os.environ, "PATH": path, **more}, check=True, timeout=60)


def wrong() -> str:
    return key().replace("dL/dz2 = dL/dz3 * (z2 > 0).T", SLIP)


def gradescope(root: Path, program: Path, files: dict[str, str], *options: str) -> dict[str, Any]:
    """What Gradescope gets: /autograder with source, submission and results."""
    made = gradcli("grade", MLP, "--autograder", root / "source", *options)
    assert made.exit_code == 0, made.stderr
    (root / "submission").mkdir()
    for name, text in files.items():
        (root / "submission" / name).write_text(text)
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    run(root / "run_autograder", program)
    found: dict[str, Any] = json.loads((root / "results" / "results.json").read_text())
    return found


def test_gradescope(tmp_path: Path, program: Path) -> None:
    found = gradescope(tmp_path / "autograder", program, {"mine.grad": wrong()})
    assert found["score"] == 13
    assert sum(test["max_score"] for test in found["tests"]) == 14
    assert sum(test["score"] for test in found["tests"]) == 13
    assert {test["visibility"] for test in found["tests"]} == {"visible"}
    (lost,) = [test for test in found["tests"] if test["score"] < test["max_score"]]
    assert lost["name"] == "dL/dz2"
    assert "wrong-operand" in lost["output"]
    assert SECRET not in json.dumps(found)


def test_what_a_student_is_told(tmp_path: Path, program: Path) -> None:
    for reveal in ("quiet", "hint", "full"):
        root = tmp_path / reveal
        found = json.dumps(gradescope(root, program, {"a.grad": wrong()}, "--reveal", reveal))
        assert (SECRET in found) is (reveal == "full")
        assert ("wrong-operand" in found) is (reveal != "quiet")


@pytest.mark.parametrize("files", [{}, {"a.txt": "dL/dW1 = 1"}, {"a.grad": key(), "b.grad": key()}])
def test_what_is_no_single_submission(files: dict[str, str], tmp_path: Path, program: Path) -> None:
    found = gradescope(tmp_path / "autograder", program, files)
    assert found["score"] == 0
    assert "derivation" in found["output"] or "no .grad file" in found["output"]


def test_a_file_that_is_no_derivation(tmp_path: Path, program: Path) -> None:
    found = gradescope(tmp_path / "autograder", program, {"a.grad": "input x: [3]\n"})
    assert found["score"] == 0
    assert "belongs to a model" in found["output"]


def test_prairielearn(tmp_path: Path, program: Path) -> None:
    root = tmp_path / "grade"
    options = ("--format", "prairielearn", "--autograder", root / "tests")
    assert gradcli("grade", MLP, *options).exit_code == 0
    (root / "student").mkdir()
    (root / "student" / "mine.grad").write_text(wrong())
    run(root / "tests" / "run.sh", program, GRADE_ROOT=str(root))
    found = json.loads((root / "results" / "results.json").read_text())
    assert found["gradable"] is True
    assert found["score"] == pytest.approx(13 / 14, abs=1e-6)
    assert sum(test["points"] for test in found["tests"]) == 13
    assert SECRET not in json.dumps(found)


def test_the_folder_has_all_that_the_model_reads(tmp_path: Path, program: Path) -> None:
    source = tmp_path / "course"
    source.mkdir()
    np.save(source / "w.npy", np.ones((2, 3)))
    np.savez(source / "x.npz", x=np.ones(3))
    (source / "m.eq").write_text(
        'input x: [3]\nparam W: [2, 3] = file("w.npy")\nloss L = sum(W @ x)\n'
    )
    (source / "r.toml").write_text("default = 2\n")
    root = tmp_path / "autograder"
    made = gradcli(
        "grade", source / "m.eq", "--data", source / "x.npz", "--rubric", source / "r.toml",
        "--autograder", root / "source",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    shutil.rmtree(source)
    (root / "submission").mkdir()
    (root / "submission" / "a.grad").write_text("dL/dz1 = broadcast(dL/dL, [1, 2])\n")
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    run(root / "run_autograder", program)
    found = json.loads((root / "results" / "results.json").read_text())
    assert found["score"] == 2
    assert sum(test["max_score"] for test in found["tests"]) == 6


def test_the_scripts_are_scripts(tmp_path: Path) -> None:
    gradcli("grade", MLP, "--autograder", tmp_path / "a")
    for script in ("setup.sh", "run_autograder"):
        assert os.access(tmp_path / "a" / script, os.X_OK)
        subprocess.run(["bash", "-n", str(tmp_path / "a" / script)], check=True)
    again = gradcli("grade", MLP, "--autograder", tmp_path / "a")
    assert again.exit_code == 2
    assert "already" in again.stderr
