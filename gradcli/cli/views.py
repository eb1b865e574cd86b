"""The commands for the views of a model beside its backward listing."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gradcli.api.model import read
from gradcli.api.views import View
from gradcli.cli.listed import Shown, listed
from gradcli.cli.options import (
    Compact,
    Data,
    Dim,
    Format,
    FormatOption,
    Full,
    Json,
    LayoutOption,
    MaxElements,
    Model,
    NotationOption,
    Output,
    Precision,
    Seed,
    Wrt,
    laid_out,
    noted,
    path,
    shared,
    valued,
)
from gradcli.cli.output import Reported, room, show, tell, write, write_text

One = Annotated[str | None, typer.Option("--wrt", metavar="NAME", help="The quantity that moves.")]


def jacobian(
    model: Model,
    of: Annotated[
        str | None, typer.Option("--of", metavar="NAME", help="The quantity that is moved.")
    ] = None,
    wrt: One = None,
    chain: Annotated[
        bool, typer.Option("--chain", help="Show the product along the model's own equations.")
    ] = False,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    max_elements: MaxElements = 10**8,
) -> None:
    asked = {**valued(dim, data, seed, max_elements), **laid_out(layout)}
    with Reported("json" if json else "table", model):
        found = read(model).jacobian(of=of, wrt=wrt, chain=chain, **asked)
        written(found, json, output, precision)


def hvp(
    model: Model,
    wrt: Wrt = None,
    vector: Annotated[
        Path | None,
        typer.Option(
            "--vector",
            metavar="FILE",
            help="The vector (.npz, .json, .safetensors), in place of a drawn one.",
            parser=path,
        ),
    ] = None,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    compact: Compact = False,
    form: FormatOption = Format.table,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    full: Full = False,
    notation: NotationOption = None,
    max_elements: MaxElements = 10**8,
) -> None:
    form = Format.json if json else form
    noted(notation, form)
    asked = shared(dim, data, seed, layout, wrt, max_elements)
    with Reported(form, model):
        found = read(model).hvp(vector=vector, compact=compact, **asked)
        listed(found, Shown(form, precision, output, full, notation=notation))


def hessian(
    model: Model,
    wrt: One = None,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    max_elements: MaxElements = 10**8,
) -> None:
    asked = {**valued(dim, data, seed, max_elements), **laid_out(layout)}
    with Reported("json" if json else "table", model):
        found = read(model).hessian(wrt=wrt, **asked)
        written(found, json, output, precision)


def paths(
    model: Model,
    start: Annotated[
        str, typer.Option("--from", metavar="ENTRY", help="The entry that moves: x[0], W[1, 2], a.")
    ],
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="ENTRY", help="The entry that is moved; with none, L."),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option("--top", metavar="N", min=0, help="List the largest N; the rest is one sum."),
    ] = None,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    max_elements: MaxElements = 10**8,
) -> None:
    asked = valued(dim, data, seed, max_elements)
    with Reported("json" if json else "table", model):
        found = read(model).paths(start, end, top=top, **asked)
        written(found, json, output, precision)


class Drawing(StrEnum):
    """The forms of a graph."""

    text = "text"
    dot = "dot"
    mermaid = "mermaid"
    svg = "svg"
    html = "html"
    json = "json"


def graph(
    model: Model,
    form: Annotated[
        Drawing, typer.Option("--format", "-f", help="The form of the drawing.")
    ] = Drawing.text,
    named: Annotated[
        bool, typer.Option("--named", help="The model's own equations alone.")
    ] = False,
    rolled: Annotated[bool, typer.Option("--rolled", help="Each loop as one box.")] = False,
    grad: Annotated[
        bool, typer.Option("--grad", help="What flows back along each edge: a number or a norm.")
    ] = False,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    max_elements: MaxElements = 10**8,
) -> None:
    form = Drawing.json if json else form
    asked = valued(dim, data, seed, max_elements)
    with Reported(form, model):
        found = read(model).graph(named=named, rolled=rolled, grad=grad, **asked)
        if form is Drawing.text:
            from gradcli.render import lanes

            write_text(lanes.text(found.found, precision, room(output)), output)
        else:
            from gradcli.render.graph import FORMS

            write(FORMS[form.value](found.found, precision), output)


def written(found: View, json: bool, output: str | None, precision: int | None) -> None:
    """Write a view, as its listings or as a JSON document."""
    tell(found.notes)
    if json:
        write([found.to_json(precision=precision)], output)
    else:
        whole = output is not None or not sys.stdout.isatty()
        show(found.sections(precision, whole), output)
