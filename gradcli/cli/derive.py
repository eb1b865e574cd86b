"""`gradcli derive`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    Notation,
    Order,
    Output,
    Precision,
    Seed,
    Values,
    ValuesOption,
    Wrt,
    shared,
)
from gradcli.cli.output import Reported, show, tell, write, write_bytes
from gradcli.record import Record
from gradcli.request import NOTHING, Besides

if TYPE_CHECKING:
    from gradcli.api.derivation import Derivation

EXPLAINED = (Format.table, Format.json, Format.ndjson, Format.grad)  # that can say why
MODAL = (Format.table, Format.json, Format.ndjson)  # the forms that show forward mode
PAPER = (Format.latex, Format.markdown, Format.typst, Format.pdf)
NOTED = (Format.table, Format.grad, Format.html, *PAPER)  # that have derivatives in a notation
ROLLED = (Format.table, *PAPER)  # that show a loop's equations once


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
            help="The direction of forward mode (.npz, .json, .safetensors), not a drawn one.",
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
    order: Annotated[
        Order,
        typer.Option("--order", help="dfs: depth first, each path by itself, as autograd walks."),
    ] = Order.reverse,
    notation: Annotated[
        Notation | None,
        typer.Option("--notation", help="How derivatives are written: dL/dW, ∂L/∂W, ∇_W, W̄, δ_W."),
    ] = None,
    standalone: Annotated[
        bool, typer.Option("--standalone", help="With latex: a whole document.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow the file, and show the listing of each save.")
    ] = False,
    max_elements: MaxElements = 10**8,
) -> None:
    form = Format.json if json else form
    if rolled and form not in ROLLED:
        raise typer.BadParameter("it is a view of the table and of paper", param_hint="--rolled")
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
    if order is Order.dfs and (
        rolled or compact or mode is not Mode.reverse or form is not Format.table
    ):
        raise typer.BadParameter("dfs is a view of the table", param_hint="--order")
    if standalone and form is not Format.latex:
        raise typer.BadParameter("it goes with --format latex", param_hint="--standalone")
    if notation is not None and (mode is not Mode.reverse or form not in NOTED):
        raise typer.BadParameter("it goes with the forms of reverse mode", param_hint="--notation")
    if watch and (model == "-" or (form is not Format.table and output is None)):
        what = "a model file" if model == "-" else f"-o FILE with --format {form.value}"
        raise typer.BadParameter(f"it needs {what}", param_hint="--watch")
    asked = shared(dim, data, seed, layout, wrt, max_elements)
    shown = Shown(
        form,
        precision,
        output,
        full,
        rolled,
        values,
        Besides(why, cost),
        notation,
        standalone,
        order is Order.dfs,
    )

    def once() -> None:
        with Reported(form, model):
            derivation = read(model).derive(
                mode=mode.value,
                tangent=tangent,
                accumulate=accumulate.value,
                compact=compact,
                **asked,
            )
            listed(derivation, shown)

    if watch and Path(model).exists():
        from gradcli.cli.watch import follow

        follow([Path(model), *filter(None, (data, tangent))], once)
    once()


class Shown(Record):
    """How a derivation is written. deep: depth first."""

    form: Format
    precision: int | None
    output: str | None
    full: bool = False
    rolled: bool = False
    values: Values = Values.all
    told: Besides = NOTHING
    notation: Notation | None = None
    standalone: bool = False
    deep: bool = False


def listed(found: Derivation, shown: Shown) -> None:
    """Write a derivation in a form."""
    tell(found.notes)
    if shown.form is Format.table:
        show(_sections(found, shown), shown.output)
    elif shown.form is Format.pdf:
        from gradcli.render import pdf

        write_bytes(
            pdf.document(found.session, _notation(found, shown), rolled=shown.rolled), shown.output
        )
    else:
        write(_pieces(found, shown), shown.output)


def _pieces(found: Derivation, shown: Shown) -> Iterable[str]:
    session, form = found.session, shown.form
    if form in (Format.json, Format.ndjson):
        from gradcli.render.json_ import document, records

        written = document if form is Format.json else records
        return written(
            session, shown.precision, shown.values, found.forward, found.mode, shown.told
        )
    if form is Format.python:
        from gradcli.codegen import module

        return module.lines(session)
    notation = _notation(found, shown)
    if form is Format.grad:
        from gradcli.render import grad

        return grad.lines(session, shown.told, notation)
    if form is Format.latex:
        from gradcli.render import align

        return align.lines(session, notation, standalone=shown.standalone, rolled=shown.rolled)
    if form is Format.typst:
        from gradcli.render import typst

        return typst.lines(session, notation, rolled=shown.rolled)
    if form is Format.html:
        from gradcli.render.page import derivation as page

        return page.lines(session, notation, shown.precision)
    from gradcli.render import markdown

    return markdown.lines(session, notation, rolled=shown.rolled)


def _notation(found: Derivation, shown: Shown) -> Any:
    from gradcli.render.notation import PLAIN, fitting, usual

    default = PLAIN if shown.form is Format.grad else usual(found.layout)
    return fitting(shown.notation or default, found.layout)


def _sections(found: Derivation, shown: Shown) -> Any:
    whole = shown.full or shown.output is not None or not sys.stdout.isatty()
    if found.forward is not None:
        from gradcli.render import tangents

        by_mode = tangents.both if found.mode == Mode.both else tangents.sections
        return by_mode(found.forward, shown.precision, whole)
    if shown.rolled:
        from gradcli.render import rolled

        sections = rolled.sections(found.session, shown.precision, shown.full)
    elif shown.deep:
        from gradcli.render import visits

        sections = visits.sections(found.session, shown.precision, whole)
    else:
        from gradcli.render import table

        sections = table.sections(found.session, shown.precision, whole, told=shown.told)
    if shown.notation is None:
        return sections
    from gradcli.render import notation

    return notation.sections(sections, notation.fitting(shown.notation, found.layout).text)
