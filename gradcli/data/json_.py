"""Arrays in JSON: an object of names and nested lists of numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from gradcli.data.common import NESTING, REAL, SPECIAL, Stored, first_line, keys_of, limited
from gradcli.errors import GradError
from gradcli.files import read_file
from gradcli.ops.core import Array
from gradcli.record import Record

MOST_JSON = 32 * 2**20  # bytes; larger arrays come in .npz


def load_json(path: Path, max_elements: int) -> dict[str, Stored]:
    """The arrays of a .json file, by name: nested lists of numbers. Raises GradError, OSError."""
    raw = read_file(str(path), MOST_JSON)
    try:
        document = json.loads(
            raw,
            parse_constant=_no_constant,
            parse_float=_number,
            parse_int=_number,
            object_pairs_hook=_Object,
        )
    except (ValueError, RecursionError) as error:
        raise GradError(f"{path}: not valid JSON ({first_line(error)})", kind="bad-data") from None
    if not isinstance(document, _Object):
        raise GradError(
            f"{path}: an object of names and arrays is expected",
            hint='{"W": [[1, 2], [3, 4]]}',
            kind="bad-data",
        )
    keys = keys_of([key for key, _ in document.pairs], str(path))
    found = {}
    for key, (_, value) in zip(keys, document.pairs, strict=True):
        what = f"{path}: {key}"
        found[key] = Stored(limited(_array(value, what), what, max_elements))
    return found


class _Object(Record):
    """A JSON object as it stands, so that a name may be seen to come twice."""

    pairs: list[tuple[str, Any]]


def _no_constant(name: str) -> Any:
    raise ValueError(f'{name} is not JSON; write "{name.replace("Infinity", "inf").lower()}"')


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        shown = text if len(text) < 20 else f"a number of {len(text):,} digits"
        raise ValueError(f'{shown} is too large for a float; write "inf" for infinity')
    return value


def _array(value: Any, what: str) -> Array:
    """Nested lists of numbers as an array."""
    shape: list[int] = []
    level = [value]
    while any(isinstance(entry, list) for entry in level):
        lengths = {len(entry) if isinstance(entry, list) else None for entry in level}
        if len(lengths) > 1:
            raise GradError(f"{what}: its rows differ in length", kind="bad-data")
        if len(shape) == NESTING:
            raise GradError(f"{what}: its lists nest too deep", kind="bad-data")
        shape.append(len(level[0]))
        level = [inner for entry in level for inner in entry]
    numbers = [SPECIAL.get(entry) if isinstance(entry, str) else entry for entry in level]
    if not all(isinstance(number, float) for number in numbers):
        raise GradError(f"{what}: {REAL}", kind="bad-data")
    if not numbers:
        raise GradError(f"{what}: the array is empty", kind="bad-data")
    return np.array(numbers).reshape(shape)
