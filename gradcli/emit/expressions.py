"""Operations and their operands as expressions: what stands on the right of a statement."""

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
from gradcli.ops.core import Call, Spelling
from gradcli.sizes import ATOM, POSTFIX, POWER, PRODUCT, SIGN, Number, Shape, Size
from gradcli.spelling import Written


class Pending(NamedTuple):
    """A value that stands in the statement that uses it; `run` is where both are."""

    written: Written
    run: Any


class Expressions:
    """What is known where an item is written.

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
        self.views: dict[str, tuple[str, str]] = {}  # lines that only name another value
        self.open: list[tuple[Loop, Range, list[str], str]] = []

    def moves(self, *sizes: Size) -> bool:
        """Whether sizes change in the loops that are open."""
        names = {loop.variable for loop, *_ in self.open}
        return any(not variables(size).isdisjoint(names) for size in sizes)

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
        parts = trimmed(parts)
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
        numbers = tuple(isinstance(operand, Number) for operand in operands)
        site = Site(call.signature, call.shape, front, self.size, spans, batched, numbers)
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
            sign = f"-{{{k}}}"
            twice = text.startswith("-") and sign in template
            if twice and precedence == SIGN and template.count(sign[1:]) == 1:
                template, text, twice = template.replace(sign, sign[1:]), text[1:], False
                precedence = POWER  # what a sign stands before binds as tight, or tighter
            texts.append(text if precedence >= need and not twice else f"({text})")
        joined = ", ".join(texts)
        template = template.replace("{,}", joined.replace("{", "{{").replace("}", "}}"))
        if template == "{0}" and binding == 0 and not isinstance(operands[0], Number):
            binding = operands[0][1]
        text = template.format(*texts, xp=self.language.xp, like=self.like)
        if binding == POWER:
            text = power(*text.split(" ** ")) if text.count(" ** ") == 1 else text
        return tidy(text), binding


SWAPPED = re.compile(r"\w+\.swapaxes\(([\w\[\]:+\- ]+), -1, -2\)\[\.\.\., 0, :\]")
MASKED = re.compile(r"(?<=where\()\(([^()]+)\)\.(?:astype|to)\([\w.]+\) != 0")
COLUMN = re.compile(r"(\w+)\[([^\[\],]*:[^\[\],]*)\]\[\.\.\., 0\]")


def tidy(text: str) -> str:
    """The same in fewer signs: a column of a slice in one pair of brackets, no transpose twice.

    Of a choice the truths themselves, not these as numbers.
    """
    text = MASKED.sub(r"\1", text)
    text = text.replace(".T.T", "").replace(".mT[..., 0, :]", "[..., 0]")
    text = SWAPPED.sub(r"\1[..., 0]", text)
    return COLUMN.sub(r"\1[\2, :, 0]", text)


def trimmed(parts: Sequence[str]) -> list[str]:
    """Brackets without the axes that are taken whole at the end."""
    found = list(parts)
    while found and found[-1] == ":":
        found.pop()
    return found
