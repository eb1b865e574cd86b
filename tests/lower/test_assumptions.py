"""`assume sum(y) == 1`: data are held against it, and every value that is drawn keeps it."""

from __future__ import annotations

import numpy as np
import pytest

import gradcli
from gradcli.errors import GradError

HEAD = "dim N = 2, K = 3\ninput z: [K], Z: [N, K]\nconst y: [K]{}\nconst Y: [N, K]\n"
TAIL = "p = softmax(z)\nloss L = -sum(y * log(p)) - sum(Y * log_softmax(Z, axis=1))\n"


def model(assumption: str, value: str = "") -> gradcli.Model:
    return gradcli.parse(f"{HEAD.format(value)}{assumption}\n{TAIL}")


def lines(found: gradcli.Model, **options: object) -> list[str]:
    derived = found.derive(compact=True, layout="denominator", **options)  # type: ignore[arg-type]
    return [str(step) for step in derived.steps]


def test_the_compact_form_rests_on_it_and_says_so() -> None:
    found = model("assume sum(y) == 1\nassume sum(Y, axis=1) == 1")
    assert lines(found) == ["dL/dZ = exp(z5) - Y", "dL/dz = p - y"]
    assert found.derive(compact=True).notes == (
        "note: the compact form rests on this: sum(y) == 1, as is assumed",
        "note: the compact form rests on this: sum(Y, axis=1) == 1, as is assumed",
    )


@pytest.mark.parametrize("total", ["2", "0", "-1", "0.5"])
def test_any_number_may_be_assumed_and_what_is_drawn_keeps_it(total: str) -> None:
    found = model(f"assume sum(y) == {total}")
    derived = found.derive(compact=True, layout="denominator")
    assert derived.session.inputs["y"].sum() == pytest.approx(float(total))
    assert found.against(derived.to_grad(), complete=True).verdict == "pass"
    assert found.check(points=3).verdict == "pass"


def test_what_is_drawn_as_positive_stays_positive() -> None:
    found = model("assume sum(y) == 1", " ~ uniform(0, 1)").derive()
    assert found.session.inputs["y"].min() > 0


def test_rows_and_columns_may_both_be_assumed() -> None:
    text = (
        "input Z: [3, 3]\nconst Y: [3, 3] ~ uniform(0, 1)\nassume sum(Y, axis=0) == 1\n"
        "assume sum(Y, axis=1) == 1\nloss L = sum(Z * Y)"
    )
    found = gradcli.parse(text).derive().session.inputs["Y"]
    assert np.allclose(found.sum(axis=0), 1)
    assert np.allclose(found.sum(axis=1), 1)


def test_an_assumption_on_a_family_is_one_on_each_member() -> None:
    text = (
        "dim T = 2, K = 3\ninput z[1..T]: [K], y[1..T]: [K]\nassume sum(y) == 1\n"
        "loss L = sum(-sum(y[t] * log_softmax(z[t])) for t in 1..T)"
    )
    found = gradcli.parse(text)
    assert "dL/dz[t] = exp(z1[t]) - y[t]" in lines(found)
    assert found.against(found.derive(compact=True).to_grad(), complete=True).verdict == "pass"
    one = gradcli.parse(text.replace("sum(y) ==", "sum(y[2]) =="))
    assert "dL/dz[t] = sum(y[t]) * exp(z1[t]) - y[t]" in lines(one)


@pytest.mark.parametrize("value", [" = [1, 0, 1]", " ~ bernoulli(1)"])
def test_a_value_for_which_it_does_not_hold_is_an_error_with_both_places(value: str) -> None:
    with pytest.raises(GradError) as error:
        model("assume sum(y) == 1", value).derive()
    assert "y has other sums" in error.value.message
    assert error.value.span is not None
    assert error.value.span.text == "sum(y) == 1"
    assert len(error.value.also) == 1


def test_data_for_which_it_does_not_hold_are_an_error() -> None:
    found = model("assume sum(Y, axis=1) == 1")
    assert lines(found, data={"Y": [[1, 0, 0], [0.5, 0, 0.5]]})
    with pytest.raises(GradError, match="Y has other sums"):
        found.derive(data={"Y": [[1, 0, 0], [0.5, 0, 0.6]]})


@pytest.mark.parametrize(
    ("assumption", "said"),
    [
        ("assume y == 1", "says what the entries of declared data add up to"),
        ("assume sum(y) > 1", "says what the entries of declared data add up to"),
        ("assume sum(y)", "says what the entries of declared data add up to"),
        ("assume mean(y) == 1", "says what the entries of declared data add up to"),
        ("assume sum(y * y) == 1", "says what the entries of declared data add up to"),
        ("assume sum(y) == z", "a sum is assumed to be a number"),
        ("assume sum(y, axis=2) == 1", "y has no axis 2"),
        ("assume sum(q) == 1", "`q` is not defined"),
        ("c = exp(z)\nassume sum(c) == 1", "c is computed"),
        ("for t in 1..2:\n    assume sum(y) == 1", "does not stand inside a block"),
        ("assume = 3", "`assume` is a keyword"),
    ],
)
def test_what_is_no_assumption_is_an_error_with_its_place(assumption: str, said: str) -> None:
    with pytest.raises(GradError) as error:
        model(assumption).derive()
    assert said in error.value.message
    assert error.value.span is not None
