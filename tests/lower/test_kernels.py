"""Ops as kernels are written: several lines, what is saved, parameters that no gradient flows to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_close, backward, complex_step, messages, session, value

from gradcli import parse
from gradcli.emit.command import emit
from gradcli.request import Request
from gradcli.session import parse_text

HEAD = """
layout denominator
dim N = 3, D = 4
input x: [N, D]
param w: [1, D]
const m: [N, D] ~ bernoulli(0.7)
"""
KERNEL = """
op rmsnorm(x, w, const m):
    rstd = 1 / sqrt(mean(square(x), axis=1) + 1e-5)
    save rstd
    return m * (x * rstd) * w
    xhat = x * rstd
    g = m * dL/dout * w
    dL/dx = rstd * (g - xhat * mean(g * xhat, axis=1))
    dL/dw = sum(m * dL/dout * xhat, axis=0)
"""
USED = "y = rmsnorm(x, w, m)\nloss L = sum(square(y))\n"


def test_the_gradient_is_right() -> None:
    found = session(HEAD + KERNEL + USED)
    assert found.derivation.wrt == ("x", "w")
    for name in found.derivation.wrt:
        assert_close(found.backward.totals[name], complex_step(found, name), 1e-11, name)


def test_what_is_saved_is_a_line_of_the_listing() -> None:
    assert backward(HEAD + KERNEL + USED, layout="denominator")[2:] == [
        "rstd = 1 / sqrt(mean(square(x), axis=1) + 1e-5)",
        "g = m * dL/dy * w",
        "xhat = x * rstd",
        "dL/dx = rstd * (g - xhat * mean(g * xhat, axis=1))",
        "dL/dw = sum(m * dL/dy * xhat, axis=0)",
    ]


def test_two_calls_have_lines_of_their_own() -> None:
    text = HEAD + KERNEL + "y = rmsnorm(rmsnorm(x, w, m), w, m)\nloss L = sum(square(y))\n"
    assert {"rstd", "rstd_2"} <= {line.partition(" ")[0] for line in backward(text)}
    found = session(text)
    assert_close(found.backward.totals["w"], complex_step(found, "w"), 1e-11)


def test_check_compares_the_rule_with_what_is_computed() -> None:
    verdict = parse(HEAD + KERNEL + USED).check()
    assert verdict.ok
    wrong = parse((HEAD + KERNEL + USED).replace("= rstd * (g", "= (g")).check()
    assert not wrong.ok


def test_a_mask_that_is_const_needs_no_rule_and_gets_no_gradient() -> None:
    text = (HEAD + KERNEL + USED).replace("const m: [N, D] ~ bernoulli(0.7)", "input m: [N, D]")
    found = session(text)
    assert not found.backward.totals["m"].any()
    assert not parse(text).check().ok, "the loss does depend on it"


def test_in_the_numerator_layout() -> None:
    rule = (
        KERNEL.partition("return")[0]
        + """return m * (x * rstd) * w
    xhat = (x * rstd).T
    g = (m * w).T * dL/dout
    dL/dx = rstd.T * (g - xhat * mean(g * xhat, axis=0))
    dL/dw = sum(m.T * dL/dout * xhat, axis=1)
"""
    )
    text = HEAD.replace("layout denominator\n", "") + rule + USED
    found = session(text)
    assert_close(found.backward.totals["x"], complex_step(found, "x"), 1e-11)
    assert parse(text).check().ok


def test_several_lines_and_loops_inside() -> None:
    text = """
op power(x):
    h[0] = x
    for t in 1..2:
        z = h[t-1] * x
        h[t] = z
    return h[2]
    dL/dx = 3 * dL/dout * square(x).T
input x: [3]
loss L = sum(power(x))
"""
    found = session(text)
    assert_close(found.backward.totals["x"], complex_step(found, "x"), 1e-11)


def test_a_saved_number() -> None:
    text = """
op scaled(x):
    s = 2 * 3
    save s
    return x * s
    dL/dx = s * dL/dout
input x: [3]
loss L = sum(scaled(x))
"""
    assert value(text, "L") == pytest.approx(6 * sum(session(text).inputs["x"].ravel()))
    assert session(text).backward.totals["x"].ravel().tolist() == [6, 6, 6]


def test_a_module_computes_the_same() -> None:
    text = HEAD + KERNEL + USED
    found = session(text)
    made = emit(parse_text("m.eq", text), Request(layout="denominator"), "numpy", False)
    scope: dict[str, Any] = {}
    exec(compile(made.text, "m", "exec"), scope)
    outputs, saved = scope["forward"](**{k: np.asarray(v) for k, v in found.inputs.items()})
    assert_close(outputs["L"], found.values["L"])
    for name, gradient in scope["backward"](saved).items():
        assert_close(gradient, found.backward.totals[name], 1e-12, name)


@pytest.mark.parametrize("word", ["save", "index"])
def test_the_words_are_still_names(word: str) -> None:
    assert value(f"{word} = 3 * ones(1)\ny = {word} + 1\n", "y") == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    save rstd\n", "", "`rstd` is of the inside of the op, and not saved"),
        ("save rstd", "save rsdt", "`rsdt` is no name of the inside of rmsnorm"),
        ("save rstd", "save rstd, rstd", "`rstd` is saved twice"),
        ("save rstd", "save x", "`x` is no name of the inside"),
        ("const m)", "m)", "does not state dL/dm"),
        ("    dL/dw =", "    dL/dm = m\n    dL/dw =", "`m` is const: no gradient flows to it"),
        ("    return m * (x * rstd) * w\n", "", "behind the `return` of an op"),
        ("    save rstd\n", "    save rstd\n    x = 2 * x\n", "`x` is already a parameter"),
    ],
)
def test_a_mistake(old: str, new: str, message: str) -> None:
    assert message in messages((HEAD + KERNEL + USED).replace(old, new, 1))
