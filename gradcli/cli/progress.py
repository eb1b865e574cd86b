"""A progress bar on standard error, for what takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from gradcli.ending import undone
from gradcli.foreign import visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET_SECONDS = 0.5  # what takes no longer shows nothing


class _Bar:
    """A bar that appears once some time has passed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.start = monotonic()
        self.shown: tuple[Progress, TaskID] | None = None

    def update(self, done: int, total: int) -> None:
        if self.shown is None:
            if monotonic() - self.start < QUIET_SECONDS:
                return
            from rich.console import Console
            from rich.markup import escape
            from rich.progress import Progress

            progress = Progress(console=Console(stderr=True), transient=True)
            progress.start()
            self.shown = progress, progress.add_task(escape(visible(self.name)), total=total)
        progress, task = self.shown
        progress.update(task, completed=done, total=total)

    def stop(self) -> None:
        if self.shown is not None:
            self.shown[0].stop()


@contextmanager
def progress_of(name: str) -> Iterator[Callable[[int, int], None]]:
    """What to call with what is done and how much there is; it shows nothing outside a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    bar = _Bar(name)
    with undone(bar.stop):
        yield bar.update
