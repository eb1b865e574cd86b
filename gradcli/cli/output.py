"""Where output goes: standard output, a file, standard error; and how errors become exit codes."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from typing import Any

import typer

from gradcli.cli.destination import opened
from gradcli.cli.streams import as_data, say
from gradcli.errors import GradError, GradErrors
from gradcli.foreign import visible

WIDTH = re.compile(r"[1-9][0-9]{0,5}")
OK, FAILED, WRONG, INCONCLUSIVE = 0, 1, 2, 3


class Reported:
    """Turns errors into the exit code for wrong input, and into words.

    They are messages on standard error; where the output is for programs, they are in its form on
    standard output. file: what the errors without a place are about.
    """

    def __init__(self, form: str = "table", file: str | None = None) -> None:
        self.form = form
        self.file = file

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, GradError | GradErrors):
            report(error, self.form, self.file)
            raise typer.Exit(WRONG) from None


def report(error: GradError | GradErrors, form: str, file: str | None) -> None:
    """Say what is wrong, in the form of the output where that is for programs."""
    from gradcli.render import diagnostics as render

    if form not in ("json", "ndjson", "sarif"):
        say(error)
        return
    found = render.diagnostics(error, file)
    if form == "sarif":
        from gradcli.render import sarif

        write(sarif.log(sarif.of_diagnostics(found)), None)
    else:
        write((render.document if form == "json" else render.records)(found), None)


def defect(error: Exception, path: str | None = None) -> GradError:
    """What is said where gradcli itself fails. Raises it where a person wants to see where.

    path: the model with which it fails, where there are others.
    """
    at = f"{path}: " if path else ""
    if isinstance(error, MemoryError):
        return GradError(f"{at}out of memory", kind="too-large")
    if os.environ.get("GRADCLI_TRACEBACK"):
        raise error
    return GradError(
        f"{at}gradcli itself failed ({type(error).__name__}: {visible(str(error))}); "
        "this is a defect. GRADCLI_TRACEBACK=1 shows where.",
        kind="defect",
    )


def tell(notes: Iterable[str]) -> None:
    for note in notes:
        say(note)


def write(pieces: Iterable[str], output: str | None) -> None:
    """Write data: UTF-8, whatever the locale."""
    _write(lambda out: out.writelines(pieces), output, as_data)


def write_text(pieces: Iterable[str], output: str | None) -> None:
    """Write what a person reads, as their terminal spells it."""
    _write(lambda out: out.writelines(pieces), output)


def write_bytes(data: bytes, output: str | None) -> None:
    """Write what is no text. Raises GradError for a terminal, which can't show it."""
    if output is None and sys.stdout.isatty():
        raise GradError(
            "this is no text for a terminal", hint="-o FILE writes it to a file", kind="bad-option"
        )

    def binary(out: Any) -> None:
        out.buffer.write(data)
        out.buffer.flush()

    _write(binary, output)


def show(sections: Iterable[Any], output: str | None) -> None:
    """Listings: painted by rich in a terminal, plain text elsewhere, as wide as COLUMNS says."""
    from gradcli.render.layout import write_plain, write_rich

    if painted(output):
        from rich.console import Console

        write_rich(sections, Console())
    else:
        _write(lambda out: write_plain(sections, out, room(output)), output)


def painted(output: str | None) -> bool:
    """Whether there are colours: in a terminal, and in a pipe to what shows them, `less -R`."""
    return output is None and (sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR")))


def room(output: str | None) -> int | None:
    """The width for what a person reads: a terminal's, or what is stated for a pipe."""
    if output is not None:
        return None
    stated = os.environ.get("COLUMNS", "")
    if WIDTH.fullmatch(stated):
        return int(stated)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _write(
    write: Callable[[Any], None],
    output: str | None,
    standard: Callable[[], Any] = lambda: sys.stdout,
) -> None:
    if output is None:
        out = standard()
        write(out)
        out.flush()
    else:
        with opened(output) as file:
            write(file)
