"""After a syntax error: the words for it, and where the parser goes on.

The statement with the error is left out, with the block below it where it has one. The names in it
count as broken, so that no one hears of them twice.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gradcli.errors import GradError, Span
from gradcli.syntax.ast import Place
from gradcli.syntax.lalr import load
from gradcli.syntax.lexer import END, OPENING, PAIRS, Token, Word, Words, never_closed
from gradcli.syntax.messages import explain
from gradcli.syntax.mistakes.place import BEFORE, FIRST, RANGE
from gradcli.syntax.source import is_name

if TYPE_CHECKING:
    from gradcli.syntax.parser import Parser

LINE_ENDS = {"_NL", END}
LONGEST_REST = 80


class Unexpected(GradError):
    """A token that no rule allows where it stands."""

    def __init__(self, token: Token, span: Span) -> None:
        super().__init__("unexpected", span, kind="syntax")
        self.token = token


class Found(NamedTuple):
    """What is said of an error, and where the parser goes on: behind the word `end`."""

    errors: list[GradError]
    end: int
    lost: set[str]


def leave_out(parser: Parser, error: GradError) -> Found:
    """Take the statement with an error out of the parser."""
    token = error.token if isinstance(error, Unexpected) else None
    if token is not None and "_INDENT" in parser.expected and token[0] != "_NL":
        return _no_block(parser, token)
    if token is not None and token[0] == "_DEDENT":
        return _unfinished_block(parser, token)
    return _statement(parser, error, token)


def _no_block(parser: Parser, token: Token) -> Found:
    """A head whose block is missing: the head alone is left out."""
    mark = parser.marks[-1]
    assert mark is not None
    end = _line_end_before(parser.words, token)
    head = _first(parser.words, mark.word)
    message, hint, _, error_kind = explain([head, token], parser.expected)
    _back_to(parser, mark.states, mark.values, mark.tape)
    error = GradError(message, _span(parser.words, mark.word), hint, kind=error_kind)
    return Found([error], end, _names(parser.words, mark.word, end))


def _unfinished_block(parser: Parser, token: Token) -> Found:
    """A block that can't end here: it is left out with its head.

    Nothing is said where a statement that was left out may be what is missing.
    """
    depth = len(parser.marks)
    parser.marks.pop()
    mark = parser.marks[-1]
    assert mark is not None
    end = _line_end_before(parser.words, token)
    errors = []
    if depth not in parser.broken:
        head = _first(parser.words, mark.word)
        message, hint, _, error_kind = explain([head, token], parser.expected)
        errors.append(GradError(message, _span(parser.words, mark.word), hint, kind=error_kind))
    parser.broken.discard(depth)
    _back_to(parser, mark.states, mark.values, mark.tape)
    return Found(errors, end, _names(parser.words, mark.word, end))


def _statement(parser: Parser, error: GradError, token: Token | None) -> Found:
    words = parser.words
    assert error.span is not None
    at = error.span.start
    index = words.word_at(at)
    mark = parser.marks[-1]
    if parser.fresh or mark is None:
        begin = index
        _back_to(parser, len(parser.states), len(parser.values), len(parser.build.tape))
    else:
        begin = mark.word
        _back_to(parser, mark.states, mark.values, mark.tape)
    read, opened = _read(words, begin, index)
    end = None
    if token is not None:
        error, end = _describe(parser, token, read, opened, index)
    if end is None:
        end = _statement_end(words, begin, index, len(opened))
    parser.broken.add(len(parser.marks))
    return Found([error], end, _names(words, begin, end))


def _describe(
    parser: Parser, token: Token, read: list[Token], opened: list[Token], index: int
) -> tuple[GradError, int | None]:
    """The error for an unexpected token; where a bracket is the culprit, the line end before it."""
    words = parser.words
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
        [*read, token], parser.expected, after[:LONGEST_REST], parser.derivation
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


# ── the parser's stacks ──


def _back_to(parser: Parser, states: int, values: int, tape: int) -> None:
    del parser.states[states:], parser.values[values:], parser.build.tape[tape:]
    del parser.indents[len(parser.marks) :]
    parser.fresh = True


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
        signs = [k for k, other in enumerate(line) if other.text in ("=", "+=")]
        if signs and line[0].kind in ("NAME", "DERIV"):
            del line[signs[0] :]
        found |= {other.text.removeprefix("dL/d") for other in line}
        line.clear()
    return {text for text in found if is_name(text)}
