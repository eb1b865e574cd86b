"""The changes that are tried on a wrong line: what they leave alone, and what they say."""

from __future__ import annotations

import pytest
from person_support import review

from gradcli.check.derivation.edits import addends, bounds, leaves
from gradcli.check.derivation.postfix import parse, starts, text


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        ("x[1, 2:3] * W", ["1", "2", "3"]),
        ("sum(x, axis=1) + 2", ["1"]),
        ("broadcast(x + 1, [N, 2])", ["N", "2", "[N, 2]"]),
        ("reshape(W, [2, N]) * 3", ["2", "N", "[2, N]"]),
        ("zeros(N, 2) + x", ["N", "2"]),
        ("dL/dz1[3] @ h[2]", ["3", "2"]),
        ("x^2 * max(y, 3)", []),
    ],
)
def test_indices_sizes_and_axes_are_no_values(line: str, stated: list[str]) -> None:
    code = parse(line)
    begins = starts(code)
    found = [text(code[begins[i] : i + 1]) for i in sorted(bounds(code, begins))]
    assert found == stated


def test_a_quantity_keeps_its_index() -> None:
    code = parse("dL/dz1[3] @ h[2] + W[0:2, :] * x")
    assert [text(code[a:b]) for a, b in leaves(code)] == ["dL/dz1[3]", "h[2]", "W", "x"]


def test_every_term_and_what_is_left_without_it() -> None:
    found = [(text(term), text(rest)) for term, rest in addends(parse("a * (b - c) + d"))]
    assert found == [
        ("b", "a * -c + d"),
        ("c", "a * b + d"),
        ("a * (b - c)", "d"),
        ("d", "a * (b - c)"),
    ]


@pytest.mark.parametrize(
    ("product", "message"),
    [("x / w", "the division by w is missing"), ("x * w", "the factor w is missing")],
)
def test_what_is_missing_is_named(product: str, message: str) -> None:
    model = f"layout denominator\ninput x: [3], w: [3]\ny = {product}\nloss L = sum(y * y)\n"
    (found,) = review(model, "dL/dx = dL/dy\n").wrong
    assert (found.diagnosis, found.message) == ("missing-factor", message)
    assert found.expected == f"dL/dx = {product.replace('x', 'dL/dy')}"


def test_another_function() -> None:
    model = "input x = 0.7\ny = tanh(x)\nloss L = 3 * y\n"
    (found,) = review(model, "dL/dx = dL/dy * (1 - 1 * exp(x)^2) / 1\n").wrong
    assert (found.diagnosis, found.message) == ("wrong-operand", "exp where tanh belongs")
    assert found.expected == "dL/dx = dL/dy * (1 - 1 * tanh(x)^2) / 1"


def test_one_change_of_an_own_name_that_mends_half_of_its_lines_is_enough() -> None:
    """The other line has a mistake of its own."""
    model = "input x: [3], w: [3]\ny = x * w\nloss L = sum(y * y)\n"
    report = review(
        model,
        """
        layout denominator
        G = -2 * y
        dL/dx = G * w
        dL/dw = G * x + 5
        """,
    )
    assert [(line.target, line.own) for line in report.wrong] == [("G", True), ("dL/dw", False)]
    assert report.wrong[0].expected == "G = 2 * y"
