"""A pass as lines of code: each item a statement, what is used once inside the one that uses it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradcli.emit.expressions import Expressions, Pending, trimmed
from gradcli.emit.languages import Range
from gradcli.emit.layout import WIDTH, bare
from gradcli.emit.schedule import Item
from gradcli.emit.stores import ARRAY, Store
from gradcli.nests.nest import (
    Equation,
    Loop,
    Ref,
)
from gradcli.ops.core import EXACT
from gradcli.ops.parts import Part
from gradcli.sizes import POSTFIX, SUM, Number
from gradcli.spelling import Written


class Writer(Expressions):
    """Writes the items of a pass."""

    # ── lines ──

    def write(self) -> list[str]:
        starts = self._starts()
        for i, item in enumerate(self.items):
            if i in starts:
                self.enter(())
                for name in starts[i]:
                    self.allocate(name)
            self.enter(item.loops, self.runs[i], self.runs[i - 1] if i else ())
            self.item(i, item)
        self.enter(())
        return self.lines

    def _starts(self) -> dict[int, list[str]]:
        """Where arrays are made: before the outermost loop in which they are filled."""
        begins: dict[int, int] = {}
        for i, run in enumerate(self.runs):
            if run:
                begins.setdefault(run[0], i)
        found: dict[int, list[str]] = {}
        seen: set[str] = set()
        for i, item in enumerate(self.items):
            name = item.equation.target.name
            if name in seen or self.stores[name].kind != ARRAY:
                continue
            seen.add(name)
            if self.direct(i):
                continue
            at = begins[self.runs[i][0]] if self.runs[i] else i
            found.setdefault(at, []).append(name)
        return found

    def direct(self, i: int) -> bool:
        """Whether an array that grows later begins as the value of its first statement."""
        item = self.items[i]
        target = item.equation.target
        return not item.loops and not target.at and item.equation.spans is None

    def enter(
        self,
        loops: Sequence[Loop],
        run: tuple[int, ...] = (),
        before: tuple[int, ...] = (),
    ) -> None:
        """Leave the loops that are open and enter others."""
        same = 0
        while (
            same < min(len(loops), len(self.open))
            and run[same : same + 1] == before[same : same + 1]
        ):
            same += 1
        while len(self.open) > same:
            _, over, carried, name = self.open.pop()
            for text in self.language.leave(over, carried, name):
                self.line(text)
        for depth, loop in enumerate(loops[same:], same):
            over = self.range(loop)
            carried = self.carried(run[: depth + 1])
            name = self.naming(f"step{depth or ''}/")
            for text in self.language.enter(over, carried, name):
                self.line(text)
            self.open.append((loop, over, carried, name))

    def range(self, loop: Loop) -> Range:
        """A loop's range as code."""
        sizes, variable = self.sizes, self.naming(loop.variable)
        first, last = self.size(loop.first), self.size(loop.last)
        one = sizes.constant(1)
        moves = self.moves(loop.first, loop.last)
        if loop.down:
            ends = f"{last}, {self.size(sizes.add(loop.first, one, -1))}, -1"
            return Range(variable, ends, last, self.length(loop), True, moves)
        high = self.size(sizes.add(loop.last, one))
        ends = high if first == "0" else f"{first}, {high}"
        return Range(variable, ends, first, self.length(loop), False, moves)

    def carried(self, run: tuple[int, ...]) -> list[str]:
        """The arrays that the iterations of a loop fill."""
        names = {
            item.equation.target.name: None
            for item, own in zip(self.items, self.runs, strict=True)
            if own[: len(run)] == run and self.stores[item.equation.target.name].kind == ARRAY
        }
        return [self.variable(name) for name in names]

    def line(self, text: str) -> None:
        self.lines.append("    " * (1 + len(self.open)) + text if text else "")

    def allocate(self, name: str) -> None:
        store = self.stores[name]
        variable = self.variable(name)
        if name in self.arrived:
            if text := self.language.copied(variable):
                self.line(f"{variable} = {bare(text)}")
            return
        kind = "zeros" if store.zeros else "empty"
        shape = self.dims(store.axes, store.shape)
        self.line(f"{variable} = {self.language.made(kind, shape, self.like)}")

    # ── items ──

    def item(self, i: int, item: Item) -> None:
        equation = item.equation
        name = equation.target.name
        store = self.stores[name]
        room = WIDTH - 4 * (1 + len(self.open))
        if self.may_wait(i, item, store):
            own = room - len(self.called.get(name) or name) - 3
            self.pending[name] = Pending(self.value(item, own), (self.runs[i], _keys(item.batch)))
            return
        variable = self.variable(name)
        parts = self.target(item, store)
        adds = self.adds[i]
        spans = equation.spans if equation.adds else None
        if spans is not None and len(spans) > 2 and any(span.single for span in spans):
            self.line(self.language.filled(variable, parts, adds, self.reshaped(item)))
        elif parts:
            room -= len(self.language.filled(variable, parts, adds, ""))
            self.line(self.language.filled(variable, parts, adds, self.value(item, room)[0]))
        elif adds:
            own = len(variable) + 3 + len(self.language.added(variable, ""))
            value, binding = self.value(item, room - own)
            value = value if binding > SUM else f"({value})"
            self.line(f"{variable} = {self.language.added(variable, value)}")
        else:
            text, binding = self.value(item, room - len(variable) - 3)
            if store.kind == ARRAY and not equation.call.flops.value:  # another's, or a view of it
                text = self.language.copied(text if binding >= POSTFIX else f"({text})") or text
            self.line(f"{variable} = {bare(text)}")
            alone = name not in self.users and not (self.plain or self.open or item.batch)
            if alone and self.view(equation) and len(text) <= len(variable):
                self.views[self.lines[-1]] = name, text

    def results(self, names: Iterable[str]) -> dict[str, str]:
        """What some values are called; one that the last line makes of another is that other."""
        found = {name: self.variable(name) for name in names}
        while self.lines and self.lines[-1] in self.views:
            name, text = self.views[self.lines[-1]]
            if name not in found:
                break
            found[name] = text
            self.lines.pop()
        return found

    def reshaped(self, item: Item) -> str:
        """A value with the axes that a single index dropped."""
        text, binding = self.value(item, WIDTH)
        sizes = [
            Part(span.start, span.stop, span.single, step=span.step).length(self.sizes)
            for span in item.equation.spans or ()
        ]
        front = [self.length(loop) for k, loop in enumerate(item.batch) if k not in self.lost(item)]
        shape = ", ".join([*front, *map(self.size, sizes)])
        return self.language.reshaped(text if binding >= POSTFIX else f"({text})", shape)

    def may_wait(self, i: int, item: Item, store: Store) -> bool:
        """Whether a value can stand in the statements that use it.

        It does where there is one beside it, or where it is a view that costs nothing.
        """
        equation = item.equation
        name = equation.target.name
        users = self.users.get(name, [])
        if self.plain or store.kind == ARRAY or name in self.kept or not users:
            return False
        if self.made[name] > 1:
            return False
        if self.uses[name] > 1 and not (self.view(equation) and not item.batch):
            return False
        return all(
            self.runs[k] == self.runs[i]
            and (_keys(self.items[k].batch) == _keys(item.batch) or not item.batch)
            and all(r.at == equation.target.at for r in self.refs(k) if r.name == name)
            for k in users
        )

    def refs(self, k: int) -> list[Ref]:
        return list(self.items[k].equation.refs())

    def view(self, equation: Equation) -> bool:
        """Whether a value is another one, turned."""
        call = equation.call
        moves = call.op.rounding == EXACT and call.flops.value == 0
        return moves and len(equation.args) == 1 and equation.spans is None

    def target(self, item: Item, store: Store) -> list[str]:
        """What stands in the brackets of what a statement assigns to; nothing for all of it."""
        equation = item.equation
        spans = equation.spans if equation.adds else None
        if spans is None and (store.kind != ARRAY or not equation.target.at):
            return []
        parts = self.subscripts(equation.target, store, item.batch, aligned=False)
        if spans is not None and not all(span.whole for span in spans):
            parts += [":"] * (len(store.axes) - store.inside - len(parts))
            parts += [self.span(*both) for both in zip(spans, store.shape, strict=True)]
        return trimmed(parts) or [":"]

    def value(self, item: Item, room: int) -> Written:
        """The right side of a statement, at most so long where that can be had."""
        while True:
            written, waiting = self.compose(item)
            if len(written[0]) <= room or not waiting:
                return written
            # The longest of what waits becomes a statement of its own.
            name = max(waiting, key=lambda n: len(self.pending[n].written[0]))
            text = self.pending.pop(name).written[0]
            self.line(f"{self.variable(name)} = {bare(text)}")

    def compose(self, item: Item) -> tuple[Written, list[str]]:
        equation = item.equation
        waiting: list[str] = []
        texts: list[Written | Number] = []
        lifts = equation.call.missing_axes()
        for arg, missing in zip(equation.args, lifts, strict=True):
            if isinstance(arg, Number):
                texts.append(arg)
            elif arg.name in self.pending and self.beside(equation, arg.name):
                texts.append(self.numbers[arg.name])
            elif arg.name in self.pending:
                waiting.append(arg.name)
                texts.append(self.lifted(self.pending[arg.name].written, arg, item, missing))
            else:
                texts.append(self.read(arg, item, missing))
        written = self.apply(item, texts)
        return written, waiting

    def beside(self, equation: Equation, name: str) -> bool:
        """Whether a name stands for a number that an operation takes as it is, beside arrays."""
        others = (arg for arg in equation.args if isinstance(arg, Ref))
        return (
            name in self.numbers
            and equation.call.op.elementwise
            and any(ref.name not in self.numbers for ref in others)
        )


def _keys(loops: Sequence[Loop]) -> tuple[int, ...]:
    return tuple(loop.key for loop in loops)
