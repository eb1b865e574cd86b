"""Text in runs of one style: a terminal paints them, everything else takes the text alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from gradcli.errors import Shown

Run: TypeAlias = tuple[str, str]  # a text and its style, as rich names it
Line: TypeAlias = list[Run]

VERDICTS = {
    "wrong": "bold red",
    "right": "green",
    "proven": "green",
    "inconclusive": "black on yellow",
    "unchecked": "dim",
}
CARET, CHANGED, PLAIN = "red", "bold underline green", ""


def plain(lines: Iterable[Line]) -> Iterator[str]:
    """Each line's text, with its end."""
    for line in lines:
        yield "".join([text for text, _ in line]) + "\n"


def line(text: str) -> Line:
    return [(text, PLAIN)]


def told(shown: Shown, verdict: str) -> Iterator[Line]:
    """A line of a file with what is said of it: the verdict and the carets in colour."""
    yield [(shown.place, PLAIN), (shown.kind, VERDICTS[verdict]), (f": {shown.message}", PLAIN)]
    if shown.excerpt:
        source, carets = shown.excerpt
        yield line(source)
        yield [(carets, CARET)]
    if shown.hint:
        yield line(f"hint: {shown.hint}")


def mended(written: str, text: str) -> Line:
    """A corrected line, with what differs from the line as it was written, in one or several,
    marked.
    """
    written = " ".join(re.sub(r"#[^\n]*", "", written).split())
    first = _common(written, text)
    last = _common(written[first:][::-1], text[first:][::-1])
    end = len(text) - last
    return [(text[:first], PLAIN), (text[first:end], CHANGED), (text[end:], PLAIN)]


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with together, up to a word's begin."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    while count and count < min(len(one), len(other)) and one[count - 1].isalnum():
        count -= 1
    return count
