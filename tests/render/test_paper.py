"""Paper: the same lines in every form, rolled and not, and set by what sets them."""

from __future__ import annotations

import functools
import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from listings import EXAMPLES, derived, taken
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app
from gradcli.ops import TABLE
from gradcli.ops.core import tried
from gradcli.render import latex, mathml, paper, pdf
from gradcli.render.align import lines
from gradcli.render.notation import NOTATIONS
from gradcli.render.typeset import math
from gradcli.session import Session
from gradcli.sizes import ATOM, PRODUCT, SUM, Sizes
from gradcli.spelling import Written

OPERANDS: list[Written] = [("a + b", SUM), ("c", ATOM), (r"d \odot e", PRODUCT)]
LOOPS = [path for path in EXAMPLES if path.stem in ("rnn", "scanning_mlp", "lstm_two_steps")]
LONG = """
dim T = {}, H = 2
input x[1..T]: [H], h_start: [H]
param W_hh: [H, H], U: [H, H]
h[0] = h_start
for t in 1..T:
    h[t] = tanh(W_hh @ h[t-1] + U @ x[t] * 2 ^ t)
loss L = sum(sum(square(h[t])) for t in 1..T)
"""


@functools.cache
def spellings() -> list[str]:
    """Every entry of the table as mathematics, its operands bound loosely and tightly."""
    sizes = Sizes()
    n, m, _ = (sizes.symbol(name, value) for name, value in (("N", 3), ("M", 2), ("K", 4)))
    found = []
    for op in TABLE.values():
        attrs = next(tried(op, sizes, ((n, m),) * 3))
        some = OPERANDS[: taken(op, attrs)]
        found += [latex.write(op, attrs, some, scalar)[0] for scalar in (False, True)]
    return found


@functools.cache
def session_of(path: Path, layout: str = "numerator") -> Session:
    return derived(path, layout=layout)


@functools.cache
def formulas() -> list[str]:
    """All mathematics of the examples, in both layouts and every notation, rolled and not."""
    found = {}
    for path in EXAMPLES:
        for name, notation in NOTATIONS.items():
            layout = "denominator" if notation.denominator or name == "bar" else "numerator"
            session = session_of(path, layout)
            for rolled in (False, True):
                for each in paper.passes(session, notation, rolled=rolled):
                    for line in each:
                        found |= dict.fromkeys((line.left, line.right, line.where))
    return [text for text in found if text]


def typst() -> object:
    return pytest.importorskip("typst", reason="the extra gradcli[pdf] is not installed")


@pytest.mark.parametrize("name", [op.name for op in TABLE.values() if op.takes()])
def test_no_attribute_is_dropped(name: str) -> None:
    """What differs in an attribute alone looks different in every form."""
    op, sizes = TABLE[name], Sizes()
    n, m, _ = (sizes.symbol(name, value) for name, value in (("N", 3), ("M", 2), ("K", 4)))
    operands: list[Written] = [("a", ATOM), ("b_{1}", ATOM), ("c", ATOM)]
    texts: dict[object, str] = {}
    for shape in ((n, m), (n, m, n)):
        for attrs in itertools.islice(tried(op, sizes, (shape,) * 3), 40):
            some = operands[: taken(op, attrs)]
            texts[attrs, len(some)] = latex.write(op, attrs, some)[0]
    assert len(texts) > 1
    for form in (str, math, mathml.math):
        assert len({form(text) for text in texts.values()}) == len(texts)


def test_contractions_are_sums_over_indices() -> None:
    text = "".join(
        lines(
            derived(
                """dim N = 2, M = 3
input A: [N, M], u1: [M]
C = einsum("nm,kj,nk->mn", A, tanh(A @ A.T), A @ A.T)
loss s = einsum("ij,ij->", u1, u1)
"""
            )
        )
    )
    assert r"C &= \left[\sum_{k, j} A_{nm} \, \left(z_{3}\right)_{kj} \, " in text
    assert r"\left(z_{5}\right)_{nk}\right]_{mn} \tag" in text
    assert r"s &= \sum_{i, j} \left(u_{1}\right)_{ij} \, \left(u_{1}\right)_{ij}" in text
    assert r"\left(\frac{\partial L}{\partial s}\right)_" in text
    assert "einsum" not in text


