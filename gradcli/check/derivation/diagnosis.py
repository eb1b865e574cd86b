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

from gradcli.check.derivation import edits, truth
from gradcli.check.derivation.edits import Edit
from gradcli.check.derivation.pools import Pools
from gradcli.check.derivation.postfix import degree, plain
from gradcli.syntax import ast

MOST_TRIES = 6_000  # changed lines computed for one wrong line: with one change, and with two
MOST_FACTORS = 6  # missing factors that are put in with a second change
LONGEST = 250  # instructions of a line that is searched

EVERY = range(1_000_000)

PLAIN = frozenset((edits.SIGN, edits.TRANSPOSE, edits.ORDER, edits.SUM, edits.SHAPE))

# What is told of an unlikely goal where nothing else is found.
NAMED = frozenset((edits.FACTOR, edits.OPERAND, edits.SCALE, edits.EXTRA))

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
TERM = "a contribution"
PAIRS = (
    (edits.SIGN, TERM),
    (edits.SCALE, TERM),
    (edits.TRANSPOSE, TERM),
    (edits.ORDER, TERM),
    (edits.OPERAND, TERM),
    (edits.FACTOR, TERM),
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
    (edits.SCALE, edits.FACTOR),
    (edits.SCALE, edits.TRANSPOSE),
    (edits.SCALE, edits.OPERAND),
    (edits.SCALE, edits.SUM),
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
    lasts: Callable[[ast.Code, int], bool] = lambda code, goal: True,
    single: bool = False,
    unlikely: bool = False,
    most: int = MOST_TRIES,
) -> Finding | None:
    """The first change of a line's code that meets a goal.

    meets: which goal a code meets, at every point, or None.
    fits: whether the line has the right shape as it is.
    wanted: the goals that are likely; another one is met only by a plain change, and only where no
        change meets these.
    lasts: whether a code meets its goal at other sizes of the model too; one that does comes before
        one that does not, by one change.
    single: whether one change must do. unlikely: whether any change that meets an unlikely goal is
        told where nothing else is found.
    most: how many lines with one change are computed, and how many with two.
    A change that makes the line the very formula of the listing comes before all others, unless it
    replaces a whole expression or brings a name that the person has not; one that multiplies a
    derivative by a derivative is none, for a backward step is linear in them.
    """
    if len(code) > LONGEST:
        return None
    tries = _Tries(code, meets, wanted, lasts)
    formulas = set(pools.formulas)
    exact = (
        edit
        for edit in _single(code, pools, fits)
        if plain(edit.code) in formulas and not _rewritten(code, edit, pools.strangers)
    )
    return (
        tries.first(exact, most, PLAIN | {edits.OPERAND, edits.FACTOR})
        or tries.first(_single(code, pools, fits), most)
        or tries.here
        or (None if single else tries.first(_double(code, pools, fits), most))
        or tries.here
        or tries.second
        or (tries.last if unlikely else None)
    )


def _rewritten(code: ast.Code, edit: Edit, strangers: Container[ast.Code]) -> bool:
    """Whether a change replaces a whole expression, or brings a name that the person has not."""
    if edit.kind != edits.OPERAND:
        return False
    culprit = code[edit.start : edit.end]
    put = edit.code[edit.start : len(edit.code) - len(code) + edit.end]
    return plain(put) in strangers or any(step[0] == "binary" for step in culprit)


