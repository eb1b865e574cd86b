"""Points of a field at which a program's square roots exist.

Half of the elements are squares, so that of many roots some lack at nearly every point. Entries of
a point are drawn anew, one by one, until none does. What was tried counts: each point is one of as
many as there were ways to choose, and the chance of error grows by as much.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np

from gradcli.interpret import interpret
from gradcli.ops.core import RING, Array
from gradcli.program import Step
from gradcli.proof.arithmetic import Arithmetic
from gradcli.proof.element import Degree, Element
from gradcli.proof.field import Field
from gradcli.proof.groups import independent
from gradcli.proof.restricted import Kept, Way, entries
from gradcli.proof.work import work

ROUNDS = 60
EFFORT = 300_000  # operations on elements, about, that are spent
TRIED = 48  # points tried at a time
NESTED = 4  # times as many points where roots hold roots
FAR = 10**9  # where all roots exist
ANEW = 0.4  # of changes where roots hold exponentials, those of these
SPARE = 6  # points more than roots, to tell that their signs are independent


def drawn(
    near: Mapping[str, Array], kept: Kept, field: Field, streams: Sequence[str]
) -> dict[str, Array]:
    """Elements for what does not keep its values, each point's from its own stream."""
    rngs = [random.Random(f"inputs {stream}") for stream in streams]
    found = {}
    for name, value in near.items():
        if name in kept and kept[name] is None:
            continue
        at = np.empty((len(streams), *value.shape), dtype=object)
        for k, rng in enumerate(rngs):
            at[k] = redrawn(kept.get(name), value.shape, field, rng)
        found[name] = at
    return found


def redrawn(way: Way | None, shape: tuple[int, ...], field: Field, rng: random.Random) -> Array:
    """An array's elements at one point."""
    return entries(field, rng, shape) if way is None else way.draw(field, rng).reshape(shape)


def begun(
    near: Mapping[str, Array],
    kept: Kept,
    field: Field,
    streams: Sequence[str],
    draws: Mapping[str, Array],
) -> tuple[Arithmetic, dict[str, Element]]:
    """An arithmetic at some points, and what a program starts from there."""
    arithmetic = Arithmetic(field, streams)
    values = {
        name: Element(arithmetic, value, draws[name], _degree(kept.get(name), arithmetic))
        if name in draws
        else arithmetic.stated(value)
        for name, value in near.items()
    }
    return arithmetic, values


def _degree(way: Way | None, arithmetic: Arithmetic) -> Degree:
    if way is None:
        return Degree(1)
    below = arithmetic.divide(Degree(way.below), 1) if way.below else Degree()
    return Degree(way.degree + below.own, below.times)


def up_to_roots(
    steps: Sequence[Step], values: Mapping[str, Element], field: Field
) -> tuple[Step, ...]:
    """The steps that lead to square roots: to where a root is taken of a value not seen before."""
    taking = [step for step in steps if _takes_roots(step, values, field)]
    needed = {step.name for step in taking}
    found = []
    for step in reversed(steps):
        if step.name in needed:
            found.append(step)
            needed.update(step.operands())
    return tuple(reversed(found))


def _takes_roots(step: Step, values: Mapping[str, Element], field: Field) -> bool:
    """Whether a step takes roots, tried at two points."""
    if step.call.op.exact == RING:
        return False
    alone = Arithmetic(field, ["roots", "taken"])
    operands = [
        Element(alone, values[a].near, values[a].at[:2]) if isinstance(a, str) else alone.number(a)
        for a in step.args
    ]
    alone.exponents.open = alone.angles.open = True
    alone.meaning(step, operands)
    return bool(alone.rooted)


