"""Data files: values that are hard to compute with, and files that are not what they claim."""

from __future__ import annotations

import io
import json
import zipfile
from random import Random
from typing import Any

import numpy as np
from fuzz_mutate import in_bytes, mutated

MODELS = [
    ((2, 3), "dim N, M\ninput x: [M]\nparam W: [N, M]\nloss L = sum(tanh(W @ x))\n"),
    ((2, 2), "dim N = 2, M = 2\ninput x: [M], h[1..2]: [M]\nparam W: [N, M]\ny = W @ h[1] + x\ngiven dL/dy\n"),
]  # fmt: skip
VALUES = [
    0,
    0,
    0,
    1,
    -1,
    1,
    2,
    0.5,
    30,
    -30,
    1e-8,
    1e-90,
    1e-160,
    1e-300,
    5e-324,
    1e8,
    1e154,
    1e300,
    -1e9,
]
LITERALS = [
    "NaN", "Infinity", '"nan"', '"inf"', '"-inf"', '"x"', "true", "null", "{}", "[]", "[[]]", "[1, [2]]",
    "[true, 1]", "1e400", "-0", "9" * 400, "1" * 5000, '"\\ud800"', "[" * 2000 + "]" * 2000, "1.", "01",
]  # fmt: skip
TYPES = [
    "<f8",
    ">f8",
    "<f4",
    "<i4",
    "|b1",
    "<c16",
    "|O",
    "<U4",
    "<f2",
    "<u8",
    "|V8",
    "<M8[s]",
    "f8",
    "",
]


def awkward(random: Random, inputs: dict[str, Any]) -> dict[str, Any]:
    """Values for a model's inputs, in place of some of its own: zeros, ties, tiny and huge ones."""
    pool = random.sample(VALUES, random.choice([1, 1, 2, 4]))
    share = random.choice([0.2, 1])

    def changed(value: Any) -> Any:
        if isinstance(value, list):
            return [changed(entry) for entry in value]
        return random.choice(pool) if random.random() < share else value

    return {name: changed(found["value"]) for name, found in inputs.items()}


def file(random: Random, shape: tuple[int, int]) -> tuple[str, bytes]:
    """A data file, spoilt or not: its suffix and its content."""
    arrays = {
        "W": np.arange(1.0, 1 + shape[0] * shape[1]).reshape(shape),
        "x": np.ones(shape[1]),
    }
    suffix = random.choice([".json", ".npz", ".npy"])
    return suffix, {".json": _json, ".npz": _npz, ".npy": _npy}[suffix](random, arrays)


def _json(random: Random, arrays: dict[str, Any]) -> bytes:
    text = json.dumps({name: array.tolist() for name, array in arrays.items()})
    if random.random() < 0.3:
        text = text.replace(random.choice(["1.0", "2.0", "[1.0, 2.0"]), random.choice(LITERALS), 1)
    if random.random() < 0.3:
        text = text.replace('"x"', random.choice(['"W"', '"h[1]"', '"dL/dy"', '"N"', '"q"', '""']))
    return text.encode() if random.random() < 0.1 else mutated(random, text, [text])


def _npy(random: Random, arrays: dict[str, Any]) -> bytes:
    if random.random() < 0.4:
        raw = _claimed(random, arrays["W"])
    else:
        written = io.BytesIO()
        np.save(written, arrays["W"])
        raw = written.getvalue()
    return in_bytes(random, raw) if random.random() < 0.7 else raw


def _claimed(random: Random, array: Any) -> bytes:
    """An array whose header says something of its own."""
    shape = random.choice(
        [array.shape, array.shape[::-1], (), (0,), (6,), (10**6,), (10**11,), (-1,)]
    )
    header = f"{{'descr': {random.choice(TYPES)!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    if random.random() < 0.3:
        header = mutated(random, header, [header]).decode("latin-1")
    text = header.encode("latin-1", "replace").ljust(117) + b"\n"
    version = random.choice([b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"])
    length = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + length + text + array.tobytes()


def _npz(random: Random, arrays: dict[str, Any]) -> bytes:
    written = io.BytesIO()
    method = random.choice(
        [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]
    )
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            raw = _npy(random, arrays) if random.random() < 0.2 else content.getvalue()
            member = random.choice(["", "../", "/"]) if random.random() < 0.05 else ""
            archive.writestr(f"{member}{name}{random.choice(['.npy'] * 9 + [''])}", raw)
    raw = written.getvalue()
    for _ in range(random.choice([0, 1, 1, 2])):
        raw = in_bytes(random, raw) if random.random() < 0.6 else _field(random, raw)
    return raw


def _field(random: Random, raw: bytes) -> bytes:
    """One byte changed in a header of the archive: flags, method, sizes, names."""
    starts = [i for i in range(len(raw) - 3) if raw[i : i + 2] == b"PK"]
    if not starts:
        return raw
    at = min(random.choice(starts) + random.randrange(4, 50), len(raw) - 1)
    return raw[:at] + random.choice([b"\x00", b"\x01", b"\x09", b"\x63", b"\xff"]) + raw[at + 1 :]