# ── Typst ──


def test_every_entry_and_all_of_the_examples_compile_in_typst() -> None:
    found = [*spellings(), *formulas()]
    assert len(found) > 1000
    compiled = typst().compile("\n\n".join(f"${math(text)}$" for text in found).encode())
    assert compiled.startswith(b"%PDF")


def test_typst_says_what_latex_says() -> None:
    """Every word, number and letter of the one is in the other, in its order."""
    for text in [*spellings(), *formulas()]:
        words = re.findall(
            r"\\(?:operatorname|text|mathit)\{((?:[^{}\\]|\\.)*)\}|(?<![\\a-z])([a-zA-Z])(?![a-z])|(\d+)",
            text,
        )
        set_in = math(text)
        at = 0
        for word in ("".join(groups).replace("\\", "") for groups in words):
            at = set_in.find(word, at)
            assert at >= 0, (word, text, set_in)
            at += len(word)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\frac{\partial L}{\partial W_{1,2}}", "frac(∂ L, ∂ W_(1 \\, 2))"),
        (r"\left(a, b\right)^{\top}", "lr(( a \\, b ))^(⊤)"),
        (r"\left\|x\right\|", "lr(‖ x ‖)"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", 'mat(delim: "[", 1, 2; 3, 4)'),
        (r"\operatorname{log\_softmax}_{\text{axis}=1}", 'op("log_softmax")_("axis"= 1)'),
        (r"\frac{\partial L}{\partial \mathit{out}}", 'frac(∂ L, ∂italic("out"))'),
        ("a#b / c", "a \\# b \\/ c"),
        (r"\nabla_{x} L", "∇_(x) L"),
    ],
)
def test_mathematics_in_typst(text: str, expected: str) -> None:
    assert math(text) == expected


def test_a_pdf_of_every_example(tmp_path: Path) -> None:
    typst()
    for path in EXAMPLES:
        file = tmp_path / f"{path.stem}.pdf"
        found = CliRunner().invoke(app, ["derive", str(path), "-f", "pdf", "-o", str(file)])
        assert (found.exit_code, found.stdout) == (0, ""), found.stderr
        assert file.read_bytes().startswith(b"%PDF-")
    piped = CliRunner().invoke(app, ["derive", str(EXAMPLES[0]), "-f", "pdf"])
    assert piped.stdout_bytes.startswith(b"%PDF-")


def test_a_pdf_takes_no_time() -> None:
    """Half a second of this process, for the model of an LSTM, beside starting up."""
    typst()
    begin = time.process_time()
    model = gradcli.load(str(EXAMPLES[0].parent / "lstm.eq"))
    assert len(model.derive().to_pdf()) > 10_000
    assert time.process_time() - begin < 0.5


def test_the_same_pdf_each_time() -> None:
    typst()
    session = derived(EXAMPLES[0])
    one, two = (pdf.document(session, NOTATIONS["partial"]) for _ in range(2))
    assert one == two


def test_the_system_s_fonts_are_looked_for_where_they_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []

    class Library:
        TypstError = ValueError

        @staticmethod
        def compile(source: bytes, *, ignore_system_fonts: bool) -> bytes:
            asked.append(ignore_system_fonts)
            return source

    monkeypatch.setitem(sys.modules, "typst", Library)
    for model in (EXAMPLES[0], "input γ_ü\nloss L = γ_ü^2\n", "input 重\nloss L = 重^2\n"):
        pdf.document(derived(model), NOTATIONS["partial"])
    assert asked == [True, True, False]


