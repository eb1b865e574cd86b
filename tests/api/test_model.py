"""Models from Python: read from a file or a text, derived with the options of the command."""

import json

import numpy as np
import pytest
from support import EXAMPLES, assert_close, complex_step, session
from typer.testing import CliRunner

import gradcli
from gradcli import api
from gradcli.api.options import names
from gradcli.cli import app
from gradcli.errors import GradError
from gradcli.kinds import KINDS

MODELS = sorted(EXAMPLES.glob("*.eq"))
SUM = "dim N = 3\ninput x: [N], y: [N]\nloss L = sum(x * tanh(y))\n"


def command(*arguments):
    found = CliRunner().invoke(app, [*map(str, arguments)])
    assert found.exit_code == 0, found.stderr
    return found.stdout


def test_its_names_are_those_of_the_interface():
    assert gradcli.__all__ == api.__all__
    assert all(getattr(gradcli, name) is getattr(api, name) for name in api.__all__)


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_gradients_are_those_of_the_command(path, layout):
    document = json.loads(command("derive", path, "--layout", layout, "--seed", 3, "--json"))
    found = gradcli.load(path).derive(layout=layout, seed=3)
    shown = {name: record["value"] for name, record in document["gradients"].items()}
    assert {name: value.tolist() for name, value in found.gradients.items()} == shown
    assert {name: list(value.shape) for name, value in found.gradients.items()} == {
        name: record["shape"] for name, record in document["gradients"].items()
    }


def test_gradients_are_right_in_both_layouts():
    expected = complex_step(session(SUM, seed=5), "y")
    model = gradcli.parse(SUM)
    assert_close(model.derive(seed=5, layout="denominator").gradients["y"], expected)
    assert_close(model.derive(seed=5, layout="numerator").gradients["y"], expected.T)


def test_data_is_a_mapping_or_a_file(tmp_path):
    model = gradcli.parse(SUM)
    arrays = {"x": np.array([1, 2, 3]), "y": [[0.5], [0.25], [0]]}
    np.savez(tmp_path / "data.npz", **{name: np.asarray(a) for name, a in arrays.items()})
    text = json.dumps({"x": [1, 2, 3], "y": arrays["y"]})
    (tmp_path / "data.json").write_text(text, encoding="utf-8")
    expected = model.derive(data=arrays).gradients["x"].tolist()
    assert expected == [np.tanh([0.5, 0.25, 0]).tolist()]
    for path in (tmp_path / "data.npz", str(tmp_path / "data.json")):
        assert model.derive(data=path).gradients["x"].tolist() == expected


def test_data_may_set_dims_and_what_is_given():
    model = gradcli.parse("dim N = 2\ninput x: [N]\ny = 2 * x\ngiven dL/dy\n")
    found = model.derive(data={"N": 3, "dL/dy": [1, 10, 100]}, layout="denominator")
    assert found.gradients["x"].tolist() == [[2], [20], [200]]


def test_what_happens_to_data_later_changes_nothing():
    x = np.ones(3)
    found = gradcli.parse(SUM).derive(data={"x": x, "y": np.zeros(3)})
    x[:] = 5
    assert found.values["x"].tolist() == [[1], [1], [1]]


def test_dims_and_wrt():
    found = gradcli.parse(SUM).derive(dims={"N": np.int64(5)}, wrt="y")
    assert {name: g.shape for name, g in found.gradients.items()} == {"y": (1, 5)}


@pytest.mark.parametrize(
    "wrt", ["h[1, 2], w", ["h[1,2]", "w"], ("h[1, 2],w",), iter(["h[1, 2]", "w"])]
)
def test_names_are_told_apart(wrt):
    assert names([wrt] if isinstance(wrt, str) else wrt) == ["h[1, 2]", "w"]


def test_accumulate():
    text = "input x = 3\nloss L = x * x\n"
    assigns = [step.assign for step in gradcli.parse(text).derive(accumulate="always").steps]
    assert assigns == ["+=", "+="]


