"""`gradcli ops`."""

from __future__ import annotations

from typing import Annotated

import typer

from gradcli.cli.options import Json, Output
from gradcli.cli.output import Reported, show, write
from gradcli.errors import GradError
from gradcli.foreign import dumps


def ops(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="An operation's name or symbol: tanh, @, …"),
    ] = None,
    prelude: Annotated[
        bool,
        typer.Option("--prelude", help="The functions that the language defines in itself."),
    ] = False,
    json: Json = False,
    output: Output = None,
) -> None:
    with Reported("json" if json else "table"):
        from gradcli.ops import TABLE
        from gradcli.ops.prelude import TEXT
        from gradcli.render.ops import document, find, sections

        if prelude:
            if name is not None or json:
                raise GradError("--prelude goes with --output alone", kind="bad-option")
            write([TEXT], output)
            return
        found = list(TABLE.values()) if name is None else find(name)
        if json:
            write([dumps(document(found), indent=1), "\n"], output)
        else:
            show(sections(found), output)
