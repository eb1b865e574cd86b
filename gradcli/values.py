"""The values of a program's inputs: from data, the file, or drawn from the seed and the name."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gradcli.errors import GradError, Span
from gradcli.evaluate import run
from gradcli.files import read_file
from gradcli.ops.core import Array
from gradcli.program import Drawn, FromFile, Input, Program
from gradcli.sizes import numbers
from gradcli.suggest import suggestion

SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
GIVEN = "dL/d"
MOST_JSON = 32 * 2**20  # bytes; larger arrays come in .npz


class Values(NamedTuple):
    """Arrays by name, each in its variable's own shape: the inputs', and what is given."""

    inputs: dict[str, Array]
    given: dict[str, Array]


def materialise(program: Program, data: Mapping[str, Array], seed: int) -> Values:
    """Every input's value. Raises GradError for data that does not fit the program."""
    _check_names(program, data)
    inputs = {item.name: _value(program, item, item.name, data, seed) for item in program.inputs}
    given = {
        item.name: _value(program, item, GIVEN + item.name, data, seed) for item in program.given
    }
    return Values(inputs, given)


def _check_names(program: Program, data: Mapping[str, Array]) -> None:
    known = {item.name for item in program.inputs} | set(program.sizes.dims)
    known |= {GIVEN + item.name for item in program.given}
    for name in data:
        if name in known:
            continue
        if name in program.families:
            members = program.families[name]
            raise GradError(
                f"--data: {name} is a family",
                hint=f'bind its members: "{members[0]}", …',
                kind="bad-data",
            )
        if name in program.shapes:
            raise GradError(f"--data: {name} is computed, so it can't be bound", kind="bad-data")
        raise GradError(
            f"--data: the model has no `{name}`", hint=suggestion(name, known), kind="bad-data"
        )


def _value(program: Program, item: Input, key: str, data: Mapping[str, Array], seed: int) -> Array:
    shape = numbers(item.shape)
    if key in data:
        return fit(data[key], shape, key, "--data")
    if isinstance(item.value, FromFile):
        array = load_npy(item.value.path, program.span(item.value.place), 10**18)
        return fit(array, shape, key, item.value.path)
    if isinstance(item.value, Program):
        with np.errstate(all="ignore"):
            return run(item.value.steps, {})["value"].reshape(shape)
    drawn = item.value or Drawn("normal", (0.0, 1.0))
    return draw(drawn, shape, key, seed)


def draw(drawn: Drawn, shape: tuple[int, ...], key: str, seed: int) -> Array:
    """An array from the seed and the name alone, so that no other declaration changes it."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:16], "big"))
    first, second = drawn.parameters
    if drawn.distribution == "uniform":
        return generator.uniform(first, second, shape)
    return generator.normal(first, second, shape)


def fit(array: Array, shape: tuple[int, ...], name: str, where: str) -> Array:
    """An array in a declared shape; a flat list may stand for a column. Raises GradError."""
    if array.shape == shape or (array.size == 1 and math.prod(shape) == 1):
        return array.reshape(shape)
    if array.ndim == 1 and shape == (array.shape[0], 1):
        return array.reshape(shape)
    wanted = "×".join(map(str, shape))
    found = "×".join(map(str, array.shape)) if array.ndim > 1 else f"a list of {array.size}"
    hint = "it looks transposed" if array.shape == shape[::-1] else None
    raise GradError(
        f"{where}: {name} is {found}, but the model has {wanted}", hint=hint, kind="bad-data"
    )


# ── files ──


def load_data(path: Path, max_elements: int) -> dict[str, Array]:
    """The arrays of a .npz or .json file, by name. Raises GradError; nothing is ever unpickled."""
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


def _load_npz(path: Path, max_elements: int) -> dict[str, Array]:
    import zipfile  # for this alone: it costs start-up

    try:
        if not path.is_file():
            raise GradError(
                f"{path}: {'not a file' if path.exists() else 'no such file'}",
                kind="unreadable-file",
            )
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > 8 * max_elements + 2**20:
                raise GradError(
                    f"{path}: more than {max_elements:,} elements",
                    hint="--max-elements raises the limit",
                    kind="too-large",
                )
        with np.load(path, allow_pickle=False) as archive:
            return {_member(n): _checked(archive[n], f"{path}: {n}") for n in archive.files}
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        raise GradError(
            f"{path}: not a readable .npz file ({_first_line(error)})", kind="bad-data"
        ) from None


def _from_json(path: Path, raw: bytes, max_elements: int) -> dict[str, Array]:
    try:
        document = json.loads(raw, parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise GradError(f"{path}: not valid JSON ({_first_line(error)})", kind="bad-data") from None
    if not isinstance(document, dict):
        raise GradError(
            f"{path}: an object of names and arrays is expected",
            hint='{"W": [[1, 2], [3, 4]]}',
            kind="bad-data",
        )
    found = {}
    for name, value in document.items():
        array = _array(value, f"{path}: {name}")
        if array.size > max_elements:
            raise GradError(
                f"{path}: {name} has more than {max_elements:,} elements", kind="too-large"
            )
        found[_member(name)] = array
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r} stands there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f'{name} is not JSON; write "{name.replace("Infinity", "inf").lower()}"')


def _member(name: str) -> str:
    """A member's key as outputs write it: h[1,2] is h[1, 2]."""
    base, bracket, rest = name.partition("[")
    if not bracket:
        return name
    return base + "[" + ", ".join(part.strip() for part in rest.split(",")) if rest else name


