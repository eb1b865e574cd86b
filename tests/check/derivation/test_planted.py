"""Planted mistakes: the line must be found, that line alone, and the class of the mistake."""

from __future__ import annotations

from textwrap import dedent

import pytest
from person_support import derived, derived_text, review
from planted import LISTED, SQUARE, WRITTEN, Planted, Written


def _id(case: Planted) -> str:
    model = "square" if case.model == SQUARE else case.model
    return f"{model}-{case.layout}-{case.kind}-{case.new or 'without ' + case.old}"


@pytest.mark.parametrize("case", LISTED, ids=_id)
def test_a_mistake_in_the_listing(case: Planted) -> None:
    listing = (
        derived_text(case.model, case.layout)
        if "\n" in case.model
        else derived(case.model, case.layout)
    )
    lines = listing.split("\n")
    assert lines.count(case.old) == 1
    place = lines.index(case.old)
    lines[place : place + 1] = case.new.split("\n") if case.new else []
    wrong = lines.index(case.wrong) if case.wrong else place + case.new.count("\n")
    one = bool(case.new) and "\n" not in case.new and not case.wrong
    report = review(case.model, "\n".join(lines), mended=not one)
    assert [(line.line, line.diagnosis) for line in report.wrong] == [(wrong + 1, case.kind)]
    if case.wrong:
        assert case.old.split(" = ")[-1].split(" += ")[-1] in {m.formula for m in report.missing}
    elif one:  # what is proposed in its place must pass in turn, and leave nothing wrong
        expected = report.wrong[0].expected
        assert expected is not None
        lines[place] = expected
        assert not review(case.model, "\n".join(lines)).wrong, expected


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: f"{case.model}-{case.kind}-{case.name}")
def test_a_mistake_in_a_persons_own_form(case: Written) -> None:
    lines = dedent(case.text).split("\n")
    number = next(number for number, line in enumerate(lines, 1) if line.endswith("# here"))
    (wrong,) = review(case.model, case.text).wrong
    assert (wrong.line, wrong.diagnosis) == (number, case.kind)
    assert wrong.expected is not None
    if "\n" not in wrong.expected:
        lines[number - 1] = wrong.expected
        assert not review(case.model, "\n".join(lines)).wrong, wrong.expected


def test_a_mistake_where_the_gradient_has_vanished() -> None:
    """The derivative shrinks from step to step: a wrong contribution can't be seen in the total."""
    model = """
        dim T = 120, H = 3
        input x[1..T]: [H], start: [H]
        param W: [H, H]
        h[0] = start
        for t in 1..T:
            h[t] = tanh(W @ h[t-1] / 2 + x[t])
        given dL/dh[120]
        """
    listing = derived_text(model, "numerator").split("\n")
    found = [i for i, line in enumerate(listing) if line.startswith("dL/dW +=")]
    place = found[-3]
    assert "h[2]" in listing[place]
    listing[place] = listing[place].replace("h[2]", "h[1]")
    report = review(model, "\n".join(listing))
    assert [(line.line, line.diagnosis) for line in report.wrong] == [(place + 1, "wrong-operand")]


@pytest.mark.parametrize("spoilt", ["2 * ({})", "({}).T"])
@pytest.mark.parametrize("model", ["mlp", "attention"])
def test_a_line_that_also_writes_as_it_should_not(model: str, spoilt: str) -> None:
    """Of two mistakes in a line, the corrected line has neither, and both are told."""
    lines = derived(model, "numerator").splitlines()
    backward = [i for i, line in enumerate(lines) if line.startswith("dL/d")]
    added = [i for i in backward if " += " in lines[i]]
    assert added or model == "mlp"
    for place in [*backward[1::4], *added]:
        target, assign, formula = lines[place].split(" ", 2)
        other = "=" if assign == "+=" else "+="
        wrong = f"{target} {other} {spoilt.format(formula)}"
        (found,) = review(model, "\n".join([*lines[:place], wrong, *lines[place + 1 :]])).wrong
        assert found.expected is not None
        assert found.expected.startswith(f"{target} {assign} "), found
        assert found.message is not None
        both = "overwrites what" if assign == "+=" else "nothing to add to"
        assert both in found.message
        again = review(model, "\n".join([*lines[:place], found.expected, *lines[place + 1 :]]))
        assert not again.wrong
