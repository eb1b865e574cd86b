"""The examples in the pages: fenced blocks that are files, and consoles that are run.

A block ```eq NAME.eq (or of another language) with a file name is written to a folder made for the
page; one without a name stands for itself. In a ```console block a line that begins with `$ ` is a
command, run in that folder with `examples/` in it; the lines below it are what it prints. A line
`…` stands for any number of lines. The ```pycon blocks of a page are one session of Python, run in
the same folder.
"""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 120


class Block(NamedTuple):
    """A fenced block: its language, its file name if it has one, and where its text stands."""

    language: str
    name: str | None
    text: str
    start: int
    end: int


class Command(NamedTuple):
    """A command and the lines that a page says it prints."""

    command: str
    expected: list[str]


def blocks(page: str) -> Iterator[Block]:
    for found in FENCE.finditer(page):
        yield Block(found[1], found[2], found[3], found.start(3), found.end(3))


def commands(text: str) -> list[Command]:
    """The commands of a console block, each with what it is said to print."""
    found: list[Command] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        else:
            found[-1].expected.append(line)
    return found


def prepare(folder: Path) -> None:
    """A folder to run a page's commands in: the examples, and a `gradcli` that is this one."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    programs = folder / ".bin"
    programs.mkdir()
    for name, arguments in (("gradcli", "-m gradcli "), ("python", "")):
        script = programs / name
        text = f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n'
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)


def run(command: str, folder: Path) -> list[str]:
    """What a command prints, on both streams, as a terminal shows it."""
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": f"{folder / '.bin'}:{os.environ['PATH']}", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return ended.stdout.rstrip().splitlines()


def session(page: str, folder: Path) -> list[str]:
    """Where a page's Python sessions print something else than it says."""
    text = "\n".join(block.text for block in blocks(page) if block.language == "pycon")
    test = doctest.DocTestParser().get_doctest(text, {}, "the session", None, None)
    problems: list[str] = []
    with contextlib.chdir(folder):
        doctest.DocTestRunner(verbose=False).run(test, out=problems.append)
    return problems


def missing(text: str) -> list[str]:
    """The programs that a console block uses and this machine lacks."""
    return [
        name
        for name in ("bash", "jq")
        if name in ("bash", *text.split()) and not shutil.which(name)
    ]


def renewed(page: str, folder: Path) -> str:
    """A page with its consoles' output as it is now; what `…` leaves out stays left out."""
    prepare(folder)
    pieces, last = [], 0
    for block in blocks(page):
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")
        if block.language == "console" and not missing(block.text):
            pieces += [page[last : block.start], _renewed(block.text, folder)]
            last = block.end
    return "".join([*pieces, page[last:]])


def _renewed(text: str, folder: Path) -> str:
    lines = []
    for command, expected in commands(text):
        found = run(command, folder)
        if any("gradcli itself failed" in line for line in found):
            raise SystemExit(f"$ {command}\n" + "\n".join(found))
        lines.append(f"$ {command}")
        if "…" in expected:
            at = expected.index("…")
            after = len(expected) - at - 1
            found = [*found[:at], "…", *found[len(found) - after :]]
        gap = [""] if expected and not expected[-1] else []
        lines += [line.rstrip() for line in found] + gap
    return "\n".join(lines) + "\n"
