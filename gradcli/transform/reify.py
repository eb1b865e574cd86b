"""A derivation as a Program: its steps are operations of the table, under names such as dL/dz5.

Forward and backward steps stand in one list, so that whatever reads a Program reads a derivation:
it can be verified, computed, printed, compiled, and derived again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from gradcli.interpret import last_uses
from gradcli.ops.core import TABLE, Call, Signature
from gradcli.ops.parts import Region
from gradcli.program import NOWHERE, Input, Operand, Program, Step, verify
from gradcli.record import Record
from gradcli.sizes import Number, Size, Sizes
from gradcli.syntax.ast import Place
from gradcli.transform.vjp import Code, Contribution

DERIVATIVE = "dL/d"


def prefix(program: Program) -> str:
    """What stands before a derivative's name: dL/d, and dL2/d where dL/dx is a name already."""
    found, order = DERIVATIVE, 1
    while any(name.startswith(found) for name in program.shapes):
        order += 1
        found = f"dL{order}/d"
    return found


OWN = -1


class Run(Record):
    """A loop as it is written around a line: its variable, from `first` to `last`.

    length: how many iterations it has, on the average of the loops around. number: which loop of
    the model it is.
    """

    variable: str
    first: str
    last: str
    length: Size
    number: int = 0

    def __str__(self) -> str:
        return f"for {self.variable} in {self.first}..{self.last}"


def opened(before: Sequence[Run], now: Sequence[Run]) -> Iterator[tuple[int, Run]]:
    """The loops that begin between two lines, from the outermost, and how many are around each."""
    alike = True
    for depth, run in enumerate(now):
        alike = alike and run == (before[depth] if depth < len(before) else None)
        if not alike:
            yield depth, run


