"""Exact evaluation decides what is one and what is not, for every operation of the table."""

from __future__ import annotations

import numpy as np
import pytest
from identities import DECLARATIONS, FALSE, TRUE, Identity
from support import session

from gradcli.ops import TABLE
from gradcli.proof.evaluation import Evaluation
from gradcli.proof.restricted import restricted
from gradcli.proof.verdict import LOG_BOUND, PROVEN, REFUTED, UNDECIDED, Proof
from gradcli.session import Session

# False, and not refuted: nothing is known of their operands but that equal ones give equal values,
# or their difference is a matter of logarithms alone.
OPEN = (
    "log(",
    "-1e9))",
    "sqrt(p * q)",
    "erf(",
    "logsumexp(",
    "logdet(",
    "gelu(",
    "softplus(",
    "log",
    "atan",
    "asin",
    "normal_cdf",
    "gamma(",
    "acosh",
    "asinh",
    "expm(",
    "eigh_",
    "svd_",
)


def computed(identity: Identity) -> Session:
    return session(
        f"{DECLARATIONS}\na = {identity.left}\nb = {identity.right}\ngiven dL/da, dL/db\n"
    )


def decided(found: Session, seed: int = 0) -> Proof:
    near = {item.name: found.values[item.name] for item in found.program.inputs}
    evaluation = Evaluation(found.program.steps, near, restricted(found.program, ()), seed)
    return evaluation.equal(evaluation.values["a"], evaluation.values["b"])


@pytest.mark.parametrize("identity", TRUE, ids=lambda i: f"{i.left} === {i.right}")
def test_what_is_one_is_proven(identity: Identity) -> None:
    found = computed(identity)
    assert np.allclose(found.values["a"], found.values["b"], rtol=1e-9, atol=1e-12)

    proof = decided(found)

    assert proof.verdict == PROVEN, proof
    assert proof.bound is not None
    assert proof.bound <= LOG_BOUND


@pytest.mark.parametrize("identity", FALSE, ids=lambda i: f"{i.left} === {i.right}")
def test_what_is_not_one_is_never_proven(identity: Identity) -> None:
    proof = decided(computed(identity))

    if any(name in identity.left + identity.right for name in OPEN):
        assert proof.verdict in (REFUTED, UNDECIDED)
        return
    assert proof.verdict == REFUTED, proof
    assert proof.witness is not None
    assert proof.witness.found != proof.witness.expected


def test_the_seed_does_not_decide() -> None:
    for identity in (*TRUE[:60:6], *FALSE[:60:6]):
        found = computed(identity)
        verdicts = {decided(found, seed).verdict for seed in range(3)}
        assert len(verdicts) == 1, identity


def test_every_operation_is_told_right_from_wrong() -> None:
    for identities in (TRUE, FALSE):
        used = {
            step.call.op.name
            for identity in identities
            for step in computed(identity).program.steps
        }
        assert set(TABLE) - used <= {"copy", "constant", "log_softmax", "logsumexp"}
