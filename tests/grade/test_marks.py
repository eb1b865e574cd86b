"""Many derivations marked: points, forms, and what one submission may do to the others."""

from __future__ import annotations

import csv
import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from grading import MLP, ROOT, SLIP, gradcli, key
from valid import valid


def graded(*arguments: object) -> list[dict[str, Any]]:
    result = gradcli("grade", *arguments, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    submissions: list[dict[str, Any]] = found["submissions"]
    return submissions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A class of four: the key, two slips, three lines of it, a name of one's own."""
    listing = key()
    slips = listing.replace("dL/dz2 = dL/dz3 * (z2 > 0).T", SLIP)
    slips = slips.replace("dL/dW2 = z3 @ dL/dz4", "dL/dW2 = dL/dz4 @ z3")
    assert slips.count(SLIP) == slips.count("dL/dz4 @ z3") == 1
    texts = {
        "ada": listing,
        "bob": slips,
        "cy": "dL/dz5 = dL/doutput @ W3 * (z5 > 0).T\ndL/dW2 = z3 @ dL/dz5\ndL/db2 = dL/dz5\n",
        "dee": "d = dL/doutput @ W3 * (z5 > 0).T\ndW2 = z3 @ d\ndb2 = d\ndb3 = dL/doutput\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.grad").write_text(text)
    return tmp_path


# ── points ──


@pytest.mark.parametrize("model", ["mlp", "scanning_mlp", "lstm", "shared"])
def test_the_key_gets_all_points(model: str, tmp_path: Path) -> None:
    path = ROOT / "examples" / f"{model}.eq"
    for layout in ("numerator", "denominator"):
        (tmp_path / f"{layout}.grad").write_text(key(path, "--layout", layout))
    for mark in graded(path, tmp_path):
        assert mark["points"] == mark["max_points"] > 0, mark
        assert {item["state"] for item in mark["items"]} == {"right"}


def test_a_point_for_each_line_of_the_listing(folder: Path) -> None:
    marks = {Path(mark["file"]).stem: mark for mark in graded(MLP, folder)}
    assert {name: mark["points"] for name, mark in marks.items()} == {
        "ada": 14, "bob": 12, "cy": 6, "dee": 7,
    }  # fmt: skip
    assert {mark["max_points"] for mark in marks.values()} == {14}
    assert marks["ada"]["first_wrong"] is None
    assert (marks["bob"]["right"], marks["bob"]["wrong"]) == (12, 2)
    assert marks["bob"]["first_wrong"]["diagnosis"] == "operand-order"
    states = {item["target"]: item["state"] for item in marks["cy"]["items"]}
    assert states["dL/dz6"] == "skipped"  # dL/dz5 has it in it
    assert states["dL/dW3"] == "missing"
    wrong = [item for item in marks["bob"]["items"] if item["state"] == "wrong"]
    assert [(item["target"], item["points"]) for item in wrong] == [("dL/dW2", 0), ("dL/dz2", 0)]


def test_a_wrong_line_that_stands_for_nothing_costs_a_point(tmp_path: Path) -> None:
    (tmp_path / "a.grad").write_text(key() + "dL/dW1 += x @ dL/dz1\n")
    (mark,) = graded(MLP, tmp_path)
    assert mark["wrong"] == 1
    assert mark["points"] == 13


def test_a_derivative_stated_by_itself_is_worth_nothing(tmp_path: Path) -> None:
    targets = ("W1", "W2", "W3", "b1", "b2", "b3", "x")
    plain = "".join(f"dL/d{name} = 2 * dL/d{name} / 2\n" for name in targets)
    through = "".join(f"a{name} = dL/d{name}\ndL/d{name} = a{name}\n" for name in targets)
    (tmp_path / "a.grad").write_text(plain)
    (tmp_path / "b.grad").write_text(through)
    for mark in graded(MLP, tmp_path):
        assert (mark["points"], mark["right"]) == (0, 0)
        assert "by itself" in mark["lines"][-1]["message"]


def test_a_line_that_can_not_be_read_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "a.grad").write_text(key().replace("dL/dW2 = z3 @ dL/dz4", "dL/dW2 = z3 @@ dL/dz4"))
    (mark,) = graded(MLP, tmp_path)
    assert (mark["points"], mark["error"]) == (13, None)


