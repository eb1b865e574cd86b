"""Quantities stacked along an axis: what is the same for several, computed for all of them at once.

Four gates of a recurrent cell say, whose weights act on the same input: stacked, their products
are one, and so is what is done to each entry of these (Larsen & Amarasinghe 2000 pack the
instructions of straight-line code so, from the operands up).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from gradcli.emit.order import Entry, entries, ordered
from gradcli.emit.simplify import needed
from gradcli.nests.nest import Equation, Nest, Operand, Ref, Span, ends, variables
from gradcli.ops.core import TABLE, Call, Op, Signature
from gradcli.ops.parts import Part, whole
from gradcli.sizes import Number, Shape, Size, is_one, is_scalar


class Stack(NamedTuple):
    """Quantities as one, `ref`: where each of them begins along `axis`, and the end of the last."""

    ref: Ref
    shape: Shape
    axis: int
    members: tuple[Ref, ...]
    bounds: tuple[Size, ...]


class Found(NamedTuple):
    """An operand for several at once, and its shape."""

    operand: Operand
    shape: Shape


class Stacks:
    """The equations of a nest while some of them are drawn together.

    kept: the names that are asked for. known: stacks that are there before. taken: names in use.
    """

    def __init__(
        self, nest: Nest, kept: Collection[str], known: Sequence[Stack], taken: Iterable[str]
    ) -> None:
        self.nest = nest
        self.sizes = nest.sizes
        self.kept = kept
        self.entries = entries(nest.equations)
        self.stacks = list(known)
        self.known = {stack.ref.name for stack in known}
        self.shapes, self.axes = dict(nest.shapes), dict(nest.axes)
        for stack in known:
            self.shapes[stack.ref.name] = stack.shape
        self.used = {name.partition("//")[0] for name in taken}
        self.index()

    def index(self) -> None:
        """Who makes and who uses each name."""
        self.makers: dict[str, list[Entry]] = {}
        self.users: dict[str, list[Entry]] = {}
        for entry in self.entries:
            self.enter(entry)

    def enter(self, entry: Entry) -> None:
        self.makers.setdefault(entry.equation.target.name, []).append(entry)
        for ref in entry.equation.refs():
            self.users.setdefault(ref.name, []).append(entry)

    def state(self) -> tuple[Any, ...]:
        return list(self.entries), list(self.stacks), dict(self.shapes), dict(self.axes)

    def restore(self, state: tuple[Any, ...]) -> None:
        self.entries, self.stacks, self.shapes, self.axes = state
        self.index()

    def prune(self) -> None:
        """Leave out what nothing needs any longer."""
        left = {id(e) for e in needed([e.equation for e in self.entries], self.kept)}
        self.entries = [entry for entry in self.entries if id(entry.equation) in left]
        self.index()
        self.stacks = [
            s for s in self.stacks if s.ref.name in self.makers or s.ref.name in self.known
        ]

    def result(self) -> Nest:
        """The nest with its equations in order. Raises Cyclic where they wait for each other."""
        found = tuple(ordered(self.entries))
        return self.nest._replace(equations=found, shapes=self.shapes, axes=self.axes)

    # ── what is there ──

    def maker(self, operand: Operand) -> Entry | None:
        """The equation that makes all of a quantity, entry by entry of its loops."""
        if not isinstance(operand, Ref):
            return None
        made = self.makers.get(operand.name, ())
        if len(made) != 1:
            return None
        equation = made[0].equation
        fits = not equation.adds and equation.spans is None and equation.target == operand
        return made[0] if fits and self.plain(equation) else None

    def plain(self, equation: Equation) -> bool:
        """Whether the target's index is the loops' variables."""
        return [size.text for size in equation.target.at] == [
            loop.variable for loop in equation.loops
        ]

    def single(self, name: str) -> bool:
        return name not in self.kept and len(self.users.get(name, ())) == 1

    def place(self, stack: Stack, ref: Ref) -> int | None:
        return stack.members.index(ref) if ref in stack.members else None

    # ── what is written ──

    def key(self, names: Sequence[str], mark: str = "") -> str:
        """A key for what stands for some names: what they have in common."""
        text = _common(names) or mark
        shown, number = text, 1
        while shown in self.used:
            number += 1
            shown = f"{text}{number}"
        self.used.add(shown)
        return f"{shown}//"

    def add(self, equation: Equation, like: Sequence[Entry], after: float = 0.0) -> Ref:
        """An equation more, for some that there are."""
        name = equation.target.name
        if name not in self.shapes:
            self.shapes[name] = equation.call.shape
            self.axes[name] = tuple(
                ends(self.sizes, size, equation.loops) for size in equation.target.at
            )
        path = like[0].path if equation.loops else ()
        place = max(entry.place for entry in like) + after
        entry = Entry(equation, place, path, True)
        self.entries.append(entry)
        self.enter(entry)
        return equation.target

    def replace(self, old: Entry, equation: Equation) -> None:
        path = old.path if equation.loops else ()
        entry = Entry(equation, old.place, path, True)
        place = next(k for k, other in enumerate(self.entries) if other is old)
        self.entries[place] = entry
        self.makers[old.equation.target.name].remove(old)
        for ref in old.equation.refs():
            self.users[ref.name].remove(old)
        self.enter(entry)

    def call(self, op: Op, shapes: Sequence[Shape], **attrs: Any) -> Call:
        signature = Signature(self.sizes, tuple(shapes), attrs)
        return Call(op, signature, tuple(attrs.items()), op.shape(signature))

    def register(
        self, ref: Ref, axis: int, members: Sequence[Ref], made: Sequence[Entry] = ()
    ) -> Stack:
        """A stack of quantities; the equations that made them become views of it."""
        bounds = [self.sizes.constant(0)]
        for member in members:
            bounds.append(self.sizes.add(bounds[-1], self.shapes[member.name][axis]))
        stack = Stack(ref, self.shapes[ref.name], axis, tuple(members), tuple(bounds))
        self.stacks.append(stack)
        for k, entry in enumerate(made):
            equation = entry.equation
            loops = equation.loops if ref.at else ()
            view = self.part(stack, k, k + 1, equation.target, loops)
            self.replace(entry, view)
        return stack

    def part(
        self, stack: Stack, first: int, last: int, target: Ref, loops: tuple[Any, ...]
    ) -> Equation:
        """The equation of some neighbours in a stack."""
        start, stop = stack.bounds[first], stack.bounds[last]
        one = self.sizes.add(stop, start, -1)
        part = Part(start, stop, single=is_one(one))
        region = tuple(
            part if axis == stack.axis else whole(size, self.sizes)
            for axis, size in enumerate(stack.shape)
        )
        call = self.call(TABLE["index"], [stack.shape], region=region)
        spans = tuple(Span(p.start, p.stop, p.single, p.whole) for p in region)
        return Equation(target, call, (stack.ref,), loops, spans=spans)

    # ── several operands as one ──

    def there(self, operands: Sequence[Operand], axis: int, like: Sequence[Entry]) -> Found | None:
        """Operands that a stack has side by side."""
        for stack in self.stacks:
            if stack.axis != axis or operands[0] not in stack.members:
                continue
            first = stack.members.index(operands[0])
            last = first + len(operands)
            if stack.members[first:last] != tuple(operands):
                continue
            if (first, last) == (0, len(stack.members)):
                return Found(stack.ref, stack.shape)
            loops = like[0].equation.loops if stack.ref.at else ()
            target = Ref(self.key([stack.ref.name]), stack.ref.at)
            ref = self.add(self.part(stack, first, last, target, loops), like)
            self.register(ref, axis, stack.members[first:last])
            return Found(ref, self.shapes[ref.name])
        return None

    def alike(self, operands: Sequence[Operand], axis: int) -> Found | None:
        """An operand that serves all of them, stretched where it need be."""
        first = operands[0]
        if isinstance(first, Number):
            same = all(
                isinstance(o, Number) and o.text == first.text and o.value == first.value
                for o in operands
            )
            return Found(first, self.sizes.scalar) if same else None
        if any(operand != first for operand in operands):
            return None
        shape = self.shapes[first.name]
        fits = is_scalar(shape) or (len(shape) == 2 and is_one(shape[axis]))
        return Found(first, shape) if fits else None

    def gathered(self, operands: Sequence[Operand], axis: int, like: Sequence[Entry]) -> Found:
        """Operands laid side by side."""
        refs = [operand for operand in operands if isinstance(operand, Ref)]
        assert len(refs) == len(operands)
        loops = like[0].equation.loops
        letters = {loop.variable for loop in loops}
        if all(variables(size).isdisjoint(letters) for ref in refs for size in ref.at):
            loops = ()
        at = tuple(self.sizes.dims[loop.variable] for loop in loops)
        call = self.call(TABLE["concat"], [self.shapes[ref.name] for ref in refs], axis=axis)
        target = Ref(self.key([ref.name for ref in refs], "stack"), at)
        ref = self.add(Equation(target, call, tuple(refs), loops), like)
        self.register(ref, axis, refs)
        return Found(ref, self.shapes[ref.name])


def _common(names: Sequence[str]) -> str:
    """The beginning and the end that names have in common: W_fx, W_ix are W_x."""
    texts = [name.partition("//")[0] for name in names]
    front = "d/" if all(text.startswith("d/") for text in texts) else ""
    texts = [text[len(front) :].partition("/")[0] for text in texts]
    head = _beginning(texts)
    tail = _beginning([text[len(head) :][::-1] for text in texts])[::-1]
    text = (head + tail).replace("__", "_").strip("_0123456789")
    return front + text if text else ""


def _beginning(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(a for a, _ in same)
