"""Bytes to a source, with what no reader can see refused; and what a name is."""

from __future__ import annotations

import re
import unicodedata

from gradcli.errors import GradError, Source, Span

UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def read_source(name: str, raw: bytes) -> Source:
    """A source from bytes: UTF-8, with or without a BOM, any line ends; characters checked.

    Raises GradError.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _undecodable(name, raw, error.start) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    source = Source(name, "\n" + text + "\n")
    unseen = UNSEEN.search(source.text)
    if unseen:
        shown = unicodedata.name(unseen[0], "a control character").lower()
        raise GradError(
            f"U+{ord(unseen[0]):04X} ({shown}) can't be seen and is not allowed",
            Span(source, unseen.start(), unseen.end()),
            "delete it",
            kind="unexpected-character",
        )
    return source


def _undecodable(name: str, raw: bytes, at: int) -> GradError:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        source = Source(name, "\n\ufffd\n")
        return GradError(
            "this file is UTF-16",
            Span(source, 1, 2),
            "save the file as UTF-8",
            kind="unreadable-text",
        )
    good = raw[:at].decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    rest = raw[at:].split(b"\n")[0].decode("utf-8", "replace")
    source = Source(name, f"\n{good}{rest}\n")
    start = len(good) + 1
    return GradError(
        f"byte 0x{raw[at]:02x} is not valid UTF-8",
        Span(source, start, start + 1),
        "save the file as UTF-8",
        kind="unreadable-text",
    )


def is_name(text: str) -> bool:
    """Letters, ASCII digits and `_`, not beginning with a digit; ᵀ is not a letter here."""
    if text.isascii():
        return text.isidentifier()
    return text != "" and not text[0].isdigit() and all(map(_in_name, text))


def _in_name(c: str) -> bool:
    return c == "_" or (c.isalpha() and c != "ᵀ") or (c.isascii() and c.isdigit())


def end_of_name(text: str) -> int:
    """How much of a word, from its first letter on, is a name."""
    return next((i for i, c in enumerate(text) if not _in_name(c)), len(text))
