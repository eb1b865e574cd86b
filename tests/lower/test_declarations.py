"""dim, input, param, const, families; values, draws, files and bound data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import equations, messages, program, session, squeeze, texts, value

from gradcli.data.arrays import load_data
from gradcli.errors import GradError, GradErrors
from gradcli.lower import Options, lower
from gradcli.session import Request, run
from gradcli.syntax import read, read_source


def inputs(text: str, **options: Any) -> dict[str, Any]:
    return session(text, **options).inputs


# ── dims ──


def test_dims_are_numbers_or_expressions_over_earlier_ones() -> None:
    found = program("dim H = 4, X = 3, G = 2*H, K = (G - H) / 2\ninput x: [G, K]\ny = x")
    assert {name: size.value for name, size in found.sizes.dims.items()} == {
        "H": 4,
        "X": 3,
        "G": 8,
        "K": 2,
    }
    assert texts(found.shapes["x"]) == ["G", "K"]


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "1/2", "H", "2 - 2"])
def test_a_size_is_a_positive_whole_number(size: str) -> None:
    assert "error" in messages(f"dim N = {size}\ninput x: [N]\ny = x")


def test_a_dim_from_outside() -> None:
    assert inputs("dim H = 4\ninput x: [H]\ny = x", dims={"H": 6})["x"].shape == (6, 1)
    assert inputs("dim H\ninput x: [H]\ny = x", dims={"H": 6})["x"].shape == (6, 1)
    assert inputs("dim H = 4, G = 2*H\ninput x: [G]\ny = x", dims={"H": 5})["x"].shape == (10, 1)
    with pytest.raises(GradErrors, match="no dim `K`"):
        program("dim H = 4\ninput x: [H]\ny = x", dims={"K": 1})


def test_a_dim_from_the_data() -> None:
    model = "dim N, M\ninput x: [N, M], b: [M]\ny = x @ b"
    assert inputs(model, data={"x": np.ones((2, 5))})["b"].shape == (5, 1)
    assert inputs(model, data={"N": 2, "M": 5})["x"].shape == (2, 5)
    assert inputs("dim N\ninput x: [N]\ny = x", data={"x": [1, 2, 3]})["x"].shape == (3, 1)
    assert "the dim N has no value" in messages("dim N\ninput x: [N]\ny = x")


def test_a_dim_from_the_members_of_a_family() -> None:
    model = "dim T, X\ninput x[1..T]: [X]\nloss L = sum(sum(x[t]) for t in 1..T)"
    data = {"x[1]": [1, 2], "x[2]": [3, 4], "x[3]": [5, 6]}
    assert value(model, "L", data) == 21


# ── roles, shapes, families ──


def test_roles() -> None:
    found = session("input x: [2]\nparam w: [2]\nconst y: [2]\nL = sum(x * w * y)")
    assert {item.name: item.role for item in found.program.inputs} == {
        "x": "input",
        "w": "param",
        "y": "const",
    }
    assert found.derivation.wrt == ("x", "w")


def test_for_a_const_the_backward_pass_does_nothing() -> None:
    found = session("input x: [2]\nconst y: [2]\nz = exp(y)\nw = x * z\nL = sum(w)")
    assert {row.target for row in found.derivation.rows} == {"w", "x"}


def test_several_names_in_one_statement() -> None:
    found = inputs(
        "dim H = 4, X = 3\ninput x: [X], h_prev: [H], a, b = 2\ny = x * sum(h_prev) * a * b"
    )
    assert {name: array.shape for name, array in found.items()} == {
        "x": (3, 1),
        "h_prev": (4, 1),
        "a": (1, 1),
        "b": (1, 1),
    }


def test_no_shape_is_a_scalar() -> None:
    assert inputs("input a\ny = a * 2")["a"].shape == (1, 1)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("[3]", (3, 1)), ("[2, 3]", (2, 3)), ("[2, 3, 4]", (2, 3, 4)), ("[]", (1, 1))],
)
def test_shapes(shape: str, expected: tuple[int, ...]) -> None:
    assert inputs(f"input a: {shape}\ny = a * 2")["a"].shape == expected


def test_a_family() -> None:
    found = program("dim T = 3, X = 2\ninput x[1..T]: [X]\nh[0] = x[1]\ny = x[1] + x[T]")
    assert found.families["x"] == ("x[1]", "x[2]", "x[3]")
    found = program("input x[0..1, 1..2] = 3\ny = x[0, 1] * x[1, 2]")
    assert found.families["x"] == ("x[0, 1]", "x[0, 2]", "x[1, 1]", "x[1, 2]")


def test_each_member_is_drawn_for_itself() -> None:
    found = inputs("input x[1..2]: [3]\ny = x[1] + x[2]")
    assert not np.array_equal(found["x[1]"], found["x[2]"])


# ── values ──


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" = 3", 3),
        (" = -3", -3),
        (" = 1/4", 0.25),
        (" = 2*pi", 2 * np.pi),
        (" = [1, 2, 3]", [1, 2, 3]),
        (" = [1, -2, 3]", [1, -2, 3]),
        (" = [[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        (": [H, X] = zeros(H, X)", [[0, 0, 0], [0, 0, 0]]),
        (": [H] = ones(H)", [1, 1]),
        (": [H, H] = eye(H)", [[1, 0], [0, 1]]),
        (": [H] = [1, 2]", [1, 2]),
        (": [2] = [1, 2]", [1, 2]),
        (": [H, H] = 2 * eye(H)", [[2, 0], [0, 2]]),
    ],
)
def test_a_value(written: str, expected: Any) -> None:
    found = inputs(f"dim H = 2, X = 3\ninput a{written}\ny = a * 2")
    assert squeeze(found["a"]) == expected


def test_a_literal_gives_the_shape_that_none_states() -> None:
    assert inputs("input a = [1, 2, 3]\ny = a")["a"].shape == (3, 1)
    assert inputs("input a = [[1, 2, 3]]\ny = a")["a"].shape == (1, 3)
    assert "3" in messages("input a: [4] = [1, 2, 3]\ny = a")


def test_a_literals_shape_is_compared_by_number() -> None:
    assert value("dim N = 2\ninput x: [N]\ny = x * 0 + [1, 2]", "y") == [1, 2]
    assert value("dim N = 2\ninput x: [N]\nc = [1, 2]\ny = x * 0 + c", "y") == [1, 2]
    assert value("dim N = 2\nconst c = [1, 2]\ninput x: [N]\ny = x * 0 + c", "y") == [1, 2]


@pytest.mark.parametrize("literal", ["[[1, 2], [3]]", "[1, [2]]", "[[[1]]]", "[]"])
def test_a_ragged_literal_is_an_error(literal: str) -> None:
    assert "error" in messages(f"input a = {literal}\ny = a")


def test_a_draw() -> None:
    found = inputs("input a: [1000] ~ uniform(0.5, 2), b: [1000] ~ normal(5, 0.1)\ny = a * b")
    assert 0.5 <= found["a"].min() < 0.6
    assert 1.9 < found["a"].max() <= 2
    assert abs(found["b"].mean() - 5) < 0.02
    assert abs(found["b"].std() - 0.1) < 0.02


@pytest.mark.parametrize(
    "draw", ["uniform(2, 1)", "normal(0)", "normal(0, -1)", "gamma(1, 1)", "normal(x, 1)"]
)
def test_a_draw_that_is_wrong(draw: str) -> None:
    assert "error" in messages(f"input x: [2], a: [2] ~ {draw}\ny = a")


def test_a_declaration_more_changes_no_other_value() -> None:
    alone = inputs("input x: [3]\nparam W: [2, 3]\ny = W @ x")
    more = inputs("input q: [5]\nparam W: [2, 3]\ninput x: [3]\ny = W @ x\nz = q")
    for name, array in alone.items():
        np.testing.assert_array_equal(array, more[name])


def test_the_seed_changes_every_draw() -> None:
    one, two = (inputs("input x: [3] ~ uniform(0, 1), y: [3]\nz = x + y", seed=s) for s in (0, 1))
    assert not np.any(one["x"] == two["x"])
    assert not np.any(one["y"] == two["y"])


def test_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.save(tmp_path / "v.npy", np.array([1, 2]))
    (tmp_path / "m.eq").write_text(
        'param W: [2, 2] = file("w.npy"), v = file("v.npy")\ny = W @ v\n'
    )
    found = run(str(tmp_path / "m.eq"), Request())
    assert squeeze(found.values["y"]) == [5, 11]


@pytest.mark.parametrize(
    "name", ["../w.npy", "/etc/passwd", "none.npy", "pickled.npy", "folder", ""]
)
def test_a_file_that_is_refused(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    (folder / "folder").mkdir(parents=True)
    np.save(tmp_path / "w.npy", np.ones(2))
    np.save(folder / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    (folder / "m.eq").write_text(f'param W: [2] = file("{name}")\ny = W\n')
    with pytest.raises((GradError, GradErrors), match="file"):
        run(str(folder / "m.eq"), Request())


def test_a_link_does_not_lead_outside(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    np.save(tmp_path / "w.npy", np.ones(2))
    (folder / "w.npy").symlink_to(tmp_path / "w.npy")
    (folder / "m.eq").write_text('param W: [2] = file("w.npy")\ny = W\n')
    with pytest.raises((GradError, GradErrors), match="outside"):
        run(str(folder / "m.eq"), Request())


# ── data ──


def test_data_wins_over_all() -> None:
    model = "input a = 3, b: [2] ~ uniform(0, 1), c: [2]\ny = a * b * c"
    found = inputs(model, data={"a": 5, "b": [[1], [2]], "c": [3, 4]})
    assert squeeze(found["a"]) == 5
    assert squeeze(found["b"]) == [1, 2]
    assert squeeze(found["c"]) == [3, 4]


def test_data_by_the_keys_that_outputs_have() -> None:
    model = "dim T = 2\ninput x[1..T]: [2]\nh[0] = x[1]\nh[1] = h[0] * x[2]\ngiven dL/dh[1]"
    found = session(model, {"x[1]": [1, 2], "x[2]": [3, 4], "dL/dh[1]": [5, 6]})
    assert squeeze(found.values["h[1]"]) == [3, 8]
    assert squeeze(found.given["h[1]"]) == [5, 6]
    assert squeeze(found.backward.totals["x[2]"]) == [5, 12]


def test_data_of_two_indices_with_or_without_a_space(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(json.dumps({"x[1,2]": 3, "x[1, 1]": 4}))
    data = load_data(tmp_path / "d.json", 10**8)
    assert value("input x[1..1, 1..2]\ny = x[1, 1] - x[1, 2]", "y", data) == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"q": 1}, "the model has no `q`"),
        ({"y": [1, 2]}, "y is computed"),
        ({"f": [1, 2]}, "f is a family"),
        ({"x": [1, 2, 3]}, "x is a list of 3, but the model has 2×1"),
        ({"W": [[1, 2], [3, 4], [5, 6]]}, "transposed"),
        ({"dL/dx": [1, 2]}, "dL/dx"),
    ],
)
def test_data_that_does_not_fit(data: dict[str, Any], message: str) -> None:
    model = "input x: [2], W: [2, 3], f[1..2]\ny = x * sum(W) * f[1] * f[2]\ngiven dL/dy"
    assert message in messages(model, data)


def test_files_of_data(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **{"x": np.ones(2), "x[1]": np.array(3)})
    (tmp_path / "d.json").write_text('{"x": [1, "nan"], "y": "-inf", "W": [[1, 2], [3, 4]]}')
    assert load_data(tmp_path / "d.npz", 100)["x[1]"] == 3
    assert load_data(tmp_path / "d.json", 100)["W"].shape == (2, 2)
    assert np.isneginf(load_data(tmp_path / "d.json", 100)["y"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.json", b"{"),
        ("d.json", b"[1]"),
        ("d.json", b'{"x": [[1, 2], [3]]}'),
        ("d.json", b'{"x": "text"}'),
        ("d.json", b'{"x": []}'),
        ("d.json", b'{"x": null}'),
        ("d.json", b'{"x": true}'),
        ("d.json", b"\xff\xfe"),
        ("d.json", b"[" * 100_000),
        ("d.json", b'{"x": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}'),
        ("d.npz", b"no zip"),
        ("d.txt", b"1"),
    ],
)
def test_files_of_data_that_are_wrong(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GradError):
        load_data(tmp_path / name, 10)


def test_pickled_data_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.array([{}], dtype=object))
    with pytest.raises(GradError):
        load_data(tmp_path / "d.npz", 10)


def test_too_many_elements() -> None:
    assert "--max-elements" in messages("dim N = 20000\ninput x: [N, N]\ny = x")
    assert "--max-elements" in messages("dim N = 100000\ninput x: [N]\ny = x @ x.T")
    assert "elements" in messages("dim N = 1000000\ninput x: [N]\ny = reshape(ones(N, N), [N*N])")


def test_all_arrays_have_twice_the_elements_of_the_largest_and_no_more() -> None:
    most = Options(max_elements=10)
    text = "input x: [10]\ny = x * 2\n"
    lower(read(read_source("model.eq", text.encode())), most)
    with pytest.raises(GradErrors, match="more than 20 elements in all"):
        lower(read(read_source("model.eq", f"{text}z = y[0] * 2\n".encode())), most)


def test_a_name_is_defined_once_and_before_its_use() -> None:
    assert "already defined in line 1" in messages("x = [1, 2]\nx = [3, 4]")
    assert "already defined in line 1" in messages("input x\nx = [3, 4]")
    assert "it is defined in line 2" in messages("y = x * 2\nx = [1, 2]")
    assert "`pi` is predefined" in messages("pi = [1, 2]")
    assert equations("x = [1, 2]\ny = x * pi")[1] == "y = x * pi"


@pytest.mark.parametrize(
    "head",
    [
        "layout denominator\ndim N = 3",
        "dim N = 3\nlayout denominator",
        "dim N = 3\nlayout denominator\ndim M = 2",
    ],
)
def test_the_layout_stands_anywhere_at_the_head(head: str) -> None:
    assert program(f"{head}\ninput x: [N]\ny = x * 2").layout == "denominator"


@pytest.mark.parametrize(
    "head", ["layout numerator\nlayout denominator", "input x\nlayout denominator"]
)
def test_the_layout_stands_nowhere_else(head: str) -> None:
    assert "`layout` stands at the head of the file" in messages(f"{head}\ninput w\ny = w * 2")
