"""How a model is checked: against the engine's own evidence, another program, or a person."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gradcli.api.derivation import Derivation
from gradcli.api.options import Arrays, Progress
from gradcli.api.verdicts import Check, Review
from gradcli.request import Request
from gradcli.session import Session, bind, derive, parse_file, parse_text
from gradcli.syntax import Parsed

if TYPE_CHECKING:
    from gradcli.check.gradients.numeric import Options
    from gradcli.check.gradients.outside import Stated
    from gradcli.ops.core import Array
    from gradcli.program import Program


def checked(
    parsed: Parsed, asked: Request, options: Options, oracle: str | None, progress: Progress | None
) -> Check:
    """The verdicts on a model's own gradients; `oracle` is a library to compare them with.

    Raises GradError.
    """
    session = derive(parsed, asked)
    if oracle is None:
        from gradcli.check.gradients.numeric import check

        def resized(dims: Mapping[str, int]) -> Session:
            return derive(parsed, asked._replace(dims={**asked.dims, **dims}))

        report = check(session, options, progress or _quiet, resized)
    else:
        from gradcli.check.gradients.oracle import check_oracle

        report = check_oracle(session, oracle, options, progress or _quiet)
    return Check(report, Derivation(session))


def compared(
    parsed: Parsed,
    theirs: Arrays | str | os.PathLike[str],
    asked: Request,
    options: Options,
    progress: Progress | None,
    says: Stated,
) -> Check:
    """The verdicts on gradients that another program computed: arrays, or a file of them.

    Raises GradError.
    """
    from gradcli.check.gradients.outside import check_gradients

    found = theirs if isinstance(theirs, Mapping) else Path(theirs)
    program, arrays = bind(parsed, asked)
    reported = progress or _quiet
    session, report = check_gradients(program, arrays, found, asked, options, reported, says)
    return Check(report, Derivation(session))


def review(
    parsed: Parsed, theirs: str | os.PathLike[str], asked: Request, complete: bool, cost: bool
) -> Review:
    """The verdicts on a person's derivation: the path of a file, or its text.

    complete: whether every gradient must be in it. cost: whether its operations are counted.
    Raises GradError.
    """
    from gradcli.check.derivation.resized import Sizes
    from gradcli.check.derivation.review import check

    program, arrays = bind(parsed, asked)
    if isinstance(theirs, str) and ("\n" in theirs or "=" in theirs):
        own = parse_text("<derivation>", theirs, "derivation", program.loss)
    else:
        own = parse_file(os.fspath(theirs), "derivation", program.loss)

    def resized(dims: Mapping[str, int]) -> tuple[Program, Mapping[str, Array]]:
        return bind(parsed, asked._replace(dims={**asked.dims, **dims}))

    report = check(
        own,
        program,
        arrays,
        seed=asked.seed,
        wrt=asked.wrt,
        layout=asked.layout,
        complete=complete,
        cost=cost,
        max_elements=asked.max_elements,
        others=Sizes(resized, asked.seed),
    )
    return Review(report, program.notes)


def holds_arrays(path: str) -> bool:
    """Whether a file holds gradients. A .grad file, a pipe, standard input hold a derivation."""
    return path.endswith((".npz", ".json", ".safetensors"))


def _quiet(done: int, total: int) -> None:
    """Show no progress."""
