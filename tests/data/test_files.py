"""Data files that are broken, or that mean no good: one error each, with the file and the name."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.data.arrays import load_data
from gradcli.data.npy import load_npy
from gradcli.errors import GradError, Source, Span

LIMIT = 1000
Write = Callable[[Path], None]


def npy(array: Any = (1.0, 2.0), **fields: Any) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), **fields)
    return file.getvalue()


def headed(text: str, version: int = 1) -> bytes:
    """A .npy array with a header as it is written here, and two numbers."""
    raw = text.encode()
    size = len(raw).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + raw + np.ones(2).tobytes()


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


def patched(raw: bytes, field: str, value: int) -> bytes:
    """An archive of one member with a field of both its headers changed."""
    local, central = {"flags": (6, 8), "method": (8, 10)}[field]
    found = bytearray(raw)
    start = raw.index(b"PK\x01\x02")
    for at in (local, start + central):
        found[at : at + 2] = value.to_bytes(2, "little")
    return bytes(found)


def spoiled(method: int) -> bytes:
    """An archive whose compressed numbers are broken in the middle."""
    raw = bytearray(
        archive(("W.npy", npy(np.random.default_rng(1).normal(size=200))), method=method)
    )
    middle = raw.index(b"PK\x01\x02") // 2
    raw[middle : middle + 40] = b"\xff" * 40
    return bytes(raw)


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return archive(("W.npy", npy()), ("W.npy", npy()))


GOOD = archive(("W.npy", npy()))
SHAPED = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}"
NPZ = {
    "encrypted": (patched(GOOD, "flags", 1), "W: it can't be read (", "(it is encrypted)"),
    "of an unknown compression": (patched(GOOD, "method", 77), "W: it can't be read", "compression"),
    "broken zlib": (spoiled(zipfile.ZIP_DEFLATED), "W: it can't be read"),
    "broken LZMA": (spoiled(zipfile.ZIP_LZMA), "W: it can't be read"),
    "broken bzip2": (spoiled(zipfile.ZIP_BZIP2), "W: it can't be read"),
    "broken numbers": (spoiled(zipfile.ZIP_STORED), "W: it can't be read", "CRC"),
    "cut": (GOOD[: len(GOOD) // 2], "not a readable .npz file"),
    "without its end": (GOOD[:-10], "not a readable .npz file"),
    "no archive": (npy(), "not a readable .npz file"),
    "empty": (b"", "not a readable .npz file"),
    "with a text in it": (archive(("notes.txt", b"hello")), "notes.txt: it is no readable .npy file"),
    "with a folder in it": (archive(("deep/", b"")), "deep/: it is no readable .npy file"),
    "with a member twice": (twice(), "'W' stands there twice"),
    "with a key in two spellings": (
        archive(("h[1,2].npy", npy()), ("h[1, 2].npy", npy())),
        "'h[1, 2]' stands there twice",
    ),
    "with objects": (
        archive(("W.npy", npy(np.array([{}], dtype=object), allow_pickle=True))),
        "W: it holds Python objects, which are never loaded",
    ),
    "pickled": (archive(("W.npy", b"\x80\x04N.")), "W: it holds Python objects"),
    "that claims 1e11 numbers": (
        archive(("W.npy", headed(SHAPED.replace("(2,)", "(100000000000,)")))),
        "W has more than 1,000 elements",
    ),
    "that claims too many in all": (
        archive(("V.npy", npy(np.ones(600))), ("W.npy", npy(np.ones(600)))),
        "W has more than 1,000 elements with those before it",
    ),
    "that claims more than is there": (
        archive(("W.npy", headed(SHAPED.replace("(2,)", "(3,)")))),
        "W: it ends after 16 of the 24 bytes that its header promises",
    ),
    "that goes on": (archive(("W.npy", npy() + bytes(9))), "W: it goes on after the 16 bytes"),
    "of texts": (archive(("W.npy", npy(["a"]))), "W: an array of real numbers is expected"),
    "of truths": (archive(("W.npy", npy([True]))), "W: an array of real numbers is expected"),
    "of complex numbers": (archive(("W.npy", npy([1j]))), "W: an array of real numbers"),
    "of records": (
        archive(("W.npy", npy(np.zeros(2, dtype=[("a", "<f8")])))),
        "W: an array of real numbers is expected",
    ),
    "of nothing": (archive(("W.npy", npy(np.zeros((0, 3))))), "W: the array is empty"),
}  # fmt: skip
HEADERS = {
    "no header": b"\x93NUMPY\x01\x00",
    "a cut header": headed(SHAPED)[:30],
    "an unknown version": headed(SHAPED, version=9),
    "no dictionary": headed("[1, 2]"),
    "no Python": headed("{'descr': "),
    "a call": headed("__import__('os').abort()"),
    "keys that lack": headed("{'descr': '<f8'}"),
    "keys too many": headed(SHAPED[:-1] + ", 'more': 1}"),
    "no type": headed(SHAPED.replace("<f8", "float of a kind")),
    "a type that is a number": headed(SHAPED.replace("'<f8'", "3")),
    "a negative size": headed(SHAPED.replace("(2,)", "(-2,)")),
    "two negative sizes": headed(SHAPED.replace("(2,)", "(-2, -1)")),
    "a shape that is a list": headed(SHAPED.replace("(2,)", "[2]")),
    "a broken size": headed(SHAPED.replace("(2,)", "(2.5,)")),
    "100 axes": headed(SHAPED.replace("(2,)", f"({'1, ' * 100})")),
    "nested without end": headed("(" * 5000),
    "4 GB of header": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100,
}
JSON = {
    "truths": ('{"W": [true, 1]}', "W: an array of real numbers is expected"),
    "nothing": ('{"W": [1, null]}', "W: an array of real numbers is expected"),
    "a text": ('{"W": [1, "x"]}', "W: an array of real numbers is expected"),
    "digits in a text": ('{"W": ["1", 2]}', "W: an array of real numbers is expected"),
    "an object": ('{"W": {"a": 1}}', "W: an array of real numbers is expected"),
    "objects": ('{"W": [[1], [{"a": 1}]]}', "W: an array of real numbers is expected"),
    "rows of two lengths": ('{"W": [[1, 2], [3]]}', "W: its rows differ in length"),
    "a row and a number": ('{"W": [[1], 2]}', "W: its rows differ in length"),
    "a list and an object": ('{"W": [[1], {"a": 1}]}', "W: its rows differ in length"),
    "empty rows": ('{"W": [[], []]}', "W: the array is empty"),
    "too many axes": ('{"W": ' + "[" * 40 + "1" + "]" * 40 + "}", "W: its lists nest too deep"),
    "1e400": ('{"W": 1e400}', "1e400 is too large"),
    "400 digits": ('{"W": ' + "1" * 400 + "}", "a number of 400 digits is too large"),
    "a name twice": ('{"W": 1, "W": 2}', "'W' stands there twice"),
    "a key in two spellings": ('{"h[1,2]": 1, "h[1, 2]": 2}', "'h[1, 2]' stands there twice"),
    "too many": (json.dumps({"W": [1] * 1001}), "W has more than 1,000 elements"),
    "a list": ("[1]", "an object of names and arrays is expected"),
}


def refused(path: Path) -> str:
    with pytest.raises(GradError) as error:
        load_data(path, LIMIT)
    message = error.value.message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    return message


@pytest.mark.parametrize("name", NPZ)
def test_npz(name, tmp_path):
    content, *parts = NPZ[name]
    path = tmp_path / "d.npz"
    path.write_bytes(content)
    message = refused(path)
    assert [part for part in parts if part not in message] == []


@pytest.mark.parametrize("name", HEADERS)
def test_a_bad_header(name, tmp_path):
    (tmp_path / "W.npy").write_bytes(HEADERS[name])
    (tmp_path / "d.npz").write_bytes(archive(("W.npy", HEADERS[name])))
    reason = beside(tmp_path)
    assert reason in ("it is no readable .npy file", "an array of that shape can't be")
    assert refused(tmp_path / "d.npz").endswith(f": W: {reason}")


def beside(folder: Path) -> str:
    """Why a model's file("W.npy") is refused."""
    span = Span(Source(str(folder / "model.eq"), "x\n"), 0, 1)
    with pytest.raises(GradError) as error:
        load_npy("W.npy", span, LIMIT)
    assert error.value.span == span
    start = 'file("W.npy"): '
    assert error.value.message.startswith(start)
    return error.value.message.removeprefix(start)


