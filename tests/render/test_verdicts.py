"""Colours in a terminal, and nothing but plain text elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import gradcli
from gradcli.check.derivation.findings import Report
from gradcli.errors import shown
from gradcli.render.hints import Detail
from gradcli.render.styled import CARET, CHANGED, VERDICTS, Line, mended, plain, told
from gradcli.render.verdicts import lines, text

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "gradcli", "check", "examples/mlp.eq", "--against", "mine.grad"]
MODEL = """\
layout denominator
input x: [2] = [1, 2], w: [2] = [3, 5]
y = x * w
loss L = sum(y^2)
"""
MINE = """\
dL/dy = 2 * y       # the loss
dL/dx = dL/dy * x
dL/dw = dL/dy * nothing
"""


def report() -> Report:
    review = gradcli.parse(MODEL).against(MINE)
    assert isinstance(review, gradcli.Review)
    return review.report


def styles(found: Iterable[Line]) -> dict[str, str]:
    return {text: style for runs in found for text, style in runs if style}


def test_what_has_a_colour() -> None:
    assert styles(lines(report())) == {
        "wrong (wrong-operand)": VERDICTS["wrong"],
        "                ^": CARET,
        "w": CHANGED,
        "unchecked": VERDICTS["unchecked"],
        "                ^^^^^^^": CARET,
        "1 right": VERDICTS["right"],
        "1 wrong": VERDICTS["wrong"],
        "1 unchecked": VERDICTS["unchecked"],
        "proven": VERDICTS["proven"],
    }


def test_the_text_is_the_same_without() -> None:
    found = "".join(plain(lines(report())))
    assert found == "".join(text(report()))
    assert "corrected: dL/dx = dL/dy * w\n" in found


def test_right_and_wrong_alone() -> None:
    first, *_ = lines(report(), Detail.quiet)
    assert first == [("line 1: dL/dy: ", ""), ("right", VERDICTS["right"])]


def test_a_verdict_without_a_place_has_no_carets() -> None:
    found = list(told(shown("nothing is known", "inconclusive", None, "try again"), "inconclusive"))
    assert styles(found) == {"inconclusive": VERDICTS["inconclusive"]}
    assert list(plain(found)) == ["inconclusive: nothing is known\n", "hint: try again\n"]


def test_the_corrected_part_begins_with_a_word() -> None:
    assert mended("dW2 = a1 @ dz2   # the second", "dW2 = a1.T @ dz2") == [
        ("dW2 = ", ""), ("a1.T", CHANGED), (" @ dz2", ""),
    ]  # fmt: skip


def in_a_terminal(folder: Path, **environment: str) -> str:
    """What the command writes to a terminal."""
    ours, theirs = os.openpty()
    known = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    with subprocess.Popen(
        [*COMMAND[:4], str(ROOT / "examples" / "mlp.eq"), "--against", "mine.grad"],
        stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, cwd=folder,
        env={**known, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    ):  # fmt: skip
        os.close(theirs)
        found = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            found += piece
    os.close(ours)
    return found.decode().replace("\r\n", "\n")


def test_a_terminal_has_colours_and_a_pipe_has_none(tmp_path: Path) -> None:
    (tmp_path / "mine.grad").write_text("dL/dz2 = dL/dz3 * (z5 > 0).T\n")
    shown = in_a_terminal(tmp_path)
    assert "\x1b[1;31mwrong (wrong-operand)" in shown
    piped = subprocess.run(
        [*COMMAND[:4], str(ROOT / "examples" / "mlp.eq"), "--against", "mine.grad"],
        capture_output=True, cwd=tmp_path, encoding="utf-8", check=False,
    ).stdout  # fmt: skip
    assert "\x1b" not in piped
    assert re.sub(r"\x1b\[[\d;]*m", "", shown) == piped
    assert "\x1b[1;31m" not in in_a_terminal(tmp_path, NO_COLOR="1")
