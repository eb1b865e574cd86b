"""How a signal ends the command: at once, silently, and with nothing left behind.

It is the first module that the command imports, so that an interrupt while the others load is
silent too. An exception would not do: Python prints those that are raised in a callback, of an
import's lock say, and goes on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

INTERRUPTED = 130  # the exit code: 128 and the number of SIGINT

_undo: list[Callable[[], None]] = []


def silent_interrupt() -> None:
    """Let an interrupt end the process with its exit code, unless interrupts are ignored."""
    _let(signal.SIGINT, signal.default_int_handler)


@contextmanager
def undone(undo: Callable[[], None]) -> Iterator[None]:
    """Call `undo` at the end of the block, and where a signal ends the process within it."""
    _undo.append(undo)
    numbers = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    ours = [number for number in numbers if number and _let(number, signal.SIG_DFL)]
    try:
        yield
    finally:
        undo()
        _undo.remove(undo)
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _let(number: signal.Signals, usual: object) -> bool:
    """Have a signal handled here; not if it is ignored, nor if others handle it. Whether it is."""
    try:
        if signal.getsignal(number) is not usual:
            return False
        signal.signal(number, _end)
    except ValueError:  # only the main thread may
        return False
    return True


def _end(number: int, frame: FrameType | None) -> None:
    for undo in reversed(_undo):
        with suppress(Exception):
            undo()
    if number == signal.SIGINT:
        os._exit(INTERRUPTED)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
