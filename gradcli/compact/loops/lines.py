"""The lines of a derivation with its loops kept, in the order of the backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from gradcli.compact.assembly import Compact, contribution
from gradcli.compact.atoms import Constant, Seed
from gradcli.compact.lines import Line
from gradcli.compact.listing import formula
from gradcli.compact.loops.blocks import (
    Around,
    Block,
    Item,
    equations,
    is_load,
    items,
    named,
    once,
    overlap,
    with_last_totals,
)
from gradcli.compact.loops.bodies import Bodies, number_names
from gradcli.compact.scalars import Scalar
from gradcli.compact.trees import Grove
from gradcli.nests.adjoint import active
from gradcli.nests.nest import Equation, Loop, Nest, Ref, Unkept, variables
from gradcli.nests.reading import split
from gradcli.ops.core import Array
from gradcli.sizes import ATOM, Size
from gradcli.template import Node
from gradcli.transform.reify import OWN, Row
from gradcli.transform.reverse import Derivation
from gradcli.transform.vjp import Derived


class Stated(NamedTuple):
    """A line, once for all iterations.

    row: what a block's own derivation states. target: the quantity whose derivative it is; None of
    a name of its own, which `own` then is. loops: those that it stands in, `over` those over which
    its formula is summed. load: the equation whose slice it goes to, where it goes to one. arrives:
    whether something has arrived before. refs: what names stand for. body: which block's it is.
    """

    row: Row
    target: Ref
    loops: tuple[Loop, ...]
    over: tuple[Loop, ...]
    load: Equation | None
    assign: str
    line: Line | None
    refs: Mapping[str, Ref]
    body: Compact


def stated(derivation: Derivation, nest: Nest, values: Mapping[str, Array]) -> list[Stated]:
    """The lines of a derivation. Raises Unkept where its loops can't be kept."""
    return _Listing(derivation, nest, values).lines()


