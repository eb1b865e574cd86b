"""The table of mistakes: *.txt beside this file, each case a model with what is said of it.

    === the case's name
    $ --dim H=3                     options of `gradcli derive`, where there are any
    @ data.json {"x": [1, 2]}       a file beside the model
    input x: [H]
    y = xx + 1
        ^^ error: `xx` is not defined
    hint: did you mean `x`?

Below a line of the model stand the carets and the message for it, and the hint; a second place that
an error is about has a note below its own line. What has no place in the model stands at the end. `python tests/errors/error_cases.py` writes anew what is said; read
the difference as a person who made that mistake would.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from gradcli.cli import app

FOLDER = Path(__file__).parent
SAID = re.compile(r"\s*\^+ (?:error|note): |error: |hint: |note: |Error: |Usage: |Try ")
HEAD = re.compile(r"model\.eq:(\d+):(\d+): ((?:error|note): .*)")


class Case(NamedTuple):
    """One mistake: its options, the files beside the model, the model, and the annotated model."""

    name: str
    options: list[str]
    files: dict[str, str]
    model: str
    annotated: str

    def __str__(self) -> str:
        return self.name


def cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.txt")):
        for text in path.read_text(encoding="utf-8").split("=== ")[1:]:
            yield case(path.stem, text)


def case(topic: str, text: str) -> Case:
    title, *lines = text.rstrip("\n").split("\n")
    options: list[str] = []
    files: dict[str, str] = {}
    while lines and lines[0][:2] in ("$ ", "@ "):
        line = lines.pop(0)
        if line[0] == "$":
            options += shlex.split(line[2:])
        else:
            name, _, content = line[2:].partition(" ")
            files[name] = content
    model = [line for line in lines if not SAID.match(line)]
    return Case(f"{topic}: {title}", options, files, "\n".join(model) + "\n", "\n".join(lines))


class Outcome(NamedTuple):
    code: int
    output: str
    errors: str


def run(case: Case, folder: Path) -> Outcome:
    """Derive a case's model in a folder, as the command does."""
    for name, content in case.files.items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "model.eq").write_text(case.model, encoding="utf-8")
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(app, ["derive", "model.eq", *case.options])
    finally:
        os.chdir(before)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def annotate(case: Case, said: str) -> str:
    """The model with each message below the line it is about."""
    model = case.model.rstrip("\n").split("\n")
    below: dict[int, list[str]] = {}
    lines = said.rstrip("\n").split("\n")
    while lines:
        head = HEAD.fullmatch(lines[0])
        if head:
            number, column, message = int(head[1]), int(head[2]), head[3]
            source, carets = lines[1], lines[2]
            assert model[number - 1] == source, source
            assert len(carets) - len(carets.lstrip()) == column - 1, carets
            found = [f"{carets} {message}"]
            del lines[:3]
        else:
            number = len(model)
            found = [lines.pop(0)]
        if lines and lines[0].startswith("hint: "):
            found.append(lines.pop(0))
        below.setdefault(number, []).extend(found)
    return "\n".join(
        line for i, source in enumerate(model, 1) for line in (source, *below.get(i, ()))
    )


def update() -> None:
    for path in sorted(FOLDER.glob("*.txt")):
        intro, *texts = path.read_text(encoding="utf-8").split("=== ")
        written = [intro]
        for text in texts:
            found = case(path.stem, text)
            head = [line for line in text.split("\n")[1:] if line[:2] in ("$ ", "@ ")]
            with tempfile.TemporaryDirectory() as folder:
                said = run(found, Path(folder)).errors
            title = text.split("\n")[0]
            written.append("\n".join([title, *head, annotate(found, said)]) + "\n\n")
        path.write_text("=== ".join(written).rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    update()
