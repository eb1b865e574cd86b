"""Notations: the same derivation in each, read back by the check; Markdown and documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app
from gradcli.render.folding import cell_width
from gradcli.render.notation import DERIVATIVE, NOTATIONS

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.eq"))
LOOP = next(path for path in EXAMPLES if path.stem == "rnn")
SOME = [path for path in EXAMPLES if path.stem in ("lstm", "rnn", "scanning_mlp", "vae")]


def run(*arguments: object, text: str | None = None) -> str:
    found = CliRunner().invoke(app, [*map(str, arguments)], input=text)
    assert found.exit_code == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("path", SOME, ids=lambda path: path.stem)
def test_a_derivation_file_reads_back_in_every_notation(path: Path, notation: str) -> None:
    model = gradcli.load(str(path))
    text = model.derive(layout="denominator").to_grad(notation=notation)
    if notation != "d":
        assert not DERIVATIVE.search(text.replace("# The derivation", ""))
    review = model.against(text, complete=True)
    assert review.verdict == "pass", str(review)


@pytest.mark.parametrize(
    ("notation", "line"),
    [
        ("d", "dL/dW = dL/dz @ x.T"),
        ("partial", "∂L/∂W = ∂L/∂z @ x.T"),
        ("nabla", "∇_W = ∇_z @ x.T"),
        ("bar", "W\u0304 = z\u0304 @ x.T"),
        ("delta", "δ_W = δ_z @ x.T"),
    ],
)
def test_the_table_is_in_the_notation(notation: str, line: str) -> None:
    model = "input x: [3]\nparam W: [2, 3]\nz = W @ x\ngiven dL/dz\n"
    found = run("derive", "-", "--layout", "denominator", "--notation", notation, text=model)
    assert line in re.sub(" +", " ", found)
    assert notation == "d" or "dL/d" not in found
    if notation == "bar":  # a bar takes no cell of its own
        rows = [row for row in found.splitlines() if "\u0304" in row and " = " in row]
        assert len(rows) == 3
        assert len({cell_width(row[: row.index(" = ")]) for row in rows}) == 1


def test_latex_in_every_notation() -> None:
    model = gradcli.parse("input x: [3]\nparam W: [2, 3]\nz = W @ x\ngiven dL/dz\n")
    found = model.derive(layout="denominator")
    lines = {
        "d": r"\frac{\mathrm{d} L}{\mathrm{d} W} &= \frac{\mathrm{d} L}{\mathrm{d} z} \, x^{\top}",
        "partial": r"\frac{\partial L}{\partial W} &= \frac{\partial L}{\partial z} \, x^{\top}",
        "nabla": r"\nabla_{W} L &= \left(\nabla_{z} L\right) \, x^{\top}",
        "bar": r"\overline{W} &= \overline{z} \, x^{\top}",
        "delta": r"\delta_{W} &= \delta_{z} \, x^{\top}",
    }
    for notation, line in lines.items():
        assert line in found.to_latex(notation=notation)


def test_a_gradient_with_its_variables_shape_needs_the_layout() -> None:
    model = gradcli.parse("input x: [3]\nloss L = sum(x)")
    with pytest.raises(gradcli.GradError, match="a gradient has its variable's own shape"):
        model.derive(layout="numerator").to_latex(notation="nabla")
    with pytest.raises(gradcli.GradError, match="notation is"):
        model.derive().to_latex(notation="dot")
    found = CliRunner().invoke(app, ["derive", str(EXAMPLES[0]), "--notation", "nabla"])
    assert found.exit_code == 2
    assert "hint: --layout denominator" in found.stderr


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_markdown_is_tables_of_whole_rows(path: Path) -> None:
    text = run("derive", path, "-f", "markdown")
    widths: set[int] = set()
    for line in [*text.splitlines(), ""]:
        if not line.startswith("|"):
            assert len(widths) <= 1, path
            widths = set()
            continue
        widths.add(line.count("|"))
        assert line.count("$") % 2 == 0
    session = gradcli.load(str(path)).derive().session
    rows = len(re.findall(r"^\| \d+ \|", text, re.MULTILINE))
    assert rows == len(session.derivation.rows)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_fragment_has_nothing_that_katex_lacks(path: Path) -> None:
    text = run("derive", path, "-f", "latex")
    commands = set(
        re.findall(r"^[^%\n]*?(\\(?:intertext|begingroup|allowdisplaybreaks))", text, re.MULTILINE)
    )
    assert not commands
    whole = run("derive", path, "-f", "latex", "--standalone")
    assert whole.count("\\begin{document}") == whole.count("\\end{document}") == 1


def test_options_that_do_not_go_together_are_said() -> None:
    for arguments in (["--standalone"], ["--notation", "bar", "--json"]):
        found = CliRunner().invoke(app, ["derive", str(EXAMPLES[0]), *arguments])
        assert found.exit_code == 2


@pytest.mark.parametrize("form", ["table", "grad", "latex", "markdown", "typst"])
def test_every_notation_is_in_every_form(form: str) -> None:
    model = "input x: [3]\nparam W: [2, 3]\nz = W @ x\ngiven dL/dz\n"
    found = {
        name: run(
            "derive", "-", "--layout", "denominator", "-f", form, "--notation", name, text=model
        )
        for name in NOTATIONS
    }
    assert len(set(found.values())) == len(NOTATIONS)
    for name, text in found.items():
        lines = [line for line in text.splitlines() if "x" in line and "z" in line]
        others = [other for key, other in found.items() if key != name]
        assert any(line not in other for line in lines for other in others)
        assert ("dL/d" in text) == (name == "d" and form in ("table", "grad"))


@pytest.mark.parametrize("options", [[], ["--rolled"], ["--order", "dfs"], ["--compact"]], ids=str)
def test_a_table_has_one_notation(options: list[str]) -> None:
    for name in NOTATIONS.keys() - {"d"}:
        text = run("derive", LOOP, "--layout", "denominator", "--notation", name, *options)
        assert "dL/d" not in text
