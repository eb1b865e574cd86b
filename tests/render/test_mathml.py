"""MathML: every operation, layout and notation is well-formed, whole, and says what LaTeX says."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from listings import EXAMPLES, derived, taken

from gradcli.errors import Defect
from gradcli.ops import TABLE, Op
from gradcli.ops.core import tried
from gradcli.render import latex
from gradcli.render.mathml import ACCENTS, math
from gradcli.render.notated import FUNCTIONS, LETTERS, SIGNS
from gradcli.render.notation import NOTATIONS
from gradcli.sizes import ATOM, PRODUCT, SUM, Number, Sizes

# MathML Core's elements that are written, and how many children each has: None for any number.
CHILDREN = {
    "math": None, "mrow": None, "mi": 0, "mn": 0, "mo": 0, "mtext": 0, "mspace": 0, "msqrt": None,
    "mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "mover": 2, "mtable": None, "mtr": None,
    "mtd": None,
}  # fmt: skip


def read(text: str) -> ET.Element:
    """The element, its children counted, nothing empty where something must stand."""
    root = ET.fromstring(text)
    for element in root.iter():
        count = CHILDREN[element.tag]
        assert count is None or len(element) == count, text
        if element.tag in ("mi", "mn", "mo", "mtext"):
            assert element.text, text
    return root


def words(text: str) -> str:
    """What is read aloud, in the order of the page."""
    return "".join(read(math(text)).itertext())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "<mi>x</mi>"),
        ("z_{25}", "<msub><mi>z</mi><mn>25</mn></msub>"),
        ("h_{t-1}", "<msub><mi>h</mi><mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow></msub>"),
        (r"\mathit{output}", '<mi class="word">output</mi>'),
        (r"\mathit{\_x}", '<mi class="word">_x</mi>'),
        (
            r"\hat{X}_{2}",
            '<msub><mover accent="true"><mi>X</mi><mo>^</mo></mover><mn>2</mn></msub>',
        ),
        (
            r"\frac{a}{b + 1}",
            "<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>",
        ),
        ("x^{2}_{i}", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        ("x_a^b", "<msubsup><mi>x</mi><mi>a</mi><mi>b</mi></msubsup>"),
        (r"\sqrt{\frac{1}{x}}", "<msqrt><mfrac><mn>1</mn><mi>x</mi></mfrac></msqrt>"),
        (r"\text{a<b }", "<mtext>a&lt;b&#160;</mtext>"),
        ("a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        (r"\mathbf{0}", "<mn>𝟎</mn>"),
        (r"\left|x\right|", "<mrow><mo>|</mo><mi>x</mi><mo>|</mo></mrow>"),
        (
            r"\begin{bmatrix} 1 & 2 \\ 3 \end{bmatrix}",
            "<mrow><mo>[</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr>\
<mtr><mtd><mn>3</mn></mtd></mtr></mtable><mo>]</mo></mrow>",
        ),
    ],
)
def test_elements(text: str, expected: str) -> None:
    assert math(text) == f"<math>{expected}</math>"
    read(math(text))


@pytest.mark.parametrize("text", [r"\unknown", "{x", r"\left(x", r"\frac{a}", r"\frac12", "x_"])
def test_what_is_not_whole_is_a_defect(text: str) -> None:
    with pytest.raises(Defect):
        math(text)


def test_every_sign_and_letter() -> None:
    for name in (*FUNCTIONS, *LETTERS, *SIGNS):
        assert len(read(math(f"\\{name} "))) == 1
    for name in ACCENTS:
        assert read(math(f"\\{name}{{x}}"))[0].tag == "mover"


def test_each_greek_letter_of_a_name() -> None:
    for letter in latex.GREEK:
        assert words(latex.name(letter)) == LETTERS[letter]
        assert words(latex.name(f"W_{letter}")) == f"W{LETTERS[letter]}"


def test_any_letter_of_a_name() -> None:
    for name in ("ß", "模型", "x_模", "ℝ", "Δx", "ſ", "ª_b", "é2"):
        assert words(latex.name(name)).replace(" ", "") == name.replace("_", "")


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_operation_is_written(op: Op) -> None:
    """With each attribute that there is to try, tight and loose operands, a scalar among them."""
    sizes = Sizes()
    n, m, _ = (sizes.symbol(name, value) for name, value in (("N", 3), ("M", 2), ("K", 4)))
    for attrs in [*tried(op, sizes, ((n, m),) * 3)][:12]:
        count = taken(op, attrs)
        operands = [("a + b", SUM), ("c", ATOM), (r"d \odot e", PRODUCT)][:count]
        for scalar in (False, True):
            text, _ = latex.write(op, attrs, operands, scalar)
            found = words(text)
            assert all(letter in found for letter in "acd"[:count]), text


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_step_of_the_examples(path: Path, layout: str) -> None:
    derivation = derived(path, layout=layout).derivation
    for step in derivation.program.steps:
        read(math(latex.equation(step)))
    for notation in NOTATIONS.values():
        if notation.denominator and layout != "denominator":
            continue
        for row in derivation.rows:
            read(math(latex.target(derivation, row, notation)))
            assert words(latex.formula(derivation, row, notation))


def test_numbers_of_the_language() -> None:
    assert words(latex.number(Number(1.0, None, "2.5e10", ATOM))[0]) == "2.5⋅1010"
    assert words(latex.number(Number(1.0, None, "T - N + 1", ATOM))[0]) == "T−N+1"


def test_depth_is_no_matter() -> None:
    deep = "e^{" * 3_000 + "x" + "}" * 3_000
    assert math(deep).count("<msup>") == 3_000
