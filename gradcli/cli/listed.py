"""How a derivation is written: in the form and with the parts that were asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gradcli.cli.options import Format, Mode, Notation, Values
from gradcli.cli.output import show, tell, write, write_bytes
from gradcli.record import Record
from gradcli.request import NOTHING, Besides

if TYPE_CHECKING:
    from gradcli.api.derivation import Derivation
    from gradcli.render.page.document import Live


class Shown(Record):
    """How a derivation is written. deep: depth first. live: its page, where a model is followed."""

    form: Format
    precision: int | None
    output: str | None
    full: bool = False
    rolled: bool = False
    values: Values = Values.all
    told: Besides = NOTHING
    notation: Notation | None = None
    standalone: bool = False
    deep: bool = False
    live: Live | None = None


def listed(found: Derivation, shown: Shown) -> None:
    """Write a derivation in a form."""
    if shown.live is None or shown.live.draft:
        tell(found.notes)  # and not again with what was left for later
    if shown.form is Format.table:
        show(_sections(found, shown), shown.output)
    elif shown.form is Format.pdf:
        from gradcli.render import pdf

        write_bytes(
            pdf.document(found.session, _notation(found, shown), rolled=shown.rolled), shown.output
        )
    else:
        write(_pieces(found, shown), shown.output)


def _pieces(found: Derivation, shown: Shown) -> Iterable[str]:
    session, form = found.session, shown.form
    if form in (Format.json, Format.ndjson):
        from gradcli.render.json_ import document, records

        written = document if form is Format.json else records
        return written(
            session, shown.precision, shown.values, found.forward, found.mode, shown.told
        )
    if form is Format.python:
        from gradcli.codegen import module

        return module.lines(session)
    notation = _notation(found, shown)
    if form is Format.grad:
        from gradcli.render import grad

        return grad.lines(session, shown.told, notation)
    if form is Format.latex:
        from gradcli.render import align

        return align.lines(session, notation, standalone=shown.standalone, rolled=shown.rolled)
    if form is Format.typst:
        from gradcli.render import typst

        return typst.lines(session, notation, rolled=shown.rolled)
    if form is Format.html:
        from gradcli.render.page import derivation as page

        return page.lines(session, notation, shown.precision, shown.live)
    from gradcli.render import markdown

    return markdown.lines(session, notation, rolled=shown.rolled, told=shown.told)


def _notation(found: Derivation, shown: Shown) -> Any:
    from gradcli.render.notation import PLAIN, fitting, usual

    default = PLAIN if shown.form is Format.grad else usual(found.layout)
    return fitting(shown.notation or default, found.layout)


def _sections(found: Derivation, shown: Shown) -> Any:
    whole = shown.full or shown.output is not None or not sys.stdout.isatty()
    if found.forward is not None:
        from gradcli.render import tangents

        by_mode = tangents.both if found.mode == Mode.both else tangents.sections
        return by_mode(found.forward, shown.precision, whole)
    if shown.rolled:
        from gradcli.render import rolled

        sections = rolled.sections(found.session, shown.precision, shown.full)
    elif shown.deep:
        from gradcli.render import visits

        sections = visits.sections(found.session, shown.precision, whole)
    else:
        from gradcli.render import table

        sections = table.sections(found.session, shown.precision, whole, told=shown.told)
    if shown.notation is None:
        return sections
    from gradcli.render import notation

    return notation.sections(sections, notation.fitting(shown.notation, found.layout).text)
