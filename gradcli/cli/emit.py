"""`gradcli emit`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from gradcli.api.model import read
from gradcli.cli.options import Data, Dim, MaxElements, Memory, Model, Output, Wrt, shared
from gradcli.cli.output import Reported, tell, write


class Target(StrEnum):
    numpy = "numpy"
    torch = "torch"
    jax = "jax"
    python = "python"


def emit(
    model: Model,
    to: Annotated[Target, typer.Option("--to", help="What the module is written for.")],
    dim: Dim = None,
    data: Data = None,
    wrt: Wrt = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="One line an operation, with = and += as in the listing."),
    ] = False,
    memory: Memory = None,
    output: Output = None,
    max_elements: MaxElements = 10**8,
) -> None:
    asked = shared(dim, data, 0, None, wrt, max_elements)
    with Reported(file=model):
        found = read(model).emit(
            to=to.value,
            plain=plain,
            memory=memory,
            dims=asked["dims"],
            data=asked["data"],
            wrt=asked["wrt"],
            max_elements=max_elements,
        )
        tell(found.notes)
        write([found.text], output)
