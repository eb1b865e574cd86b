"""After a syntax error: the words for it, and where the parser goes on.

The statement with the error is left out, with the block below it where it has one. The names in it
count as broken, so that no one hears of them twice.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Sequence
from functools import lru_cache

from gradcli.errors import GradError, Span
from gradcli.record import Record
from gradcli.syntax.ast import Place
from gradcli.syntax.lalr import load
from gradcli.syntax.lexer import END, OPENING, PAIRS, Token, Word, Words, never_closed
from gradcli.syntax.messages import explain
from gradcli.syntax.mistakes.place import BEFORE, FIRST, RANGE
from gradcli.syntax.source import is_name

LINE_ENDS = {"_NL", END}
LONGEST_REST = 80


class Unexpected(GradError):
    """A token that no rule allows where it stands."""

    def __init__(self, token: Token, span: Span) -> None:
        super().__init__("unexpected", span, kind="syntax")
        self.token = token


class Mark(Record):
    """Where a statement begins: how much was on the parser's stacks before it, its first word."""

    states: int
    values: int
    tape: int
    word: int


class Stopped(Record):
    """Where the parser met an error.

    marks: for the file and each block that is open, where the statement being read begins; `fresh`
    where the innermost has none begun. broken: the blocks, by their depth, that hold a statement
    left out. expected: the tokens that rules allow. derivation: whether the text is one.
    """

    words: Words
    marks: Sequence[Mark | None]
    fresh: bool
    broken: Container[int]
    expected: frozenset[str]
    derivation: bool


class Found(Record):
    """What is said of an error, and where the parser goes on.

    end: the word behind which it does. lost: the names that are broken. depth: how many blocks are
    open there. mark: to where its stacks go back; None where nothing of a statement is on them.
    broken: whether the block lacks a statement now.
    """

    errors: list[GradError]
    end: int
    lost: set[str]
    depth: int
    mark: Mark | None
    broken: bool


def leave_out(at: Stopped, error: GradError) -> Found:
    """What is left out: the statement with an error, or all that an unfinished block belongs to."""
    token = error.token if isinstance(error, Unexpected) else None
    if token is not None and "_INDENT" in at.expected and token[0] != "_NL":
        return _head(at, token, len(at.marks), said=True)
    if token is not None and token[0] == "_DEDENT":
        # Nothing is said where a statement that was left out may be what is missing.
        return _head(at, token, len(at.marks) - 1, said=len(at.marks) not in at.broken)
    return _statement(at, error, token)


def _head(at: Stopped, token: Token, depth: int, said: bool) -> Found:
    """A head without its block, or with one that can't end at a token: what there is is left out.

    depth: of the blocks around the head. said: whether it is an error.
    """
    mark = at.marks[depth - 1]
    assert mark is not None
    end = _line_end_before(at.words, token)
    errors = []
    if said:
        head = _first(at.words, mark.word)
        message, hint, _, kind = explain([head, token], at.expected)
        errors.append(GradError(message, _span(at.words, mark.word), hint, kind=kind))
    return Found(errors, end, _names(at.words, mark.word, end), depth, mark, broken=False)


def _statement(at: Stopped, error: GradError, token: Token | None) -> Found:
    words = at.words
    assert error.span is not None
    index = words.word_at(error.span.start)
    mark = None if at.fresh else at.marks[-1]
    begin = index if mark is None else mark.word
    read, opened = _read(words, begin, index)
    end = None
    if token is not None:
        error, end = _describe(at, token, read, opened, index)
    if end is None:
        end = _statement_end(words, begin, index, len(opened))
    return Found([error], end, _names(words, begin, end), len(at.marks), mark, broken=True)


