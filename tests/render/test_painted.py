"""Colours in a terminal, and nothing but plain text elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from gradcli.render.painted import CARET, CHANGED, VERDICTS, painted

ROOT = Path(__file__).parents[2]
SLIP = ROOT / "examples" / "course" / "mlp.grad"
COMMAND = [sys.executable, "-m", "gradcli", "check", "examples/mlp.eq", "--against", "mine.grad"]
TEXT = """\
mine.grad:3:7: wrong (transpose): a1 is not transposed
dW2 = a1 @ dz2   # the second layer
      ^^
corrected: dW2 = a1.T @ dz2
rule: 4. z4 = a1 @ W2 gives dL/dW2 = a1.T @ dL/dz4

mine.grad:4:1: inconclusive: rounding hides whether this is right
dz = 1
^^^^^^

mine.grad: 4 lines: 2 right, 1 wrong, 1 inconclusive
"""


def test_the_text_stays_the_same() -> None:
    lines = ["".join(text for text, _ in runs) for runs in painted([TEXT])]
    assert lines == TEXT.splitlines()


def test_what_has_a_colour() -> None:
    found = {text: style for runs in painted([TEXT]) for text, style in runs if style}
    assert found == {
        "wrong (transpose)": VERDICTS["wrong"],
        "      ^^": CARET,
        "a1.T": CHANGED,
        "inconclusive": VERDICTS["inconclusive"],
        "^^^^^^": CARET,
        "2 right": VERDICTS["right"],
        "1 wrong": VERDICTS["wrong"],
        "1 inconclusive": VERDICTS["inconclusive"],
    }


def test_right_and_wrong_alone() -> None:
    (runs,) = painted(["line 3: dL/dx: right\n"])
    assert runs == [("line 3: dL/dx: ", ""), ("right", VERDICTS["right"])]


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