@pytest.mark.parametrize("name", JSON)
def test_json(name, tmp_path):
    text, part = JSON[name]
    path = tmp_path / "d.json"
    path.write_text(text, encoding="utf-8")
    assert part in refused(path)


@pytest.mark.parametrize("over", [0, 1])
def test_json_of_the_largest_size_and_one_byte_more(over, tmp_path):
    path = tmp_path / "d.json"
    path.write_bytes(b'{"W": 7' + b" " * (32 * 2**20 + over - 8) + b"}")
    if over:
        assert "larger than 32 MiB" in refused(path)
    else:
        assert load_data(path, LIMIT)["W"] == 7


def test_links_in_a_circle(tmp_path):
    (tmp_path / "W.npy").symlink_to(tmp_path / "V.npy")
    (tmp_path / "V.npy").symlink_to(tmp_path / "W.npy")
    assert beside(tmp_path)
    (tmp_path / "d.npz").symlink_to(tmp_path / "e.npz")
    (tmp_path / "e.npz").symlink_to(tmp_path / "d.npz")
    refused(tmp_path / "d.npz")


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="<i2").reshape(2, 3),
        np.arange(6, dtype=">f4").reshape(3, 2),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(8, dtype=np.float16).reshape(2, 2, 2),
        np.array(7, dtype=np.uint64),
        np.array([1.5], dtype=np.longdouble),
        np.array([np.nan, -np.inf]),
    ],
    ids=lambda array: f"{array.dtype}, {array.shape}",
)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_what_is_sound_is_read(array, version, tmp_path):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        raw = archive(("W.npy", npy(array, version=version)), method=method)
        (tmp_path / "d.npz").write_bytes(raw)
        found = load_data(tmp_path / "d.npz", LIMIT)["W"]
        assert found.dtype == np.float64
        assert found.flags.writeable
        np.testing.assert_array_equal(found, np.asarray(array, dtype=float))


