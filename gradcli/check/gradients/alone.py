"""A model's own operations, each checked alone: its stated rule against its forward definition."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcli.check.gradients.checker import Checker, Clock
from gradcli.check.gradients.points import shaken
from gradcli.check.gradients.proven import proofs, with_proof
from gradcli.check.gradients.result import Result
from gradcli.check.gradients.summary import merged
from gradcli.errors import GradError
from gradcli.evaluate import backward, forward
from gradcli.program import Input, Program, Step
from gradcli.proof.verdict import Proof, weakest
from gradcli.session import Session
from gradcli.sizes import Number
from gradcli.transform.reverse import derive
from gradcli.transform.vjp import gains

POINTS = 3
OUT = "out"


def check_ops(session: Session, method: str, seed: int) -> Iterator[Result]:
    """Each operation that the model defines and uses, one result for each of its operands."""
    seen: set[int] = set()
    for step in session.program.steps:
        op = step.call.op
        if op.body is None or op.surrogate or id(step.call) in seen:
            continue
        seen.add(id(step.call))
        found: dict[str, Result] = {}
        proven: dict[str, list[Proof]] = {}
        for number in range(POINTS):
            try:
                at = _alone(session, step, seed, number)
            except GradError:
                continue
            clock = Clock(None, 0, lambda done, total: None)
            checker = Checker(at, method, clock, seed)
            for name, proof in proofs(at, at.derivation.wrt, seed).items():
                proven.setdefault(name, []).append(proof)
            for name in at.derivation.wrt:
                result = checker.result(name)._replace(role="op", point=number + 1)
                found[name] = merged(found.get(name), result)
        for name, result in found.items():
            told = with_proof(result, weakest(proven[name]))
            yield told._replace(name=f"{step.call.op.name}: {name}")


def _alone(session: Session, step: Step, seed: int, number: int) -> Session:
    """A session of one step: at the model's values, and near them. Raises GradError."""
    op, call = step.call.op, step.call
    whole = session.program
    args: list[str | Number] = []
    inputs, values = [], {}
    operands = zip(op.operands, step.args, call.signature.shapes, gains(step).operands, strict=True)
    for operand, arg, shape, gain in operands:
        if not isinstance(arg, str):
            args.append(arg)
            continue
        args.append(operand)
        value = session.values[arg]
        if gain is None:  # it is const: a mask, say, which stays as it is
            inputs.append(Input(operand, "const", shape, None, step.place))
            values[operand] = value
            continue
        inputs.append(Input(operand, "input", shape, None, step.place))
        values[operand] = value if number == 0 else shaken(value, seed + number)
    shapes = {item.name: item.shape for item in inputs} | {OUT: call.shape}
    program = Program(
        source=whole.source,
        sizes=whole.sizes,
        layout=whole.layout,
        inputs=tuple(inputs),
        steps=(Step(OUT, call, tuple(args), step.place),),
        shapes=shapes,
        families={},
        loss=None,
        given=(Input(OUT, "given", call.shape, None, step.place),),
        loops=(),
        notes=(),
    )
    derivation = derive(program, layout=session.derivation.layout)
    computed = forward(program, values)
    rng = np.random.default_rng([seed, number, 17])
    given = {OUT: rng.normal(size=computed[OUT].shape)}
    passed = backward(derivation, computed, given)
    return Session(program, values, given, derivation, computed, passed, ())
