"""Operands of several quantities as columns of stacks: what is done to each is done to all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradcli.emit.order import Entry
from gradcli.emit.schedule import recurrent
from gradcli.emit.stacks import Found, Stack, Stacks
from gradcli.nests.nest import Equation, Nest, Operand, Ref, Span
from gradcli.ops.core import ALL, TABLE, Op
from gradcli.sizes import Number, Shape, is_one


class Columns(Stacks):
    """Draws together what works entry by entry."""

    def __init__(self, nest: Nest, *rest: Any) -> None:
        super().__init__(nest, *rest)
        self.late = recurrent(nest.equations)

    def column(
        self, operands: Sequence[Operand], axis: int, like: Sequence[Entry], depth: int = 8
    ) -> Found | None:
        """Operands as one where that costs no more than laying one column of them side by side."""
        if found := self.alike(operands, axis) or self.there(operands, axis, like):
            return found
        made = [self.maker(operand) for operand in operands]
        if not depth or any(entry is None for entry in made):
            return None
        makers = [entry for entry in made if entry is not None]
        first = makers[0].equation
        fits = first.call.op.elementwise and all(
            entry.equation.call.op is first.call.op
            and entry.equation.call.attrs == first.call.attrs
            and entry.path == makers[0].path
            and len(entry.equation.call.shape) == 2
            and entry.equation.call.shape[1 - axis] is first.call.shape[1 - axis]
            for entry in makers
        )
        if not fits or len(set(operands)) < len(operands):
            return None
        return self.entrywise(makers, axis, depth)

    def entrywise(self, makers: Sequence[Entry], axis: int, depth: int) -> Found | None:
        """An operation on the entries of several quantities as one on those of their stack."""
        state = self.state()
        op = makers[0].equation.call.op
        if op.regroups:
            rows = [self.flat(entry.equation, op) for entry in makers]
        else:
            rows = [list(entry.equation.args) for entry in makers]
        if any(not self.covers(entry, row) for entry, row in zip(makers, rows, strict=True)):
            return None
        found = self.columns(rows, axis, makers, depth, op)
        if found is None:
            self.restore(state)
            return None
        columns, partial = found
        made = [self.makers[entry.equation.target.name][0] for entry in makers]
        members = [entry.equation.target for entry in made]
        ref = self.chain(op, columns, made, members)
        for first, last, part in partial:
            self.partly(ref, axis, members, (first, last), part, made)
        self.register(ref, axis, members, made)
        return Found(ref, self.shapes[ref.name])

    def covers(self, entry: Entry, row: Sequence[Operand]) -> bool:
        """Whether each operand has the result's shape, or is stretched in all axes."""
        shape = entry.equation.call.shape
        return all(
            isinstance(operand, Number)
            or self.shapes[operand.name] == shape
            or all(map(is_one, self.shapes[operand.name]))
            for operand in row
        )

    def flat(self, equation: Equation, op: Op) -> list[Operand]:
        """The operands of a chain of one operation."""
        found: list[Operand] = []
        for arg in equation.args:
            maker = self.maker(arg)
            if (
                maker is not None
                and isinstance(arg, Ref)
                and maker.equation.call.op is op
                and self.single(arg.name)
                and maker.equation.loops == equation.loops
                and maker.equation.call.shape == equation.call.shape
            ):
                found += self.flat(maker.equation, op)
            else:
                found.append(arg)
        return found

    def columns(
        self,
        rows: Sequence[list[Operand]],
        axis: int,
        like: Sequence[Entry],
        depth: int,
        op: Op,
    ) -> tuple[list[Found], list[tuple[int, int, Found]]] | None:
        """The operands of several as columns, and those that some neighbours alone have.

        One column at most is laid side by side; a chain's others are drawn together for it.
        """
        columns: list[Found] = []
        partial: list[tuple[int, int, Found]] = []
        if not op.regroups:
            gathers = 0
            for column in zip(*rows, strict=True):
                found = self.column(column, axis, like, depth - 1)
                if found is None:
                    gathers += 1
                    if gathers > 1 or not self.may_gather(column, axis, like):
                        return None
                    found = self.gathered(column, axis, like)
                columns.append(found)
            return columns, partial
        for stack in [stack for stack in self.stacks if stack.axis == axis]:
            run = self.run(stack, rows)
            while len(run) == len(rows):
                columns.append(self.taken(rows, run, axis, like))
                run = self.run(stack, rows)
            neighbours = [*run] == list(range(min(run, default=0), max(run, default=-1) + 1))
            if len(run) > 1 and neighbours and op.linear == ALL:
                some = self.taken(rows, run, axis, like)
                partial.append((min(run), max(run) + 1, some))
        while columns and (found := self.matched(rows, axis, like, depth)):
            columns.append(found)
        if any(rows):
            if not columns or not all(rows):
                return None
            for part in self.parted(rows):
                joined = [
                    self.joined(entry, op, row) for entry, row in zip(like, part, strict=True)
                ]
                if (found := self.column(joined, axis, like, depth - 1)) is None:
                    if not self.may_gather(joined, axis, like):
                        return None
                    found = self.gathered(joined, axis, like)
                columns.append(found)
        return (columns, partial) if columns else None

    def run(self, stack: Stack, rows: Sequence[Sequence[Operand]]) -> dict[int, int]:
        """Which rows have a member of a stack in their own order, and where in the row it is."""
        found: dict[int, dict[int, int]] = {}
        for k, row in enumerate(rows):
            for i, operand in enumerate(row):
                if operand in stack.members:
                    offset = stack.members.index(operand) - k
                    found.setdefault(offset, {}).setdefault(k, i)
        return max(found.values(), key=len, default={})

    def taken(
        self,
        rows: Sequence[list[Operand]],
        run: dict[int, int],
        axis: int,
        like: Sequence[Entry],
    ) -> Found:
        """The column of a stack's members, which leave the rows."""
        operands = [rows[k].pop(i) for k, i in sorted(run.items())]
        found = self.there(operands, axis, like)
        assert found is not None
        return found

    def matched(
        self, rows: Sequence[list[Operand]], axis: int, like: Sequence[Entry], depth: int
    ) -> Found | None:
        """A column of operands that come of the same operation, and are stacked for nothing."""
        for first in rows[0]:
            column = [first]
            kind = self.kind(first)
            for row in rows[1:]:
                column += [operand for operand in row if self.kind(operand) == kind][:1]
            if kind is None or len(column) < len(rows):
                continue
            state = self.state()
            gathers = len(self.stacks)
            found = self.column(column, axis, like, depth - 1)
            if found is not None and not self.laid(gathers):
                for row, operand in zip(rows, column, strict=True):
                    row.remove(operand)
                return found
            self.restore(state)
        return None

    def laid(self, before: int) -> bool:
        """Whether any stack since then is one of quantities laid side by side."""
        for stack in self.stacks[before:]:
            made = self.makers[stack.ref.name][0].equation
            if len(made.args) > 1 and not made.call.op.elementwise and not made.call.op.letters:
                return True
        return False

    def kind(self, operand: Operand) -> Any:
        """What operands of one column have in common."""
        if isinstance(operand, Number):
            return operand.text
        maker = self.maker(operand)
        if maker is None:
            return None
        call = maker.equation.call
        return (call.op.name, call.attrs, maker.path)

    def parted(self, rows: Sequence[list[Operand]]) -> Iterator[list[list[Operand]]]:
        """Operands by whether a recurrence makes them, where all rows have both kinds."""
        late: list[list[Operand]] = [
            [o for o in row if isinstance(o, Ref) and o.name in self.late] for row in rows
        ]
        early = [[o for o in row if o not in some] for row, some in zip(rows, late, strict=True)]
        if all(late) and all(early):
            yield early
            yield late
        else:
            yield [list(row) for row in rows]

    def joined(self, entry: Entry, op: Op, row: Sequence[Operand]) -> Operand:
        """A chain of operands as one, in equations of its own."""
        total = row[0]
        for operand in row[1:]:
            call = self.call(op, [self.shape(total), self.shape(operand)])
            target = Ref(self.key([entry.equation.target.name]), entry.equation.target.at)
            loops = entry.equation.loops
            total = self.add(Equation(target, call, (total, operand), loops), [entry])
        return total

    def shape(self, operand: Operand) -> Shape:
        return self.shapes[operand.name] if isinstance(operand, Ref) else self.sizes.scalar

    def may_gather(self, operands: Sequence[Operand], axis: int, like: Sequence[Entry]) -> bool:
        """Whether operands are whole ones, that may be laid side by side."""
        return all(
            isinstance(operand, Ref) and self.shapes[operand.name] == entry.equation.call.shape
            for operand, entry in zip(operands, like, strict=True)
        )

    def chain(
        self, op: Op, columns: Sequence[Found], made: Sequence[Entry], members: Sequence[Ref]
    ) -> Ref:
        """The operation on columns: a chain of two at a time where it regroups."""
        first = made[0].equation
        parts = [columns] if not op.regroups else [columns[:2], *([c] for c in columns[2:])]
        total: Found | None = None
        for part in parts:
            every = [*([total] if total else []), *part]
            attrs = dict(first.call.attrs)
            call = self.call(op, [found.shape for found in every], **attrs)
            target = Ref(self.key([m.name for m in members], first.call.op.name), first.target.at)
            args = tuple(found.operand for found in every)
            total = Found(self.add(Equation(target, call, args, first.loops), made), call.shape)
        assert total is not None
        assert isinstance(total.operand, Ref)
        return total.operand

    def partly(
        self,
        ref: Ref,
        axis: int,
        members: Sequence[Ref],
        run: tuple[int, int],
        part: Found,
        made: Sequence[Entry],
    ) -> None:
        """What only some neighbours in a sum have is added to their part of it."""
        zero = self.sizes.constant(0)
        ends = [zero]
        for member in members:
            ends.append(self.sizes.add(ends[-1], self.shapes[member.name][axis]))
        spans = tuple(
            Span(ends[run[0]], ends[run[1]], single=False, whole=False)
            if k == axis
            else Span(zero, size, single=False, whole=True)
            for k, size in enumerate(self.shapes[ref.name])
        )
        call = self.call(TABLE["copy"], [part.shape])
        loops = made[0].equation.loops
        self.add(Equation(ref, call, (part.operand,), loops, True, spans), made, 1e-3)
