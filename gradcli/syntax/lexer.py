"""Text to tokens: (terminal, text, offset), with line ends, indents and dedents as tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from gradcli.errors import GradError, Source, Span
from gradcli.syntax.table import load

Token: TypeAlias = tuple[str, str, int]

END = "$END"
PAIRS = {")": "(", "]": "["}

# A line end takes the blank and comment lines after it along, and the indent of the next line.
LINE_END = r"(?P<_NL>(?:\#[^\n]*)?\n(?:[ \t]*(?:\#[^\n]*)?\n)*[ \t]*)"

HINTS = {
    "'": "a transpose is written x.T",
    "′": "a derivative is written dL/dx, a transpose x.T",
    "·": "the products are `@` (matrix) and `*` (elementwise)",
    "×": "the products are `@` (matrix) and `*` (elementwise)",
    "•": "the products are `@` (matrix) and `*` (elementwise)",
    "−": "this is a typographic minus; write -",
    "–": "this is a dash; write -",
    "²": "write x^2",
    "³": "write x^3",
    "Σ": "write sum(…)",
    "∑": "write sum(…)",
    "√": "write sqrt(…)",
    "∂": "a derivative is written dL/dx",
    "∇": "a derivative is written dL/dx",
    "→": "an equation is written name = expression",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "&": "multiply two masks for `and`",
    "|": "use maximum of two masks for `or`; the absolute value is abs(x)",
    ".": "a number has a digit before and after its point",
    "!": "`!=` compares; the factorial is not an operation here",
    "%": "a comment starts with #",
    "\\": "brackets carry a statement over a line end, with no backslash",
    "{": "there are no braces: a block is indented, an index stands in [ ]",
    "}": "there are no braces: a block is indented, an index stands in [ ]",
    '"': "a text ends on its own line with a second quote",
    "“": 'a text stands between straight quotes, "like this"',
    "”": 'a text stands between straight quotes, "like this"',
}


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    terminals = "|".join(f"(?P<{name}>{pattern})" for name, pattern in load().terminals)
    return re.compile(rf"[ \t]*(?:{LINE_END}|{terminals})")


def read_source(name: str, raw: bytes) -> Source:
    """A source from bytes: UTF-8, with or without a BOM, any line ends; characters checked."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = raw[: error.start].decode("utf-8-sig", "replace")
        source = Source(name, "\n" + good.replace("\r\n", "\n") + "\ufffd\n")
        at = len(source.text) - 2
        bad = f"0x{raw[error.start]:02x}"
        raise GradError(f"byte {bad} is not valid UTF-8", Span(source, at, at + 1)) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    source = Source(name, "\n" + text + "\n")
    _check_characters(source)
    return source


def _check_characters(source: Source) -> None:
    """Refuse what a reader can't see: control characters, and those that turn the text around."""
    bad = re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", source.text
    )
    if bad:
        name = unicodedata.name(bad[0], "a control character").lower()
        raise GradError(
            f"U+{ord(bad[0]):04X} ({name}) can't be seen and is not allowed",
            Span(source, bad.start(), bad.end()),
            "delete it",
        )


def is_name(text: str) -> bool:
    """Letters, ASCII digits and `_`, not beginning with a digit; ᵀ is not a letter here."""
    return all(
        c == "_" or (c.isalpha() and c != "ᵀ") or (c.isascii() and c.isdigit()) for c in text
    ) and bool(text) and not text[0].isdigit()


