"""The caret stands under the culprit as a terminal shows the line."""

from __future__ import annotations

import pytest

from gradcli.errors import GradError, GradErrors, Source, Span
from gradcli.syntax import read, read_source


def shown(line: str, culprit: str) -> list[str]:
    """How an error about a part of a line is shown."""
    source = Source("m.eq", f"\nfirst\n{line}\nlast\n")
    start = source.text.index(culprit)
    return str(GradError("wrong", Span(source, start, start + len(culprit)), "mend it")).split("\n")


def test_place_line_caret_hint():
    assert shown("y = foo + 1", "foo") == [
        "m.eq:2:5: error: wrong",
        "y = foo + 1",
        "    ^^^",
        "hint: mend it",
    ]


@pytest.mark.parametrize(
    ("line", "culprit", "carets"),
    [
        ("\ty = foo", "foo", "\t    ^^^"),
        ("y\t= foo", "foo", " \t  ^^^"),
        ("变量 = foo", "foo", "       ^^^"),
        ("y = 变量", "变量", "    ^^^^"),
        ("ﾊ = foo", "foo", "    ^^^"),
        ("Ｗ = foo", "foo", "     ^^^"),
        ("x\u0303 = foo", "foo", "    ^^^"),
        ("σ = foo", "foo", "    ^^^"),
        ("y = \x1b[31m", "\x1b", "    ^"),
        ("y = a\u202e + b", "b", "         ^"),
        ("y = x", "x", "    ^"),
    ],
)
def test_caret(line, culprit, carets):
    assert shown(line, culprit)[2] == carets


def test_what_cannot_be_seen_is_shown():
    assert shown("y = \x1b[31m\u202ered", "red")[1] == "y = \ufffd[31m\ufffdred"


def test_a_file_name_and_a_message_do_not_steer_the_terminal():
    source = Source("\x1b[2J.eq", "\ny\n")
    text = str(GradError("\x1b[31m wrong", Span(source, 1, 2), "\x07"))
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("before", [0, 1, 79, 80, 81, 500, 100_000])
@pytest.mark.parametrize("after", [0, 1, 79, 80, 81, 500])
def test_a_long_line_is_cut_around_the_culprit(before, after):
    lines = shown("a" * before + "foo" + "b" * after, "foo")
    start = lines[2].index("^")
    assert lines[0].startswith(f"m.eq:2:{before + 1}:")
    assert lines[1][start : start + 3] == "foo"
    assert lines[2].strip() == "^^^"
    assert len(lines[1]) <= 162
    assert lines[1].count("…") == (before + 3 + after > 160) * (
        (before > 80) + (after > 160 - 3 - min(before, 80))
    )


def test_a_culprit_longer_than_the_line_shown():
    lines = shown("y = " + "x" * 1_000, "x" * 1_000)
    assert len(lines[1]) <= 162
    assert len(lines[2]) <= 162


def test_a_span_over_a_line_end_stays_in_its_line():
    source = Source("m.eq", "\ny = (\nx\n")
    assert str(GradError("wrong", Span(source, 5, 9))).split("\n")[2] == "    ^"


def test_a_long_message_is_cut():
    assert len(str(GradError("x" * 10_000))) < 1_100


def test_errors_stand_in_the_order_of_the_file_and_once():
    source = Source("m.eq", "\na\nb\nc\n")
    places = [(5, "third"), (1, "first"), (3, "second"), (1, "again")]
    text = str(GradErrors([GradError(say, Span(source, at, at + 1)) for at, say in places]))
    assert [line for line in text.split("\n") if "error" in line] == [
        "m.eq:1:1: error: first",
        "m.eq:2:1: error: second",
        "m.eq:3:1: error: third",
    ]


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("y = x\u00a0+ 1", "U+00A0` (no-break space)", "write a plain space"),
        ("y = （x)", "`（` (fullwidth left parenthesis)", "write ("),
        ("y = x ＋ 1", "`＋` (fullwidth plus sign)", "write +"),
        ("y = x + １", "`１` (fullwidth digit one)", "digits 0 to 9"),
        ("y = x⁴", "`⁴` (superscript four)", "with ^"),
        ("y = x₂", "`₂` (subscript two)", "digits 0 to 9"),
        ("y = x٣", "`٣` (arabic-indic digit three)", "digits 0 to 9"),
        ("y = q\u0303", "combining tilde", "no added accents"),
        ("y = 😀", "`😀` (grinning face)", None),
    ],
)
def test_an_unusual_character(text, says, hint):
    (error,) = read(read_source("m.eq", f"{text}\n".encode())).errors
    assert says in error.message
    assert hint is None or hint in (error.hint or "")


@pytest.mark.parametrize(
    "character", ["\u200b", "\u00ad", "\u2066", "\u3164", "\ufe0f", "\x07", "\x0c"]
)
def test_a_character_that_cannot_be_seen(character):
    with pytest.raises(GradError, match=rf"U\+{ord(character):04X}.*can't be seen"):
        read_source("m.eq", f"y = x{character} + 1\n".encode())


def test_accents_written_apart_are_joined():
    assert not read(read_source("m.eq", "e\u0301 = 1 + 1\ny = é\n".encode())).errors


def test_line_numbers_with_any_line_end():
    for end in ("\n", "\r\n", "\r"):
        (error,) = read(read_source("m.eq", f"a = 1{end}{end}b = ({end}".encode())).errors
        assert error.span is not None
        assert error.span.source.place(error.span.start) == (3, 5)
