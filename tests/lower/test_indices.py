"""Index data: whole numbers in a range, rows by their numbers, and what goes back to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import (
    assert_close,
    backward,
    complex_step,
    equations,
    messages,
    program,
    session,
    squeeze,
    value,
)

from gradcli import load, parse
from gradcli.errors import GradError, GradErrors

NAMES = """
dim N = 4, K = 2, V = 5, D = 3
index Xb: [N, K] in 0..V-1
param C: [V, D]
"""
LABELS = """
dim N = 4, V = 5
index y: [N] in 0..V-1
input z: [N, V]
"""


# ── declarations ──


def test_an_index_is_drawn_from_its_range() -> None:
    drawn = np.concatenate(
        [session(NAMES + "s = sum(C[Xb])\n", seed=seed).inputs["Xb"].ravel() for seed in range(20)]
    )
    assert set(drawn) == {0, 1, 2, 3, 4}


def test_it_has_no_derivative() -> None:
    found = session(NAMES + "s = sum(C[Xb])\n")
    assert found.derivation.wrt == ("C",)


@pytest.mark.parametrize(
    ("stated", "held"), [("= [0, 2, 1]", [0, 2, 1]), ("= 2 * ones(3)", [2, 2, 2])]
)
def test_it_may_be_stated(stated: str, held: list[int]) -> None:
    found = session(f"dim V = 3\nindex i: [3] in 0..V-1 {stated}\nparam c: [V]\ns = sum(c[i])\n")
    assert squeeze(found.inputs["i"]) == held


def test_a_family_of_them() -> None:
    text = """
dim T = 3, V = 4, D = 2
index w[1..T] in 0..V-1
param C: [V, D]
h[0] = zeros(1, D)
for t in 1..T:
    h[t] = tanh(h[t-1] + C[w[t]])
