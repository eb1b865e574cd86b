"""Entries of a model's quantities: as they are written, and by their positions."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import numpy as np

from gradcli.errors import GradError
from gradcli.program import Program
from gradcli.sizes import numbers
from gradcli.suggest import suggestion

INDEX = re.compile(r"\[\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?(?:,\s*(-?\d+)\s*)*\]")


class Entry(NamedTuple):
    """One entry of a quantity, by its position row by row; or the end itself, which has no name."""

    name: str
    position: int


def entry(program: Program, option: str, written: str) -> Entry:
    """An entry as it is written. Raises GradError where there is none."""
    if not written.strip():
        first = label(program, Entry(next(iter(program.shapes)), 0))
        raise GradError(f"{option} is empty", hint=f"{option} {first}", kind="bad-option")
    name = max((n for n in program.shapes if written.startswith(n)), key=len, default="")
    rest = written[len(name) :].strip()
    if not name or (rest and not rest.startswith("[")):
        raise GradError(
            f"{option} {written}: the model has no such entry",
            hint=suggestion(written.partition("[")[0], program.shapes)
            or f"an entry is written {label(program, Entry(next(iter(program.shapes)), 0))}",
            kind="bad-option",
        )
    shape = numbers(program.shapes[name])
    if not rest:
        if math.prod(shape) == 1:
            return Entry(name, 0)
        example = label(program, Entry(name, 0))
        raise GradError(
            f"{option} {written}: {name} has {math.prod(shape):,} entries",
            hint=f"name one of them: {example}",
            kind="bad-option",
        )
    indices = [int(n) for n in re.findall(r"-?\d+", rest)] if INDEX.fullmatch(rest) else []
    if len(indices) == 1 and len(shape) == 2 and shape[1] == 1:
        indices.append(0)
    fits = len(indices) == len(shape) and all(
        -size <= i < size for i, size in zip(indices, shape, strict=True)
    )
    if not fits:
        ends = [label(program, Entry(name, at)) for at in (0, math.prod(shape) - 1)]
        raise GradError(
            f"{option} {written}: {name} is {'×'.join(map(str, shape))}, counted from 0",
            hint=f"its entries are {' to '.join(dict.fromkeys(ends))}",
            kind="bad-option",
        )
    at = [i % size for i, size in zip(indices, shape, strict=True)]
    return Entry(name, int(np.ravel_multi_index(at, shape)))


def label(program: Program, at: Entry) -> str:
    """An entry as it is written in the language."""
    shape = numbers(program.shapes[at.name])
    if math.prod(shape) == 1:
        return at.name
    indices = list(map(int, np.unravel_index(at.position, shape)))
    if len(shape) == 2 and shape[1] == 1:
        indices.pop()
    return f"{at.name}[{', '.join(map(str, indices))}]"
