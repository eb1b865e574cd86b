"""Whether quantities of two programs on the same inputs are one: of a program and of what it is
rewritten as, say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gradcli.ops.core import Array
from gradcli.program import Program, Step
from gradcli.proof.evaluation import TOO_LARGE, TooLarge
from gradcli.proof.fingerprint import Fingerprints
from gradcli.proof.restricted import Kept
from gradcli.proof.verdict import Proof, undecided

SHAPES = "their shapes differ"


def prove_equal(
    one: Program,
    other: Program,
    pairs: Mapping[str, str],
    near: Sequence[Mapping[str, Array]],
    kept: Collection[str] | Kept = (),
    seed: int | str = 0,
) -> dict[str, Proof]:
    """Whether each quantity of `one` is the quantity of `other` that it is paired with.

    near: for each point the values of all inputs, each in its own shape. They say on which side of
    its kinks the programs are: a proof holds on the sides that some point is on. kept: the inputs
    that are not free (labels, masks, symmetric matrices, see `restricted`).
    Steps that both programs have are evaluated once; both may be one program. A proof of what is
    "undecided" has the reason, also where it is all too large: nothing is raised.
    """
    steps, names = _beside(one, other)
    try:
        marks = Fingerprints(steps, near, kept, seed)
    except TooLarge:
        return dict.fromkeys(pairs, undecided(TOO_LARGE))
    found = {}
    for left, right in pairs.items():
        values = marks.evaluations[0].values
        alike = values[left].shape == values[names[right]].shape
        found[left] = marks.equal(left, names[right]) if alike else undecided(SHAPES)
    return found


def _beside(one: Program, other: Program) -> tuple[tuple[Step, ...], dict[str, str]]:
    """The steps of both in one list, and what the names of the other are called in it."""
    own = {step.name: (step.call, step.args) for step in one.steps}
    names = {item.name: item.name for item in other.inputs}
    steps = list(one.steps)
    for step in other.steps:
        args = tuple([names[arg] if isinstance(arg, str) else arg for arg in step.args])
        if own.get(step.name) == (step.call, args):
            names[step.name] = step.name
            continue
        names[step.name] = f"{step.name} of the other"
        steps.append(step._replace(name=names[step.name], args=args))
    return tuple(steps), names
