"""The backward pass of a nest as a nest: each equation's contributions, its loops run back.

What an operand gains is the entry's own rule. Derivatives add up: contributions to the same entry
in the same iteration are one sum, and what is reached once is assigned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gradcli.nests.nest import Equation, Loop, Nest, Operand, Ref, ends, spans_of
from gradcli.ops.core import TABLE, Call, Signature
from gradcli.sizes import Number, Shape
from gradcli.transform.vjp import Code, Contribution, gains


def derivative(name: str) -> str:
    """The key of a name's derivative: no model's name has a stroke."""
    return f"d/{name}"


def inner(name: str, step: str) -> str:
    """The key of a value inside the operation that makes a name: what it saves by its own name."""
    return f"{name}.{step}"


def backward(nest: Nest, outputs: Collection[str], wanted: Sequence[str]) -> Nest:
    """The equations of the backward pass.

    outputs: the names whose derivatives arrive. wanted: those whose gradients are wanted.
    """
    writer = _Writer(nest, outputs, wanted)
    for equation in reversed(nest.equations):
        writer.equation(equation)
    equations = merged(nest, writer.made)
    shapes = writer.shapes | {e.target.name: e.call.shape for e in equations if not e.adds}
    return Nest(nest.sizes, tuple(equations), shapes, writer.axes(equations))


class _Writer:
    def __init__(self, nest: Nest, outputs: Collection[str], wanted: Sequence[str]) -> None:
        self.nest = nest
        self.sizes = nest.sizes
        self.made: list[Equation] = []
        self.shapes: dict[str, Shape] = {}
        self.active = active(nest.equations, wanted)
        self.reached = reached(nest.equations, outputs, self.active)
        for name in (*outputs, *wanted):
            self.shapes[derivative(name)] = nest.shapes[name]
        self.count = 0

    def equation(self, equation: Equation) -> None:
        """What its operands gain, where its own derivative is reached."""
        name, index = equation.target
        if name not in self.reached or name not in self.active or equation.step is None:
            return
        loops = tuple(loop._replace(down=not loop.down) for loop in equation.loops)
        found = gains(equation.step)
        cotangent = Ref(derivative(name), index)
        lines = self.saved(equation, found.names)
        for arg, part in zip(equation.args, found.operands, strict=True):
            if part is None or not isinstance(arg, Ref) or arg.name not in self.active:
                continue
            for line in part.uses:
                self.line(found.lines, line, lines, cotangent, equation, loops)
            leaves = (cotangent, equation.target, *equation.args)
            value = self.code(part.code, leaves, lines, loops)
            spans = equation.spans if part.region is not None else None
            spans = spans or spans_of(part.region)
            shape = part.shape
            self.shapes[derivative(arg.name)] = self.nest.shapes[arg.name]
            call = self.copy(shape)
            target = Ref(derivative(arg.name), arg.at)
            self.made.append(Equation(target, call, (value,), loops, True, spans))

    def saved(self, equation: Equation, names: Sequence[str]) -> dict[int, Operand]:
        """The lines of a rule that the forward pass has computed: what an operation saves."""
        body = equation.call.op.body
        kept = {name for name, _ in body.saved} if body is not None else set()
        index = tuple(self.sizes.dims[loop.variable] for loop in equation.loops)
        return {
            line: Ref(inner(equation.target.name, name), index)
            for line, name in enumerate(names)
            if name in kept
        }

    def line(
        self,
        stated: Sequence[Contribution],
        line: int,
        lines: dict[int, Operand],
        cotangent: Ref,
        equation: Equation,
        loops: tuple[Loop, ...],
    ) -> None:
        """An own line of a rule, with those that it needs, once."""
        if line in lines:
            return
        for other in stated[line].uses:
            self.line(stated, other, lines, cotangent, equation, loops)
        leaves = (cotangent, equation.target, *equation.args)
        lines[line] = self.code(stated[line].code, leaves, lines, loops)

    def code(
        self,
        code: Code,
        leaves: Sequence[Operand],
        lines: Mapping[int, Operand],
        loops: tuple[Loop, ...],
    ) -> Operand:
        names: list[Operand] = []

        def at(place: int | Number) -> Operand:
            if isinstance(place, Number):
                return place
            if place >= 0:
                return names[place]
            return leaves[~place] if ~place < len(leaves) else lines[~place - len(leaves)]

        for call, places in code.calls:
            names.append(self.emit(call, tuple(map(at, places)), loops))
        return at(code.result)

    def emit(self, call: Call, args: tuple[Operand, ...], loops: tuple[Loop, ...]) -> Ref:
        self.count += 1
        index = tuple(self.sizes.dims[loop.variable] for loop in loops)
        target = Ref(f"g/{self.count}", index)
        self.shapes[target.name] = call.shape
        spans = spans_of(dict(call.attrs).get("region"))
        self.made.append(Equation(target, call, args, loops, spans=spans))
        return target

    def copy(self, shape: Shape) -> Call:
        return Call(TABLE["copy"], Signature(self.sizes, (shape,), {}), (), shape)

    def axes(self, equations: Sequence[Equation]) -> dict[str, Any]:
        """Of a derivative those of its name; of what is computed on the way, what its loops are."""
        found: dict[str, Any] = {
            derivative(name): axes
            for name, axes in self.nest.axes.items()
            if derivative(name) in self.shapes
        }
        for equation in equations:
            name, index = equation.target
            if name not in found:
                found[name] = tuple(ends(self.sizes, i, equation.loops) for i in index)
        return found


def active(equations: Sequence[Equation], wanted: Iterable[str]) -> set[str]:
    """The names through which a wanted name's derivative flows, loops gone through as often as
    anything is new.
    """
    active = set(wanted)
    grows = True
    while grows:
        before = len(active)
        for equation in equations:
            if not active.isdisjoint(_flows(equation)):
                active.add(equation.target.name)
        grows = len(active) > before
    return active


def reached(
    equations: Sequence[Equation], outputs: Iterable[str], active: Collection[str]
) -> set[str]:
    """The names to which a derivative comes from the outputs: to some in an iteration before that
    of what they are made from alone, so that loops are gone through here too.
    """
    reached = set(outputs)
    grows = True
    while grows:
        before = len(reached)
        for equation in reversed(equations):
            if equation.target.name in reached and equation.target.name in active:
                reached.update(name for name in _flows(equation) if name in active)
        grows = len(reached) > before
    return reached


def _flows(equation: Equation) -> list[str]:
    """The operands of an equation to which its derivative flows."""
    if equation.step is None:
        return []
    parts = gains(equation.step).operands
    return [
        arg.name
        for arg, part in zip(equation.args, parts, strict=True)
        if part is not None and isinstance(arg, Ref)
    ]


def merged(nest: Nest, equations: Sequence[Equation]) -> list[Equation]:
    """Contributions to the same entries in the same iterations as one sum, at the last of them."""
    groups: dict[Any, list[int]] = {}
    for i, equation in enumerate(equations):
        if equation.adds and equation.spans is None:
            groups.setdefault((equation.target, equation.loops), []).append(i)
    found: list[Equation] = []
    terms: dict[Any, Operand] = {}
    count = 0
    for i, equation in enumerate(equations):
        group = groups.get((equation.target, equation.loops), [])
        if i not in group or len(group) == 1:
            found.append(equation)
            continue
        key = (equation.target, equation.loops)
        (term,) = equation.args
        if key in terms:
            shape = equation.call.shape
            signature = Signature(nest.sizes, (shape, shape), {})
            call = Call(TABLE["add"], signature, (), shape)
            args = (terms[key], term)
            if i == group[-1]:
                found.append(equation._replace(call=call, args=args))
                continue
            count += 1
            index = tuple(nest.sizes.dims[loop.variable] for loop in equation.loops)
            target = Ref(f"s/{equation.target.name[2:]}/{count}", index)
            found.append(Equation(target, call, args, equation.loops))
            term = target
        terms[key] = term
    return found
