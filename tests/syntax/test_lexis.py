"""Characters, names, numbers, comments, lines and blocks."""

from __future__ import annotations

import pytest
from support import equations, messages, value

from gradcli.errors import GradError
from gradcli.syntax import read, read_source


def raw(text: bytes) -> list[str]:
    """The names of the equations of a file given in bytes."""
    return [s.target.name.text for s in read(read_source("model.eq", text)).statements]


def test_a_comment_runs_to_the_end_of_the_line() -> None:
    assert equations("# a = 1\nx = [1, 2] # b = 2\n  # c\ny = x * 2 #") == [
        "x = [1, 2]",
        "y = x * 2",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end(end: str) -> None:
    assert raw(end.join(["x = [1, 2]", "# c", "y = x", ""]).encode()) == ["x", "y"]


def test_a_bom_is_skipped() -> None:
    assert raw("\ufeffx = [1, 2]\n".encode()) == ["x"]


def test_no_line_end_at_the_end() -> None:
    assert raw(b"x = [1, 2]") == ["x"]


def test_tabs_stand_between_words_and_indent_blocks() -> None:
    assert raw(b"x\t=\t[1,\t2]\t\n") == ["x"]
    assert equations("for t in 1..2:\n\th[t] = [1, t]\n") == ["h[1] = [1, 1]", "h[2] = [1, 2]"]


def test_brackets_carry_a_statement_over_lines() -> None:
    text = "x = [1,   # one\n2,\n\n  3\n]\ny = sum(\n  x\n) * (\n2)"
    assert value(text, "y") == 12


def test_an_open_bracket_is_reported_where_it_was_opened() -> None:
    assert "opened in line 2 is never closed" in messages("x = [1, 2]\ny = (x * 2\n\n")


@pytest.mark.parametrize(
    "name", ["x", "_", "_a1", "W_fc", "σ1", "θ", "ℓ", "été", "变量", "x2y", "dL"]
)
def test_names(name: str) -> None:
    assert equations(f"{name} = [1, 2]\ny = {name} * 2") == [f"{name} = [1, 2]", f"y = {name} * 2"]


@pytest.mark.parametrize("name", ["2x", "x²", "x٣", "a-b", "xᵀ", "x\u0301", "a\u200bb", "a'"])
def test_what_is_no_name(name: str) -> None:
    assert "error" in messages(f"{name} = [1, 2]")


def test_a_letter_and_its_accent_make_one_letter() -> None:
    """Two ways to write é are one name."""
    assert value("e\u0301 = [1, 2]\ny = sum(\u00e9)", "y") == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("2.5", 2.5), ("1e-5", 1e-5), ("1E3", 1000), ("2.5e+2", 250), ("007", 7), ("0", 0)],
)
def test_numbers(text: str, number: float) -> None:
    assert value(f"x = [1, {text}]", "x") == [1, number]


@pytest.mark.parametrize("text", [".5", "5.", "1e", "0x10", "1_000", "٣", "1e400", "9" * 5000])
def test_what_is_no_number(text: str) -> None:
    assert "error" in messages(f"x = [1, 2]\ny = x * {text}")


def test_symbols_of_mathematics() -> None:
    text = "θ = [1, 2]\ny = θᵀ @ θ\nz = θ ∘ θ ⊙ θ\nw = σ(0 * θ)"
    assert equations(text)[:2] == ["θ = [1, 2]", "z1 = θ.T"]
    assert value(text, "y") == 5
    assert value(text, "z") == [1, 8]
    assert value(text, "w") == [0.5, 0.5]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "dim H = 4\ninput x: [H]\n"])
def test_a_file_with_no_equation_is_an_error(text: str) -> None:
    assert "no equation" in messages(text)


def test_bad_bytes_are_named_with_their_place() -> None:
    with pytest.raises(GradError, match=r"0xff is not valid UTF-8") as caught:
        read_source("model.eq", b"x = [1, 2]\ny = \xff\n")
    assert str(caught.value).startswith("model.eq:2:5: error:")


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u202e", "\u200b", "\u2066"])
def test_what_cant_be_seen_is_refused(character: str) -> None:
    with pytest.raises(GradError, match=f"U\\+{ord(character):04X}"):
        read_source("model.eq", f"x = [1, 2] # {character}\n".encode())


def test_blocks_are_indented_as_in_python() -> None:
    text = """
for t in 1..2:

    # a comment
    a = [1, t]
  # another, elsewhere
    for s in 1..2:
        h[t, s] = a * s
    g[t] = sum(a)
y = h[2, 2]
"""
    assert value(text, "y") == [2, 4]
    assert "indent" in messages("for t in 1..2:\n    a = [1, t]\n  b = a\n")
    assert "indent" in messages("x = [1, 2]\n  y = x\n")


def test_a_block_on_one_line() -> None:
    assert equations("for t in 1..2: h[t] = [1, t]") == ["h[1] = [1, 1]", "h[2] = [1, 2]"]


WORDS = "layout dim input param const loss given for in def op return"


@pytest.mark.parametrize("word", WORDS.split())
def test_a_keyword_begins_its_statement_alone(word: str) -> None:
    assert "error" in messages(f"x = [1, 2]\ny = x * {word}")
