"""What exact evaluation finds of two values: that they are one, that they are not, or neither."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from gradcli.record import Record

PROVEN, REFUTED, UNDECIDED = "proven", "refuted", "undecided"
LOG_BOUND = -100.0  # the chance of error that is asked for, as a power of 2
LOG_LEAST = -1000.0  # the least that is stated: a float holds it


class Witness(Record):
    """Where two values differ: an entry, and both values there modulo a prime.

    near: both in floating point, at the real point nearby. ratio, gap: the first over the second,
    and the first less the second, where it is one number at all points.
    """

    entry: tuple[int, ...]
    found: int
    expected: int
    prime: int
    near: tuple[float, float] = (0.0, 0.0)
    ratio: Fraction | None = None
    gap: Fraction | None = None

    def turned(self) -> Witness:
        """The same in the transpose."""
        return self._replace(entry=self.entry[::-1])

    @property
    def off(self) -> float:
        """How far apart both are in floating point, relative to the larger."""
        one, other = self.near
        return abs(one - other) / max(abs(one), abs(other)) if one != other else 0.0


class Proof(Record):
    """bound: of the chance that two values are not one after all, as a power of 2.

    reason: why nothing is decided. conditions: what a proof holds for, beside the sizes tried.
    """

    verdict: str
    bound: float | None = None
    witness: Witness | None = None
    reason: str | None = None

    @property
    def chance(self) -> float | None:
        """The bound as a number."""
        return None if self.bound is None else 2.0 ** max(self.bound, LOG_LEAST)


def undecided(reason: str) -> Proof:
    return Proof(UNDECIDED, reason=reason)


def weakest(proofs: Iterable[Proof]) -> Proof:
    """What several proofs, that must hold together, prove: the first that refutes, else the first
    that decides nothing, else the one with the largest bound; their chances add up.
    """
    every = list(proofs)
    for verdict in (REFUTED, UNDECIDED):
        for proof in every:
            if proof.verdict == verdict:
                return proof
    if not every:
        return undecided("nothing to compare")
    bound = max(p.bound for p in every if p.bound is not None)
    return Proof(PROVEN, bound + (len(every) - 1).bit_length())
