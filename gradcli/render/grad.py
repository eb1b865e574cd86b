"""The derivation as a derivation file, in the person's own language."""

from __future__ import annotations

from collections.abc import Iterator

from gradcli.foreign import visible
from gradcli.render import compact
from gradcli.render.notation import NOTATIONS, PLAIN, Notation, respelled
from gradcli.request import NOTHING, Besides
from gradcli.session import Session
from gradcli.transform.reify import Run, opened

MARGIN = "    "


def lines(
    session: Session, told: Besides = NOTHING, notation: Notation = NOTATIONS[PLAIN]
) -> Iterator[str]:
    """The lines; with the way to each compact one above it, as comments.

    notation: of derivatives; the check reads all of them.
    """
    return respelled(_lines(session, told), notation.file)


def _lines(session: Session, told: Besides) -> Iterator[str]:
    derivation = session.derivation
    yield f"# The derivation of {visible(session.program.source.name)}.\n"
    yield f"layout {derivation.layout}\n"
    eq = 0
    around: tuple[Run, ...] = ()
    ways = compact.reasons(session) if told.why else (() for _ in derivation.rows)
    for row, way in zip(derivation.rows, ways, strict=True):
        if row.eq != eq:
            eq = row.eq
            yield f"\n# {eq}. {session.program.steps[eq - 1].text}\n"
        for depth, run in opened(around, row.loops):
            yield f"{MARGIN * depth}{run}:\n"
        around, margin = row.loops, MARGIN * len(row.loops)
        if way:
            yield "\n"
        for reason in way:
            number = f"step {reason.step}: {reason.left}" if reason.step else "      "
            rule = f"    ({reason.rule})" if reason.rule else ""
            yield f"{margin}# {number} {reason.assign} {reason.formula}{rule}\n"
        yield f"{margin}{derivation.left(row)} {row.assign} {derivation.formula(row)}\n"
