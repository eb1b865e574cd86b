"""A line that can't be read costs itself alone."""

from __future__ import annotations

import pytest
from person_support import derived, review
from test_report import MLP, document, gradcli

from gradcli.errors import GradErrors

BROKEN = "dL/dW2 = z3 @@ dL/dz5"


def spoilt(old: str, new: str) -> str:
    listing = derived("mlp", "numerator")
    assert f"\n{old}\n" in listing
    return listing.replace(f"\n{old}\n", f"\n{new}\n")


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("dL/dW2 = z3 @@ dL/dz4", "`@` can't follow `@`"),
        ("dL/dW2 = z3 @ (dL/dz4", "the bracket `(`"),
        ("dL/dW2 = z3 @ dL/dz99", "the model has no `z99`"),
        ("dL/dW2 = nothing @ dL/dz4", "`nothing` is not defined"),
        ("dL/dW2 = z3 $ dL/dz4", "unexpected character `$`"),
        ("dL/dW2", "`dL/dW2` alone is not a statement"),
        ("= z3 @ dL/dz4", "`=` does not begin a statement"),
    ],
)
def test_the_other_lines_are_judged(new: str, message: str) -> None:
    text = spoilt("dL/dW2 = z3 @ dL/dz4", new)
    found = document("check", MLP, "--against", "-", text=text)
    number = text.split("\n").index(new) + 1
    lines = {line["line"]: line for line in found["lines"]}
    assert len(lines) == 14
    broken = lines.pop(number)
    assert (broken["verdict"], bool(broken["target"])) == ("unchecked", True)
    assert {line["verdict"] for line in lines.values()} == {"right"}
    result = gradcli("check", MLP, "--against", "-", text=text)
    assert result.exit_code == 3
    assert f"<stdin>:{number}:" in result.stdout
    assert message in result.stdout
    assert "14 lines: 13 right, 0 wrong, 1 unchecked" in result.stdout


def test_a_wrong_line_beside_it_is_found() -> None:
    text = spoilt("dL/dW2 = z3 @ dL/dz4", BROKEN).replace("(z5 > 0)", "(z2 > 0)")
    assert gradcli("check", MLP, "--against", "-", text=text).exit_code == 1


def test_a_total_is_not_blamed_for_a_line_that_can_not_be_read() -> None:
    for broken in ("dL/dW_h += h[1] @ dL/dz2[2])", "dL/dW_h = h[2] @ @ dL/dz2[3]"):
        begin = broken[: broken.index("]") + 1]
        listing = derived("rnn", "numerator").split("\n")
        (place,) = (i for i, line in enumerate(listing) if line.startswith(begin))
        listing[place] = broken
        report = review("rnn", "\n".join(listing))
        assert not report.wrong, report.wrong
        assert [line.line for line in report.lines if line.verdict != "right"] == [place + 1]


def test_what_builds_on_it_can_not_be_read_either() -> None:
    report = review("mlp", "a = (dL/dz6\nb = a * 2\ndL/dz5 = b\ndL/dz6 = dL/doutput @ W3\n")
    assert [line.verdict for line in report.lines] == ["unchecked"] * 3 + ["right"]
    assert report.lines[1].message == "this uses `a`, whose own line can't be read"


def test_where_nothing_can_be_judged_it_is_an_error() -> None:
    with pytest.raises(GradErrors) as caught:
        review("mlp", "dL/dW2 = z3 @@ dL/dz4\ndelta = dL/dz5\ndL/dq = delta\n")
    assert len(caught.value.errors) == 2
