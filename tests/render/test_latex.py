"""The LaTeX fragment: names, brackets, and every operation's spelling."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from listings import EXAMPLES, derived, taken
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.ops import TABLE, Op
from gradcli.ops.core import tried
from gradcli.render.align import lines
from gradcli.render.latex import name, number, write
from gradcli.sizes import ATOM, PRODUCT, SUM, Number, Sizes


def latex(text: str | Path, layout: str | None = None) -> str:
    return "".join(lines(derived(text, layout=layout)))


def D(name: str) -> str:  # noqa: N802 -- as it is written
    """The derivative of L by a name."""
    return rf"\frac{{\partial L}}{{\partial {name}}}"


def assert_balanced(text: str) -> None:
    depth = 0
    for c in re.sub(r"\\[\\{}]", "", text):
        depth += (c == "{") - (c == "}")
        assert depth >= 0, text
    assert depth == 0, text
    assert len(re.findall(r"\\left(?![a-z])", text)) == len(re.findall(r"\\right(?![a-z])", text))
    opened = re.findall(r"\\begin\{(.*?)\}", text)
    assert sorted(opened) == sorted(re.findall(r"\\end\{(.*?)\}", text))
    # TeX refuses two subscripts or superscripts in a row.
    flat = text
    while "{" in flat:
        flat, count = re.subn(r"\{[^{}]*\}", "#", flat)
        assert count
    assert not re.search(r"[_^](#|\\?\w+)[_^](?<=[_])(#|\\?\w+)_", flat)
    assert not re.search(r"\^(#|\\?\w+)\^", flat)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "x"),
        ("z25", "z_{25}"),
        ("W_fc", "W_{fc}"),
        ("h[t-1]", "h_{t-1}"),
        ("h[1, 2]", "h_{1,2}"),
        ("z1[2]", "z_{1,2}"),
        ("W1_a", "W_{1,a}"),
        ("θ", r"\theta"),
        ("alpha", r"\alpha"),
        ("W_σ", r"W_{\sigma}"),
        ("Σ_x", r"\Sigma_{x}"),
        ("Δx", r"{\Delta x}"),
        ("X_hat", r"\hat{X}"),
        ("C_tilde[2]", r"\tilde{C}_{2}"),
        ("output", r"\mathit{output}"),
        ("_x", r"\mathit{\_x}"),
    ],
)
def test_names(text: str, expected: str) -> None:
    assert name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", "2"),
        ("1e-5", "10^{-5}"),
        ("2.5e10", r"2.5 \cdot 10^{10}"),
        ("2*H", r"2 \cdot H"),
        ("sqrt(D)", r"\sqrt{D}"),
        ("T - N + 1", "T - N + 1"),
        ("1/(2*N)", r"\frac{1}{2 \cdot N}"),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    assert number(Number(1.0, None, text, ATOM))[0] == expected


def test_the_smallest_graph() -> None:
    text = latex("input a = 3, b = 2\nc = a + b\nd = b + 1\nloss e = c * d\n")
    assert r"e &= c \cdot d \tag{3}" in text
    e, c, b = (rf"\frac{{\partial L}}{{\partial {name}}}" for name in "ecb")
    assert rf"{e} &= 1 \\" in text
    assert rf"{c} &= {e} \cdot d \\" in text
    assert rf"{b} &\mathrel{{{{+}}{{=}}}} {c}" in text


@pytest.mark.parametrize(
    ("equation", "layout", "expected"),
    [
        ("z = W @ x", "numerator", rf"{D('W')} &= x \, {D('z')}"),
        ("z = W @ x", "denominator", r"\nabla_{W} L &= \left(\nabla_{z} L\right) \, x^{\top}"),
        ("z = x * y", "numerator", rf"{D('x')} &= {D('z')} \odot y^{{\top}}"),
        ("z = 2 * x", "numerator", rf"{D('x')} &= {D('z')} \cdot 2"),
        (
            "z = (x + y)^2",
            "denominator",
            r"\nabla_{z_{1}} L &= \left(\nabla_{z} L\right) \cdot 2 \odot z_{1}",
        ),
        ("z = x.T", "denominator", r"\nabla_{x} L &= \left(\nabla_{z} L\right)^{\top}"),
        ("z = x[1:3]", "numerator", rf"\left({D('x')}\right)[{{:}}, 1{{:}}3] &= {D('z')}"),
    ],
)
def test_formulas(equation: str, layout: str, expected: str) -> None:
    model = f"input W: [3, 3], x: [3], y: [3]\n{equation}\ngiven dL/dz\n"
    assert expected in latex(model, layout)


def test_side_by_side_binds_tighter_than_a_symbol() -> None:
    model = "input A: [3, 3], B: [3, 3], C: [3, 3]\n{}\ngiven dL/dz\n"
    assert r"= A \odot B" in latex(model.format("z = (A * B) @ C"))
    op, other = TABLE["mul"], TABLE["matmul"]
    product = write(op, (), [("A", ATOM), ("B", ATOM)])
    assert write(other, (), [product, ("C", ATOM)])[0] == r"\left(A \odot B\right) \, C"
    assert write(other, (), [("A", ATOM), ("-B", SUM)])[0] == r"A \, \left(-B\right)"


def test_what_is_tall_is_in_brackets_below_a_transposition_alone() -> None:
    x, n = ("x", ATOM), ("N", ATOM)
    for tall in (write(TABLE["div"], (), [x, n]), write(TABLE["where"], (), [x, x, n])):
        assert write(TABLE["transpose"], (), [tall])[0] == rf"\left({tall[0]}\right)^{{\top}}"
        assert write(TABLE["mul"], (), [x, tall])[0] == rf"x \odot {tall[0]}"


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_balance_and_have_every_step(path: Path, layout: str) -> None:
    session = derived(path, layout=layout)
    text = "".join(lines(session))
    assert_balanced(text)
    backward = text.rpartition(r"\begin{align*}")[2]
    assert backward.count(r" &= ") + backward.count(r" &\mathrel{{+}{=}} ") == len(
        session.derivation.rows
    ) + len(session.program.given) + (session.program.loss is not None)
    assert backward.count(r"{{+}{=}}") == sum(row.assign == "+=" for row in session.derivation.rows)
    assert text.count(r"\tag{") == len(session.program.steps)


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "lstm.tex"
    arguments = ["derive", str(EXAMPLES[0]), "-f", "latex"]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0
    assert CliRunner().invoke(app, [*arguments, "-o", str(file)]).stdout == ""
    assert file.read_text() == printed.stdout


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_operation_is_written(op: Op) -> None:
    sizes = Sizes()
    n, m, _ = (sizes.symbol(name, value) for name, value in (("N", 3), ("M", 2), ("K", 4)))
    attrs = next(tried(op, sizes, ((n, m),) * 3))
    operands = [("a + b", SUM), ("c", ATOM), (r"d \odot e", PRODUCT)][: taken(op, attrs)]
    for scalar in (False, True):
        text, _ = write(op, attrs, operands, scalar)
        assert_balanced(text)
