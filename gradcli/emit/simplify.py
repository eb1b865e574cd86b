"""A nest with less in it: without what nothing needs, without copies, without repetitions."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from gradcli.nests.nest import Equation, Nest, Operand, Ref, ends, substitute
from gradcli.sizes import Number, Size, Sizes


def needed(equations: Iterable[Equation], wanted: Iterable[str]) -> list[Equation]:
    """The equations that lead to wanted names."""
    every = list(equations)
    makers: dict[str, list[Equation]] = {}
    for equation in every:
        makers.setdefault(equation.target.name, []).append(equation)
    known: set[str] = set()
    stack = list(wanted)
    while stack:
        name = stack.pop()
        if name not in known:
            known.add(name)
            stack += [ref.name for equation in makers.get(name, ()) for ref in equation.refs()]
    return [equation for equation in every if equation.target.name in known]


def shared(nest: Nest) -> Nest:
    """What is computed twice from the same, in the same loops, once."""
    known: dict[Any, str] = {}
    renamed: dict[str, str] = {}
    found: list[Equation] = []
    counts: dict[str, int] = {}
    for equation in nest.equations:
        counts[equation.target.name] = counts.get(equation.target.name, 0) + 1
    for stated in nest.equations:
        args = tuple(
            arg._replace(name=renamed.get(arg.name, arg.name)) if isinstance(arg, Ref) else arg
            for arg in stated.args
        )
        equation = stated._replace(args=args)
        target = equation.target
        alone = target.name.startswith(("g/", "s/")) and counts[target.name] == 1
        if alone and not equation.adds:
            call = equation.call
            loops = tuple(loop.key for loop in equation.loops)
            key = (call.op.name, call.attrs, call.signature.shapes, args, loops, equation.spans)
            if key in known:
                renamed[target.name] = known[key]
                continue
            known[key] = target.name
        found.append(equation)
    return nest._replace(equations=tuple(found))


def signs(back: Nest, ahead: Nest) -> Nest:
    """Whether something is above 0, asked of what is above 0 with it and is needed anyway.

    So what a relu was made of need not be saved beside its result.
    """
    used = {ref.name for equation in back.equations for ref in equation.refs()}
    results = {
        equation.args[0]: equation.target
        for equation in ahead.equations
        if equation.call.op.positive and not equation.adds and equation.target.name in used
    }
    found = []
    for equation in back.equations:
        if equation.call.op.above and equation.args[0] in results:
            zero = equation.args[1]
            if isinstance(zero, Number) and zero.value == 0:
                args = (results[equation.args[0]], zero)
                found.append(equation._replace(args=args))
                continue
        found.append(equation)
    return back._replace(equations=tuple(found))


def without_copies(nest: Nest, kept: Container[str]) -> Nest:
    """Names that stand for others alone, replaced by these.

    A derivative that a single equation adds to is one of these, where it reaches all of it.
    """
    counts: dict[str, int] = {}
    for equation in nest.equations:
        counts[equation.target.name] = counts.get(equation.target.name, 0) + 1
    sources: dict[str, tuple[Ref, Ref]] = {}
    found: list[Equation] = []
    for stated in nest.equations:
        args = tuple(_resolved(nest.sizes, arg, sources) for arg in stated.args)
        equation = stated._replace(args=args)
        target = equation.target
        if (
            counts[target.name] == 1
            and target.name not in kept
            and equation.call.op.copies
            and equation.spans is None
            and isinstance(args[0], Ref)
            and [size.text for size in target.at] == [loop.variable for loop in equation.loops]
            and nest.shapes[target.name] == equation.call.shape
            and nest.axes[target.name]
            == tuple(ends(nest.sizes, size, equation.loops) for size in target.at)
        ):
            sources[target.name] = (target, args[0])
            continue
        found.append(equation)
    return nest._replace(equations=tuple(found))


def _resolved(sizes: Sizes, arg: Operand, sources: dict[str, tuple[Ref, Ref]]) -> Operand:
    if isinstance(arg, Number) or arg.name not in sources:
        return arg
    target, source = sources[arg.name]
    known: dict[str, Size] = {own.text: size for own, size in zip(target.at, arg.at, strict=True)}
    return Ref(source.name, tuple(substitute(sizes, size, known) for size in source.at))


def product_sums(nest: Nest) -> Nest:
    """What is only added to a total stands in the sum itself, so that it can be one product."""
    uses: dict[str, int] = {}
    makers: dict[str, list[Equation]] = {}
    for equation in nest.equations:
        makers.setdefault(equation.target.name, []).append(equation)
        for ref in equation.refs():
            uses[ref.name] = uses.get(ref.name, 0) + 1
    gone: set[str] = set()
    found: list[Equation] = []
    for stated in reversed(nest.equations):
        equation = stated
        if equation.target.name in gone:
            continue
        if equation.adds and equation.call.op.copies and isinstance(equation.args[0], Ref):
            (arg,) = equation.args
            made = makers.get(arg.name, [])
            if (
                len(made) == 1
                and uses[arg.name] == 1
                and not made[0].adds
                and arg.name.startswith("g/")
                and made[0].spans is None
                and made[0].target == arg
                and _same_loops(made[0], equation)
                and made[0].call.shape == equation.call.shape
            ):
                gone.add(arg.name)
                equation = equation._replace(call=made[0].call, args=made[0].args)
        found.append(equation)
    return nest._replace(equations=tuple(reversed(found)))


def _same_loops(one: Equation, other: Equation) -> bool:
    return [loop.key for loop in one.loops] == [loop.key for loop in other.loops]