given dL/dh[3]
"""
    found = session(text)
    assert_close(found.backward.totals["C"], complex_step(found, "C"))


@pytest.mark.parametrize("name", ["index", "index_2"])
def test_the_word_is_still_a_name(name: str) -> None:
    assert value(f"{name} = [1, 2]\ns = sum({name})\n", "s") == 3


def test_a_family_of_that_name() -> None:
    assert value("index[1] = 3 * ones(1)\ns = index[1] + 1\n", "s") == 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[0, 1], [2, 9], [0, 0], [0, 0]], r"Xb[1, 1] is 9, but Xb is in 0..V - 1, 0..4"),
        ([[0, 1], [2, 0], [-1, 0], [0, 0]], r"Xb[2, 0] is -1, but Xb is in 0..V - 1, 0..4"),
        ([[0, 1], [2, 0], [1.5, 0], [0, 0]], "Xb[2, 0] is 1.5, but Xb is in 0..V - 1, 0..4"),
        ([[0, 1], [2, 0], [float("nan"), 0], [0, 0]], "Xb[2, 0] is nan"),
    ],
)
def test_data_out_of_range(data: Any, message: str) -> None:
    found = messages(NAMES + "s = sum(C[Xb])\n", {"Xb": data})
    assert message in found
    assert "index Xb: [N, K] in 0..V-1" in found, "where it is declared"


def test_a_stated_value_out_of_range() -> None:
    text = "dim V = 3\nindex i: [3] in 0..V-1 = [0, 3, 1]\nparam c: [V]\ns = sum(c[i])\n"
    assert "i[1] is 3, but i is in 0..V - 1" in messages(text)


def test_data_from_files(tmp_path: Path) -> None:
    held = np.array([[0, 1], [2, 3], [4, 0], [1, 1]])
    np.save(tmp_path / "x.npy", held)
    (tmp_path / "m.eq").write_text(
        NAMES.replace("0..V-1", '0..V-1 = file("x.npy")') + "s = sum(C[Xb])\n"
    )
    assert (load(tmp_path / "m.eq").derive().values["Xb"] == held).all()
    np.savez(tmp_path / "d.npz", Xb=held)
    (tmp_path / "d.json").write_text(json.dumps({"Xb": held.tolist()}))
    for name in ("d.npz", "d.json"):
        found = parse(NAMES + "s = sum(C[Xb])\n").derive(data=tmp_path / name)
        assert (found.values["Xb"] == held).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index i: [3]\ns = sum(i)\n", "expected `in`"),
        ("index i: [3] in 1..0\ns = sum(i)\n", "is empty"),
        ("index i: [3] in 0-1..2\ns = sum(i)\n", "an index counts from 0"),
        ("index i: [3] in 0..4 ~ integers(0, 4)\ns = sum(i)\n", "drawn evenly from its range"),
        (NAMES + "s = sum(C[Xb, 0])\n", "takes whole rows"),
        (NAMES + "s = sum(C[0, Xb])\n", "takes whole rows"),
        (NAMES + "i = Xb + 0\ns = sum(C[i])\n", "i is a quantity"),
        (NAMES + "index j: [N] in 0..V\ns = sum(C[j])\n", "j goes up to V, but there are V = 5"),
        (NAMES + "index j: [N] in 0..D-1\ns = sum(C[j])\n", "j goes up to D - 1, but"),
        (LABELS + "s = sum(pick(z, z, axis=1))\n", "z is no index"),
        (LABELS + "s = sum(pick(z, y, axis=0))\n", "y goes up to V - 1, but there are N = 4"),
        (LABELS + "s = sum(pick(z.T, y, axis=0))\n", "axis 0 alone may differ"),
        (LABELS + "s = sum(onehot(y, 4))\n", "y goes up to V - 1, but there are 4 to take from"),
        (LABELS + "s = sum(onehot(y))\n", "onehot ends with how many there are"),
        (LABELS + "s = sum(segment_sum(z, y, N))\n", "y goes up to V - 1, but there are N = 4"),
        (LABELS + "s = sum(topk(z, 6, axis=1))\n", "z has V entries along axis 1"),
    ],
)
def test_a_mistake(text: str, message: str) -> None:
    assert message in messages(text)


def test_a_smaller_range_fits() -> None:
    assert program(NAMES + "index j: [N] in 0..V-2\ns = sum(C[j])\n")


# ── what is taken ──


@pytest.mark.parametrize(
    ("declared", "shape"),
    [
        ("index i: [N] in 0..V-1\nparam C: [V, D]", "N×D"),
        ("index i: [N, K] in 0..V-1\nparam C: [V, D]", "N×K×D"),
        ("index i: [N, K] in 0..V-1\nparam C: [V]", "N×K"),
        ("index i: [N] in 0..V-1\nparam C: [V]", "N×1"),
        ("index i in 0..V-1\nparam C: [V, D]", "1×D"),
        ("index i: [N] in 0..V-1\nparam C: [V, D, K]", "N×D×K"),
        ("param x: [V, N]\ni = argmax(x)\nparam C: [V, D]", "1×N×D"),
        ("param x: [N, V]\ni = argmin(x, axis=1)\nparam C: [V, D]", "N×D"),
        ("i = arange(V)\nparam C: [V, D]", "V×D"),
        ("index Y: [N, K] in 0..V-1\ni = Y[:, 0]\nparam C: [V, D]", "N×D"),
    ],
)
def test_rows_have_the_shape_of_the_index_and_of_a_row(declared: str, shape: str) -> None:
    text = f"dim N = 4, K = 2, V = 5, D = 3\n{declared}\ny = C[i]\ngiven dL/dy\n"
    found = session(text)
    assert "×".join(size.text for size in found.program.shapes["y"]) == shape
    assert_close(found.backward.totals["C"], complex_step(found, "C"))


def test_the_values_are_those_of_the_rows() -> None:
    found = session(NAMES + "e = C[Xb]\ngiven dL/de\n")
    at, rows = found.inputs["Xb"].astype(int), found.inputs["C"]
    assert (found.values["e"] == rows[at]).all()
    added = np.zeros_like(rows)
    np.add.at(added, at, found.given["e"])
    assert_close(found.backward.totals["C"], added)


def test_the_listing() -> None:
    text = NAMES + "e = C[Xb]\ngiven dL/de\n"
    assert equations(text) == ["e = C[Xb]"]
    assert backward(text, layout="denominator") == ["dL/dC[Xb] += dL/de"]


def test_a_loss_over_labels() -> None:
    """Cross-entropy by picking: softmax less one-hot, over N."""
    text = LABELS + "loss L = -mean(pick(log_softmax(z, axis=1), y, axis=1))\n"
    found = session(text)
    z, y = found.inputs["z"], found.inputs["y"].astype(int).ravel()
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert_close(found.backward.totals["z"], (p - np.eye(5)[y]) / 4)


def test_messages_along_edges() -> None:
    text = """