def _describe(
    at: Stopped, token: Token, read: list[Token], opened: list[Token], index: int
) -> tuple[GradError, int | None]:
    """The error for an unexpected token; where a bracket is the culprit, the line end before it."""
    words = at.words
    source = words.source
    kind, _, place = token
    line = source.text.rfind("\n", 0, place[0]) + 1
    if opened and opened[-1][2][0] < line and _begins_statement(source.text, line):
        before = bisect_right(words.ends, line - 1)
        return never_closed(source, opened[-1][1:]), before
    if opened and kind == "EQUAL" and all(word[0] != "EQUAL" for word in read):
        return never_closed(source, opened[-1][1:]), None
    if kind == "_INDENT":
        place = _first(words, index)[2]
    after = source.text[place[1] : source.text.find("\n", place[0])].split("#")[0]
    if kind in LINE_ENDS:
        after = ""
    message, hint, where, error_kind = explain(
        [*read, token], at.expected, after[:LONGEST_REST], at.derivation
    )
    if where in (FIRST, BEFORE) and read:
        place = read[0 if where == FIRST else -1][2]
    elif where == RANGE:
        place = _behind(read, "in", token)
    elif kind in LINE_ENDS and index > 0:
        behind = words.ends[index - 1]  # the last word, before a comment
        place = behind, behind + 1
    if kind == "_INDENT" and words.kind(index) in ("ADD", "MULTIPLY", "POWER", "COMPARISON"):
        message = "an expression ends with its line"
        hint = "brackets carry an expression over a line end"
    return GradError(message, Span(source, *place), hint, kind=error_kind), None


def _behind(read: list[Token], word: str, token: Token) -> Place:
    """The place of what follows the last such word."""
    tokens = [*read, token]
    place = max(i for i, found in enumerate(read) if found[1] == word)
    return tokens[place + 1][2]


# ── words ──


def _first(words: Words, index: int) -> Token:
    found = words.kinds[words.words[index]]
    return found.kind, found.text, (words.ends[index] - found.size, words.ends[index])


def _span(words: Words, index: int) -> Span:
    return Span(words.source, *_first(words, index)[2])


def _line_end_before(words: Words, token: Token) -> int:
    """The line end that a token, the first of its line, stands behind."""
    if token[0] == END:
        return len(words.words) - 1
    return bisect_right(words.ends, token[2][0]) - 1


def _read(words: Words, begin: int, index: int) -> tuple[list[Token], list[Token]]:
    """A statement's words before one of them, and the brackets open there."""
    read, opened = [], []
    for i in range(begin, index):
        token = _first(words, i)
        if token[0] == "_NL":
            continue
        read.append(token)
        if token[0] in OPENING:
            opened.append(token)
        elif token[1] in PAIRS and opened:
            opened.pop()
    return read, opened


def _statement_end(words: Words, begin: int, index: int, depth: int) -> int:
    """The line end behind the statement that begins at a word and has an error at another.

    That is the end of its line, of its brackets where they close, and of the lines below that are
    indented more. Brackets that never close end where the next statement begins.
    """
    text = words.source.text
    start = words.ends[begin] - words.kinds[words.words[begin]].size
    indent = text[text.rfind("\n", 0, start) + 1 : start].strip("\n")
    indent = indent if not indent.strip(" \t") else ""
    for i in range(index, len(words.words)):
        word = words.kinds[words.words[i]]
        if word.kind in OPENING:
            depth += 1
        elif word.text in PAIRS:
            depth = max(0, depth - 1)
        elif word.kind == "_NL":
            below = word.text[word.text.rfind("\n") + 1 :]
            if depth and not (len(below) <= len(indent) and _begins_statement(text, words.ends[i])):
                continue
            depth = 0
            if len(below) <= len(indent) or words.ends[i] == len(text):
                return i
    return len(words.words) - 1


@lru_cache(maxsize=1)
def _statement_head() -> re.Pattern[str]:
    heads = "|".join(word for word in load().keywords if word != "in")
    return re.compile(
        rf"[ \t]*(?:(?:{heads})\b|(?:dL/d)?[^\W\d]\w*[ \t]*(?:\[[^\]\n]*\])?[ \t]*[-+*/]?=(?!=))"
    )


def _begins_statement(text: str, line: int) -> bool:
    return _statement_head().match(text, line) is not None


def _names(words: Words, begin: int, end: int) -> set[str]:
    """The names that some words may define: an equation's left-hand side, all of another line."""
    found: set[str] = set()
    line: list[Word] = []
    for i in range(begin, end + 1):
        word = words.kinds[words.words[i]]
        if word.kind != "_NL" and i < end:
            line.append(word)
            continue
        signs = [k for k, other in enumerate(line) if other.text in ("=", "+=", "-=")]
        if signs and line[0].kind in ("NAME", "DERIV"):
            del line[signs[0] :]
        found |= {other.text.removeprefix("dL/d") for other in line}
        line.clear()
    return {text for text in found if is_name(text)}
