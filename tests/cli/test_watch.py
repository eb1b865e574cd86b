"""`--watch`: each save is shown, errors too, however an editor saves; an interrupt ends it."""

from __future__ import annotations

import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import COMMAND
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.cli.watch import PATIENCE, POLL, _ticks

MODEL = "input x: [2]\nloss L = sum(x * {})\n"
PATIENT = 60.0  # seconds that a busy machine may take


class Watched:
    """A command that follows a file, and what it writes, line by line."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "derive", "m.eq", "--watch", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            cwd=folder,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def until(self, text: str) -> float:
        """Wait for a line with a text. When it came."""
        end = time.monotonic() + PATIENT
        while text not in self.lines.get(timeout=max(0.1, end - time.monotonic())):
            pass
        return time.monotonic()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    (tmp_path / "m.eq").write_text(MODEL.format(2))
    found: list[Watched] = []

    def watched(*options: str) -> Watched:
        found.append(Watched(tmp_path, *options))
        return found[-1]

    yield watched
    for each in found:
        each.process.kill()
        each.process.wait()
        each.reader.join()
        each.process.stdout.close()


def replace(path: Path, text: str) -> None:
    part = path.with_name(".m.eq.swp")
    part.write_text(text)
    part.replace(path)


def remove_and_write(path: Path, text: str) -> None:
    path.rename(path.with_name("m.eq~"))
    time.sleep(3 * POLL)
    path.write_text(text)


def write_in_two(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.flush()
        time.sleep(3 * POLL)
        file.write(text)


def test_each_save_is_shown_however_an_editor_saves(watched, tmp_path: Path) -> None:
    command, path = watched(), tmp_path / "m.eq"
    command.until("z1 = x * 2")
    for k, save in enumerate((Path.write_text, replace, remove_and_write, write_in_two), 3):
        save(path, MODEL.format(k))
        command.until(f"z1 = x * {k}")
    path.write_text("input x: [2]\nloss L = sum(q)\n")
    command.until("m.eq:2:")
    path.write_text(MODEL.format(9))
    command.until("z1 = x * 9")
    assert not any("error" in line for line in command.lines.queue)
    command.process.send_signal(signal.SIGINT)
    assert command.process.wait(PATIENT) == 130


def test_it_is_told_where_the_file_stays_away(watched, tmp_path: Path) -> None:
    command, path = watched(), tmp_path / "m.eq"
    command.until("Gradients")
    path.unlink()
    gone = time.monotonic()
    assert command.until("m.eq: ") - gone > PATIENCE / 2
    path.write_text(MODEL.format(5))
    command.until("z1 = x * 5")


def test_a_page_is_written_anew(watched, tmp_path: Path) -> None:
    page, path = tmp_path / "m.html", tmp_path / "m.eq"
    watched("-f", "html", "-o", "m.html")
    for k in (2, 7):
        path.write_text(MODEL.format(k))
        end = time.monotonic() + PATIENT
        while not (page.exists() and f"z1 = x * {k}" in page.read_text()):
            assert time.monotonic() < end
            time.sleep(POLL)


def test_data_are_followed_too(watched, tmp_path: Path) -> None:
    data = tmp_path / "d.json"
    data.write_text('{"x": [1, 2]}')
    command = watched("--data", "d.json")
    command.until("[2 4]")
    data.write_text('{"x": [3, 4]}')
    command.until("[6 8]")


def test_the_extra_tells_of_a_change(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    path = tmp_path / "m.eq"
    path.write_text("x")
    ticks = _ticks([path])
    next(ticks)
    path.write_text("y")
    next(ticks)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-", "--watch"], "it needs a model file"),
        (["m.eq", "--watch", "--json"], "it needs -o FILE with --format json"),
    ],
)
def test_what_it_needs(arguments: list[str], said: str) -> None:
    found = CliRunner().invoke(app, ["derive", *arguments])
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_file_that_is_not_there_is_not_waited_for() -> None:
    found = CliRunner().invoke(app, ["derive", "missing.eq", "--watch"])
    assert found.exit_code == 2
    assert "missing.eq" in found.stderr
