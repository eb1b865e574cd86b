"""Arrays from files: .npz, .npy and .json. A header is judged before its numbers are read.

Nothing is ever unpickled. What a foreign file holds may fail in every way that its decoders know;
each ends in one error that says in which file, and for which name in it.
"""

from __future__ import annotations

import json
import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.errors import GradError, Span
from gradcli.files import read_file
from gradcli.ops.core import Array

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
MOST_JSON = 32 * 2**20  # bytes; larger arrays come in .npz
NESTING = 32
MOST_HEADER = 10_000  # bytes
PIECE = 2**20  # bytes read at once
# Version 3 differs from 2 in the names of a record's fields, and those are no numbers.
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
    (3, 0): np.lib.format.read_array_header_2_0,
}
REAL = "an array of real numbers is expected"
PICKLED = "it holds Python objects, which are never loaded"


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
    keys = _keys([str(name) for name in data], called)
    found = {}
    for key, value in zip(keys, data.values(), strict=True):
        what = f"{called}: {key}"
        array = _limited(_from_python(value, what), what, max_elements)
        found[key] = array.copy()  # what its owner does with it changes no result
    return found


def load_data(path: Path, max_elements: int) -> dict[str, Array]:
    """The arrays of a .npz or .json file, by name. Raises GradError."""
    try:
        if path.suffix == ".npz":
            return _load_npz(path, max_elements)
        if path.suffix == ".json":
            return _from_json(path, read_file(str(path), MOST_JSON), max_elements)
    except OSError as error:
        raise GradError(
            f"{path}: {(error.strerror or str(error)).lower()}", kind="unreadable-file"
        ) from None
    raise GradError(f"{path}: data comes in .npz or .json files", kind="bad-data")


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
            return _npy(file, f'file("{name}")', max_elements)
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


# ── .npz and .npy ──


def _load_npz(path: Path, max_elements: int) -> dict[str, Array]:
    import zipfile  # for this alone: it costs start-up

    if not path.is_file():
        raise GradError(
            f"{path}: {'not a file' if path.exists() else 'no such file'}", kind="unreadable-file"
        )
    found: dict[str, Array] = {}
    taken = 0
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:
            raise GradError(
                f"{path}: not a readable .npz file ({_first_line(error)})", kind="bad-data"
            ) from error
        members = archive.infolist()
        keys = _keys([info.filename.removesuffix(".npy") for info in members], str(path))
        for key, info in zip(keys, members, strict=True):
            found[key] = _member(archive, info, f"{path}: {key}", max_elements, taken)
            taken += found[key].size
    return found


def _member(archive: ZipFile, info: ZipInfo, what: str, most: int, taken: int) -> Array:
    try:
        with archive.open(info) as file:
            return _npy(file, what, most, taken)
    except (GradError, MemoryError):
        raise
    except Exception as error:  # encrypted, cut, compressed in an unknown way, or broken
        raise GradError(
            f"{what}: it can't be read ({_first_line(error)})", kind="bad-data"
        ) from error


def _npy(file: IO[bytes], what: str, most: int, taken: int = 0) -> Array:
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
    if dtype.kind not in "fiu":
        raise GradError(f"{what}: {REAL}", kind="bad-data")
    if not size:
        raise GradError(f"{what}: the array is empty", kind="bad-data")
    flat = np.frombuffer(_read(file, size * dtype.itemsize, what), dtype)
    with np.errstate(all="ignore"):  # a longer number may be beyond a float
        return flat.astype(float, copy=False).reshape(shape, order="F" if fortran else "C")


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


# ── .json ──


def _from_json(path: Path, raw: bytes, max_elements: int) -> dict[str, Array]:
    try:
        document = json.loads(
            raw,
            parse_constant=_no_constant,
            parse_float=_number,
            parse_int=_number,
            object_pairs_hook=_Object,
        )
    except (ValueError, RecursionError) as error:
        raise GradError(f"{path}: not valid JSON ({_first_line(error)})", kind="bad-data") from None
    if not isinstance(document, _Object):
        raise GradError(
            f"{path}: an object of names and arrays is expected",
            hint='{"W": [[1, 2], [3, 4]]}',
            kind="bad-data",
        )
    keys = _keys([key for key, _ in document.pairs], str(path))
    found = {}
    for key, (_, value) in zip(keys, document.pairs, strict=True):
        what = f"{path}: {key}"
        found[key] = _limited(_array(value, what), what, max_elements)
    return found


class _Object(NamedTuple):
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


# ── from Python ──


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
            f"{what}: NumPy can't make an array of it ({_first_line(error)})", kind="bad-data"
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


# ── what all share ──


def _limited(array: Array, what: str, max_elements: int) -> Array:
    if array.size > max_elements:
        raise GradError(f"{what} has more than {max_elements:,} elements", kind="too-large")
    return array


def _keys(names: Sequence[str], where: str) -> list[str]:
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


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
