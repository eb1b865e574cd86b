"""Every hostile name of a file through every kind of output: it adds nothing and steers nothing."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import unicodedata
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gradcli.cli import app, progress
from gradcli.cli.blank import BlankFormat
from gradcli.cli.check import CheckFormat
from gradcli.cli.emit import Target
from gradcli.cli.grade import GradeFormat
from gradcli.cli.options import Format
from gradcli.cli.views import Drawing
from gradcli.foreign import docstring, dumps, visible

MODEL = "layout denominator\ninput x: [2]\nop f(u) = u^2:\n    dL/du = dL/dout * 2 * u\ny = f(x)\nloss L = sum(y)\n"
DERIVATION = "layout denominator\ndL/dy = 1\ndL/dx = dL/dy * x\n"
PLAIN = "a.eq"
HOSTILE = [
    'a""";import os;os.mkdir("owned");"""b.eq',
    "a''';import os;os.mkdir('owned');'''b.eq",
    'a"',
    "a\\",
    'a\\"""',
    "{0}%s{x!r}.eq",
    "a\ndL_dx = 0\nlayout numerator.eq",
    "a\rdL_dx = 0.eq",
    "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g.eq",
    "\x1b[2J\x1b]0;owned\x07.eq",
    "\x9b31m\x7f.eq",
    "a\u202egrad\u202c\u200b\ufeff.eq",
    "a\U000e0041.eq",
    "[/b][red]a.eq",
    "a\\end{align*}^^M\\input{owned}.eq",
    "</script>&<b>.eq",
    "σ模型\u0301.eq",
    os.fsdecode(b"a\xff\xc3.eq"),
    os.fsdecode(b"a\xc2\x9b\xff.eq"),
]
# As a JSON reader gets it; bytes that are no text are spelled.
SPELLED = {HOSTILE[-2]: "a\\xff\\xc3.eq", HOSTILE[-1]: "a\x9b\\xff.eq"}
# All of them in a few names, as long as a file's may be.
JOINED = {
    "".join(some): "".join(SPELLED.get(name, name) for name in some)
    for some in (HOSTILE[k::3] for k in range(3))
}


def seen(text: str) -> bool:
    unseen = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return not any(unicodedata.category(c) in unseen for c in text.replace("\n", ""))


def made(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command on a model of a name; its output as text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.grad").write_text(DERIVATION)
    np.savez(tmp_path / "mine.npz", x=np.ones((2, 1)))

    def run(name: str, command: str, *options: str) -> str:
        made(name, MODEL)
        found = CliRunner().invoke(app, [command, name, *options])
        assert found.exit_code in (0, 1, 3), found.stderr
        assert seen(found.stderr)
        text = found.stdout_bytes.decode("utf-8")
        assert seen(text.replace("\r\n", "\n")), name  # as CSV has them
        return text

    yield run
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_python(run, name: str) -> None:
    plain, found = (run(n, "derive", "-f", "python") for n in (PLAIN, name))
    module = ast.parse(found)
    head = f"The gradients of {visible(name)}: both passes, in NumPy alone."
    assert ast.get_docstring(module, clean=False) == head
    assert list(map(ast.dump, module.body[1:])) == list(map(ast.dump, ast.parse(plain).body[1:]))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize(("form", "mark"), [("grad", "# "), ("latex", "% ")])
def test_a_comment_of_one_line(run, form: str, mark: str, name: str) -> None:
    plain, found = (run(n, "derive", "-f", form).split("\n") for n in (PLAIN, name))
    assert found[0] == plain[0].replace(PLAIN, visible(name))
    assert found[0].startswith(mark)
    assert found[1:] == plain[1:]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_page(run, name: str) -> None:
    plain, found = (run(n, "derive", "-f", "html") for n in (PLAIN, name))
    assert found == plain.replace(PLAIN, escape(visible(name)))


DOCUMENTS = {
    "derive": ("derive", "--json"),
    "check": ("check", "--json"),
    "gradients": ("check", "--json", "--against", "mine.npz"),
    "derivation": ("check", "--json", "--against", "mine.grad"),
}


@pytest.mark.parametrize("name", JOINED, ids=range(3))
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_json(run, kind: str, name: str) -> None:
    command, *options = DOCUMENTS[kind]
    whole = JOINED[name]
    found = json.loads(run(name, command, *options))
    plain = json.loads(run(PLAIN, command, *options))

    def renamed(value):
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item) for item in value]
        return value.replace(PLAIN, whole) if isinstance(value, str) else value

    assert found == renamed(plain)
    lines = run(name, command, *options[1:], "-f", "ndjson").split("\n")
    sources = {json.loads(line).get("source", whole) for line in lines if line}
    assert sources == {whole}


