"""The commands. This is the only place that prints and exits; NumPy and rich are imported when used."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

import gradcli
from gradcli.errors import GradError, GradErrors, Note
from gradcli.session import Request

OK, FAILED, WRONG, INCONCLUSIVE = 0, 1, 2, 3

app = typer.Typer(
    name="gradcli",
    help="Derives gradients step by step, as a person does on paper, and checks them.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


class Layout(StrEnum):
    numerator = "numerator"
    denominator = "denominator"


class Accumulate(StrEnum):
    auto = "auto"
    always = "always"


class Format(StrEnum):
    table = "table"
    json = "json"
    ndjson = "ndjson"
    grad = "grad"


Model = Annotated[str, typer.Argument(metavar="MODEL", help="A model file (.eq); - reads standard input.")]
Dim = Annotated[
    list[str] | None, typer.Option("--dim", metavar="NAME=N", help="The value of a dim; may be repeated.")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="FILE", help="Values of the model's names (.npz or .json).")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The seed of drawn values.")]
LayoutOption = Annotated[
    Layout | None, typer.Option("--layout", help="The layout of derivatives, in place of the model's.")
]
Wrt = Annotated[
    list[str] | None,
    typer.Option("--wrt", metavar="NAMES", help="The names whose gradients are wanted, with commas between."),
]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to standard output.")
]
Precision = Annotated[
    int | None, typer.Option("--precision", metavar="N", min=1, max=17, help="Significant digits of values.")
]
MaxElements = Annotated[
    int, typer.Option("--max-elements", metavar="N", min=1, help="The most elements of one array.")
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gradcli {gradcli.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def derive(
    model: Model,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    wrt: Wrt = None,
    accumulate: Annotated[
        Accumulate, typer.Option("--accumulate", help="always: all derivatives start at 0, and += throughout.")
    ] = Accumulate.auto,
    format: Annotated[Format, typer.Option("--format", "-f", help="The form of the output.")] = Format.table,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    full: Annotated[bool, typer.Option("--full", help="Show every row of a long listing.")] = False,
    max_elements: MaxElements = 10**8,
) -> None:
    """The forward listing and the backward table of a model."""
    request = _request(dim, data, seed, layout, wrt, accumulate, max_elements)
    with _Reported():
        from gradcli.session import run

        session = run(model, request)
        _tell(session.program.notes)
        form = Format.json if json else format
        if form is Format.table:
            _table(session, output, precision, full)
        else:
            _write(_pieces(session, form, precision), output)


@app.command()
def check(
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="A model file; with none, every *.eq below the current folder."),
    ] = None,
    finite_diff: Annotated[bool, typer.Option("--finite-diff", help="Check against finite differences.")] = False,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    wrt: Wrt = None,
    json: Json = False,
    output: Output = None,
    max_elements: MaxElements = 10**8,
) -> None:
    """Verify every gradient of a model."""
    raise typer.Exit(OK)


def main() -> NoReturn:
    """The entry point: the commands, with nothing left to escape as a traceback."""
    _prepare()
    try:
        app()
    except KeyboardInterrupt:
        code = 130
    except MemoryError:
        typer.echo("error: out of memory", err=True)
        code = WRONG
    except Exception as error:
        if os.environ.get("GRADCLI_TRACEBACK"):
            raise
        typer.echo(
            f"error: gradcli itself failed ({type(error).__name__}: {error}); this is a defect. "
            "GRADCLI_TRACEBACK=1 shows where.",
            err=True,
        )
        code = WRONG
    sys.exit(code)


def _prepare() -> None:
    """Settings of the process: quick start, quiet pipes, UTF-8 that never fails."""
    import gc
    import signal

    gc.disable()  # a short-lived process with no cyclic garbage to speak of
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads cost more than they give here
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends the process, with no traceback
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")


def _request(
    dim: list[str] | None,
    data: Path | None,
    seed: int,
    layout: Layout | None,
    wrt: list[str] | None,
    accumulate: Accumulate,
    max_elements: int,
) -> Request:
    return Request(
        dims=_dims(dim or []),
        data=data,
        seed=seed,
        layout=layout.value if layout else None,
        wrt=_names(wrt or []),
        accumulate=accumulate.value,
        max_elements=max_elements,
    )


def _dims(texts: Iterable[str]) -> dict[str, int]:
    found = {}
    for text in texts:
        for pair in text.split(","):
            name, equals, value = pair.partition("=")
            if not equals or not value.strip().isascii() or not value.strip().isdigit() or len(value) > 15:
                raise typer.BadParameter(f"{pair!r} is not NAME=N", param_hint="--dim")
            found[name.strip()] = int(value)
    return found


def _names(texts: Iterable[str]) -> list[str]:
    """Names between commas; a comma inside brackets, h[1, 2], is part of a name."""
    names, depth = [""], 0
    for c in ",".join(texts):
        depth += (c == "[") - (c == "]")
        if c == "," and depth == 0:
            names.append("")
        else:
            names[-1] += c
    return [", ".join(part.strip() for part in name.split(",")) for name in names if name.strip()]


class _Reported:
    """Turns errors into messages on standard error and the exit code for wrong input."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, GradError | GradErrors):
            typer.echo(str(error), err=True)
            raise typer.Exit(WRONG) from None


def _tell(notes: Iterable[Note]) -> None:
    for note in notes:
        typer.echo(str(note), err=True)


def _pieces(session: Any, form: Format, precision: int | None) -> Iterable[str]:
    if form is Format.grad:
        from gradcli.render.grad import lines

        return lines(session)
    from gradcli.render.json_ import document, records

    return (document if form is Format.json else records)(session, precision)


def _table(session: Any, output: Path | None, precision: int | None, full: bool) -> None:
    from gradcli.render.table import sections, write_plain, write_rich

    if output is not None or not sys.stdout.isatty():
        _write_with(lambda out: write_plain(sections(session, precision), out), output)
        return
    from rich.console import Console

    console = Console()
    write_rich(sections(session, precision, console.width, full), console)


def _write(pieces: Iterable[str], output: Path | None) -> None:
    _write_with(lambda out: out.writelines(pieces), output)


def _write_with(write: Callable[[Any], None], output: Path | None) -> None:
    """Write to standard output, or to a file that is replaced only once all is written."""
    if output is None:
        write(sys.stdout)
        sys.stdout.flush()
        return
    part = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with open(part, "w", encoding="utf-8", newline="\n") as file:
            write(file)
        part.replace(output)
    except OSError as error:
        raise GradError(f"{output}: {(error.strerror or str(error)).lower()}") from None
    finally:
        part.unlink(missing_ok=True)
