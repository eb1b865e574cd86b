"""Hints by levels: which rule, which operands, the class, the line."""

from __future__ import annotations

import json

import pytest
from person_support import derived
from test_report import MLP, gradcli

SHEET = """
dL/dW2 = ?
dL/dz2 = dL/dz3 * (z5 > 0).T
dL/db1 = dL/dz2
"""


def told(level: int, text: str = SHEET) -> dict[int, list[str]]:
    arguments = ("check", MLP, "--against", "-", "--hint", "--level", str(level), "--json")
    found = json.loads(gradcli(*arguments, text=text).stdout)
    return {line["line"]: line.get("hints", []) for line in found["lines"]}


def test_level_by_level() -> None:
    rule = "rule: 4. z4 = W2 @ z3 ("
    assert [len(told(level)[2]) for level in (1, 2, 3, 4)] == [1, 2, 2, 3]
    assert [len(told(level)[3]) for level in (1, 2, 3, 4)] == [1, 2, 3, 4]
    assert told(1)[2][0].startswith(rule)
    assert told(2)[2][1] == "operands: z3, dL/dz4"
    assert told(4)[2][-1] == "the line: dL/dW2 = z3 @ dL/dz4"
    assert told(3)[3][2].startswith("mistake: wrong-operand: ")
    assert told(4)[3][-1] == "the line: dL/dz2 = dL/dz3 * (W1 @ x + b1 > 0).T"


def test_a_right_line_needs_none() -> None:
    assert told(4)[4] == []


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_line_itself_is_told_last(level: int) -> None:
    arguments = ("check", MLP, "--against", "-", "--hint", "--level", str(level))
    shown = gradcli(*arguments, text=SHEET).stdout
    assert "z3 @ dL/dz4" not in shown
    assert "z2 > 0" not in shown
    assert "rule: 4. z4 = W2 @ z3" in shown


def test_a_target_that_stands_twice_has_a_rule_for_each() -> None:
    text = "dL/dW_h = ?\ndL/dW_h += ?\n"
    arguments = ("check", "examples/rnn.eq", "--against", "-", "--hint", "--level", "4", "--json")
    lines = json.loads(gradcli(*arguments, text=text).stdout)["lines"]
    first, second = (line["hints"][-1] for line in lines)
    assert first != second
    listing = derived("rnn", "numerator").split("\n")
    for told_line in (first, second):
        assert told_line.removeprefix("the line: ") in listing


def test_a_level_goes_with_a_hint() -> None:
    assert gradcli("check", MLP, "--against", "-", "--level", "1", text=SHEET).exit_code == 2
