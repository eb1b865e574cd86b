"""One iteration of a loop's body as a program of its own, and its backward pass in short lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gradcli.compact.assembly import Compact, assembled, operations
from gradcli.compact.gate import Near
from gradcli.compact.lines import Lines
from gradcli.compact.loops.blocks import Block, is_load, named
from gradcli.compact.scalars import Scalar
from gradcli.nests.nest import Equation, Ref, Unkept
from gradcli.nests.reading import split
from gradcli.ops.core import TABLE, Array, Call, Signature
from gradcli.program import NOWHERE, Drawn, Input, Operand, Program, Step
from gradcli.sizes import Number, Shape, Size, of_size, plain
from gradcli.transform.reverse import derive


class Body(NamedTuple):
    """A block's backward pass. `refs` has what its names stand for, `inside` what it computes."""

    found: Compact
    refs: dict[str, Ref]
    inside: dict[str, Ref]


class Bodies:
    """Makes the programs of blocks. values: what a program's inputs are worth."""

    def __init__(
        self, program: Program, values: Mapping[str, Array], shapes: Mapping[str, Shape]
    ) -> None:
        self.program = program
        self.values = values
        self.shapes = shapes
        self.members: dict[str, list[Input]] = {}
        for item in program.inputs:
            self.members.setdefault(split(item.name)[0], []).append(item)
        self.taken = {split(name)[0] for name in program.shapes}

    def body(
        self,
        block: Block,
        numbers: Mapping[str, Number],
        arriving: Collection[Ref],
        seeded: Mapping[str, Scalar],
        wanted: Collection[str],
        active: Collection[str],
        layout: str,
    ) -> Body | None:
        """The lines of a block; None where no derivative flows through it.

        numbers: what has letters. arriving: those of its quantities whose derivatives arrive.
        seeded: the scalars whose derivative is a number, 1 for the loss itself. wanted: the
        names whose gradients are wanted, active: those through which these flow.
        """
        loops = block.loops
        steps: list[Step] = []
        inside: dict[str, Ref] = {}
        refs: dict[str, Ref] = {}
        loss = ""

        def operand(arg: Ref | Number) -> Operand:
            if isinstance(arg, Number):
                return arg
            if arg.name in numbers:
                return numbers[arg.name]
            text = named(arg, loops)
            refs[text] = arg
            return text

        for e in block.equations:
            if e.target.name in numbers or is_load(e, loops):
                continue
            args = tuple([operand(arg) for arg in e.args])
            text = named(e.target, loops)
            if text in inside or text in refs:
                raise Unkept("a quantity that is computed twice")
            refs[text] = inside[text] = e.target
            steps.append(Step(text, e.call, args, e.step.place if e.step else NOWHERE))
            if e.target.name in seeded:
                if loss:
                    raise Unkept("two numbers that the loss is made of")
                loss = text
                more = self._scaled(text, seeded[e.target.name])
                steps += more
                loss = more[-1].name if more else text
        if not steps:
            return None
        external = {text: ref for text, ref in refs.items() if text not in inside}
        inputs = [self._input(text, ref) for text, ref in external.items()]
        shapes = {item.name: item.shape for item in inputs}
        shapes.update((step.name, step.call.shape) for step in steps)
        given = [
            Input(text, "given", shapes[text], None, NOWHERE)
            for text, ref in inside.items()
            if ref in arriving
        ]
        wrt = [text for text, ref in external.items() if ref.name in active]
        wrt += [text for text, ref in inside.items() if ref.name in wanted]
        if not wrt or not (given or loss):
            return None
        program = self.program._replace(
            inputs=tuple(inputs),
            steps=tuple(steps),
            shapes=shapes,
            families={},
            loss=loss or None,
            given=tuple(given),
            loops=(),
            notes=(),
            layout=layout,
        )
        return Body(self._lines(program, wrt, external), refs, inside)

    def _lines(self, program: Program, wrt: Sequence[str], apart: Collection[str]) -> Compact:
        derivation = derive(program, wrt)
        values = {item.name: self._value(item) for item in program.inputs}
        found = Lines(derivation, values, apart)
        near = Near(values, {})
        short = assembled(derivation, found, found.found(), near, self.taken)
        if operations(short) > operations(derivation):
            raise Unkept("its steps are shorter")
        self.taken |= {row.target for row in short.rows}
        return short

    def _scaled(self, of: str, by: Scalar) -> list[Step]:
        """The steps that multiply a scalar by a number."""
        above, below = by.number.as_integer_ratio()
        made: list[tuple[str, tuple[Number, ...]]] = [("neg", ())] if above < 0 else []
        made += [("mul", (plain(abs(above)),))] if abs(above) != 1 else []
        made += [("div", (plain(below),))] if below != 1 else []
        for what, exponent in by.powers:
            number = of_size(what) if isinstance(what, Size) else what.number()
            made += [("mul" if exponent > 0 else "div", (number,))] * abs(int(exponent))
        steps: list[Step] = []
        scalar = self.program.sizes.scalar
        for name, numbers in made:
            args: tuple[Operand, ...] = (of, *numbers)
            signature = Signature(self.program.sizes, (scalar,) * len(args), {})
            of += "'"
            steps.append(Step(of, Call(TABLE[name], signature, (), scalar), args, NOWHERE))
        return steps

    # ── what is known of its inputs ──

    def _input(self, text: str, ref: Ref) -> Input:
        """A quantity that the block does not compute, with what is known of all of its family."""
        members = self.members.get(ref.name)
        plain = Input(text, "input", self.shapes[ref.name], None, NOWHERE)
        if members is None:
            return plain
        first = members[0]
        drawn = first.value if isinstance(first.value, Drawn) else None
        if any(item.value != first.value or item.sums != first.sums for item in members):
            return plain
        return plain._replace(value=drawn, sums=first.sums)

    def _value(self, item: Input) -> Array:
        """What tells whether draws are what they say: the member of its family that is it least."""
        members = self.members.get(item.name.partition("[")[0])
        if members is None or not isinstance(item.value, Drawn):
            return np.ones((1, 1))
        axis = item.value.axis
        every = [self.values[member.name] for member in members]
        return max(every, key=lambda value: float(np.max(abs(value.sum(axis=axis) - 1))))


def number_names(equations: Sequence[Equation]) -> dict[str, Number]:
    """The numbers with letters, by the names that a nest has for them."""
    found: dict[str, Number] = {}
    for e in equations:
        if e.step is None and not e.adds and isinstance(e.args[0], Number):
            found[e.target.name] = e.args[0]
    return found
