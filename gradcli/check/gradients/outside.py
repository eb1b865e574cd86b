"""Gradients that another program computed, against the model's own forward pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradcli.check.gradients import judge
from gradcli.check.gradients.checker import Checker, Clock, Progress
from gradcli.check.gradients.explain import Explainer
from gradcli.check.gradients.judge import Tolerance
from gradcli.check.gradients.numeric import Options
from gradcli.check.gradients.precision import DOUBLE, FORMATS, SINGLE, Format, rounding
from gradcli.check.gradients.result import FAIL, PASS, TRANSPOSE, WRONG, Report, Result
from gradcli.data.arrays import stored
from gradcli.data.common import Stored
from gradcli.errors import GradError
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.record import Record
from gradcli.request import Request
from gradcli.session import Session, compute
from gradcli.sizes import Shape, numbers
from gradcli.suggest import nearest
from gradcli.transform.reverse import displayed
from gradcli.values import GIVEN

CALLED = "the mapping"  # what errors call gradients that are no file
# How much coarser single precision is: what rounding does grows by as much.
COARSER = SINGLE.epsilon / DOUBLE.epsilon


class Stated(Record):
    """What a person says of the numbers: their format, and what may differ all the same."""

    dtype: str | None = None
    rtol: float | None = None
    atol: float | None = None

    @property
    def insists(self) -> bool:
        return self.rtol is not None or self.atol is not None


class Outside(Record):
    """A derivative from elsewhere, in its variable's own shape.

    turned: whether it came transposed. precision: the format that its numbers have.
    """

    value: Array
    turned: bool
    precision: Format


def check_gradients(
    program: Program,
    data: Mapping[str, Array],
    outside: Path | Mapping[str, Any],
    request: Request,
    options: Options,
    progress: Progress,
    says: Stated | None = None,
) -> tuple[Session, Report]:
    """A program's gradients in a file or a mapping, checked. Raises GradError."""
    says = says or Stated()
    layout = request.layout or program.layout
    where, holder = (str(outside), "file") if isinstance(outside, Path) else (CALLED, "mapping")
    arrays = stored(outside, request.max_elements, CALLED, says.dtype or "")
    found = gradients(program, arrays, layout, where, says.dtype)
    session = compute(program, data, request._replace(wrt=tuple(found)))
    entries = sum(each.value.size for each in found.values())
    clock = Clock(options.budget, entries, progress, len(found))
    judged = Judging(Checker(session, options.method, clock, options.seed), found, says)
    results = tuple(judged.result(name, layout) for name in found)
    notes = [f"the gradients in {where}, read in {layout} layout"]
    notes += _on_digits(found, says)
    missing = [
        item.name for item in program.inputs if item.role != "const" and item.name not in found
    ]
    if missing:
        notes.append(f"not in the {holder}: {', '.join(missing)}")
    report = Report(program.source.name, layout, options.method, results, notes=tuple(notes))
    return session, report


def _on_digits(found: Mapping[str, Outside], says: Stated) -> Iterable[str]:
    """What is to be known of the numbers' precision, and of what they are judged by."""
    if says.insists:
        relative, absolute = (f"{each or 0:g}" for each in (says.rtol, says.atol))
        yield f"right is what differs by at most {absolute} + {relative} of the larger, as asked"
        return
    formats = {each.precision for each in found.values()}
    if SINGLE in formats:
        yield (
            "their numbers have single precision: no mistake of 1/10,000 of an entry passes, "
            "and what rounding may hide is inconclusive"
        )
    for few in (each for each in FORMATS.values() if each in formats and _is_half(each)):
        names = [f"dL/d{name}" for name, each in found.items() if each.precision == few]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield (
            f"{', '.join(names[:5])}{more}: judged by what the model's own evaluation in "
            f"{few.name} makes of them"
        )


def _is_half(precision: Format) -> bool:
    return precision.digits < SINGLE.digits


