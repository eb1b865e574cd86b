"""The compact derivation of a model with loops, in lines that hold for every iteration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from gradcli.compact.assembly import operations
from gradcli.compact.gate import Near, differing, proven
from gradcli.compact.loops.blocks import named, spelled
from gradcli.compact.loops.lines import Stated, stated
from gradcli.compact.loops.placing import Placed, additions, computed, placed, points, renamed
from gradcli.compact.loops.shorter import with_numbers
from gradcli.errors import Defect
from gradcli.nests.nest import Loop, Nest, Unkept
from gradcli.nests.reading import read
from gradcli.ops.core import Array
from gradcli.ops.mismatch import Mismatch
from gradcli.program import Program
from gradcli.proof.verdict import REFUTED, UNDECIDED, Proof, undecided, weakest
from gradcli.sizes import Size, Sizes
from gradcli.transform.letters import squeezed
from gradcli.transform.reify import OWN, Reified, Row, Run, times
from gradcli.transform.reverse import Derivation
from gradcli.transform.vjp import Derived

MOST_COMPARED = 200  # steps of a listing that is held against its lines itself
MOST_TRIED = 60_000  # of one that has no shorter loops
LONG = "its loops have no shorter form to be tried at"


# A model with shorter loops: its derivation step by step, the values of its inputs and of the given
# derivatives, which inputs are data, and the numbers that it has in place of others.
Known: TypeAlias = tuple[Derivation, Mapping[str, Array], Collection[str], Mapping[str, str]]
Shorter: TypeAlias = Callable[[], Iterable[Known]]


@dataclass(frozen=True, eq=False)
class Looped(Derivation):
    """A compact derivation whose loops stay loops: each line once.

    `source` is the derivation step by step, `stated` how each row came about, `values` what the
    inputs are worth, and `proofs` are of the lines, by what they state.
    """

    source: Derivation
    stated: tuple[Stated, ...]
    values: Mapping[str, Array]
    proofs: Mapping[str, Proof] = field(default_factory=dict)

    @property
    def literal(self) -> Derivation:
        return self.source

    def formula(self, row: Row) -> str:
        return summed(row.contribution.listing[self.layout], row)

    def proof(self, row: Row) -> Proof | None:
        """What exact evaluation says of a line that states a derivative."""
        return None if row.operand == OWN else self.proofs[row.target]

    @property
    def rests(self) -> tuple[str, ...]:
        """What the lines take from the model's word for its data."""
        bodies = {id(each.body): each.body for each in self.stated}
        return tuple(dict.fromkeys(fact for body in bodies.values() for fact in body.rests))

    @property
    def unproven(self) -> dict[str, list[str]]:
        """The variables whose derivatives' lines rest on points alone, by the reason."""
        found: dict[str, list[str]] = {}
        for name, proof in self.proofs.items():
            if proof.verdict == UNDECIDED and proof.reason:
                found.setdefault(proof.reason, []).append(name)
        return found

    @cached_property
    def reified(self) -> Reified:
        """Both passes step by step; a line outside loops that states a derivative has its value."""
        literal = self.source.reified
        last = {row.target: k for k, row in enumerate(self.rows)}
        values = tuple(
            [
                literal.totals[row.target]
                if not row.loops
                and row.assign == "="
                and last[row.target] == k
                and row.target in literal.totals
                else ""
                for k, row in enumerate(self.rows)
            ]
        )
        return literal._replace(values=values, shown=(), dying={})

    @cached_property
    def added(self) -> list[Size]:
        """How many entries each row adds to what is there already, in all iterations."""
        sizes = self.program.sizes
        counts = additions(self.source, self.stated)
        return [_added(row, count, sizes) for row, count in zip(self.rows, counts, strict=True)]

    @property
    def unrolled(self) -> Derivation:
        """The lines of all iterations, one by one."""
        rows = [_row(each) for each in placed(self.program, self.stated)]
        return Unrolled(self.program, tuple(rows), self.wrt, self.layout)


def summed(text: str, row: Row) -> str:
    """A formula with the sums around it that a line has."""
    for run in row.over:
        text = f"sum({text} {run})"
    return text


class Unrolled(Derivation):
    """Lines in all iterations, which state their formulas themselves."""

    def formula(self, row: Row) -> str:
        return row.contribution.listing[self.layout]


def _row(each: Placed) -> Row:
    operand = each.stated.row.operand
    return Row(0, each.target, each.assign, each.contribution, each.region, operand)


def looped(
    literal: Derivation, values: Mapping[str, Array], bound: Collection[str], shorter: Shorter
) -> Looped | None:
    """The compact form of a model with loops; None where none is found that keeps them.

    shorter: the same model with shorter loops, at which the lines are held against the steps.
    """
    found = _found(literal, values)
    if found is None:
        return None
    own: Known = (literal, values, bound, {})
    tries = [own] if len(literal.rows) <= MOST_COMPARED else shorter()
    for small, there, fixed, less in tries:
        other = found if small is literal else _found(small, there)
        if other is None or not _same(found, other, less):
            continue
        if _operations(other) - _idle(other) > operations(small):
            return None
        proofs = _held(small, other, Near.of(small.program, there, fixed), there)
        return None if proofs is None else replace(found, proofs=proofs)
    if len(literal.rows) > MOST_TRIED:
        return None
    made = computed(literal.program, literal.reified, found.stated)
    if differing(literal.reified, made, values, most=1):
        return None
    names = [row.target for row in found.rows if row.operand != OWN]
    return replace(found, proofs=dict.fromkeys(names, undecided(LONG)))


