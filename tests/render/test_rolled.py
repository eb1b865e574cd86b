"""The rolled view: a loop's equations once, with `=` and `+=` at its first and later steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from listings import EXAMPLES, derived, plain, squeezed
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.loops import Block, Place, roll
from gradcli.render.rolled import sections
from gradcli.transform.letters import letters

LOOPS = [path for path in EXAMPLES if "..T" in path.read_text() or "..2:" in path.read_text()]
ROOT = Path(__file__).parents[2] / "examples"

NESTED = """
dim T = 4, L = 2
param W[1..L]: [3, 3], V: [3, 3]
input x[1..T]: [3]
for t in 1..T:
    h[0, t] = x[t] * t
for l in 1..L:
    h[l, 0] = zeros(3)
    for t in 1..T:
        h[l, t] = tanh(W[l] @ h[l, t-1] + V @ h[l-1, t])
loss E = sum(sum(square(h[L, t])) / t for t in 1..T)
"""
NAMED = """
dim T = 3
input x[1..T, 1..3]: [2]
for t in 1..T:
    y[t] = sum(x[t, k] * k for k in 1..3)
given dL/dy
"""
UNLIKE = """
dim T = 4
input x[1..T]: [3]
for t in 1..T:
    s = sum(x[k] for k in 1..t)
    y[t] = s * s
loss E = sum(sum(y[t]) for t in 1..T)
"""
POWERS = """
dim T = 5
input x[1..T]: [3], X: [12]
param W: [3, 3]
for t in 1..T:
    a = X[2*t : 2*t+2]
    y[t] = sum(x[t]^t * sum(W @ x[t] for k in 1..3)) * sum(a)
    z[t] = sum(X[0 : t]) + sum(X[t : 12])
given dL/dy, dL/dz
"""
OUTSIDE = """
dim T = 4
param w
input x[1..T]: [2]
h[0] = zeros(2)
for t in 1..T:
    h[t] = tanh(w * h[t-1] + x[t])
s = h[T] * h[T-1]
loss L = sum(s)
"""
DEFINED = """
dim T = 3
param W: [2, 2]
input x[1..T]: [2]
def cell(W, h, x) = tanh(W @ h + x)
def run(W, a, b):
    for k in 1..2:
        r[k] = W @ (a * k + b)
    return r[1] + r[2]
h[0] = zeros(2)
for t in 1..T:
    h[t] = cell(W, h[t-1], x[t]) + run(W, x[t], h[t-1])
given dL/dh[T]
"""
SHAPES = """
dim T = 3
input X: [T, 2]
h[0] = zeros(2, 1)
for t in 1..T:
    A[t] = ones(t, 2) * [t, 1 / t].T
    B[t] = reshape(X[0:t, :], [2, t])
    h[t] = tanh(B[t] @ A[t] @ h[t-1]) + 1
