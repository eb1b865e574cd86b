"""How far rounding reaches: both passes again, with every value off by its last bit.

The spread of a few such runs bounds what rounding does to each derivative and to the outputs, with
all cancellation in it (Parker, Pierce & Eggert 2000, Monte Carlo arithmetic).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcli.check.gradients.probe import Model
from gradcli.evaluate import add_contribution, backward
from gradcli.ops.core import Array, asarray
from gradcli.sizes import Number
from gradcli.template import Node

RUNS = 4
POOL = 4096
SAFETY = 8.0  # the spread of a few draws is below the largest possible
EPSILON = float(np.finfo(float).eps)


class Noise(NamedTuple):
    """Bounds on what rounding does, each array in its variable's own shape.

    totals: to each derivative. outputs: to each entry of the outputs, by its weight.
    scale: the largest contribution to any derivative.
    """

    totals: dict[str, Array]
    outputs: dict[str, Array]
    scale: float


def noise(model: Model, seed: int) -> Noise:
    session = model.session
    exact = backward(session.derivation, session.values, session.given).totals
    low, high = dict(exact), dict(exact)
    shake = Shaker(seed)
    with np.errstate(all="ignore"):
        outputs = {
            name: 4 * EPSILON * np.abs(model.values[name] * weight)
            for name, weight in model.weights.items()
        }
        for _ in range(RUNS):
            values = _forward(model, shake)
            for name, total in _backward(model, values, exact, shake).items():
                low[name] = np.minimum(low[name], total)
                high[name] = np.maximum(high[name], total)
            for name, weight in model.weights.items():
                change = np.abs((values[name] - model.values[name]) * weight)
                np.maximum(outputs[name], SAFETY * change, out=outputs[name])
        bounds = {
            name: SAFETY * (top - low[name]) + 4 * EPSILON * np.abs(top)
            for name, top in high.items()
        }
    largest = [float(np.max(np.abs(step), initial=0.0)) for step in session.backward.steps]
    largest += [float(np.max(np.abs(weight), initial=0.0)) for weight in model.weights.values()]
    scale = max((value for value in largest if np.isfinite(value)), default=0.0)
    return Noise(bounds, outputs, scale)


class Shaker:
    """Moves every entry of an array by its last bit, up or down."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng([seed, 5])
        self.factors = self._drawn(POOL)

    def _drawn(self, size: int) -> Array:
        return np.asarray(1 + EPSILON * (2.0 * self.rng.integers(0, 2, size) - 1))

    def __call__(self, value: Array) -> Array:
        # Drawing signs for every array would take longer than all else: one pool serves small ones.
        if value.size > POOL // 2:
            return np.asarray(value * self._drawn(value.size).reshape(value.shape))
        start = int(self.rng.random() * (POOL - value.size))
        return np.asarray(value * self.factors[start : start + value.size].reshape(value.shape))


def _forward(model: Model, shake: Shaker) -> dict[str, Array]:
    """The forward values, shaken; those that would take another branch are left as they are.

    What is continuous there is still shaken: at 0, |x| is off by as much as x.
    """
    values = {name: shake(value) for name, value in model.session.inputs.items()}
    for e in model.equations:
        arguments = [asarray(a.value) if isinstance(a, Number) else values[a] for a in e.args]
        if e.op.branches is not None:
            exact = model.arguments(e)
            found = e.op.branches(*arguments, **e.static)
            if np.any(found != e.op.branches(*exact, **e.static)):
                arguments = arguments if e.op.differentiable else exact
                values.update({a: model.values[a] for a in e.operands()})
        values[e.name] = shake(e.op.forward(*arguments, **e.static))
    return values


def _backward(
    model: Model, values: dict[str, Array], exact: dict[str, Array], shake: Shaker
) -> dict[str, Array]:
    """The totals, shaken, from shaken values; `exact` are the totals as they are."""
    derivation = model.session.derivation
    totals = {name: shake(weight) for name, weight in model.weights.items()}
    owned: set[str] = set()
    for row in derivation.rows:
        step = derivation.step(row)
        names: dict[Any, str] = {i: arg for i, arg in enumerate(step.args) if isinstance(arg, str)}
        names["out"] = step.name
        leaves = {key: values[name] for key, name in names.items()} | {"g": totals[step.name]}
        nodes = row.contribution.nodes
        masks: dict[int, Array] = {}
        if any(node.op is not None and node.op.branches for node in nodes):
            at = {key: model.values[name] for key, name in names.items()}
            masks = _masks(nodes, at | {"g": exact[step.name]})
        value = _compute(nodes, leaves, masks, shake)
        add_contribution(totals, owned, row, value, values[row.target])
    return totals


def _masks(nodes: list[Node], leaves: dict[Any, Array]) -> dict[int, Array]:
    """The nodes that jump, comparisons and the like, with their values: these are not shaken."""
    values: list[Array] = []
    for node in nodes:
        if node.op is not None:
            values.append(node.op.forward(*(values[i] for i in node.args), **node.static))
        elif isinstance(node.key, Number):
            values.append(asarray(node.key.value))
        else:
            values.append(leaves[node.key])
    return {
        i: value
        for i, (node, value) in enumerate(zip(nodes, values, strict=True))
        if node.op is not None and node.op.branches and not node.op.differentiable
    }


def _compute(
    nodes: list[Node], leaves: dict[Any, Array], masks: dict[int, Array], shake: Shaker
) -> Array:
    """As `template.compute`, each node's value shaken but for the masks."""
    values: list[Array] = []
    for i, node in enumerate(nodes):
        if i in masks:
            values.append(masks[i])
        elif node.op is not None:
            found = node.op.forward(*(values[k] for k in node.args), **node.static)
            values.append(shake(found))
        elif isinstance(node.key, Number):
            values.append(asarray(node.key.value))
        else:
            values.append(leaves[node.key])
    return values[-1]
