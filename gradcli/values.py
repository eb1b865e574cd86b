"""The values of a program's inputs: from data, the file, or drawn from the seed and the name."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping

import numpy as np

from gradcli.assumed import broken, is_free, kept
from gradcli.data.npy import load_npy
from gradcli.draws import sample
from gradcli.errors import GradError, Note
from gradcli.interpret import run
from gradcli.ops.core import Array
from gradcli.program import Drawn, FromFile, Input, Program
from gradcli.record import Record
from gradcli.sizes import numbers
from gradcli.suggest import nearest, some_of

GIVEN = "dL/d"


class Values(Record):
    """Arrays by name, each in its variable's own shape: the inputs', and what is given."""

    inputs: dict[str, Array]
    given: dict[str, Array]


def materialise(program: Program, data: Mapping[str, Array], seed: int) -> Values:
    """Every input's value. Raises GradError for data that does not fit the program."""
    _check_names(program, data)
    inputs = {item.name: _value(program, item, item.name, data, seed) for item in program.inputs}
    given = {
        item.name: _value(program, item, GIVEN + item.name, data, seed) for item in program.given
    }
    return Values(inputs, given)


def _check_names(program: Program, data: Mapping[str, Array]) -> None:
    known = {item.name for item in program.inputs} | set(program.sizes.dims)
    known |= {GIVEN + item.name for item in program.given}
    for name in data:
        if name in known:
            continue
        if name in program.families:
            members = program.families[name]
            raise GradError(
                f"--data: {name} is a family",
                hint=f'bind its members: "{members[0]}", …',
                kind="bad-data",
                also=_declared(program, members[0], f"{name} is declared here"),
            )
        if name in program.shapes:
            raise GradError(
                f"--data: {name} is computed, so it can't be bound",
                hint=f"data bind {some_of(sorted(known))}",
                kind="bad-data",
                also=_declared(program, name, f"{name} is computed here"),
            )
        raise GradError(
            f"--data: the model has no `{name}`", hint=nearest(name, sorted(known)), kind="bad-data"
        )


def _value(program: Program, item: Input, key: str, data: Mapping[str, Array], seed: int) -> Array:
    """A value with which what is assumed of it holds: what is drawn freely is moved there."""
    value = _any_value(program, item, key, data, seed)
    if not item.sums:
        return value
    if key not in data and is_free(item):
        value = kept(item, value)
    wrong = broken(item, value)
    if wrong is not None:
        raise GradError(
            f"this does not hold: {key} has other sums",
            program.span(wrong.place),
            hint="--data with such sums, or no --data: drawn values keep what is assumed",
            also=_declared(program, item.name, f"{key} is declared here"),
            kind="bad-data",
        )
    return value


def _any_value(
    program: Program, item: Input, key: str, data: Mapping[str, Array], seed: int
) -> Array:
    shape = numbers(item.shape)
    if key in data:
        return _fitted(program, item, data[key], key, "--data")
    if isinstance(item.value, FromFile):
        array = load_npy(item.value.path, program.span(item.value.place), 10**18)
        return _fitted(program, item, array, key, item.value.path)
    if isinstance(item.value, Program):
        with np.errstate(all="ignore"):
            value = run(item.value.steps, {})["value"].reshape(shape)
        return _fitted(program, item, value, key, program.source.name)
    drawn = item.value or Drawn("normal", (0.0, 1.0))
    return draw(drawn, shape, key, seed)


def _fitted(program: Program, item: Input, array: Array, key: str, where: str) -> Array:
    """`fit` for an input, whose errors point to where it is declared."""
    try:
        fitted = fit(array, numbers(item.shape), key, where)
        _check_within(item, fitted, key, where)
    except GradError as error:
        said = f"{key} is {'given' if item.role == 'given' else 'declared'} here"
        error.also = (Note(said, program.span(item.place)),)
        raise
    return fitted


def _check_within(item: Input, value: Array, key: str, where: str) -> None:
    """Raise GradError at the first entry of an index that is not whole, or out of its range."""
    if item.within is None:
        return
    first, last = item.within
    wrong = ~((value == np.floor(value)) & (value >= first.number) & (value <= last.number))
    if not wrong.any():
        return
    place = tuple(map(int, np.argwhere(wrong)[0]))
    if value.shape[1:] == (1,):
        place = place[:1]
    entry = f"{key}[{', '.join(map(str, place))}]"
    found = float(value[wrong][0])
    range_ = f"{first.text}..{last.text}"
    numbers = f"{first.value}..{last.value}"
    raise GradError(
        f"{where}: {entry} is {found:g}, but {key} is in {range_}"
        + ("" if numbers == range_ else f", {numbers}"),
        hint="an index holds whole numbers, counted from 0"
        if first.value == 0
        else "an index holds whole numbers",
        kind="bad-data",
    )


def _declared(program: Program, name: str, remark: str) -> tuple[Note, ...]:
    """A remark at the declaration or the equation of a name."""
    places = {item.name: item.place for item in program.inputs}
    places.update((step.name, step.place) for step in program.steps)
    return (Note(remark, program.span(places[name])),) if name in places else ()


def draw(drawn: Drawn, shape: tuple[int, ...], key: str, seed: int) -> Array:
    """An array from the seed and the name alone, so that no other declaration changes it."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode()).digest()
    start = int.from_bytes(digest[:16], "big")
    return sample(drawn.distribution, drawn.parameters, drawn.axis, shape, start)


def fit(array: Array, shape: tuple[int, ...], name: str, where: str) -> Array:
    """An array in a declared shape; a flat list may stand for a column. Raises GradError."""
    if array.shape == shape or (array.size == 1 and math.prod(shape) == 1):
        return array.reshape(shape)
    if array.ndim == 1 and shape == (array.shape[0], 1):
        return array.reshape(shape)
    wanted = "×".join(map(str, shape))
    found = "×".join(map(str, array.shape)) if array.ndim > 1 else f"a list of {array.size}"
    fitting = f"an array of the shape {shape}"
    if shape[1:] == (1,):
        fitting = f"a list of {shape[0]} numbers"
    hint = "it looks transposed" if array.shape == shape[::-1] else f"what fits is {fitting}"
    raise GradError(
        f"{where}: {name} is {found}, but the model has {wanted}", hint=hint, kind="bad-data"
    )


TOGETHER = 256  # arrays, and entries of one at most, that are looked at in one call


def non_finite(values: Mapping[str, Array], names: Iterable[str]) -> str | None:
    """The first of some names whose value is not finite everywhere."""
    waiting = list(names)
    for begin in range(0, len(waiting), TOGETHER):
        some = waiting[begin : begin + TOGETHER]
        small = [values[name] for name in some if values[name].size <= TOGETHER]
        if len(small) < len(some) or not _finite(np.concatenate(small, axis=None)):
            for name in some:
                if not _finite(values[name]):
                    return name
    return None


def _finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())
