"""The pipeline behind every command: a model file to its program, its values and its derivation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gradcli.errors import GradError, GradErrors, Note, Span
from gradcli.files import STDIN, read_file
from gradcli.record import Record
from gradcli.request import Request
from gradcli.syntax import Parsed, read, read_source

if TYPE_CHECKING:
    from gradcli.compact.loops.derivation import Known
    from gradcli.evaluate import Backward
    from gradcli.ops.core import Array
    from gradcli.program import Program
    from gradcli.transform.reverse import Derivation

MOST_NAMED = 8  # derivatives in a note
MAX_BYTES = 8 * 2**20


class Session(Record):
    """A model with its values and its derivation, computed."""

    program: Program
    inputs: dict[str, Array]
    given: dict[str, Array]
    derivation: Derivation
    values: dict[str, Array]
    backward: Backward
    notes: tuple[Note, ...]


def parse_file(path: str, start: str = "model", loss: str | None = None) -> Parsed:
    """A file's statements; its syntax errors are in the result. Raises GradError.

    start: "model" or "derivation". loss: what a derivation's model calls it.
    """
    return _parse(STDIN if path == "-" else path, read_file(path, MAX_BYTES), start, loss)


def parse_text(name: str, text: str, start: str = "model", loss: str | None = None) -> Parsed:
    """The statements of a text that is known by a name; the same otherwise."""
    raw = text.encode("utf-8", "surrogatepass")  # which is not valid UTF-8: an error with a place
    if len(raw) > MAX_BYTES:
        raise GradError(f"{name}: larger than {MAX_BYTES // 2**20} MiB", kind="too-large")
    return _parse(name, raw, start, loss)


def _parse(name: str, raw: bytes, start: str, loss: str | None) -> Parsed:
    source = read_source(name, raw)
    if not source.text.strip():
        line = "y = W @ x" if start == "model" else "dL/dW = x @ dL/dy"
        raise GradError(
            "the file is empty", Span(source, 1, 1), f"a line says {line}", kind="empty-file"
        )
    parsed = read(source, start, loss)
    if parsed.errors and not parsed.statements:
        raise GradErrors(parsed.errors)
    return parsed


def load(path: str, request: Request) -> tuple[Program, dict[str, Array]]:
    """A model file as a program, and the data bound to it. Raises GradError or GradErrors."""
    return bind(parse_file(path), request)


def bind(parsed: Parsed, request: Request) -> tuple[Program, dict[str, Array]]:
    """A model as a program, and the data bound to it. Raises GradError or GradErrors."""
    # NumPy is imported only now, so that a file of syntax errors alone is reported without it.
    from gradcli.data.arrays import arrays
    from gradcli.data.npy import shape_in
    from gradcli.lower import Options, lower

    most = request.max_elements
    data: dict[str, Any] = arrays(request.data, most)
    options = Options(request.dims, data, most, partial(shape_in, max_elements=most))
    return lower(parsed, options), data


def run(path: str, request: Request) -> Session:
    """Derive a model file and compute both passes. Raises GradError or GradErrors."""
    return derive(parse_file(path), request)


def derive(parsed: Parsed, request: Request) -> Session:
    """Derive a model and compute both passes. Raises GradError or GradErrors."""
    program, data = bind(parsed, request)
    return compute(program, data, request)


def compute(program: Program, data: Mapping[str, Array], request: Request) -> Session:
    """Derive a program and compute both passes. Raises GradError."""
    from gradcli.evaluate import arrived, backward, forward
    from gradcli.transform.reverse import derive
    from gradcli.values import materialise

    found = materialise(program, data, request.seed)
    derivation = derive(program, request.wrt, request.accumulate, request.layout)
    extra: tuple[Note, ...] = ()
    if request.compact:
        point = arrived(derivation, found.inputs, found.given)
        shorter = partial(_shorter, derivation, request)
        derivation, extra = shortened(derivation, point, data, shorter)
    values = forward(program, found.inputs)
    passed = backward(derivation, values, found.given)
    notes = (*program.notes, *extra, *_not_finite(program, values, passed))
    return Session(program, found.inputs, found.given, derivation, values, passed, notes)


def shortened(
    derivation: Derivation,
    values: Mapping[str, Array],
    bound: Collection[str],
    shorter: Callable[[], Iterable[Known]] = tuple,
) -> tuple[Derivation, tuple[Note, ...]]:
    """The compact form of a derivation, or the derivation itself, and what is to be said of it.

    The arguments are those of `compact.derivation.compact`.
    """
    from gradcli.compact.derivation import Compact, Looped, compact

    found = compact(derivation, values, bound, shorter)
    if not isinstance(found, Compact | Looped):
        return found, (Note("no shorter form was found; these are the steps one by one"),)
    rests = [f"the compact form rests on this: {fact}" for fact in found.rests]
    for reason, names in found.unproven.items():
        some = ", ".join([f"dL/d{name}" for name in names[:MOST_NAMED]])
        some += " …" if len(names) > MOST_NAMED else ""
        rests.append(f"{some} compared with the steps at points, not proven: {reason}")
    return found, tuple(map(Note, rests))


def _shorter(derivation: Derivation, request: Request) -> Iterator[Known]:
    """A model with loops of a few iterations, at which its compact form is proven."""
    from gradcli.compact.loops.shorter import shorter
    from gradcli.evaluate import arrived
    from gradcli.transform.reverse import derive
    from gradcli.values import materialise

    source = derivation.program.source
    for less in shorter(derivation.program):
        asked = request._replace(dims={**request.dims, **less.dims})
        try:
            small, data = bind(parse_text(source.name, less.text), asked)
            found = materialise(small, data, request.seed)
            other = derive(small, request.wrt, request.accumulate, request.layout)
            yield other, arrived(other, found.inputs, found.given), data, less.numbers
        except (GradError, GradErrors):
            continue


def _not_finite(
    program: Program, values: Mapping[str, Array], backward: Backward
) -> Iterator[Note]:
    """A note on the first value, and on the first gradient, that is inf or nan."""
    from gradcli.values import non_finite

    name = non_finite(values, values)
    if name is not None:
        step = next((s for s in program.steps if s.name == name), None)
        yield Note(f"{name} is not finite", program.span(step.place) if step else None)
    elif (name := non_finite(backward.totals, backward.totals)) is not None:
        yield Note(f"dL/d{name} is not finite")
