"""`gradcli schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from gradcli.cli.options import Output
from gradcli.cli.output import Reported, write
from gradcli.errors import GradError
from gradcli.foreign import dumps


def schema(
    document: Annotated[
        str | None,
        typer.Argument(
            metavar="[DOCUMENT]",
            help="derive, check, against, ops, diagnostics or record (of ndjson); with none, all.",
        ),
    ] = None,
    output: Output = None,
) -> None:
    with Reported():
        from gradcli.schema import documents, schema, schema_of

        if document is not None and document not in documents():
            known = ", ".join(documents())
            raise GradError(
                f"there is no schema `{document}`", hint=f"one of {known}", kind="bad-option"
            )
        found = schema() if document is None else schema_of(document)
        write([dumps(found, indent=2), "\n"], output)
