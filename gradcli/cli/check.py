"""`gradcli check`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradcli.api import Check, Review
from gradcli.api.checks import holds_arrays
from gradcli.api.model import read
from gradcli.cli.options import (
    Data,
    Dim,
    Json,
    LayoutOption,
    MaxElements,
    Output,
    Precision,
    Seed,
    Wrt,
    name,
    shared,
)
from gradcli.cli.output import FAILED, INCONCLUSIVE, OK, WRONG, Reported, defect, show, tell, write
from gradcli.cli.person import show_review
from gradcli.cli.progress import progress_of
from gradcli.cli.streams import say
from gradcli.errors import GradError, GradErrors
from gradcli.foreign import visible
from gradcli.record import Record

if TYPE_CHECKING:
    from gradcli.check.gradients.result import Report

CODES = {"pass": OK, "fail": FAILED, "inconclusive": INCONCLUSIVE}


class Oracle(StrEnum):
    torch = "torch"
    jax = "jax"
    autograd = "autograd"


class Dtype(StrEnum):
    float64 = "float64"
    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


class CheckFormat(StrEnum):
    table = "table"
    json = "json"
    ndjson = "ndjson"
    sarif = "sarif"
    html = "html"


def check(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL...]",
            help="Model files, or folders of *.eq; with none, the current folder.",
        ),
    ] = None,
    finite_diff: Annotated[
        bool, typer.Option("--finite-diff", help="Check against finite differences alone.")
    ] = False,
    complex_step: Annotated[
        bool, typer.Option("--complex-step", help="Check against the complex step alone.")
    ] = False,
    points: Annotated[
        int, typer.Option("--points", metavar="N", min=1, help="At how many points to check.")
    ] = 1,
    steps: Annotated[
        bool, typer.Option("--steps", help="Check every intermediate derivative too.")
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="SECONDS", min=0, help="Check a sample in this time."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="Check your own derivation (.grad), or gradients (.npz, .json, .safetensors).",
            parser=name,
        ),
    ] = None,
    dtype: Annotated[
        Dtype | None,
        typer.Option("--dtype", help="The precision of these gradients, if their file has none."),
    ] = None,
    rtol: Annotated[
        float | None,
        typer.Option(
            "--rtol", metavar="R", min=0, help="They may differ by this part of an entry."
        ),
    ] = None,
    atol: Annotated[
        float | None,
        typer.Option("--atol", metavar="A", min=0, help="They may differ by as much in any entry."),
    ] = None,
    oracle: Annotated[
        Oracle | None,
        typer.Option("--oracle", help="Check against a library's own derivatives."),
    ] = None,
    hint: Annotated[
        bool, typer.Option("--hint", help="Of each mistake in it, reveal the class alone.")
    ] = False,
    level: Annotated[
        int | None,
        typer.Option(
            "--level",
            metavar="N",
            min=1,
            max=4,
            help="How far hints go: 1, the rule; 2, the operands; 3, the class; 4, the line.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Reveal only which of its lines are right and wrong.")
    ] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="Every gradient must be in it.")
    ] = False,
    cost: Annotated[bool, typer.Option("--cost", help="Count its operations.")] = False,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    wrt: Wrt = None,
    format: Annotated[  # noqa: A002  # the option's name
        CheckFormat, typer.Option("--format", "-f", help="The form of the output.")
    ] = CheckFormat.table,
    json: Json = False,
    output: Output = None,
    precision: Precision = None,
    max_elements: MaxElements = 10**8,
) -> None:
    asked = shared(dim, data, seed, layout, wrt, max_elements)
    ways: dict[str, Any] = {
        "finite_diff": finite_diff,
        "complex_step": complex_step,
        "budget": budget,
    }
    form = CheckFormat.json if json else format
    paths = models or []
    with Reported(form, paths[0] if len(paths) == 1 else None):
        if against is not None and len(paths) != 1:
            raise GradError(
                f"--against {against} needs one model",
                hint=f"gradcli check MODEL --against {against}",
                kind="bad-option",
            )
        if (hint or quiet or complete or cost) and (against is None or holds_arrays(against)):
            raise GradError(
                "--hint, --quiet, --complete and --cost go with --against mine.grad",
                kind="bad-option",
            )
        says: dict[str, Any] = {"dtype": dtype and dtype.value, "rtol": rtol, "atol": atol}
        said = any(value is not None for value in says.values())
        if said and (against is None or not holds_arrays(against)):
            raise GradError(
                "--dtype, --rtol and --atol go with --against grads.npz", kind="bad-option"
            )
        if level is not None and not hint:
            raise GradError("--level goes with --hint", kind="bad-option")
        if against is not None:
            asked |= {"complete": complete, "cost": cost}
            theirs = _against(paths[0], against, {**asked, **ways, **says})
            if isinstance(theirs, Review):
                show_review(
                    theirs,
                    form,
                    hint=hint,
                    level=level,
                    quiet=quiet,
                    output=output,
                    precision=precision,
                )
                raise typer.Exit(CODES[theirs.verdict])
            found = Found([theirs.report], [])
        else:
            ways |= {"points": points, "steps": steps, "oracle": oracle.value if oracle else None}
            found = _check_all(paths, {**asked, **ways})
        _show(found, form, output, precision)
        raise typer.Exit(_code(found))


class Found(Record):
    """What came of some models: the reports, and the errors of those that are wrong, by path."""

    reports: list[Report]
    errors: list[tuple[str, GradError | GradErrors]]


def _code(found: Found) -> int:
    """The worst exit code of any: a wrong model's, a failure's, an inconclusive verdict's."""
    codes = {CODES[report.verdict] for report in found.reports}
    codes |= {WRONG for _ in found.errors}
    return next((code for code in (WRONG, FAILED, INCONCLUSIVE) if code in codes), OK)


