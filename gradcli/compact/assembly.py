"""The lines of a compact derivation, put together as rows of a listing and as a Program."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradcli.compact.gate import Near
from gradcli.compact.lines import Line, Lines
from gradcli.compact.listing import Formula, formula
from gradcli.compact.trees import Tree, below, shared
from gradcli.errors import Span
from gradcli.interpret import last_uses
from gradcli.program import NOWHERE, Input, Operand, verify
from gradcli.proof.verdict import UNDECIDED, Proof
from gradcli.sizes import Number
from gradcli.transform.reify import OWN, Reified, Row, Writer
from gradcli.transform.reverse import Derivation
from gradcli.transform.vjp import Contribution, Derived, Known


@dataclass(frozen=True, eq=False)
class Compact(Derivation):
    """A derivation in as few and as short lines as the rules find.

    `source` is the one it was made from. `lines` say how each row came about, None where it is what
    others share; `found` knows what they are in terms of, and `names` what a listing calls it.
    `proofs` are of the derivatives, by their variables; `near` says where they hold.
    """

    source: Derivation
    lines: tuple[Line | None, ...]
    found: Lines
    names: dict[str, str]
    made: Reified
    near: Near
    proofs: Mapping[str, Proof] = field(default_factory=dict)

    def proof(self, row: Row) -> Proof | None:
        """What exact evaluation says of a line that states a derivative."""
        return None if row.operand == OWN else self.proofs[row.target]

    @property
    def rests(self) -> tuple[str, ...]:
        """What the lines take from the model's word for its data."""
        book = self.found.book
        declared = dict.fromkeys([*book.declared.values(), *book.masks.values()])
        facts = [done.fact for line in self.lines if line is not None for done in line.way]
        return tuple([said for said in declared if any(said in fact for fact in facts)])

    @property
    def unproven(self) -> dict[str, list[str]]:
        """The variables whose derivatives' lines rest on points alone, by the reason."""
        found: dict[str, list[str]] = {}
        for name, proof in self.proofs.items():
            if proof.verdict == UNDECIDED and proof.reason:
                found.setdefault(proof.reason, []).append(name)
        return found

    def span(self, row: Row) -> Span:
        """That of the variable whose derivative the row states, or is the first to use."""
        rows = self.rows[self.rows.index(row) :]
        target = next(row.target for row in rows if row.operand != OWN)
        places = {i.name: i.place for i in self.program.inputs}
        places.update((step.name, step.place) for step in self.program.steps)
        return self.program.span(places[target])

    def formula(self, row: Row) -> str:
        return row.contribution.listing[self.layout]

    @property
    def literal(self) -> Derivation:
        return self.source

    @property
    def reified(self) -> Reified:
        return self.made


def operations(derivation: Derivation) -> int:
    """How many operations on numbers a backward pass takes."""
    return sum(int(step.call.flops.value) for step in derivation.reified.steps)


def assembled(
    literal: Derivation,
    found: Lines,
    lines: Sequence[Line],
    near: Near,
    taken: Collection[str] = (),
) -> Compact:
    """The lines as rows of a listing and as a program, which is verified.

    taken: names that what several lines share may not have.
    """
    return _Assembly(literal, found, lines, near, taken).compact()


def _ordered(lines: Sequence[Line], apart: Collection[str]) -> list[Line]:
    """The lines, each that is a part of an earlier one before it, so that this may use it."""
    whole = {n.tree.number: n for n in lines if n.tree.flops and not n.more and n.name not in apart}
    found: dict[str, Line] = {}
    for line in lines:
        for tree in below((line.tree,)):
            if (part := whole.get(tree.number)) is not None:
                found.setdefault(part.name, part)
        found.setdefault(line.name, line)
    return list(found.values())