def test_the_document_is_valid(folder: Path) -> None:
    (folder / "bad.grad").write_text("")
    found = json.loads(gradcli("grade", MLP, folder, "--json").stdout)
    valid("grade", found)
    valid("", found)
    assert found["ok"] is False


# ── the rubric ──

RUBRIC = """
default = 0
extra = 0

[points]
"dL/dW*" = 3
"dL/db1" = 0.5
"dL/d*2" = 1

[partial]
operand-order = 0.5
"*" = 0.25
"""


def test_a_rubric_says_what_lines_are_worth(folder: Path) -> None:
    rubric = folder / "rubric.toml"
    rubric.write_text(RUBRIC)
    marks = {Path(m["file"]).stem: m for m in graded(MLP, folder, "--rubric", rubric)}
    assert marks["ada"]["points"] == marks["ada"]["max_points"] == 3 * 3 + 0.5 + 2
    assert marks["bob"]["points"] == 11.5 - 1.5 - 0.75  # a wrong order, a wrong operand of dL/dz2


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("default = ", "1:11", "invalid value"),
        ("defalt = 1", "1:1", "a rubric has no `defalt`"),
        ("[points]\n'dL/dW*' = 'a'", "2:2", "`dL/dW*` is a number of points, 0 or more"),
        ("[points]\na = -1", "2:1", "`a` is a number of points, 0 or more"),
        ("[points]\na = nan", "2:1", "`a` is a number of points, 0 or more"),
        ("[partial]\nsign = 2", "2:1", "`sign` is a number from 0 to 1"),
        ("[partial]\nsigns = 1", "2:1", "there is no mistake of the class `signs`"),
        ("points = 3", "1:1", "`points` is a table"),
        ("default = true", "1:1", "`default` is a number of points, 0 or more"),
        ("default = 1\ndefault = 2", "2:12", "cannot overwrite a value"),
    ],
)
def test_a_wrong_rubric_is_an_error_with_its_place(
    text: str, place: str, message: str, folder: Path
) -> None:
    rubric = folder / "r.toml"
    rubric.write_text(text)
    result = gradcli("grade", MLP, folder, "--rubric", rubric)
    assert result.exit_code == 2
    assert f"r.toml:{place}: error: {message}" in result.stderr, result.stderr


# ── what one submission may do to the others ──

HOSTILE = {
    "hang": "for t in 1..20000:\n    dW1 = x @ (dL/dz5 @ W2 @ dz1)\n",
    "explode": "a = ones(9000, 9000)\nb = a @ a @ a\ndW1 = x @ dz1 * sum(b)\n",
    "deep": f"dW1 = {'(' * 100_000}x @ dz1{')' * 100_000}\n",
    "noise": "\x00\x01\udc80",
    "empty": "",
    "wide": "dW1 = " + " + ".join(["x @ dz1"] * 20_000) + "\n",
    "nothing": "input x: [3]\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_costs_its_own_mark_alone(name: str, folder: Path) -> None:
    (folder / "bad.grad").write_bytes(HOSTILE[name].encode("utf-8", "surrogateescape"))
    limits = ("--time-limit", "3", "--memory-limit", "1500")
    marks = {Path(m["file"]).stem: m for m in graded(MLP, folder, *limits)}
    assert marks["ada"]["points"] == 14
    assert marks["dee"]["points"] == 7
    assert name in ("deep", "wide") or marks["bad"]["error"]
    assert not marks["bad"]["error"] or marks["bad"]["points"] == 0


def test_a_pipe_and_a_folder_are_no_submissions(folder: Path) -> None:
    os.mkfifo(folder / "pipe.grad")
    (folder / "inside.grad").mkdir()
    (folder / "lost.grad").symlink_to(folder / "nowhere")
    errors = {Path(m["file"]).stem: m["error"] for m in graded(MLP, folder)}
    assert errors["ada"] is None
    assert errors["pipe"]
    assert errors["inside"]
    assert errors["lost"]


def test_each_file_may_have_values_of_its_own(folder: Path) -> None:
    text = "dL/dW3 = z6 @ dL/dz7\n"
    for name in ("one", "two"):
        (folder / f"{name}.grad").write_text(text)
    marks = {Path(m["file"]).stem: m for m in graded(MLP, folder, "--seed-per-file")}
    assert marks["ada"]["points"] == 14
    wrong = "dL/db3 = b3.T^2\n"  # whose values are shown, and differ from file to file
    for name in ("one", "two"):
        (folder / f"{name}.grad").write_text(wrong)
    files = (folder / "one.grad", folder / "two.grad")
    apart = [m["lines"][0]["expected_value"] for m in graded(MLP, *files, "--seed-per-file")]
    alike = [m["lines"][0]["expected_value"] for m in graded(MLP, *files)]
    assert apart[0] != apart[1]
    assert alike[0] == alike[1]


# ── forms ──


def test_the_table(folder: Path) -> None:
    result = gradcli("grade", MLP, folder)
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if ".grad" in line]
    rows = {Path(line.split()[0]).name: line for line in lines}
    assert rows["ada.grad"].split()[1:] == ["14", "0", "14/14"]
    assert rows["bob.grad"].split()[1:] == ["12", "2", "12/14", "20:", "operand-order"]


