"""`grad(L, x)`: the backward steps from a scalar to what it is computed from, as equations.

They are the steps of the derivation of the equations so far, so that they may be used, printed,
checked and differentiated like all others.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.errors import Note
from gradcli.forms import Member
from gradcli.interpret import interpret
from gradcli.lower.env import Env
from gradcli.lower.operands import value
from gradcli.lower.scope import Family, Item, Ref
from gradcli.ops import TABLE
from gradcli.program import NOWHERE, Input, Program, Step
from gradcli.sizes import Number, Shape, is_scalar, spell
from gradcli.syntax.ast import Place
from gradcli.transform.downstream import downstream
from gradcli.transform.reverse import derive

NAME = "grad"
HINT = "grad(L, x), for a scalar L and a quantity x that it is computed from"


def gradient(
    env: Env, keywords: tuple[str | None, ...], items: Sequence[Item], place: Place
) -> Ref:
    """The gradient of a scalar by a quantity, in the quantity's own shape, whatever the layout.

    Raises GradError where it is no gradient of a scalar by a quantity.
    """
    if len(items) != 2 or any(keywords):
        raise env.error("grad takes a scalar and a quantity", place, HINT, kind="bad-arguments")
    of = value(env, items[0], place)
    if isinstance(items[1], Family):
        member = next(iter(items[1].members.values())).name
        raise env.error(
            f"{items[1].name} is a family: grad goes by one member",
            place,
            f"grad(…, {member})",
            kind="bad-arguments",
        )
    by = value(env, items[1], place)
    if isinstance(of, Number) or isinstance(by, Number):
        raise env.error(
            "a number is no quantity: grad has nothing to go by", place, HINT, kind="bad-arguments"
        )
    if not is_scalar(of.shape):
        raise env.error(
            f"grad takes a scalar, and {of.name} is {spell(of.shape)}",
            place,
            f"sum({of.name}) is one",
            kind="bad-arguments",
        )
    env.listing.uses = None  # what stands here rests on all steps before
    between = downstream(env.listing.steps, [by.name], {of.name})
    if not between and of.name != by.name:
        note = f"{of.name} is not computed from {by.name}: this gradient is 0"
        env.listing.notes.setdefault(place, Note(note, env.text.span(place)))
        return env.emit(TABLE["zeros"], (), (("sizes", by.shape),), place)
    return _emitted(env, _program(env, between, of, by), by, place)


def _program(env: Env, steps: Sequence[Step], of: Ref, by: Ref) -> Program:
    """The steps between the two as a program, whose loss is the scalar."""
    made = {step.name for step in steps}
    shapes: dict[str, Shape] = {by.name: by.shape}
    for step in steps:
        operands = zip(step.args, step.call.signature.shapes, strict=True)
        shapes |= {arg: shape for arg, shape in operands if isinstance(arg, str)}
        shapes[step.name] = step.call.shape
    inputs = [Input(n, "input", s, None, NOWHERE) for n, s in shapes.items() if n not in made]
    return Program(
        source=env.text.source,
        sizes=env.text.sizes,
        layout="denominator",
        inputs=tuple(inputs),
        steps=tuple(steps),
        shapes=shapes,
        families={},
        loss=of.name,
        given=(),
        loops=(),
        notes=(),
    )


def _emitted(env: Env, program: Program, by: Ref, place: Place) -> Ref:
    """The backward steps, appended; the last of them is the gradient."""
    derivation = derive(program, (by.name,))
    known: dict[str, Ref | Number] = {
        name: Ref(name, shape) for name, shape in program.shapes.items()
    }
    known |= _lettered(env, program)

    def emitted(step: Step, items: list[Ref | Number]) -> Ref | Number:
        if step.call.op.copies and isinstance(items[0], Ref):
            return items[0]  # the same quantity, which needs no second name
        return env.emit(step.call.op, items, step.call.attrs, place)

    interpret(derivation.reified.steps, known, emitted, lambda number: number)
    found = known[derivation.reified.totals[by.name]]
    assert isinstance(found, Ref)
    return found


def _lettered(env: Env, program: Program) -> dict[str, Ref]:
    """The quantities that this iteration uses, with a letter for its index."""
    suffix = env.frame.suffix
    if not suffix:
        return {}
    found: dict[str, Ref] = {}
    for step in program.steps:
        if step.rolled is None or not step.name.endswith(suffix):
            continue
        names = zip((step.name, *step.args), (step.rolled.name, *step.rolled.args), strict=True)
        for name, letters in names:
            if isinstance(name, str) and isinstance(letters, Member):
                found[name] = Ref(name, program.shapes[name], letters)
    return found