class Search:
    """Looks for points. steps: those that lead to roots. least: how many points, at least, it takes
    to tell their exponents apart.

    certain: whether the signs of the roots are known to be independent. chosen: by how much the
    choice multiplies the chance of error, as a power of 2.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        near: Mapping[str, Array],
        kept: Kept,
        field: Field,
        seed: int | str,
        least: int,
    ) -> None:
        used = {name for step in steps for name in step.operands()}
        self.steps = steps
        self.near = near
        self.kept = kept
        self.field = field
        self.seed = seed
        self.least = least
        self.places = [
            (name, i)
            for name, value in near.items()
            if name in used and not (name in kept and kept[name] is None)
            for i in range(value.size if name not in kept else 1)
        ]
        self.rng = random.Random(f"search {seed}")
        self.certain = False
        self.chosen = 0.0
        self.anew = 0.0  # how often what the steps draw themselves is drawn anew

    def points(self, count: int) -> tuple[list[str], dict[str, Array]]:
        """Streams and draws of a number of points: those at which all roots exist, where these are
        as many as it takes, and else all.
        """
        self.certain = self._independent()
        streams = [f"{self.seed} {k}" for k in range(count)]
        draws = drawn(self.near, self.kept, self.field, streams)
        best = self._reached(streams, draws)
        changes, rounds = [0] * count, 0
        each = max(1, TRIED // count)
        most = min(ROUNDS, EFFORT // (TRIED * work(self.steps) + 1))
        while rounds < most and min(best) < FAR:
            rounds += 1
            owners = [k for k in range(count) if best[k] < FAR for _ in range(each)]
            owners += owners[:1] * (self.least - len(owners))
            tried = self._changed(owners, streams, draws)
            for place, (k, far) in enumerate(zip(owners, self._reached(*tried), strict=True)):
                if far > best[k]:
                    changes[k] += 1
                    best[k] = far
                    streams[k] = tried[0][place]
                    for name, at in tried[1].items():
                        draws[name][k] = at[place]
        if rounds:
            tries = rounds * each
            self.chosen = math.log2(math.comb(tries + 1, min(tries // 2, max(changes))))
        kept = [k for k in range(count) if best[k] == FAR]
        if self.least <= len(kept) < count:  # one choice of so many
            self.chosen += count / len(kept)
            streams = [streams[k] for k in kept]
            draws = {name: at[kept] for name, at in draws.items()}
        return streams, draws

    def _reached(self, streams: Sequence[str], draws: Mapping[str, Array]) -> list[int]:
        """For each point how many roots exist before the first that doesn't; FAR where all do."""
        arithmetic, values = begun(self.near, self.kept, self.field, streams, draws)
        arithmetic.hasty = True
        interpret(self.steps, values, arithmetic.meaning, arithmetic.number)
        found = []
        for rows in zip(*arithmetic.rooted, strict=True):
            bits = [bit for row in rows for bit in row]
            found.append(FAR if all(bits) else bits.index(False))
        return found

    def _independent(self) -> bool:
        """Whether the signs of the roots are independent, by as many points as it takes to tell.

        Each step's roots are held against all that are taken before it. For roots of what holds
        roots only those points tell at which these exist.
        """
        rows, below = self._spare(2, alone=True)
        nested = any(below)
        count = sum(len(bits[0]) for bits in rows) + 1 + SPARE
        rows, below = self._spare(max(self.least, count * (NESTED if nested else 1)))
        for i, (bits, under) in enumerate(zip(rows, below, strict=True)):
            others = [j for j in range(i) if j not in under]
            needed = set(under).union(*(below[j] for j in others))
            alive = [k for k in range(len(bits)) if all(all(rows[j][k]) for j in needed)]
            joined = [sum((rows[j][k] for j in others), bits[k]) for k in alive]
            if not independent(joined):
                return False
        return True

    def _spare(
        self, count: int, alone: bool = False
    ) -> tuple[list[list[tuple[bool, ...]]], list[frozenset[int]]]:
        """At points that nobody chose: which roots exist, root-taking step by step; and for each
        such step those that its operands come from.
        """
        streams = [f"{self.seed} spare {k}" for k in range(count)]
        draws = drawn(self.near, self.kept, self.field, streams)
        arithmetic, values = begun(self.near, self.kept, self.field, streams, draws)
        arithmetic.exponents.open = arithmetic.angles.open = alone
        below: list[frozenset[int]] = []
        within: dict[str, frozenset[int]] = dict.fromkeys(values, frozenset())
        for step in self.steps:
            interpret([step], values, arithmetic.meaning, arithmetic.number)
            under = frozenset[int]().union(*(within[name] for name in step.operands()))
            new = range(len(below), len(arithmetic.rooted))
            below += [under] * len(new)
            within[step.name] = under.union(new)
        draws_more = arithmetic.exponents.met or arithmetic.angles.met or arithmetic.opaque
        self.anew = ANEW if draws_more else 0.0
        return arithmetic.rooted, below

    def _changed(
        self, owners: Sequence[int], streams: Sequence[str], draws: Mapping[str, Array]
    ) -> tuple[list[str], dict[str, Array]]:
        """Copies of points with an entry or a few of each drawn anew, or its exponentials."""
        found = [streams[k] for k in owners]
        made = {name: at[list(owners)] for name, at in draws.items()}
        for k in range(len(owners)):
            for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
                place = self.rng.randrange(len(self.places) + 1)
                if place == len(self.places) or self.rng.random() < self.anew:
                    found[k] = f"{self.seed} {self.rng.random()}"
                else:
                    name, i = self.places[place]
                    way = self.kept.get(name)
                    if way is None:
                        (made[name][k].reshape(-1)[i],) = self.field.drawn(self.rng, 1)
                    else:
                        shape = made[name][k].shape
                        made[name][k] = redrawn(way, shape, self.field, self.rng)
        return found, made
