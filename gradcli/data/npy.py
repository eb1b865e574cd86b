"""Arrays in NumPy's own files, .npz and .npy: a header first, then the bytes that it promises."""

from __future__ import annotations

import math
import warnings
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from gradcli.data.common import BFLOAT16, NESTING, REAL, Stored, first_line, keys_of, widened
from gradcli.errors import GradError, Span
from gradcli.files import check_regular
from gradcli.ops.core import Array

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

MOST_HEADER = 10_000  # bytes
PIECE = 2**20  # bytes read at once
ENCRYPTED = 1  # a flag of a zip file's member
# Version 3 differs from 2 in the names of a record's fields, and those are no numbers.
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,
}
PICKLED = "it holds Python objects, which are never loaded"


def load_npy(name: str, span: Span, max_elements: int) -> Array:
    """The array of a .npy file beside the model. Raises GradError for a path that leads outside."""
    folder = Path(span.source.name).parent.resolve()
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise GradError(
                f'file("{name}") is outside the model\'s folder', span, kind="unreadable-file"
            )
        if path.exists() and not path.is_file():
            raise GradError(f'file("{name}") is not a file', span, kind="unreadable-file")
        with path.open("rb") as file:
            return _npy(file, f'file("{name}")', max_elements).value
    except GradError as error:
        raise GradError(error.message, error.span or span, error.hint, kind=error.kind) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "it is looked for beside the model" if isinstance(error, FileNotFoundError) else None
        raise GradError(f'file("{name}"): {reason}', span, hint, kind="unreadable-file") from None
    except RuntimeError:  # what pathlib makes of links in a circle
        raise GradError(
            f'file("{name}"): its links lead round in a circle', span, kind="unreadable-file"
        ) from None


def shape_in(name: str, span: Span, max_elements: int = 10**8) -> tuple[int, ...]:
    """The shape of the array of a .npy file beside the model. Raises GradError as load_npy does."""
    return load_npy(name, span, max_elements).shape


def load_npz(path: Path, max_elements: int, untyped: str = "") -> dict[str, Stored]:
    """The arrays of a .npz file. untyped: the type of two bytes that NumPy has no name for."""
    import zipfile  # for this alone: it costs start-up

    check_regular(str(path))
    found: dict[str, Stored] = {}
    taken = 0
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:
            raise GradError(
                f"{path}: not a readable .npz file ({first_line(error)})", kind="bad-data"
            ) from error
        members = archive.infolist()
        keys = keys_of([info.filename.removesuffix(".npy") for info in members], str(path))
        for key, info in zip(keys, members, strict=True):
            found[key] = _member(archive, info, f"{path}: {key}", max_elements, taken, untyped)
            taken += found[key].value.size
    return found


def _member(
    archive: ZipFile, info: ZipInfo, what: str, most: int, taken: int, untyped: str
) -> Stored:
    if info.flag_bits & ENCRYPTED:
        raise GradError(f"{what}: it can't be read (it is encrypted)", kind="bad-data")
    try:
        with archive.open(info) as file:
            return _npy(file, what, most, taken, untyped)
    except (GradError, MemoryError):
        raise
    except Exception as error:  # cut, compressed in an unknown way, or broken
        raise GradError(
            f"{what}: it can't be read ({first_line(error)})", kind="bad-data"
        ) from error


def _npy(file: IO[bytes], what: str, most: int, taken: int = 0, untyped: str = "") -> Stored:
    """An array in .npy form. Raises GradError, also beyond `most` elements with those `taken`."""
    shape, fortran, dtype = _header(file, what)
    size = math.prod(shape)
    if dtype.hasobject:
        raise GradError(f"{what}: {PICKLED}", kind="bad-data")
    if taken + size > most:
        also = " with those before it" if taken else ""
        raise GradError(
            f"{what} has more than {most:,} elements{also}",
            hint="--max-elements raises the limit",
            kind="too-large",
        )
    unnamed = dtype == np.dtype("V2")  # what NumPy makes of bfloat16, a type of other libraries
    if dtype.kind not in "fiu" and not (unnamed and untyped == BFLOAT16):
        hint = "--dtype bfloat16, if they are numbers of that type" if unnamed else None
        raise GradError(f"{what}: {REAL}", hint=hint, kind="bad-data")
    if not size:
        raise GradError(f"{what}: the array is empty", kind="bad-data")
    raw = _read(file, size * dtype.itemsize, what)
    with np.errstate(all="ignore"):  # a longer number may be beyond a float
        flat = widened(raw) if unnamed else np.frombuffer(raw, dtype).astype(float, copy=False)
    value = flat.reshape(shape, order="F" if fortran else "C")
    return Stored(value, BFLOAT16 if unnamed else dtype.name)


def _header(file: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """The shape, whether it lies in Fortran's order, and the type, by NumPy's own reader."""
    start = file.read(12)
    try:
        wide = 2 if start[6:7] == b"\1" else 4
        length = 8 + wide + int.from_bytes(start[8 : 8 + wide], "little")
        head = BytesIO(start + file.read(max(0, min(length, MOST_HEADER) - len(start))))
        version = np.lib.format.read_magic(head)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            shape, fortran, dtype = HEADERS[version](head)
    except Exception as error:
        reason = PICKLED if start[:1] == b"\x80" else "it is no readable .npy file"
        raise GradError(f"{what}: {reason}", kind="bad-data") from error
    if len(shape) > NESTING or any(n < 0 for n in shape):
        raise GradError(f"{what}: an array of that shape can't be", kind="bad-data")
    return shape, fortran, dtype


def _read(file: IO[bytes], size: int, what: str) -> bytearray:
    """So many bytes, and the end of the file. Memory is taken for what is there alone."""
    raw = bytearray()
    while piece := file.read(min(PIECE, size + 1 - len(raw))):
        raw += piece
    if len(raw) != size:
        fault = f"ends after {len(raw):,} of" if len(raw) < size else "goes on after"
        raise GradError(
            f"{what}: it {fault} the {size:,} bytes that its header promises", kind="bad-data"
        )
    return raw
