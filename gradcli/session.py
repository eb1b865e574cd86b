"""The pipeline behind every command: a model file to its program, its values and its derivation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.errors import GradError, GradErrors, Note, Span
from gradcli.files import STDIN, read_file
from gradcli.request import Request
from gradcli.syntax import Parsed, read, read_source

if TYPE_CHECKING:
    from gradcli.derive import Derivation
    from gradcli.evaluate import Backward
    from gradcli.ops.core import Array
    from gradcli.program import Program

MAX_BYTES = 8 * 2**20


class Session(NamedTuple):
    """A model with its values and its derivation, computed."""

    program: Program
    inputs: dict[str, Array]
    given: dict[str, Array]
    derivation: Derivation
    values: dict[str, Array]
    backward: Backward
    notes: tuple[Note, ...]


def parse_file(path: str, start: str = "model") -> Parsed:
    """A file's statements; its syntax errors are in the result. Raises GradError."""
    source = read_source(STDIN if path == "-" else path, read_file(path, MAX_BYTES))
    if not source.text.strip():
        raise GradError("the file is empty", Span(source, 1, 1))
    parsed = read(source, start)
    if parsed.errors and not parsed.statements:
        raise GradErrors(parsed.errors)
    return parsed


def load(path: str, request: Request) -> tuple[Program, dict[str, Array]]:
    """A model file as a program, and the data bound to it. Raises GradError or GradErrors."""
    parsed = parse_file(path)
    # NumPy is imported only now, so that a file of syntax errors alone is reported without it.
    from gradcli.data import load_data
    from gradcli.lower import Options, lower

    data: dict[str, Any] = load_data(request.data, request.max_elements) if request.data else {}
    program = lower(parsed, Options(request.dims, data, request.max_elements, request.rolled))
    return program, data


def run(path: str, request: Request) -> Session:
    """Derive a model file and compute both passes. Raises GradError or GradErrors."""
    program, data = load(path, request)
    return compute(program, data, request)


def compute(program: Program, data: Mapping[str, Array], request: Request) -> Session:
    """Derive a program and compute both passes. Raises GradError."""
    from gradcli.derive import derive
    from gradcli.evaluate import backward, forward
    from gradcli.values import materialise

    found = materialise(program, data, request.seed)
    derivation = derive(program, request.wrt, request.accumulate, request.layout)
    values = forward(program, found.inputs)
    passed = backward(derivation, values, found.given)
    notes = (*program.notes, *_not_finite(program, values, passed))
    return Session(program, found.inputs, found.given, derivation, values, passed, notes)


def _not_finite(
    program: Program, values: Mapping[str, Array], backward: Backward
) -> Iterator[Note]:
    """A note on the first value, and on the first gradient, that is inf or nan."""
    from gradcli.values import non_finite

    name = non_finite(values, values)
    if name is not None:
        step = next((s for s in program.steps if s.name == name), None)
        yield Note(f"{name} is not finite", program.span(step.at) if step else None)
    elif (name := non_finite(backward.totals, backward.totals)) is not None:
        yield Note(f"dL/d{name} is not finite")
