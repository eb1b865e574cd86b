"""Files as bytes: bounded in size, and never a wait for what does not come."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import sys
import time
from pathlib import Path

from gradcli.errors import GradError

STDIN = "<stdin>"
MOST_SEEN = 10_000  # files of a folder that are looked at for a hint
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
        raise unreadable(STDIN if path == "-" else path, error) from None
    except ValueError:
        raise GradError("the file name holds a NUL byte", kind="unreadable-file") from None
    if len(raw) > most:
        raise GradError(
            f"{STDIN if path == '-' else path}: larger than {most // 2**20} MiB",
            hint="large arrays are for a .npz file: --data",
            kind="too-large",
        )
    return raw


def check_regular(path: str) -> None:
    """Raise GradError where there is no file, or what would be waited for."""
    try:
        kind = stat.S_IFMT(Path(path).stat().st_mode)
    except OSError as error:
        raise unreadable(path, error) from None
    if kind == stat.S_IFDIR:
        raise unreadable(path, OSError(errno.EISDIR, os.strerror(errno.EISDIR)))
    if kind != stat.S_IFREG:
        raise GradError(f"{path}: not a file", hint="a file on a disk", kind="unreadable-file")


def unreadable(path: str, error: OSError) -> GradError:
    """What is said of a file that can't be read, with a hint at what there is."""
    reason = (error.strerror or str(error)).lower()
    return GradError(
        f"{path or repr(path)}: {reason}", hint=_there(path, error), kind="unreadable-file"
    )


def _there(path: str, error: OSError) -> str | None:
    """What stands where a file is looked for."""
    place = Path(path)
    folder = place if error.errno == errno.EISDIR else place.parent
    if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR):
        return None
    try:
        seen = [each.name for each in itertools.islice(folder.iterdir(), MOST_SEEN)]
    except OSError:
        return f"there is no folder {folder}"
    from gradcli.suggest import some_of, suggestion  # only where there is an error

    ending = place.suffix or ".eq"
    names = sorted(each for each in seen if each.isprintable())
    like = [str(folder / each) for each in names if each.endswith(ending)]
    near = None if folder is place else suggestion(place.name, names)
    return near or (f"there is {some_of(like)}" if like else f"no file there ends in {ending}")


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
