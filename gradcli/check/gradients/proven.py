"""Which gradients of a session are proven: exact evaluation beside the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gradcli.check.gradients.result import FAIL, PASS, REFUTATION, Result
from gradcli.check.gradients.surrogates import surrogates
from gradcli.ops.core import Array
from gradcli.proof.evaluation import fixed_names
from gradcli.proof.gradients import prove_gradients
from gradcli.proof.verdict import LOG_LEAST, REFUTED, UNDECIDED, Proof, undecided
from gradcli.session import Session

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
    fixed = fixed_names(program, {name for name in stated if _short(near[name])})
    return prove_gradients(session.derivation, near, session.given, fixed, seed, names)


def _short(value: Array) -> bool:
    """Whether a constant is a mask, a label, an index: its numbers have few digits."""
    every = np.unique(value).tolist()
    return all(len(re.sub(r"e.*|[.-]", "", repr(v)).strip("0")) < SHORT for v in every)


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
    """How sure the proofs are, and what is not proven for which reason."""
    proven = [r.proof.bound for r in results if r.proof and r.proof.bound is not None]
    if proven:
        yield f"proven: but for a chance below 2^{int(max(*proven, LOG_LEAST))}"
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
