"""The computational graph of a program: what is computed from what, to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from gradcli.loops import Block, Place, roll
from gradcli.ops.core import Array
from gradcli.program import Program, Step
from gradcli.session import Session
from gradcli.transform.letters import bounds, equation
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
    flows = _flows(session) if grad else {}
    if rolled:
        return _rolled(program)
    if named:
        return _named(program, written, flows)
    return _whole(program, written, flows)


def _whole(
    program: Program, written: AbstractSet[str], flows: dict[tuple[str, str], Array]
) -> Graph:
    """Each step is an operation; one that the person named has a variable behind it."""
    around = clusters(program)
    nodes = _inputs(program, {arg for step in program.steps for arg in step.operands()})
    edges: list[Edge] = []
    made = {node.name: node.name for node in nodes}
    for i, step in enumerate(program.steps):
        own = step.name.partition("[")[0] in written
        name = f"{step.name} =" if own else step.name
        nodes.append(Node(name, OPERATION, _operation(step, own), around[i]))
        edges += [
            Edge(made[arg], name, flows.get((arg, step.name)))
            for arg in dict.fromkeys(step.operands())
        ]
        made[step.name] = name
        if own:
            nodes.append(Node(step.name, VARIABLE, step.name, around[i]))
            edges.append(Edge(name, step.name))
            made[step.name] = step.name
    return Graph(program.source.name, tuple(nodes), tuple(edges), _ends(program, made))


def _operation(step: Step, own: bool) -> str:
    return step.expression if own else step.text


def _named(
    program: Program, written: AbstractSet[str], flows: dict[tuple[str, str], Array]
) -> Graph:
    found = equations(program, written)
    nodes = _inputs(program, {source for e in found for source in e.sources})
    edges = []
    for equation_of in found:
        nodes.append(Node(equation_of.name, VARIABLE, equation_of.name))
        for source in equation_of.sources:
            inside = {step.name for step in equation_of.steps}
            back = [flows[s, end] for s, end in flows if s == source and end in inside]
            edges.append(Edge(source, equation_of.name, _sum(back)))
    made = {node.name: node.name for node in nodes}
    return Graph(program.source.name, tuple(nodes), tuple(edges), _ends(program, made))


def _sum(found: list[Array]) -> Array | None:
    return np.asarray(sum(found[1:], found[0])) if found else None


def _rolled(program: Program) -> Graph:
    """Each loop is one box, with its equations; what stands outside is as it is."""
    steps = program.steps
    nodes = _inputs(program, {arg for step in steps for arg in step.operands()}, families=True)
    items = roll(program)
    made = boxes(program, items)
    edges: dict[tuple[str, str], None] = {}
    for item in items:
        if isinstance(item, Place):
            name, inside = steps[item.step].name, [item.step]
            nodes.append(Node(name, OPERATION, steps[item.step].text))
        else:
            inside = sorted(_inside(item))
            first, last = bounds(item.loops[-1])
            title = f"for {item.loops[-1].variable} in {first}..{last}"
            name = made[steps[inside[0]].name]
            texts = [equation(steps[place.step]) for place in _places(item)]
            nodes.append(Node(name, LOOP, "\n".join([title, *texts])))
        for i in inside:
            for arg in steps[i].operands():
                if made[arg] != name:
                    edges[made[arg], name] = None
    found = tuple(Edge(tail, head) for tail, head in edges)
    return Graph(program.source.name, tuple(nodes), found, _ends(program, made))


def boxes(program: Program, items: Sequence[Place | Block]) -> dict[str, str]:
    """Which node of the rolled graph each quantity belongs to. items: the program rolled up."""
    made = {item.name: item.name.partition("[")[0] for item in program.inputs}
    for number, item in enumerate(items, 1):
        if isinstance(item, Place):
            made[program.steps[item.step].name] = program.steps[item.step].name
        else:
            made |= {program.steps[i].name: f"loop {number}" for i in _inside(item)}
    return made


def _places(block: Block) -> list[Place]:
    found: list[Place] = []
    for item in block.items:
        found += [item] if isinstance(item, Place) else _places(item)
    return found


def _inside(block: Block) -> set[int]:
    return {i for place in _places(block) for i in place.where.values()}


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


def _flows(session: Session) -> dict[tuple[str, str], Array]:
    """What each operand's derivative gains from each step, in the operand's own shape."""
    derivation, steps = session.derivation, session.program.steps
    found: dict[tuple[str, str], Array] = {}
    for row, value in zip(derivation.rows, session.backward.steps, strict=True):
        if row.operand < 0:
            continue
        key = (row.target, steps[row.eq - 1].name)
        found[key] = (
            found[key] + value if key in found and found[key].shape == value.shape else value
        )
    return found
