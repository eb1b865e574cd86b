"""Gradients that another program computed, against the model's own forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.gradients.checker import Checker, Clock, Progress
from gradcli.check.gradients.judge import DOUBLE, SINGLE
from gradcli.check.gradients.numeric import Options
from gradcli.check.gradients.result import FAIL, PASS, WRONG, Report, Result
from gradcli.data.arrays import arrays
from gradcli.errors import GradError
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.request import Request
from gradcli.session import Session, compute
from gradcli.sizes import Shape, numbers
from gradcli.suggest import suggestion
from gradcli.transform.reverse import displayed
from gradcli.values import GIVEN

CALLED = "the mapping"  # what errors call gradients that are no file
# How much coarser single precision is: what rounding does grows by as much.
COARSER = float(np.finfo(np.float32).eps / np.finfo(np.float64).eps)


class Outside(NamedTuple):
    """A derivative from elsewhere, in its variable's own shape.

    turned: whether it came transposed. single: whether its numbers are of single precision.
    """

    value: Array
    turned: bool
    single: bool


def check_gradients(
    program: Program,
    data: Mapping[str, Array],
    outside: Path | Mapping[str, Any],
    request: Request,
    options: Options,
    progress: Progress,
) -> tuple[Session, Report]:
    """A program's gradients in a file or a mapping, checked. Raises GradError."""
    layout = request.layout or program.layout
    where, holder = (str(outside), "file") if isinstance(outside, Path) else (CALLED, "mapping")
    found = gradients(program, arrays(outside, request.max_elements, CALLED), layout, where)
    session = compute(program, data, request._replace(wrt=tuple(found)))
    entries = sum(each.value.size for each in found.values())
    clock = Clock(options.budget, entries, progress, len(found))
    checker = Checker(session, options.method, clock, options.seed)
    results = tuple(_result(checker, name, each, layout) for name, each in found.items())
    notes = [f"the gradients in {where}, read in {layout} layout"]
    if any(each.single for each in found.values()):
        notes.append(
            "their numbers have single precision: no mistake of 1/10,000 of an entry passes, "
            "and what rounding may hide is inconclusive"
        )
    missing = [
        item.name for item in program.inputs if item.role != "const" and item.name not in found
    ]
    if missing:
        notes.append(f"not in the {holder}: {', '.join(missing)}")
    report = Report(program.source.name, layout, options.method, results, notes=tuple(notes))
    return session, report


def gradients(
    program: Program, named: Mapping[str, Array], layout: str, where: str
) -> dict[str, Outside]:
    """Arrays by name, W or dL/dW, as derivatives. Raises GradError."""
    found = {}
    for key, array in named.items():
        name = key.removeprefix(GIVEN)
        if name not in program.shapes:
            raise GradError(
                f"{where}: the model has no `{name}`",
                hint=suggestion(name, set(program.shapes)),
                kind="bad-data",
            )
        found[name] = _outside(array, program.shapes[name], layout, f"{where}: dL/d{name}")
    if not found:
        raise GradError(f"{where}: no gradient is in it", kind="bad-data")
    return found


def _outside(array: Array, shape: Shape, layout: str, what: str) -> Outside:
    """An array in a variable's own shape. Raises GradError."""
    own, shown = numbers(shape), numbers(displayed(shape, layout))
    single = bool(np.all(array.astype(np.float32).astype(float) == array))
    if array.size == 1 and np.prod(own) == 1:
        return Outside(array.reshape(own), False, single)
    if array.shape == shown:
        return Outside(array.T if layout == "numerator" else array, False, single)
    if array.shape == shown[::-1]:
        return Outside(array if layout == "numerator" else array.T, True, single)
    if array.ndim == 1 and len(own) == 2 and array.size == max(own) and min(own) == 1:
        return Outside(array.reshape(own), False, single)
    have, wanted = ("×".join(map(str, some)) or "a scalar" for some in (array.shape, shown))
    raise GradError(f"{what} is {have}, but in {layout} layout it is {wanted}", kind="bad-data")


def _result(checker: Checker, name: str, outside: Outside, layout: str) -> Result:
    rounding = checker.noise.totals.get(name, np.zeros(outside.value.shape))
    tolerance = SINGLE if outside.single else DOUBLE
    if outside.single:
        rounding = np.maximum(COARSER * rounding, np.finfo(np.float32).eps * np.abs(outside.value))
    result = checker.result(name, outside.value, rounding, tolerance)
    if not outside.turned:
        return result
    values = "apart from that it is right" if result.verdict == PASS else "its values differ too"
    return result._replace(
        verdict=FAIL,
        reason=WRONG,
        message=f"it is transposed, in {layout} layout; {values}",
        remark="yours is the transpose of what is expected" if result.verdict == PASS else "",
    )
