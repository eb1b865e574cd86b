"""The page of verdicts on a person's own lines."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path

import pytest
from pages import EXAMPLES, Page
from typer.testing import CliRunner

from gradcli.cli import app

MODEL = "layout denominator\ninput x: [2], W: [2, 2]\nz = W @ x\nL = sum(z^2)\n"
MINE = """# mine <b>
layout denominator
dL/dz = 2 * z
dL/dW = x @ dL/dz.T    # & so on
dL/dx = W.T @ dL/dz
"""


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("m.eq").write_text(MODEL.replace("L = sum", "loss L = sum"))

    def check(text: str, *options: str) -> str:
        Path("mine.grad").write_text(text)
        found = CliRunner().invoke(
            app, ["check", "m.eq", "--against", "mine.grad", "-f", "html", *options]
        )
        assert found.exit_code == (1 if "x @ dL/dz.T" in text else 0), found.stderr
        Page(found.stdout)
        return found.stdout

    return check


def item(text: str, number: int) -> str:
    found = re.search(rf'<li class="line [a-z]+" id="line{number}">.*?</li>\n', text, re.DOTALL)
    assert found
    return found[0]


def test_the_lines_stand_as_they_are_written(check) -> None:
    text = check(MINE)
    for number, line in enumerate(MINE.splitlines(), 1):
        shown = unescape(re.sub("<[^>]*>", "", item(text, number)))
        assert shown.split(" ", 1)[1].startswith(line)
    assert [re.findall('class="line ([a-z]+)"', item(text, k))[0] for k in range(1, 6)] == [
        "none", "none", "right", "wrong", "right",
    ]  # fmt: skip


def test_the_verdicts_are_told_as_lines(check) -> None:
    told = re.findall("<p>(.*?)</p>", check(MINE), re.DOTALL)
    assert "mine.grad: 3 lines: 2 right, 1 wrong" in told
    assert not any("\\n" in line for line in told)


def test_a_wrong_line_has_its_caret_and_the_corrected_line_behind_a_click(check) -> None:
    wrong = item(check(MINE), 4)
    mark, caret = re.findall("<mark>(.*?)</mark>", wrong), re.findall(r"(\^+)</span>", wrong)
    assert len(mark) == len(caret) == 1
    assert len(unescape(mark[0])) == len(caret[0])
    visible, _, hidden = wrong.partition("<details>")
    assert "<summary>the corrected line</summary>" in hidden
    assert "corrected: dL/dW = (x @ dL/dz.T).T" in unescape(hidden)
    assert "(x @ dL/dz.T).T" not in unescape(visible)


@pytest.mark.parametrize(
    "options", [["--quiet"], ["--hint"], ["--hint", "--level", "2"]], ids=" ".join
)
def test_what_is_held_back_is_not_on_the_page(check, options: list[str]) -> None:
    text = unescape(check(MINE, *options))
    assert "(x @ dL/dz.T).T" not in text
    assert "<mark>" not in text
    assert '<li class="line wrong" id="line4">' in text


def test_all_is_right(check) -> None:
    text = check(MINE.replace("x @ dL/dz.T", "dL/dz @ x.T"))
    assert "3 right, 0 wrong" in text
    assert "<details>" not in text


def test_what_is_markup_is_text(check) -> None:
    text = check(MINE.replace("# & so on", "# </pre><script>alert(1)</script>"))
    assert "<script" not in text
    assert escape("</pre><script>") in item(text, 4)


def test_a_long_file_is_cut_to_what_is_not_right(check) -> None:
    text = check(MINE + "# more\n" * 3000)
    assert len(re.findall('<li class="line ', text)) == 1
    assert "3,004 lines that are right, or no steps, are left out" in text


@pytest.mark.parametrize("name", ["lstm", "mlp", "feedforward"])
def test_the_course_s_derivations(name: str) -> None:
    path = next(path for path in EXAMPLES if path.stem == name)
    mine = path.parent / "course" / f"{name}.grad"
    found = CliRunner().invoke(app, ["check", str(path), "--against", str(mine), "-f", "html"])
    assert found.exit_code in (0, 1, 3), found.stderr
    page = Page(found.stdout)
    assert len(page.of("line")) == len(mine.read_text().splitlines())


def test_the_verdicts_on_gradients() -> None:
    found = CliRunner().invoke(app, ["check", str(EXAMPLES[0]), "-f", "html"])
    assert found.exit_code == 0
    assert "<table" in found.stdout
    assert "<script" not in found.stdout