class _Listing:
    def __init__(self, derivation: Derivation, nest: Nest, values: Mapping[str, Array]) -> None:
        self.derivation = derivation
        self.program = derivation.program
        self.sizes = self.program.sizes
        self.nest = nest
        self.items = items(with_last_totals(self.program, nest))
        self.every = list(equations(self.items))
        self.numbers = number_names(self.every)
        self.wanted = {split(name)[0] for name in derivation.wrt}
        self.active = active(nest.equations, self.wanted)
        self.bodies = Bodies(self.program, values, nest.shapes)
        self.loads = {named(e.target, e.loops): e for e in self.every if is_load(e, e.loops)}
        self.made = {e.target.name for e in self.every}
        self.gained: list[tuple[Ref, tuple[Loop, ...]]] = []
        self.seeded: dict[str, Scalar] = {}
        if self.program.loss is not None:
            self.seeded[self.program.loss] = Scalar(Fraction(1))
        self.outputs = [_indexed(item.name, self.sizes) for item in self.program.given]
        self.found: list[Stated] = []
        self.summed: list[Stated] = []

    def lines(self) -> list[Stated]:
        self._items(self.items, ())
        found = self._assigned()
        reached = {each.target.name for each in found if each.row.operand != OWN}
        given = {ref.name for ref in self.outputs}
        none = [name for name in self.derivation.wrt if split(name)[0] not in reached | given]
        return [*found, *(self._zero(name, found) for name in none)]

    def _zero(self, name: str, found: Sequence[Stated]) -> Stated:
        """The line of a gradient to which nothing flows."""
        if "[" in name or not found:
            raise Unkept("a gradient that is 0")
        zeros = Grove(self.sizes).apply("zeros", sizes=self.program.shapes[name])
        row = Row(0, name, "=", contribution(formula(zeros, {}, {}, self.sizes)), None, 0)
        return Stated(row, Ref(name), (), (), None, "=", None, {}, found[0].body)

    # ── in the order of the backward pass ──

    def _items(self, some: Sequence[Item], outer: Sequence[Item]) -> None:
        for item in reversed(some):
            if isinstance(item, Block):
                self._block(item, outer or [item])
                continue
            waiting, self.summed = self.summed, []
            self._items(item.items, outer or [item])
            mine, self.summed = self.summed, waiting
            for each in mine:
                self._sum(each, item.loop)

    def _sum(self, each: Stated, loop: Loop) -> None:
        """Put a line behind a loop, over which its formula is summed, or behind one further out."""
        loops = tuple(one for one in each.loops if one.key != loop.key)
        each = each._replace(loops=loops, over=(*each.over, loop))
        if loops and loops[-1].variable not in _letters(each.target):
            self.summed.append(each)
        else:
            self.found.append(each)

    def _block(self, block: Block, outer: Sequence[Item]) -> None:
        arriving = [e.target for e in block.equations if self._arrives(e.target, block, outer)]
        for e in block.equations:
            if is_load(e, block.loops) and (e.target in arriving or e.target.name in self.wanted):
                raise Unkept("a slice whose derivative is wanted")
        body = self.bodies.body(
            block,
            self.numbers,
            arriving,
            self.seeded,
            self.wanted,
            self.active,
            self.derivation.layout,
        )
        if body is None:
            return
        for row, line in zip(body.found.rows, body.found.lines, strict=True):
            if line is not None and not line.value.terms and row.target not in body.inside:
                continue
            target = body.refs.get(row.target) or Ref(row.target)
            found = Stated(
                row, target, block.loops, (), None, row.assign, line, body.refs, body.found
            )
            if row.operand == OWN:
                loops = tuple([self.sizes.letter(loop.variable) for loop in block.loops])
                self.found.append(found._replace(target=Ref(row.target, loops)))
            elif row.target in body.inside:
                self.found.append(found)
            else:
                self._gain(found, block)

    def _gain(self, found: Stated, block: Block) -> None:
        """What a quantity gains that the block does not compute."""
        name = found.row.target
        if name in self.loads and found.target.name not in self.wanted:
            load = self.loads[name]
            (source,) = load.refs()
            found = found._replace(target=source, load=load)
        elif self._seeds(found):
            return
        self.gained.append((found.target, block.loops))
        if found.load is None and self._sums(found, block):
            self.summed.append(found)
        else:
            self.found.append(found)

    def _seeds(self, found: Stated) -> bool:
        """Whether it is a number that a scalar's derivative is, which loops put in."""
        name = found.target.name
        if name not in self.made or found.loops or found.line is None:
            return False
        terms = found.line.value.terms
        if len(terms) != 1 or len(found.line.value.labels) or name in self.wanted:
            return False
        if any(ref.name == name for ref, _ in self.gained) or self._used(name) > 1:
            return False
        ((term, c),) = terms
        if not any(isinstance(f.atom.what, Seed) for f in term):
            return False
        scalar = Scalar(c)
        for f in term:
            if isinstance(f.atom.what, Size | Constant):
                scalar = scalar.times(f.atom.what, f.exponent)
            elif not isinstance(f.atom.what, Seed):
                return False
        if any(not isinstance(exponent, int) for _, exponent in scalar.powers):
            return False
        self.seeded[name] = scalar
        return True

    def _used(self, name: str) -> int:
        return sum(ref.name == name for e in self.every for ref in e.refs())

    def _sums(self, found: Stated, block: Block) -> bool:
        """Whether it is the same quantity in each iteration of the innermost loop."""
        if not block.loops or block.loops[-1].variable in _letters(found.target):
            return False
        return not any(isinstance(key, Derived) and key.own for key in leaves(found.row))

    def _arrives(self, target: Ref, block: Block, outer: Sequence[Item]) -> bool:
        """Whether something flows to a quantity from behind its block: from above, or from another
        iteration.
        """
        if any(overlap(self.sizes, target, block.loops, ref, ()) for ref in self.outputs):
            return True
        own = {e.target for e in block.equations}
        for ref, loops in self.gained:
            if overlap(self.sizes, target, block.loops, ref, loops):
                return True
        if not block.loops:
            return False
        return any(
            overlap(self.sizes, target, block.loops, ref, e.loops)
            for e in equations(outer)
            if e.target.name in self.active
            for ref in e.refs()
            if ref not in own
        )

    # ── = and += ──

    def _assigned(self) -> list[Stated]:
        """The lines with their assignments: `=` to what nothing has reached before."""
        return [
            each
            if each.row.operand == OWN or each.row.target in self._inside(each)
            else each._replace(assign="+=" if self._again(k, each) else "=")
            for k, each in enumerate(self.found)
        ]

    def _inside(self, each: Stated) -> set[str]:
        return {step.name for step in each.body.program.steps}

    def _again(self, k: int, each: Stated) -> bool:
        around = (*each.loops, *each.over)
        if any(overlap(self.sizes, each.target, around, ref, ()) for ref in self.outputs):
            return True
        if not once(each.target, each.loops) or (each.load is not None and each.loops):
            return True
        for n, other in enumerate(self.found):
            if n == k or other.row.operand == OWN or other.target.name != each.target.name:
                continue
            if other.row.target in self._inside(other):
                continue  # it comes behind
            together = {loop.key for loop in other.loops} & {loop.key for loop in each.loops}
            if (n < k or together) and overlap(
                self.sizes, each.target, around, other.target, (*other.loops, *other.over)
            ):
                return True
        return False


def leaves(row: Row) -> Iterator[object]:
    """What a row's formula is made of."""
    nodes: Sequence[Node] = row.contribution.nodes
    return (node.key for node in nodes if node.call is None)


def _letters(ref: Ref) -> set[str]:
    return {name for size in ref.at for name in variables(size)}


def _indexed(name: str, sizes: object) -> Ref:
    base, numbers = split(name)
    return Ref(base, tuple(map(sizes.constant, numbers)))  # type: ignore[attr-defined]


__all__ = ["ATOM", "Around", "Stated", "stated"]
