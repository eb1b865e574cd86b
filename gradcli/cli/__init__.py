"""The commands: the only place that prints and exits. NumPy and rich are imported when used."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated, NoReturn

import typer

from gradcli.cli.commands import Group
from gradcli.cli.output import OK, WRONG, defect
from gradcli.cli.streams import prepare, say
from gradcli.ending import INTERRUPTED
from gradcli.version import __version__

app = typer.Typer(
    name="gradcli",
    cls=Group,
    help="Derives gradients step by step, as a person does on paper, and checks them.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gradcli {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """The entry point. It ends the process at once: unloading NumPy takes time for nothing."""
    code = run()
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def run() -> int:
    """Run the command in sys.argv, with nothing left to escape as a traceback. The exit code."""
    _prepare()
    try:
        return _app()
    except OSError as error:
        say(f"error: standard output: {(error.strerror or str(error)).lower()}")
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # nothing may escape
        say(defect(error))
    return WRONG


def _app() -> int:
    """Run the command, and all that it wrote to its end. The exit code."""
    code: object = OK
    try:
        app()
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    return code if isinstance(code, int) else OK


def _prepare() -> None:
    """Settings of the process: quick start, quiet pipes, streams that can be used."""
    import gc
    import signal
    import warnings

    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's; what concerns a person is said in notes
    gc.disable()  # a short-lived process with no cyclic garbage to speak of
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads cost more than they give here
    if hasattr(signal, "SIGPIPE"):
        signal.signal(
            signal.SIGPIPE, signal.SIG_DFL
        )  # `| head` ends the process, with no traceback
    prepare()
