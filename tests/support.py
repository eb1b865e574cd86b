"""What the tests share: a model's text derived, and gradients known without the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.data.npy import shape_in
from gradcli.errors import GradError, GradErrors
from gradcli.evaluate import forward
from gradcli.lower import Options, lower
from gradcli.program import Program
from gradcli.session import Request, Session, compute
from gradcli.sizes import Shape
from gradcli.syntax import read, read_source
from gradcli.transform.reverse import Derivation

Array = npt.NDArray[Any]

EXAMPLES = Path(__file__).parents[1] / "examples"
COMPLEX_STEP = 1e-30
FINITE_STEP = 1e-5


def program(
    text: str, data: Mapping[str, Any] | None = None, dims: Mapping[str, int] | None = None
) -> Program:
    """The Program of a model's text. Raises GradErrors."""
    bound = {name: np.asarray(value, dtype=float) for name, value in (data or {}).items()}
    parsed = read(read_source("model.eq", text.encode()))
    return lower(parsed, Options(dims or {}, bound, shape_in=shape_in))


def session(
    text: str,
    data: Mapping[str, Any] | None = None,
    dims: Mapping[str, int] | None = None,
    **options: Any,
) -> Session:
    """A model's text, derived and computed; `options` as in a Request. Raises GradErrors."""
    bound = {name: np.asarray(value, dtype=float) for name, value in (data or {}).items()}
    return compute(program(text, data, dims), bound, Request(**options))


def value(text: str, name: str, data: Mapping[str, Any] | None = None) -> Any:
    """The forward value of one name of a model, with size-1 axes dropped."""
    return squeeze(session(text, data).values[name])


def gradient(text: str, name: str, data: Mapping[str, Any] | None = None) -> Any:
    """A gradient in its variable's own shape, with size-1 axes dropped."""
    return squeeze(session(text, data).backward.totals[name])


def squeeze(array: Array) -> Any:
    return np.asarray(array).squeeze().tolist()


def messages(text: str, data: Mapping[str, Any] | None = None) -> str:
    """All that is wrong with a model, as text; it fails where nothing is."""
    try:
        session(text, data)
    except (GradError, GradErrors) as error:
        return str(error)
    raise AssertionError("no error was raised")


def equations(text: str) -> list[str]:
    """The forward listing."""
    return [step.text for step in program(text).steps]


def steps(derivation: Derivation) -> list[str]:
    """The backward listing: target, assign, formula."""
    return [
        f"{derivation.left(row)} {row.assign} {derivation.formula(row)}" for row in derivation.rows
    ]


def backward(text: str, **options: Any) -> list[str]:
    return steps(session(text, **options).derivation)


def texts(shape: Shape) -> list[str]:
    """A shape's sizes as they are written, to compare those of two programs."""
    return [size.text for size in shape]


# ── gradients known without the rules ──


def objective(found: Session, inputs: Mapping[str, Array]) -> Any:
    """The scalar whose gradient is derived: the loss, and each given derivative times its value."""
    values = forward(found.program, dict(inputs))
    total = sum((np.sum(values[name] * given) for name, given in found.given.items()), 0.0)
    return total + (values[found.program.loss].item() if found.program.loss else 0.0)


def complex_step(found: Session, name: str) -> Array:
    """A gradient exact to rounding: the imaginary part of f(x + ih) over h."""

    def entry(moved: Callable[[complex], Any]) -> float:
        return float(moved(1j * COMPLEX_STEP).imag / COMPLEX_STEP)

    return _each_entry(found, name, entry)


def complex_slope(found: Session, name: str, along: Array) -> float:
    """The derivative along a direction, exact to rounding, by one complex step."""
    x = found.inputs[name] + 1j * COMPLEX_STEP * along
    return float(objective(found, {**found.inputs, name: x}).imag / COMPLEX_STEP)


def finite_difference(found: Session, name: str) -> Array:
    """A gradient by central differences of fourth order."""
    h = FINITE_STEP * 50

    def entry(moved: Callable[[complex], Any]) -> float:
        near, far = moved(h) - moved(-h), moved(2 * h) - moved(-2 * h)
        return float((8 * near - far).real / (12 * h))

    return _each_entry(found, name, entry)


def _each_entry(
    found: Session, name: str, entry: Callable[[Callable[[complex], Any]], float]
) -> Array:
    at = found.inputs[name]
    result = np.zeros(at.shape)
    for index in np.ndindex(at.shape):

        def moved(step: complex, index: tuple[int, ...] = index) -> Any:
            x = at.astype(complex if isinstance(step, complex) else float)
            x[index] += step
            return objective(found, {**found.inputs, name: x})

        result[index] = entry(moved)
    return result


def assert_close(found: Any, expected: Any, tolerance: float = 1e-9, what: str = "") -> None:
    """Compare with a tolerance relative to the largest expected entry; shapes strictly."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    assert found.shape == expected.shape, f"{what}: {found.shape} is not {expected.shape}"
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale, err_msg=what)
