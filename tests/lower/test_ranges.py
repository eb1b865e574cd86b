"""Functions over ranges: what draws terms together, several ranges, conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_close, complex_step, equations, messages, session, value

from gradcli import parse
from gradcli.emit.command import emit
from gradcli.request import Request
from gradcli.session import parse_text

HEAD = "dim T = 4, H = 2\ninput h[1..T]: [H], x: [T, H]\n"


def _families(text: str) -> tuple[np.ndarray[Any, Any], Any]:
    found = session(HEAD + text + "given dL/ds\n")
    for name in found.derivation.wrt:
        assert_close(found.backward.totals[name], complex_step(found, name), 1e-9, name)
    h = np.stack([found.inputs[f"h[{t}]"] for t in range(1, 5)])
    return h, found.values["s"]


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("sum", lambda h: h.sum(axis=0)),
        ("mean", lambda h: h.mean(axis=0)),
        ("prod", lambda h: h.prod(axis=0)),
        ("max", lambda h: h.max(axis=0)),
        ("min", lambda h: h.min(axis=0)),
        ("logsumexp", lambda h: np.log(np.exp(h).sum(axis=0))),
    ],
)
def test_a_reduction_over_a_range(name: str, whole: Any) -> None:
    h, found = _families(f"s = {name}(h[t] for t in 1..T)\n")
    assert_close(found, whole(h))


def test_stacked_and_joined() -> None:
    h, found = _families("s = stack(h[t] for t in 1..T)\n")
    assert_close(found, h)
    h, found = _families("s = stack(2 * h[t] for t in 1..T, axis=1)\n")
    assert_close(found, 2 * h.transpose(1, 0, 2))
    h, found = _families("s = concat(h[t] for t in 1..T, axis=1)\n")
    assert_close(found, np.concatenate(list(h), axis=1))


def test_several_ranges() -> None:
    h, found = _families("s = sum(dot(h[i], h[j]) for i in 1..T for j in 1..i)\n")
    flat = h[:, :, 0]
    assert_close(found.item(), np.tril(flat @ flat.T).sum())
    h, found = _families("s = mean(h[i] * h[j] for i in 1..T for j in 1..T)\n")
    assert_close(found, h.mean(axis=0) ** 2)
    h, found = _families("s = concat(h[i] + h[j] for i in 1..2 for j in 3..4)\n")
    assert_close(found, np.concatenate([h[0] + h[2], h[0] + h[3], h[1] + h[2], h[1] + h[3]]))


def test_conditions() -> None:
    h, found = _families("s = sum(dot(h[i], h[j]) for i in 1..T for j in 1..T if i != j)\n")
    flat = h[:, :, 0]
    assert_close(found.item(), (flat @ flat.T).sum() - (flat * flat).sum())
    h, found = _families("s = max(h[t] for t in 1..T if t > 1 if t < T)\n")
    assert_close(found, h[1:3].max(axis=0))
    h, found = _families("s = mean(h[t] for t in 1..T if t != 2)\n")
    assert_close(found, h[[0, 2, 3]].mean(axis=0))
    h, found = _families("s = stack(h[t] for t in 1..T if t != 2)\n")
    assert_close(found, h[[0, 2, 3]])


@pytest.mark.parametrize(
    ("text", "divided"),
    [
        ("mean(h[t] for t in 1..T)", "/ T"),
        ("mean(h[t] for t in 2..T)", "/ (T - 1)"),
        ("mean(x[t] for t in 0..T-1)", "/ T"),
        ("mean(h[t] for t in 1..T for i in 1..H)", "/ (T * H)"),
        ("mean(h[t] for t in 1..T if t > 1)", "/ 3"),
    ],
)
def test_a_mean_divides_by_what_there_is(text: str, divided: str) -> None:
    assert equations(f"{HEAD}s = {text}\n")[-1].endswith(divided)


def test_inside_loops() -> None:
    text = """
dim T = 4, H = 2
input x[1..T]: [H]
for t in 1..T:
    m[t] = max(x[s] for s in 1..t)
    a[t] = mean(x[s] for s in 1..t)
loss L = sum(sum(m[t] * a[t]) for t in 1..T)
"""
    found = session(text)
    for name in found.derivation.wrt:
        assert_close(found.backward.totals[name], complex_step(found, name), 1e-9, name)
    assert parse(text).check().ok


def test_in_a_loss_a_sum_over_several_ranges_is_a_number() -> None:
    text = f"{HEAD}loss L = sum(h[i] * h[j] for i in 1..T for j in 1..T)\n"
    flat = np.stack([session(text).inputs[f"h[{t}]"][:, 0] for t in range(1, 5)])
    assert_close(value(text, "L"), (flat.sum(axis=0) ** 2).sum())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s = max(h[t] for t in 1..T, axis=0)", "max over a range takes nothing else"),
        ("s = norm(h[t] for t in 1..T)", "norm does not go over a range"),
        ("s = foo(h[t] for t in 1..T)", "foo does not go over a range"),
        ("s = sum(h[t] for t in 1..T if x > 0)", "a condition is about loops' variables"),
        ("s = sum(h[t] for t in 1..T if t > 9)", "no term is left"),
        ("s = stack(h[t] for t in 1..T if t > 9)", "no term is left"),
        ("s = sum(h[t] for t in 1..T for t in 1..2)", "`t` is already defined"),
        ("s = sum(h[t] for t in 1..T for s in 1..t if r > 1)", "`r` is not defined"),
        ("s = stack(h[t] for t in 1..T, dim=1)", "stack has no argument `dim`"),
    ],
)
def test_a_mistake(text: str, message: str) -> None:
    assert message in messages(f"{HEAD}{text}\n")


def test_if_is_still_a_name() -> None:
    assert value("dim if = 2\ns = sum(if * t for t in 1..3 if t > if)\n", "s") == 6


def test_a_derivation_may_have_them() -> None:
    model = parse(f"{HEAD}loss L = sum(sum(h[i] * h[j]) for i in 1..T for j in 1..T if i != j)\n")
    lines = ["layout denominator"]
    lines += [f"dL/dh[{k}] = 2 * sum(h[j] for j in 1..T if j != {k})" for k in range(1, 5)]
    assert model.against("\n".join(lines) + "\n").ok
    wrong = model.against("layout denominator\ndL/dh[1] = 2 * sum(h[j] for j in 1..T if j > 2)\n")
    assert [line.verdict for line in wrong.lines] == ["wrong"]


def test_a_module_computes_the_same() -> None:
    text = (
        "dim T = 4, H = 2\ninput h[1..T]: [H]\ns = max(h[t] for t in 1..T)\nloss L = sum(s * s)\n"
    )
    made = emit(parse_text("m.eq", text), Request(layout="denominator"), "numpy", False)
    scope: dict[str, Any] = {}
    exec(compile(made.text, "m", "exec"), scope)
    rng = np.random.default_rng(1)
    h = rng.normal(size=(4, 2, 1))
    _, saved = scope["forward"](h=h)
    found = scope["backward"](saved)["h"]
    assert_close(found, np.where(h == h.max(axis=0), 2 * h, 0))
