"""Further points at which a session's derivation is checked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcli.assumed import kept
from gradcli.draws import DISTRIBUTIONS
from gradcli.errors import GradError
from gradcli.evaluate import backward, forward
from gradcli.ops.core import Array
from gradcli.program import Drawn, Input
from gradcli.session import Session
from gradcli.sizes import numbers
from gradcli.values import GIVEN, draw

STANDARD = Drawn("normal", (0.0, 1.0))
TRIES = 5  # draws of a point until everything is finite


def points(session: Session, count: int, seed: int, notes: list[str]) -> Iterator[Session]:
    """The session, and others at drawn values; where some can't be had, a note says so.

    An upstream derivative of equal entries hides mistakes (a seed of ones makes batchnorm's
    gradient vanish), so that a drawn one is used as well.
    """
    yield session
    flat = [name for name, value in session.given.items() if value.size > 1 and np.ptp(value) == 0]
    if flat:
        notes.append(f"dL/d{flat[0]} has equal entries: drawn ones are checked as well")
        given = {
            name: draw(STANDARD, value.shape, f"{GIVEN}{name}", seed + 1) if name in flat else value
            for name, value in session.given.items()
        }
        yield at(session, session.inputs, given)
    for number in range(1, count):
        drawn = _drawn(session, number, seed)
        if drawn is None:
            notes.append(f"point {number + 1} is left out: no draw gave finite values")
        else:
            yield drawn


def at(session: Session, inputs: dict[str, Array], given: dict[str, Array]) -> Session:
    """The same derivation at other values. Raises GradError where it has none."""
    values = forward(session.program, inputs)
    passed = backward(session.derivation, values, given)
    return session._replace(inputs=inputs, given=given, values=values, backward=passed)


def _drawn(session: Session, number: int, seed: int) -> Session | None:
    outputs = session.program.outputs()
    for attempt in range(TRIES):
        other = seed + 1_000 * number + attempt
        inputs = {
            item.name: _another(item, session.inputs[item.name], seed, other)
            for item in session.program.inputs
        }
        given = {
            name: draw(STANDARD, value.shape, f"{GIVEN}{name}", other)
            for name, value in session.given.items()
        }
        try:
            found = at(session, inputs, given)
        except GradError:
            continue
        if all(np.isfinite(found.values[name]).all() for name in outputs):
            return found
    return None


def _another(item: Input, value: Array, seed: int, other: int) -> Array:
    """A quantity's value at another point: drawn where it was drawn, else shaken; a const stays."""
    if item.role == "const":
        return value
    if item.value is None or isinstance(item.value, Drawn):
        drawn = item.value or STANDARD
        own = np.array_equal(value, draw(drawn, numbers(item.shape), item.name, seed))
        if own or DISTRIBUTIONS[drawn.distribution].bound:
            return kept(item, draw(drawn, value.shape, item.name, other))
    return kept(item, shaken(value, other))


def shaken(value: Array, seed: int) -> Array:
    """A value with every entry changed by about a fifth, its sign kept."""
    noise = np.random.default_rng([seed, 13]).normal(size=value.shape)
    return np.asarray(value * np.exp(0.2 * noise))
