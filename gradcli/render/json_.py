"""The derivation as one JSON document, or as records one a line.

A record is text from the start: most of one is the same for all steps of a kind, and is written
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from gradcli.foreign import dumps, quoted
from gradcli.ops.core import Array
from gradcli.render.arrays import TOLD, json_number, show_shape, show_symbols
from gradcli.render.diagnostics import place
from gradcli.request import BOTH, FORWARD, NOTHING, REVERSE, Besides
from gradcli.session import Session
from gradcli.sizes import Shape
from gradcli.syntax.ast import Place
from gradcli.transform.reify import OWN, Row
from gradcli.transform.reverse import displayed
from gradcli.version import __version__

if TYPE_CHECKING:
    from gradcli.views.tangents import Forward

SCHEMA_VERSION = 1
MOST_RECENT = 32  # texts of arrays
Tell: TypeAlias = Callable[[Array, Shape], str]


def document(
    session: Session,
    precision: int | None = None,
    values: str = "all",
    found: Forward | None = None,
    mode: str = REVERSE,
    told: Besides = NOTHING,
) -> Iterator[str]:
    """The JSON document in pieces, one record a line.

    values: what is told of each array: "all" of it, its norm ("norms") or its shape alone ("none").
    found: the forward mode, where `mode` has it.
    """
    tell = _teller(precision, values)
    head = dumps(_head(session, mode, told))
    yield head[:-1]
    for name, records in _lists(session, tell, found, mode, told):
        yield f',\n"{name}": ['
        separator = "\n"
        for record in records:
            yield separator + record
            separator = ",\n"
        yield "]"
    for name, pairs in _maps(session, tell, found, mode):
        yield f',\n"{name}": {{'
        separator = "\n"
        for key, record in pairs:
            yield f"{separator}{quoted(key)}: {record}"
            separator = ",\n"
        yield "}"
    yield "}\n"


RECORD_TYPES = {
    "tangents": "tangent",
    "sums": "sum",
    "inputs": "input",
    "outputs": "output",
    "directions": "direction",
    "gradients": "gradient",
}  # the others are called as their lists are


def records(
    session: Session,
    precision: int | None = None,
    values: str = "all",
    found: Forward | None = None,
    mode: str = REVERSE,
    told: Besides = NOTHING,
) -> Iterator[str]:
    """The same records one a line, each with its type."""
    tell = _teller(precision, values)

    yield dumps({"type": "model", **_head(session, mode, told)}) + "\n"
    for name, entries in _lists(session, tell, found, mode, told):
        kind = quoted(RECORD_TYPES.get(name, name))
        for entry in entries:
            yield f'{{"type": {kind}, {entry[1:]}\n'
    for name, pairs in _maps(session, tell, found, mode):
        kind = quoted(RECORD_TYPES.get(name, name))
        for key, record in pairs:
            yield f'{{"type": {kind}, "name": {quoted(key)}, {record[1:]}\n'


def _teller(precision: int | None, values: str) -> Tell:
    """What becomes of the entries of an array."""
    told = TOLD[values]
    return lambda array, shape: told(array, shape, precision)


def _head(session: Session, mode: str, told: Besides) -> dict[str, Any]:
    program = session.program
    cost: dict[str, Any] = {}
    if told.cost:
        from gradcli.render import compact

        cost = {"cost": compact.cost_json(session)}
    if told.saved:
        from gradcli.render import saved

        cost["saved"] = saved.record(session, told.memory)
    return {
        "schema_version": SCHEMA_VERSION,
        "gradcli_version": __version__,
        "source": program.source.name,
        "layout": session.derivation.layout,
        **({} if mode == REVERSE else {"mode": mode}),
        "dims": {name: size.value for name, size in program.sizes.dims.items()},
        "loss": program.loss,
        "notes": [note.message for note in session.notes],
        **cost,
    }


def _lists(
    session: Session, tell: Tell, found: Forward | None, mode: str, told: Besides
) -> Iterator[tuple[str, Iterator[str]]]:
    yield "forward", _forward(session, tell)
    if found is not None:
        yield "tangents", _tangents(found, tell)
    if mode != FORWARD:
        yield "backward", _backward(session, tell, told)
    if mode == BOTH and found is not None:
        yield "sums", _sums(found)


def _forward(session: Session, tell: Tell) -> Iterator[str]:
    program = session.program

    @cache  # the steps of a loop stand at one place
    def stands(at: Place) -> str:
        span = program.span(at)
        around = span.statement()
        if around is None:  # a step of a derivation that is derived again
            return ""
        return _more({"place": place(span)._asdict(), "statement": place(around)._asdict()})

    for number, step in enumerate(program.steps, 1):
        name, call, _, at, _ = step
        args = ", ".join([quoted(arg) for arg in step.operands()])
        yield (
            f'{{"eq": {number}, "name": {quoted(name)}, "op": "{call.op.name}", "args": [{args}]'
            f', "text": {quoted(step.text)}{stands(at)}'
            f"{_shapes(call.shape)}{tell(session.values[name], call.shape)}}}"
        )


def _backward(session: Session, tell: Tell, told: Besides) -> Iterator[str]:
    derivation = session.derivation
    layout = derivation.layout
    besides = _besides(session, told)
    recent: dict[tuple[int, Shape], str] = {}  # lines that pass a derivative on have one array

    def derivative(value: Array, shape: Shape) -> str:
        found = recent.get((id(value), shape))
        if found is None:
            if len(recent) > MOST_RECENT:
                recent.clear()
            found = recent[id(value), shape] = _derivative(value, shape, layout, tell)
        return found

    for number, (row, value) in enumerate(
        zip(derivation.rows, session.backward.listed, strict=True), 1
    ):
        eq = f', "eq": {row.eq}' if row.eq else ""
        own = ', "own": true' if row.operand == OWN else ""
        shape = row.contribution.shape
        yield (
            f'{{"step": {number}{eq}, "target": {quoted(derivation.target(row))}'
            f', "assign": "{row.assign}", "formula": {quoted(derivation.formula(row))}{own}'
            f"{next(besides, '')}{_loops(row)}"
            + (_shapes(displayed(shape, layout)) if value is None else derivative(value, shape))
            + "}"
        )


def _loops(row: Row) -> str:
    """The loops that a line stands in, and the ranges that its formula is summed over."""
    if not row.loops and not row.over:
        return ""
    found = {"loops": row.loops, "sums": row.over}
    return _more(
        {
            key: [{"variable": run.variable, "first": run.first, "last": run.last} for run in runs]
            for key, runs in found.items()
            if runs
        }
    )


def _besides(session: Session, told: Besides) -> Iterator[str]:
    """What is told of each line besides; nothing where nothing is asked for, nor proven."""
    if not (told.why or told.cost or session.derivation.literal):
        return
    from gradcli.render.compact import proofs_json, ways_json
    from gradcli.views.cost import of_rows

    rows = session.derivation.rows
    ways = ways_json(session) if told.why else ([] for _ in rows)
    counts = of_rows(session.derivation) if told.cost else [None for _ in rows]
    for flops, way, proof in zip(counts, ways, proofs_json(session), strict=True):
        cost = {} if flops is None else {"flops": int(flops.value)}
        yield _more({**cost, **proof, **({"why": way} if way else {})})


def _tangents(found: Forward, tell: Tell) -> Iterator[str]:
    for number, row in enumerate(found.tangents.rows, 1):
        step = found.step(row)
        yield (
            f'{{"step": {number}, "eq": {row.eq}, "target": {quoted(step.name)}'
            f', "name": {quoted(found.name(step.name))}, "formula": {quoted(found.formula(row))}'
            f"{_array(found.value(step.name), step.call.shape, tell)}}}"
        )


def _sums(found: Forward) -> Iterator[str]:
    from gradcli.views.tangents import sums

    for one in sums(found):
        terms = [{"formula": text, "value": json_number(value, None)} for text, value in one.terms]
        yield dumps(
            {
                "mode": one.mode,
                "terms": terms,
                "sum": json_number(one.total, None),
                "operations": one.operations,
            }
        )


def _maps(
    session: Session, tell: Tell, found: Forward | None, mode: str
) -> Iterator[tuple[str, Iterator[tuple[str, str]]]]:
    program, layout = session.program, session.derivation.layout
    shapes = program.shapes
    roles = {item.name: item.role for item in program.inputs}

    def short(array: Array, shape: Shape) -> str:
        return f'"shape": {show_shape(shape)}{tell(array, shape)}}}'

    yield (
        "inputs",
        (
            (item.name, f'{{"role": "{item.role}", {short(session.inputs[item.name], item.shape)}')
            for item in program.inputs
        ),
    )
    yield (
        "given",
        (
            (
                item.name,
                "{" + short(turn(session.given[item.name], layout), displayed(item.shape, layout)),
            )
            for item in program.given
        ),
    )
    yield (
        "outputs",
        ((name, "{" + short(session.values[name], shapes[name])) for name in program.outputs()),
    )
    if found is not None:
        yield (
            "directions",
            ((name, "{" + short(array, shapes[name])) for name, array in found.directions.items()),
        )
    if mode == FORWARD:
        return

    def total(name: str) -> str:
        return _derivative(session.backward.totals[name], shapes[name], layout, tell)

    yield (
        "gradients",
        (
            (
                name,
                f'{{"role": "{roles.get(name, "step")}"{total(name)}}}',
            )
            for name in session.derivation.wrt
        ),
    )


def turn(array: Array, layout: str) -> Array:
    """A derivative as its layout shows it: the numerator layout has the axes in reverse."""
    return array.T if layout == "numerator" else array


def _derivative(array: Array, shape: Shape, layout: str, tell: Tell) -> str:
    return _array(turn(array, layout), displayed(shape, layout), tell)


def _array(array: Array, shape: Shape, tell: Tell) -> str:
    return f"{_shapes(shape)}{tell(array, shape)}"


@cache  # many records have one shape
def _shapes(shape: Shape) -> str:
    return _more({"shape": show_shape(shape), "symbolic_shape": show_symbols(shape)})


def _more(fields: dict[str, Any]) -> str:
    """Fields behind others of a JSON object."""
    return f", {dumps(fields)[1:-1]}" if fields else ""
