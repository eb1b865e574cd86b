"""What is asked of arrays wherever they are from, and the names under which they are known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gradcli.errors import GradError
from gradcli.ops.core import Array
from gradcli.record import Record

SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
NESTING = 32
REAL = "an array of real numbers is expected"


BFLOAT16 = "bfloat16"


class Stored(Record):
    """An array in double precision, and the type that its numbers have where they are stored.

    dtype: NumPy's name of it, or "bfloat16"; empty where numbers have none, as in JSON.
    """

    value: Array
    dtype: str = ""


def widened(raw: bytes | bytearray) -> Array:
    """The numbers of bfloat16, which are the upper halves of single ones (little-endian)."""
    halves = np.frombuffer(raw, "<u2").astype("<u4")
    return (halves << 16).view("<f4").astype(float)


def limited(array: Array, what: str, max_elements: int) -> Array:
    if array.size > max_elements:
        raise GradError(
            f"{what} has more than {max_elements:,} elements",
            hint="--max-elements raises the limit",
            kind="too-large",
        )
    return array


def keys_of(names: Sequence[str], where: str) -> list[str]:
    """Names as outputs write them: h[1,2] is h[1, 2]. Raises GradError for one that comes twice."""
    keys = [_key(name) for name in names]
    if len(set(keys)) < len(keys):
        twice = next(key for key, count in Counter(keys).items() if count > 1)
        raise GradError(f"{where}: {twice!r} stands there twice", kind="bad-data")
    return keys


def _key(name: str) -> str:
    base, bracket, rest = name.partition("[")
    if not bracket:
        return name
    return base + "[" + ", ".join(part.strip() for part in rest.split(",")) if rest else name


def first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
