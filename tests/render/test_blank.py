"""Sheets to fill in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gradcli.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples"
MODELS = [EXAMPLES / f"{name}.eq" for name in ("mlp", "lstm", "scanning_mlp")]


def gradcli(*arguments: object, text: str | None = None) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=text)


def verdicts(model: Path, sheet: str) -> list[str]:
    found = gradcli("check", model, "--against", "-", "--json", text=sheet)
    return [line["verdict"] for line in json.loads(found.stdout)["lines"]]


@pytest.mark.parametrize("model", MODELS, ids=lambda p: p.stem)
@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_a_sheet_filled_from_the_key_is_right(model: Path, layout: str, tmp_path: Path) -> None:
    key = gradcli("derive", model, "--format", "grad", "--layout", layout).stdout
    sheet = gradcli("blank", model, "--layout", layout).stdout
    formulas = iter(re.findall(r"^dL/d\S+(?: \S+)*? \+?= (.*)$", key, re.MULTILINE))
    filled = re.sub(r"\?$", lambda _: next(formulas), sheet.split("\n", 1)[1], flags=re.MULTILINE)
    assert set(verdicts(model, filled)) == {"right"}
    (tmp_path / "a.grad").write_text(filled)
    (mark,) = json.loads(gradcli("grade", model, tmp_path, "--json").stdout)["submissions"]
    assert mark["points"] == mark["max_points"]


@pytest.mark.parametrize("level", [1, 2])
def test_a_sheet_is_a_derivation_that_is_not_answered(level: int) -> None:
    for model in MODELS:
        sheet = gradcli("blank", model, "--level", level).stdout
        assert set(verdicts(model, sheet)) == {"unchecked"}
        assert ("= ?" in sheet) is (level == 1)


def test_the_third_level_has_the_forward_listing_alone() -> None:
    sheet = gradcli("blank", MODELS[0], "--level", 3).stdout
    assert "dL/d" not in sheet
    assert "# 3. z3 = relu(z2)" in sheet


def test_some_derivatives_alone() -> None:
    sheet = gradcli("blank", MODELS[0], "--only", "dL/dW*", "--only", "dL/db1").stdout
    assert re.findall(r"^(dL/d\w+)", sheet, re.MULTILINE) == [
        "dL/dW3",
        "dL/dW2",
        "dL/db1",
        "dL/dW1",
    ]
    result = gradcli("blank", MODELS[0], "--only", "dL/dq*")
    assert (result.exit_code, "no derivative fits dL/dq*" in result.stderr) == (2, True)


@pytest.mark.parametrize("form", ["grad", "markdown", "latex"])
def test_no_formula_is_in_it(form: str) -> None:
    for level in (1, 2, 3):
        sheet = gradcli("blank", MODELS[1], "-f", form, "--level", level).stdout
        assert sheet.count("?") >= (30 if level < 3 else 0)
        assert "dL/dh_t *" not in sheet
        assert "@ dL" not in sheet
        assert "nabla" not in sheet.replace("\\nabla_{", "", 10**6) or form == "latex"


def test_latex_has_each_target_once() -> None:
    sheet = gradcli("blank", MODELS[0], "-f", "latex", "--only", "dL/dW*").stdout
    assert sheet.count(r"{\partial W_{") == 3
    assert sheet.count("&= ?") == 3
