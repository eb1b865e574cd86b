"""The verdicts on a derivation as a terminal shows them: in colours, and with the corrected part of
a line marked. The text stays the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Run: TypeAlias = tuple[str, str]  # a text and its style, as rich names it

VERDICTS = {
    "wrong": "bold red",
    "right": "green",
    "proven": "green",
    "inconclusive": "yellow",
    "unchecked": "dim",
}
CARET, CHANGED, PLAIN = "red", "bold underline green", ""
HEAD = re.compile(r"^(.*?:\d+:\d+: )((wrong|inconclusive|unchecked)(?: \([\w-]+\))?)(: .*)$")
QUIET = re.compile(r"^(line \d+: .*: )()?(right|wrong|inconclusive|unchecked)$")
COUNTED = re.compile(r"\b[1-9]\d* (right|proven|wrong|inconclusive|unchecked)\b")
MENDED = re.compile(r"^(corrected|expected|add): ")


def painted(text: Iterable[str]) -> Iterator[list[Run]]:
    """Each line of the text as runs of one style."""
    source = before = ""  # the line of the file that is shown, the line of the text before
    for line in "".join(text).splitlines():
        head, quiet = HEAD.match(line), QUIET.match(line)
        if head:
            yield [(head[1], PLAIN), (head[2], VERDICTS[head[3]]), (head[4], PLAIN)]
        elif quiet:
            yield [(quiet[1], PLAIN), (quiet[3], VERDICTS[quiet[3]])]
        elif line.strip() and not line.strip(" ^"):
            source = before
            yield [(line, CARET)]
        elif MENDED.match(line):
            yield list(_marked(line, source))
        elif re.search(r": \d+ lines?: ", line):
            yield list(_counted(line))
        else:
            yield [(line, PLAIN)]
        before = line


def _counted(line: str) -> Iterator[Run]:
    """How many lines there are of each verdict."""
    last = 0
    for found in COUNTED.finditer(line):
        yield line[last : found.start()], PLAIN
        yield found[0], VERDICTS[found[1]]
        last = found.end()
    yield line[last:], PLAIN


def _marked(line: str, source: str) -> Iterator[Run]:
    """A corrected line, with what differs from the line in the file marked."""
    label, _, mended = line.partition(": ")
    yield f"{label}: ", PLAIN
    written = source.split("#", maxsplit=1)[0].strip()
    if label == "add" or not written:
        yield mended, VERDICTS["right"]
        return
    first = _common(written, mended)
    last = _common(written[first:][::-1], mended[first:][::-1])
    end = len(mended) - last
    yield mended[:first], PLAIN
    yield mended[first:end], CHANGED
    yield mended[end:], PLAIN


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
