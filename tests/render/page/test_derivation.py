"""The page of a derivation, as it is written: whole, self-contained, of bounded size."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import EXAMPLES, Page, session
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.render.arrays import entry_text
from gradcli.render.notation import NOTATIONS
from gradcli.render.page.derivation import lines
from gradcli.render.page.document import kept
from gradcli.render.page.listing import HEAD, TAIL
from gradcli.transform.reify import OWN

LSTM = next(path for path in EXAMPLES if path.stem == "lstm")
LOOP = """dim T = {}
input x: [3]
param W: [3, 3]
h[0] = x
for t in 1..T:
    h[t] = tanh(W @ h[t-1])
loss L = sum(h[T]^2)
"""


def page(model: str | Path, **options: object) -> Page:
    return Page("".join(lines(session(model, **options))))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_line_of_the_examples_is_there(path: Path) -> None:
    """In the layout that the model is not written for, which the browser's tests do not try."""
    layout = "numerator" if "layout denominator" in path.read_text() else "denominator"
    found = session(path, layout=layout)
    text = "".join(lines(found))
    shown = Page(text)
    derivation = found.derivation
    assert [item["id"] for item in shown.of("eq")] == [
        f"e{k}" for k in range(1, len(derivation.program.steps) + 1)
    ]
    steps = shown.of("step")
    assert [item["id"] for item in steps] == [f"s{k}" for k in range(1, len(derivation.rows) + 1)]
    assert [item["data-e"] for item in steps] == [f"e{row.eq}" for row in derivation.rows]
    assert len(shown.of("grad")) == len(derivation.wrt)
    assert len(shown.of("start")) == len(derivation.program.outputs())
    assert {link[1:] for link in shown.links} <= set(shown.ids)
    for item, row in zip(steps, derivation.rows, strict=True):
        assert set(item["data-uses"].split()) <= set(shown.ids)
        assert row.operand == OWN or item["data-to"] in shown.ids
    for item in shown.of("grad"):
        assert not item["data-of"] or item["data-of"] in shown.ids
    assert not re.search(r"(https?:)?//[a-z]", text.replace("http://www.w3.org/2000/svg", ""))


def test_the_lstm_is_below_150_kilobytes() -> None:
    assert len("".join(lines(session(LSTM))).encode()) < 150_000


def test_a_step_adds_to_the_one_before_it() -> None:
    text = "".join(lines(session("input a = 3\nb = a * a\nloss c = b + a\n")))
    assert re.findall(r'id="(s\d)".*?(?:<a href="#(s\d)" aria-label="plus|$)', text, re.MULTILINE) == [
        ("s1", ""), ("s2", ""), ("s3", "s2"), ("s4", "s3"),
    ]  # fmt: skip


def test_what_a_derivative_is_worth_fills_in() -> None:
    shown = page("input a = 3, b = 2\nc = a + b\nd = b + 1\nloss e = c * d\n")
    worth = [(item["data-to"], item["data-now"]) for item in shown.of("step")]
    assert worth[-3:] == [("i2", "5"), ("i1", "3"), ("i2", "8")]


def test_the_last_that_fills_in_is_the_gradient() -> None:
    """Regions and derivatives that arrive from above included."""
    for model in (
        "input X: [4, 3], W: [3, 2]\nY = X[1:3] @ W\nZ = X[0, :] @ W\nloss L = sum(Y) + sum(Z^2)",
        "input x: [3]\ny = x * x\nz = y * x + y\ngiven dL/dy, dL/dz",
    ):
        found = session(model)
        last = {
            item["data-to"]: item["data-now"] for item in Page("".join(lines(found))).of("step")
        }
        for k, item in enumerate(found.program.inputs, 1):
            total = found.backward.totals[item.name]
            size = float((total**2).sum()) ** 0.5
            assert last[f"i{k}"] == f"‖{entry_text(size, 3)}‖"


@pytest.mark.parametrize("name", NOTATIONS)
def test_notations(name: str) -> None:
    options = ["-f", "html", "--notation", name, "--layout", "denominator"]
    model = "input x: [2]\ny = x^2\nloss L = sum(y)"
    found = CliRunner().invoke(app, ["derive", "-", *options], input=model)
    assert found.exit_code == 0
    said = Page(found.stdout).ids["s1"]["data-t"].split(" ")[0]
    assert said == NOTATIONS[name].text("y")


def test_loops_are_folded_each_iteration() -> None:
    text = "".join(lines(session(LOOP.format(3))))
    titles = re.findall(r'<li class="fold"><details><summary>(.*?)</summary>', text)
    assert titles == ["t = 1", "t = 2", "t = 3", "t = 3", "t = 2", "t = 1"]
    assert re.findall(r"<summary>(Loops folded|Every equation)", text) == [
        "Loops folded", "Every equation",
    ]  # fmt: skip


def test_a_large_model_is_cut_and_says_so() -> None:
    text = "".join(lines(session(LOOP.format(300))))
    shown = Page(text)
    assert len(shown.of("eq")) == len(shown.of("step")) == HEAD + TAIL
    assert "gradcli derive MODEL --full lists all" in text
    assert "are left out on this page" in text
    assert "Every equation" not in text
    assert len(text) < 600_000


def test_large_arrays_are_cut_and_say_so() -> None:
    text = "".join(
        lines(session("input A: [300, 400], B: [2, 3, 50, 60]\nloss L = sum(A) + sum(B)"))
    )
    assert "the first 24×24 of 300×400 entries" in text
    assert "the first 2×3×24×24 of 2×3×50×60 entries" in text
    many = "\n".join(f"y{k} = A * {k}" for k in range(2, 90))
    text = "".join(lines(session(f"input A: [30, 40]\n{many}\nloss L = sum(A)")))
    assert "the first 12×12 of 30×40 entries" in text
    Page(text)


def test_the_compact_form_is_opened_where_it_is_asked_for() -> None:
    runner = CliRunner()
    closed, opened = (
        runner.invoke(app, ["derive", str(LSTM), "-f", "html", *more]).stdout
        for more in ([], ["--compact"])
    )
    assert '<details class="compact">' in closed
    assert opened.replace('<details class="compact" open>', '<details class="compact">') == closed
    rows = session(LSTM, compact=True).derivation.rows
    assert len(Page(opened).of("short")) == len(rows)


def test_it_says_where_there_is_no_compact_form() -> None:
    text = "".join(lines(session(LOOP.format(200))))
    assert "<code>gradcli derive MODEL --compact</code> lists it" in text


def test_no_script_but_its_own_may_run() -> None:
    text = "".join(lines(session(LSTM)))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert policy[1].startswith(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"
    )
    assert text.count("<script") == 1
    assert "</script" not in kept("script.js")
    assert "</style" not in kept("style.css")


def test_values_that_are_not_finite_and_models_without_steps() -> None:
    assert "nan" in "".join(lines(session("input x: [2] = [-1, 0]\nloss L = sum(log(x))")))
    page("input x: [2]\ny = x\ngiven dL/dy")
    assert not page("input x: [2]\nconst c: [2] = [1, 2]\nloss L = sum(c)").of("step")


def test_second_derivatives_have_a_page_too() -> None:
    found = CliRunner().invoke(
        app, ["hvp", "-", "-f", "html"], input="input x: [2]\nloss L = sum(exp(x))"
    )
    assert found.exit_code == 0, found.stderr
    assert Page(found.stdout).of("step")
