"""`gradcli check --against mine.grad`: the verdicts on a person's own derivation."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from gradcli.api import Review
from gradcli.cli.output import write, write_text


def show_review(
    review: Review,
    form: str,
    *,
    hint: bool,
    level: int | None,
    quiet: bool,
    output: str | None,
    precision: int | None,
) -> None:
    """Print the verdicts, with as much of each as is to be told: in colours in a terminal."""
    from gradcli.render import verdicts

    report = review.report
    full = verdicts.Detail.hint if hint else verdicts.Detail.full
    detail = verdicts.Detail.quiet if quiet else full
    if form == "table":
        pieces = verdicts.text(report, detail, precision, level)
        if output is None and sys.stdout.isatty():
            _paint(pieces)
        else:
            write_text(pieces, output)
    elif form == "html":
        from gradcli.render.page import review as page

        write(page.lines(report, detail, precision, level), output)
    elif form == "sarif":
        from gradcli.render.sarif import log

        write(log(verdicts.sarif(report, detail)), output)
    else:
        render = verdicts.document if form == "json" else verdicts.records
        write(render(report, detail, precision, level), output)


def _paint(pieces: Iterable[str]) -> None:
    from rich.console import Console
    from rich.text import Text

    from gradcli.render.painted import painted

    console = Console(highlight=False, markup=False, emoji=False)
    for runs in painted(pieces):
        console.print(Text.assemble(*runs), soft_wrap=True)
