"""How text from outside, a file's name say, is spelled in each kind of output.

It may hold anything: line ends that add lines to a file, quotes that end a string, what steers a
terminal, bytes that are no UTF-8. Python has such bytes of a file's name, and in a C locale every
byte beyond ASCII, as lone surrogates, which no output can hold.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from json import JSONEncoder

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories: control, format, surrogate, line, paragraph
BYTES = re.compile("[\udc80-\udcff]+")


def visible(text: str) -> str:
    r"""One line in which all can be seen, for a terminal, a listing or a comment: `a\x1b\n.eq`."""
    if text.isprintable():
        return text
    text = BYTES.sub(_decoded, text)
    return "".join(c if is_seen(c) else c.encode("unicode_escape").decode() for c in text)


def docstring(text: str) -> str:
    """The same between the quotes of a Python docstring."""
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')


def dumps(value: Any, indent: int | None = None) -> str:
    """JSON that any reader takes; what can't be seen is escaped, as JSON has it."""
    text = _encoder(indent).encode(value)
    if text.isprintable() or (indent and text.replace("\n", "").isprintable()):
        return text
    text = BYTES.sub(lambda found: _decoded(found).replace("\\", "\\\\"), text)
    return "".join(c if is_seen(c) or c == "\n" else _escaped(c) for c in text)


def quoted(text: str) -> str:
    """A text as JSON."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return dumps(text)


@cache  # making one takes as long as a short document
def _encoder(indent: int | None) -> JSONEncoder:
    import json  # start-up counts: most commands write none

    return json.JSONEncoder(ensure_ascii=False, indent=indent)


def _escaped(character: str) -> str:
    import json

    return json.dumps(character)[1:-1]


def is_seen(character: str) -> bool:
    return unicodedata.category(character) not in UNSEEN


def _decoded(found: re.Match[str]) -> str:
    r"""The bytes that surrogates stand for, as UTF-8; a byte that is none is spelled `\xff`."""
    return found[0].encode("ascii", "surrogateescape").decode("utf-8", "backslashreplace")
