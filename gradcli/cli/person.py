"""`gradcli check --against mine.grad`: a person's own derivation."""

from __future__ import annotations

import typer

from gradcli.cli.output import FAILED, INCONCLUSIVE, OK, tell, write, write_text
from gradcli.errors import GradError
from gradcli.request import Request

ARRAYS = (".npz", ".json")


def is_derivation(path: str) -> bool:
    """Whether a file holds a derivation, and not gradients: a .grad file, a pipe, standard
    input.
    """
    return not path.endswith(ARRAYS)


def check_derivation(
    model: str,
    against: str,
    asked: Request,
    *,
    form: str,
    hint: bool,
    quiet: bool,
    complete: bool,
    output: str | None,
    precision: int | None,
) -> None:
    """Print the verdicts on a derivation and end with their exit code.

    Raises GradError and GradErrors where an input is wrong.
    """
    from gradcli.session import load, parse_file

    if model == against == "-":
        raise GradError(
            "the model and the derivation can't both come from standard input", kind="bad-option"
        )
    program, data = load(model, asked)
    tell(program.notes)
    parsed = parse_file(against, "derivation")

    from gradcli.check.person.review import check
    from gradcli.render import verdicts

    report = check(
        parsed,
        program,
        data,
        seed=asked.seed,
        wrt=asked.wrt,
        layout=asked.layout,
        complete=complete,
        max_elements=asked.max_elements,
    )
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
    raise typer.Exit(INCONCLUSIVE if report.inconclusive else OK if report.ok else FAILED)
