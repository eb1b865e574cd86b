"""`gradcli check`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradcli.cli.options import (
    Accumulate,
    Data,
    Dim,
    Json,
    LayoutOption,
    MaxElements,
    Output,
    Precision,
    Seed,
    Wrt,
    request,
)
from gradcli.cli.output import FAILED, INCONCLUSIVE, OK, Reported, show, tell, write
from gradcli.cli.person import check_derivation, is_derivation
from gradcli.cli.progress import progress_of
from gradcli.cli.streams import say
from gradcli.errors import GradError, GradErrors
from gradcli.request import Request

if TYPE_CHECKING:
    from gradcli.check.gradients.numeric import Options
    from gradcli.check.gradients.result import Report

CODES = {"pass": OK, "fail": FAILED, "inconclusive": INCONCLUSIVE}


class Oracle(StrEnum):
    torch = "torch"
    jax = "jax"
    autograd = "autograd"


class CheckFormat(StrEnum):
    table = "table"
    json = "json"
    ndjson = "ndjson"


def check(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]", help="A model file; with none, every *.eq below the current folder."
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
            help="Check a derivation of your own (.grad), or gradients (.npz, .json).",
        ),
    ] = None,
    oracle: Annotated[
        Oracle | None,
        typer.Option("--oracle", help="Check against a library's own derivatives."),
    ] = None,
    hint: Annotated[
        bool, typer.Option("--hint", help="Of each mistake in it, reveal the class alone.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Reveal only which of its lines are right and wrong.")
    ] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="Every gradient must be in it.")
    ] = False,
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
    """Verify every gradient of a model."""
    asked = request(dim, data, seed, layout, wrt, Accumulate.auto, max_elements)
    form = CheckFormat.json if json else format
    with Reported():
        if against is not None and is_derivation(against):
            check_derivation(
                model, against, asked, form=form, hint=hint, quiet=quiet, complete=complete,
                output=output, precision=precision,
            )  # fmt: skip
        elif hint or quiet or complete:
            raise GradError("--hint, --quiet and --complete go with --against mine.grad")
        options = _options(finite_diff, complex_step, points, steps, budget, seed)
        if against is not None:
            reports = [_check_gradients(model, Path(against), asked, options)]
        elif oracle is not None:
            reports = _check_all(model, lambda path: _check_oracle(path, asked, oracle, options))
        else:
            reports = _check_all(model, lambda path: _check_one(path, asked, options))
        _show(reports, form, output, precision)
        found = {report.verdict for report in reports}
        worst = next((verdict for verdict in ("fail", "inconclusive") if verdict in found), "pass")
        raise typer.Exit(CODES[worst])


def _options(
    finite_diff: bool, complex_step: bool, points: int, steps: bool, budget: float | None, seed: int
) -> Options:
    from gradcli.check.gradients import numeric

    method = numeric.BOTH
    if finite_diff != complex_step:
        method = numeric.FINITE if finite_diff else numeric.COMPLEX
    return numeric.Options(method, points, steps, budget, seed)


def _check_all(model: str | None, check_one: Callable[[str], Report]) -> list[Report]:
    """Every model's report. Errors of several models are reported together."""
    paths = [model] if model is not None else _models_below()
    reports, errors = [], []
    for path in paths:
        try:
            reports.append(check_one(path))
        except (GradError, GradErrors) as error:
            if len(paths) == 1:
                raise
            errors.append(str(error))
    if errors:
        for text in errors:
            say(text)
        raise GradError(f"{len(errors)} of {len(paths)} models can't be checked")
    return reports


def _models_below() -> list[str]:
    """Every *.eq below the current folder, but for hidden folders."""
    found = sorted(
        str(path)
        for path in Path().rglob("*.eq")
        if path.is_file() and not any(part.startswith(".") for part in path.parts)
    )
    if not found:
        raise GradError(
            "there is no *.eq file below the current folder", hint="gradcli check MODEL"
        )
    return found


def _check_one(path: str, asked: Request, options: Options) -> Report:
    from gradcli.check.gradients.numeric import check as numeric
    from gradcli.session import run

    session = run(path, asked)
    tell(session.notes)
    with progress_of(path) as progress:
        return numeric(session, options, progress)


def _check_oracle(path: str, asked: Request, oracle: Oracle, options: Options) -> Report:
    from gradcli.check.gradients.oracle import check_oracle
    from gradcli.session import run

    session = run(path, asked)
    tell(session.notes)
    with progress_of(path) as progress:
        return check_oracle(session, oracle.value, options, progress)


def _check_gradients(model: str | None, path: Path, asked: Request, options: Options) -> Report:
    if model is None:
        raise GradError(f"--against {path}: name the model too", hint="gradcli check MODEL")
    from gradcli.check.gradients.outside import check_against

    with progress_of(model) as progress:
        session, report = check_against(model, path, asked, options, progress)
    tell(session.notes)
    return report


def _show(
    reports: list[Report], form: CheckFormat, output: str | None, precision: int | None
) -> None:
    from gradcli.render import report as render

    if form is CheckFormat.json:
        write(render.document(reports, precision), output)
    elif form is CheckFormat.ndjson:
        write(render.records(reports, precision), output)
    else:
        show(render.sections(reports, precision), output)
