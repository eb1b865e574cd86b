"""The computational graph of a program: what is computed from what, to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby
from typing import NamedTuple

import numpy as np

from gradcli.loops import Block, Place, roll
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.session import Session
from gradcli.transform.letters import bounds, equation, lettered
from gradcli.views.named import equations

VARIABLE, PARAM, CONST, OPERATION, LOOP = "variable", "param", "const", "operation", "loop"
KINDS = (VARIABLE, PARAM, CONST, OPERATION, LOOP)


class Node(NamedTuple):
    """A variable, an operation or a folded loop. `name` is unique, `text` what is written in it.

    cluster: the iterations around it, from the outermost: the loop's title with its index.
    """

    name: str
    kind: str
    text: str
    cluster: tuple[str, ...] = ()


class Edge(NamedTuple):
    """An arrow from what is used to what uses it, and what flows back along it."""

    tail: str
    head: str
    gradient: Array | None = None


class Graph(NamedTuple):
    """Nodes in the order of computation, and the edges between them, each once."""

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    outputs: tuple[str, ...]


def graph(
    session: Session,
    written: AbstractSet[str],
    *,
    named: bool = False,
    rolled: bool = False,
    grad: bool = False,
) -> Graph:
    """The graph of a session's program.

    named: the person's own equations alone. rolled: each loop as one box. grad: what flows back
    along each edge.
    """
    program = session.program
    flows = Flows(session if grad else None)
    if not (named or rolled):
        return _whole(program, written, flows)
    units = _named(program, written) if named else _steps(program)
    return _rolled(program, units, flows) if rolled else _drawn(program, units, flows)


class Unit(NamedTuple):
    """What is computed as one: `steps` are its steps' names, and `at` is the number of the last.

    text: what is written where it stands alone, and where it is in a loop's box.
    """

    name: str
    kind: str
    text: str
    inside: str
    sources: tuple[str, ...]
    steps: frozenset[str]
    at: int


def _steps(program: Program) -> list[Unit]:
    """Each step by itself."""
    return [
        Unit(
            step.name,
            OPERATION,
            step.text,
            equation(step),
            tuple(dict.fromkeys(step.operands())),
            frozenset((step.name,)),
            i,
        )
        for i, step in enumerate(program.steps)
    ]


def _named(program: Program, written: AbstractSet[str]) -> list[Unit]:
    """The person's own equations."""
    places = {step.name: i for i, step in enumerate(program.steps)}
    return [
        Unit(
            e.name,
            VARIABLE,
            e.name,
            lettered(program.steps[places[e.name]]).name,
            e.sources,
            frozenset(step.name for step in e.steps),
            places[e.name],
        )
        for e in equations(program, written)
    ]


class Flows:
    """What each operand's derivative gains from each step, in the operand's own shape; of a part
    that is split, its pieces in a row. Nothing without a session.
    """

    def __init__(self, session: Session | None) -> None:
        self.found: dict[str, dict[str, Array]] = {}
        if session is None:
            return
        pieces: dict[tuple[str, str, int], list[Array]] = {}
        steps = session.program.steps
        for row, value in zip(session.derivation.rows, session.backward.values, strict=True):
            if row.operand >= 0:
                key = row.target, steps[row.eq - 1].name, row.operand
                pieces.setdefault(key, []).append(value)
        for (source, end, _), some in pieces.items():
            whole = some[0] if len(some) == 1 else _row(some)
            before = self.found.setdefault(source, {})
            before[end] = before[end] + whole if end in before else whole

    def into(self, source: str, steps: AbstractSet[str]) -> Array | None:
        """What a quantity's derivative gains from some steps together."""
        found = [value for end, value in self.found.get(source, {}).items() if end in steps]
        if len({value.shape for value in found}) > 1:  # regions of it, each from another step
            return _row(found)
        return np.asarray(sum(found[1:], found[0])) if found else None


def _row(found: Sequence[Array]) -> Array:
    """Arrays as one, entry behind entry."""
    return np.concatenate([array.reshape(-1) for array in found])


def _whole(program: Program, written: AbstractSet[str], flows: Flows) -> Graph:
    """Each step is an operation; one that the person named has a variable behind it."""
    around = clusters(program)
    nodes = _inputs(program, {arg for step in program.steps for arg in step.operands()})
    edges: list[Edge] = []
    made = {node.name: node.name for node in nodes}
    for i, step in enumerate(program.steps):
        own = step.name.partition("[")[0] in written
        name = f"{step.name} =" if own else step.name
        nodes.append(Node(name, OPERATION, step.expression if own else step.text, around[i]))
        edges += [
            Edge(made[arg], name, flows.into(arg, {step.name}))
            for arg in dict.fromkeys(step.operands())
        ]
        made[step.name] = name
        if own:
            nodes.append(Node(step.name, VARIABLE, step.name, around[i]))
            edges.append(Edge(name, step.name))
            made[step.name] = step.name
    return Graph(program.source.name, tuple(nodes), tuple(edges), _ends(program, made))


