"""Derivations of the examples, as text, and their review."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from textwrap import dedent

from gradcli.check.derivation.findings import Report
from gradcli.check.derivation.review import check
from gradcli.lower import lower
from gradcli.program import Program
from gradcli.render.grad import lines
from gradcli.session import Request, compute, run
from gradcli.syntax import read, read_source

EXAMPLES = Path(__file__).parents[3] / "examples"
MODELS = sorted(path.stem for path in EXAMPLES.glob("*.eq"))


@cache
def program(model: str) -> Program:
    """A model of the examples, or a model's own text."""
    if "\n" in model:
        return lower(read(read_source("model.eq", dedent(model).encode())))
    path = EXAMPLES / f"{model}.eq"
    return lower(read(read_source(str(path), path.read_bytes())))


def review(model: str, text: str, *, mended: bool = True, **options: object) -> Report:
    """The verdicts on a derivation, whose indented text may begin with an empty line.

    mended: whether each corrected line is put in its place, and must then be right.
    """
    report = _review(model, dedent(text), **options)
    for wrong in report.wrong if mended else ():
        if wrong.expected is not None and "\n" not in wrong.expected:
            lines = dedent(text).split("\n")
            was = lines[wrong.line - 1]
            lines[wrong.line - 1 : wrong.last] = [
                was[: len(was) - len(was.lstrip())] + wrong.expected
            ]
            again = _review(model, "\n".join(lines), **options)
            assert wrong.line not in {line.line for line in again.wrong}, (wrong, again.wrong)
    return report


def _review(model: str, text: str, **options: object) -> Report:
    parsed = read(read_source("mine.grad", text.encode()), "derivation")
    return check(parsed, program(model), {}, **options)  # type: ignore[arg-type]


@cache
def derived(model: str, layout: str, accumulate: str = "auto") -> str:
    """What `derive --format grad` prints."""
    request = Request(layout=layout, accumulate=accumulate)
    return "".join(lines(run(str(EXAMPLES / f"{model}.eq"), request)))


@cache
def derived_text(model: str, layout: str, accumulate: str = "auto") -> str:
    """The same for a model's own text."""
    found = compute(program(model), {}, Request(layout=layout, accumulate=accumulate))
    return "".join(lines(found))
