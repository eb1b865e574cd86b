"""Where output goes: standard output, a file, standard error; and how errors become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer

from gradcli.errors import GradError, GradErrors, Note

OK, FAILED, WRONG, INCONCLUSIVE = 0, 1, 2, 3


class Reported:
    """Turns errors into messages on standard error and the exit code for wrong input."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, GradError | GradErrors):
            typer.echo(str(error), err=True)
            raise typer.Exit(WRONG) from None


def tell(notes: Iterable[Note]) -> None:
    for note in notes:
        typer.echo(str(note), err=True)


def write(pieces: Iterable[str], output: Path | None) -> None:
    write_with(lambda out: out.writelines(pieces), output)


def write_with(write: Callable[[Any], None], output: Path | None) -> None:
    """Write to standard output, or to a file that is replaced only once all is written."""
    if output is None:
        write(sys.stdout)
        sys.stdout.flush()
        return
    part = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            write(file)
        part.replace(output)
    except OSError as error:
        raise GradError(f"{output}: {(error.strerror or str(error)).lower()}") from None
    finally:
        part.unlink(missing_ok=True)


def show(sections: Iterable[Any], output: Path | None) -> None:
    """Listings: painted by rich in a terminal, plain text elsewhere."""
    from gradcli.render.layout import write_plain, write_rich

    if output is not None or not sys.stdout.isatty():
        write_with(lambda out: write_plain(sections, out), output)
    else:
        from rich.console import Console

        write_rich(sections, Console())