def _against(path: str, against: str, asked: dict[str, Any]) -> Check | Review:
    """What is to be said of a derivation, or of gradients from elsewhere."""
    if path == against == "-":
        raise GradError(
            "the model and the derivation can't both come from standard input", kind="bad-option"
        )
    with progress_of(path) as progress:
        found = read(path).against(Path(against), progress=progress, **asked)
    tell(found.notes if isinstance(found, Review) else found.derivation.notes)
    return found


def _check_all(paths: list[str], asked: dict[str, Any]) -> Found:
    """Every model's report. Of several, those that are wrong don't stop the others."""
    paths = [path for given in paths or ["."] for path in _models(given)]
    found = Found([], [])
    for path in paths:
        try:
            with progress_of(path) as progress:
                checked = read(path).check(progress=progress, **asked)
        except (GradError, GradErrors) as error:
            if len(paths) == 1:
                raise
            found.errors.append((path, error))
        except Exception as error:
            if len(paths) == 1:
                raise
            found.errors.append((path, defect(error, path)))
        else:
            tell(checked.derivation.notes)
            found.reports.append(checked.report)
    return found


def _models(given: str) -> list[str]:
    """A file as it is; of a folder every *.eq in it and below, but for hidden folders."""
    folder = Path(given)
    if given == "-" or not given.strip() or not folder.is_dir():
        return [given]
    found = sorted(
        str(path)
        for path in folder.rglob("*.eq")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not found:
        where = "the current folder" if given == "." else visible(given)
        raise GradError(
            f"there is no *.eq file below {where}", hint="gradcli check MODEL", kind="empty-file"
        )
    return found


def _show(found: Found, form: CheckFormat, output: str | None, precision: int | None) -> None:
    """The reports; the errors of some models beside them, or as a part of the same document."""
    from gradcli.render import diagnostics, report

    wrong = [item for path, error in found.errors for item in diagnostics.diagnostics(error, path)]
    reports = found.reports
    if form is CheckFormat.json:
        documents = report.document(reports, precision, wrong)
        write(documents if reports else diagnostics.document(wrong), output)
    elif form is CheckFormat.ndjson:
        records = report.records(reports, precision) if reports else ()
        write((*records, *diagnostics.records(wrong)), output)
    elif form is CheckFormat.sarif:
        from gradcli.render import sarif

        write(sarif.log((*report.sarif(reports), *sarif.of_diagnostics(wrong))), output)
    else:
        if form is CheckFormat.html and reports:
            from gradcli.render.page import review

            write(review.gradients(reports, precision), output)
        elif reports or not wrong:
            show(report.sections(reports, precision), output)
        for _, error in found.errors:
            say(error)
        if wrong:
            number = len(found.errors)
            say(f"error: {number} of {number + len(reports)} models can't be checked")
