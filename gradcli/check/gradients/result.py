"""What a check finds: verdicts on entries, on variables, and the whole report."""

from __future__ import annotations

import numpy as np

from gradcli.ops.core import Array
from gradcli.proof.verdict import Proof
from gradcli.record import Record
from gradcli.sizes import Shape

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"

# The reasons of verdicts, in the order in which the worst of several is chosen.
WRONG = "mismatch"
KINK = "kink"
NON_FINITE = "non-finite"
DISAGREE = "methods-disagree"
NOISE = "rounding"
AGREES = "agrees"
ZERO = "zero"
NOTHING = "nothing-checked"
TOLERANCE = "tolerance"

# What the entries of a wrong derivative may have in common.
ZEROS = "zeros"  # all are 0
UNWRITTEN = "zeros-in-part"  # all wrong ones are 0
SIGN = "sign"
SCALE = "scale"  # a factor too many, or one missing
TRANSPOSE = "transpose"
SWAPPED = "swapped"  # two derivatives stand in each other's place
OTHER = "other-derivative"  # it is another quantity's
MISSING_TERM = "missing-term"  # a contribution is not in it
OVERFLOW = "overflow"  # inf or nan where the derivative is finite
UNDERFLOW = "underflow"  # the format has no digits for numbers as small
BELOW = "below-tolerance"  # smaller than what absolute tolerances see
DIAGNOSES = (
    ZEROS, UNWRITTEN, SIGN, SCALE, TRANSPOSE, SWAPPED, OTHER, MISSING_TERM, OVERFLOW, UNDERFLOW,
    BELOW,
)  # fmt: skip
REFUTATION = "refuted"


class Entry(Record):
    """One entry's verdict. `place` is its index in the variable's own shape.

    bar: bounds the error of what is expected and the rounding of what is found together.
    """

    place: tuple[int, ...]
    verdict: str
    reason: str
    found: float
    expected: float
    bar: float
    note: str = ""

    @property
    def abs_error(self) -> float:
        return float(absolute_error(np.asarray(self.found), np.asarray(self.expected)))

    @property
    def rel_error(self) -> float:
        return float(relative_error(np.asarray(self.found), np.asarray(self.expected)))


class Result(Record):
    """The verdict on one variable's derivative. `shape` is the variable's own.

    role: "input", "param", "step", "op" or "dot-product".
    entries, checked: how many entries the derivative has, and how many were compared.
    worst: the worst entries, the worst first.
    equation: the forward equation that the variable comes from, or is first used in.
    remark: what is said aloud of all entries together: a constant ratio, a transposition.
    points: at how many points it was checked; `point` is the one that is told, from 1.
    diagnosis: the mistake's name, one of DIAGNOSES, where all entries together give it away.
    proof: what exact evaluation says of it, where it was asked.
    sizes: at which it is proven, the model's own first, where others were tried; not_at: some at
    which it is refuted.
    """

    name: str
    role: str
    shape: Shape
    verdict: str
    reason: str
    message: str
    entries: int
    checked: int
    max_abs_error: float
    max_rel_error: float
    error_bar: float
    worst: tuple[Entry, ...]
    equation: str = ""
    remark: str = ""
    points: int = 1
    point: int = 1
    diagnosis: str = ""
    proof: Proof | None = None
    sizes: tuple[dict[str, int], ...] = ()
    not_at: dict[str, int] | None = None


class Report(Record):
    """All that one model's check found.

    steps: the intermediate derivatives, from the last equation to the first, where asked for.
    ops: the model's own operations, each operand's rule checked alone.
    dot: forward mode against reverse mode, along a random direction.
    """

    source: str
    layout: str
    method: str
    results: tuple[Result, ...]
    steps: tuple[Result, ...] = ()
    ops: tuple[Result, ...] = ()
    dot: Result | None = None
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`fail` where anything fails, else `inconclusive` where anything is."""
        found = {result.verdict for result in self.all()}
        return next((verdict for verdict in (FAIL, INCONCLUSIVE) if verdict in found), PASS)

    def lists(self) -> dict[str, tuple[Result, ...]]:
        """The results by kind."""
        dots = (self.dot,) if self.dot else ()
        return {"results": self.results, "steps": self.steps, "ops": self.ops, "dot_products": dots}

    def all(self) -> tuple[Result, ...]:
        return tuple(result for kind in self.lists().values() for result in kind)


def absolute_error(found: Array, expected: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(np.abs(found - expected))


def relative_error(found: Array, expected: Array) -> Array:
    """|found - expected| over the larger of both; 0 where both are 0."""
    with np.errstate(all="ignore"):
        larger = np.maximum(np.abs(found), np.abs(expected))
        return absolute_error(found, expected) / np.where(larger == 0, 1.0, larger)
