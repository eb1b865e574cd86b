"""Text to tokens: (terminal, text, place), with line ends, indents and dedents as tokens."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, islice
from typing import TypeAlias

from gradcli.errors import GradError, Source, Span
from gradcli.record import Record
from gradcli.syntax.ast import Place
from gradcli.syntax.characters import bad_character
from gradcli.syntax.lalr import load
from gradcli.syntax.source import end_of_name, is_name

Token: TypeAlias = tuple[str, str, Place]

END = "$END"
ON_PAPER = {"DOT", "QUESTION"}  # in derivation files alone
OPENING = {"LPAR", "LSQB"}
PAIRS = {")": "(", "]": "["}
MOST_WORDS = 2_000_000

# A line end takes the blank and comment lines after it along, and the indent of the next line.
LINE_END = r"(?:\#[^\n]*)?\n(?:[ \t]*(?:\#[^\n]*)?\n)*[ \t]*"
BAD = "[^ \t]"  # a character that begins no token


class Notation(Record):
    """In what kinds of files differ for the lexer.

    derivatives: what a derivative may begin with, the longest first; it is read as dL/d.
    paper: whether a point may stand before a name, np.exp(x), and a `?` for what is not known yet.
    """

    derivatives: tuple[str, ...]
    paper: bool


DERIVATIVE = "dL/d"
MODEL = Notation((DERIVATIVE,), False)


def on_paper(loss: str | None = None) -> Notation:
    """The notation of derivation files. loss: its name in the model, which dJ/dx has."""
    named = [form.format(name) for name in ("L", loss or "L") for form in ("d{0}/d", "∂{0}/∂")]
    return Notation(tuple(sorted({*named, "∇", "∇_", "δ_"}, key=lambda s: (-len(s), s))), True)


class Word(Record):
    """What a word of the text is; `plain` where it is a token by itself, wherever it stands.

    text: of a derivative, dL/d and the name, however it is spelled. size: of what stands there.
    """

    kind: str
    text: str
    size: int
    plain: bool


class Kinds(dict[str, Word]):
    """What each distinct word is, looked at once."""

    def __init__(self, notation: Notation) -> None:
        super().__init__()
        self.notation = notation

    def __missing__(self, word: str) -> Word:
        found = _patterns(self.notation)[1].match(word)
        assert found is not None
        kind = found.lastgroup or ""
        text = written = found[kind]
        if kind in ("NAME", "DERIV"):
            name = text[self.before_name(text) :] if kind == "DERIV" else text
            if not is_name(name):
                kind = "BAD_NAME"
            elif kind == "DERIV":
                text = DERIVATIVE + name
            else:
                kind = load().keywords.get(text, kind)
        elif kind in ON_PAPER and not self.notation.paper:
            kind = "BAD"
        plain = kind not in ("_NL", "LPAR", "RPAR", "LSQB", "RSQB", "DOT", "BAD", "BAD_NAME")
        self[word] = Word(kind, text, len(written), plain)
        return self[word]

    def before_name(self, text: str) -> int:
        """How much of a word stands before its name: what a derivative begins with."""
        begins = self.notation.derivatives
        return next((len(begin) for begin in begins if text.startswith(begin)), 0)


class Words(Record):
    """A source, cut up: each word with the blanks before it, and the offset at which it ends."""

    source: Source
    words: list[str]
    ends: list[int]
    kinds: Kinds

    def word_at(self, at: int) -> int:
        """Which word the character at an offset is part of."""
        return bisect_left(self.ends, at + 1)

    def end_before(self, at: int) -> int:
        """The end of what stands before an offset, without the blanks between."""
        text = self.source.text
        while text[at - 1] in " \t":
            at -= 1
        return at

    def kind(self, index: int) -> str:
        return self.kinds[self.words[index]].kind

    def names(self) -> set[str]:
        """The names among the words that have been read."""
        return {word.text for word in self.kinds.values() if word.kind == "NAME"}


@lru_cache(maxsize=8)
def _patterns(notation: Notation) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What cuts a text up, and what tells the words apart."""
    terminals = [("_NL", LINE_END), *load().terminals, ("BAD", BAD)]
    if notation != MODEL:
        begins = "|".join(map(re.escape, notation.derivatives))
        spelled = f"(?:{begins}){dict(terminals)['NAME']}"
        terminals = [(name, spelled if name == "DERIV" else p) for name, p in terminals]
    groups = "|".join(f"(?P<{name}>{pattern})" for name, pattern in terminals)
    alternatives = "|".join(pattern for _, pattern in terminals)
    return re.compile(rf"[ \t]*(?:{alternatives})"), re.compile(rf"[ \t]*(?:{groups})")


def cut(source: Source, notation: Notation = MODEL) -> Words:
    """The words of a source. Raises GradError where they are too many."""
    words = _patterns(notation)[0].findall(source.text)
    if len(words) > MOST_WORDS:
        raise GradError(
            f"{source.name}: more than {MOST_WORDS:,} words and signs",
            hint='large arrays belong in a file: param W: [N, M] = file("w.npy")',
            kind="too-large",
        )
    return Words(source, words, list(accumulate(map(len, words))), Kinds(notation))


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
        elif kind == "DOT" and (source.text[end].isalpha() or source.text[end] == "_"):
            yield kind, text, (end - length, end)
        elif kind in ("BAD", "DOT"):
            raise bad_character(source, end - length)
        else:
            skip = kinds.before_name(text)
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