dim E = 6, N = 4, D = 3
index src: [E] in 0..N-1, dst: [E] in 0..N-1
input x: [N, D]
m = tanh(x[src])
h = segment_sum(m, dst, N)
given dL/dh
"""
    found = session(text)
    assert_close(found.backward.totals["x"], complex_step(found, "x"))
    src, dst = (found.inputs[k].astype(int).ravel() for k in ("src", "dst"))
    h = np.zeros((4, 3))
    np.add.at(h, dst, np.tanh(found.inputs["x"][src]))
    assert_close(found.values["h"], h)


def test_orders() -> None:
    data = {"x": [[3.0], [1.0], [2.0]]}
    text = "input x: [3]\n"
    assert value(text + "s = sort(x)\n", "s", data) == [1, 2, 3]
    assert value(text + "s = argsort(x)\n", "s", data) == [1, 2, 0]
    assert value(text + "s = topk(x, 2)\n", "s", data) == [1, 0, 1]
    assert value(text + "s = argmax(x)\n", "s", data) == 0
    assert value(text + "s = argmin(x)\n", "s", data) == 1


def test_of_equal_ones_the_first() -> None:
    data = {"x": [[2.0], [1.0], [2.0]]}
    text = "input x: [3]\n"
    assert value(text + "s = argmax(x)\n", "s", data) == 0
    assert value(text + "s = topk(x, 1)\n", "s", data) == [1, 0, 0]
    assert value(text + "s = argsort(x)\n", "s", data) == [1, 0, 2]


def test_an_op_with_an_index() -> None:
    text = """
layout denominator
dim N = 4, K = 2, V = 5, D = 3
index Xb: [N, K] in 0..V-1
param C: [V, D]
op look(C, i) = C[i]:
    dL/dC = segment_sum(dL/dout, i, V)
    dL/di = zeros(N, K)
e = look(C, Xb)
given dL/de
"""
    found = session(text)
    assert_close(found.backward.totals["C"], complex_step(found, "C"))


# ── checked ──


def test_check_and_its_own_derivation() -> None:
    model = parse(NAMES + "e = tanh(C[Xb])\nloss L = sum(square(e))\n")
    assert model.check().ok
    for layout in ("numerator", "denominator"):
        text = model.derive(layout=layout).to_grad()
        verdict = model.against(text)
        assert verdict.ok
        assert all(line.proof.verdict == "proven" for line in verdict.lines)


def test_a_wrong_line_is_found() -> None:
    model = parse(NAMES + "e = C[Xb]\nloss L = sum(square(e))\n")
    wrong = "layout denominator\ndL/de = 2 * e\ndL/dC = 2 * segment_sum(dL/de, Xb, V)\n"
    verdict = model.against(wrong)
    assert [line.verdict for line in verdict.lines] == ["right", "wrong"]


def test_errors_are_gradcli_errors() -> None:
    with pytest.raises((GradError, GradErrors)):
        parse(NAMES + "s = sum(C[Xb])\n").derive(data={"Xb": np.full((4, 2), 7)})
