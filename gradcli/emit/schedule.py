"""Which equations of a loop run for all its iterations at once, and which one after the other.

A loop is cut into the strongly connected parts of its dependences (Allen & Kennedy 2002, chapter
2). What does not wait for an earlier iteration of itself goes over whole arrays; the rest stays in
a loop. Every cut keeps the order that the dependences ask for.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from gradcli.nests.nest import Equation, Loop, Nest, Ref, coefficient, variables
from gradcli.sizes import Size


class Item(NamedTuple):
    """An equation, the loops that it stands in, and those that it goes through at once."""

    equation: Equation
    loops: tuple[Loop, ...]
    batch: tuple[Loop, ...]


def schedule(
    nest: Nest, at_once: bool = True, fixed: bool = False, held: Container[str] = ()
) -> list[Item]:
    """The equations in an order that computes them.

    at_once: whether loops may be cut. fixed: whether arrays have one length in all iterations.
    held: the names that stay in their loops all the same.
    """
    return list(_run(nest.equations, 0, (), at_once, fixed, held))


def _run(
    equations: Sequence[Equation],
    depth: int,
    loops: tuple[Loop, ...],
    at_once: bool,
    fixed: bool,
    held: Container[str],
) -> Iterator[Item]:
    def key(equation: Equation) -> int:
        return equation.loops[depth].key if len(equation.loops) > depth else 0

    for of, group in groupby(equations, key):
        if of:
            yield from _cut(list(group), depth, loops, at_once, fixed, held)
        else:
            yield from (Item(equation, loops, ()) for equation in group)


def _cut(
    equations: list[Equation],
    depth: int,
    loops: tuple[Loop, ...],
    at_once: bool,
    fixed: bool,
    held: Container[str],
) -> Iterator[Item]:
    serial = [loop.variable for loop in loops]
    needs = _needs(equations, serial)
    parts = _components(needs) if at_once else [list(range(len(equations)))]
    for part in parts:
        first = equations[part[0]]
        alone = len(part) == 1 and part[0] not in needs[part[0]]
        alone = alone and first.target.name not in held
        if at_once and alone and at_once_fits(first, depth, serial if fixed else ()):
            yield Item(first, loops, first.loops[depth:])
        else:
            inner = [equations[i] for i in part]
            inside = (*loops, first.loops[depth])
            yield from _run(inner, depth + 1, inside, at_once, fixed, held)


def _needs(equations: Sequence[Equation], serial: Sequence[str]) -> list[set[int]]:
    """For each equation those that it reads from, in this iteration of the serial loops."""
    made: dict[str, list[int]] = {}
    for i, equation in enumerate(equations):
        made.setdefault(equation.target.name, []).append(i)
    return [
        {
            i
            for ref in equation.refs()
            for i in made.get(ref.name, ())
            if not another(equations[i].target, ref, serial)
        }
        for equation in equations
    ]


def recurrent(equations: Sequence[Equation]) -> set[str]:
    """The names whose values wait for earlier iterations of themselves."""
    found: set[str] = set()
    for _, group in groupby(equations, lambda e: e.loops[0].key if e.loops else 0):
        inside = list(group)
        if inside[0].loops:
            needs = _needs(inside, ())
            for part in _components(needs):
                if len(part) > 1 or part[0] in needs[part[0]]:
                    found.update(inside[i].target.name for i in part)
    return found


def another(made: Ref, used: Ref, serial: Sequence[str]) -> bool:
    """Whether an entry is of another iteration of the loops around than the one that is made."""
    for a, b in zip(made.at, used.at, strict=True):
        for variable in serial:
            same = coefficient(a, variable) == coefficient(b, variable) == 1
            rest = [{m: c for m, c in size.terms if m != ((variable, 1),)} for size in (a, b)]
            if same and rest[0] != rest[1] and all(set(r) <= {()} for r in rest):
                return True
    return False


def _components(needs: Sequence[set[int]]) -> list[list[int]]:
    """Strongly connected parts (Tarjan 1972), each after those that it needs."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[list[int]] = []
    for root in range(len(needs)):
        if root in number:
            continue
        work: list[tuple[int, Iterator[int]]] = [(root, iter(sorted(needs[root])))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in number:
                    number[other] = low[other] = len(number)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(needs[other]))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], number[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    part = []
                    while True:
                        part.append(stack.pop())
                        on_stack.discard(part[-1])
                        if part[-1] == node:
                            break
                    found.append(sorted(part))
    return found


def at_once_fits(equation: Equation, depth: int, moving: Sequence[str] = ()) -> bool:
    """Whether the iterations of an equation's inner loops can be the axes of arrays.

    moving: the variables that the lengths of these must not depend on either.
    """
    batch = equation.loops[depth:]
    names = [loop.variable for loop in batch]
    for loop in batch:
        bounds = variables(loop.first) | variables(loop.last)
        if not bounds.isdisjoint([*names, *moving]):
            return False
    if equation.spans is not None and any(
        not (variables(span.start) | variables(span.stop)).isdisjoint(names)
        for span in equation.spans
    ):
        return False
    return all(_axes_fit(ref.at, names) for ref in (equation.target, *equation.refs()))


def _axes_fit(index: Sequence[Size], names: Sequence[str]) -> bool:
    """Whether each axis follows one loop at most, and they do so in the loops' order."""
    order = []
    for size in index:
        own = [name for name in names if name in variables(size)]
        if len(own) > 1 or any(coefficient(size, name) not in (1, -1) for name in own):
            return False
        order += [names.index(name) for name in own]
    return order == sorted(set(order))
