"""`--watch`: something done again whenever a file has changed."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from gradcli.cli.output import Reported, defect, write
from gradcli.cli.streams import say
from gradcli.errors import GradError, GradErrors

if TYPE_CHECKING:
    from gradcli.render.page.document import Live

POLL = 0.04  # seconds between two looks
PATIENCE = 1.0  # seconds that a file may be away, or empty, while an editor saves it
CLEAR = "\x1b[H\x1b[2J\x1b[3J"

State = tuple[tuple[int, ...] | None, ...]


def follow(paths: Sequence[Path], act: Callable[[], None], *later: Callable[[], None]) -> NoReturn:
    """Call `act` now and after each change of a file, until an interrupt ends the process.

    What it says of wrong input is said, and ends nothing. A file may be written in place, be
    replaced by renaming, or be away for a moment. later: what takes longer is done behind it in a
    process of its own, where there are such, which the next change ends.
    """
    shown = _state(paths)
    aside = _Aside(later)
    if _again(act):
        aside.start()
    since = time.monotonic()
    ticks = _ticks(paths)
    while True:
        next(ticks)
        found = _state(paths)
        if found == shown:
            since = time.monotonic()
        elif None not in found or time.monotonic() - since > PATIENCE:
            aside.stop()
            shown = _settled(paths, found)
            if _again(act):
                aside.start()


def paged(
    once: Callable[[Live], None], model: str, output: str | None
) -> Iterator[Callable[[], None]]:
    """What writes the page of a model: at first as a draft, then whole; errors are a page too."""
    from gradcli.render.page import errors
    from gradcli.render.page.document import Live

    def written(draft: bool) -> None:
        live = Live(str(time.time_ns()), draft)
        with Reported("html", model):
            try:
                once(live)
            except (GradError, GradErrors) as error:
                write(errors.lines(model, error, live), output)
                raise

    yield partial(written, True)
    yield partial(written, False)


class _Aside:
    """Work in a process of its own, which has all that this one has loaded.

    On macOS and Windows, where a process can't or shouldn't be forked, it is done in this one.
    """

    def __init__(self, later: Sequence[Callable[[], None]]) -> None:
        self.later = later
        self.process = 0

    def start(self) -> None:
        if self.later and sys.platform == "linux":
            self.process = os.fork()
            if self.process:
                return
            try:
                self._work()
            finally:
                os._exit(0)
        self._work()

    def _work(self) -> None:
        for act in self.later:
            _tried(act)

    def stop(self) -> None:
        """End it, where it has not ended."""
        if self.process:
            os.kill(self.process, signal.SIGTERM)
            os.waitpid(self.process, 0)
            self.process = 0


def _again(act: Callable[[], None]) -> bool:
    """Whether it was done without an error."""
    if sys.stdout.isatty():
        sys.stdout.write(CLEAR)
        sys.stdout.flush()
    done = _tried(act)
    gc.collect()  # the command turns it off, for it lives briefly; this one does not
    return done


def _tried(act: Callable[[], None]) -> bool:
    try:
        act()
    except typer.Exit:
        return False  # its errors have been said
    except OSError:
        raise  # what can't be written now can't be written later
    except Exception as error:  # noqa: BLE001  # a defect is said, and the file followed on
        say(defect(error))
        return False
    return True


def _settled(paths: Sequence[Path], found: State) -> State:
    """The state of the files once two looks see the same."""
    while True:
        time.sleep(POLL / 4)
        later = _state(paths)
        if later == found:
            return found
        found = later


def _state(paths: Sequence[Path]) -> State:
    """What tells one content of the files from another; None of one that is away or empty."""
    return tuple(map(_content, paths))


def _content(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found.st_size else None


def _ticks(paths: Sequence[Path]) -> Iterator[None]:
    """When to look: as the extra `gradcli[watch]` is told by the system, or all the time.

    What it tells is no more than that something has happened in a folder.
    """
    try:
        from watchfiles import watch
    except ImportError:
        while True:
            time.sleep(POLL)
            yield
    folders = {path.resolve().parent for path in paths}
    for _ in watch(
        *folders,
        watch_filter=None,
        debounce=20,
        step=5,
        rust_timeout=250,
        yield_on_timeout=True,
        recursive=False,
    ):
        yield
