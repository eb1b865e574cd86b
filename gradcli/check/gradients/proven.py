"""Which gradients of a session are proven: exact evaluation beside the numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from gradcli.check.elsewhere import own_sizes, spelled, together
from gradcli.check.gradients.result import FAIL, PASS, REFUTATION, Result
from gradcli.check.gradients.surrogates import surrogates
from gradcli.ops.core import Array
from gradcli.proof.gradients import prove_gradients
from gradcli.proof.restricted import restricted
from gradcli.proof.verdict import LOG_LEAST, PROVEN, REFUTED, UNDECIDED, Proof, undecided
from gradcli.session import Session

# The model with some dims changed. Raises GradError where these sizes do not go.
Resize: TypeAlias = Callable[[Mapping[str, int]], Session]

SURROGATE = "a surrogate, whose rule is on purpose no derivative"
SHORT = 8  # digits of a number from which on it is drawn, as an input is
MOST_NAMED = 5


def proofs(session: Session, names: Sequence[str], seed: int = 0) -> dict[str, Proof]:
    """What exact evaluation says of the derivatives by some names, on the branches that the
    session's values take.
    """
    if surrogates(session):
        return dict.fromkeys(names, undecided(SURROGATE))
    program = session.program
    near = {item.name: session.inputs[item.name] for item in program.inputs}
    stated = {item.name for item in program.inputs if item.role == "const"}
    kept = restricted(program, {name for name in stated if _short(near[name])})
    return prove_gradients(session.derivation, near, session.given, kept, seed, names)


def _short(value: Array) -> bool:
    """Whether a constant is a mask, a label, an index: its numbers have few digits."""
    every = np.unique(value).tolist()
    return all(len(re.sub(r"e.*|[.-]", "", repr(v)).strip("0")) < SHORT for v in every)


def proven_elsewhere(
    results: Sequence[Result], session: Session, resize: Resize, seed: int = 0
) -> Iterator[Result]:
    """Results of which those that are proven say at which sizes they are; and at which not."""
    names = [r.name for r in results if r.proof is not None and r.proof.verdict == PROVEN]
    own = own_sizes(session.program)
    found = together(session.program, resize) if names and own else None
    if found is None:
        yield from results
        return
    sizes, there = found
    told = proofs(there, names, seed)
    for result in results:
        proof = told.get(result.name)
        if proof is None:
            yield result
        elif proof.verdict == PROVEN:
            yield result._replace(sizes=(own, sizes))
        else:
            not_at = sizes if proof.verdict == REFUTED else None
            yield result._replace(sizes=(own,), not_at=not_at)


def with_proof(result: Result, proof: Proof) -> Result:
    """A result with its proof: what is refuted fails, however little it is off."""
    result = result._replace(proof=proof)
    if proof.verdict != REFUTED or result.verdict == FAIL:
        return result
    message = (
        "exact arithmetic refutes it: along a random direction, the derivative of what is "
        "computed is another"
    )
    return result._replace(verdict=FAIL, reason=REFUTATION, message=message)


def notes(results: Sequence[Result]) -> Iterator[str]:
    """How sure the proofs are, at which sizes, and what is not proven for which reason."""
    proven = [r for r in results if r.proof and r.proof.bound is not None]
    if proven:
        bound = max(r.proof.bound for r in proven if r.proof and r.proof.bound is not None)
        free = [r.sizes for r in proven if r.not_at is None]
        shared = [sizes for sizes in free[0] if all(sizes in some for some in free)] if free else ()
        where = " and ".join(f"at {spelled(sizes)}" for sizes in shared)
        chance = f"2^{math.ceil(max(bound, LOG_LEAST))}"
        yield f"proven: but for a chance below {chance}{where and ', ' + where}"
    alone: dict[str, list[str]] = {}
    for result in results:
        if result.not_at is not None:
            alone.setdefault(spelled(result.not_at), []).append(f"dL/d{result.name}")
    for where, names in alone.items():
        yield f"right at these sizes alone, not at {where}: {', '.join(names[:MOST_NAMED])}"
    for reason, names in _undecided(results).items():
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield f"not proven, {', '.join(names[:MOST_NAMED])}{more}: {reason}"


def _undecided(results: Sequence[Result]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for result in results:
        open_ = result.proof is not None and result.proof.verdict == UNDECIDED
        if result.proof is not None and open_ and result.verdict == PASS:
            found.setdefault(str(result.proof.reason), []).append(f"dL/d{result.name}")
    return found
