"""`gradcli derive`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from gradcli.api.model import read
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
    Values,
    ValuesOption,
    Wrt,
    shared,
)
from gradcli.cli.output import Reported, show, tell, write


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
    values: ValuesOption = Values.all,
    full: Annotated[bool, typer.Option("--full", help="Show every row of a long listing.")] = False,
    rolled: Annotated[
        bool,
        typer.Option("--rolled", help="Show a loop's equations once, with its index as a letter."),
    ] = False,
    max_elements: MaxElements = 10**8,
) -> None:
    """The forward listing and the backward table of a model."""
    form = Format.json if json else form
    if rolled and form is not Format.table:
        raise typer.BadParameter("it is a view of the table", param_hint="--rolled")
    if values is not Values.all and form not in (Format.json, Format.ndjson):
        raise typer.BadParameter("it goes with json and ndjson", param_hint="--values")
    asked = shared(dim, data, seed, layout, wrt, max_elements)
    with Reported(form, model):
        derivation = read(model).derive(accumulate=accumulate.value, **asked)
        session = derivation.session
        tell(derivation.notes)
        if form is Format.table:
            show(_sections(session, precision, full, rolled, output), output)
        else:
            write(_pieces(session, form, precision, values), output)


def _pieces(session: Any, form: Format, precision: int | None, values: Values) -> Iterable[str]:
    if form in (Format.json, Format.ndjson):
        from gradcli.render.json_ import document, records

        return (document if form is Format.json else records)(session, precision, values)
    if form is Format.grad:
        from gradcli.render import grad

        return grad.lines(session)
    if form is Format.latex:
        from gradcli.render import latex

        return latex.lines(session)
    from gradcli.codegen import module

    return module.lines(session)


def _sections(
    session: Any, precision: int | None, full: bool, rolled: bool, output: str | None
) -> Any:
    if rolled:
        from gradcli.render import rolled as view

        return view.sections(session, precision, full)
    from gradcli.render.table import sections

    return sections(session, precision, full or output is not None or not sys.stdout.isatty())