def test_whole_numbers_of_json_may_be_long(tmp_path):
    (tmp_path / "d.json").write_text('{"W": [18446744073709551616, -1, 1e308, "inf", 0]}')
    expected = [2.0**64, -1, 1e308, np.inf, 0]
    np.testing.assert_array_equal(load_data(tmp_path / "d.json", LIMIT)["W"], expected)


SOUND = {
    "d.npz": archive(("W.npy", npy()), ("b[1].npy", npy(3, version=(1, 0)))),
    "stored.npz": archive(("W.npy", npy()), method=zipfile.ZIP_STORED),
    "lzma.npz": archive(("W.npy", npy()), method=zipfile.ZIP_LZMA),
    "d.json": b'{"W": [[1, 2.5e3], [-3, "nan"]], "b[1]": 1}',
}


@given(
    name=st.sampled_from(sorted(SOUND)),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=3), st.integers(0, 3)), max_size=4
    ),
)
def test_any_change_gives_arrays_or_one_error(name, edits, tmp_path_factory):
    raw = SOUND[name]
    for place, new, dropped in edits:
        at = int(place * len(raw))
        raw = raw[:at] + new + raw[at + dropped :]
    path = tmp_path_factory.mktemp("changed") / name
    path.write_bytes(raw)
    with contextlib.suppress(GradError):
        assert all(array.dtype == np.float64 for array in load_data(path, LIMIT).values())