class _Assembly:
    def __init__(
        self,
        literal: Derivation,
        found: Lines,
        lines: Sequence[Line],
        near: Near,
        taken: Collection[str],
    ) -> None:
        self.near = near
        self.taken = taken
        self.literal = literal
        self.found = found
        self.lines = _ordered(lines, found.apart)
        self.shown: list[Line | None] = []
        self.writer = Writer(literal.program)
        self.sizes = literal.program.sizes
        self.names: dict[str, str] = {}  # what the listing calls a derivative: its variable
        for variable, total in literal.reified.totals.items():
            self.names[total] = variable
        for item, arriving in zip(literal.program.given, literal.reified.arriving, strict=True):
            self.names[arriving] = item.name
        self.known: dict[int, Derived] = {}
        self.unnamed: dict[int, str] = {}  # derivatives without a line, by their trees
        self.more: dict[str, str] = {}  # those of them that several lines share, by their variables
        self.rows: list[Row] = []
        self.values: list[str] = []
        self.steps: dict[Any, Operand] = {}  # what the program calls what a leaf stands for

    def compact(self) -> Compact:
        program, literal = self.literal.program, self.literal.reified
        inputs = [i for i in literal.program.inputs if i.name in literal.arriving]
        for item in inputs:
            self.writer.shapes[item.name] = item.shape
            self.steps[Derived(item.name)] = item.name
        common = {tree.number for tree in shared([line.tree for line in self.lines]).lines}
        self.unnamed = self.found.derivatives(self.lines) if common else {}
        for line in self.lines:
            for tree in below((line.tree,), self.known):
                lone = tree is line.tree or tree.number in self.known
                if tree.number in common and not lone:
                    self._own(tree)
            self._line(line)
        totals = dict(self.more)
        for line in self.lines:
            totals[self.names[line.also or line.name]] = line.also or line.name
        for item, arriving in zip(program.given, literal.arriving, strict=True):
            totals.setdefault(item.name, arriving)
        for name in self.literal.wrt:
            if name not in totals:
                totals[name] = self.writer.apply(
                    "zeros", (), {"sizes": program.shapes[name]}, literal.totals[name]
                )
        steps = tuple(self.writer.steps)
        outputs = [
            Input(totals[name], "given", program.shapes[name], None, NOWHERE)
            for name in self.literal.wrt
        ]
        made = program._replace(
            inputs=(*program.inputs, *inputs),
            steps=program.steps + steps,
            shapes=self.writer.shapes,
            loss=None,
            given=tuple(outputs),
        )
        verify(made, len(program.steps))
        kept = {*self.values, *totals.values()}
        reified = Reified(
            made,
            steps,
            literal.arriving,
            tuple(self.values),
            totals,
            last_uses(steps, kept),
        )
        d = self.literal
        rows, lines = tuple(self.rows), tuple(self.shown)
        return Compact(
            d.program, rows, d.wrt, d.layout, d, lines, self.found, self.names, reified, self.near
        )

    # ── lines ──

    def _own(self, tree: Tree) -> None:
        """A line of its own for what several lines share: a derivative's, where it is one."""
        if tree.number in self.unnamed:
            name = self.unnamed[tree.number]
            self._write(tree, name)
            self._row(tree, self.names[name], "=", 0)
            self.more[self.names[name]] = name
            self._enter(tree, name, Derived(name))
            return
        number = 1
        while f"s{number}" in self.writer.shapes or f"s{number}" in self.taken:
            number += 1
        name = f"s{number}"
        self._write(tree, name)
        self._row(tree, name, "=", OWN)
        self._enter(tree, name, Derived(name, own=True))

    def _enter(self, tree: Tree, name: str, key: Derived) -> None:
        self.shown.append(None)
        self.values.append(name)
        self.known[tree.number] = key
        self.steps[key] = name

    def _line(self, line: Line) -> None:
        name = line.also or line.name
        if line.more:
            value = self._write(line.tree, None)
            self.writer.apply("add", (line.more, value), {}, name)
        else:
            value = self._write(line.tree, name)
        shown = line.tree.args[0] if name in self.found.apart and line.tree.args else line.tree
        self._row(shown, self.names[name], "+=" if line.more else "=", 0)
        self.values.append(value)
        self.shown.append(line)
        self.names[line.name] = self.names[name]
        self.steps[Derived(line.name)] = name
        if line.value.terms and not line.more and name not in self.found.apart:
            self.known[line.tree.number] = Derived(line.name)

    def _row(self, tree: Tree, target: str, assign: str, operand: int) -> None:
        found = contribution(formula(tree, self.known, self.names, self.sizes))
        self.rows.append(Row(0, target, assign, found, None, operand))

    # ── steps ──

    def _write(self, root: Tree, name: str | None) -> str:
        """Append the operations of a tree; `name` is that of the last one."""
        return write(self.writer, root, self.known, self._leaf, name)

    def _leaf(self, key: Any) -> Operand:
        if isinstance(key, Number):
            return key
        return key.name if isinstance(key, Known) else self.steps[key]


def contribution(found: Formula) -> Contribution:
    """A formula as what a row adds."""
    nodes = found.nodes["denominator"]
    shape = nodes[-1].shape
    return Contribution(
        found.expr, nodes, found.texts, found.nodes, found.texts, found.code, (), shape, None, None
    )


def write(
    writer: Writer,
    root: Tree,
    known: Mapping[int, Derived],
    leaf: Callable[[Any], Operand],
    name: str | None = None,
) -> str:
    """Append the operations of a tree to a program, as often as they are written; the last one's
    name.

    known: the trees that have a line, by their numbers. leaf: what the program calls a key.
    """
    operands: list[Operand] = []
    stack = [(root, False)]
    while stack:
        tree, ready = stack.pop()
        key = known.get(tree.number) or tree.key
        if key is not None:
            operands.append(leaf(key))
        elif ready:
            assert tree.call is not None
            first = len(operands) - len(tree.args)
            args = tuple(operands[first:])
            operands[first:] = [writer.emit(tree.call, args, name if not stack else None)]
        else:
            stack.append((tree, True))
            stack.extend((arg, False) for arg in reversed(tree.args))
    if root.number in known or root.key is not None:
        return writer.apply("copy", operands, {}, name)
    return str(operands[0])
