"""Files as bytes: bounded in size, and never a wait for what does not come."""

from __future__ import annotations

import os
import stat
import sys
import time

from gradcli.errors import GradError

STDIN = "<stdin>"
PATIENCE = 2.0  # seconds in which a pipe must get a writer


def read_file(path: str, most: int) -> bytes:
    """A file's content; `-` is standard input. Raises GradError, also beyond `most` bytes."""
    if not path.strip():
        raise GradError(
            "the path of the file is empty", hint="- reads standard input", kind="unreadable-file"
        )
    try:
        raw = _standard(most + 1) if path == "-" else _read(path, most + 1)
    except OSError as error:
        raise GradError(
            f"{STDIN if path == '-' else path}: {(error.strerror or str(error)).lower()}",
            kind="unreadable-file",
        ) from None
    except ValueError:
        raise GradError("the file name holds a NUL byte", kind="unreadable-file") from None
    if len(raw) > most:
        raise GradError(
            f"{STDIN if path == '-' else path}: larger than {most // 2**20} MiB", kind="too-large"
        )
    return raw


def _standard(most: int) -> bytes:
    """Standard input; what has no writer that waits, and nothing in it, is empty."""
    return sys.stdin.buffer.read(most) or b""


def _read(path: str, most: int) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        first = b""
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            first = _first_of_pipe(descriptor)
        os.set_blocking(descriptor, True)
        pieces = [first]
        size = len(first)
        while size < most and (piece := file.read(most - size)):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)


def _first_of_pipe(descriptor: int) -> bytes:
    """What a pipe holds by now. A pipe that no one writes to ends the wait."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            first = os.read(descriptor, 2**16)
        except BlockingIOError:
            return b""  # there is a writer: what it writes is worth a wait
        if first or time.monotonic() > end:
            return first
        time.sleep(0.02)
