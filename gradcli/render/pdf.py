"""The derivation as a PDF, set by Typst: its wheel is the extra `gradcli[pdf]`."""

from __future__ import annotations

from gradcli.errors import Defect, GradError
from gradcli.render import typst as source
from gradcli.render.notation import Notation
from gradcli.session import Session

# What the fonts in the wheel lack. The system's are looked for only where one of these is met: that
# takes as long as all the rest, and a page would look otherwise on another machine.
STRANGE = (("\u0530", "\u1dff"), ("\u2e80", "\U0001d3ff"))


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
        found: bytes = typst.compile(text.encode(), ignore_system_fonts=not strange(text))
    except typst.TypstError as error:
        raise Defect(f"typst refuses what was written for it: {error}") from error
    return found


def strange(text: str) -> bool:
    """Whether the fonts in the wheel lack a character of it."""
    return any(first <= sign <= last for sign in set(text) for first, last in STRANGE)