def _same(one: Looped, other: Looped, less: Mapping[str, str]) -> bool:
    """Whether the lines are the same but for numbers that stand in place of others."""

    def lines(d: Looped) -> str:
        return "\n".join(
            [f"{d.left(r)} {r.assign} {d.formula(r)} {[*map(str, r.loops)]}" for r in d.rows]
        )

    return with_numbers(lines(one), less) == lines(other)


def _operations(derivation: Looped) -> int:
    """How many operations on numbers the lines take in all iterations."""
    sizes = derivation.program.sizes
    found = 0
    for row, more in zip(derivation.rows, derivation.added, strict=True):
        once = sum(int(call.flops.value) for call, _ in row.contribution.code.calls)
        found += int(times(row, sizes).value * once + more.value)
    return found


def _idle(derivation: Looped) -> int:
    """How many of them go to what gains nothing step by step: a constant that a recurrence begins
    with, to which the last iteration flows as each one does.
    """
    literal = derivation.source
    found = 0
    for each in placed(literal.program, derivation.stated):
        if each.stated.row.operand != OWN and each.target not in literal.reified.totals:
            found += sum(int(call.flops.value) for call, _ in each.contribution.code.calls)
            found += int(literal.program.sizes.product(each.contribution.shape).value)
    return found


def _held(
    literal: Derivation, found: Looped, near: Near, values: Mapping[str, Array]
) -> dict[str, Proof] | None:
    """What exact evaluation says of each line; None where one is wrong."""
    made = computed(literal.program, literal.reified, found.stated)
    if differing(literal.reified, made, values):
        return None
    totals = literal.reified.totals
    pairs = {totals[name]: made.totals[name] for name in made.totals if name in totals}
    exact = proven(literal.reified, made.program, pairs, near)
    proofs: dict[str, list[Proof]] = {}
    for each in placed(literal.program, found.stated):
        if each.stated.row.operand != OWN:
            mine = proofs.setdefault(_target(each.stated), [])
            if each.target in totals:
                mine.append(exact[totals[each.target]])
    every = {name: weakest(some) for name, some in proofs.items() if some}
    if any(proof.verdict == REFUTED for proof in every.values()) or len(every) < len(proofs):
        return None
    return every


def _found(literal: Derivation, values: Mapping[str, Array]) -> Looped | None:
    """The lines of a derivation, not held against anything yet."""
    program = literal.program
    dims = dict(program.sizes.dims)
    try:
        nest = read(program)
        lines = stated(literal, nest, values)
        rows = tuple([_line(each, nest, program) for each in lines])
    except (Unkept, Defect, Mismatch):
        return None
    finally:
        program.sizes.dims.clear()  # loops' variables are no dims of the model
        program.sizes.dims.update(dims)
    return Looped(program, rows, literal.wrt, literal.layout, literal, tuple(lines), values)


# ── rows ──


def _added(row: Row, count: int, sizes: Sizes) -> Size:
    """So many additions, as the sizes go where all iterations add but for a first one."""
    entries = sizes.product(row.contribution.shape)
    every = sizes.multiply(times(row, sizes), entries)
    for found in (sizes.constant(0), every, sizes.add(every, entries, -1)):
        if int(found.value) == count:
            return found
    return sizes.constant(count)


def _target(each: Stated) -> str:
    return named(each.target, (*each.loops, *each.over))


def _line(each: Stated, nest: Nest, program: Program) -> Row:
    """A line as a row of the listing, with letters."""
    sizes = nest.sizes

    def leaf(key: object) -> object:
        if isinstance(key, Derived) and key.own and each.loops:
            index = ", ".join([loop.variable for loop in each.loops])
            return key._replace(name=f"{key.name}[{index}]")
        return key

    parts: tuple[str, ...] = ()
    if each.load is not None:
        step = next(s for s in program.steps if s.name == each.load.step.name)
        parts = tuple(
            [
                squeezed(part.rolled) if part.rolled and not part.whole else str(part)
                for part in step.call.signature.attrs["region"]
            ]
        )
    around = (*each.loops, *reversed(each.over))
    runs = tuple([_run(around[: k + 1], sizes) for k in range(len(around))])
    summed = runs[len(each.loops) :]
    return each.row._replace(
        target=_target(each),
        assign=each.assign,
        contribution=renamed(each.row.contribution, leaf),
        loops=runs[: len(each.loops)],
        over=tuple([run._replace(first=run.last, last=run.first) for run in reversed(summed)]),
        parts=parts,
    )


def _run(around: Sequence[Loop], sizes: Sizes) -> Run:
    """The last of some loops, as it is gone through backward."""
    loop = around[-1]
    count = sizes.add(sizes.add(loop.last, loop.first, -1), sizes.constant(1))
    if any(name not in sizes.dims for m, _ in count.terms for name, _ in m):
        dims = {name: int(size.value) for name, size in sizes.dims.items()}
        every, outer = (sum(1 for _ in points(some, dims)) for some in (around, around[:-1]))
        count = sizes.constant(Fraction(every, outer))
    return Run(loop.variable, spelled(loop.last), spelled(loop.first), count, loop.key)
