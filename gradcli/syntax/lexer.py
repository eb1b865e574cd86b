"""Text to tokens: (terminal, text, place), with line ends, indents and dedents as tokens."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, islice
from typing import NamedTuple, TypeAlias

from gradcli.errors import GradError, Source, Span
from gradcli.syntax.ast import Place
from gradcli.syntax.characters import bad_character
from gradcli.syntax.lalr import load
from gradcli.syntax.source import end_of_name, is_name

Token: TypeAlias = tuple[str, str, Place]

END = "$END"
OPENING = {"LPAR", "LSQB"}
PAIRS = {")": "(", "]": "["}
MOST_WORDS = 2_000_000

# A line end takes the blank and comment lines after it along, and the indent of the next line.
LINE_END = r"(?:\#[^\n]*)?\n(?:[ \t]*(?:\#[^\n]*)?\n)*[ \t]*"
BAD = "[^ \t]"  # a character that begins no token


class Word(NamedTuple):
    """What a word of the text is; `plain` where it is a token by itself, wherever it stands."""

    kind: str
    text: str
    size: int
    plain: bool


class Kinds(dict[str, Word]):
    """What each distinct word is, looked at once."""

    def __missing__(self, word: str) -> Word:
        found = _pattern().match(word)
        assert found is not None
        kind = found.lastgroup or ""
        text = found[kind]
        if kind in ("NAME", "DERIV"):
            if not is_name(text[4:] if kind == "DERIV" else text):
                kind = "BAD_NAME"
            else:
                kind = load().keywords.get(text, kind)
        plain = kind not in ("_NL", "LPAR", "RPAR", "LSQB", "RSQB", "BAD", "BAD_NAME")
        self[word] = Word(kind, text, len(text), plain)
        return self[word]


class Words(NamedTuple):
    """A source, cut up: each word with the blanks before it, and the offset at which it ends."""

    source: Source
    words: list[str]
    ends: list[int]
    kinds: Kinds

    def word_at(self, at: int) -> int:
        """Which word the character at an offset is part of."""
        return bisect_left(self.ends, at + 1)

    def kind(self, index: int) -> str:
        return self.kinds[self.words[index]].kind

    def names(self) -> set[str]:
        """The names among the words that have been read."""
        return {word.text for word in self.kinds.values() if word.kind == "NAME"}


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What cuts a text up, and what tells the words apart."""
    terminals = [("_NL", LINE_END), *load().terminals, ("BAD", BAD)]
    groups = "|".join(f"(?P<{name}>{pattern})" for name, pattern in terminals)
    alternatives = "|".join(pattern for _, pattern in terminals)
    return re.compile(rf"[ \t]*(?:{alternatives})"), re.compile(rf"[ \t]*(?:{groups})")


def _pattern() -> re.Pattern[str]:
    return _patterns()[1]


def cut(source: Source) -> Words:
    """The words of a source. Raises GradError where they are too many."""
    words = _patterns()[0].findall(source.text)
    if len(words) > MOST_WORDS:
        raise GradError(
            f"{source.name}: more than {MOST_WORDS:,} words and signs",
            hint='large arrays belong in a file: param W: [N, M] = file("w.npy")',
            kind="too-large",
        )
    return Words(source, words, list(accumulate(map(len, words))), Kinds())


def tokens(cut: Words, indents: list[str], first: int = 0) -> Iterator[Token]:
    """The tokens of a source, to its end.

    first: the number of the line end before the first line to read.
    indents: those of the blocks around that line; kept up to date.
    Raises GradError for a character that begins no token and for brackets that do not match.
    """
    source, kinds = cut.source, cut.kinds
    size = len(source.text)
    opened: list[tuple[str, Place]] = []
    begun = False
    rest = islice(zip(cut.words, cut.ends, strict=True), first, None)
    for word, end in rest:
        kind, text, length, plain = kinds[word]
        if plain:
            yield kind, text, (end - length, end)
        elif kind == "_NL":
            if opened:
                continue
            if begun:
                yield kind, text, (end - length, end)
            begun = True
            indent = text[text.rfind("\n") + 1 :] if end < size else ""
            if indent == indents[-1]:
                continue
            if indent not in indents:
                if not indent.startswith(indents[-1]):
                    raise _misfit(source, end, indent, indents)
                indents.append(indent)
                yield "_INDENT", "", (end, end)
            while indent != indents[-1]:
                indents.pop()
                yield "_DEDENT", "", (end, end)
        elif kind in OPENING:
            opened.append((text, (end - length, end)))
            yield kind, text, (end - length, end)
        elif text in PAIRS:
            _close(source, opened, text, (end - length, end))
            yield kind, text, (end - length, end)
        elif kind == "BAD":
            raise bad_character(source, end - length)
        else:
            skip = 4 if text.startswith("dL/d") else 0
            raise bad_character(source, end - length + skip + end_of_name(text[skip:]))
    if opened:
        raise never_closed(source, opened[-1])
    yield END, "", (size - 1, size)


def _misfit(source: Source, at: int, indent: str, indents: list[str]) -> GradError:
    span = Span(source, at, at + 1)
    if any(("\t" in indent) != ("\t" in other) for other in indents[1:] if indent):
        return GradError(
            "this line's indent mixes tabs and spaces with the lines above",
            span,
            "indent a block's lines alike, with spaces",
            kind="bad-indent",
        )
    return GradError(
        "this line's indent fits no line above it",
        span,
        "begin it in the column in which its block begins",
        kind="bad-indent",
    )


def _close(source: Source, opened: list[tuple[str, Place]], bracket: str, place: Place) -> None:
    if not opened:
        raise GradError(
            f"this `{bracket}` closes nothing", Span(source, *place), kind="unclosed-bracket"
        )
    begin, (where, _) = opened.pop()
    if begin != PAIRS[bracket]:
        line, column = source.place(where)
        same = line == source.place(place[0])[0]
        raise GradError(
            f"this `{bracket}` can't close the `{begin}` opened in "
            + (f"column {column}" if same else f"line {line}, column {column}"),
            Span(source, *place),
            kind="unclosed-bracket",
        )


def never_closed(source: Source, bracket: tuple[str, Place]) -> GradError:
    text, place = bracket
    line, _ = source.place(place[0])
    return GradError(
        f"the bracket `{text}` opened in line {line} is never closed",
        Span(source, *place),
        kind="unclosed-bracket",
    )
