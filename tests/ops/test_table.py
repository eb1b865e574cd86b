"""Every operation of the table: shapes, gradients, formulas. A new entry is tested here too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import Case, cases, every, signature
from support import (
    assert_close,
    complex_slope,
    complex_step,
    finite_difference,
    program,
    session,
    texts,
    value,
)

from gradcli.ops import FUNCTIONS, TABLE
from gradcli.ops.core import EXACT, Op
from gradcli.session import Request, Session, compute
from gradcli.sizes import numbers
from gradcli.transform.reverse import displayed

LAYOUTS = ("numerator", "denominator")
SEEDS = (1, 2, 3)

ALL = [case for op in TABLE.values() for case in cases(op)]
SMOOTH = [case for case in ALL if case.op.differentiable]
CONSTANT = [case for case in ALL if not case.op.differentiable]


def test_every_entry_has_cases() -> None:
    assert {case.op.name for case in ALL} == set(TABLE)


def test_a_case_that_fails_is_named() -> None:
    @every(ALL[:2])
    def failing(case: Case) -> None:
        raise AssertionError("wrong")

    with pytest.raises(AssertionError, match="wrong") as found:
        failing(ALL[0].op.name)
    assert found.value.__notes__ == [f"the case: {ALL[0]}"]


@pytest.mark.parametrize("op", TABLE.values(), ids=list(TABLE))
def test_every_entry_is_explained(op: Op) -> None:
    assert op.about
    assert op.cite
    assert op.group
    if op.branches is not None:
        assert op.kink, "where its branches meet, something is chosen"
    for name in (op.name, *op.aliases):
        assert FUNCTIONS.get(name, op) is op


@every(ALL)
def test_the_shape_is_as_the_rule_says(case: Case) -> None:
    found = session(case.model, case.draw(0), layout="denominator")
    step = found.program.steps[-1]

    assert step.name == "z"
    assert step.call.op is case.op, "the printed equation reads back as another operation"
    assert found.values["z"].shape == numbers(step.call.shape)
    assert texts(case.op.shape(signature(case))) == texts(step.call.shape)


@every(ALL)
def test_leading_axes_are_batches(case: Case) -> None:
    """Of operands of one rank; where ranks differ, the caller puts axes in between."""
    known = signature(case)
    operands = [operand for operand in case.operands if isinstance(operand, tuple)]
    if len({len(operand) for operand in operands}) != 1 or len(operands) < len(case.operands):
        return
    static = case.op.static(known)
    draws = [list(case.draw(seed).values()) for seed in SEEDS]

    together = case.op.forward(*(np.stack(arrays) for arrays in zip(*draws, strict=True)), **static)

    for k, arrays in enumerate(draws):
        assert_close(together[k], case.op.forward(*arrays, **static), 1e-12)


@every(case for case in ALL if case.op.rounding == EXACT)
def test_an_exact_operation_does_not_round(case: Case) -> None:
    """Each entry of its result is one of its operands', but for the sign, or a small number."""
    found = session(case.model, case.draw(0), layout="denominator")
    known = [np.abs(found.values[name]).ravel() for name in case.names]
    known += [np.abs([o]) for o in case.operands if not isinstance(o, tuple)]
    whole = np.arange(10.0)
    assert np.isin(np.abs(found.values["z"]), np.concatenate([whole, *known])).all()


@every(CONSTANT)
def test_no_gradient_flows_where_no_rule_is(case: Case) -> None:
    found = session(case.model, case.draw(0))

    assert not found.derivation.rows
    for name in found.derivation.wrt:
        assert not found.backward.totals[name].any()


@every(SMOOTH)
def test_the_gradient_is_right(smooth: Case) -> None:
    """Against finite differences, and exactly against the complex step: each entry at one point,
    and along a direction at others.
    """
    read = program(smooth.model, smooth.draw(SEEDS[0]))
    for seed in SEEDS:
        found = compute(read, smooth.draw(seed), Request(seed=seed))
        entries = seed == SEEDS[0]
        for name in found.derivation.wrt:
            gradient = found.backward.totals[name]
            if entries or not smooth.op.complex_safe:
                assert_close(gradient, finite_difference(found, name), 1e-6, f"dL/d{name}")
            if smooth.op.complex_safe and entries:
                assert_close(gradient, complex_step(found, name), 1e-11, f"dL/d{name}")
            elif smooth.op.complex_safe:
                _has_the_slope(found, name, 1e-11)


