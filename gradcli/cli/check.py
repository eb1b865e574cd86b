"""`gradcli check`."""

from __future__ import annotations

from typing import Annotated

import typer

from gradcli.cli.options import (
    Accumulate,
    Data,
    Dim,
    Json,
    LayoutOption,
    MaxElements,
    Output,
    Seed,
    Wrt,
    request,
)
from gradcli.cli.output import FAILED, OK, Reported, tell, write


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
    asked = request(dim, data, seed, layout, wrt, Accumulate.auto, max_elements)
    with Reported():
        from gradcli.check.finite import check as finite
        from gradcli.session import run

        session = run(model or "-", asked)
        tell(session.notes)
        results = finite(session)
        lines = (f"{r.name}: {r.verdict} (largest absolute error {r.max_abs_error:.2g})\n" for r in results)
        write(lines, output)
        raise typer.Exit(OK if all(r.verdict == "pass" for r in results) else FAILED)
