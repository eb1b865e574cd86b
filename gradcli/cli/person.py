"""`gradcli check --against mine.grad`: the verdicts on a person's own derivation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gradcli.api import Review
from gradcli.cli.output import painted, write, write_text

if TYPE_CHECKING:
    from gradcli.render.styled import Line


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
    from gradcli.render import judged, verdicts
    from gradcli.render.hints import Detail
    from gradcli.render.styled import plain

    report = review.report
    full = Detail.hint if hint else Detail.full
    detail = Detail.quiet if quiet else full
    if form == "table":
        lines = verdicts.lines(report, detail, precision, level)
        if painted(output):
            _paint(lines)
        else:
            write_text(plain(lines), output)
    elif form == "html":
        from gradcli.render.page import review as page

        write(page.lines(report, detail, precision, level), output)
    elif form == "sarif":
        from gradcli.render.sarif import log

        write(log(judged.sarif(report, detail)), output)
    else:
        render = judged.document if form == "json" else judged.records
        write(render(report, detail, precision, level), output)


def _paint(lines: Iterable[Line]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    for runs in lines:
        console.print(Text.assemble(*runs), soft_wrap=True)
