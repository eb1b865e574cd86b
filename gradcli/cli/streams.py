"""The three streams of the process, whatever state they come in."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class _Messages(io.FileIO):
    """Standard error. A message that can't be written is dropped: it changes no exit code."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


def prepare() -> None:
    """Make all three usable. What a stream's encoding lacks is written as an escape."""
    _occupy()
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    if sys.stdout is None:
        raw = io.FileIO(1, "w", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8")
    if sys.stderr is sys.__stderr__:
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Messages(2, "w", closefd=False)),
            encoding=sys.stderr.encoding if sys.stderr else "utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )
    _reconfigure(errors="backslashreplace")


def _occupy() -> None:
    """Give a closed stream's number away, so that no file that is opened later gets it.

    It goes to the null device, opened the other way round: using the stream is still an error.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY)


def say(message: object) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{message}\n")


def as_data() -> Any:
    """Standard output for data: UTF-8 and line feeds, whatever the locale."""
    _reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout


def _reconfigure(**settings: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(**settings)  # type: ignore[arg-type]
