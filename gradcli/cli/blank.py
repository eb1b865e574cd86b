"""`gradcli blank`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from gradcli.api.model import read
from gradcli.api.options import names
from gradcli.cli.options import (
    Data,
    Dim,
    LayoutOption,
    MaxElements,
    Model,
    Output,
    Seed,
    Wrt,
    shared,
)
from gradcli.cli.output import Reported, tell, write
from gradcli.errors import GradError


class BlankFormat(StrEnum):
    grad = "grad"
    markdown = "markdown"
    latex = "latex"


def blank(
    model: Model,
    level: Annotated[
        int,
        typer.Option(
            "--level",
            metavar="N",
            min=1,
            max=3,
            help="1: targets with = and +=; 2: targets; 3: the forward listing alone.",
        ),
    ] = 1,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="TARGETS", help="These derivatives alone: 'dL/dW*'; may be repeated."
        ),
    ] = None,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    wrt: Wrt = None,
    form: Annotated[
        BlankFormat, typer.Option("--format", "-f", help="The form of the output.")
    ] = BlankFormat.grad,
    output: Output = None,
    max_elements: MaxElements = 10**8,
) -> None:
    with Reported("table", model):
        from gradcli.render.blank import FORMS, chosen

        found = read(model).derive(**shared(dim, data, seed, layout, wrt, max_elements))
        tell(found.notes)
        patterns = names(only or [])
        if not chosen(found.session, patterns):
            raise GradError(
                f"no derivative fits {', '.join(patterns)}",
                hint="`*` stands for any text: --only 'dL/dW*'",
                kind="bad-option",
            )
        write(FORMS[form.value](found.session, level, patterns), output)