def _drawn(program: Program, units: Sequence[Unit], flows: Flows) -> Graph:
    """Each unit is a node, in the iterations around it."""
    around = clusters(program)
    nodes = _inputs(program, {source for unit in units for source in unit.sources})
    made = {node.name: node.name for node in nodes} | {unit.name: unit.name for unit in units}
    edges = []
    for unit in units:
        nodes.append(Node(unit.name, unit.kind, unit.text, around[unit.at]))
        edges += [Edge(s, unit.name, flows.into(s, unit.steps)) for s in unit.sources]
    return Graph(program.source.name, tuple(nodes), tuple(edges), _ends(program, made))


def _rolled(program: Program, units: Sequence[Unit], flows: Flows) -> Graph:
    """Each loop is one box, with its equations; what stands outside is as it is."""
    used = {source for unit in units for source in unit.sources}
    nodes = _inputs(program, used, families=True)
    rolled = roll(program)
    made = boxes(program, rolled)
    by_step = {unit.at: unit for unit in units}
    gained: dict[tuple[str, str], list[Array]] = {}
    for items in _together(rolled):
        steps = sorted(i for item in items for i in _inside(item))
        own = [by_step[i] for i in steps if i in by_step]
        if not own:
            continue
        first = items[0]
        name = made[own[0].name]
        if isinstance(first, Place):
            nodes.append(Node(name, own[0].kind, own[0].text))
        else:
            shown = [_one(place, by_step) for item in items for place in _places(item)]
            texts = dict.fromkeys(unit.inside for unit in shown if unit)
            nodes.append(Node(name, LOOP, "\n".join([_title(first), *texts])))
        ends = frozenset().union(*(unit.steps for unit in own))
        for source in dict.fromkeys(source for unit in own for source in unit.sources):
            if made[source] != name:
                back = flows.into(source, ends)
                gained.setdefault((made[source], name), []).extend([] if back is None else [back])
    edges = [
        Edge(tail, head, (back[0] if len(back) == 1 else _row(back)) if back else None)
        for (tail, head), back in gained.items()
    ]
    return Graph(program.source.name, tuple(nodes), tuple(edges), _ends(program, made))


def boxes(program: Program, rolled: Sequence[Place | Block]) -> dict[str, str]:
    """Which node of the rolled graph each quantity belongs to. rolled: the program rolled up."""
    made = {item.name: item.name.partition("[")[0] for item in program.inputs}
    for number, items in enumerate(_together(rolled), 1):
        for i in (i for item in items for i in _inside(item)):
            name = program.steps[i].name
            made[name] = name if isinstance(items[0], Place) else f"loop {number}"
    return made


def _together(rolled: Sequence[Place | Block]) -> list[list[Place | Block]]:
    """The equations, and the loops: unlike iterations of one are blocks, and together one box."""

    def kind(item: Place | Block) -> tuple[str, int]:
        return ("step", item.step) if isinstance(item, Place) else ("loop", id(item.all_ends))

    return [list(items) for _, items in groupby(rolled, kind)]


def _title(block: Block) -> str:
    loop = block.loops[-1]
    first, last = bounds(loop)
    return f"{f'{loop.over} over' if loop.over else 'for'} {loop.variable} in {first}..{last}"


def _places(item: Place | Block) -> list[Place]:
    if isinstance(item, Place):
        return [item]
    return [place for each in item.items for place in _places(each)]


def _inside(item: Place | Block) -> set[int]:
    """The numbers of the steps that an item stands for."""
    return {i for place in _places(item) for i in place.where.values()}


def _one(place: Place, by_step: Mapping[int, Unit]) -> Unit | None:
    """The unit that stands for all at a place: the one that the rolled listing shows, or the last,
    for the last total of a sum may be the one with a name.
    """
    steps = [place.step, *sorted(place.where.values(), reverse=True)]
    return next((by_step[i] for i in steps if i in by_step), None)


def _inputs(program: Program, used: set[str], families: bool = False) -> list[Node]:
    """The declared quantities that are used; of a family all members as one, or each."""
    kinds = {"param": PARAM, "const": CONST}
    found: dict[str, Node] = {}
    for item in program.inputs:
        if item.name in used:
            name = item.name.partition("[")[0] if families else item.name
            found.setdefault(name, Node(name, kinds.get(item.role, VARIABLE), name))
    return list(found.values())


def _ends(program: Program, made: dict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(made[name] for name in program.outputs() if name in made))


def clusters(program: Program) -> list[tuple[str, ...]]:
    """The iterations around each step, from the outermost."""
    found: list[tuple[str, ...]] = [()] * len(program.steps)
    for loop in sorted(program.loops, key=lambda loop: loop.depth):
        for k, (begin, end) in enumerate(loop.iterations):
            title = f"{loop.variable} = {loop.first + k}"
            for i in range(begin, end):
                found[i] = (*found[i], title)
    return found
