"""Programs and derivations, computed with NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import GradError
from gradcli.interpret import number, run
from gradcli.ops.core import Array
from gradcli.program import NOWHERE, Operand, Program, Step
from gradcli.record import Record
from gradcli.sizes import Number
from gradcli.template import Node

if TYPE_CHECKING:
    from gradcli.transform.reverse import Derivation


WAYS_OUT = {
    "matrix is not positive definite": "`~ spd()` draws one that is; X @ X.T + eye(N) is one, too",
}


def forward(program: Program, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Every value of a program, by name: its inputs' and its steps', each at least 2-D.

    Raises GradError where a step has no value, a singular matrix's inverse say.
    """
    values = dict(inputs)
    try:
        return run(program.steps, values)
    except (np.linalg.LinAlgError, MemoryError) as error:
        step = next(step for step in program.steps if step.name not in values)
        what, hint = "does not fit in memory", None
        if isinstance(error, np.linalg.LinAlgError):
            why = str(error).lower()
            what, hint = f"can't be computed: {why}", WAYS_OUT.get(why)
        raise GradError(
            f"{step.text} {what}", program.span(step.place), hint, kind="not-computable"
        ) from None


def compute(nodes: Sequence[Node], leaves: Mapping[Any, Array]) -> Array:
    """An expression's value. `leaves` has those of its leaves, by their keys."""
    values = {str(key): found for key, found in leaves.items()}
    steps = [
        Step(f"={i}", node.call, tuple([_operand(nodes[k], k) for k in node.args]), NOWHERE)
        for i, node in enumerate(nodes)
        if node.call is not None
    ]
    run(steps, values)
    last = _operand(nodes[-1], len(nodes) - 1)
    return number(last) if isinstance(last, Number) else values[last]


def _operand(node: Node, position: int) -> Operand:
    if node.call is not None:
        return f"={position}"
    return node.key if isinstance(node.key, Number) else str(node.key)


class Backward(Record):
    """A derivation's values, each in its variable's own shape: every step's, and the totals.

    A line that stands for all iterations of a loop has no one value: None. `listed` has what the
    listing shows of each step's value.
    """

    steps: list[Array | None]
    totals: dict[str, Array]
    listed: list[Array | None]

    @property
    def values(self) -> list[Array]:
        """The steps' values, of a derivation in which each has one."""
        return [value for value in self.steps if value is not None]

    @property
    def shown(self) -> list[Array]:
        """What is shown of them."""
        return [value for value in self.listed if value is not None]


def arrived(
    derivation: Derivation, values: Mapping[str, Array], given: Mapping[str, Array]
) -> dict[str, Array]:
    """What the backward pass starts from: the forward values, and the given derivatives."""
    own = zip(derivation.program.given, derivation.reified.arriving, strict=True)
    return {**values, **{name: given[item.name] for item, name in own}}


def backward(
    derivation: Derivation, values: Mapping[str, Array], given: Mapping[str, Array]
) -> Backward:
    """Run a derivation. `values` are the forward values, `given` the derivatives that arrive.

    Raises GradError where a step has no derivative, a singular matrix's log-determinant say.
    """
    reified = derivation.reified
    found = arrived(derivation, values, given)
    try:
        run(reified.steps, found, reified.dying)
    except np.linalg.LinAlgError as error:
        raise _underivable(derivation, arrived(derivation, values, given), error) from None
    steps = [found[name] if name else None for name in reified.values]
    shown = [found[name] if name else None for name in reified.shown]
    totals = {name: found[total] for name, total in reified.totals.items()}
    return Backward(steps, totals, shown or steps)


def _underivable(
    derivation: Derivation, values: dict[str, Array], error: np.linalg.LinAlgError
) -> GradError:
    """Says which line of the listing can't be computed. values: what the pass starts from."""
    if "" in derivation.reified.values and derivation.literal is not None:
        derivation = derivation.literal  # a line of a loop stands for many steps
    reified = derivation.reified
    with suppress(np.linalg.LinAlgError):
        run(reified.steps, values)
    lines = zip(derivation.rows, reified.values, strict=True)
    row = next(row for row, name in lines if name not in values)
    line = f"{derivation.left(row)} {row.assign} {derivation.formula(row)}"
    message = f"{line} can't be computed: {str(error).lower()}"
    return GradError(message, derivation.span(row), kind="not-computable")
