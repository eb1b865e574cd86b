"""Arrays by name, from a .npz or .json file or from a mapping of what NumPy takes for arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradcli.data import json_, npy
from gradcli.data.common import REAL, SPECIAL, first_line, keys_of, limited
from gradcli.errors import GradError
from gradcli.ops.core import Array


def arrays(
    data: Path | Mapping[str, Any] | None, max_elements: int, called: str = "data"
) -> dict[str, Array]:
    """The arrays of a file or of a mapping, by name. `called` is what errors call a mapping.

    Raises GradError.
    """
    if data is None:
        return {}
    if isinstance(data, Path):
        return load_data(data, max_elements)
    keys = keys_of([str(name) for name in data], called)
    found = {}
    for key, value in zip(keys, data.values(), strict=True):
        what = f"{called}: {key}"
        array = limited(_from_python(value, what), what, max_elements)
        found[key] = array.copy()  # what its owner does with it changes no result
    return found


def load_data(path: Path, max_elements: int) -> dict[str, Array]:
    """The arrays of a .npz or .json file, by name. Raises GradError."""
    try:
        if path.suffix == ".npz":
            return npy.load_npz(path, max_elements)
        if path.suffix == ".json":
            return json_.load_json(path, max_elements)
    except OSError as error:
        raise GradError(
            f"{path}: {(error.strerror or str(error)).lower()}", kind="unreadable-file"
        ) from None
    raise GradError(f"{path}: data comes in .npz or .json files", kind="bad-data")


def _from_python(value: Any, what: str) -> Array:
    """What NumPy makes of a list, an array or another library's tensor, as real numbers."""
    try:
        array = np.asarray(_special(value))
    except RecursionError:
        raise GradError(f"{what}: its lists nest too deep", kind="bad-data") from None
    except ValueError:
        raise GradError(f"{what}: its rows differ in length", kind="bad-data") from None
    except (TypeError, RuntimeError) as error:  # a tensor on another device, say
        raise GradError(
            f"{what}: NumPy can't make an array of it ({first_line(error)})", kind="bad-data"
        ) from None
    if array.dtype.kind not in "fiu":
        raise GradError(f"{what}: {REAL}", kind="bad-data")
    if array.size == 0:
        raise GradError(f"{what}: the array is empty", kind="bad-data")
    return array.astype(float, copy=False)


def _special(value: Any) -> Any:
    if isinstance(value, str):
        return SPECIAL.get(value, value)
    if isinstance(value, list) and any(isinstance(entry, str | list) for entry in value):
        return [_special(entry) for entry in value]
    return value
