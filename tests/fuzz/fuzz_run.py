"""Commands in this process, as `gradcli` runs them, and one case of the fuzzer: files and commands."""

from __future__ import annotations

import io
import os
import resource
import shlex
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import typer

from gradcli import cli

MEMORY = 2 * 2**30  # bytes of address space for the whole process
SECONDS = 20.0  # of processor time a command; what is in order takes less than one


class Broken(Exception):
    """A promise that was not kept."""


class TooLong(BaseException):
    """A command's time is over. It is no Exception, so that the command can't report it itself."""


class Outcome(NamedTuple):
    """What a command did: its exit code and what it wrote."""

    arguments: tuple[str, ...]
    code: int
    out: bytes
    errors: str

    @property
    def options(self) -> tuple[str, ...]:
        """The arguments that may be options: those before --, which ends them."""
        return self.arguments[: ([*self.arguments, "--"]).index("--")]

    @property
    def command(self) -> str:
        return self.arguments[0] if self.arguments else ""

    @property
    def text(self) -> str:
        return self.out.decode()


def limit_memory() -> None:
    """From here on the process can't take more: what asks for it gets a MemoryError."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def prepare() -> None:
    """Build the commands once, and let nothing outside this process change what they do."""
    cli.app = typer.main.get_command(cli.app)  # type: ignore[assignment]
    warnings.simplefilter("always")  # a warning that reaches standard error breaks a promise
    os.environ.pop("GRADCLI_TRACEBACK", None)
    signal.signal(signal.SIGPROF, _time_is_over)


def _time_is_over(number: int, frame: Any) -> None:
    raise TooLong


def invoke(arguments: tuple[str, ...], stdin: bytes = b"") -> Outcome:
    """Run one command in this process. Raises Broken where it does not come to its end."""
    streams = [
        io.TextIOWrapper(io.BytesIO(data), "utf-8", errors)
        for data, errors in ((stdin, "strict"), (b"", "strict"), (b"", "backslashreplace"))
    ]
    kept = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv = ["gradcli", *arguments]
    sys.stdin, sys.stdout, sys.stderr = streams
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        code = cli.run()
    except TooLong:
        raise Broken(f"it took more than {SECONDS:g} seconds of processor time") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        for stream in streams[1:]:
            stream.flush()
        sys.argv, sys.stdin, sys.stdout, sys.stderr = kept
    out, errors = (stream.buffer.getvalue() for stream in streams[1:])  # type: ignore[attr-defined]
    return Outcome(arguments, code, out, errors.decode("utf-8", "replace"))


class Play:
    """One case: a random source of its own, a folder, the files and commands so far.

    several: whether a command checks several models, of which one that is wrong stops no other.
    """

    several = False

    def __init__(self, random: Random, folder: Path) -> None:
        self.random = random
        self.folder = folder
        self.files: dict[str, bytes] = {}
        self.commands: list[str] = []

    def write(self, name: str, content: bytes | str) -> str:
        """A file of the case's. Returns its name."""
        raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        self.folder.joinpath(name).write_bytes(raw)
        self.files[name] = raw
        return name

    def run(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run a command in the case's folder; it keeps what every command promises, or is Broken."""
        from fuzz_promises import kept_by_every_command

        redirected = f" < {self.write('stdin', stdin)}" if stdin else ""
        self.commands.append("gradcli " + shlex.join(arguments) + redirected)
        with _inside(self.folder):
            outcome = invoke(arguments, stdin)
        kept_by_every_command(self, outcome)
        return outcome

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """The current folder, for a time; contextlib.chdir with a folder that may be gone."""
    before = os.getcwd()  # noqa: PTH109
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
