"""A session cut where rules are on purpose no derivatives, so that all else can be checked.

What a surrogate gives is held still, as an input is, and what its rule adds to its operands'
derivatives is a weight on them in the objective. The gradients of that objective are those of the
derivation, with the surrogates' own rules taken as they are stated.
"""

from __future__ import annotations

from gradcli.ops.core import Array
from gradcli.program import Input, Step
from gradcli.session import Session
from gradcli.transform.reify import OWN


def surrogates(session: Session) -> list[Step]:
    return [step for step in session.program.steps if step.call.op.surrogate]


def cut(session: Session) -> Session:
    """The session without its surrogates: their results are inputs, their rules' values given."""
    held = surrogates(session)
    if not held:
        return session
    program = session.program
    inputs = [Input(step.name, "const", step.call.shape, None, step.place) for step in held]
    names = {step.name for step in held}
    return session._replace(
        program=program._replace(
            inputs=(*program.inputs, *inputs),
            steps=tuple(step for step in program.steps if step.name not in names),
        ),
        inputs={**session.inputs, **{name: session.values[name] for name in names}},
        given=_given(session, names),
    )


def _given(session: Session, names: set[str]) -> dict[str, Array]:
    """What arrives at each output, and what the surrogates' rules add at their operands."""
    found = dict(session.given)
    derivation = session.derivation
    for row, value in zip(derivation.rows, session.backward.values, strict=True):
        if row.operand == OWN or derivation.step(row).name not in names:
            continue
        added = 0.0 * session.values[row.target]
        area = added[tuple(part.slice() for part in row.region or ())]  # a view
        area += value.reshape(area.shape)
        found[row.target] = found.get(row.target, 0.0) + added
    return found
