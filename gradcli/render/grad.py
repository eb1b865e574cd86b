"""The derivation as a derivation file, in the person's own language."""

from __future__ import annotations

from collections.abc import Iterator

from gradcli.foreign import visible
from gradcli.session import Session


def lines(session: Session) -> Iterator[str]:
    derivation = session.derivation
    yield f"# The derivation of {visible(session.program.source.name)}.\n"
    yield f"layout {derivation.layout}\n"
    eq = 0
    for row in derivation.rows:
        if row.eq != eq:
            eq = row.eq
            yield f"\n# {eq}. {session.program.steps[eq - 1].text}\n"
        yield f"{derivation.left(row)} {row.assign} {derivation.formula(row)}\n"