def test_without_the_library_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    found = CliRunner().invoke(app, ["derive", str(EXAMPLES[0]), "-f", "pdf"])
    assert found.exit_code == 2
    assert found.stdout == ""
    assert found.stderr == (
        "error: --format pdf: the library `typst` is not installed\n"
        "hint: pip install 'gradcli[pdf]'; --format typst and latex need nothing\n"
    )


def test_a_name_that_is_markup_is_only_a_name(tmp_path: Path) -> None:
    typst()
    model = tmp_path / 'a#b"\\$_*[x.eq'
    model.write_text(
        "input α, x_hat: [3], _under, Δx: [3]\nloss L = sum(x_hat * Δx * α * _under)\n"
    )
    assert len(gradcli.load(str(model)).derive().to_pdf()) > 1000


# ── rolled ──


@pytest.mark.parametrize("form", ["latex", "markdown", "typst"])
def test_rolled_paper_does_not_grow_with_the_loop(form: str) -> None:
    lengths = []
    for T in (20, 200):  # noqa: N806 -- as it is written
        found = CliRunner().invoke(
            app, ["derive", "-", "--rolled", "-f", form], input=LONG.format(T)
        )
        assert found.exit_code == 0, found.stderr
        lengths.append(len(found.stdout.splitlines()))
    assert lengths[0] == lengths[1] < 80


def test_rolled_latex_has_loops_letters_and_both_signs() -> None:
    text = "".join(lines(derived(LONG.format(5)), rolled=True))
    assert r"&\quad \text{for } t = 1, \dots, T \\" in text
    assert r"&\quad \text{for } t = T, \dots, 1 \\" in text
    assert r"z_{1,t} &= W_{hh} \, h_{t-1} \tag{2}" in text
    assert r"\cdot 2^{t}" in text
    W = r"\frac{\partial L}{\partial W_{hh}}"  # noqa: N806
    right = r"h_{t-1} \, \frac{\partial L}{\partial z_{1,t}}"
    assert rf"{W} &= {right} \qquad \left(t = T\right)" in text
    assert rf"{W} &\mathrel{{{{+}}{{=}}}} {right} \qquad" in text
    one = r"\frac{\partial L}{\partial x_{t}} &= \frac{\partial L}{\partial z"
    assert text.count(one) == 1  # no condition where all iterations agree
    assert r"\frac{\partial L}{\partial x_{t}} &= " in text


def test_what_moves_with_a_loop_has_its_letters() -> None:
    model = """
input X: [4, 2], h_0: [2]
h[0] = h_0
for t in 1..4:
    A[t] = ones(t, 2) * [t, 1 / t].T
    h[t] = tanh(reshape(X[0:t, :], [2, t]) @ A[t] @ h[t-1])
given dL/dh
"""
    session = derived(model.replace("[t, 1 / t].T", "(t + 1)").replace("h[t-1]", "h[t-1] * 2^t"))
    text = "".join(lines(session, rolled=True))
    for part in (
        r"\mathbf{1}_{t \times 2}",
        r"\operatorname{reshape}_{2 \times t}",
        r"X[0{:}t, {:}]",
        "2^{t}",
        r"\left(t + 1\right)",
    ):
        assert part in text
    for form in (r"\begin{bmatrix} t & \frac{1}{t} \end{bmatrix}", r"\mathbf{1}_{1 \times 2}"):
        assert form in "".join(
            lines(
                derived(
                    model.replace("[t, 1 / t].T", "[[t, 1 / t]]")
                    .replace("ones(t, 2)", "ones(1, 2)")
                    .replace("reshape(X[0:t, :], [2, t])", "X[0:2, 0:1]")
                ),
                rolled=True,
            )
        )


