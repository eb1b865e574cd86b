"""Equations moved to where they cost least: out of loops, before a stretch, products regrouped."""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import groupby

from gradcli.emit.schedule import recurrent
from gradcli.nests.nest import Equation, Nest, Operand, Ref, ends, variables
from gradcli.ops.core import TABLE, Call, Signature
from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import Number, Shape, alike


def hoisted(nest: Nest, kept: Container[str]) -> Nest:
    """What is the same in all iterations of a loop stands before it."""
    moved: dict[str, int] = {}  # how many axes a name still has
    found: list[Equation] = []
    axes = dict(nest.axes)
    for key, group in groupby(nest.equations, lambda e: e.loops[0].key if e.loops else 0):
        inside = [_cut(equation, moved) for equation in group]
        if not key:
            found += inside
            continue
        makers: dict[str, int] = {}
        for equation in inside:
            makers[equation.target.name] = makers.get(equation.target.name, 0) + 1
        before: list[Equation] = []
        rest: list[Equation] = []
        for uncut in inside:
            equation = _cut(uncut, moved)
            name = equation.target.name
            letters = [loop.variable for loop in equation.loops]
            free = (
                not equation.adds
                and makers[name] == 1
                and name not in kept
                and [size.text for size in equation.target.at] == letters
                and not any(isinstance(a, Number) for a in equation.args if len(equation.args) == 1)
                and all(ref.name not in makers for ref in equation.refs())
                and not _varies(equation, letters)
            )
            if not free:
                rest.append(equation)
                continue
            moved[name] = 0
            axes[name] = ()
            del makers[name]
            before.append(equation._replace(target=Ref(name), loops=()))
        found += [*before, *rest]
    return nest._replace(equations=tuple(found), axes=axes)


def _cut(equation: Equation, moved: dict[str, int]) -> Equation:
    """An equation with the axes that its operands have lost left out."""
    args = tuple(
        Ref(arg.name, arg.at[: moved[arg.name]])
        if isinstance(arg, Ref) and arg.name in moved
        else arg
        for arg in equation.args
    )
    return equation._replace(args=args)


def _varies(equation: Equation, letters: Sequence[str]) -> bool:
    sizes = [size for ref in equation.refs() for size in ref.at]
    sizes += [size for span in equation.spans or () for size in (span.start, span.stop)]
    return any(not variables(size).isdisjoint(letters) for size in sizes)


def unstretched(nest: Nest) -> Nest:
    """An elementwise operation stretches its operands itself; a stretch is put off to the end."""
    sources: dict[str, tuple[Ref, Shape]] = {}
    shapes, axes = dict(nest.shapes), dict(nest.axes)
    found: list[Equation] = []
    for stated in nest.equations:
        equation = stated
        op = equation.call.op
        letters = [size.text for size in equation.target.at]
        plain = letters == [loop.variable for loop in equation.loops] and not equation.adds
        if op.stretches and plain and isinstance(equation.args[0], Ref):
            (arg,) = equation.args
            shape = equation.call.signature.shapes[0]
            assert isinstance(arg, Ref)
            if len(shape) == len(equation.call.shape) and arg.at == equation.target.at:
                sources[equation.target.name] = (arg, shape)
        elif op.elementwise and any(_known(a, equation, sources) for a in equation.args):
            made = _smaller(nest, equation, sources)
            if made is not None:
                if alike(made.call.shape, equation.call.shape):
                    equation = made
                elif plain and equation.target.name.startswith(("g/", "s/")):
                    name = f"{equation.target.name}/"
                    target = Ref(name, equation.target.at)
                    shapes[name] = made.call.shape
                    axes[name] = axes[equation.target.name]
                    found.append(made._replace(target=target))
                    signature = Signature(
                        nest.sizes, (made.call.shape,), {"shape": equation.call.shape}
                    )
                    attrs = (("shape", equation.call.shape),)
                    call = Call(TABLE["broadcast"], signature, attrs, equation.call.shape)
                    equation = equation._replace(call=call, args=(target,))
                    sources[equation.target.name] = (target, made.call.shape)
        found.append(equation)
    return nest._replace(equations=tuple(found), shapes=shapes, axes=axes)


