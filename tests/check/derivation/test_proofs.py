"""Lines of a derivation are proven or refuted by exact evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import EXAMPLES, program
from typer.testing import CliRunner

import gradcli
from gradcli.check.derivation.findings import INCONCLUSIVE, RIGHT, WRONG, Report
from gradcli.check.derivation.review import check
from gradcli.cli import app
from gradcli.proof.verdict import LOG_BOUND, PROVEN, REFUTED, UNDECIDED
from gradcli.render.verdicts import text
from gradcli.session import Request, run
from gradcli.syntax import read, read_source

GOLDEN = Path(__file__).parents[2] / "golden" / "grad"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.grad"))
MODEL = """
dim N = 4
input x: [N, 1], w: [N, 1]
loss L = mean(square(x * w))
"""
MASKED = """
dim N = 3
const mask = [1, 1, 0]
input s: [N, 1], v: [N, 1]
p = softmax(where(mask, s, -1e9))
loss L = dot(p, v)
"""


def review(model: str, lines: str) -> Report:
    source = read_source("mine.grad", f"layout denominator\n{lines}\n".encode())
    return check(read(source, "derivation"), program(model), {})


@pytest.mark.parametrize("name", [name for name in NAMES if name != "raytracer"])
def test_every_line_of_an_example_is_proven(name: str) -> None:
    source = read_source(name, (GOLDEN / f"{name}.grad").read_bytes())

    report = check(
        read(source, "derivation"), run(str(EXAMPLES / f"{name}.eq"), Request()).program, {}
    )

    for line in report.lines:
        assert (line.verdict, line.proof.verdict) == (RIGHT, PROVEN), line
        assert line.proof.bound is not None
        assert line.proof.bound <= LOG_BOUND


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (MODEL, "dL/dw = 2 / N * x^2 * w"),
        (MODEL, "dL/dw = 0.5 * x * x * w"),
        (MASKED, "dL/dp = v\ndL/ds = p * (v - dot(p, v)) * mask"),
        (MASKED, "dL/ds = p * (v - sum(p * v))"),
    ],
)
def test_a_right_line_is_proven(model: str, line: str) -> None:
    for found in review(model, line).lines:
        assert (found.verdict, found.proof.verdict) == (RIGHT, PROVEN)


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (MODEL, "dL/dw = (1 + 1e-12) * 2 / N * x^2 * w"),
        (MODEL, "dL/dw = 2 / N * x^2 * w + 1e-30"),
        (MASKED, "dL/ds = p * (v - dot(p, v)) * (1 + 1e-13)"),
        (MASKED, "dL/ds = p * (v - dot(p, v)) + 1e-20 * v"),
    ],
)
def test_a_mistake_below_rounding_is_refuted(model: str, line: str) -> None:
    (found,) = review(model, line).lines

    assert (found.verdict, found.proof.verdict) == (WRONG, REFUTED)
    assert found.proof.witness is not None
    assert found.proof.witness.found != found.proof.witness.expected


LARGE = "dL/dw = (2.1 / N * x^2 * w + 1e14) - 1e14"
DIVIDED = (
    "dL/dw = (x^2 * w / N + 1e14) - 1e14 + x\ndL/dw += (x^2 * w / N + 1e14) - 1e14 - x\ndL/dx = x\n"
)


def test_what_rounding_hides_is_wrong_where_it_is_refuted() -> None:
    (found,) = review(MODEL, LARGE).lines

    assert (found.verdict, found.proof.verdict) == (WRONG, REFUTED)


def test_lines_that_divide_a_derivative_are_right_also_where_rounding_hides_it() -> None:
    first, second, wrong = review(MODEL, DIVIDED).lines

    assert [line.verdict for line in (first, second, wrong)] == [RIGHT, RIGHT, WRONG]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "dL/dw = (1 + 1e-12) * 2 / N * x^2 * w",
            "the entry [0, 0] is 1.000000000001 times what it should be",
        ),
        ("dL/dw = 2 / N * x^2 * w + 1e-30", "the entry [0, 0] is 1e-30 more than it should be"),
        ("dL/dw = 2 / N * x^2 * w - 1e-30", "the entry [0, 0] is 1e-30 less than it should be"),
        (LARGE, "the entry [2, 0] is 1.05 times what it should be"),
        ("dL/dw = 2 / N * x^2 * w + 1e-10 * x", "the entry [2, 0] differs from what it should be"),
    ],
)
def test_a_difference_that_is_not_seen_is_said(line: str, said: str) -> None:
    assert f"exactly: {said}" in "".join(text(review(MODEL, line)))


def test_a_difference_that_is_seen_is_not_said_again() -> None:
    assert "exactly" not in "".join(text(review(MODEL, "dL/dw = 3 / N * x^2 * w")))


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("dL/ds = p * (v - dot(p, v)) * (1 + 1e-13)", "dL/ds = p * (v - dot(p, v))"),
        ("dL/ds = p * (v - dot(p, v)) + 1e-20 * v", "dL/ds = p * (v - dot(p, v)) + 0 * v"),
    ],
)
def test_a_correction_is_exact(line: str, mended: str) -> None:
    (found,) = review(MASKED, line).lines

    assert found.expected == mended
    (again,) = review(MASKED, mended).lines
    assert (again.verdict, again.proof.verdict) == (RIGHT, PROVEN)


@pytest.mark.parametrize(
    ("model", "line", "meant"),
    [
        ("input x = 2\nloss L = x^3 / 3\n", "dL/dx = 0.333 * 3 * x^2", "1 / 3"),
        ("input x = 2\nloss L = x^3 / 3\n", "dL/dx = 0.3333333 * 3 * x^2", "1 / 3"),
        ("input r = 2\nloss L = pi * r^2\n", "dL/dr = 6.28 * r", "2 * pi"),
        ("input r = 2\nloss L = sqrt(2) * r\n", "dL/dr = 1.414", "sqrt(2)"),
    ],
)
def test_a_short_numeral_is_no_other_number_and_that_is_said(
    model: str, line: str, meant: str
) -> None:
    (found,) = review(model, line).lines

    assert (found.verdict, found.diagnosis) == (WRONG, "scale")
    assert f"is only near {meant}, which it rounds" in str(found.message)
    (again,) = review(model, str(found.expected)).lines
    assert (again.verdict, again.proof.verdict) == (RIGHT, PROVEN)


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("input x = 2\nloss L = x^3 / 3\n", "dL/dx = 0.33333333 * 3 * x^2"),
        ("input r = 2\nloss L = pi * r^2\n", "dL/dr = 6.283185307 * r"),
        ("input r = 2\nloss L = 3.14159265 * r^2\n", "dL/dr = 2 * 3.14159265 * r"),
        ("input r = 2\nloss L = 0.12345678 * r^2\n", "dL/dr = 0.24691356 * r"),
        ("input x = 2\nloss L = x^2 / 3\n", "dL/dx = 0.66666666 * x"),
        ("input x = 2\nloss L = sqrt(7) * x\n", "dL/dx = 2.6457513"),
    ],
)
def test_a_long_numeral_stands_for_what_it_rounds(model: str, line: str) -> None:
    (found,) = review(model, line).lines

    assert (found.verdict, found.proof.verdict) == (RIGHT, PROVEN)


@pytest.mark.parametrize(
    "numeral", ["3.0000001", "2.9999999", "3.00000001", "2.999999999999", "9.0000001 / 3"]
)
def test_a_long_numeral_one_off_in_its_last_digit_is_wrong(numeral: str) -> None:
    """3 is not what 3.0000001 rounds: that is 3.00000005 at least."""
    (found,) = review("input x = 2\nloss L = x^3\n", f"dL/dx = {numeral} * x^2").lines

    assert (found.verdict, found.proof.verdict) == (WRONG, REFUTED)
    assert "which it rounds" not in str(found.message)


def test_the_witness_stands_where_the_layout_shows_it() -> None:
    (found,) = review(MODEL, "dL/dw = 2 / N * x^2 * w + 1e-10 * x").lines
    source = read_source("m", b"dL/dw = (2 / N * x^2 * w + 1e-10 * x).T\n")
    (turned,) = check(read(source, "derivation"), program(MODEL), {}).lines

    assert found.proof.witness is not None
    assert turned.proof.witness is not None
    assert (found.proof.witness.entry, turned.proof.witness.entry) == ((2, 0), (0, 2))


def test_what_is_neither_seen_nor_decided_says_why() -> None:
    (found,) = review(
        "input x = 2\nloss L = lgamma(x)\n", "dL/dx = (digamma(x + 1) - 1 / x + 1e14) - 1e14"
    ).lines

    assert found.verdict == INCONCLUSIVE
    assert found.message == (
        "rounding hides whether this is right, and exact arithmetic decides nothing: "
        "digamma has no exact form"
    )


def test_a_rounded_numeral_is_left_to_numbers() -> None:
    (found,) = review(
        "input x = 2\nloss L = x^3 / 3\n", "dL/dx = 0.333333333333333333 * 3 * x^2"
    ).lines

    assert found.verdict == RIGHT
    assert found.proof.verdict in (PROVEN, UNDECIDED)


def test_a_class_of_branches_that_is_met_is_enough() -> None:
    model = "dim N = 6\ninput x: [N, 1]\nloss L = sum(square(relu(x)))\n"

    (right,) = review(model, "dL/dx = 2 * x * (x > 0)").lines
    (wrong,) = review(model, "dL/dx = 2 * x").lines

    assert (right.verdict, right.proof.verdict) == (RIGHT, PROVEN)
    assert (wrong.verdict, wrong.proof.verdict) == (WRONG, REFUTED)


def test_the_json_has_the_proof(tmp_path: Path) -> None:
    (tmp_path / "m.eq").write_text(MODEL)
    mine = tmp_path / "mine.grad"
    mine.write_text(
        "layout denominator\ndL/dw = 2 / N * x^2 * w\ndL/dx = (1 + 1e-12) * 2 / N * x * w^2\n"
    )

    found = CliRunner().invoke(
        app, ["check", str(tmp_path / "m.eq"), "--against", str(mine), "--json"]
    )

    right, wrong = json.loads(found.stdout)["lines"]
    assert right["proof"] == "proven"
    assert 0 < right["bound"] <= 2**LOG_BOUND
    assert wrong["proof"] == "refuted"
    assert wrong["witness"]["entry"] == [0, 0]
    assert found.exit_code == 1


def test_the_text_says_how_many_are_proven(tmp_path: Path) -> None:
    (tmp_path / "m.eq").write_text(MODEL)
    (tmp_path / "mine.grad").write_text("layout denominator\ndL/dw = 2 / N * x^2 * w\n")

    found = CliRunner().invoke(
        app, ["check", str(tmp_path / "m.eq"), "--against", str(tmp_path / "mine.grad")]
    )

    assert "the right line is proven, but for a chance below 2^-1000" in found.stdout


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("name", ["mlp", "layernorm", "rnn", "batchnorm", "vae"])
def test_what_is_printed_is_proven_in_both_layouts(name: str, layout: str) -> None:
    model = gradcli.load(EXAMPLES / f"{name}.eq")
    found = model.against(model.derive(layout=layout).to_grad())  # type: ignore[arg-type]
    assert isinstance(found, gradcli.api.verdicts.Review)

    assert found.report.layout == layout
    assert {line.proof.verdict for line in found.lines} == {PROVEN}
