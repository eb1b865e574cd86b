"""Each example in each form against a file that a person has read.

`pytest tests/golden --update-golden` writes the files anew. Numbers are compared with a tolerance,
all other text as it is.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support import EXAMPLES
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.render.folding import cell_width
from gradcli.render.layout import write_rich
from gradcli.render.table import sections
from gradcli.session import Request, run

FOLDER = Path(__file__).parent
PATHS = {path.stem: path.relative_to(EXAMPLES) for path in sorted(EXAMPLES.rglob("*.eq"))}
NAMES = sorted(name for name, path in PATHS.items() if path.parent == Path())
EVERY = sorted(PATHS)  # those in folders, too: as tables
LOOPS = [name for name in EVERY if "\nfor " in (EXAMPLES / PATHS[name]).read_text()]
FORMS = {  # the arguments, and the end of a file's name
    "table": ([], ".txt"),
    "json": (["--json", "--precision", "6"], ".json"),
    "grad": (["-f", "grad"], ".grad"),
    "rolled": (["--rolled"], ".txt"),
    "compact": (["--compact", "-f", "grad"], ".grad"),
}
WIDTHS = (80, 120)
CASES = [
    *(("table", name) for name in EVERY),
    *((form, name) for form in ("json", "grad") for name in NAMES),
    *(("rolled", name) for name in LOOPS),
    *(("compact", name) for name in NAMES),
]
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")


def derived(form: str, name: str) -> str:
    """What `gradcli derive` prints where standard output is no terminal."""
    found = CliRunner().invoke(app, ["derive", str(PATHS[name]), *FORMS[form][0]])
    assert found.exit_code == 0, found.stderr
    return found.stdout


def painted(name: str, width: int) -> str:
    """The table in a terminal of a width, without colour."""
    console = Console(width=width, file=io.StringIO(), no_color=True, force_terminal=False)
    write_rich(sections(run(f"{name}.eq", Request())), console)
    return str(console.file.getvalue())


@pytest.fixture(autouse=True)
def _beside_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)


@pytest.mark.parametrize(("form", "name"), CASES)
def test_golden(form: str, name: str, update_golden: bool) -> None:
    text = derived(form, name)
    expected = golden(f"{form}/{name}{FORMS[form][1]}", text, update_golden)
    if form == "json":
        compare(json.loads(text), json.loads(expected), name)
    else:
        compare_lines(text, expected)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["lstm", "batchnorm", "scanning_mlp"])
def test_the_table_in_a_terminal(name: str, width: int, update_golden: bool) -> None:
    text = painted(name, width)
    assert all(cell_width(line) <= width for line in text.splitlines())
    compare_lines(text, golden(f"width{width}/{name}.txt", text, update_golden))


def golden(path: str, text: str, update: bool) -> str:
    """The text of a golden file, written first where that is asked for."""
    file = FOLDER / path
    if update:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), "pytest tests/golden --update-golden writes it; then read it"
    return file.read_text(encoding="utf-8")


def compare(found: Any, expected: Any, where: str) -> None:
    """Compare two documents, numbers with a tolerance."""
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key, value in expected.items():
            compare(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, value in enumerate(expected):
            compare(found[i], value, f"{where}[{i}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-12), where
    elif not where.endswith(".gradcli_version"):
        assert found == expected, where


def compare_lines(found: str, expected: str) -> None:
    """Compare two texts, the numbers in them with a tolerance, runs of blanks as one."""
    for one, two in zip(found.splitlines(), expected.splitlines(), strict=True):
        assert NUMBER.sub("#", one).split() == NUMBER.sub("#", two).split()
        numbers = [[float(n) for n in NUMBER.findall(line)] for line in (one, two)]
        assert numbers[0] == pytest.approx(numbers[1], rel=2e-3, abs=1e-12)


def test_no_golden_file_is_left_over() -> None:
    for form in FORMS:
        expected = {name for kind, name in CASES if kind == form}
        assert {path.stem for path in (FOLDER / form).iterdir()} == expected


@pytest.mark.parametrize("name", EVERY)
def test_an_example_says_where_it_is_from(name: str) -> None:
    lines = (EXAMPLES / PATHS[name]).read_text().splitlines()
    comment = " ".join(itertools.takewhile(lambda line: line.startswith("#"), lines))
    assert comment
    if name not in NAMES:
        assert re.search(r"\d{4}|\(Stanford\)", comment), "the year, or the course"
