"""What stands in JSON of a cost and of a proof, wherever they are told of."""

from __future__ import annotations

from typing import Any

from gradcli.proof.verdict import Proof
from gradcli.views.cost import Cost


def cost_record(found: Cost) -> dict[str, Any]:
    return {
        "flops": found.flops.value,
        "bytes": found.bytes.value,
        "symbolic_flops": found.flops.text,
        "symbolic_bytes": found.bytes.text,
    }


def proof_record(proof: Proof, reason: str = "reason") -> dict[str, Any]:
    """What exact evaluation says: the bound of a proof, the witness of a refutation, or why it says
    nothing, under the key `reason`.
    """
    record: dict[str, Any] = {"proof": proof.verdict}
    if proof.chance is not None:
        record["bound"] = proof.chance
    if (witness := proof.witness) is not None:
        record["witness"] = {
            "entry": list(witness.entry),
            "found": str(witness.found),
            "expected": str(witness.expected),
            "prime": str(witness.prime),
        }
        if witness.ratio is not None:
            record["witness"]["ratio"] = str(witness.ratio)
        if witness.gap is not None:
            record["witness"]["difference"] = str(witness.gap)
    if proof.reason is not None:
        record[reason] = proof.reason
    return record