def tokens(source: Source) -> Iterator[Token]:
    """The tokens of a source, to its end.

    Raises GradError for a character that begins no token and for brackets that do not match.
    """
    text = source.text
    keywords = load().keywords
    match = _pattern().match
    indents = [0]
    opened: list[tuple[str, int]] = []
    size = len(text)
    position = 0
    begun = False  # whether a token that is no line end has been met
    while position < size:
        found = match(text, position)
        if found is None:
            raise _bad_character(source, position)
        kind = found.lastgroup or ""
        start, end = found.span(kind)
        word = text[start:end]
        position = end
        if kind == "NAME":
            if not word.isascii():
                position = end = _end_of_name(source, start, end)
                word = text[start:end]
            yield keywords.get(word, kind), word, start
        elif kind == "_NL":
            if opened:
                continue
            if begun:
                yield "_NL", word, start
            begun = True
            indent = len(word[word.rfind("\n") + 1 :].expandtabs(8)) if end < size else 0
            if indent > indents[-1]:
                indents.append(indent)
                yield "_INDENT", word, end
            while indent < indents[-1]:
                indents.pop()
                yield "_DEDENT", word, end
            if indent != indents[-1]:
                raise GradError(
                    "this line's indent fits no line above it",
                    Span(source, end, end + 1),
                    "begin it in the column in which its block begins",
                )
        else:
            if kind in ("LPAR", "LSQB"):
                opened.append((word, start))
            elif kind in ("RPAR", "RSQB"):
                _close(source, opened, word, start)
            elif kind == "DERIV" and not word.isascii():
                position = end = _end_of_name(source, start + 4, end)
                word = text[start:end]
            yield kind, word, start
    if opened:
        raise never_closed(source, opened[-1])
    yield END, "", size - 1


def _close(source: Source, opened: list[tuple[str, int]], bracket: str, at: int) -> None:
    if not opened:
        raise GradError(f"this `{bracket}` closes nothing", Span(source, at, at + 1))
    begin, where = opened.pop()
    if begin != PAIRS[bracket]:
        line, column = source.place(where)
        raise GradError(
            f"this `{bracket}` can't close the `{begin}` opened in line {line}, column {column}",
            Span(source, at, at + 1),
        )


def never_closed(source: Source, bracket: tuple[str, int]) -> GradError:
    text, at = bracket
    line, _ = source.place(at)
    return GradError(
        f"the bracket `{text}` opened in line {line} is never closed", Span(source, at, at + 1)
    )


def _end_of_name(source: Source, start: int, end: int) -> int:
    """Where a name with letters beyond ASCII ends: ᵀ ends it; a foreign digit is an error."""
    for i in range(start, end):
        c = source.text[i]
        if c == "ᵀ" and i > start:
            return i
        if not is_name(c) and not (i > start and c.isascii()):
            raise _bad_character(source, i)
    return end


def _bad_character(source: Source, at: int) -> GradError:
    text = source.text
    while text[at] in " \t":
        at += 1
    c = text[at]
    shown = c if c.isprintable() else f"U+{ord(c):04X}"
    named = "" if c.isascii() else f" ({unicodedata.name(c, 'unnamed').lower()})"
    hint = HINTS.get(c)
    if hint is None and c.isdigit():
        hint = "numbers are written with the digits 0 to 9"
    if hint is None and unicodedata.combining(c):
        hint = "a name has letters, digits and _ only, with no added accents"
    return GradError(f"unexpected character `{shown}`{named}", Span(source, at, at + 1), hint)


def token_end(source: Source, at: int) -> int:
    """The end of the token that begins at an offset."""
    found = _pattern().match(source.text, at)
    if found is None or found.lastgroup in (None, "_NL"):
        return at + 1
    return max(found.end(), at + 1)


def statement_end(source: Source, start: int, error_at: int) -> int:
    """The end of the statement that begins at `start` and has an error at `error_at`.

    That is the end of its line, of its brackets where they close, and of the lines below that are
    indented more.
    """
    text = source.text
    indent = start - (text.rfind("\n", 0, start) + 1)
    depth, position, size = 0, start, len(text)
    match = _pattern().match
    closed = size
    while position < size:
        found = match(text, position)
        if found is None:
            position += 1
            continue
        kind, position = found.lastgroup, found.end()
        depth += (kind in ("LPAR", "LSQB")) - (kind in ("RPAR", "RSQB"))
        if kind == "_NL" and depth <= 0 and position > error_at:
            closed = found.start("_NL")
            break
    # Brackets that never close would swallow the file: then the indent alone says where it ends.
    end = closed if closed < size else text.find("\n", error_at)
    while 0 <= end < size - 1:
        line = text[end + 1 : text.find("\n", end + 1)]
        stripped = line.lstrip(" \t")
        if stripped and not stripped.startswith("#") and len(line) - len(stripped) <= indent:
            break
        end += len(line) + 1
    return end if end >= 0 else size