loss L = sum(h[T])
"""
MODELS = {
    "nested": NESTED,
    "unlike": UNLIKE,
    "powers": POWERS,
    "defined": DEFINED,
    "shapes": SHAPES,
}


def backward(text: str | Path, **options: str) -> list[list[str]]:
    """The steps of the rolled backward table, cell by cell; and the cases above them."""
    section = sections(derived(text, **options))[1]
    return [
        [cell for cell in line.cells if isinstance(cell, str)]
        for line in section.lines
        if len(line.cells) > 1
    ]


def test_the_scanning_mlp_is_the_recitations() -> None:
    rows = backward(ROOT / "scanning_mlp.eq")
    rows = [row for row in rows if "given" not in row]
    assert rows[0][3:6] == ["every t", "t = T-N", "t < T-N"]
    assert all(row[3] == "" or row[4:6] == ["", ""] for row in rows[1:])  # once where all agree
    found = [
        (row[1], row[2].strip(), *(row[4:6] if not row[3] else [row[3]] * 2), row[6])
        for row in rows[1:]
    ]
    assert found == [
        ("", "dL/dz7[t]", "=", "=", "dL/dO[t]"),
        ("▸", "dL/db3", "=", "+=", "dL/dO[t]"),
        ("▸", "dL/dW3", "=", "+=", "z6[t] @ dL/dz7[t]"),
        ("", "dL/dz6[t]", "=", "=", "dL/dz7[t] @ W3"),
        ("", "dL/dz5[t]", "=", "=", "dL/dz6[t] * (z5[t] > 0).T"),
        ("", "dL/dz4[t]", "=", "=", "dL/dz5[t]"),
        ("▸", "dL/db2", "=", "+=", "dL/dz5[t]"),
        ("▸", "dL/dW2", "=", "+=", "z3[t] @ dL/dz4[t]"),
        ("", "dL/dz3[t]", "=", "=", "dL/dz4[t] @ W2"),
        ("", "dL/dz2[t]", "=", "=", "dL/dz3[t] * (z2[t] > 0).T"),
        ("", "dL/dz1[t]", "=", "=", "dL/dz2[t]"),
        ("▸", "dL/db1", "=", "+=", "dL/dz2[t]"),
        ("▸", "dL/dW1", "=", "+=", "x[t] @ dL/dz1[t]"),
        ("", "dL/dx[t]", "=", "=", "dL/dz1[t] @ W1"),
        ("", "dL/dX[:, t:t+N]", "=", "", "dL/dx[t]"),
        ("", "dL/dX[:, t+1:t+N]", "", "+=", "dL/dx[t][:, 1:N]"),
        ("", "dL/dX[:, t]", "", "=", "dL/dx[t][:, 0]"),
    ]


def test_a_loop_backward_in_time() -> None:
    text = plain(sections(derived(ROOT / "rnn.eq")))
    assert "for t in 1..T\n" in text
    assert "for t in 1..T, backward from t = T to 1\n" in text
    assert "sum over t in 1..T: z8[1] is its first term, C_total its last total\n" in text
    assert text.count("h[t] = sigmoid(z3[t])") == 2  # once in either listing
    rows = {row[2].strip(): row[3:6] for row in backward(ROOT / "rnn.eq")}
    assert rows["dL/dW_h"] == ["", "=", "+="]
    assert rows["dL/dh[t]"] == ["", "=", "+="]
    assert rows["dL/dh[t - 1]"] == ["=", "", ""]
    assert rows["dL/dh_start"] == ["=", "", ""]  # outside the loop


def test_always_adding() -> None:
    rows = backward(ROOT / "rnn.eq", accumulate="always")
    assert {cell for row in rows if row[0].strip() for cell in row[3:-2] if cell} == {"+="}


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        ("t:", ["dL/dX[:, t:] =", "dL/dX[:, t+1:] += 1:", "dL/dX[:, t] = 0"]),
        ("t-1:t", ["dL/dX[:, t-1:t] ="]),
        ("t-1:t+1", ["dL/dX[:, t-1:t+1] =", "dL/dX[:, t] += 1", "dL/dX[:, t-1] = 0"]),
        (
            "2*t:2*t+3",
            ["dL/dX[:, 2*t:2*t+3] =", "dL/dX[:, 2*t+2] += 2", "dL/dX[:, 2*t:2*t+2] = 0:2"],
        ),
        ("0:T", ["dL/dX[:, 0:T] ="]),  # and += later: one row
    ],
)
def test_regions_move_with_the_index(slices: str, expected: list[str]) -> None:
    model = f"dim T = 4\ninput X: [12]\nfor t in 1..T:\n    y[t] = X[{slices}] * 2\ngiven dL/dy\n"
    found = []
    for row in backward(model):
        if "dL/dX" in row[2]:
            piece = re.search(r"\[:, (.*)\]", row[-2])
            assign = next(filter(None, row[3:-2]))
            found.append(f"{row[2].strip()} {assign}{' ' + piece[1] if piece else ''}")
    assert found == expected


def test_nested_loops_name_both_variables() -> None:
    rows = backward(NESTED)
    w = next(row for row in rows if row[2].strip() == "dL/dV")
    cases = rows[
        rows.index(w)
        - next(
            i
            for i, row in enumerate(reversed(rows[: rows.index(w)]), 1)
            if not row[0] and not row[2]
        )
    ]
    named = dict(zip(cases[3:-2], w[3:-2], strict=True))
    assert named.pop("l = L, t = T") == "="
    assert set(named.values()) <= {"+=", ""}


def test_iterations_that_differ_are_shown_apart() -> None:
    text = plain(sections(derived(UNLIKE)))
    assert "for t in 1..T, where t = 1\n" in text
    assert "for t in 1..T, where t > 1\n" in text


def test_a_total_with_a_name_of_its_own_is_told() -> None:
    text = plain(sections(derived(NAMED)))
    assert "sum over k in 1..3: z2[t, 1] is its first term, y[t] its last total" in text


def test_an_index_made_of_dims_keeps_them_outside_loops_too() -> None:
    text = plain(sections(derived(OUTSIDE)))
    text = re.sub(" +", " ", text)
    assert "s = h[T] * h[T - 1]" in text
    assert "dL/dh[T - 1] = dL/ds * h[T].T" in text


def test_statements_outside_loops_are_shown_as_they_are() -> None:
    session = derived(ROOT / "lstm.eq")
    rows = [row for row in backward(ROOT / "lstm.eq") if row[0].strip()]
    derivation = session.derivation
    assert [(row[2], row[3], row[4]) for row in rows] == [
        (f"dL/d{derivation.target(row)}", row.assign, derivation.formula(row))
        for row in derivation.rows
    ]


# ── letters stand for what is there ──


def places(
    items: Sequence[Place | Block], names: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Place]]:
    for item in items:
        if isinstance(item, Place):
            yield names, item
        else:
            yield from places(item.items, tuple(loop.variable for loop in item.loops))


def numbered(text: str, values: dict[str, int], zs: dict[str, str]) -> str:
    """A text with numbers for letters and sizes, whole-number sums computed."""

    def number(bound: str) -> str:
        if set(re.findall(r"[^\W\d]\w*", bound)) <= values.keys():
            return str(eval(bound, {}, values)) if bound.strip() else ""
        return bound  # the name of an index

    def inside(match: re.Match[str]) -> str:
        parts = [":".join(map(number, part.split(":"))) for part in match[1].split(",")]
        return f"[{','.join(parts)}]"

    text = re.sub(r"\[([^\[\]]*)\]", inside, text)
    return re.sub(r"\bz\d+\[[\d,]*\]", lambda found: zs.get(found[0], found[0]), text)


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("model", [*LOOPS, *MODELS], ids=str)
def test_with_numbers_for_letters_every_step_is_the_tables(model: str | Path, layout: str) -> None:
    session = derived(MODELS[model] if isinstance(model, str) else model, layout=layout)
    program, derivation = session.program, session.derivation
    dims = {name: int(size.value) for name, size in program.sizes.dims.items()}
    rows: dict[int, list[str]] = {}
    shown = 0
    for names, place in places(roll(program)):
        canonical = program.steps[place.step]
        for indices, i in place.where.items():
            step = program.steps[i]
            values = {**dims, **dict(zip(names, indices, strict=True))}
            for row in (row for row in derivation.rows if row.eq == i + 1):
                shown += 1
                line = letters(derivation, row, step, canonical)
                target, formula = line.left, line.formula(derivation.layout)
                # A running total's first and last names, and z names that differ, aside.
                pairs = zip(
                    canonical.rolled.args if canonical.rolled else (), step.args, strict=False
                )
                known = {
                    squeezed(numbered(str(letter), values, {})): squeezed(str(own))
                    for letter, own in pairs
                    if isinstance(own, str)
                }
                found = squeezed(numbered(target.removeprefix("dL/d"), values, {}))
                for letter, own in sorted(known.items(), key=lambda item: -len(item[0])):
                    if found.startswith(letter):
                        found = own + found.removeprefix(letter)
                        break
                assert found == squeezed(derivation.target(row))
                rows.setdefault(i, []).append(formula)
    assert shown == len(derivation.rows)  # every step is at one place


@pytest.mark.parametrize("model", [*LOOPS, *MODELS], ids=str)
def test_every_equation_is_at_one_place(model: str | Path) -> None:
    program = derived(MODELS[model] if isinstance(model, str) else model).program
    found = [i for _, place in places(roll(program)) for i in place.where.values()]
    assert sorted(found) == list(range(len(program.steps)))


def test_shapes_and_literals_that_move_have_letters() -> None:
    text = re.sub(" +", " ", plain(sections(derived(SHAPES))))
    for line in (
        "z1[t] = ones(t, 2) 1×2 … 3×2",
        "z2[t] = [t, 1 / t] 2×1",
        "B[t] = reshape(z4[t], [2, t]) 2×1 … 2×3",
        "z4[t] = X[0:t, :] 1×2 … 3×2",
        "dL/dB[t] = A[t] @ dL/dz5[t] 1×2 … 3×2",
    ):
        assert line in text


def test_it_is_a_view_of_the_table() -> None:
    result = CliRunner().invoke(app, ["derive", str(ROOT / "rnn.eq"), "--rolled", "--json"])
    assert result.exit_code == 2
    assert result.stdout == ""
    result = CliRunner().invoke(app, ["derive", str(ROOT / "rnn.eq"), "--rolled"])
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout


def test_whole_numbers_behind_a_letter_are_drawn_together() -> None:
    text = "dim T = 3\ninput x[1..T], h[0..T]\nfor t in 1..T:\n"
    text += "    y[t] = x[t - 1 + 1] * (t - 1 + 2) + (t - 1 + 1) * h[t + 1 - 1] * (t + 2 - 3)\n"
    text += "loss L = sum(y[t] for t in 1..T)\n"
    shown = CliRunner().invoke(app, ["derive", "-", "--rolled"], input=text).stdout
    for equation in ("x[t] * (t + 1)", "t * h[t]", "z2[t] * (t - 1)"):
        assert f" = {equation} " in shown


FAMILIES = """
dim T = 5, K = 2, N = 3
input x[1..T]: [2], q[0..2]: [2], u[1..N, 1..K]: [2], X: [T]
h[0] = zeros(2)
for t in 1..T:
    h[t] = tanh(h[t-1] + x[t] * q[0] + q[1] - q[2])
    for k in 1..K:
        y[t, k] = h[t] * k
