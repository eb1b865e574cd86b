"""`gradcli grade`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradcli.api.model import read
from gradcli.api.options import request
from gradcli.cli.options import (
    Data,
    Dim,
    Json,
    LayoutOption,
    MaxElements,
    Model,
    Output,
    Seed,
    Wrt,
    name,
    path,
    shared,
)
from gradcli.cli.output import Reported, show, tell, write
from gradcli.cli.progress import progress_of
from gradcli.cli.streams import say
from gradcli.errors import GradError

if TYPE_CHECKING:
    from gradcli.grade.marks import Mark
    from gradcli.ops.core import Array
    from gradcli.program import Program


class GradeFormat(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"
    html = "html"
    gradescope = "gradescope"
    prairielearn = "prairielearn"


class Reveal(StrEnum):
    quiet = "quiet"
    hint = "hint"
    full = "full"


PLATFORMS = (GradeFormat.gradescope, GradeFormat.prairielearn)


def grade(
    model: Model,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE...]", help="Derivations (.grad), or folders of them."),
    ] = None,
    rubric: Annotated[
        str | None,
        typer.Option(
            "--rubric", metavar="FILE", help="Points and partial credit (.toml).", parser=name
        ),
    ] = None,
    seed_per_file: Annotated[
        bool, typer.Option("--seed-per-file", help="Mark each file at values of its own.")
    ] = False,
    one: Annotated[
        bool, typer.Option("--one", help="A folder is one submission, with one file in it.")
    ] = False,
    reveal: Annotated[
        Reveal,
        typer.Option(
            "--reveal", help="How much of a mistake a student is told (gradescope, prairielearn)."
        ),
    ] = Reveal.hint,
    autograder: Annotated[
        Path | None,
        typer.Option(
            "--autograder",
            metavar="DIR",
            help="Write the folder that the platform takes.",
            parser=path,
        ),
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="SECONDS", min=0.1, help="For one submission.")
    ] = 20.0,
    memory_limit: Annotated[
        int, typer.Option("--memory-limit", metavar="MB", min=1, help="For one submission.")
    ] = 4096,
    dim: Dim = None,
    data: Data = None,
    seed: Seed = 0,
    layout: LayoutOption = None,
    wrt: Wrt = None,
    form: Annotated[
        GradeFormat, typer.Option("--format", "-f", help="The form of the output.")
    ] = GradeFormat.table,
    json: Json = False,
    output: Output = None,
    max_elements: MaxElements = 10**8,
) -> None:
    form = GradeFormat.json if json else form
    with Reported("json" if form is GradeFormat.json else "table", model):
        from gradcli.grade import rubric as rubrics
        from gradcli.grade.marks import Asked, Marker, submissions
        from gradcli.session import bind

        rules = rubrics.load(rubric) if rubric else rubrics.Rubric()
        options = shared(dim, data, seed, layout, wrt, max_elements)
        wanted = request(accumulate="auto", **options)
        parsed = read(model).parsed
        program, arrays = bind(parsed, wanted)

        def resized(dims: Mapping[str, int]) -> tuple[Program, Mapping[str, Array]]:
            return bind(parsed, wanted._replace(dims={**wanted.dims, **dims}))

        asked = Asked(
            wanted.seed,
            seed_per_file,
            wanted.wrt,
            wanted.layout,
            wanted.max_elements,
            time_limit,
            memory_limit,
        )
        marker = Marker(program, arrays, rules, asked, resized)
        if autograder is not None:
            from gradcli.grade.folder import write as write_folder

            platform = form.value if form in PLATFORMS else GradeFormat.gradescope.value
            kept = _kept(dim, seed, seed_per_file, layout, wrt, reveal, time_limit, memory_limit)
            text = str(data) if data else None
            for name in write_folder(str(autograder), platform, program, rubric, text, kept):
                say(f"{autograder}: {name}")
            return
        if not files:
            raise GradError(
                "there is nothing to mark", hint="gradcli grade MODEL FILE…", kind="bad-option"
            )
        if one or form in PLATFORMS:
            marks = [_the_one(marker, files)]
        else:
            tell(map(str, program.notes))
            found = submissions(files)
            with progress_of(model) as progress:
                marks = list(marker.all(found, progress))
        _write(marks, model, form, reveal, output)


def _the_one(marker: object, files: list[str]) -> Mark:
    """The mark of the one submission there is; of a folder with none or several, what is wrong."""
    from gradcli.grade.marks import Mark, Marker, submissions

    assert isinstance(marker, Marker)
    try:
        found = submissions(files)
    except GradError as error:
        found, message = [], error.message
    else:
        message = f"{len(found)} derivations were handed in, not one"
    if len(found) == 1:
        return marker.mark(found[0])
    nothing = marker.nothing(files[0], message)
    assert isinstance(nothing, Mark)
    return nothing


def _write(
    marks: list[Mark], model: str, form: GradeFormat, reveal: Reveal, output: str | None
) -> None:
    from gradcli.render import autograded, grades
    from gradcli.render.hints import Detail

    if form is GradeFormat.table:
        show(grades.sections(marks, model), output)
        return
    pieces: Iterable[str]
    if form in PLATFORMS:
        writer = getattr(autograded, form.value)
        pieces = writer(marks[0], Detail(reveal.value))
    elif form is GradeFormat.csv:
        pieces = grades.table(marks)
    elif form is GradeFormat.html:
        pieces = grades.page(marks, model)
    else:
        pieces = grades.document(marks, model)
    write(pieces, output)


def _kept(
    dim: list[str] | None,
    seed: int,
    seed_per_file: bool,
    layout: object,
    wrt: list[str] | None,
    reveal: Reveal,
    time_limit: float,
    memory_limit: int,
) -> list[str]:
    """The options as an autograder's script hands them on."""
    found = [part for pair in dim or () for part in ("--dim", pair)]
    found += [part for names in wrt or () for part in ("--wrt", names)]
    found += ["--seed", str(seed)] if seed else []
    found += ["--seed-per-file"] if seed_per_file else []
    found += ["--layout", str(layout)] if layout else []
    found += ["--reveal", reveal.value]
    return [*found, "--time-limit", f"{time_limit:g}", "--memory-limit", str(memory_limit)]
