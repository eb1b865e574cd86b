"""What is wrong with a line: the smallest change of it that makes it right, and the class of that
change.

The search tries changes of one kind after another, the plainest first, and computes each changed
line at one point and, where that fits, at all others. What fits is a fact about the line, not a
guess: where nothing fits, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from gradcli.check import diagnosis_edits as edits
from gradcli.check.diagnosis_code import plain
from gradcli.check.diagnosis_edits import Edit
from gradcli.check.diagnosis_pools import Pools
from gradcli.syntax import ast

MOST_TRIES = 6_000  # changed lines computed for one wrong line
MOST_PAIRS = 6_000  # lines with two changes
MOST_FACTORS = 6  # missing factors that are put in with a second change
LONGEST = 250  # instructions of a line that is searched

EVERY = range(1_000_000)

# Of two changes at once, the class that is named.
WEIGHT = (
    edits.FACTOR,
    edits.OPERAND,
    edits.EXTRA,
    edits.SUM,
    edits.ORDER,
    edits.TRANSPOSE,
    edits.SHAPE,
    edits.SCALE,
    edits.SIGN,
)
# Two changes at once: which kinds are tried together.
PAIRS = (
    (edits.EXTRA, edits.EXTRA),
    (edits.ORDER, edits.TRANSPOSE),
    (edits.TRANSPOSE, edits.TRANSPOSE),
    (edits.OPERAND, edits.OPERAND),
    (edits.OPERAND, edits.TRANSPOSE),
    (edits.SIGN, edits.EXTRA),
    (edits.SIGN, edits.TRANSPOSE),
    (edits.SIGN, edits.OPERAND),
    (edits.OPERAND, edits.EXTRA),
    (edits.FACTOR, edits.SIGN),
    (edits.FACTOR, edits.TRANSPOSE),
    (edits.SUM, edits.TRANSPOSE),
    (edits.SUM, edits.SIGN),
    (edits.FACTOR, edits.OPERAND),
)


class Finding(NamedTuple):
    """A change that makes a line right: its class, the changed code, the culprit's place in the
    line's code, what is to be said, and which goal is met.
    """

    kind: str
    code: ast.Code
    start: int
    end: int
    note: str
    goal: int


def search(
    code: ast.Code,
    pools: Pools,
    meets: Callable[[ast.Code], int | None],
    *,
    fits: bool = True,
    wanted: Container[int] = EVERY,
) -> Finding | None:
    """The first change of a line's code that meets a goal.

    meets: which goal a code meets, at every point, or None.
    fits: whether the line has the right shape as it is.
    wanted: the goals that are likely; another one is met only where no change meets these, and not
        by leaving out a term of the line.
    A change that makes the line the very formula of the listing comes before all others.
    """
    if len(code) > LONGEST:
        return None
    tries = _Tries(code, meets, wanted)
    formulas = set(pools.formulas)
    exact = (edit for edit in _single(code, pools, fits) if plain(edit.code) in formulas)
    return (
        tries.first(exact, MOST_TRIES)
        or tries.first(_single(code, pools, fits), MOST_TRIES)
        or tries.first(_double(code, pools), MOST_PAIRS)
    )


class _Tries:
    """The codes that have been tried, so that none is tried twice."""

    def __init__(
        self, code: ast.Code, meets: Callable[[ast.Code], int | None], wanted: Container[int]
    ) -> None:
        self.meets = meets
        self.wanted = wanted
        self.derivatives = _derivatives(code)
        self.seen: set[ast.Code] = set()

    def first(self, candidates: Iterable[Edit], most: int) -> Finding | None:
        """The first change that meets a likely goal, or the first that meets any."""
        second: Finding | None = None
        for number, edit in enumerate(candidates):
            if number >= most:
                break
            key = plain(edit.code)
            if key in self.seen:
                continue
            self.seen.add(key)
            goal = self.meets(edit.code)
            if goal is None:
                continue
            if goal in self.wanted:
                return Finding(*edit, goal)
            if second is None and _derivatives(edit.code) >= self.derivatives:
                second = Finding(*edit, goal)
        return second


def _derivatives(code: ast.Code) -> int:
    return sum(operation == "derivative" for operation, _, _ in code)


def _single(code: ast.Code, pools: Pools, fits: bool) -> Iterator[Edit]:
    """Every single change, the plainest first. A sum or a broadcast left out shows in the shape."""
    reshaping = chain(edits.sums(code), edits.shapes(code, pools.sizes))
    return chain(
        edits.signs(code),
        edits.transposes(code),
        edits.orders(code),
        () if fits else reshaping,
        edits.scales(code, pools.constants),
        edits.renames(code, pools.near),
        edits.factors(code, pools.factors),
        edits.terms(code, pools.terms, pools.term_kind),
        edits.renames(code, pools.names),
        edits.drops(code, pools.constants),
        reshaping if fits else (),
        edits.functions(code),
        edits.replacements(code, pools.factors),
        edits.factors(code, pools.far_factors),
    )


def _double(code: ast.Code, pools: Pools) -> Iterator[Edit]:
    """Two plain changes at once, of the kinds that go together first."""
    kinds: dict[str, Callable[[ast.Code], Iterator[Edit]]] = {
        edits.EXTRA: lambda c: edits.drops(c, pools.constants),
        edits.TRANSPOSE: edits.transposes,
        edits.ORDER: edits.orders,
        edits.OPERAND: lambda c: edits.renames(c, pools.near),
        edits.SIGN: edits.signs,
        edits.FACTOR: lambda c: edits.factors(c, pools.factors[:MOST_FACTORS]),
        edits.SUM: edits.sums,
    }
    for one, other in PAIRS:
        for first in kinds[one](code):
            for second in kinds[other](first.code):
                kind, note = first.kind, first.note
                if WEIGHT.index(second.kind) < WEIGHT.index(kind):
                    kind = second.kind
                if second.note != note:
                    note = f"{note}, and {second.note}"
                yield Edit(kind, second.code, first.start, first.end, note)
