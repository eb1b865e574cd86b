"""A bound on the time and the memory that one submission may take."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

PATIENCE = 20  # times as long as the processor's time a clock may run
AGAIN = 1.0  # seconds after which the alarm is repeated, where something swallowed it


class OutOfTime(BaseException):
    """A submission takes longer than it may. No `except Exception` on the way holds it up."""


@contextmanager
def bounded(seconds: float, megabytes: int) -> Iterator[None]:
    """Raise OutOfTime or MemoryError inside, where more is taken than is allowed.

    The time is bounded where the system has timers, in the main thread; the memory where it can
    limit a process. Elsewhere the limits of the reading (lines, elements) are all there is.
    """
    with _less_time(seconds), _less_memory(megabytes):
        yield


@contextmanager
def _less_time(seconds: float) -> Iterator[None]:
    timed = hasattr(signal, "setitimer")
    if not timed or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    # What else the machine does must cost nobody a mark: the time is the processor's.
    timers = (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (
            signal.ITIMER_REAL,
            signal.SIGALRM,
            PATIENCE * seconds,
        ),
    )
    before = {number: signal.signal(number, ring) for _, number, _ in timers}
    for timer, _, most in timers:
        signal.setitimer(timer, most, AGAIN)
    try:
        yield
    finally:
        for timer, _, _ in timers:
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _less_memory(megabytes: int) -> Iterator[None]:
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError, ValueError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + megabytes * 2**20
    for other in (soft, hard):
        most = most if other == resource.RLIM_INFINITY else min(most, other)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
