"""A model as the module that a target wants."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from gradcli.emit.languages import LANGUAGES
from gradcli.emit.module import write
from gradcli.emit.passes import passes
from gradcli.request import Request
from gradcli.syntax import Parsed


class Emitted(NamedTuple):
    """A module's text, and what is to be said besides."""

    text: str
    notes: tuple[str, ...]


def emit(parsed: Parsed, request: Request, to: str, plain: bool = False) -> Emitted:
    """The module of a model. Raises GradError or GradErrors.

    plain: one line an operation, in the order of the listing.
    """
    found = passes(parsed, request, plain, LANGUAGES[to].seeded)
    words = ["gradcli", "emit", parsed.source.name, "--to", to]
    words += ["--plain"] if plain else []
    for name in request.wrt:
        words += ["--wrt", name]
    notes = [str(note) for note in found.program.notes]
    if found.note is not None:
        notes.append(f"the loops are written out: {found.note}")
    return Emitted(write(found, shlex.join(words), plain, to), tuple(notes))