@pytest.mark.parametrize("name", JOINED, ids=range(3))
@pytest.mark.parametrize(
    "options", [(), ("--against", "mine.npz"), ("--against", "mine.grad")], ids=" ".join
)
def test_what_a_person_reads(run, options: tuple[str, ...], name: str) -> None:
    plain, found = (run(n, "check", *options) for n in (PLAIN, name))
    assert found == plain.replace(PLAIN, visible(name))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_an_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for options in ([], ["--against", name]):
        made(name, "y = q +\n")
        found = CliRunner().invoke(app, ["check", name, *options])
        assert found.exit_code == 2
        assert seen(found.stderr)
        assert found.stderr.startswith(f"{visible(name)}:1:")


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_progress_bar(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with progress.progress_of(name) as update:
        update(1, 2)
    assert visible(name) in terminal.getvalue()


def test_what_can_be_seen_stays() -> None:
    for text in ("model.eq", "σ模型.eq", "a b.eq", "a\u00a0b.eq"):
        assert visible(text) == docstring(text) == json.loads(dumps(text)) == text


def test_any_text_becomes_json() -> None:
    text = "".join(map(chr, [*range(0x300), 0xD800, 0x2028, 0xFEFF, 0xE0001]))
    assert json.loads(dumps({text: [text]}, indent=1)) == {text: [text]}
    assert seen(dumps(text))


# ── every command in every form ──

ALONE = "the-model.eq"  # nothing else in any output is called that
FORMS: list[list[str]] = [
    *(["derive", "-f", form] for form in Format if form is not Format.pdf),  # Typst's, compiled
    ["derive", "-f", "latex", "--standalone"],
    *(["check", "-f", form] for form in CheckFormat),
    *(["check", "--against", "mine.grad", "-f", form] for form in CheckFormat),
    *(["graph", "-f", form] for form in Drawing),
    *(["blank", "-f", form] for form in BlankFormat),
    *(["grade", "mine.grad", "-f", form] for form in GradeFormat),
    *(["emit", "--to", to] for to in Target),
    *(["jacobian", "--of", "L", "--wrt", "x", *more] for more in ([], ["--json"])),
    ["hessian"],
    ["paths", "--from", "x[0]", "--json"],
]


class Tags(HTMLParser):
    """The elements of a page, with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [key for key, _ in attrs]))


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_a_name_changes_nothing_but_where_it_stands(run, form: list[str]) -> None:
    """Whatever it holds, it adds no line, no element, no statement and no key."""
    command, *options = form
    plain = run(ALONE, command, *options)
    between = plain.split(ALONE)
    same = re.compile("([^\n]*)".join(map(re.escape, between)))
    for name in JOINED:
        found = run(name, command, *options)
        assert same.fullmatch(found), name
        assert Tags(found).found == Tags(plain).found or "<" not in plain, name
        if command == "emit":
            one, other = (ast.parse(text).body[1:] for text in (plain, found))
            assert list(map(ast.dump, one)) == list(map(ast.dump, other)), name
        if plain.startswith("{") and plain.count("\n{") == 0:
            assert json.loads(found).keys() == json.loads(plain).keys(), name
