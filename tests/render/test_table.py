"""The table: all of a derivation is in it, at every width, with colours and without."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from listings import EXAMPLES, derived, painted, plain, squeezed
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.render import rolled
from gradcli.render.folding import cell_width, fold, pieces
from gradcli.render.layout import lay_out
from gradcli.render.table import HEAD, LONGEST, TAIL, sections

RECURRENCE = "input h[0..0]: [2]\nfor t in 1..200:\n    h[t] = tanh(h[t-1]) * 2\ngiven dL/dh[200]\n"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_plain_text_has_every_equation_step_and_gradient(path: Path) -> None:
    session = derived(path)
    text = plain(sections(session))
    derivation = session.derivation
    for number, step in enumerate(derivation.program.steps, 1):
        assert f"({number})  {step.text}" in text
    rows = iter(text.partition("\nBackward")[2].splitlines())
    for number, row in enumerate(derivation.rows, 1):
        # In this order, and each one line.
        line = next(line for line in rows if line.split()[:1] == [str(number)])
        words = squeezed(line)
        assert f"{squeezed(derivation.left(row))}{row.assign}" in words
        assert f"{row.assign} {derivation.formula(row)} " in line
    summary = text.partition("\nGradients")[2]
    assert all(f"dL/d{name} " in summary for name in derivation.wrt)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_plain_text_is_plain(path: Path) -> None:
    text = plain(sections(derived(path)))
    assert "\x1b" not in text
    assert not any(line != line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_terminal_is_never_too_narrow_and_loses_no_formula(path: Path, width: int) -> None:
    session = derived(path)
    for section in sections(session):
        lines = ["".join(text for text, _ in line) for line in lay_out(section, width)]
        assert max(map(cell_width, lines)) <= width
    # A folded formula's lines stand under each other, and between them other columns' texts.
    backward = sections(session)[1]
    texts = [text for line in lay_out(backward, width) for text, _ in line]
    for row in session.derivation.rows:
        words = iter(texts)
        formula = squeezed(session.derivation.formula(row))
        assert any(formula.startswith(squeezed(word)) for word in words if word.strip())


def test_the_steps_stand_under_their_equations_from_the_last_to_the_first() -> None:
    text = plain(sections(derived("input a = 3, b = 2\nc = a + b\nd = b + 1\nloss e = c * d\n")))
    lines = [line.rstrip() for line in text.partition("\nBackward")[2].splitlines()]
    assert lines[1:] == [
        "+= adds to what is there already",
        "",
        "#  derivative    formula    shape   value",
        "   dL/de       = 1          scalar  1",
        "(3) e = c * d",
        "1  dL/dc       = dL/de * d  scalar  3",
        "2  dL/dd       = dL/de * c  scalar  5",
        "(2) d = b + 1",
        "3  dL/db       = dL/dd      scalar  5",
        "(1) c = a + b",
        "4  dL/da       = dL/dc      scalar  3",
        "5  dL/db      += dL/dc      scalar  3",
        "",
        "Gradients of e",
        "",
        " derivative  role   shape   norm",
        " dL/da       input  scalar  3",
        " dL/db       input  scalar  8",
    ]


def test_shapes_have_numbers_and_symbols() -> None:
    text = plain(sections(derived("dim H = 4, X = 3\nparam W: [H, X]\nz = 2 * W\ngiven dL/dz\n")))
    assert "4×3 (H×X)" in text  # forward
    assert "3×4 (X×H)" in text  # the derivative, in numerator layout
    assert "3×4 (X×H)" not in plain(
        sections(
            derived(
                "layout denominator\ndim H = 4, X = 3\nparam W: [H, X]\nz = 2 * W\ngiven dL/dz\n"
            )
        )
    )


def test_names_with_brackets_are_shown_as_they_are() -> None:
    model = "input x[1..2], bold\ni = x[1] * x[2]\ny = i * bold\nloss y\n"
    for text in (plain(sections(derived(model))), painted(sections(derived(model)), no_color=True)):
        assert "dL/dx[1]" in text
        assert "dL/dx[2]" in text


# ── colours ──

PARAMETER = "param W: [2, 2]\ninput x: [2]\ny = W @ x + W @ x\ngiven dL/dy\n"


def test_parameters_and_additions_stand_out_with_and_without_colour() -> None:
    listing = sections(derived(PARAMETER))
    coloured = painted(listing, color_system="standard")
    assert "\x1b[1;35mdL/dW" in coloured  # bold magenta
    assert "\x1b[1;7m+=" in coloured  # bold, reversed
    without = painted(listing, color_system="standard", no_color=True)
    assert "35m" not in without
    assert "\x1b[1;7m+=" in without
    assert "▸" in without


def test_a_dumb_terminal_gets_no_escape_codes() -> None:
    assert "\x1b" not in painted(sections(derived(PARAMETER)), _environ={"TERM": "dumb"})


def test_what_a_terminal_gets_is_the_plain_text_where_all_fits() -> None:
    listing = sections(derived(PARAMETER))
    assert painted(listing, width=300, color_system=None) == plain(listing)


# ── long listings ──


def test_a_long_listing_shows_its_head_and_tail_and_how_to_see_all() -> None:
    session = derived(RECURRENCE)
    short = plain(sections(session, full=False))
    count = len(session.program.steps)
    assert count > LONGEST
    assert f"{count - HEAD - TAIL:,} rows are left out here; --full shows all of them" in short
    forward = short.partition("\nBackward")[0]
    assert f"({HEAD})  " in forward
    assert f"({HEAD + 1})  " not in forward
    assert f"({count - TAIL})  " not in forward
    assert f"({count - TAIL + 1})  " in forward
    assert "left out" not in plain(sections(session, full=True))


# ── folding ──


FOLDED = [
    ("dL/dC_tilde * C_tilde.T * (1 - C_tilde).T", ["*", "-"]),
    ("(dL/dA - sum(dL/dA * A.T, axis=0)) * A.T", ["-", "*", "axis=0"]),
    ("z = [alpha; beta; gamma]", ["=", "beta", "gamma"]),
    ("a_name_that_is_longer_than_the_column_is_wide", []),
    ("dL/dcounts_sum_inv[t - 1, 2 : t + N] * counts_sum_inv", ["*"]),
    ('einsum("ij, jk -> ik", A, B)', ["A", "B"]),
    ("名前 * 値 + 名前", ["*", "+"]),
]


@pytest.mark.parametrize("width", range(4, 60, 3))
@pytest.mark.parametrize(("text", "at"), FOLDED)
def test_folding_keeps_every_character_and_every_name_whole(
    text: str, at: list[str], width: int
) -> None:
    lines = fold(text, width, 2)
    assert squeezed("".join(lines)) == squeezed(text)
    # A line begins before an operator, behind a comma or, where that does not do, behind a bracket;
    # it is too long only if it has none of them.
    for before, line in itertools.pairwise(lines):
        assert line.split()[0].startswith(tuple(at)) or before.endswith(("(", ","))
    whole = pieces(text, tight=True)
    assert all(cell_width(line) <= width or line.strip() in whole for line in lines)


def test_folding_breaks_before_operators_and_outside_brackets() -> None:
    assert fold("dL/dC_tilde * C_tilde.T * (1 - C_tilde).T", 38, 2) == [
        "dL/dC_tilde * C_tilde.T",
        "  * (1 - C_tilde).T",
    ]


def test_words_fill_their_lines() -> None:
    note = "what moves: log_length, log_height, log_noise; here it is the change of W itself"
    assert fold(note, 60, 0, prose=True) == [
        "what moves: log_length, log_height, log_noise; here it is",
        "the change of W itself",
    ]


def test_folding_breaks_behind_a_bracket_and_between_indices_where_nothing_else_does() -> None:
    assert fold("broadcast(dL/dz[i, j], [K, K])", 24, 2) == ["broadcast(dL/dz[i, j],", "  [K, K])"]
    assert fold("broadcast(dL/dz[i, j], [K, K])", 12, 2) == [
        "broadcast(",
        "  dL/dz[i,",
        "  j], [K,",
        "  K])",
    ]
    assert fold("dL/dx[j:j+K, i:i+K, :]", 14, 2) == ["dL/dx[j:j+K,", "  i:i+K, :]"]


WIDE = """
param counts_sum_inverse: [4, 1]
input probabilities_of_all: [4, 27], deep: [2, 3, 4]
weighted_by_counts = probabilities_of_all * counts_sum_inverse * counts_sum_inverse
loss L = sum(square(weighted_by_counts)) + sum(deep)
"""


def test_values_give_way_to_norms_before_formulas_are_squeezed() -> None:
    session = derived(WIDE)
    backward = sections(session)[1]
    lines = ["".join(text for text, _ in line) for line in lay_out(backward, 80)]
    text = "\n".join(lines)
    assert max(map(len, lines)) <= 80
    start = next(line.index("= 1 ") + 2 for line in lines if "= 1 " in line)
    assert next(line.index("shape") for line in lines if "formula" in line) - start >= 30 + 2
    assert "‖" in text
    assert "…" not in text
    names = {f"dL/d{name}" for name in session.program.shapes}
    assert all(name in text for name in names & set(re.findall(r"dL/d\w+", plain([backward]))))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_name_is_cut_at_any_width(path: Path) -> None:
    session = derived(path)
    word = re.compile(r"[^\W\d]\w*")
    for section in (sections(session)[1], rolled.sections(session)[1]):
        whole = set(word.findall(plain([section])))
        for width in (30, 44, 60, 80, 120):
            runs = [text for line in lay_out(section, width) for text, _ in line]
            assert {name for text in runs for name in word.findall(text)} <= whole


def test_three_axes_and_more_are_told_by_shape_and_norm() -> None:
    text = plain(sections(derived(WIDE)))
    assert re.search(r"dL/ddeep += .* 4×3×2 +‖4.899‖\n", text)


# ── the command ──


def test_what_is_piped_keeps_to_columns_where_it_is_set(tmp_path: Path) -> None:
    model = tmp_path / "wide.eq"
    model.write_text(WIDE)

    def widest(*more: str, **environment: str) -> int:
        found = CliRunner().invoke(app, ["derive", str(model), *more], env=environment)
        return max(map(len, found.stdout.splitlines() or [""]))

    assert widest() > 100
    assert widest(COLUMNS="90") <= 90
    assert widest("--rolled", COLUMNS="90") <= 90
    assert all(widest(COLUMNS=nonsense) == widest() for nonsense in ("", "0", "-5", "9" * 5000))
    file = tmp_path / "whole.txt"
    widest("-o", str(file), COLUMNS="90")
    assert max(map(len, file.read_text().splitlines())) == widest()


def test_colours_can_be_asked_for_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `less -R` shows them; they are in nothing that is written to a file."""
    monkeypatch.setenv("TERM", "xterm-256color")
    asked = {"FORCE_COLOR": "1", "COLUMNS": "80", "NO_COLOR": ""}
    plain_text = CliRunner().invoke(app, ["derive", "-"], input=WIDE, env={"COLUMNS": "80"}).stdout
    painted = CliRunner().invoke(app, ["derive", "-"], input=WIDE, env=asked).stdout
    assert "\x1b[1;35m" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain_text


def test_a_number_is_shown_as_it_is_written() -> None:
    model = "input s: [3], m: [3]\nz = where(m > 0, s, -1e9) + 2.50 * s + 1e-12\ngiven dL/dz\n"
    text = plain(sections(derived(model)))
    assert "where(z1, s, -1e9)" in text
    assert "2.50 * s" in text
    assert "+ 1e-12" in text
    long = "0." + "1" * 100
    assert "0.1111111111111111 " in plain(
        sections(derived(f"input s: [3]\nz = s * {long} + s\ngiven dL/dz\n"))
    )


def test_a_pipe_gets_plain_text_without_rich() -> None:
    code = (
        "import sys; sys.argv = ['gradcli', 'derive', sys.argv[1]]\n"
        "from gradcli.cli import run\n"
        "run(); print('rich' in sys.modules, file=sys.stderr)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(EXAMPLES[0])], capture_output=True, text=True, check=True
    )
    assert found.stderr.strip() == "False"
    assert "Gradients" in found.stdout