class Row(Record):
    """One backward step: `target` assign formula. `eq` is the forward equation's number, from 1.

    `region` is the part of the target's derivative that the step reaches, in the target's own axes;
    None stands for all of it. `operand` is the target's place among the equation's operands, or OWN
    where the target is no derivative, but a line of the rule's own; `own` names all of these.
    A line that stands for all iterations has letters: it is in `loops`, outermost first, its
    formula is summed `over` ranges, and `parts` are what it reaches of the target.
    """

    eq: int
    target: str
    assign: str
    contribution: Contribution
    region: Region | None
    operand: int
    own: tuple[str, ...] = ()
    loops: tuple[Run, ...] = ()
    over: tuple[Run, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def adds(self) -> bool:
        """Whether it adds entry by entry; what is added at an index's rows is part of its rule."""
        return self.assign == "+=" and self.contribution.at is None


def times(row: Row, sizes: Sizes) -> Size:
    """How often a line of a loop is computed."""
    found = sizes.constant(1)
    for run in (*row.loops, *row.over):
        found = sizes.multiply(found, run.length)
    return found


class Reified(Record):
    """A derivation as a program, whose outputs are the gradients.

    `steps` are those of the backward pass alone. `arriving` names the inputs that the given
    derivatives are, `values` what each row of the listing adds, "" where it has no one value, and
    `totals` each name's derivative. `shown` is what the listing has of `values`, where that differs
    in any: of what is added at an index's rows, the rows.
    `dying` says what nothing needs any more behind a step, but for these.
    """

    program: Program
    steps: tuple[Step, ...]
    arriving: tuple[str, ...]
    values: tuple[str, ...]
    totals: dict[str, str]
    dying: dict[str, list[str]]
    shown: tuple[str, ...] = ()


def reify(program: Program, rows: Sequence[Row], wrt: Sequence[str]) -> Reified:
    """The program of both passes.

    The given derivatives are inputs of it, and the loss's is 1. Where a given derivative gains
    more on the way, what arrives is called dL/dh' and the total dL/dh.
    """
    writer = Writer(program)
    totals = Totals(writer, rows)
    arriving = totals.begin()
    values = tuple([totals.add(i, row) for i, row in enumerate(rows)])
    for name in wrt:
        if name not in totals.running:
            shape = program.shapes[name]
            totals.running[name] = writer.apply(
                "zeros", (), {"sizes": shape}, writer.derivative + name
            )
    outputs = [
        Input(writer.derivative + name, "given", program.shapes[name], None, NOWHERE)
        for name in wrt
    ]
    steps = tuple(writer.steps)
    made = program._replace(
        inputs=(*program.inputs, *arriving),
        steps=program.steps + steps,
        shapes=writer.shapes,
        loss=None,
        given=tuple(outputs),
    )
    verify(made, len(program.steps))
    found = {name: str(total) for name, total in totals.running.items()}
    shown = _shown(rows, values, steps)
    dying = last_uses(steps, {*values, *shown, *found.values()})
    return Reified(made, steps, tuple(i.name for i in arriving), values, found, dying, shown)


def _shown(rows: Sequence[Row], values: Sequence[str], steps: Sequence[Step]) -> tuple[str, ...]:
    """What is shown of what each row adds."""
    if all(row.contribution.at is None for row in rows):
        return ()
    made = {step.name: step for step in steps}
    pairs = zip(rows, values, strict=True)
    return tuple(
        [value if row.contribution.at is None else str(made[value].args[0]) for row, value in pairs]
    )


class Writer:
    """Appends steps to those of a program; what has no name of its own gets the next free z."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps: list[Step] = []
        self.shapes = dict(program.shapes)
        self.calls: dict[Any, Call] = {}
        self.place: Place = NOWHERE
        numbers = re.findall(r"^z([0-9]+)", "\n".join(program.shapes), re.MULTILINE)
        self.z = max(map(int, numbers), default=0)
        self.derivative = prefix(program)

    def emit(self, call: Call, args: tuple[Operand, ...], name: str | None = None) -> str:
        if name is None:
            self.z += 1
            name = f"z{self.z}"
        self.steps.append(Step(name, call, args, self.place))
        self.shapes[name] = call.shape
        return name

    def apply(
        self, op: str, args: Sequence[Operand], attrs: dict[str, Any], name: str | None = None
    ) -> str:
        """Append an operation of the table."""
        sizes = self.program.sizes
        shapes = tuple([self.shapes[a] if isinstance(a, str) else sizes.scalar for a in args])
        key = (op, shapes, tuple(attrs.items()))
        if key not in self.calls:
            signature = Signature(sizes, shapes, attrs)
            self.calls[key] = Call(TABLE[op], signature, key[2], TABLE[op].shape(signature))
        return self.emit(self.calls[key], tuple(args), name)

    def expression(self, code: Code, leaves: Sequence[Operand], name: str | None) -> Operand:
        """Append an expression's operations; what it is worth. `name` is that of the last one.

        leaves: what the expression is stated in.
        """
        calls, result = code
        # In front what the calls are worth; the i-th leaf is at ~i, counted from the end.
        table: list[Operand] = [*[""] * len(calls), *leaves[::-1]]
        last = len(calls) - 1
        for k, (call, places) in enumerate(calls):
            args = tuple([table[p] if p.__class__ is int else p for p in places])
            table[k] = self.emit(call, args, name if k == last else None)  # type: ignore[arg-type]
        return table[result] if isinstance(result, int) else result


class Totals:
    """The derivatives on their way: their running totals, and what waits for its region.

    A derivative gets its name with its last contribution, before anything is computed from it.
    """

    def __init__(self, writer: Writer, rows: Sequence[Row]) -> None:
        self.writer = writer
        self.last = {row.target: i for i, row in enumerate(rows) if row.operand != OWN}
        self.running: dict[str, Operand] = {}
        self.parts: dict[str, list[tuple[Operand, Region]]] = {}

    def begin(self) -> tuple[Input, ...]:
        """What arrives from above: the given derivatives as inputs, and the loss's 1."""
        program, shapes = self.writer.program, self.writer.shapes
        arriving = []
        for item in program.given:
            more = item.name in self.last or item.name == program.loss
            name = self.writer.derivative + item.name + ("'" if more else "")
            arriving.append(item._replace(name=name, role="input"))
            shapes[name] = item.shape
            self.running[item.name] = name
        if (loss := program.loss) is not None:
            own = None if loss in self.last else self.writer.derivative + loss
            scalar = (program.sizes.constant(1),) * 2
            given = self.running.get(loss)
            one = self.writer.apply("ones", (), {"sizes": scalar}, None if given else own)
            self.running[loss] = self._sum(given, one, own) if given else one
        return tuple(arriving)

    def add(self, i: int, row: Row) -> str:
        """Do a backward step. The name of what it adds, which is without its region."""
        step = self.writer.program.steps[row.eq - 1]
        self.writer.place = step.place
        leaves = (self.writer.derivative + step.name, step.name, *step.args, *row.own)
        if row.operand == OWN:
            return self._own(row, leaves)
        name = self.writer.derivative + row.target if self.last[row.target] == i else None
        region = row.region or row.contribution.region
        before = self.running.get(row.target)
        alone = region is None and before is None and row.target not in self.parts
        value = self.writer.expression(row.contribution.code, leaves, name if alone else None)
        if isinstance(value, Number) or (alone and name and value != name):
            value = self.writer.apply("copy", (value,), {}, name if alone else None)
        if region is not None:
            self.parts.setdefault(row.target, []).append((value, region))
        elif before is not None:
            ends = name if row.target not in self.parts else None
            self.running[row.target] = self._sum(before, value, ends)
        else:
            self.running[row.target] = value
        if name is not None and row.target in self.parts:
            self._place(row.target, name)
        return value

    def _own(self, row: Row, leaves: Sequence[Operand]) -> str:
        value = self.writer.expression(row.contribution.code, leaves, row.target)
        if value != row.target:
            self.writer.apply("copy", (value,), {}, row.target)
        return row.target

    def _place(self, target: str, name: str) -> None:
        """Put what waits into its regions."""
        parts = self.parts.pop(target)
        regions = tuple(region for _, region in parts)
        attrs = {"regions": regions, "shape": self.writer.program.shapes[target]}
        before = self.running.get(target)
        values = [value for value, _ in parts]
        found = self.writer.apply("scatter", values, attrs, None if before else name)
        self.running[target] = self._sum(before, found, name) if before else found

    def _sum(self, before: Operand, value: Operand, name: str | None) -> str:
        return self.writer.apply("add", (before, value), {}, name)
