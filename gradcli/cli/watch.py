"""`--watch`: something done again whenever a file has changed."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import typer

from gradcli.cli.output import defect
from gradcli.cli.streams import say

POLL = 0.04  # seconds between two looks
PATIENCE = 1.0  # seconds that a file may be away, or empty, while an editor saves it
CLEAR = "\x1b[H\x1b[2J\x1b[3J"

State = tuple[tuple[int, ...] | None, ...]


def follow(paths: Sequence[Path], act: Callable[[], None]) -> NoReturn:
    """Call `act` now and after each change of a file, until an interrupt ends the process.

    What `act` says of wrong input is said, and ends nothing. A file may be written in place, be
    replaced by renaming, or be away for a moment.
    """
    shown = _state(paths)
    _again(act)
    since = time.monotonic()
    ticks = _ticks(paths)
    while True:
        next(ticks)
        found = _state(paths)
        if found == shown:
            since = time.monotonic()
        elif None not in found or time.monotonic() - since > PATIENCE:
            shown = _settled(paths, found)
            _again(act)


def _again(act: Callable[[], None]) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(CLEAR)
        sys.stdout.flush()
    try:
        act()
    except typer.Exit:
        pass  # its errors have been said
    except OSError:
        raise  # what can't be written now can't be written later
    except Exception as error:  # noqa: BLE001  # a defect is said, and the file followed on
        say(defect(error))
    gc.collect()  # the command turns it off, for it lives briefly; this one does not


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
        debounce=40,
        step=20,
        rust_timeout=250,
        yield_on_timeout=True,
        recursive=False,
    ):
        yield