for n in 1..N:
    for k in 1..K:
        v[n, k] = u[n, k] * 2
    for j in n..N:
        w[n, j] = X[n] * X[j]
given dL/dy, dL/dv, dL/dw, dL/dh[T]
"""


def test_a_family_has_one_row_with_the_ranges_of_its_loops() -> None:
    session = derived(FAMILIES)
    shown = sections(session)
    given = [line.cells[2] for line in shown[1].lines if "given" in line.cells]
    assert given == [
        "dL/dy[1..T, 1..K]",
        "dL/dv[1..N, 1..K]",
        *(f"dL/dw[{n}, {j}]" for n in range(1, 4) for j in range(n, 4)),  # no rectangle
        "dL/dh[5]",
    ]
    summary = {line.cells[1]: line.cells for line in shown[2].lines}
    assert list(summary) == ["dL/dx[1..T]", "dL/dq[0..2]", "dL/du[1..N, 1..K]", "dL/dX"]
    totals = [session.backward.totals[f"x[{t}]"] for t in range(1, 6)]
    assert float(str(summary["dL/dx[1..T]"][4])) == pytest.approx(np.linalg.norm(totals), rel=1e-3)


def test_members_of_unlike_shapes_stay_apart() -> None:
    model = "input X: [4]\nfor t in 1..3:\n    y[t] = X[0 : t] * 2\ngiven dL/dy\n"
    given = [line.cells[2] for line in sections(derived(model))[1].lines if "given" in line.cells]
    assert given == ["dL/dy[1]", "dL/dy[2]", "dL/dy[3]"]


@pytest.mark.parametrize("width", [64, 72, 80, 90, 100, 120])
def test_a_derivative_that_can_t_be_folded_keeps_its_room(width: int, monkeypatch) -> None:
    """Else what stands right of it would leave its columns."""
    monkeypatch.setenv("COLUMNS", str(width))
    model = """
dim N = 6, K = 3
input x: [2, N, N]
param W: [2, K, K]
for i in 0..N-K:
    for j in 0..N-K:
        z[i, j] = sum(W * x[:, i:i+K, j:j+K])
loss L = sum(z[0, j] for j in 0..N-K) + sum(x)
"""
    text = CliRunner().invoke(app, ["derive", "-", "--rolled"], input=model).stdout
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    head = next(line for line in lines if "formula" in line)
    one = next(line for line in lines if "dL/dx[j:j+K, " in f"{line} ")
    assert one.index("dL/dz1[i,") == head.index("formula")
