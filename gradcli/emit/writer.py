"""A pass as lines of code: each item a statement, what is used once inside the one that uses it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.emit.arithmetic import number_code, power, size_code
from gradcli.emit.languages import Language, Range
from gradcli.emit.schedule import Item
from gradcli.emit.stores import ARRAY, Store, entered, stores
from gradcli.nests.nest import (
    Axis,
    Equation,
    Loop,
    Nest,
    Operand,
    Ref,
    Span,
    coefficient,
    substitute,
    variables,
)
from gradcli.ops.coding import SUMMED, Site, between
from gradcli.ops.core import EXACT, Call, Spelling
from gradcli.ops.parts import Part
from gradcli.sizes import ATOM, POSTFIX, POWER, PRODUCT, SUM, Number, Shape, Size
from gradcli.spelling import Written

WIDTH = 88  # of a line


class Pending(NamedTuple):
    """A value that stands in the statement that uses it; `run` is where both are."""

    written: Written
    run: Any


class Writer:
    """Writes the items of a pass.

    known: the names that are there before, as they are called. kept: those that are wanted whole.
    """

    def __init__(
        self,
        nest: Nest,
        items: Sequence[Item],
        known: Mapping[str, tuple[str, Store]],
        kept: Container[str],
        naming: Callable[[str], str],
        language: Language,
        like: str,
        plain: bool = False,
    ) -> None:
        self.plain = plain
        self.nest = nest
        self.sizes = nest.sizes
        self.items = items
        self.kept = kept
        self.naming = naming
        self.language = language
        self.like = like
        found = stores(nest, items, kept, known)
        self.adds = found.adds
        self.stores = {**{name: store for name, (_, store) in known.items()}, **found.of}
        self.called = {name: text for name, (text, _) in known.items()}
        self.arrived = set(known)
        self.runs = entered(items)
        self.numbers = {
            item.equation.target.name: number
            for item in items
            if item.equation.call.op.copies
            and not item.batch
            and isinstance(number := item.equation.args[0], Number)
        }
        self.made = Counter(item.equation.target.name for item in items)
        self.uses: dict[str, int] = {}
        for item in items:
            for ref in item.equation.refs():
                self.uses[ref.name] = self.uses.get(ref.name, 0) + 1
        self.users: dict[str, list[int]] = {}
        for i, item in enumerate(items):
            for ref in item.equation.refs():
                self.users.setdefault(ref.name, []).append(i)
        self.pending: dict[str, Pending] = {}
        self.lines: list[str] = []
        self.open: list[tuple[Loop, Range, list[str], str]] = []

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

    def moves(self, *sizes: Size) -> bool:
        """Whether sizes change in the loops that are open."""
        names = {loop.variable for loop, *_ in self.open}
        return any(not variables(size).isdisjoint(names) for size in sizes)

    def line(self, text: str) -> None:
        self.lines.append("    " * (1 + len(self.open)) + text if text else "")

    def allocate(self, name: str) -> None:
        store = self.stores[name]
        variable = self.variable(name)
        if name in self.arrived:
            if text := self.language.copied(variable):
                self.line(f"{variable} = {text}")
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
            self.line(f"{variable} = {text}")

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
        return _trimmed(parts) or [":"]

    def span(self, span: Span, size: Size) -> str:
        """The part of an axis of some size that a region takes."""
        if span.whole:
            return ":"
        length = self.size(self.sizes.add(span.stop, span.start, -1))
        if span.step is not None:
            return between(*map(self.size, (span.start, span.stop, span.step)))
        moves = self.moves(span.start, span.stop)
        stop = "" if span.stop is size and not moves else self.size(span.stop)
        return self.language.run(self.size(span.start), stop, length, moves)

    def value(self, item: Item, room: int) -> Written:
        """The right side of a statement, at most so long where that can be had."""
        while True:
            written, waiting = self.compose(item)
            if len(written[0]) <= room or not waiting:
                return written
            # The longest of what waits becomes a statement of its own.
            name = max(waiting, key=lambda n: len(self.pending[n].written[0]))
            text = self.pending.pop(name).written[0]
            self.line(f"{self.variable(name)} = {text}")

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

    # ── operands ──

    def variable(self, name: str) -> str:
        if name not in self.called:
            self.called[name] = self.naming(name)
        return self.called[name]

    def lifted(self, written: Written, ref: Ref, item: Item, missing: int) -> Written:
        """A value with axes put in behind those in front, for an operation on more axes."""
        if not missing or not self.batched(ref, item):
            return written
        front = ":, " * len(item.batch)
        text = written[0] if written[1] >= POSTFIX else f"({written[0]})"
        return f"{text}[{front}{', '.join(['None'] * missing)}]", POSTFIX

    def batched(self, operand: Operand, item: Item) -> bool:
        names = {loop.variable for loop in item.batch}
        return isinstance(operand, Ref) and any(
            not variables(size).isdisjoint(names) for size in operand.at
        )

    def read(self, ref: Ref, item: Item, missing: int) -> Written:
        store = self.stores[ref.name]
        parts = self.subscripts(ref, store, item.batch, aligned=True)
        if missing and self.batched(ref, item):
            parts += [":"] * (
                len(store.axes) - store.inside - len([p for p in parts if p != "None"])
            )
            parts += ["None"] * missing
        parts = _trimmed(parts)
        name = self.variable(ref.name)
        text = self.language.entry(name, parts) if parts else name
        if self.open and name in self.open[0][2]:
            return self.language.read(text), POSTFIX
        return text, POSTFIX if parts else ATOM

    def subscripts(self, ref: Ref, store: Store, batch: Sequence[Loop], aligned: bool) -> list[str]:
        """What stands in the brackets behind a name. aligned: with an axis for each batch loop."""
        parts: list[str] = []
        order = [loop.variable for loop in batch]
        done = 0
        started = False
        for size, axis in list(zip(ref.at, store.axes, strict=True))[store.inside :]:
            own = [loop for loop in batch if loop.variable in variables(size)]
            if not own:
                parts.append(self.size(self.sizes.add(size, axis.first, -1)))
                continue
            (loop,) = own
            place = order.index(loop.variable)
            if aligned and started:
                parts += ["None"] * (place - done)
            started, done = True, place + 1
            parts.append(self.slice(size, axis, loop))
        if aligned and started:
            parts += ["None"] * (len(order) - done)
        return parts

    def slice(self, size: Size, axis: Axis, loop: Loop) -> str:
        """The entries that an index takes as a loop goes up."""
        sizes = self.sizes
        ends = [
            sizes.add(substitute(sizes, size, {loop.variable: end}), axis.first, -1)
            for end in (loop.first, loop.last)
        ]
        most = sizes.add(axis.last, axis.first, -1)
        one = sizes.constant(1)
        if coefficient(size, loop.variable) == 1:
            low = "" if ends[0].value == 0 and ends[0].is_constant else self.size(ends[0])
            high = "" if ends[1] is most else self.size(sizes.add(ends[1], one))
            gap = sizes.add(most, ends[1], -1)
            if high and gap.is_constant:
                high = f"-{gap.value}"
            moves = self.moves(*ends)
            length = self.length(loop)
            return self.language.run(low, high, length, moves)
        high = "" if ends[0] is most else self.size(ends[0])
        stop = sizes.add(ends[1], one, -1)
        low = "" if stop.is_constant and stop.value < 0 else self.size(stop)
        return self.language.down(high, low, self.size(most))

    # ── operations ──

    def size(self, size: Size) -> str:
        return size_code(size, self.naming)[0]

    def dims(self, axes: Sequence[Axis], shape: Shape) -> str:
        one = self.sizes.constant(1)
        front = [self.sizes.add(self.sizes.add(a.last, a.first, -1), one) for a in axes]
        texts = [self.size(size) for size in (*front, *shape)]
        return f"({', '.join(texts)})"

    def length(self, loop: Loop) -> str:
        sizes = self.sizes
        return self.size(sizes.add(sizes.add(loop.last, loop.first, -1), sizes.constant(1)))

    def number(self, number: Number) -> Written:
        known = {name: self.naming(name) for name in self.sizes.dims}
        text, binding = number_code(number, known)
        return self.language.number(text, bool(self.open)), binding

    def apply(self, item: Item, operands: list[Written | Number]) -> Written:
        """An operation on written operands, summed over the axes that its target lacks."""
        equation = item.equation
        call = equation.call
        if item.batch and call.op.copies and isinstance(operands[0], Number):
            return self.counted(item, equation.args[0])
        lost = self.lost(item)
        batched = tuple(self.batched(arg, item) for arg in equation.args)
        front = tuple(self.length(loop) for loop in item.batch) if any(batched) else ()
        stated = () if equation.adds else equation.spans or ()  # of a target they are no part of it
        whole = call.signature.shapes[0] if stated else ()
        spans = tuple(
            (self.size(s.start), self.span(s, size), s.single, s.whole)
            for s, size in zip(stated, whole, strict=True)
        )
        site = Site(call.signature, call.shape, front, self.size, spans, batched)
        if lost and len(lost) == len(item.batch) and SUMMED in call.op.code:
            spelling = call.op.code[SUMMED](site)
            if spelling is not None:
                return self.fill(spelling, call, operands)
        written = self.fill(self.language.spelling(call, site), call, operands)
        if lost and any(batched):
            axes = ", ".join(map(str, lost))
            axes = f"({axes})" if len(lost) > 1 else axes
            text = written[0] if written[1] >= POSTFIX else f"({written[0]})"
            written = f"{text}.sum(axis={axes})", POSTFIX
        elif lost:
            lengths = " * ".join(self.length(item.batch[k]) for k in lost)
            text = written[0] if written[1] >= PRODUCT else f"({written[0]})"
            written = f"{lengths} * {text}", PRODUCT
        elif not any(batched) and item.batch and self.stores[equation.target.name].kind != ARRAY:
            shape = self.dims((), call.shape)[1:]
            lengths = ", ".join(self.length(loop) for loop in item.batch)
            written = f"{self.language.xp}.broadcast_to({written[0]}, ({lengths}, {shape})", ATOM
        return written

    def lost(self, item: Item) -> list[int]:
        """The batch axes that the target lacks: a sum goes over them."""
        own = {name for size in item.equation.target.at for name in variables(size)}
        return [k for k, loop in enumerate(item.batch) if loop.variable not in own]

    def counted(self, item: Item, number: Any) -> Written:
        """A number that changes with the loops, for all of them."""
        text = self.number(number)[0]
        for loop in reversed(item.batch):
            high = self.size(self.sizes.add(loop.last, self.sizes.constant(1)))
            ends = f"{self.size(loop.first)}, {high}"
            text = f"[{text} for {self.naming(loop.variable)} in range({ends})]"
        ones = "".join(", 1" for _ in range(2))
        lengths = ", ".join(self.length(loop) for loop in item.batch)
        made = self.language.of_numbers(text, self.like)
        return f"{made}.reshape({lengths}{ones})", POSTFIX

    def fill(self, spelling: Spelling, call: Call, operands: list[Written | Number]) -> Written:
        template, binding, needs = spelling
        beside = call.op.elementwise and not all(isinstance(o, Number) for o in operands)
        texts = []
        for k, operand in enumerate(operands):
            if isinstance(operand, Number):
                text, precedence = self.number(operand)
                if not beside:
                    text, precedence = self.language.of_numbers(f"[[{text}]]", self.like), ATOM
            else:
                text, precedence = operand
            need = needs[k] if k < len(needs) else 0
            texts.append(text if precedence >= need else f"({text})")
        joined = ", ".join(texts)
        template = template.replace("{,}", joined.replace("{", "{{").replace("}", "}}"))
        if template == "{0}" and binding == 0 and not isinstance(operands[0], Number):
            binding = operands[0][1]
        text = template.format(*texts, xp=self.language.xp, like=self.like)
        if binding == POWER:
            text = power(*text.split(" ** ")) if text.count(" ** ") == 1 else text
        return tidy(text), binding


SWAPPED = re.compile(r"\w+\.swapaxes\(([\w\[\]:+\- ]+), -1, -2\)\[\.\.\., 0, :\]")
COLUMN = re.compile(r"(\w+)\[([^\[\],]*:[^\[\],]*)\]\[\.\.\., 0\]")


def tidy(text: str) -> str:
    """The same in fewer signs: a column of a slice in one pair of brackets, no transpose twice."""
    text = text.replace(".T.T", "").replace(".mT[..., 0, :]", "[..., 0]")
    text = SWAPPED.sub(r"\1[..., 0]", text)
    return COLUMN.sub(r"\1[\2, :, 0]", text)


def _keys(loops: Sequence[Loop]) -> tuple[int, ...]:
    return tuple(loop.key for loop in loops)


def _trimmed(parts: Sequence[str]) -> list[str]:
    """Brackets without the axes that are taken whole at the end."""
    found = list(parts)
    while found and found[-1] == ":":
        found.pop()
    return found
