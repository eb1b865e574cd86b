"""A derivation is tried at other sizes than its model's own, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import EXAMPLES

import gradcli
from gradcli.check.derivation.findings import RIGHT, Report

MEAN = """
dim N = 4
input x: [N, 1], w: [N, 1]
loss L = mean(square(x * w))
"""
TWO = """
dim N = 4, M = 3
input X: [N, M], w: [M, 1]
loss L = sum(X @ w) / N / M
"""
LOOP = """
dim T = 3
input h[0..0]: [2], w = 0.5
for t in 1..T:
    h[t] = tanh(w * h[t-1])
loss L = sum(h[T])
"""


def review(model: str, lines: str) -> Report:
    found = gradcli.parse(model).against(f"layout denominator\n{lines}\n")
    assert isinstance(found, gradcli.api.verdicts.Review)
    return found.report


def test_a_line_with_symbols_is_right_at_other_sizes() -> None:
    report = review(MEAN, "dL/dw = 2 / N * x^2 * w")

    assert report.sizes == ({"N": 4}, {"N": 3})
    (line,) = report.lines
    assert (line.verdict, line.sizes, line.not_at) == (RIGHT, report.sizes, None)


def test_a_number_that_is_a_size_by_chance_is_right_at_these_sizes_alone() -> None:
    report = review(MEAN, "dL/dw = 0.5 * x^2 * w\ndL/dx = 2 / N * x * w^2")

    number, symbol = report.lines
    assert (number.verdict, number.sizes, number.not_at) == (RIGHT, ({"N": 4},), {"N": 3})
    assert symbol.not_at is None
    assert report.ok


MEANS = """
dim N = 3, X = 4, D = 2
input a: [N, X], b: [N, D]
loss L = mean(square(a)) + 0.25 * mean(square(b))
"""


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("dL/da = a / (N * X)", "dL/da = 2 * (a / (N * X))"),  # X is 2 D by chance
        ("dL/db = 2 * b / (N * D)", "dL/db = 0.25 * (2 * b / (N * D))"),  # and 1/X is 1/4
        ("dL/da = 2 * a / X", "dL/da = 2 * a / X / N"),
    ],
)
def test_a_mistake_is_mended_at_all_sizes(line: str, mended: str) -> None:
    (found,) = review(MEANS, line).lines
    assert (found.diagnosis, found.expected) == ("scale", mended)


def test_the_dim_is_found_that_a_line_rests_on() -> None:
    report = review(TWO, "dL/dw = sum(X.T, axis=1) / (3 * N)")

    (line,) = report.lines
    assert line.verdict == RIGHT
    assert line.not_at == {"N": 4, "M": 2}
    assert {"N": 3, "M": 3} in line.sizes


def test_iterations_one_by_one_are_right_for_as_many() -> None:
    unrolled = """dL/dh[3] = ones(2)
dL/dh[2] = w * dL/dh[3] * (1 - h[3]^2)
dL/dh[1] = w * dL/dh[2] * (1 - h[2]^2)
dL/dh[0] = w * dL/dh[1] * (1 - h[1]^2)
"""
    looped = """dL/dh[T] = ones(2)
for t in T..1:
    dL/dh[t-1] = w * dL/dh[t] * (1 - h[t]^2)
"""
    first, *others = review(LOOP, unrolled).lines
    assert first.not_at == {"T": 4}
    assert all(line.not_at is None for line in others)
    for line in review(LOOP, looped).lines:
        assert (line.verdict, line.not_at, line.sizes) == (RIGHT, None, ({"T": 3}, {"T": 4}))


def test_a_dim_that_a_literal_fixes_is_not_changed() -> None:
    model = MEAN.replace("input x: [N, 1]", "const m = [1, 0, 1, 1]\ninput x: [N, 1]").replace(
        "square(x * w)", "square(x * w) * m"
    )

    report = review(model, "dL/dw = 0.5 * x^2 * w * m")

    assert report.sizes == ({"N": 4},)
    assert report.lines[0].not_at is None


def test_sizes_that_must_divide_each_other_are_changed_together() -> None:
    model = """
dim D = 8, H = 2
input X: [D, 3]
loss L = sum(square(reshape(X, [H, D / H * 3])))
"""
    report = review(model, "dL/dX = 2 * X")

    assert len(report.sizes) > 1
    assert report.lines[0].sizes == report.sizes


def test_it_is_said_in_words_and_in_json(tmp_path: Path) -> None:
    (tmp_path / "m.eq").write_text(MEAN)
    found = gradcli.load(tmp_path / "m.eq").against(
        "layout denominator\ndL/dw = 0.5 * x^2 * w\ndL/dx = 2 / N * x * w^2\n"
    )
    assert isinstance(found, gradcli.api.verdicts.Review)

    text = str(found)
    assert (
        "all right lines are proven, but for a chance below 2^-1000, at N = 4 and at N = 3" in text
    )
    assert "line 2 is right at these sizes alone: not at N = 3" in text
    number, symbol = json.loads(found.to_json())["lines"]
    assert (number["sizes"], number["not_at"]) == ([{"N": 4}], {"N": 3})
    assert symbol["sizes"] == [{"N": 4}, {"N": 3}]
    assert "not_at" not in symbol


@pytest.mark.parametrize("name", ["mlp", "matmul", "lstm"])
def test_a_course_derivation_holds_at_other_sizes(name: str) -> None:
    path = EXAMPLES / "course" / f"{name}.grad"
    model = EXAMPLES / f"{name}.eq"
    found = gradcli.load(model).against(path)
    assert isinstance(found, gradcli.api.verdicts.Review)

    assert len(found.report.sizes) > 1
    assert [line.line for line in found.lines if line.not_at is not None] == []


def test_a_name_that_is_mended_is_mended_at_other_sizes_too() -> None:
    model = """
dim N = 4, M = 3
input x: [M], t: [N], W: [N, M], b: [N]
y = tanh(W @ x + b)
loss L = sum(square(y - t)) / 2
"""
    report = review(model, "d = (y - t) * (1 - y)\ndW = d @ x.T\ndb = d")

    own, *uses = report.lines
    assert own.verdict == "wrong"
    for line in uses:
        assert (line.verdict, line.sizes, line.not_at) == (RIGHT, report.sizes, None)
    assert report.sizes == ({"N": 4, "M": 3}, {"N": 3, "M": 2})