WRONG_OPTIONS = [
    ({"layout": "num"}, "layout is 'numerator' or 'denominator', not 'num'"),
    ({"accumulate": "never"}, "accumulate is 'auto' or 'always', not 'never'"),
    ({"seed": -1}, "seed is 0 or more, not -1"),
    ({"seed": 1.5}, "seed is a whole number, not 1.5"),
    ({"dims": {"N": "3"}}, "dims: N is a whole number, not '3'"),
    ({"dims": {"N": 0}}, "a size is positive"),
    ({"dims": {"M": 3}}, "the model has no dim `M`"),
    ({"max_elements": 0}, "max_elements is 1 or more, not 0"),
    ({"wrt": "q"}, "the model has no `q`"),
    ({"data": {"q": 1}}, "the model has no `q`"),
    ({"data": {"x": [1, 2]}}, "x is a list of 2, but the model has 3×1"),
    ({"data": {"x": [[1], [2, 3]]}}, "data: x: its rows differ in length"),
    ({"data": {"x": ["a", "b", "c"]}}, "data: x: an array of real numbers is expected"),
    ({"data": {"x": np.ones(3, complex)}}, "data: x: an array of real numbers is expected"),
    ({"data": {"x": []}}, "data: x: the array is empty"),
    ({"data": {"x": object()}}, "data: x: an array of real numbers is expected"),
    ({"data": {"x": np.ones(4)}, "max_elements": 3}, "data: x has more than 3 elements"),
    ({"data": "nowhere.npz"}, "nowhere.npz: no such file"),
    ({"data": "data.txt"}, "data.txt: data comes in .npz or .json files"),
]


@pytest.mark.parametrize(
    ("options", "message"), WRONG_OPTIONS, ids=[message for _, message in WRONG_OPTIONS]
)
def test_a_wrong_option_is_one_clear_error(options, message):
    with pytest.raises(gradcli.GradError) as found:
        gradcli.parse(SUM).derive(**options)
    assert message in str(found.value)


def test_an_array_that_numpy_cannot_read():
    class Elsewhere:
        def __array__(self, *_, **__):
            raise TypeError("it is on another device\nsecond line")

    message = r"data: x: NumPy can't make an array of it \(it is on another device\)"
    with pytest.raises(GradError, match=message):
        gradcli.parse(SUM).derive(data={"x": Elsewhere()})


def test_a_model_says_what_it_is():
    path = EXAMPLES / "mlp.eq"
    model = gradcli.load(path)
    assert repr(model) == f"<Model {path}>"
    assert (model.name, model.text) == (str(path), path.read_text(encoding="utf-8"))
    assert gradcli.parse(SUM).text == SUM
    assert gradcli.parse(SUM, name="cell 3").name == "cell 3"


def test_all_that_is_wrong_in_one_error():
    with pytest.raises(gradcli.GradError) as found:
        gradcli.parse("input x = 3\ny = x +\nz = )\nloss L = y\n", name="m")
    assert [(e.line, e.column) for e in found.value.errors] == [(2, 8), (3, 5)]
    assert (found.value.line, found.value.column) == (2, 8)
    assert [e.kind in KINDS for e in found.value.errors] == [True, True]
    assert str(found.value).count("error:") == 2


def test_shapes_are_looked_at_when_something_is_computed():
    model = gradcli.parse("dim N = 2, M = 3\ninput x: [N], y: [M]\nloss L = sum(x + y)\n")
    with pytest.raises(gradcli.GradError) as found:
        model.derive()
    assert found.value.line == 3
    assert found.value.errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("x = \ud800", "byte 0xed is not valid UTF-8"),
        ("# " + "x" * (8 * 2**20), "<text>: larger than 8 MiB"),
    ],
    ids=["empty", "surrogate", "large"],
)
def test_texts_that_are_none(text, message):
    with pytest.raises(GradError, match=message):
        gradcli.parse(text)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(GradError, match="no such file"):
        gradcli.load(tmp_path / "none.eq")
