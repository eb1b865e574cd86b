"""The compact form of a derivation on its page, and why each of its lines is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gradcli.evaluate import arrived
from gradcli.render import latex
from gradcli.render.compact import reasons
from gradcli.render.mathml import math
from gradcli.render.notation import Notation, respelled
from gradcli.session import Session
from gradcli.transform.reify import Run
from gradcli.transform.reify import opened as begun
from gradcli.transform.reverse import Derivation

LATER = ("<p>It is being looked for.</p>\n",)  # in a draft of the page
INDENT = "&emsp;"  # of a loop in another
LONGEST = 300  # steps of a derivation whose compact form is looked for


def compact(session: Session, notation: Notation, asked: Derivation | None = None) -> Iterator[str]:
    """The section. asked: the compact form where it was asked for: it is opened then."""
    count = len(session.derivation.rows)
    if count > LONGEST and asked is None:
        yield (
            f"<p>It is not looked for on a page of {count:,} steps; "
            "<code>gradcli derive MODEL --compact</code> lists it.</p>\n"
        )
        return
    short = asked or _found(session)
    if short.literal is None:
        yield "<p>No shorter form was found: the steps one by one are it.</p>\n"
        return
    lines = len(short.rows)
    yield (
        f'<details class="compact"{" open" * (asked is not None)}>'
        f"<summary>{lines} line{'s' * (lines != 1)} in place of {count} steps</summary>\n"
        '<ol class="list">\n'
    )
    made = session._replace(derivation=short)
    around: tuple[Run, ...] = ()
    for number, (row, way) in enumerate(zip(short.rows, reasons(made), strict=True), 1):
        for depth, run in begun(around, row.loops):
            yield f'<li class="around">{INDENT * depth}{escape(str(run))}</li>\n'
        around = row.loops
        steps = [f'<a href="#s{r.step}">{r.step}</a>' for r in way if r.step]
        said = f"<p>From step{'s' * (len(steps) != 1)} {', '.join(steps)}:</p>" if steps else ""
        ways = "".join(
            f"<li><code>= {_text(r.formula, notation)}</code> <i>{_text(r.rule, notation)}</i></li>"
            for r in way
            if not r.step
        )
        yield (
            f'<li class="short"><span class="n">{number}</span>'
            f'<span class="l">{math(latex.target(short, row, notation))}</span>'
            f'<span class="s">{row.assign}</span>'
            f'<span class="f">{math(latex.formula(short, row, notation))}</span>'
            f'<details class="why"><summary>why</summary>{said}<ol>{ways}</ol></details></li>\n'
        )
    yield "</ol>\n"
    if rests := getattr(short, "rests", ()):
        yield f"<p>It rests on this: {escape('; '.join(rests))}.</p>\n"
    yield "</details>\n"


def _found(session: Session) -> Derivation:
    from gradcli.compact.derivation import compact as shortened

    values = arrived(session.derivation, session.inputs, session.given)
    return shortened(session.derivation, values)


def _text(written: str, notation: Notation) -> str:
    return escape(next(respelled([written], notation.text)))
