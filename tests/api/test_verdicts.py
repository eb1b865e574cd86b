"""Checks and reviews from Python: the verdicts are those of the command."""

import json
import re

import numpy as np
import pytest
from support import EXAMPLES, assert_close, complex_step, session
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app

COURSE = [EXAMPLES / "course" / f"{name}.grad" for name in ("simple_mlp", "matmul", "softmax")]
MLP = EXAMPLES / "mlp.eq"
SQUARE = "input x: [2] = [1, 2]\nloss L = sum(x^2)\n"
WRONG_RULE = "op twice(x) = 2 * x:\n    dL/dx = 3 * dL/dout\ninput a = 3\nloss L = twice(a)^2\n"


def command(*arguments):
    found = CliRunner().invoke(app, [*map(str, arguments)])
    assert found.exit_code in (0, 1, 3), found.stderr
    return found


def test_a_check_is_the_commands():
    check = gradcli.load(MLP).check(seed=2, points=2, steps=True)
    found = command("check", MLP, "--seed", 2, "--points", 2, "--steps", "--json")
    document = json.loads(found.stdout)
    assert json.loads(check.to_json()) == document
    for results, records in ((check.gradients, "results"), (check.steps, "steps")):
        assert [{**each._asdict(), "shape": list(each.shape)} for each in results.values()] == [
            {key: record[key] for key in gradcli.Result._fields} for record in document[records]
        ]
    assert (check.verdict, check.ok, bool(check)) == ("pass", True, True)
    assert repr(check) == f"<Check of {MLP}: pass, 7 gradients>"
    assert check.derivation.gradients.keys() == check.gradients.keys()


def test_what_fails_is_false():
    check = gradcli.parse(WRONG_RULE).check()
    assert (check.verdict, check.ok, bool(check)) == ("fail", False, False)
    assert check.gradients["a"].verdict == "fail"
    assert str(check) == CliRunner().invoke(app, ["check", "-"], input=WRONG_RULE).stdout.replace(
        "<stdin>", "<text>"
    )


def test_the_ways_of_checking():
    model = gradcli.parse(SQUARE)
    assert model.check(finite_diff=True).report.method == "finite-diff"
    assert model.check(complex_step=True).report.method == "complex-step"
    assert model.check(oracle="autograd").report.method == "autograd"


def test_progress_is_told():
    told = []
    gradcli.load(MLP).check(progress=lambda done, total: told.append((done, total)))
    assert told
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 0}, "points is 1 or more, not 0"),
        ({"budget": -1}, "budget is a number of seconds, not -1"),
        ({"oracle": "tensorflow"}, "oracle is 'torch' or 'jax' or 'autograd', not 'tensorflow'"),
    ],
)
def test_a_wrong_option(options, message):
    with pytest.raises(gradcli.GradError, match=re.escape(message)):
        gradcli.parse(SQUARE).check(**options)


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_arrays_from_elsewhere(layout):
    model = gradcli.load(MLP)
    expected = {name: complex_step(session(model.text), name) for name in ("W1", "b1")}
    if layout == "numerator":
        expected = {name: array.T for name, array in expected.items()}
    assert model.against(expected, layout=layout)
    for name, array in expected.items():
        assert_close(model.derive(layout=layout).gradients[name], array)
    expected["W1"][0, 0] += 1
    check = model.against(expected, layout=layout)
    assert {name: each.verdict for name, each in check.gradients.items()} == {
        "W1": "fail", "b1": "pass"
    }  # fmt: skip
    assert check.notes[0] == f"the gradients in the mapping, read in {layout} layout"
    assert "not in the mapping: x, W2" in check.notes[1]


def test_a_derivations_own_gradients_pass():
    model = gradcli.load(MLP)
    assert model.against(model.derive().gradients)


def test_a_file_of_arrays(tmp_path):
    np.savez(tmp_path / "mine.npz", x=[[2.0, 4.0]])
    check = gradcli.parse(SQUARE).against(tmp_path / "mine.npz")
    assert isinstance(check, gradcli.Check)
    assert check.ok


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        ({"q": [1]}, "the mapping: the model has no `q`"),
        ({}, "the mapping: no gradient is in it"),
        ({"x": [1, 2, 3]}, "the mapping: dL/dx is 3, but in numerator layout it is 1×2"),
        ({"x": ["a"]}, "the mapping: x: an array of real numbers is expected"),
        ("nowhere.grad", "nowhere.grad: no such file or directory"),
        ("dL/dq = 1\n", "<derivation>:1:1"),
        ("\n", "the file is empty"),
    ],
)
def test_what_does_not_fit(theirs, message):
    with pytest.raises(gradcli.GradError) as found:
        gradcli.parse(SQUARE).against(theirs)
    assert message in str(found.value)


def test_complete_is_for_derivations():
    with pytest.raises(gradcli.GradError, match="complete goes with a derivation"):
        gradcli.parse(SQUARE).against({"x": [2, 4]}, complete=True)


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_a_review_is_the_commands(path):
    name = re.search(r"gradcli check (\S+) --against", path.read_text(encoding="utf-8"))[1]
    model = EXAMPLES.parent / name
    review = gradcli.load(model).against(path)
    for told in ("hint", "quiet", "full"):
        options = [] if told == "full" else [f"--{told}"]
        found = command("check", model, "--against", path, *options, "--json")
        assert review.to_json(told=told) == found.stdout
        assert {"pass": 0, "fail": 1, "inconclusive": 3}[review.verdict] == found.exit_code
        assert review.ok == bool(review) == (found.exit_code == 0)
    records = json.loads(found.stdout)
    said = ("line", "target", "verdict", "diagnosis", "expected", "message")
    for mine, key, fields in (
        (review.lines, "lines", said),
        (review.missing, "missing", gradcli.Missing._fields),
    ):
        assert [[getattr(each, field) for field in fields] for each in mine] == [
            [record[field] for field in fields] for record in records[key]
        ]


@pytest.mark.parametrize("told", ["full", "hint", "quiet"])
def test_the_text_of_a_review_is_the_commands(told):
    model, path = EXAMPLES / "simple_mlp.eq", EXAMPLES / "course" / "simple_mlp.grad"
    options = [] if told == "full" else [f"--{told}"]
    found = command("check", model, "--against", path, *options)
    assert gradcli.load(model).against(path).to_text(told=told) == found.stdout


def test_a_text_is_a_derivation():
    model = gradcli.parse(SQUARE)
    right = model.derive().to_grad()
    assert model.against(right, complete=True)
    review = model.against(right.replace("x.T", "x"))
    assert review.verdict == "fail"
    assert review.name == "<derivation>"
    assert repr(review) == "<Review of <derivation>: fail, 1 wrong>"
    (wrong,) = [line for line in review.lines if line.verdict == "wrong"]
    assert (wrong.target, wrong.diagnosis) == ("dL/dx", "transpose")


def test_what_is_missing():
    model = gradcli.load(MLP)
    review = model.against("dL/dz7 = dL/doutput")
    assert review.ok
    assert review.missing
    assert not model.against("dL/dz7 = dL/doutput", complete=True)


def test_in_a_notebook_all_is_escaped():
    hostile = "<script>alert(1)</script>.eq"
    model = gradcli.parse(SQUARE, name=hostile)
    for found in (model.check(), model.against("dL/dz1 = dL/dL * x / (x < 3)\n")):
        html = found._repr_html_()
        assert "<script" not in html
        assert "mathjax_ignore" in html
    assert "&lt;script&gt;" in model.check()._repr_html_()
    assert "x &lt; 3" in found._repr_html_()
