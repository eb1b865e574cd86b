"""A derivation as a program, derived again; forward mode against reverse mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import Case, cases, every
from support import EXAMPLES, Array, assert_close, session

from gradcli.evaluate import backward, forward
from gradcli.ops import TABLE
from gradcli.program import verify
from gradcli.session import Request, Session, run
from gradcli.transform.forward import forward_mode
from gradcli.transform.reverse import derive

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))
SMOOTH = [case for op in TABLE.values() for case in cases(op)[::3] if case.op.differentiable]
STEP = 1e-6


def example(name: str) -> Session:
    return run(str(EXAMPLES / f"{name}.eq"), Request())


def arriving(found: Session) -> dict[str, Array]:
    """The given derivatives under the names that the reified program has for them."""
    reified = found.derivation.reified
    return {
        own: found.given[item.name]
        for item, own in zip(found.program.given, reified.arriving, strict=True)
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_derivation_is_a_program(name: str) -> None:
    found = example(name)
    reified = found.derivation.reified

    verify(reified.program)
    values = forward(reified.program, {**found.inputs, **arriving(found)})

    for variable in found.derivation.wrt:
        assert_close(values[f"dL/d{variable}"], found.backward.totals[variable], 1e-14)
    assert [step.call.op.name in TABLE for step in reified.steps]


@pytest.mark.parametrize("name", NAMES)
def test_a_derivation_can_be_derived_again(name: str) -> None:
    """The gradient of a drawn linear functional of the gradients, against their differences."""
    found = example(name)
    reified = found.derivation.reified
    inputs = {**found.inputs, **arriving(found)}
    rng = np.random.default_rng(3)
    weights = {
        item.name: rng.normal(size=values_shape(found, item.name)) for item in reified.program.given
    }
    again = derive(reified.program)
    passed = backward(again, forward(reified.program, inputs), weights)

    def functional(moved: dict[str, Array]) -> float:
        values = forward(reified.program, moved)
        return sum(float(np.sum(values[name] * weight)) for name, weight in weights.items())

    direction = {name: rng.normal(size=inputs[name].shape) for name in again.wrt}
    there, back = (
        functional({**inputs, **{n: inputs[n] + sign * STEP * d for n, d in direction.items()}})
        for sign in (1, -1)
    )
    slope = (there - back) / (2 * STEP)
    expected = sum(float(np.sum(passed.totals[n] * d)) for n, d in direction.items())
    size = sum(float(np.sum(np.abs(passed.totals[n] * d))) for n, d in direction.items())
    assert slope == pytest.approx(expected, abs=1e-6 * max(1.0, size))
    assert size > 0 or not any(row for row in again.rows)


def values_shape(found: Session, gradient: str) -> Any:
    return found.backward.totals[gradient.removeprefix("dL/d")].shape


def both_modes(found: Session) -> tuple[float, float, float]:
    """The derivative along a drawn direction by forward mode and by reverse mode, and its size."""
    tangents = forward_mode(found.program, found.derivation.wrt)
    rng = np.random.default_rng(5)
    direction = {name: rng.normal(size=found.inputs[name].shape) for name in tangents.wrt}
    inputs = found.inputs | {tangents.names[name]: d for name, d in direction.items()}
    values = forward(tangents.program, inputs)
    weights = dict(found.given)
    if found.program.loss:
        weights[found.program.loss] = weights.get(found.program.loss, 0.0) + np.ones((1, 1))
    along = sum(
        float(np.sum(values[tangents.names[name]] * weight))
        for name, weight in weights.items()
        if name in tangents.names
    )
    products = [found.backward.totals[name] * d for name, d in direction.items()]
    return (
        along,
        sum(float(np.sum(product)) for product in products),
        sum(float(np.sum(np.abs(product))) for product in products),
    )


@pytest.mark.parametrize("name", NAMES)
def test_forward_and_reverse_mode_agree_on_every_example(name: str) -> None:
    along, back, size = both_modes(example(name))

    assert along == pytest.approx(back, abs=1e-12 * max(1.0, size))


@every(SMOOTH)
def test_forward_and_reverse_mode_agree_on_every_operation(case: Case) -> None:
    along, back, size = both_modes(session(case.model, case.draw(2)))

    assert along == pytest.approx(back, abs=1e-11 * max(1.0, size))


@every(case for case in SMOOTH if case.op.linear)
def test_an_operation_is_linear_where_its_entry_says_so(case: Case) -> None:
    """Each group of operands: what the operation makes of a sum is the sum of what it makes."""
    one, two = case.draw(1), case.draw(2)
    for group in case.op.linear_groups(len(case.operands)):
        moving = {f"x{k}" for k in group if isinstance(case.operands[k], tuple)}
        if any(not isinstance(case.operands[k], tuple) for k in group):
            continue
        other = {name: two[name] if name in moving else value for name, value in one.items()}
        both = {name: one[name] + two[name] if name in moving else one[name] for name in one}
        first, second, total = (
            session(case.model, data).values["z"] for data in (one, other, both)
        )
        assert_close(total, first + second, 1e-12)


def test_the_tangent_of_a_product_has_both_terms() -> None:
    found = session("param A: [2, 3], B: [3, 2]\nC = A @ B\ngiven dL/dC")
    tangents = forward_mode(found.program)

    (row,) = tangents.rows
    assert row.name == "dC"
    assert row.formula(found.program.steps[0]) == "dA @ B + A @ dB"


def test_a_tangents_name_is_nobody_elses() -> None:
    found = session("param x: [2], dx: [2]\ny = tanh(x * dx)\ngiven dL/dy")

    assert forward_mode(found.program).names == {"x": "dx'", "dx": "ddx", "z1": "dz1", "y": "dy"}


def test_what_is_given_and_gains_more_keeps_both() -> None:
    found = session(
        "input x = [1, 2]\nh = x * 2\ny = h * 3\ngiven dL/dh = [1, 1]\ngiven dL/dy = [1, 1]"
    )

    assert found.derivation.reified.arriving == ("dL/dh'", "dL/dy")
    assert found.backward.totals["x"].ravel().tolist() == [8, 8]
