"""The backward pass as autograd walks it: depth first from the end, summed at the leaves alone.

On the way down a derivative is multiplied and never added, so each path is walked by itself; what
several paths bring to a leaf is accumulated there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gradcli.errors import GradError
from gradcli.evaluate import compute
from gradcli.ops.core import Array
from gradcli.program import Step
from gradcli.session import Session
from gradcli.sizes import numbers
from gradcli.transform.reify import OWN
from gradcli.transform.reverse import region_text
from gradcli.transform.vjp import COTANGENT, RESULT, Contribution, gains

MOST = 10_000  # visits; there can be as many as there are paths


class Visit(NamedTuple):
    """What one path brings to a quantity, in its own shape, or to a region of it.

    eq: the equation that it comes through, 0 at the end. depth: how many are above it. target: the
    quantity as the layout shows it, with its region. assign: `+=` at a leaf, and where rows of an
    index are added. total: what a leaf holds now, None elsewhere.
    """

    eq: int
    depth: int
    of: str
    target: str
    assign: str
    formula: str
    value: Array
    total: Array | None


class _Waiting(NamedTuple):
    eq: int
    depth: int
    of: str
    contribution: Contribution | None  # None at the end
    arriving: Array


def visits(session: Session) -> Iterator[Visit]:
    """The visits, in their order. Raises GradError where they are too many."""
    program, derivation = session.program, session.derivation
    ways: dict[str, list[tuple[int, int]]] = {step.name: [] for step in program.steps}
    for row in derivation.rows:
        if row.operand != OWN and (row.eq, row.operand) not in ways[program.steps[row.eq - 1].name]:
            ways[program.steps[row.eq - 1].name].append((row.eq, row.operand))
    _check_count(session, ways)
    leaves = set(derivation.wrt)
    totals: dict[str, Array] = {}
    stack = [
        _Waiting(0, 0, item.name, None, session.given[item.name])
        for item in reversed(program.given)
    ]
    if program.loss is not None:
        stack.append(_Waiting(0, 0, program.loss, None, np.ones((1, 1))))
    while stack:
        eq, depth, of, contribution, arriving = stack.pop()
        value = shown = arriving
        rows, formula = "", "1" if of == program.loss and not eq else "given"
        region = None
        if contribution is not None:
            step = program.steps[eq - 1]
            leaves_here = _leaves(session, step, arriving)
            value = shown = compute(contribution.nodes, leaves_here)
            if contribution.at is not None:
                inner = contribution.nodes[-1].args[0]
                shown = compute(contribution.nodes[: inner + 1], leaves_here)
            rows, formula = contribution.shown(step, derivation.layout)
            region = contribution.region
        shape = numbers(program.shapes[of])
        whole = np.zeros(shape)
        at: Any = ... if region is None else tuple(part.slice() for part in region)
        whole[at] = (
            np.broadcast_to(value, whole[at].shape)
            if value.size == 1
            else value.reshape(whole[at].shape)
        )
        if of in leaves:
            totals[of] = totals.get(of, 0.0) + whole
        target = of + (rows or region_text(region, derivation.layout))
        assign = "+=" if rows or of in leaves else "="
        yield Visit(eq, depth, of, target, assign, formula, shown, totals.get(of))
        for number, operand in reversed(ways.get(of, [])):
            step = program.steps[number - 1]
            gain = gains(step).operands[operand]
            arg = step.args[operand]
            assert gain is not None
            assert isinstance(arg, str)
            stack.append(_Waiting(number, depth + 1, arg, gain, whole))


def _leaves(session: Session, step: Step, arriving: Array) -> dict[Any, Array]:
    found: dict[Any, Array] = {COTANGENT: arriving, RESULT: session.values[step.name]}
    for k, arg in enumerate(step.args):
        if isinstance(arg, str):
            found[k] = session.values[arg]
    return found


def _check_count(session: Session, ways: dict[str, list[tuple[int, int]]]) -> None:
    """As many visits as there are paths, counted before any is walked."""
    program = session.program
    counts = dict.fromkeys(program.outputs(), 1)
    total = len(counts)
    for step in reversed(program.steps):
        for _, operand in ways[step.name]:
            arg, more = str(step.args[operand]), counts.get(step.name, 0)
            counts[arg] = counts.get(arg, 0) + more
            total += more
    if total > MOST:
        raise GradError(
            f"--order dfs: there are {total:,} visits, one for each path, more than {MOST:,}",
            hint="the usual order adds up before it goes on: an equation is visited once",
            kind="too-large",
        )
