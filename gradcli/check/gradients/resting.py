"""A model at rest: the values with which the check compares what moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.check.gradients.surrogates import cut
from gradcli.codegen.numpy_ import Names, function_name
from gradcli.interpret import number, run
from gradcli.ops.core import TABLE, Array
from gradcli.program import Step
from gradcli.session import Session
from gradcli.transform.inline import flatten


class Model:
    """A session as the probes see it: basic steps, their values, and the outputs' weights.

    start: what the values are computed from. weights: the derivative that arrives at each output,
    in its own shape.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        known = cut(session)
        self.steps = flatten(known.program.steps)
        self.start = known.inputs
        inner = [step for step in self.steps if step.name not in session.values]
        self.values = run(inner, dict(session.values))
        self.infinite = {
            step.name for step in self.steps if not np.isfinite(self.values[step.name]).all()
        }
        self.lifting = {step.name for step in self.steps if any(step.call.missing_axes())}
        self.weights = weights(known)
        self.names = Names({"np", "run", *map(function_name, TABLE.values())})
        self._namespace: dict[str, Any] | None = None

    def operands(self, step: Step) -> list[Array]:
        return [self.values[a] if isinstance(a, str) else number(a) for a in step.args]

    def namespace(self) -> dict[str, Any]:
        """The globals of generated code: the operations and every value."""
        if self._namespace is None:
            found: dict[str, Any] = {"np": np}
            for op in {step.call.op for step in self.steps}:
                found[function_name(op)] = op.forward
                found[f"branches_{function_name(op)}"] = op.branches
            found |= {self.names(name): value for name, value in self.values.items()}
            self._namespace = found
        return self._namespace


def weights(session: Session) -> dict[str, Array]:
    found = {name: np.asarray(value, dtype=float) for name, value in session.given.items()}
    if session.program.loss is not None:
        found[session.program.loss] = found.get(session.program.loss, 0.0) + np.ones((1, 1))
    return found
