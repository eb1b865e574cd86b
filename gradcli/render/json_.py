"""The derivation as one JSON document, or as records one a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from gradcli.foreign import dumps
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
Tell: TypeAlias = Callable[[Array, Shape], dict[str, Any]]


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
            yield separator + dumps(record)
            separator = ",\n"
        yield "]"
    for name, pairs in _maps(session, tell, found, mode):
        yield f',\n"{name}": {{'
        separator = "\n"
        for key, record in pairs:
            quoted = dumps(key)
            yield f"{separator}{quoted}: {dumps(record)}"
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

    def line(kind: str, record: dict[str, Any]) -> str:
        return dumps({"type": kind, **record}) + "\n"

    yield line("model", _head(session, mode, told))
    for name, entries in _lists(session, tell, found, mode, told):
        for entry in entries:
            yield line(RECORD_TYPES.get(name, name), entry)
    for name, pairs in _maps(session, tell, found, mode):
        for key, record in pairs:
            yield line(RECORD_TYPES.get(name, name), {"name": key, **record})


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
) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    yield "forward", _forward(session, tell)
    if found is not None:
        yield "tangents", _tangents(found, tell)
    if mode != FORWARD:
        yield "backward", _backward(session, tell, told)
    if mode == BOTH and found is not None:
        yield "sums", _sums(found)


def _forward(session: Session, tell: Tell) -> Iterator[dict[str, Any]]:
    program = session.program

    @cache  # the steps of a loop stand at one place
    def stands(at: Place) -> dict[str, Any]:
        span = program.span(at)
        around = span.statement()
        if around is None:  # a step of a derivation that is derived again
            return {}
        return {"place": place(span)._asdict(), "statement": place(around)._asdict()}

    for number, step in enumerate(program.steps, 1):
        yield {
            "eq": number,
            "name": step.name,
            "op": step.call.op.name,
            "args": list(step.operands()),
            "text": step.text,
            **stands(step.place),
            **_array(session.values[step.name], step.call.shape, tell),
        }


def _backward(session: Session, tell: Tell, told: Besides) -> Iterator[dict[str, Any]]:
    derivation = session.derivation
    besides = _besides(session, told)
    for number, (row, value) in enumerate(
        zip(derivation.rows, session.backward.listed, strict=True), 1
    ):
        yield {
            "step": number,
            **({"eq": row.eq} if row.eq else {}),
            "target": derivation.target(row),
            "assign": row.assign,
            "formula": derivation.formula(row),
            **({"own": True} if row.operand == OWN else {}),
            **next(besides, {}),
            **_loops(row),
            **(
                _shapes(displayed(row.contribution.shape, derivation.layout))
                if value is None
                else _derivative(value, row.contribution.shape, derivation.layout, tell)
            ),
        }


def _loops(row: Row) -> dict[str, Any]:
    """The loops that a line stands in, and the ranges that its formula is summed over."""
    found = {"loops": row.loops, "sums": row.over}
    return {
        key: [{"variable": run.variable, "first": run.first, "last": run.last} for run in runs]
        for key, runs in found.items()
        if runs
    }


def _besides(session: Session, told: Besides) -> Iterator[dict[str, Any]]:
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
        yield {**cost, **proof, **({"why": way} if way else {})}


def _tangents(found: Forward, tell: Tell) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(found.tangents.rows, 1):
        step = found.step(row)
        yield {
            "step": number,
            "eq": row.eq,
            "target": step.name,
            "name": found.name(step.name),
            "formula": found.formula(row),
            **_array(found.value(step.name), step.call.shape, tell),
        }


def _sums(found: Forward) -> Iterator[dict[str, Any]]:
    from gradcli.views.tangents import sums

    for one in sums(found):
        terms = [{"formula": text, "value": json_number(value, None)} for text, value in one.terms]
        yield {
            "mode": one.mode,
            "terms": terms,
            "sum": json_number(one.total, None),
            "operations": one.operations,
        }


def _maps(
    session: Session, tell: Tell, found: Forward | None, mode: str
) -> Iterator[tuple[str, Iterator[tuple[str, dict[str, Any]]]]]:
    program, layout = session.program, session.derivation.layout
    shapes = program.shapes
    roles = {item.name: item.role for item in program.inputs}

    def short(array: Array, shape: Shape) -> dict[str, Any]:
        return {"shape": show_shape(shape), **tell(array, shape)}

    yield (
        "inputs",
        (
            (item.name, {"role": item.role, **short(session.inputs[item.name], item.shape)})
            for item in program.inputs
        ),
    )
    yield (
        "given",
        (
            (
                item.name,
                short(turn(session.given[item.name], layout), displayed(item.shape, layout)),
            )
            for item in program.given
        ),
    )
    yield (
        "outputs",
        ((name, short(session.values[name], shapes[name])) for name in program.outputs()),
    )
    if found is not None:
        yield (
            "directions",
            ((name, short(array, shapes[name])) for name, array in found.directions.items()),
        )
    if mode == FORWARD:
        return
    yield (
        "gradients",
        (
            (
                name,
                {
                    "role": roles.get(name, "step"),
                    **_derivative(session.backward.totals[name], shapes[name], layout, tell),
                },
            )
            for name in session.derivation.wrt
        ),
    )


def turn(array: Array, layout: str) -> Array:
    """A derivative as its layout shows it: the numerator layout has the axes in reverse."""
    return array.T if layout == "numerator" else array


def _derivative(array: Array, shape: Shape, layout: str, tell: Tell) -> dict[str, Any]:
    return _array(turn(array, layout), displayed(shape, layout), tell)


def _array(array: Array, shape: Shape, tell: Tell) -> dict[str, Any]:
    return {**_shapes(shape), **tell(array, shape)}


@cache  # many records have one shape
def _shapes(shape: Shape) -> dict[str, Any]:
    return {"shape": show_shape(shape), "symbolic_shape": show_symbols(shape)}
