"""Arrays in .safetensors files, by the library of that name; no format of theirs is parsed here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gradcli.data.common import (
    BFLOAT16,
    NESTING,
    REAL,
    Stored,
    first_line,
    keys_of,
    limited,
    widened,
)
from gradcli.errors import GradError
from gradcli.files import check_regular

# Of the library's types those that hold real numbers; NumPy has no bfloat16.
TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": BFLOAT16,
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
}
WIDEST = 8  # bytes a number
HEADER = 100 * 2**20  # bytes at most, as the library has it


def load_safetensors(path: Path, max_elements: int) -> dict[str, Stored]:
    """The arrays of a .safetensors file, by name. Raises GradError, OSError."""
    try:
        from safetensors import SafetensorError, deserialize
    except ImportError:
        raise GradError(
            f"{path}: safetensors is not installed",
            hint="pip install 'gradcli[safetensors]'",
            kind="missing-library",
        ) from None
    check_regular(str(path))
    if path.stat().st_size > WIDEST * max_elements + HEADER:
        raise GradError(
            f"{path} has more than {max_elements:,} elements",
            hint="--max-elements raises the limit",
            kind="too-large",
        )
    try:
        read: Any = deserialize  # untyped, where the library is installed
        tensors: Any = read(path.read_bytes())
    except (SafetensorError, ValueError) as error:
        raise GradError(
            f"{path}: not a readable .safetensors file ({first_line(error)})", kind="bad-data"
        ) from error
    keys = keys_of([name for name, _ in tensors], str(path))
    found: dict[str, Stored] = {}
    taken = 0
    for key, (_, tensor) in sorted(zip(keys, tensors, strict=True), key=lambda pair: pair[0]):
        what = f"{path}: {key}"
        dtype = TYPES.get(tensor["dtype"])
        shape = tuple(tensor["shape"])
        if dtype is None or len(shape) > NESTING:
            raise GradError(f"{what}: {REAL}", kind="bad-data")
        raw = tensor["data"]
        flat = widened(raw) if dtype == BFLOAT16 else np.frombuffer(raw, dtype).astype(float)
        if not flat.size:
            raise GradError(f"{what}: the array is empty", kind="bad-data")
        taken += limited(flat, what, max_elements - taken).size
        found[key] = Stored(flat.reshape(shape), dtype)
    return found
