"""The keywords that the methods of a model share, checked: they are the options of the command."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeAlias, TypedDict, TypeVar

from gradcli.errors import GradError, GradErrors
from gradcli.request import Request

if TYPE_CHECKING:
    from gradcli.check.gradients.numeric import Options
    from gradcli.check.gradients.outside import Stated

Layout: TypeAlias = Literal["numerator", "denominator"]
Accumulate: TypeAlias = Literal["auto", "always"]
Mode: TypeAlias = Literal["reverse", "forward", "both"]
# Arrays by name: of NumPy, nested lists, numbers, or what NumPy makes an array of; or a file.
Arrays: TypeAlias = Mapping[str, Any]
Data: TypeAlias = Arrays | str | os.PathLike[str]
Target: TypeAlias = Literal["numpy", "torch", "jax", "python"]
Oracle: TypeAlias = Literal["torch", "jax", "autograd"]
Precision: TypeAlias = Literal["float64", "float32", "bfloat16", "float16"]
Progress: TypeAlias = Callable[[int, int], None]
Names: TypeAlias = str | Iterable[str]

LAYOUTS = ("numerator", "denominator")
ORACLES = ("torch", "jax", "autograd")
ACCUMULATE = ("auto", "always")
TARGETS = ("numpy", "torch", "jax", "python")
MODES = ("reverse", "forward", "both")
PRECISIONS = ("float64", "float32", "bfloat16", "float16")
MAX_ELEMENTS = 10**8


class Against(TypedDict, total=False):
    """The keywords of `Model.against`."""

    complete: bool
    cost: bool
    finite_diff: bool
    complex_step: bool
    budget: float | None
    dtype: Precision | None
    rtol: float | None
    atol: float | None
    data: Data | None
    dims: Mapping[str, int] | None
    seed: int
    layout: Layout | None
    wrt: Names
    max_elements: int
    progress: Progress | None


P = ParamSpec("P")
T = TypeVar("T")


def raising_one(function: Callable[P, T]) -> Callable[P, T]:
    """Raise GradError alone: where several things are wrong, the first with the others in it."""

    @wraps(function)
    def found(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except GradErrors as several:
            raise several.as_one().with_traceback(None) from None

    return found


def request(
    data: Data | None,
    dims: Mapping[str, int] | None,
    seed: int,
    layout: str | None,
    max_elements: int,
    wrt: Names = (),
    accumulate: str = "auto",
    compact: bool = False,
) -> Request:
    """What is asked for. Raises GradError for a value that an option can't have."""
    return Request(
        dims={name: whole(f"dims: {name}", size) for name, size in (dims or {}).items()},
        data=data if data is None or isinstance(data, Mapping) else Path(data),
        seed=whole("seed", seed, 0),
        layout=None if layout is None else one_of("layout", layout, LAYOUTS),
        wrt=names([wrt] if isinstance(wrt, str) else wrt),
        accumulate=one_of("accumulate", accumulate, ACCUMULATE),
        max_elements=whole("max_elements", max_elements, 1),
        compact=compact,
    )


def checking(
    *,
    finite_diff: bool,
    complex_step: bool,
    budget: float | None,
    seed: int,
    points: int = 1,
    steps: bool = False,
) -> Options:
    """How to check. Raises GradError for a value that an option can't have."""
    from gradcli.check.gradients import numeric

    if budget is not None and not budget >= 0:
        raise GradError(f"budget is a number of seconds, not {budget!r}", kind="bad-option")
    method = numeric.BOTH
    if finite_diff != complex_step:
        method = numeric.FINITE if finite_diff else numeric.COMPLEX
    return numeric.Options(method, whole("points", points, 1), steps, budget, seed)


def stated(dtype: str | None, rtol: float | None, atol: float | None) -> Stated:
    """What is said of outside numbers. Raises GradError for a value that an option can't have."""
    from gradcli.check.gradients.outside import Stated

    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance is not None and not 0 <= tolerance < math.inf:
            raise GradError(f"{name} is a number from 0 on, not {tolerance!r}", kind="bad-option")
    known = None if dtype is None else one_of("dtype", dtype, PRECISIONS)
    return Stated(known, rtol, atol)


def whole(what: str, value: Any, least: int | None = None) -> int:
    """A whole number, of any type that is one. Raises GradError."""
    try:
        number = operator.index(value)
    except TypeError:
        raise GradError(f"{what} is a whole number, not {value!r}", kind="bad-option") from None
    if least is not None and number < least:
        raise GradError(f"{what} is {least} or more, not {number}", kind="bad-option")
    return number


def one_of(what: str, value: Any, known: tuple[str, ...]) -> str:
    """One of some words. Raises GradError."""
    if value not in known:
        raise GradError(
            f"{what} is {' or '.join(map(repr, known))}, not {value!r}", kind="bad-option"
        )
    return str(value)


def names(texts: Iterable[str]) -> list[str]:
    """Names between commas; a comma inside brackets, h[1, 2], is part of a name."""
    found, depth = [""], 0
    for c in ",".join(texts):
        depth += (c == "[") - (c == "]")
        if c == "," and depth == 0:
            found.append("")
        else:
            found[-1] += c
    return [", ".join(part.strip() for part in name.split(",")) for name in found if name.strip()]