def _has_the_slope(found: Session, name: str, tolerance: float, what: str = "") -> None:
    """A gradient's slope along a direction drawn at random: all its entries in one number."""
    gradient = found.backward.totals[name]
    along = np.random.default_rng(gradient.size).uniform(1, 2, gradient.shape)
    slope = complex_slope(found, name, along)
    close = tolerance * max(1.0, float(np.max(np.abs(gradient), initial=0.0)) * gradient.size)
    assert abs(float(np.sum(gradient * along)) - slope) <= close, what or f"dL/d{name}"


@every(SMOOTH)
def test_each_formula_reads_back_as_its_value(smooth: Case) -> None:
    """In both layouts, so that one is the transpose of the other: the values are the same."""
    for layout in LAYOUTS:
        _reads_back(smooth, layout)


def _reads_back(smooth: Case, layout: str) -> None:
    data = smooth.draw(1)
    found = session(smooth.model, data, layout=layout)
    z = found.program.shapes["z"]
    declared = (
        f"{smooth.declarations}\nconst z: [{', '.join(texts(z))}], "
        f"arriving: [{', '.join(texts(displayed(z, layout)))}]"
    )
    known = {**data, "z": found.values["z"], "arriving": _turn(found.given["z"], layout)}

    flows = [i for i, o in enumerate(smooth.operands) if isinstance(o, tuple) and smooth.flows(i)]
    assert [row.operand for row in found.derivation.rows] == flows
    formulas = _formulas(found)
    again = session(f"{declared}\n{_stated(formulas)}", known)
    rows = zip(formulas, found.derivation.rows, found.backward.steps, strict=True)
    for k, (formula, row, expected) in enumerate(rows):
        shape, expected_shape = again.program.shapes[f"r{k}"], found.derivation.shape(row)
        if row.contribution.at is not None:
            expected_shape = displayed(found.program.shapes[row.target], layout)
        sized = numbers if ":" in formula else texts  # a region's sizes are compared by number
        assert sized(shape) == sized(expected_shape), formula
        assert_close(again.values[f"r{k}"], _turn(expected, layout), 1e-12, formula)


def _formulas(found: Session) -> list[str]:
    """What each operand gains in all, also where what is shown is added at an index's rows."""
    made = found.derivation
    texts = [row.contribution.formula(made.step(row), made.layout) for row in made.rows]
    return [text.replace("dL/dz", "arriving") for text in texts]


def _stated(formulas: list[str]) -> str:
    """Formulas as equations of a model, and a derivative that arrives at each."""
    lines = [f"r{k} = {formula}" for k, formula in enumerate(formulas)]
    return "\n".join([*lines, "given " + ", ".join(f"dL/dr{k}" for k in range(len(lines))), ""])


def _turn(array: Any, layout: str) -> Any:
    return array.T if layout == "numerator" else array


@every(SMOOTH)
def test_a_formula_is_differentiable_in_its_turn(smooth: Case) -> None:
    data = smooth.draw(1)
    found = session(smooth.model, data, layout="denominator")
    dims = ", ".join(texts(found.program.shapes["z"]))
    formulas = _formulas(found)
    text = (
        f"{smooth.declarations}\ninput arriving: [{dims}]\nz = {smooth.expression}\n"
        f"{_stated(formulas)}"
    )
    again = session(text, {**data, "arriving": found.given["z"]})
    safe = all(step.call.op.complex_safe for step in again.program.steps)
    for name in (*found.derivation.wrt, "arriving"):
        if safe:
            _has_the_slope(again, name, 1e-9, f"by {name}: {formulas}")
        else:
            expected = finite_difference(again, name)
            assert_close(again.backward.totals[name], expected, 1e-6, f"by {name}: {formulas}")


CONTRACT = """
exp log sqrt abs sign square sin cos tan tanh sigmoid σ relu leaky_relu elu softplus gelu silu erf
maximum minimum where sum mean prod max min logsumexp norm softmax log_softmax dot outer trace
inv det logdet solve diag reshape concat stack broadcast einsum zeros ones eye
"""


@pytest.mark.parametrize("name", CONTRACT.split())
def test_the_language_has_the_function(name: str) -> None:
    assert name in FUNCTIONS


def test_an_alias_is_the_function() -> None:
    assert value("x = [1, -2]\ny = σ(x)\nz = sigmoid(x) - y", "z") == [0, 0]