def _known(arg: Operand, equation: Equation, sources: dict[str, tuple[Ref, Shape]]) -> bool:
    return isinstance(arg, Ref) and arg.name in sources and arg.at == sources[arg.name][0].at


def _smaller(
    nest: Nest, equation: Equation, sources: dict[str, tuple[Ref, Shape]]
) -> Equation | None:
    args: list[Operand] = []
    shapes: list[Shape] = []
    for arg, shape in zip(equation.args, equation.call.signature.shapes, strict=True):
        if isinstance(arg, Ref) and _known(arg, equation, sources):
            source, small = sources[arg.name]
            args.append(source)
            shapes.append(small)
        else:
            args.append(arg)
            shapes.append(shape)
    op = equation.call.op
    signature = Signature(nest.sizes, tuple(shapes), equation.call.signature.attrs)
    try:
        shape = op.shape(signature)
    except Mismatch:
        return None
    return equation._replace(args=tuple(args), call=Call(op, signature, equation.call.attrs, shape))


def regrouped(nest: Nest) -> Nest:
    """Products and sums of three and more: what no loop waits for comes together first.

    (g * y) * (1 - y) becomes g * (y * (1 - y)) where g is the recurrence, so that the second
    product leaves the loop that g stays in.
    """
    late = recurrent(nest.equations)
    uses: dict[str, int] = {}
    makers: dict[str, Equation] = {}
    for equation in nest.equations:
        makers[equation.target.name] = equation
        for ref in equation.refs():
            uses[ref.name] = uses.get(ref.name, 0) + 1
    writer = _Regrouping(nest)
    inner: dict[str, list[Operand]] = {}
    for equation in nest.equations:
        op = equation.call.op
        if not op.regroups or equation.target.name not in late:
            writer.result.append(equation)
            continue
        flat: list[Operand] = []
        for arg in equation.args:
            maker = makers.get(arg.name) if isinstance(arg, Ref) else None
            joins = (
                maker is not None
                and isinstance(arg, Ref)
                and arg.name in inner
                and maker.call.op is op
                and not maker.adds
                and uses[arg.name] == 1
                and maker.loops == equation.loops
                and arg == maker.target
                and maker.call.shape == equation.call.shape
            )
            flat += inner[arg.name] if joins and isinstance(arg, Ref) else [arg]
        inner[equation.target.name] = flat
        early = [a for a in flat if not isinstance(a, Ref) or a.name not in late]
        rest = [a for a in flat if isinstance(a, Ref) and a.name in late]
        if sum(isinstance(a, Ref) for a in early) > 1 and rest:
            writer.chain(equation, [writer.joined(equation, early), *rest])
        else:
            writer.result.append(equation)
    return nest._replace(equations=tuple(writer.result), shapes=writer.shapes, axes=writer.axes)


class _Regrouping:
    """Appends the equations of a sum or a product in another order."""

    def __init__(self, nest: Nest) -> None:
        self.sizes = nest.sizes
        self.shapes, self.axes = dict(nest.shapes), dict(nest.axes)
        self.result: list[Equation] = []

    def joined(self, equation: Equation, parts: Sequence[Operand], mark: str = "") -> Operand:
        """Some operands together, in equations of their own."""
        total = parts[0]
        for k, part in enumerate(parts[1:]):
            name = f"{equation.target.name}/{mark}{k}"
            target = Ref(name, tuple(self.sizes.dims[loop.variable] for loop in equation.loops))
            call = self.call(equation, total, part)
            self.shapes[name] = call.shape
            self.axes[name] = tuple(ends(self.sizes, size, equation.loops) for size in target.at)
            self.result.append(Equation(target, call, (total, part), equation.loops))
            total = target
        return total

    def chain(self, equation: Equation, parts: Sequence[Operand]) -> None:
        """The equation itself as the last of its parts."""
        total = self.joined(equation, parts[:-1], "x")
        call = self.call(equation, total, parts[-1])
        self.result.append(equation._replace(call=call, args=(total, parts[-1])))

    def call(self, equation: Equation, a: Operand, b: Operand) -> Call:
        op = equation.call.op
        scalar = self.sizes.scalar
        shapes = tuple(self.shapes[x.name] if isinstance(x, Ref) else scalar for x in (a, b))
        signature = Signature(self.sizes, shapes, {})
        return Call(op, signature, (), op.shape(signature))
