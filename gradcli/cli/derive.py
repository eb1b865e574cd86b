"""`gradcli derive`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from gradcli.cli.options import (
    Accumulate,
    Data,
    Dim,
    Format,
    Json,
    LayoutOption,
    MaxElements,
    Model,
    Output,
    Precision,
    Seed,
    Wrt,
    request,
)
from gradcli.cli.output import Reported, tell, write, write_with


def derive(
    model: Model,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    wrt: Wrt = None,
    accumulate: Annotated[
        Accumulate,
        typer.Option("--accumulate", help="always: all derivatives start at 0, and += throughout."),
    ] = Accumulate.auto,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="The form of the output.")
    ] = Format.table,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    full: Annotated[bool, typer.Option("--full", help="Show every row of a long listing.")] = False,
    max_elements: MaxElements = 10**8,
) -> None:
    """The forward listing and the backward table of a model."""
    asked = request(dim, data, seed, layout, wrt, accumulate, max_elements)
    with Reported():
        from gradcli.session import run

        session = run(model, asked)
        tell(session.notes)
        form = Format.json if json else form
        if form is Format.table:
            _table(session, output, precision, full)
        else:
            write(_pieces(session, form, precision), output)


def _pieces(session: Any, form: Format, precision: int | None) -> Iterable[str]:
    if form is Format.grad:
        from gradcli.render.grad import lines

        return lines(session)
    from gradcli.render.json_ import document, records

    return (document if form is Format.json else records)(session, precision)


def _table(session: Any, output: Path | None, precision: int | None, full: bool) -> None:
    from gradcli.render.layout import write_plain, write_rich
    from gradcli.render.table import sections

    if output is not None or not sys.stdout.isatty():
        write_with(lambda out: write_plain(sections(session, precision), out), output)
    else:
        from rich.console import Console

        write_rich(sections(session, precision, full), Console())
