"""`gradcli check --against mine.grad`: the verdicts on a person's own derivation."""

from __future__ import annotations

from gradcli.api import Review
from gradcli.cli.output import write, write_text


def show_review(
    review: Review, form: str, *, hint: bool, quiet: bool, output: str | None, precision: int | None
) -> None:
    """Print the verdicts, with as much of each as is to be told."""
    from gradcli.render import verdicts

    report = review.report
    full = verdicts.Detail.hint if hint else verdicts.Detail.full
    detail = verdicts.Detail.quiet if quiet else full
    if form == "table":
        write_text(verdicts.text(report, detail, precision), output)
    elif form == "sarif":
        from gradcli.render.sarif import log

        write(log(verdicts.sarif(report, detail)), output)
    else:
        render = verdicts.document if form == "json" else verdicts.records
        write(render(report, detail, precision), output)
