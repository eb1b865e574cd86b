"""Lines of a loop as they stand in its iterations: one by one, and as a program of both passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np

from gradcli.compact.listing import spelled_leaf
from gradcli.compact.loops.lines import Stated
from gradcli.forms import worth
from gradcli.nests.nest import Loop, Ref
from gradcli.ops.core import TABLE
from gradcli.ops.parts import Region
from gradcli.program import Operand, Program
from gradcli.sizes import Number, Size, numbers, plain
from gradcli.template import Node, print_nodes
from gradcli.transform.reify import OWN, Reified, Writer
from gradcli.transform.reverse import Derivation
from gradcli.transform.vjp import Contribution, Derived, Known

Point = Mapping[str, int]  # what the loops' variables are


class Placed(NamedTuple):
    """A line in one iteration. region: what of the target it goes to, None for all of it."""

    stated: Stated
    target: str
    assign: str
    contribution: Contribution
    region: Region | None


def placed(program: Program, lines: Sequence[Stated]) -> Iterator[Placed]:
    """The lines in all iterations, in the order of the backward pass; a sum term by term."""
    steps = {step.name: step for step in program.steps}
    dims = {name: int(size.value) for name, size in program.sizes.dims.items()}
    reached: set[str] = set()
    for each, point in _order(lines, dims):
        target = name(each.target, point)
        region = None
        if each.load is not None:
            region = steps[name(each.load.target, point)].call.signature.attrs["region"]
        first = each.row.operand == OWN or target not in reached
        assign = each.assign
        if each.over or (assign == "+=" and each.loops):
            assign = "=" if first and region is None else "+="
        reached.add(target)
        found = renamed(each.row.contribution, partial(_at, each, point))
        yield Placed(each, target, assign, found, region)


def additions(derivation: Derivation, lines: Sequence[Stated]) -> list[int]:
    """How many entries each line adds to what is there already; a first one adds to nothing."""
    program = derivation.program
    steps = {step.name: step for step in program.steps}
    dims = {name: int(size.value) for name, size in program.sizes.dims.items()}
    reached = {item.name: np.ones(numbers(item.shape), bool) for item in program.given}
    found = dict.fromkeys(map(id, lines), 0)
    for each, point in _order(lines, dims):
        if each.row.operand == OWN:
            continue
        target = name(each.target, point)
        if target not in reached:
            reached[target] = np.zeros(numbers(program.shapes[target]), bool)
        at: tuple[slice, ...] = ()
        if each.load is not None:
            region = steps[name(each.load.target, point)].call.signature.attrs["region"]
            at = tuple(part.slice() for part in region)
        found[id(each)] += int(reached[target][at].sum())
        reached[target][at] = True
    return [found[id(each)] for each in lines]


def name(ref: Ref, point: Point) -> str:
    """A quantity in an iteration, as a program calls it."""
    if not ref.at:
        return ref.name
    return f"{ref.name}[{', '.join([str(_number(size, point)) for size in ref.at])}]"


def _number(size: Size, point: Point) -> int:
    total = Fraction(0)
    for monomial, factor in size.terms:
        total += factor * prod([point[letter] ** power for letter, power in monomial])
    return int(total)


def _order(lines: Sequence[Stated], dims: Point) -> Iterator[tuple[Stated, dict[str, int]]]:
    """Lines and iterations, as loops are gone through."""

    def some(lines: Sequence[Stated], depth: int, point: dict[str, int]) -> Any:
        k = 0
        while k < len(lines):
            if len(lines[k].loops) == depth:
                for more in points(tuple(reversed(lines[k].over)), point):
                    yield lines[k], more
                k += 1
                continue
            loop, end = lines[k].loops[depth], k
            while end < len(lines) and lines[end].loops[depth : depth + 1] == (loop,):
                end += 1
            for value in reversed(_range(loop, point)):
                yield from some(lines[k:end], depth + 1, {**point, loop.variable: value})
            k = end

    yield from some(lines, 0, dict(dims))


def points(loops: Sequence[Loop], point: dict[str, int]) -> Iterator[dict[str, int]]:
    """What the variables of some loops, from the outermost, are in each iteration."""
    if not loops:
        yield point
        return
    for value in _range(loops[0], point):
        yield from points(loops[1:], {**point, loops[0].variable: value})


def _range(loop: Loop, point: Point) -> range:
    return range(_number(loop.first, point), _number(loop.last, point) + 1)


# ── formulas ──


def renamed(contribution: Contribution, leaf: Callable[[Any], Any]) -> Contribution:
    """A formula with other leaves."""

    def nodes(some: Sequence[Node]) -> list[Node]:
        return [n if n.call is not None else n._replace(key=leaf(n.key)) for n in some]

    listed = {layout: nodes(some) for layout, some in contribution.listed.items()}
    texts = {layout: print_nodes(some, spelled_leaf)[0] for layout, some in listed.items()}
    return contribution._replace(
        nodes=listed["denominator"], texts=texts, listed=listed, listing=texts
    )


def _at(each: Stated, point: Point, key: Any) -> Any:
    if isinstance(key, Number):
        return _number_at(key, point)
    if isinstance(key, Derived):
        if key.own:
            indices = [str(point[loop.variable]) for loop in (*each.loops, *each.over)]
            return key._replace(name=f"{key.name}[{', '.join(indices)}]" if indices else key.name)
        return key._replace(name=name(each.refs[key.name], point))
    assert isinstance(key, Known)
    return Known(name(each.refs[key.name], point))


def _number_at(number: Number, point: Point) -> Number:
    """A number in an iteration."""
    if number.rolled is not None:
        return plain(worth(number.rolled, point))
    if number.made is None:
        return number
    op, parts = number.made
    own = [_number_at(part, point) for part in parts]
    if all(a is b for a, b in zip(own, parts, strict=True)):
        return number
    return plain(float(TABLE[op].forward(*[part.value for part in own])))


# ── as a program ──


def computed(program: Program, literal: Reified, lines: Sequence[Stated]) -> Reified:
    """Both passes as a program, the backward one as the lines have it.

    literal: the same step by step, whose inputs it has.
    """
    writer = Writer(program)
    running: dict[str, Operand] = {}
    inputs = [item for item in literal.program.inputs if item.name in literal.arriving]
    for own, item in zip(program.given, inputs, strict=True):
        writer.shapes[item.name] = item.shape
        running[own.name] = item.name
    for each in placed(program, lines):
        value = _value(writer, each.contribution, running)
        if each.region is not None:
            attrs = {"regions": (each.region,), "shape": program.shapes[each.target]}
            value = writer.apply("scatter", (value,), attrs)
        if each.assign == "+=" and each.target in running:
            value = writer.apply("add", (running[each.target], value), {})
        elif isinstance(value, Number):
            value = writer.apply("copy", (value,), {})
        running[each.target] = value
    steps = tuple(writer.steps)
    made = program._replace(
        inputs=(*program.inputs, *inputs),
        steps=program.steps + steps,
        shapes=writer.shapes,
        loss=None,
        given=(),
        loops=(),
    )
    totals = {name: str(value) for name, value in running.items()}
    return Reified(made, steps, literal.arriving, (), totals, {})


def _value(writer: Writer, formula: Contribution, running: Mapping[str, Operand]) -> Operand:
    found: list[Operand] = []
    for node in formula.listed["denominator"]:
        if node.call is not None:
            found.append(writer.emit(node.call, tuple([found[k] for k in node.args])))
        elif isinstance(node.key, Number):
            found.append(node.key)
        elif isinstance(node.key, Derived):
            zero = node.key.name not in running
            found.append(
                writer.apply("zeros", (), {"sizes": node.shape}) if zero else running[node.key.name]
            )
        else:
            found.append(node.key.name)
    return found[-1]
