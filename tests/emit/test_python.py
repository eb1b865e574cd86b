"""`gradcli emit --to python`: modules on nested lists, with no dependency, beside the evaluator."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import cases
from emitting import EXAMPLES, Case, agree, case, load
from test_numpy import ENDINGS, LOOPS, SAVING, looped, many
from test_stacking import MODELS

from gradcli.errors import GradError
from gradcli.ops import TABLE, Op

# What has no form on nested lists: factorisations, say, and functions that `math` lacks.
LACKING = {op.name for op in TABLE.values() if op.lists is None and "python" not in op.code}


def run(made: Case) -> None:
    module = load(made.text)
    assert "numpy" not in made.text
    outputs, saved = module["forward"](**{k: v.tolist() for k, v in made.inputs.items()})
    gradients = module["backward"](saved, **{k: v.tolist() for k, v in made.given.items()})
    agree(arrays(outputs), made.outputs)
    agree(arrays(gradients), made.gradients)


def arrays(values: dict[str, Any]) -> dict[str, Any]:
    return {name: np.array(value, dtype=float) for name, value in values.items()}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_computes_what_the_evaluator_does(path: Path) -> None:
    try:
        made = case(path.read_text(encoding="utf-8"), str(path), to="python")
    except GradError as error:
        if not refused(error):
            raise
        return
    run(made)


def refused(error: GradError) -> bool:
    """Whether it names an operation that can't be had, in one line."""
    lacking = str(error).splitlines()[0]
    return any(f"`{name}` is not written for Python" in lacking for name in LACKING)


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_computes_what_its_iterations_do(name: str) -> None:
    run(case(LOOPS[name], to="python"))


@pytest.mark.parametrize("text", [*MODELS.values(), *(SAVING + e for e in ENDINGS.values())])
def test_a_model_computes_what_the_evaluator_does(text: str) -> None:
    run(case(text, to="python"))


@pytest.mark.parametrize("op", TABLE.values(), ids=list(TABLE))
def test_every_entry_of_the_table(op: Op) -> None:
    """Alone and in a loop; what can't be had is refused in one line that names it."""
    some = cases(op)
    for one in some[:: max(1, len(some) // 3)]:
        try:
            run(case(one.model, data=one.draw(1), to="python"))
            if one.names:
                run(case(looped(one), data=many(one), to="python"))
        except GradError as error:
            if not refused(error):
                raise
            continue
        assert op.name not in LACKING


def test_it_runs_with_no_package_installed(tmp_path: Path) -> None:
    made = case(LOOPS["one after the other"], to="python")
    (tmp_path / "rnn.py").write_text(made.text, encoding="utf-8")
    modules = {
        alias.name
        for node in ast.walk(ast.parse(made.text))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert modules <= {"math"}
    found = subprocess.run(
        [sys.executable, "-I", "-S", str(tmp_path / "rnn.py")], capture_output=True, check=False
    )
    assert found.returncode == 0, found.stderr


def test_a_wrong_shape_names_the_input() -> None:
    made = case(LOOPS["one after the other"], to="python")
    inputs = {k: v.tolist() for k, v in made.inputs.items()}
    forward = load(made.text)["forward"]
    with pytest.raises(ValueError, match=r"^U has shape \(2, 2\), not \(3, 3\)$"):
        forward(**{**inputs, "U": [[1.0, 2.0], [3.0, 4.0]]})
    with pytest.raises(ValueError, match=r"^x has shape \(\), not 3 axes$"):
        forward(**{**inputs, "x": 2.0})
