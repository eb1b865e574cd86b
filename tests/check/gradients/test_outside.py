"""Gradients from another program, in a file: names, layouts, shapes, precision."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import EXAMPLES

from gradcli.check.gradients.numeric import Options
from gradcli.check.gradients.outside import check_gradients
from gradcli.errors import GradError
from gradcli.session import Request, load, run

MODEL = """\
dim N = 3, M = 2
input x: [M]
param W: [N, M], V: [N, N], b: [N]
y = tanh(V @ tanh(W @ x + b))
loss L = sum(square(y))
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.eq"
    path.write_text(MODEL, encoding="utf-8")
    return str(path)


@pytest.fixture
def gradients(model):
    """The right ones, each in its variable's own shape."""
    return run(model, Request()).backward.totals


def against(model, path, **request):
    asked = Request(**request)
    found = load(model, asked)
    _, report = check_gradients(*found, path, asked, Options(), lambda done, total: None)
    return report


def saved(tmp_path, arrays):
    path = tmp_path / "grads.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
def test_right_gradients_pass_in_the_layout_stated(model, gradients, tmp_path, layout):
    names = ("x", "W", "V", "b")
    shown = {n: gradients[n].T if layout == "numerator" else gradients[n] for n in names}
    report = against(model, saved(tmp_path, shown), layout=layout)
    assert {r.name: r.verdict for r in report.results} == dict.fromkeys(names, "pass")
    assert report.layout == layout
    other = "denominator" if layout == "numerator" else "numerator"
    wrong = {r.name: r for r in against(model, saved(tmp_path, shown), layout=other).results}
    assert {wrong[n].verdict for n in ("W", "V")} == {"fail"}
    assert "transposed" in wrong["W"].message
    assert "apart from that it is right" in wrong["W"].message
    assert wrong["V"].remark == "yours is the transpose of what is expected"


def test_json_with_flat_columns_and_prefixed_names(model, gradients, tmp_path):
    path = tmp_path / "grads.json"
    flat = gradients["b"].reshape(-1).tolist()
    path.write_text(json.dumps({"dL/db": flat, "W": gradients["W"].T.tolist()}), encoding="utf-8")
    report = against(model, path)
    assert [(r.name, r.verdict) for r in report.results] == [("b", "pass"), ("W", "pass")]
    assert "not in the file: x, V" in report.notes


def test_intermediate_derivatives_may_be_there_too(model, gradients, tmp_path):
    report = against(model, saved(tmp_path, {"z4": gradients["z4"].T * 2}))
    assert [(r.name, r.verdict, r.remark) for r in report.results] == [
        ("z4", "fail", "yours = 2 × expected")
    ]


def test_single_precision_is_judged_by_itself(model, gradients, tmp_path):
    single = gradients["W"].astype(np.float32).T
    (result,) = against(model, saved(tmp_path, {"W": single})).results
    assert result.verdict == "pass"
    (result,) = against(model, saved(tmp_path, {"W": single * np.float32(1.001)})).results
    assert result.verdict == "fail"
    # The same digits are too few where double precision is claimed.
    short = np.round(gradients["W"].T, 6)
    (result,) = against(model, saved(tmp_path, {"W": short})).results
    assert result.verdict == "fail"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.eq")), ids=lambda path: path.stem)
def test_no_mistake_that_single_precision_shows_passes_by_a_wide_bar(path, tmp_path):
    found = run(str(path), Request())
    rng = np.random.default_rng(1)
    right = {n: found.backward.totals[n].astype(np.float32) for n in found.derivation.wrt}
    right = {n: value for n, value in right.items() if value.any()}
    for plant in (every_entry, one_entry):
        planted = {n: plant(value, rng) for n, value in right.items()}
        for arrays, never in ((right, "fail"), (planted, "pass")):
            saved_to = saved(tmp_path, arrays)
            report = against(str(path), saved_to, layout="denominator")
            assert [r.name for r in report.results if r.verdict == never] == []
            assert "single precision: no mistake of 1/10,000" in " ".join(report.notes)


def every_entry(value, rng):
    return value * np.float32(1 + 1e-4)


def one_entry(value, rng):
    wrong = value.copy().reshape(-1)
    wrong[rng.choice(np.flatnonzero(wrong))] *= np.float32(1 + 1e-3)
    return wrong.reshape(value.shape)


def test_what_single_precision_leaves_of_a_zero_is_zero(tmp_path):
    path = tmp_path / "normalised.eq"
    path.write_text(
        "input x: [8, 4], c: [8, 4]\nparam b: [1, 4]\nh = x + b\nd = h - mean(h, axis=0)\n"
        "loss L = sum(c * d / sqrt(mean(d^2, axis=0) + 0.001))\n",
        encoding="utf-8",
    )
    left = np.full((1, 4), -6e-8, dtype=np.float32)
    for times, verdict in ((1, "pass"), (1000, "fail")):
        report = against(str(path), saved(tmp_path, {"b": left * times}), layout="denominator")
        assert (times, report.results[0].verdict) == (times, verdict)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"Q": np.ones((2, 2))}, "the model has no `Q`"),
        ({"W": np.ones((4, 2))}, "dL/dW is 4×2, but in numerator layout it is 2×3"),
        ({}, "no gradient is in it"),
    ],
)
def test_what_does_not_fit_is_an_error(model, tmp_path, arrays, message):
    with pytest.raises(GradError, match=message.replace("`", "`")):
        against(model, saved(tmp_path, arrays))
