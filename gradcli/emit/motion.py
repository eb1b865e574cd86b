"""Equations moved to where they cost least: out of loops, before a stretch, products regrouped."""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import groupby

from gradcli.emit.nest import Axis, Equation, Nest, Operand, Ref, variables
from gradcli.ops.core import TABLE, Call, Signature
from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import Number, Shape, alike

BROADCAST = TABLE["broadcast"]
PRODUCT = TABLE["mul"]


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
        if op is BROADCAST and plain and isinstance(equation.args[0], Ref):
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
                    call = Call(BROADCAST, signature, attrs, equation.call.shape)
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


def regrouped(nest: Nest, late: Container[str]) -> Nest:
    """Products of three and more factors: those that are known before come together first.

    late: the names that are known last, the derivatives. (g * y) * (1 - y) becomes
    g * (y * (1 - y)), so that the second product leaves the loop that g stays in.
    """
    uses: dict[str, int] = {}
    makers: dict[str, Equation] = {}
    for equation in nest.equations:
        makers[equation.target.name] = equation
        for ref in equation.refs():
            uses[ref.name] = uses.get(ref.name, 0) + 1
    waits: set[str] = set()
    for equation in nest.equations:
        if any(ref.name in late or ref.name in waits for ref in equation.refs()):
            waits.add(equation.target.name)
    inner: dict[str, list[Operand]] = {}
    result: list[Equation] = []
    shapes, axes = dict(nest.shapes), dict(nest.axes)
    for equation in nest.equations:
        name = equation.target.name
        factors = equation.args
        if equation.call.op is PRODUCT and equation.loops and not equation.adds:
            flat: list[Operand] = []
            for factor in factors:
                maker = makers.get(factor.name) if isinstance(factor, Ref) else None
                if (
                    maker is not None
                    and isinstance(factor, Ref)
                    and factor.name in inner
                    and uses[factor.name] == 1
                    and maker.loops == equation.loops
                    and factor == maker.target
                    and maker.call.shape == equation.call.shape
                ):
                    flat += inner[factor.name]
                else:
                    flat.append(factor)
            inner[name] = flat
            early = [f for f in flat if isinstance(f, Number) or not _late(f, late, waits)]
            others = [f for f in flat if f not in early]
            if len(early) > 1 and others and sum(isinstance(f, Ref) for f in early) > 1:
                made = _products(nest, equation, early, shapes, axes, result)
                _chain(nest, equation, [*others, made], shapes, axes, result)
                continue
        result.append(equation)
    return nest._replace(equations=tuple(result), shapes=shapes, axes=axes)


def _late(factor: Operand, late: Container[str], waits: Container[str]) -> bool:
    return isinstance(factor, Ref) and (factor.name in late or factor.name in waits)


def _shape(nest: Nest, shapes: dict[str, Shape], factor: Operand) -> Shape:
    return shapes[factor.name] if isinstance(factor, Ref) else nest.sizes.scalar


def _products(
    nest: Nest,
    equation: Equation,
    factors: Sequence[Operand],
    shapes: dict[str, Shape],
    axes: dict[str, tuple[Axis, ...]],
    result: list[Equation],
) -> Ref:
    """The product of some factors, as equations of its own."""
    total = factors[0]
    for k, factor in enumerate(factors[1:]):
        name = f"{equation.target.name}/{k}"
        target = Ref(name, equation.target.at)
        call = _product(nest, shapes, total, factor)
        shapes[name] = call.shape
        axes[name] = axes[equation.target.name]
        result.append(Equation(target, call, (total, factor), equation.loops))
        total = target
    assert isinstance(total, Ref)
    return total


def _chain(
    nest: Nest,
    equation: Equation,
    factors: Sequence[Operand],
    shapes: dict[str, Shape],
    axes: dict[str, tuple[Axis, ...]],
    result: list[Equation],
) -> None:
    total = factors[0]
    if len(factors) > 2:
        own = equation._replace(target=Ref(f"{equation.target.name}/x", equation.target.at))
        axes[own.target.name] = axes[equation.target.name]
        total = _products(nest, own, factors[:-1], shapes, axes, result)
    call = _product(nest, shapes, total, factors[-1])
    result.append(equation._replace(call=call, args=(total, factors[-1])))


def _product(nest: Nest, shapes: dict[str, Shape], a: Operand, b: Operand) -> Call:
    signature = Signature(nest.sizes, (_shape(nest, shapes, a), _shape(nest, shapes, b)), {})
    return Call(PRODUCT, signature, (), PRODUCT.shape(signature))