@pytest.mark.parametrize("path", LOOPS, ids=lambda path: path.stem)
def test_rolled_lines_are_the_tables(path: Path) -> None:
    """Each step's number, sign and parameter, as the rolled table has them."""
    from gradcli.render import rolled

    session = derived(path)
    section = rolled.sections(session)[1]
    table = [
        line.cells for line in section.lines if len(line.cells) > 1 and str(line.cells[0]).strip()
    ]
    steps = [
        line for line in paper.Rolled(session, NOTATIONS["d"]).backward() if line.kind == paper.STEP
    ]
    signs: dict[int, list[str]] = {}
    for line in steps:
        signs.setdefault(line.number, []).append(line.sign)
    assert [sorted(set(filter(None, cells[3:-2]))) for cells in table] == [
        sorted(found) for found in signs.values()
    ]
    params = {line.number for line in steps if line.param}
    assert [n in params for n in signs] == [cells[1] == "▸" for cells in table]


@pytest.mark.parametrize("form", ["json", "grad", "python"])
def test_what_has_no_rolled_form_says_so(form: str) -> None:
    found = CliRunner().invoke(app, ["derive", str(EXAMPLES[0]), "--rolled", "-f", form])
    assert found.exit_code == 2
    assert "--rolled" in found.stderr


# ── what sets LaTeX ──


def test_katex_takes_every_entry_and_all_of_the_examples() -> None:
    """KaTeX in its strict mode, from NODE_PATH: `npm install katex`."""
    node = shutil.which("node")
    there = (
        node
        and not subprocess.run(
            [node, "-e", "require('katex')"], capture_output=True, check=False
        ).returncode
    )
    if not there:
        pytest.skip("KaTeX is not installed: NODE_PATH names no folder with it")
    whole = [
        "".join(lines(session_of(path), rolled=rolled))
        for path in EXAMPLES
        for rolled in (False, True)
    ]
    blocks = [
        b
        for text in whole
        for b in re.findall(r"\\begin\{align\*\}.*?\\end\{align\*\}", text, re.DOTALL)
    ]
    script = (
        "const katex = require('katex'); const all = JSON.parse(require('fs').readFileSync(0));"
        "for (const t of all) katex.renderToString(t, {displayMode: true, throwOnError: true,"
        " strict: (code) => code === 'unicodeTextInMathMode' ? 'ignore' : 'error'})"
    )
    ended = subprocess.run(
        [str(node), "-e", script],
        input=json.dumps([*blocks, *spellings(), *formulas()]),
        text=True,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[:2000]


def test_a_tex_engine_sets_every_example(tmp_path: Path) -> None:
    engine = shutil.which("pdflatex")
    if engine is None:
        pytest.skip("no TeX engine is installed: pdflatex")
    each = [("".join(lines(session_of(p), rolled=r))) for p in EXAMPLES for r in (False, True)]
    head, end = "".join(lines(session_of(EXAMPLES[0]), standalone=True)).split(
        each[0].split("\n", 2)[2]
    )
    (tmp_path / "all.tex").write_text("\n".join([head, *each, end]))
    ended = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout.decode(errors="replace")[-1500:]


def test_nothing_is_called_broadcast_on_paper() -> None:
    for path in EXAMPLES:
        assert "broadcast" not in "".join(lines(session_of(path)))
    text = "".join(lines(derived("input x: [3], b\nloss L = sum(x + b)\n")))
    assert r"\frac{\partial L}{\partial L} \cdot \mathbf{1}_{1 \times 3}" in text
    assert r"\frac{\partial L}{\partial b} &= \sum \frac{\partial L}{\partial z_{1}}" in text


@pytest.mark.parametrize("form", ["table", "markdown", "typst", "html"])
def test_what_is_added_row_by_row_is_said(form: str) -> None:
    model = "index i: [3] in 0..1 = [0, 1, 0]\ninput C: [2, 2]\nloss L = sum(C[i])\n"
    found = CliRunner().invoke(app, ["derive", "-", "-f", form], input=model)
    assert found.exit_code == 0
    said = found.stdout.replace("\\", "")
    assert (
        "+= at an index in brackets adds row by row: a row that it names twice gains both" in said
    )
