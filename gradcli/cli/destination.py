"""A file that output goes to: a regular one is replaced, all else is written into."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from gradcli.ending import undone
from gradcli.errors import GradError
from gradcli.files import PATIENCE

BINARY = getattr(os, "O_BINARY", 0)


@contextmanager
def opened(path: str) -> Iterator[IO[str]]:
    """The file to write text into, in UTF-8. Raises GradError where it can't be written.

    A regular file is replaced only once all is written; its mode is kept, and its owner where that
    is allowed. Links are followed. A pipe or a device is written into, and so is a file that can't
    be replaced: one with several names, or in a folder that can't be written.
    """
    try:
        found = _status(path)
        real = Path(os.path.realpath(path))
        part = None if _stays(found, real) else real.with_name(f".gradcli.{os.urandom(8).hex()}")
        with undone(lambda: _remove(part)):
            descriptor = _create(part, found) if part else None
            if descriptor is None:
                part, descriptor = None, _enter(path, found)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                yield file
            if part:
                _keep_status(part, found)
                part.replace(real)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "-o names a file, not a folder" if error.errno == errno.EISDIR else None
        if error.errno == errno.ENOENT and path:
            hint = f"there is no folder {Path(path).parent}"
        raise GradError(f"{path or repr(path)}: {reason}", hint=hint, kind="bad-option") from None


def _status(path: str) -> os.stat_result | None:
    """What is there, if anything. Raises OSError where there can be no file."""
    if not path:
        raise _error(errno.ENOENT)
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        if path.endswith(("/", os.sep)):
            raise _error(errno.EISDIR) from None
        return None
    except ValueError:
        raise GradError(
            "the name of the output file holds a NUL byte", kind="unreadable-file"
        ) from None
    if stat.S_ISDIR(found.st_mode):
        raise _error(errno.EISDIR)
    if stat.S_ISREG(found.st_mode) and not os.access(path, os.W_OK):
        raise _error(errno.EACCES)
    return found


def _stays(found: os.stat_result | None, real: Path) -> bool:
    """Whether what is there stays itself: it is no regular file, or one with several names."""
    if found is None:
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        return True
    try:
        return not os.path.samestat(real.stat(), found)
    except OSError:
        return True  # a file without a name, which /dev/stdout may be


def _create(part: Path, found: os.stat_result | None) -> int | None:
    """A new file for the same eyes as the old one; None where none may be made."""
    mode = 0o666 if found is None else stat.S_IMODE(found.st_mode) & 0o666
    try:
        return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, mode)
    except PermissionError:
        return None


def _enter(path: str, found: os.stat_result | None) -> int:
    """What is at a path, opened for writing as it is. A pipe must get a reader."""
    flags = os.O_WRONLY | os.O_TRUNC | BINARY | getattr(os, "O_NOCTTY", 0)
    if found is None:
        return os.open(path, flags | os.O_CREAT, 0o666)
    if not stat.S_ISFIFO(found.st_mode):
        return os.open(path, flags)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            descriptor = os.open(path, flags | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > end:
                raise GradError(
                    f"{path}: nobody reads this pipe",
                    hint="start what reads it first",
                    kind="bad-option",
                ) from None
            time.sleep(0.02)
        else:
            os.set_blocking(descriptor, True)
            return descriptor


def _keep_status(part: Path, found: os.stat_result | None) -> None:
    if found is None:
        return
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(part, found.st_uid, found.st_gid)
    part.chmod(stat.S_IMODE(found.st_mode))


def _remove(part: Path | None) -> None:
    if part:
        part.unlink(missing_ok=True)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
