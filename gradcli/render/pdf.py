"""The derivation as a PDF, set by Typst: its wheel is the extra `gradcli[pdf]`."""

from __future__ import annotations

import re

from gradcli.errors import Defect, GradError
from gradcli.render import typst as source
from gradcli.render.notation import Notation
from gradcli.session import Session

# What the fonts in the wheel lack. The system's are looked for only where one of these is met: that
# takes as long as all the rest, and a page would look otherwise on another machine.
STRANGE = re.compile("[\u0530-\u1dff\u2e80-\U0001d3ff]")


def document(session: Session, notation: Notation, *, rolled: bool = False) -> bytes:
    """The bytes of the document. Raises GradError where the library is missing."""
    try:
        import typst
    except ImportError:
        raise GradError(
            "--format pdf: the library `typst` is not installed",
            hint="pip install 'gradcli[pdf]'; --format typst and latex need nothing",
            kind="missing-library",
        ) from None
    text = "".join(source.lines(session, notation, rolled=rolled))
    try:
        found: bytes = typst.compile(text.encode(), ignore_system_fonts=not STRANGE.search(text))
    except typst.TypstError as error:
        raise Defect(f"typst refuses what was written for it: {error}") from error
    return found
