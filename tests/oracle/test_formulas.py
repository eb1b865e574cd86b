"""Every printed line, evaluated by Python and NumPy as it stands, gives the printed value.

The lines are run in the order in which they are listed, each on what the lines before it gave, so
that neither listing can hide an operation, and `=` and `+=` have to be what they say.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle_models import MODELS
from oracle_runs import EXAMPLES, derive, values

Array = np.ndarray
NAME = re.compile(r"(?<![.\w])((?:dL/d)?[^\W\d]\w*)(\[\d+(?:, \d+)*\])?")
STATED = {  # the constants that the model files state, and no oracle draws
    "eps": np.array([[1e-5]]),
    "pixel": np.array([[x, y, 4.0] for y in (1, 0, -1) for x in (-1.5, -0.5, 0.5, 1.5)]),
}


def _sum(x: Array, axis: int | None = None) -> Array:
    return np.asarray(np.sum(x, axis=axis, keepdims=True))


def _softmax(x: Array, axis: int = 0) -> Array:
    return np.asarray(np.exp(x) / _sum(np.exp(x), axis))


# Every value is at least two-dimensional; a scalar is 1 by 1.
FUNCTIONS: dict[str, Any] = {
    **{f.__name__: f for f in (np.cos, np.exp, np.log, np.maximum, np.sin, np.sqrt, np.square)},
    **{f.__name__: f for f in (np.tanh, np.where)},
    "broadcast": lambda x, shape: np.broadcast_to(x, [int(n) for n in shape]),
    "dot": lambda x, y: x.T @ y,
    "mean": lambda x, axis=None: np.mean(x, axis=axis, keepdims=True),
    "norm": lambda x, axis=None: np.sqrt(_sum(x**2, axis)),
    "relu": lambda x: np.where(x > 0, x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softmax": _softmax,
    "sum": _sum,
}


class Listing:
    """What the lines read so far have defined, by printed name."""

    def __init__(self, known: dict[str, Any], dims: dict[str, int]) -> None:
        self.dims = dims
        self.known = {name: np.atleast_2d(value) for name, value in known.items()}

    def evaluate(self, formula: str) -> Array:
        """Run a formula as Python: only names are spelled anew, and `^`."""
        scope: dict[str, Any] = {**FUNCTIONS, **self.dims}

        def spell(match: re.Match[str]) -> str:
            name, member = match[1], match[2] or ""
            for whole, rest in ((name + member, ""), (name, member)):
                if whole in self.known:
                    symbol = f"v{len(scope)}"
                    scope[symbol] = self.known[whole]
                    return symbol + rest
            assert name in scope or name == "axis", f"{name} in {formula} is not known yet"
            return match[0]

        text = NAME.sub(spell, formula).replace("^", "**")
        return np.asarray(eval(text, {"__builtins__": {}}, scope))


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.eq")))
def test_the_listings_run_as_they_are_printed(name: str, layout: str, tmp_path: Path) -> None:
    wanted, drawn = values(name, 0)
    document = derive(name, 0, tmp_path, layout=layout)
    transposed = layout == "numerator"
    given = {k: (v.T if transposed else v) for k, v in drawn.items() if k.startswith("dL/d")}
    listing = Listing({**STATED, **drawn, **wanted, **given}, document["dims"])
    if loss := MODELS[name].loss:
        listing.known[f"dL/d{loss}"] = np.ones((1, 1))
    reached = set(given)

    for equation in document["forward"]:
        left, _, formula = equation["text"].partition(" = ")
        assert left == equation["name"]
        listing.known[left] = agreed(listing.evaluate(formula), equation)

    regions: dict[str, Array] = {}
    for step in document["backward"]:
        target, formula = f"dL/d{step['target']}", step["formula"]
        contribution = agreed(listing.evaluate(formula), step)
        if ":" in target:
            variable, _, region = target.partition("[")
            whole = regions.setdefault(variable, np.zeros(document_shape(document, variable)))
            place = eval(f"numpy.s_[{region}", {"numpy": np})
            assert (step["assign"] == "+=") == bool(np.any(whole[place]))
            whole[place] += contribution.reshape(whole[place].shape)
            continue
        assert (step["assign"] == "+=") == (target in reached)
        reached.add(target)
        before = listing.known[target] if step["assign"] == "+=" else 0
        listing.known[target] = before + contribution

    for variable, gradient in document["gradients"].items():
        total = regions.get(f"dL/d{variable}", listing.known.get(f"dL/d{variable}"))
        agreed(np.asarray(total), gradient)


def document_shape(document: dict[str, Any], derivative: str) -> list[int]:
    """Look up the shape of a gradient, given the derivative's name."""
    shape: list[int] = document["gradients"][derivative.removeprefix("dL/d")]["shape"]
    return shape


def agreed(value: Array, record: dict[str, Any]) -> Array:
    """Hold a value against the printed one and return it, two-dimensional."""
    printed = np.atleast_2d(np.array(record["value"], dtype=float))
    value = value.reshape(printed.shape) if value.size == printed.size == 1 else value
    assert value.shape == printed.shape, record
    np.testing.assert_allclose(value, printed, rtol=1e-11, atol=1e-12, err_msg=str(record))
    return np.asarray(value, dtype=float)
