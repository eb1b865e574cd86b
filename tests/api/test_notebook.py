"""What a notebook shows: tables in which all is escaped, and mathematics that MathJax knows."""

import re
from html.parser import HTMLParser

import pytest
from support import EXAMPLES

import gradcli
from gradcli.render.html import fragment
from gradcli.render.layout import NOTE, PLAIN, Column, Line, Section

MODELS = sorted(EXAMPLES.glob("*.eq"))
TAGS = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "strong", "em", "br"}
MATRIX = re.compile(r"\\begin\{(\w*matrix|cases|array)\}.*?\\end\{\1\}")
HOSTILE = "</td><script>alert('$x$ & \"y\"')</script>"


class Page(HTMLParser):
    """The tags of a fragment, and the texts of its rows."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.open, self.rows = set(), set(), [], []
        self.feed(html)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "br":
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_tables_have_the_rows_of_the_text(path):
    found = gradcli.load(path).derive()
    page = Page(found._repr_html_())
    assert page.tags <= TAGS
    assert page.attributes <= {"class", "style", "colspan"}
    shown = [[cell for cell in row if cell] for row in page.rows]
    for step in found.steps:
        assert any(row[-3] == step.formula for row in shown if len(row) > 3)
    lines = [" ".join(line.split()) for line in str(found).splitlines()]
    for row in shown:
        assert " ".join(" ".join(row).split()) in lines


def test_everything_is_escaped():
    columns = (Column(HOSTILE), Column("b", right=True))
    lines = [Line((HOSTILE, lambda room: HOSTILE), PLAIN), Line((HOSTILE,), NOTE)]
    html = "".join(fragment([Section(HOSTILE, columns, lines, (HOSTILE,))]))
    page = Page(html)
    assert page.tags <= TAGS
    assert page.rows == [[HOSTILE, "b"], [HOSTILE, HOSTILE], [HOSTILE]]
    assert "tex2jax_ignore" in html


def test_comparisons_are_no_tags():
    html = gradcli.parse("input x = 3\nloss L = where(x < 5, x^2, 0)\n").derive()._repr_html_()
    assert "x &lt; 5" in html
    assert Page(html).tags <= TAGS


def test_colours_are_the_pages_own():
    html = gradcli.load(EXAMPLES / "lstm.eq").derive()._repr_html_()
    assert "color" not in html
    assert "background" not in html
    assert "<script" not in html


LONG = (
    "dim T = 400\ninput x = 1\nh[0] = x\nfor t in 1..T:\n    h[t] = tanh(h[t-1])\nloss L = h[T]\n"
)


def test_a_long_listing_is_cut_and_not_typeset():
    found = gradcli.parse(LONG).derive()
    rows = Page(found._repr_html_()).rows
    assert len(rows) < 700
    assert ["… 142 rows are left out here; print shows all of them"] in rows
    assert "left out" not in str(found)
    assert found._repr_latex_() is None


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_mathematics_is_what_mathjax_knows(path):
    found = gradcli.load(path).derive()
    text = found._repr_latex_()
    assert "\\intertext" not in text
    assert "%" not in text
    assert re.findall(r"\\(?:begin|end)\{align\*\}", text) == [
        "\\begin{align*}", "\\end{align*}", "\\begin{align*}", "\\end{align*}"
    ]  # fmt: skip
    assert text.count(" \\tag{") == len(found.equations)
    rows = [line for line in text.splitlines() if not line.startswith(("\\begin", "\\end"))]
    assert all(MATRIX.sub("", row).count("&") == 1 for row in rows)
    in_paper = found.to_latex()
    for line in text.splitlines():
        if not line.startswith("\\mathbf"):
            assert line.removesuffix(" \\\\") in in_paper
