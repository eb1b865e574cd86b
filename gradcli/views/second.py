"""Second derivatives: the backward pass as equations of a model, which is derived again."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NamedTuple

from gradcli.data.arrays import arrays
from gradcli.errors import GradError, Note
from gradcli.evaluate import arrived, backward, forward
from gradcli.ops.core import Array
from gradcli.program import NOWHERE, Input, Program, Step, verify
from gradcli.request import Request
from gradcli.session import Session, shortened
from gradcli.sizes import numbers
from gradcli.suggest import some_of, suggestion
from gradcli.transform.reify import prefix
from gradcli.transform.reverse import derive
from gradcli.values import draw, fit
from gradcli.views.jacobian import Jacobian, between, only
from gradcli.views.tangents import STANDARD


class Hessian(NamedTuple):
    """The second derivatives of a scalar by the entries of a quantity, which is symmetric.

    `matrix` is the Jacobian of its gradient, which stands under the name `gradient`.
    """

    matrix: Jacobian
    of: str
    wrt: str
    gradient: str


STEM = "g"  # g_W is dL/dW


def twice(session: Session, vector: Path | Mapping[str, Any] | None, request: Request) -> Session:
    """The session of the Hessian times a vector: the backward pass of <dL/dW, v>.

    vector: an array for each name of the session's wrt, in its own shape; None for drawn ones.
    Raises GradError for one that does not fit.
    """
    wrt = session.derivation.wrt
    given = _vectors(session, arrays(vector, request.max_elements, "vector"), request.seed)
    program, names = doubled(session)
    outputs = [Input(names[n], "given", program.shapes[names[n]], None, NOWHERE) for n in wrt]
    program = program._replace(given=tuple(outputs))
    verify(program)
    inputs = dict(session.inputs)
    arriving = session.derivation.reified.arriving
    for item, name in zip(session.program.given, arriving, strict=True):
        inputs[names[name]] = session.given[item.name]
    derivation = derive(program, wrt, request.accumulate, session.derivation.layout)
    arriving_now = {names[n]: given[n] for n in wrt}
    extra: tuple[Note, ...] = ()
    if request.compact:
        derivation, extra = shortened(derivation, arrived(derivation, inputs, arriving_now), inputs)
    values = forward(program, inputs)
    passed = backward(derivation, values, arriving_now)
    shown = ", ".join(f"{names[n]} is dL/d{n}" for n in wrt[:4]) + ("; …" if len(wrt) > 4 else "")
    note = Note(f"{shown}; the derivatives are those of its product with the vector: H v")
    notes = (*session.notes, note, *extra)
    return Session(program, inputs, arriving_now, derivation, values, passed, notes)


def doubled(session: Session) -> tuple[Program, dict[str, str]]:
    """Both passes as one model, whose derivatives have names of their own; and these names.

    They stand under the names of the derivatives and, for those that are wanted, of the variables.
    """
    reified = session.derivation.reified
    whole, before = reified.program, prefix(session.program)
    stem = STEM
    while any(name.startswith(f"{stem}_") for name in session.program.shapes):
        stem += STEM
    names: dict[str, str] = {}
    for name in whole.shapes:
        if name in session.program.shapes:
            continue
        of = name.removeprefix(before)
        if of != name:
            names[name] = f"{stem}_{of.removesuffix(chr(39))}"
    for item, name in zip(session.program.given, reified.arriving, strict=True):
        names[name] = f"{stem}0_{item.name}"
    steps = [
        Step(
            names.get(step.name, step.name),
            step.call,
            tuple([names.get(a, a) if isinstance(a, str) else a for a in step.args]),
            step.place,
            step.rolled if step.name not in names else None,
        )
        for step in whole.steps
    ]
    inputs = [
        item._replace(name=names[item.name], role="const") if item.name in names else item
        for item in whole.inputs
    ]
    made = whole._replace(
        inputs=tuple(inputs),
        steps=tuple(steps),
        shapes={names.get(name, name): shape for name, shape in whole.shapes.items()},
        given=(),
        loss=None,
    )
    names |= {n: names[reified.totals[n]] for n in session.derivation.wrt}
    return made, names


def _vectors(session: Session, stated: Mapping[str, Array], seed: int) -> dict[str, Array]:
    wrt, shapes = session.derivation.wrt, session.program.shapes
    for name in stated:
        if name not in wrt:
            where = "the model has" if name not in shapes else "--wrt names"
            raise GradError(
                f"--vector: {where} no `{name}`",
                hint=suggestion(name, wrt) or f"--wrt names {some_of(wrt)}",
                kind="bad-data",
            )
    for name in wrt:
        if stated and name not in stated:
            raise GradError(
                f"--vector: there is none for {name}",
                hint="--wrt names what the Hessian is by",
                kind="bad-data",
            )
    return {
        name: fit(stated[name], numbers(shapes[name]), name, "--vector")
        if stated
        else draw(STANDARD, numbers(shapes[name]), f"vector of {name}", seed)
        for name in wrt
    }


def hessian(
    session: Session, wrt: str | None, written: AbstractSet[str], request: Request
) -> Hessian:
    """The Hessian by one quantity: the Jacobian of its gradient. Raises GradError."""
    of = session.program.loss if not session.program.given else None
    wrt = only(session.program, "--wrt", wrt, session.derivation.wrt)
    one = session._replace(
        derivation=derive(session.program, (wrt,), "auto", session.derivation.layout)
    )
    whole = twice(one, None, request)
    gradient = whole.program.given[0].name
    shown = whole._replace(notes=session.notes)
    found = between(shown, whole.program, gradient, wrt, written, request.max_elements)
    return Hessian(found, of or "L", wrt, gradient)
