"""Programs and derivations, computed with NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gradcli.errors import GradError
from gradcli.ops.core import Array, asarray
from gradcli.sizes import Number
from gradcli.template import compute

if TYPE_CHECKING:
    from gradcli.derive import Derivation, Row
    from gradcli.program import Operand, Program, Step


def run_steps(steps: Sequence[Step], values: dict[str, Array], result: Operand) -> Array:
    """The value of one name after some steps; `values` is filled with those of all of them."""
    for step in steps:
        call = step.call
        arguments = [values[a] if isinstance(a, str) else asarray(a.value) for a in step.args]
        values[step.name] = call.op.forward(*arguments, **call.static)
    return asarray(result.value) if isinstance(result, Number) else values[result]


def forward(program: Program, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Every value of a program, by name: its inputs' and its steps', each at least 2-D.

    Raises GradError where a step has no value, a singular matrix's inverse say.
    """
    values = dict(inputs)
    step = None
    with np.errstate(all="ignore"):
        try:
            for step in program.steps:
                call = step.call
                arguments = [
                    values[a] if isinstance(a, str) else asarray(a.value) for a in step.args
                ]
                values[step.name] = call.op.forward(*arguments, **call.static)
        except np.linalg.LinAlgError as error:
            assert step is not None
            raise GradError(
                f"{step.text} can't be computed: {str(error).lower()}", program.span(step.place)
            ) from None
        except MemoryError:
            assert step is not None
            raise GradError(
                f"{step.text} does not fit in memory", program.span(step.place)
            ) from None
    return values


class Backward(NamedTuple):
    """A derivation's values, each in its variable's own shape: every step's, and the totals."""

    steps: list[Array]
    totals: dict[str, Array]


def backward(
    derivation: Derivation, values: Mapping[str, Array], given: Mapping[str, Array]
) -> Backward:
    """Run a derivation. `values` are the forward values, `given` the derivatives that arrive."""
    program = derivation.program
    totals: dict[str, Array] = dict(given)
    if program.loss is not None:
        one = np.ones((1, 1))
        totals[program.loss] = totals[program.loss] + one if program.loss in totals else one
    owned: set[str] = set()  # the totals that no one else holds, and that may be written into
    steps: list[Array] = []
    with np.errstate(all="ignore"):
        for row in derivation.rows:
            step = program.steps[row.eq - 1]
            leaves: dict[object, Array] = {"g": totals[step.name], "out": values[step.name]}
            for i, arg in enumerate(step.args):
                if isinstance(arg, str):
                    leaves[i] = values[arg]
            value = compute(row.contribution.nodes, leaves)
            steps.append(value)
            add_contribution(totals, owned, row, value, values[row.target])
    for name in derivation.wrt:
        if name not in totals:
            totals[name] = np.zeros_like(values[name])
    return Backward(steps, totals)


def add_contribution(
    totals: dict[str, Array], owned: set[str], row: Row, value: Array, like: Array
) -> None:
    """Do a backward step: assign its value to the target's total, or add it.

    A value may be, or be a view of, another total, and so is only read: a total is written into
    only where its array was made here. owned: those totals. like: an array as the target is.
    """
    old = totals.get(row.target)
    if row.region is not None:
        _add_part(totals, owned, row, value, like)
    elif row.assign == "=" or old is None:
        totals[row.target] = value
        owned.discard(row.target)
    else:
        totals[row.target] = old + value
        owned.add(row.target)


def _add_part(
    totals: dict[str, Array], owned: set[str], row: Row, value: Array, like: Array
) -> None:
    """Put a contribution in its region; what no step has reached is 0."""
    assert row.region is not None
    name = row.target
    if name not in totals:
        totals[name] = np.zeros(like.shape, np.result_type(like, value))
    elif name not in owned:
        totals[name] = totals[name].copy()
    owned.add(name)
    area = totals[name][tuple(part.slice() for part in row.region)]
    if row.assign == "=":
        area[...] = value.reshape(area.shape)
    else:
        area += value.reshape(area.shape)