class _Tries:
    """The codes that have been tried, so that none is tried twice."""

    def __init__(
        self,
        code: ast.Code,
        meets: Callable[[ast.Code], int | None],
        wanted: Container[int],
        lasts: Callable[[ast.Code, int], bool],
    ) -> None:
        self.meets = meets
        self.wanted = wanted
        self.lasts = lasts
        self.here: Finding | None = None  # the first change that mends at the model's sizes alone
        self.seen = {plain(code)}
        self.degree = max(1, degree(code))
        self.second: Finding | None = None  # the first plain change that meets an unlikely goal
        self.last: Finding | None = None  # the first of any other change that does

    def first(
        self, candidates: Iterable[Edit], most: int, seconds: Container[str] = PLAIN
    ) -> Finding | None:
        """The first change that meets a likely goal. seconds: the kinds that may meet another."""
        for number, edit in enumerate(candidates):
            if number >= most:
                break
            key = plain(edit.code)
            if key in self.seen:
                continue
            self.seen.add(key)
            if degree(edit.code) > self.degree:
                continue
            goal = self.meets(edit.code)
            if goal is None:
                continue
            if goal in self.wanted:
                if self.lasts(edit.code, goal):
                    return Finding(*edit, goal)
                self.here = self.here or Finding(*edit, goal)
                continue
            if self.second is None and edit.kind in seconds:
                self.second = Finding(*edit, goal)
            elif self.last is None and edit.kind in NAMED:
                self.last = Finding(*edit, goal)
        return None


def _single(code: ast.Code, pools: Pools, fits: bool) -> Iterator[Edit]:
    """Every single change, the plainest first. A sum or a broadcast left out shows in the shape."""
    reshaping = chain(edits.sums(code), edits.shapes(code, pools.sizes))
    return chain(
        edits.signs(code),
        edits.transposes(code),
        edits.orders(code),
        () if fits else reshaping,
        edits.numerals(code),
        truth.reductions(code),
        (edit for edit in edits.drops(code, pools.constants) if edit.kind == edits.SCALE),
        edits.scales(code, pools.constants, pools.stated),
        truth.renames(code, pools.near),
        truth.renames(code, pools.names),
        truth.powers(code),
        truth.factors(code, pools.factors),
        truth.terms(code, pools.terms, pools.coupled),
        edits.drops(code, pools.constants),
        reshaping if fits else (),
        truth.functions(code),
        truth.indices(code, pools.indices),
        truth.replacements(code, pools.factors),
        truth.factors(code, pools.far_factors),
        truth.products(code, pools.locals),
        truth.terms(code, pools.far_terms, True),
        truth.factors(code, pools.factors, "/"),
        truth.factors(code, pools.far_factors, "/"),
        truth.quantities(code, (name for name in pools.names if name[0][0] == "name")),
        truth.renames(code, pools.strangers),
    )


def _double(code: ast.Code, pools: Pools, fits: bool) -> Iterator[Edit]:
    """Two plain changes at once, of the kinds that go together first.

    A factor that gives a line its shape says nothing of a number.
    """
    kinds: dict[str, Callable[[ast.Code], Iterator[Edit]]] = {
        edits.EXTRA: lambda c: edits.drops(c, pools.constants),
        edits.TRANSPOSE: edits.transposes,
        edits.ORDER: edits.orders,
        edits.OPERAND: lambda c: truth.renames(c, pools.near),
        edits.SIGN: edits.signs,
        edits.FACTOR: lambda c: truth.factors(c, pools.factors[:MOST_FACTORS]),
        edits.SUM: edits.sums,
        edits.SCALE: lambda c: (
            edit
            for edit in chain(
                edits.drops(c, pools.constants), edits.scales(c, pools.constants, pools.stated)
            )
            if edit.kind == edits.SCALE
        ),
        TERM: lambda c: truth.contributions(c, pools.contributions),
    }
    for one, other in PAIRS:
        if other == TERM and not pools.contributions:
            continue
        if (one, other) == (edits.SCALE, edits.FACTOR) and not fits:
            continue
        for first in kinds[one](code):
            for second in kinds[other](first.code):
                kind, note = first.kind, first.note
                if other != TERM and WEIGHT.index(second.kind) < WEIGHT.index(kind):
                    kind = second.kind
                if second.note != note:
                    note = f"{note}, and {second.note}"
                yield Edit(kind, second.code, first.start, first.end, note)
