"""The parser against lark's own on the same grammar, and what any text may do: fail, but clearly."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lark import Lark, Token
from lark.exceptions import UnexpectedInput
from support import EXAMPLES

from gradcli.errors import GradError, GradErrors
from gradcli.lower import Options, lower
from gradcli.syntax import read, read_source
from gradcli.syntax.lalr import compile_grammar, grammar_path, load
from gradcli.syntax.lexer import END, cut, tokens

WORDS = [
    "x",
    "y",
    "W",
    "h_t",
    "dL/dx",
    "dL/dW",
    "dim",
    "input",
    "param",
    "const",
    "loss",
    "given",
    "for",
    "in",
    "def",
    "op",
    "return",
    "layout",
    "numerator",
    "sum",
    "exp",
    "1",
    "2",
    "0.5",
    "1e-3",
    "+",
    "-",
    "*",
    "/",
    "@",
    "^",
    "**",
    ".T",
    "ᵀ",
    "∘",
    "=",
    "+=",
    "==",
    "<",
    ">=",
    ",",
    ":",
    ";",
    "..",
    "~",
    "(",
    ")",
    "[",
    "]",
    '"ij->ji"',
    "#",
    "axis",
    "normal",
    "T",
    "t",
    "file",
    "eye",
]
LINES = [
    "dim N = 3, M", "input x: [N, M], y", "param W[1..2]: [N] ~ normal(0, 1)", "const c = [[1, 2], [3, 4]]",
    "y = W @ x + b", "h[0] = x", "for t in 1..3:", "    h[t] = tanh(W @ h[t-1])", "    a = x[t : t+2, :]",
    "loss L = sum(square(h[t]) for t in 1..3)", "given dL/dy, dL/dh[3] = [1, 2]", "def f(x, b) = x * b",
    "def g(x):", "    return x.T", "op k(x) = exp(x):", "    dL/dx = dL/dout * out.T", "layout denominator",
    "y = [x; 2; [1, 2]]", "z = f(x)[0, -1]^-2", "dL/dx[:, 0:2] += dL/dy @ W.T", "    input q", "    dim Q = 1", "    given dL/dx", "    layout numerator",
    "    loss L = x", "    def f(x) = x", "    for t in 1..2:", "        y = x", "    return x", "p = 2 * dL/dy",
]  # fmt: skip


@lru_cache(maxsize=1)
def lark() -> Lark:
    return Lark(
        grammar_path().read_text(),
        parser="lalr",
        lexer="basic",
        start=["model", "derivation"],
        maybe_placeholders=True,
        strict=True,
    )


def test_the_grammar_has_no_conflicts_in_strict_mode() -> None:
    assert compile_grammar(grammar_path().read_text(), strict=True).states


def test_the_kept_table_is_that_of_the_grammar() -> None:
    kept, fresh = load(), compile_grammar(grammar_path().read_text())
    assert kept.terminals == fresh.terminals
    assert kept.keywords == fresh.keywords
    assert len(kept.states) == len(fresh.states)
    assert len(kept.rules) == len(fresh.rules)


def accepts(text: str, start: str) -> bool:
    """Whether our parser takes a text."""
    try:
        return not read(read_source("model.eq", text.encode()), start).errors
    except (GradError, GradErrors):
        return False


def lark_accepts(text: str, start: str) -> bool | None:
    """Whether lark takes the same tokens; None where there are none, for a bad character."""
    try:
        found = list(tokens(cut(read_source("model.eq", text.encode())), [""], 0))
    except (GradError, GradErrors):
        return None
    parser = lark().parse_interactive(start=start)
    for kind, word, at in found:
        if kind == END:
            break
        try:
            allowed = parser.accepts()
            as_name = kind not in allowed and word in load().keywords
            parser.feed_token(Token("NAME" if as_name else kind, word, start_pos=at[0]))
        except UnexpectedInput:
            return False
    return "$END" in parser.accepts()


soups = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
blocks = st.lists(st.sampled_from(LINES) | soups, max_size=8).map("\n".join)


@given(blocks, st.sampled_from(["model", "derivation"]))
def test_the_parser_takes_what_larks_parser_takes(text: str, start: str) -> None:
    expected = lark_accepts(text, start)
    assume(expected is not None)
    assert accepts(text, start) == expected


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.eq")), ids=lambda p: p.stem)
def test_examples_are_taken_by_both(path: Any) -> None:
    assert accepts(path.read_text(), "model")
    assert lark_accepts(path.read_text(), "model")


# ── any text ends in a program or in errors with a place ──


def lowered(raw: bytes) -> None:
    """Lower a file; where that fails, every error has a message and a place in the text."""
    try:
        lower(read(read_source("model.eq", raw)), Options(max_elements=10_000))
    except (GradError, GradErrors) as failure:
        errors = failure.errors if isinstance(failure, GradErrors) else [failure]
    else:
        return
    assert errors
    for error in errors:
        assert error.message
        assert error.span is not None, error.message
        line, column = error.span.source.place(error.span.start)
        assert min(line, column) >= 1


@given(st.text(max_size=60))
def test_any_characters(text: str) -> None:
    lowered(text.encode("utf-8", "surrogatepass"))


@given(blocks)
def test_any_words(text: str) -> None:
    lowered(text.encode("utf-8", "surrogatepass"))


EXAMPLE_TEXTS = [path.read_text() for path in sorted(EXAMPLES.glob("*.eq"))]


@st.composite
def damaged(draw: Any) -> str:
    """An example with a word deleted, doubled, exchanged or put in."""
    text = draw(st.sampled_from(EXAMPLE_TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = min(len(text), start + draw(st.sampled_from([0, 1, 1, 3, 10, 40])))
        text = (
            text[:start]
            + draw(st.sampled_from([*WORDS, "", "", "\n", "  ", text[start:stop] * 2]))
            + text[stop:]
        )
    return text


@given(damaged())
def test_any_damage_to_an_example(text: str) -> None:
    lowered(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=40))
def test_any_bytes(raw: bytes) -> None:
    lowered(raw)
