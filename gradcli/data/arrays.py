"""Arrays by name, from a .npz, .safetensors or .json file or from what NumPy takes for arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradcli.data import json_, npy
from gradcli.data.common import BFLOAT16, REAL, SPECIAL, Stored, first_line, keys_of, limited
from gradcli.errors import GradError
from gradcli.files import unreadable
from gradcli.ops.core import Array

# What such a file is, or what writes one.
SUCH = {
    ".npz": "numpy.savez('FILE.npz', W=W) writes such a file",
    ".json": '{"W": [[1, 2], [3, 4]]} is such a file',
    ".safetensors": "safetensors.numpy.save_file({'W': W}, 'FILE.safetensors') writes such a file",
}


def arrays(
    data: Path | Mapping[str, Any] | None, max_elements: int, called: str = "data"
) -> dict[str, Array]:
    """The arrays of a file or of a mapping, by name. `called` is what errors call a mapping.

    Raises GradError.
    """
    return {key: each.value for key, each in stored(data, max_elements, called).items()}


def stored(
    data: Path | Mapping[str, Any] | None, max_elements: int, called: str, untyped: str = ""
) -> dict[str, Stored]:
    """As `arrays`, with the types that the numbers have.

    untyped: the type of numbers of two bytes that a file has no name for. Raises GradError.
    """
    if data is None:
        return {}
    if isinstance(data, Path):
        return _load(data, max_elements, untyped)
    keys = keys_of([str(name) for name in data], called)
    found = {}
    for key, value in zip(keys, data.values(), strict=True):
        what = f"{called}: {key}"
        array = _from_python(value, what)
        limited(array.value, what, max_elements)
        found[key] = array._replace(value=array.value.copy())  # its owner may change it
    return found


def load_data(path: Path, max_elements: int) -> dict[str, Array]:
    """The arrays of a file, by name. Raises GradError."""
    return {key: each.value for key, each in _load(path, max_elements).items()}


def _load(path: Path, max_elements: int, untyped: str = "") -> dict[str, Stored]:
    try:
        found = _loaded(path, max_elements, untyped)
    except OSError as error:
        raise unreadable(str(path), error) from None
    except GradError as error:
        error.hint = error.hint or SUCH.get(path.suffix)
        raise
    if found is None:
        raise GradError(
            f"{path}: data comes in .npz or .json files, or in .safetensors",
            hint=SUCH[".npz"],
            kind="bad-data",
        )
    return found


def _loaded(path: Path, max_elements: int, untyped: str) -> dict[str, Stored] | None:
    """None for a file of another kind."""
    if path.suffix == ".npz":
        return npy.load_npz(path, max_elements, untyped)
    if path.suffix == ".json":
        return json_.load_json(path, max_elements)
    if path.suffix == ".safetensors":
        from gradcli.data.tensors import load_safetensors  # a library of its own

        return load_safetensors(path, max_elements)
    return None


def _from_python(value: Any, what: str) -> Stored:
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
    if array.dtype.kind not in "fiu" and array.dtype.name != BFLOAT16:  # ml_dtypes' and JAX's
        raise GradError(f"{what}: {REAL}", kind="bad-data")
    if array.size == 0:
        raise GradError(f"{what}: the array is empty", kind="bad-data")
    plain = not hasattr(value, "dtype")  # a list has no type
    return Stored(array.astype(float, copy=False), "" if plain else array.dtype.name)


def _special(value: Any) -> Any:
    if isinstance(value, str):
        return SPECIAL.get(value, value)
    if isinstance(value, list) and any(isinstance(entry, str | list) for entry in value):
        return [_special(entry) for entry in value]
    return value
