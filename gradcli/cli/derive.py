"""`gradcli derive`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradcli.api.model import read
from gradcli.cli.listed import Shown, listed
from gradcli.cli.options import (
    PAPER,
    Accumulate,
    Compact,
    Data,
    Dim,
    Format,
    FormatOption,
    Full,
    Json,
    LayoutOption,
    MaxElements,
    Memory,
    Mode,
    Model,
    NotationOption,
    Order,
    Output,
    Precision,
    Seed,
    Values,
    ValuesOption,
    Wrt,
    noted,
    path,
    shared,
)
from gradcli.cli.output import Reported
from gradcli.request import Besides

if TYPE_CHECKING:
    from gradcli.render.page.document import Live

EXPLAINED = (Format.table, Format.json, Format.ndjson, Format.grad)  # that can say why
MODAL = (Format.table, Format.json, Format.ndjson)  # the forms that show forward mode
COUNTED = (*MODAL, Format.markdown)  # that show what it costs and what is saved
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
            parser=path,
        ),
    ] = None,
    accumulate: Annotated[
        Accumulate,
        typer.Option("--accumulate", help="always: all derivatives start at 0, and += throughout."),
    ] = Accumulate.auto,
    compact: Compact = False,
    why: Annotated[
        bool,
        typer.Option("--why", help="The way to each compact line, from the steps, rule by rule."),
    ] = False,
    cost: Annotated[
        bool,
        typer.Option("--cost", help="The operations of both passes, and of the compact form."),
    ] = False,
    saved: Annotated[
        bool,
        typer.Option("--saved", help="What the backward pass needs of the forward one."),
    ] = False,
    memory: Memory = None,
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
    notation: NotationOption = None,
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
    for asked_for, option in ((cost, "--cost"), (saved, "--saved")):
        if asked_for and (rolled or mode is not Mode.reverse or form not in COUNTED):
            raise typer.BadParameter(
                "it goes with reverse mode, as a table, JSON or Markdown", param_hint=option
            )
    if memory is not None and not saved:
        raise typer.BadParameter("it goes with --saved", param_hint="--memory")
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
    noted(notation, form, mode)
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
        Besides(why, cost, saved, memory),
        notation,
        standalone,
        order is Order.dfs,
    )

    def once(live: Live | None = None) -> None:
        derivation = read(model).derive(
            mode=mode.value,
            tangent=tangent,
            accumulate=accumulate.value,
            compact=compact and not (live and live.draft),
            **asked,
        )
        listed(derivation, shown._replace(live=live))

    def reported() -> None:
        with Reported(form, model):
            once()

    if watch and Path(model).exists():
        from gradcli.cli.watch import follow, paged

        acts = paged(once, model, output) if form is Format.html else (reported,)
        follow([Path(model), *filter(None, (data, tangent))], *acts)
    reported()