def _array(value: Any, what: str) -> Array:
    try:
        array = np.asarray(_special(value))
    except RecursionError:
        raise GradError(f"{what}: its lists nest too deep", kind="bad-data") from None
    except ValueError:
        raise GradError(f"{what}: its rows differ in length", kind="bad-data") from None
    return _checked(array, what)


def _special(value: Any) -> Any:
    if isinstance(value, str):
        return SPECIAL.get(value, value)
    if isinstance(value, list) and any(isinstance(entry, str | list) for entry in value):
        return [_special(entry) for entry in value]
    return value


def _checked(array: Array, what: str) -> Array:
    """An array of real numbers as floats. Raises GradError."""
    if array.dtype.kind not in "fiu":
        raise GradError(f"{what}: an array of real numbers is expected", kind="bad-data")
    if array.size == 0:
        raise GradError(f"{what}: the array is empty", kind="bad-data")
    return array.astype(float, copy=False)


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
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(mapped, np.ndarray):
            raise GradError(f'file("{name}") is not a .npy file', span, kind="bad-data")
        if mapped.size > max_elements:
            raise GradError(
                f'file("{name}") has more than {max_elements:,} elements', span, kind="too-large"
            )
        return _checked(np.array(mapped), f'file("{name}")')
    except GradError as error:
        raise GradError(error.message, error.span or span, error.hint, kind=error.kind) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "it is looked for beside the model" if isinstance(error, FileNotFoundError) else None
        raise GradError(f'file("{name}"): {reason}', span, hint, kind="bad-data") from None
    except (ValueError, EOFError) as error:
        raise GradError(
            f'file("{name}"): {_unreadable(path, error)}', span, kind="unreadable-file"
        ) from None


def shape_in(name: str, span: Span, max_elements: int = 10**8) -> tuple[int, ...]:
    """The shape of the array of a .npy file beside the model. Raises GradError as load_npy does."""
    return load_npy(name, span, max_elements).shape


def _unreadable(path: Path, error: Exception) -> str:
    """Why a file is not taken as an array."""
    with path.open("rb") as file:
        pickled = file.read(1) == b"\x80"
    if pickled or "Python objects" in str(error):
        return "it holds Python objects, which are never loaded"
    return "it is no readable .npy file"


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def non_finite(values: Mapping[str, Array], names: Iterable[str]) -> str | None:
    """The first of some names whose value is not finite everywhere."""
    return next((name for name in names if not np.isfinite(values[name]).all()), None)
