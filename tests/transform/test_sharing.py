"""No derivative shares its array with another that is written into: `=` and `+=` give the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from sharing_models import sharing_models
from support import assert_close, program, session

from gradcli.codegen.module import lines
from gradcli.evaluate import compute
from gradcli.session import Session

SPOILED = """\
input u: [2, 2], w: [2, 2]
y = u[0, :]
v = u + w
loss L = sum(v^2) + sum(10 * y)
"""
READ_ONLY = "input u: [2, 3, 2]\ny = u[0]\nloss L = sum(u) + sum(y)\n"
HOW = ("auto", "always")


def derived(text: str, accumulate: str) -> Session:
    """A model with the derivatives of all its names."""
    return session(text, accumulate=accumulate, wrt=tuple(program(text).shapes))


def apart(found: Session) -> tuple[list[Any], dict[str, Any]]:
    """The steps' values and the totals, every total an array of its own from the start."""
    steps = []
    totals = {name: np.zeros_like(value) for name, value in found.values.items()}
    totals[found.program.loss] += 1
    for row in found.derivation.rows:
        step = found.program.steps[row.eq - 1]
        leaves = {"g": totals[step.name].copy(), "out": found.values[step.name]}
        leaves |= {i: found.values[a] for i, a in enumerate(step.args) if isinstance(a, str)}
        steps.append(compute(row.contribution.nodes, leaves).copy())
        region = tuple(part.slice() for part in row.region or ())
        area = totals[row.target][region or ...]
        area[...] = steps[-1].reshape(area.shape) + (area if row.assign == "+=" else 0)
    return steps, totals


def exported(found: Session) -> dict[str, Any]:
    scope: dict[str, Any] = {"__name__": "exported"}
    exec(compile("".join(lines(found)), "exported.py", "exec"), scope)
    return dict(scope["backward"](scope["forward"](scope["INPUTS"]), scope["GIVEN"]))


def verify(text: str) -> None:
    auto, always = (derived(text, how) for how in HOW)
    for name in auto.derivation.wrt:
        assert_close(always.backward.totals[name], auto.backward.totals[name], 1e-13, name)
    for found in (auto, always):
        steps, totals = apart(found)
        for i, (one, other) in enumerate(zip(found.backward.steps, steps, strict=True)):
            assert_close(one, other, 0, f"step {i}")
        for name, value in exported(found).items():
            assert_close(found.backward.totals[name], totals[name], 0, name)
            assert_close(value.T, totals[name], 0, name)


@pytest.mark.parametrize("text", [SPOILED, READ_ONLY])
def test_a_slice_writes_into_no_other_derivative(text: str) -> None:
    verify(text)


@settings(settings.default, max_examples=settings.default.max_examples // 2)
@given(sharing_models())
def test_random_models(text: str) -> None:
    verify(text)