def test_comma_separated_values_are_no_formulas(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "ada.grad").rename(folder / "=cmd,'x'.grad")
    result = gradcli("grade", MLP, folder / "=cmd,'x'.grad", "-f", "csv")
    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert rows[0]["points"] == rows[0]["max_points"] == "14"
    monkeypatch.chdir(folder)
    (row,) = csv.DictReader(StringIO(gradcli("grade", MLP, "=cmd,'x'.grad", "-f", "csv").stdout))
    assert row["file"] == "'=cmd,'x'.grad"


def test_a_page_escapes_what_students_write(folder: Path) -> None:
    (folder / "<b>.grad").write_text("dL/dW1 = x @ dL/dz1 * (1 < 0)\n# <script>\n")
    text = gradcli("grade", MLP, folder, "-f", "html").stdout
    assert text.startswith("<!DOCTYPE html>")
    assert "&lt;b&gt;.grad" in text
    assert "<b>" not in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "there is nothing to mark"),
        (("none.grad", "--rubric", "none.toml"), "none.toml: no such file"),
    ],
)
def test_a_mistake_in_the_command(arguments: tuple[str, ...], message: str) -> None:
    result = gradcli("grade", MLP, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_empty_folder_and_a_wrong_model(tmp_path: Path) -> None:
    assert "no .grad file in this folder" in gradcli("grade", MLP, tmp_path).stderr
    (tmp_path / "m.eq").write_text("input x: [2]\ny = z\n")
    result = gradcli("grade", tmp_path / "m.eq", tmp_path)
    assert (result.exit_code, "m.eq:2:5: error" in result.stderr) == (2, True)


def test_lines_are_tried_at_other_sizes_too(tmp_path: Path) -> None:
    model = tmp_path / "model.eq"
    model.write_text("layout denominator\ndim N = 4\ninput x: [N]\nloss L = mean(square(x))\n")
    (tmp_path / "ada.grad").write_text("dx = 2 * x / N\n")
    (tmp_path / "bob.grad").write_text("dx = x / 2\n")
    ada, bob = (mark["lines"][0] for mark in graded(model, tmp_path))
    assert ada["verdict"] == bob["verdict"] == "right"
    assert ada["sizes"] == [{"N": 4}, {"N": 3}]
    assert (bob["sizes"], bob["not_at"]) == ([{"N": 4}], {"N": 3})
    shown = gradcli("grade", model, tmp_path).stdout
    assert "right at these sizes alone" in shown
    assert "bob.grad" in shown.partition("right at these sizes alone")[2].partition("\n")[0]
