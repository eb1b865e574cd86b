"""What the command says: exit codes, streams, JSON, how much is revealed, how far a derivation goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from person_support import EXAMPLES, MODELS, derived, review
from typer.testing import CliRunner, Result
from valid import all_valid, valid

from gradcli.cli import app
from gradcli.errors import GradError, GradErrors

MLP = str(EXAMPLES / "mlp.eq")
SLIP = str(EXAMPLES / "course" / "mlp.grad")


def gradcli(*arguments: str | Path, text: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=text)


def document(*arguments: str | Path, text: str | None = None) -> Any:
    result = gradcli(*arguments, "--json", text=text)
    found = json.loads(result.stdout)
    valid("", found)
    return found


# ── exit codes and streams ──


def test_a_right_derivation_exits_with_0() -> None:
    result = gradcli("check", MLP, "--against", "-", text=derived("mlp", "numerator"))
    assert result.exit_code == 0
    count, proven = result.stdout.splitlines()
    assert count == "<stdin>: 14 lines: 14 right, 0 wrong"
    assert proven.startswith("all right lines are proven")
    assert not result.stderr


def test_a_wrong_line_exits_with_1_and_is_shown() -> None:
    result = gradcli("check", MLP, "--against", SLIP)
    assert result.exit_code == 1
    assert result.stdout.split("\n")[:4] == [
        f"{SLIP}:19:20: wrong (wrong-operand): z5 where z2 belongs",
        "dL/dz2 = dL/dz3 ∘ (z5 > 0).T            # 10",
        "                   ^^",
        "corrected: dL/dz2 = dL/dz3 ∘ (z2 > 0).T",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("dL/dx = dL/dz1 @@ W1\n", "1:17: error: `@` can't follow `@`"),
        ("layout numerator\ndL/dx = dL/dz1 @ W9\n", "2:18: error: `W9` is not defined"),
        ("dL/dq = dL/dz1\n", "1:1: error: the model has no `q`"),
        ("dL/dx = dL/dq\n", "1:9: error: the model has no `q`"),
        ("layout wide\ndL/dx = dL/dz1 @ W1\n", "1:8: error: there is no layout `wide`"),
        ("dL/dx = dL/dz1 @ W1\nlayout numerator\n", "2:8: error: `layout` stands at the head"),
        ("z5 = dL/dz6\n", "1:1: error: `z5` is already a name of the model: z5 = z4 + b2"),
        ("dL/dx[:, 0:9] = dL/dz1 @ W1\n", "1:1: error: the slice 0:9 is out of range"),
        ("dL/dx = later @ W1\nlater = dL/dz1\n", "1:9: error: `later` is not defined"),
        ("# nothing\n", "1:1: error: there is no line in this derivation"),
    ],
)
def test_a_mistake_of_the_language_exits_with_2(text: str, place: str) -> None:
    result = gradcli("check", MLP, "--against", "-", text=text)
    assert result.exit_code == 2
    assert f"<stdin>:{place}" in result.stderr
    assert not result.stdout


def test_all_mistakes_of_the_language_are_told_at_once() -> None:
    with pytest.raises((GradErrors, GradError)) as caught:
        review("mlp", "dL/dx = a @ W1\ndL/dq = 1\ndL/dW1 = x @ b\n")
    assert [error.message for error in caught.value.errors] == [  # type: ignore[union-attr]
        "`a` is not defined",
        "the model has no `q`, so there is no dL/dq",
        "`b` is not defined",
    ]


def test_a_familys_member_is_named() -> None:
    with pytest.raises(GradErrors, match="is a family"):
        review("rnn", "dL/dh = 1\n")


def test_the_model_and_the_derivation_can_not_both_be_piped() -> None:
    assert gradcli("check", "-", "--against", "-", text="").exit_code == 2


def test_hint_without_a_derivation_is_refused() -> None:
    assert gradcli("check", MLP, "--hint").exit_code == 2


# ── JSON ──


def test_the_document() -> None:
    found = document("check", MLP, "--against", SLIP)
    assert found["ok"] is False
    assert [line["line"] for line in found["lines"]] == list(range(10, 24))
    wrong = found["lines"][9]
    assert wrong["target"] == "dL/dz2"
    assert wrong["verdict"] == "wrong"
    assert wrong["diagnosis"] == "wrong-operand"
    assert wrong["expected"] == "dL/dz2 = dL/dz3 ∘ (z2 > 0).T"
    assert wrong["rule"]["eq"] == 3
    assert found["missing"] == []
    assert {line["verdict"] for line in found["lines"]} == {"right", "wrong"}


def test_hint_reveals_the_class_alone() -> None:
    found = document("check", MLP, "--against", SLIP, "--hint")
    wrong = found["lines"][9]
    assert wrong["diagnosis"] == "wrong-operand"
    assert wrong["expected"] is None
    shown = gradcli("check", MLP, "--against", SLIP, "--hint").stdout
    assert "wrong (wrong-operand)" in shown
    assert "z2" not in shown.replace("dL/dz2", "")


def test_quiet_reveals_right_and_wrong_alone() -> None:
    found = document("check", MLP, "--against", SLIP, "--quiet")
    assert {line["diagnosis"] for line in found["lines"]} == {None}
    assert {line["message"] for line in found["lines"]} == {None}
    shown = gradcli("check", MLP, "--against", SLIP, "--quiet")
    assert shown.exit_code == 1
    assert "line 19: dL/dz2: wrong\n" in shown.stdout
    assert "operand" not in shown.stdout


def test_one_record_a_line() -> None:
    result = gradcli("check", MLP, "--against", SLIP, "--format", "ndjson")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["type"] for record in records] == ["against", *["line"] * 14]
    all_valid("record", records)


def test_the_same_bytes_again() -> None:
    first, again = (gradcli("check", MLP, "--against", SLIP, "--json") for _ in range(2))
    assert first.stdout == again.stdout


# ── how far it goes ──


def test_what_is_missing_is_named() -> None:
    text = derived("lstm", "numerator").replace("dL/dC_prev += dL/dz7 @ W_ic\n", "")
    report = review("lstm", text)
    assert [(m.target, m.eq, m.assign, m.formula) for m in report.missing] == [
        ("dL/dC_prev", 8, "+=", "dL/dz7 @ W_ic")
    ]
    (line,) = report.wrong
    assert line.target == "dL/dC_prev"
    assert "equation 8 (z7 = W_ic @ C_prev)" in (line.message or "")


def test_a_derivation_may_stop_early() -> None:
    text = "\n".join(derived("lstm", "numerator").split("\n")[:40]) + "\n"
    report = review("lstm", text)
    assert report.ok
    assert report.reach is not None
    assert 1 < report.reach < report.equations
    assert {item.reason for item in report.missing} == {"not reached", "never mentioned"}


@pytest.mark.parametrize("model", MODELS)
def test_every_beginning_but_the_last_is_right(model: str) -> None:
    """Only a derivation that lacks nothing but its last contribution is taken to have lost it."""
    lines = derived(model, "numerator").rstrip("\n").split("\n")
    places = [i for i, line in enumerate(lines) if line.startswith("dL/d")]
    half = places[: len(places) // 2]
    for place in half[:: 1 + len(half) // 4]:
        assert review(model, "\n".join(lines[: place + 1]) + "\n").ok, lines[place]


def test_some_of_the_gradients_are_enough() -> None:
    report = review("mlp", "dL/dW2 = z3 @ dL/dz5\n")
    assert report.ok
    assert {m.target for m in report.missing} == {
        f"dL/d{name}" for name in ("b3", "W3", "b2", "b1", "W1", "x")
    }


def test_complete_wants_every_gradient() -> None:
    text = "\n".join(derived("mlp", "numerator").rstrip("\n").split("\n")[:-1]) + "\n"
    assert review("mlp", text).ok
    report = review("mlp", text, complete=True)
    assert not report.ok
    assert not report.wrong
    assert gradcli("check", MLP, "--against", "-", "--complete", text=text).exit_code == 1
    assert review("mlp", text, complete=True, wrt=["W1", "W2"]).ok


def test_a_total_of_one_derivative_alone_owes_all_its_contributions() -> None:
    report = review("lstm", "dL/dx = dL/dz22 @ W_ox + dL/dz14 @ W_cx + dL/dz10 @ W_ix\n")
    assert [line.diagnosis for line in report.wrong] == ["missing-accumulate"]


# ── layouts and points ──


def test_the_files_own_layout_rules_how_it_is_read() -> None:
    text = derived("mlp", "denominator")
    for layout in ("numerator", "denominator"):
        result = gradcli("check", MLP, "--against", "-", "--layout", layout, text=text)
        assert result.exit_code == 0


def test_the_option_rules_what_the_tool_writes() -> None:
    text = "layout numerator\ndL/dW3 = z6 @ dL/doutput\n"
    found = document("check", MLP, "--against", "-", "--layout", "denominator", text=text)
    formulas = {item["target"]: item["formula"] for item in found["missing"]}
    assert formulas["dL/dW2"] == "dL/dz4 @ z3.T"


def test_a_file_without_a_layout_has_the_models() -> None:
    assert review("matmul", "dL/dX = dL/dZ @ Y.T\n").ok  # the model states `layout denominator`
    assert review("mlp", "dL/dx = dL/dz1 @ W1\n").ok


def test_the_other_layout_is_proposed() -> None:
    text = derived("mlp", "denominator").replace("layout denominator", "layout numerator")
    assert review("mlp", text).reread == "denominator"


def test_what_is_right_at_one_point_alone_is_wrong() -> None:
    """At a = 3 and b = 2, as stated, de/dc is 3; but it is d."""
    report = review("graph", "dL/dc = 3 * dL/de\n")
    assert [line.verdict for line in report.lines] == ["wrong"]


def test_a_constants_stated_value_may_be_built_on() -> None:
    """A one-hot target sums to 1, so that the softmax and the cross-entropy simplify."""
    assert review("feedforward", "dL/dz6 = (y - y_hat).T\n").ok


def test_one_mistake_does_not_spread() -> None:
    text = derived("mlp", "numerator").replace("dL/dz5 = dL/dz6 * (z5 > 0).T", "dL/dz5 = dL/dz6")
    assert [line.target for line in review("mlp", text).wrong] == ["dL/dz5"]


def test_where_nothing_fits_both_values_are_shown() -> None:
    report = review("mlp", "dL/dx = exp(dL/dz1) @ cos(W1)^3\n")
    (line,) = report.wrong
    assert line.diagnosis == "unknown"
    assert line.expected == "dL/dx = dL/dz1 @ W1"
    assert line.values is not None
    assert line.values.found is not None
    assert line.values.found.shape == line.values.expected.shape == (1, 3)


# ── nothing judged ──


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dbo = sum(dL/dz4, axis=1) * 7\n", "no line for a derivative uses it"),
        ("dW7 = dL/dz5 @ W2 * 7\n", "the model has no `W7`"),
        ("z55_grad = z3 @ dL/dz5\n", "the model has no `z55`"),
        ("dL/dW2 = 0\n", "no line adds to it"),
        ("a = 1e308\ndL/dW2 = z3 @ dL/dz5 * (a * 10) / (a * 10)\n", "no finite value"),
    ],
)
def test_nothing_judged_is_no_success(text: str, reason: str) -> None:
    found = document("check", MLP, "--against", "-", text=text)
    assert found["ok"] is False
    assert {line["verdict"] for line in found["lines"]} == {"unchecked"}
    assert all(line["message"] for line in found["lines"])
    assert any(reason in line["message"] for line in found["lines"])
    result = gradcli("check", MLP, "--against", "-", text=text)
    assert result.exit_code == 3
    assert reason in result.stdout
    assert "nothing in it could be judged" in result.stdout
    for detail in ("--hint", "--quiet"):
        assert gradcli("check", MLP, "--against", "-", detail, text=text).exit_code == 3
    assert gradcli("check", MLP, "--against", "-", "--complete", text=text).exit_code == 1


def test_a_name_of_ones_own_needs_no_reason_where_it_is_used() -> None:
    text = "delta = dL/doutput @ W3\ndL/dz6 = delta\n"
    found = document("check", MLP, "--against", "-", text=text)
    assert found["ok"] is True
    assert [(line["verdict"], line["message"]) for line in found["lines"]] == [
        ("unchecked", None),
        ("right", None),
    ]


def test_what_sets_out_from_0_is_right_where_something_is_added() -> None:
    report = review("mlp", "dL/dW2 = 0\ndL/dW2 += z3 @ dL/dz5\n")
    assert [line.verdict for line in report.lines] == ["right", "right"]


def test_an_inconclusive_line_is_no_success() -> None:
    nothing = "1e12 * (normal_cdf(z6[0]) + normal_cdf(-z6[0]) - 1)"  # 0, as no proof knows
    text = f"dL/dW2 = z3 @ dL/dz5\ndL/dW3 = 1.000001 * z6 @ dL/doutput + {nothing}\n"
    found = document("check", MLP, "--against", "-", text=text)
    assert [line["verdict"] for line in found["lines"]] == ["right", "inconclusive"]
    assert found["ok"] is False
    assert gradcli("check", MLP, "--against", "-", text=text).exit_code == 3
    wrong = text.replace("z3 @", "2 * z3 @")
    assert gradcli("check", MLP, "--against", "-", text=wrong).exit_code == 1


def test_what_has_no_value_is_unchecked() -> None:
    model = """
        input x = -1
        y = log(x)
        loss L = y * x
        """
    report = review(model, "dL/dx = dL/dy / x\n")
    assert [line.verdict for line in report.lines] == ["unchecked"]
    assert report.inconclusive


LAYER = """layout denominator
dim N = 4, M = 3
input X: [N, M], b: [1, 1], k: [1, M]
Z = X + b
Y = tanh(Z) * k
loss L = sum(square(Y))
"""


def test_a_line_over_several_lines_is_mended_as_a_whole(tmp_path: Path) -> None:
    text = "dZ = (2*Y*k *    # upstream\n   (1 + tanh(Z)^2)\n   )   # the end\ndb = sum(dZ)\n"
    (wrong,) = review(LAYER, text).wrong  # the correction is put in its place there
    assert (wrong.line, wrong.last, wrong.diagnosis) == (1, 3, "sign")
    (tmp_path / "m.eq").write_text(LAYER)
    (tmp_path / "m.grad").write_text(text)
    shown = gradcli("check", tmp_path / "m.eq", "--against", tmp_path / "m.grad").stdout
    assert "corrected, for lines 1 to 3: dZ = 2 * Y * k * (1 - tanh(Z)^2)" in shown
    first, second = document("check", tmp_path / "m.eq", "--against", tmp_path / "m.grad")["lines"]
    assert (first["line"], first["end_line"]) == (1, 3)
    assert (first["column_line"], first["column"]) == (2, 7)
    assert "end_line" not in second


@pytest.mark.parametrize(
    ("text", "verdict", "expected"),
    [
        ("dX = 2 * dZ\ndX -= dZ", "right", None),
        ("dX = 2 * dZ\ndX -= dZ * k", "wrong", "dX = 2 * dZ - dZ"),
        ("g = dZ\ng -= dZ / 2\ndX = 2 * g", "right", None),
        ("dX -= -dZ", "wrong", "dX = dZ"),
    ],
)
def test_what_is_subtracted_is_added_with_a_minus(
    text: str, verdict: str, expected: str | None
) -> None:
    last = review(LAYER, f"dZ = 2 * Y * k * (1 - tanh(Z)^2)\n{text}\n", mended=False).lines[-1]
    assert last.verdict == verdict
    if expected is not None and "2 * dZ" not in expected:
        assert last.expected == expected


def test_a_subtraction_is_corrected_as_one() -> None:
    model = "layout denominator\ninput x: [3]\nb = tanh(x)\nloss L = sum(2 * x) - sum(b)\n"
    (wrong,) = review(model, "dx = 2 * ones(3)\ndx -= 1 - b\n").wrong
    assert wrong.expected == "dx -= 1 - b^2"
