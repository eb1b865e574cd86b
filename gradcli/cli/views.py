"""`gradcli jacobian`: a view of a model beside its backward listing."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gradcli.api.model import read
from gradcli.api.views import View
from gradcli.cli.options import (
    Data,
    Dim,
    Json,
    LayoutOption,
    MaxElements,
    Model,
    Output,
    Precision,
    Seed,
    shared,
)
from gradcli.cli.output import Reported, show, tell, write

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
    """The matrix of one quantity's entries by another's: value, structure, formula."""
    asked = shared(dim, data, seed, layout, None, max_elements)
    del asked["wrt"]
    with Reported("json" if json else "table", model):
        found = read(model).jacobian(of=of, wrt=wrt, chain=chain, **asked)
        written(found, json, output, precision)


def written(found: View, json: bool, output: str | None, precision: int | None) -> None:
    """Write a view, as its listings or as a JSON document."""
    tell(found.notes)
    if json:
        write([found.to_json(precision=precision)], output)
    else:
        whole = output is not None or not sys.stdout.isatty()
        show(found.sections(precision, whole), output)
