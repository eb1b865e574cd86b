"""A derivation as a page: both passes side by side, the graph to walk on, the compact form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from gradcli.evaluate import backward
from gradcli.foreign import visible
from gradcli.render.notation import NOTATIONS, Notation, usual
from gradcli.render.page.compact import LATER, compact
from gradcli.render.page.document import Live, page, text
from gradcli.render.page.graph import MOST, MOST_EDGES, drawings
from gradcli.render.page.listing import HEAD, LONGEST, TAIL, Listing
from gradcli.render.table import DIGITS, counted, row_by_row
from gradcli.session import Session


def lines(
    session: Session,
    notation: Notation | None = None,
    precision: int | None = None,
    live: Live | None = None,
) -> Iterator[str]:
    """The page of a derivation. A compact one has its steps on it too, and is opened.

    notation: of derivatives; None for what is usual in the layout. live: where a model is followed.
    """
    short, literal = session.derivation, session.derivation.literal
    if literal is not None:
        passed = backward(literal, session.values, session.given)
        session = session._replace(derivation=literal, backward=passed)
    notation = notation or NOTATIONS[usual(session.derivation.layout)]
    listing = Listing(session, notation, precision or DIGITS)
    form = (
        LATER
        if live and live.draft
        else compact(session, notation, short if literal is not None else None)
    )
    body = _body(session, listing, form)
    return page(session.program.source.name, body, script=True, live=live)


def _body(session: Session, listing: Listing, form: Iterable[str]) -> Iterator[str]:
    """form: the section of the compact form."""
    yield from _head(session)
    yield "<main>\n"
    yield '<section id="given"><h2>Given</h2>\n'
    yield from listing.given()
    yield '</section>\n<section id="forward"><h2>Forward</h2>\n'
    yield from listing.forward()
    yield '</section>\n<section id="backward"><h2>Backward</h2>\n'
    yield from listing.backward()
    yield "</section>\n"
    yield from _walk(listing)
    yield '<section id="gradients"><h2>Gradients</h2>\n'
    yield from listing.gradients()
    yield '</section>\n<section id="compact"><h2>The compact form</h2>\n'
    yield from form
    yield "</section>\n</main>\n"


def _head(session: Session) -> Iterator[str]:
    program, derivation = session.program, session.derivation
    told = [
        counted(len(program.steps), "equation"),
        counted(len(derivation.rows), "step"),
        f"{derivation.layout} layout",
    ]
    told += [f"{name} = {size.value}" for name, size in program.sizes.dims.items()]
    yield (
        '<a class="skip" href="#forward">To the equations</a>\n<header>\n'
        f"<h1>{text(program.source.name)}</h1>\n<p>{escape(' · '.join(told))}</p>\n"
        '<nav aria-label="On this page"><a href="#forward">Forward</a> '
        '<a href="#backward">Backward</a> <a href="#walk">Walk</a> '
        '<a href="#gradients">Gradients</a> <a href="#compact">Compact form</a></nav>\n'
    )
    notes = [*(visible(str(note)) for note in session.notes), *row_by_row(derivation)]
    longest = max(len(program.inputs), len(program.steps), len(derivation.rows))
    if longest > LONGEST:
        notes.append(
            f"of a list longer than {LONGEST} lines the first {HEAD} and the last {TAIL} are here; "
            "gradcli derive MODEL --full lists all"
        )
    if notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in notes)
        yield f'<ul class="notes">{items}</ul>\n'
    yield "</header>\n"


def _walk(listing: Listing) -> Iterator[str]:
    found = list(drawings(listing))
    yield (
        '<section id="walk"><h2>Walk</h2>\n<div class="controls" hidden>'
        '<button type="button" id="back" aria-label="Previous step">←</button>'
        '<input type="range" id="at" min="0" max="0" value="0" aria-label="Step">'
        '<button type="button" id="next" aria-label="Next step">→</button>'
        '<output id="count" for="at"></output></div>\n'
        '<p id="said" role="status" class="aside"></p>\n'
        '<div class="stage"><div class="now" id="now" hidden></div>\n<div class="graphs">\n'
    )
    for k, (title, svg) in enumerate(found):
        name = f"<summary>{title}</summary>" if len(found) > 1 else ""
        inner = (
            f'<div class="graph" tabindex="0" role="region" aria-label="{title}">\n{svg}</div>\n'
        )
        opened = " open" * (not k)
        yield f'<details class="drawing"{opened}>{name}{inner}</details>' if name else inner
    if not found:
        yield (
            f"<p>A graph of more than {MOST} nodes or {MOST_EDGES} edges is not drawn here; "
            "<code>gradcli graph MODEL --named --format svg</code> draws the model's own "
            "equations.</p>\n"
        )
    yield "</div></div>\n</section>\n"
