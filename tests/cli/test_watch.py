"""`--watch`: each save is shown, errors too, however an editor saves; an interrupt ends it."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from running import COMMAND
from typer.testing import CliRunner

from gradcli.cli import app, watch
from gradcli.cli.watch import PATIENCE, POLL, _ticks

MODEL = "input x: [2]\nloss L = sum(x * {})\n"
LOOKING = (
    sys.executable,
    "-c",
    "import sys; sys.modules['watchfiles'] = None; from gradcli.__main__ import main; main()",
)  # a command without the extra
PATIENT = 60.0  # seconds that a busy machine may take


class Watched:
    """A command that follows a file, and what it writes, line by line."""

    def __init__(self, folder: Path, *options: str, command: Sequence[str] = COMMAND) -> None:
        self.process = subprocess.Popen(
            [*command, "derive", "m.eq", "--watch", *options],
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

    def watched(*options: str, **more: Sequence[str]) -> Watched:
        found.append(Watched(tmp_path, *options, **more))
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


@pytest.mark.parametrize("way", [LOOKING, COMMAND], ids=["looking", "told"])
def test_each_save_is_shown_however_an_editor_saves(watched, way, tmp_path: Path) -> None:
    command, path = watched(command=way), tmp_path / "m.eq"
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


def written(page: Path, *texts: str) -> str:
    """Wait for a file with texts in it. All of it."""
    end = time.monotonic() + PATIENT
    while not (page.exists() and all(text in page.read_text() for text in texts)):
        assert time.monotonic() < end
        time.sleep(POLL)
    return page.read_text()


@pytest.mark.parametrize("command", [LOOKING, COMMAND], ids=["looking", "told"])
def test_a_page_is_written_anew_and_says_what_is_wrong(watched, command, tmp_path: Path) -> None:
    page, path = tmp_path / "m.html", tmp_path / "m.eq"
    following = watched("-f", "html", "-o", "m.html", command=command)
    for k in (2, 7):
        path.write_text(MODEL.format(k))
        written(page, f"z1 = x * {k}")
    path.write_text("input x: [2]\nloss L = sum(<q>)\n")
    text = written(page, "m.eq:2:")
    assert "&lt;q&gt;" in text
    assert "z1 = x" not in text
    assert following.until("m.eq:2:")
    path.write_text(MODEL.format(9))
    written(page, "z1 = x * 9", "line in place of")
    following.process.send_signal(signal.SIGINT)
    assert following.process.wait(PATIENT) == 130
    assert sorted(each.name for each in tmp_path.iterdir()) == ["m.eq", "m.html"]


def test_the_last_of_many_saves_is_what_stays(watched, tmp_path: Path) -> None:
    """Whatever was left for later of those before it."""
    page, path = tmp_path / "m.html", tmp_path / "m.eq"
    watched("-f", "html", "-o", "m.html", "--compact")
    for k in range(2, 12):
        path.write_text(MODEL.format(k))
        written(page, f"z1 = x * {k}")
    text = written(page, "line in place of")
    assert "z1 = x * 11" in text
    assert '<details class="compact" open>' in text


@pytest.mark.skipif(sys.platform != "linux", reason="it needs processes that fork")
def test_what_takes_long_is_left_for_later_and_given_up_at_the_next_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second act waits for a file that comes with the second save alone."""
    path, log = tmp_path / "m.eq", tmp_path / "log"
    path.write_text("1")

    def say(word: str) -> None:
        with log.open("a") as file:
            file.write(f"{word} {path.read_text()}\n")

    def slowly() -> None:
        end = time.monotonic() + PATIENT
        while path.read_text() != "2" and time.monotonic() < end:
            time.sleep(POLL)
        time.sleep(5 * POLL)
        say("later")

    def looks(paths: list[Path]) -> Iterator[None]:
        written(log, "at once 1")
        path.write_text("2")
        yield
        written(log, "later 2")
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "_ticks", looks)
    with pytest.raises(KeyboardInterrupt):
        watch.follow([path], lambda: say("at once"), slowly)
    assert log.read_text().splitlines() == ["at once 1", "at once 2", "later 2"]


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
