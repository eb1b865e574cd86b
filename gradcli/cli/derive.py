"""`gradcli derive`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from gradcli.api.derivation import Derivation
from gradcli.api.model import read
from gradcli.cli.options import (
    Accumulate,
    Data,
    Dim,
    Format,
    FormatOption,
    Full,
    Json,
    LayoutOption,
    MaxElements,
    Mode,
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
from gradcli.request import NOTHING, Besides

EXPLAINED = (Format.table, Format.json, Format.ndjson, Format.grad)  # that can say why
MODAL = (Format.table, Format.json, Format.ndjson)  # the forms that show forward mode


def derive(
    model: Model,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    wrt: Wrt = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="forward: the tangent of every equation; or both modes.")
    ] = Mode.reverse,
    tangent: Annotated[
        Path | None,
        typer.Option(
            "--tangent",
            metavar="FILE",
            help="The direction of forward mode (.npz or .json), in place of a drawn one.",
        ),
    ] = None,
    accumulate: Annotated[
        Accumulate,
        typer.Option("--accumulate", help="always: all derivatives start at 0, and += throughout."),
    ] = Accumulate.auto,
    compact: Annotated[
        bool,
        typer.Option("--compact", help="As few and as short lines as a person would write."),
    ] = False,
    why: Annotated[
        bool,
        typer.Option("--why", help="The way to each compact line, from the steps, rule by rule."),
    ] = False,
    cost: Annotated[
        bool,
        typer.Option("--cost", help="The operations of both passes, and of the compact form."),
    ] = False,
    form: FormatOption = Format.table,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    values: ValuesOption = Values.all,
    full: Full = False,
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
    if mode is not Mode.reverse and (rolled or form not in MODAL):
        what = "--rolled" if rolled else f"--format {form.value}"
        raise typer.BadParameter(f"{what} is of reverse mode", param_hint="--mode")
    if compact and (rolled or mode is not Mode.reverse or accumulate is not Accumulate.auto):
        raise typer.BadParameter("it is a listing of its own", param_hint="--compact")
    if why and not (compact and form in EXPLAINED):
        raise typer.BadParameter("it goes with --compact: table, json, grad", param_hint="--why")
    if cost and (rolled or mode is not Mode.reverse or form not in MODAL):
        raise typer.BadParameter(
            "it goes with reverse mode, as a table or JSON", param_hint="--cost"
        )
    if tangent is not None and mode is Mode.reverse:
        raise typer.BadParameter("it goes with --mode forward or both", param_hint="--tangent")
    if values is not Values.all and form not in (Format.json, Format.ndjson):
        raise typer.BadParameter("it goes with json and ndjson", param_hint="--values")
    asked = shared(dim, data, seed, layout, wrt, max_elements)
    with Reported(form, model):
        derivation = read(model).derive(
            mode=mode.value,
            tangent=tangent,
            accumulate=accumulate.value,
            compact=compact,
            **asked,
        )
        told = Besides(why, cost)
        listed(
            derivation, form, precision, output, full=full, rolled=rolled, values=values, told=told
        )


def listed(
    derivation: Derivation,
    form: Format,
    precision: int | None,
    output: str | None,
    *,
    full: bool = False,
    rolled: bool = False,
    values: Values = Values.all,
    told: Besides = NOTHING,
) -> None:
    """Write a derivation in a form."""
    tell(derivation.notes)
    if form is Format.table:
        show(_sections(derivation, precision, full, rolled, output, told), output)
    else:
        write(_pieces(derivation, form, precision, values, told), output)


def _pieces(
    found: Derivation, form: Format, precision: int | None, values: Values, told: Besides
) -> Iterable[str]:
    session = found.session
    if form in (Format.json, Format.ndjson):
        from gradcli.render.json_ import document, records

        written = document if form is Format.json else records
        return written(session, precision, values, found.forward, found.mode, told)
    if form is Format.grad:
        from gradcli.render import grad

        return grad.lines(session, told)
    if form is Format.latex:
        from gradcli.render import latex

        return latex.lines(session)
    from gradcli.codegen import module

    return module.lines(session)


def _sections(
    found: Derivation,
    precision: int | None,
    full: bool,
    rolled: bool,
    output: str | None,
    told: Besides,
) -> Any:
    if rolled:
        from gradcli.render import rolled as view

        return view.sections(found.session, precision, full)
    whole = full or output is not None or not sys.stdout.isatty()
    if found.forward is not None:
        from gradcli.render import tangents

        by_mode = tangents.both if found.mode == Mode.both else tangents.sections
        return by_mode(found.forward, precision, whole)
    from gradcli.render.table import sections

    return sections(found.session, precision, whole, told=told)