def gradients(
    program: Program,
    named: Mapping[str, Stored],
    layout: str,
    where: str,
    dtype: str | None = None,
) -> dict[str, Outside]:
    """Arrays by name, W or dL/dW, as derivatives. Raises GradError."""
    found = {}
    for key, array in named.items():
        name = key.removeprefix(GIVEN)
        if name not in program.shapes:
            raise GradError(
                f"{where}: the model has no `{name}`",
                hint=nearest(name, program.shapes),
                kind="bad-data",
            )
        own = program.shapes[name]
        precision = _format(array, dtype)
        value, turned = _own_shape(array.value, own, layout, f"{where}: dL/d{name}")
        found[name] = Outside(value, turned, precision)
    if not found:
        raise GradError(f"{where}: no gradient is in it", kind="bad-data")
    return found


def _format(array: Stored, dtype: str | None) -> Format:
    """The format of numbers: the coarser of what their file says and what a person says.

    Where a file says double precision, or nothing, the numbers show whether they had it.
    """
    stored_as = FORMATS.get(array.dtype, DOUBLE)
    if stored_as == DOUBLE and dtype is None and SINGLE.holds(array.value):
        stored_as = SINGLE
    said = FORMATS[dtype] if dtype else stored_as
    return min(stored_as, said, key=lambda each: each.digits)


def _own_shape(array: Array, shape: Shape, layout: str, what: str) -> tuple[Array, bool]:
    """An array in a variable's own shape, and whether it came transposed. Raises GradError."""
    own, shown = numbers(shape), numbers(displayed(shape, layout))
    if array.size == 1 and np.prod(own) == 1:
        return array.reshape(own), False
    if array.shape == shown:
        return array.T if layout == "numerator" else array, False
    if array.shape == shown[::-1]:
        return array if layout == "numerator" else array.T, True
    if array.ndim == 1 and len(own) == 2 and array.size == max(own) and min(own) == 1:
        return array.reshape(own), False
    have, wanted = ("×".join(map(str, some)) or "a scalar" for some in (array.shape, shown))
    raise GradError(f"{what} is {have}, but in {layout} layout it is {wanted}", kind="bad-data")


class Judging:
    """The verdicts on derivatives from elsewhere, each by what its numbers can show."""

    def __init__(self, checker: Checker, found: Mapping[str, Outside], says: Stated) -> None:
        self.checker = checker
        self.found = found
        self.says = says
        self._bounds: dict[Format, dict[str, Array]] = {}

    def result(self, name: str, layout: str) -> Result:
        value, turned, precision = self.found[name]
        bounds = self._rounding(precision)
        bound, tolerance = bounds.get(name, np.zeros(value.shape)), self._tolerance(precision)
        if precision == SINGLE and not self.says.insists:
            bound = np.maximum(bound, SINGLE.epsilon * np.abs(value))
        result = self.checker.result(name, value, bound, tolerance)
        if not turned:
            theirs = {other: each.value for other, each in self.found.items()}
            explainer = Explainer(self.checker.session, theirs, bounds)
            return explainer.explained(result, precision, tolerance)
        right = result.verdict == PASS
        values = "apart from that it is right" if right else "its values differ too"
        return result._replace(
            verdict=FAIL,
            reason=WRONG,
            message=f"it is transposed, in {layout} layout; {values}",
            remark="yours is the transpose of what is expected" if right else "",
            diagnosis=TRANSPOSE,
        )

    def _tolerance(self, precision: Format) -> Tolerance:
        if self.says.insists:
            return judge.stated(self.says.rtol or 0.0, self.says.atol or 0.0)
        if _is_half(precision):
            return judge.half(precision.epsilon)
        return judge.SINGLE if precision == SINGLE else judge.DOUBLE

    def _rounding(self, precision: Format) -> dict[str, Array]:
        """What rounding does to each derivative of the session, in a format."""
        if precision not in self._bounds:
            totals = self.checker.noise.totals
            if self.says.insists:
                totals = {name: np.zeros_like(each) for name, each in totals.items()}
            elif precision == SINGLE:
                totals = {name: COARSER * each for name, each in totals.items()}
            elif _is_half(precision):
                session = self.checker.session
                totals = rounding(session, totals, precision, self.checker.seed)
            self._bounds[precision] = totals
        return self._bounds[precision]
