"""A model as the module that a target wants."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from gradcli.emit.languages import LANGUAGES
from gradcli.emit.module import Asked, write
from gradcli.emit.packing import packed
from gradcli.emit.passes import passes
from gradcli.emit.small import numbers
from gradcli.request import Request
from gradcli.syntax import Parsed


class Emitted(NamedTuple):
    """A module's text, and what is to be said besides."""

    text: str
    notes: tuple[str, ...]


def emit(
    parsed: Parsed, request: Request, to: str, plain: bool = False, memory: int | None = None
) -> Emitted:
    """The module of a model. Raises GradError or GradErrors.

    plain: one line an operation, in the order of the listing. memory: the most bytes of arrays that
    cut loops may take, at the model's sizes.
    """
    language = LANGUAGES[to]
    stacks, thrifty = not language.serial, language.thrifty
    dims = {**numbers(parsed.statements), **request.dims}
    found = passes(parsed, request, plain, language.seeded, stacks, thrifty, dims)
    if language.packs and not plain:
        found = packed(found)
    words = ["gradcli", "emit", parsed.source.name, "--to", to]
    words += ["--plain"] if plain else []
    words += [] if memory is None else ["--memory", str(memory)]
    for name in request.wrt:
        words += ["--wrt", name]
    notes = [str(note) for note in found.program.notes]
    if found.note is not None:
        notes.append(f"the loops are written out: {found.note}")
    asked = Asked(shlex.join(words), plain, to, memory, dims)
    return Emitted(write(found, asked), tuple(notes))
