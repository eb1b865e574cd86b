"""Why a compact line is allowed: from the literal steps that it stands for, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gradcli.compact.derivation import Compact
from gradcli.compact.lines import Line, names_in
from gradcli.compact.listing import formula
from gradcli.compact.terms import Value
from gradcli.transform.reify import DERIVATIVE
from gradcli.transform.reverse import Derivation

TOGETHER = "the steps in one line"


class Reason(NamedTuple):
    """One way of writing a line, and the rule that gives it from the one before.

    step: the number of a literal step, from 1, where it is one of those; `left` what that states.
    """

    step: int
    left: str
    assign: str
    formula: str
    rule: str


def why(compact: Derivation) -> Iterator[tuple[Reason, ...]]:
    """For each row of a compact derivation the way to it; none where no form was found."""
    if not isinstance(compact, Compact):
        yield from (() for _ in compact.rows)
        return
    for row, line in zip(compact.rows, compact.lines, strict=True):
        if line is None:
            yield (Reason(0, "", "=", compact.formula(row), "what several lines share"),)
        else:
            yield tuple(_reasons(compact, line, compact.formula(row)))


def _reasons(compact: Compact, line: Line, last: str) -> Iterator[Reason]:
    literal = compact.literal
    for k in steps_of(compact, line):
        row = literal.rows[k]
        yield Reason(k + 1, literal.left(row), row.assign, literal.formula(row), "")
    found = [Reason(0, "", "=", _text(compact, line.chained), TOGETHER)]
    before = line.chained
    for done in line.way:
        facts = [done.fact] if done.fact else list(_new_names(compact, before, done.value))
        rule = f"{done.rule}: {', '.join(facts)}" if facts else done.rule
        found.append(Reason(0, "", "=", _text(compact, done.value), rule))
        before = done.value
    if found[-1].formula != last:
        found.append(Reason(0, "", "=", last, "names for what other lines compute"))
    yield from (r for k, r in enumerate(found) if not k or r.formula != found[k - 1].formula)


def steps_of(compact: Compact, line: Line) -> list[int]:
    """The literal steps that a line stands for, by their places in the listing."""
    reified = compact.literal.reified
    made = {step.name: step for step in reified.steps}
    others = {other.name for other in compact.lines if other is not None} - {line.name}
    held: set[str] = set()
    stack = [line.name]
    while stack:
        name = stack.pop()
        if name in made and name not in held and name not in others:
            held.add(name)
            stack.extend(made[name].operands())
    return [k for k, value in enumerate(reified.values) if value in held]


def _text(compact: Compact, x: Value) -> str:
    tree = compact.found.extractor.line(x)
    sizes = compact.program.sizes
    return formula(tree, {}, compact.names, sizes).texts[compact.layout]


def _new_names(compact: Compact, before: Value, after: Value) -> Iterator[str]:
    """What the names are that a line uses now and did not before."""
    steps = {step.name: (eq, step) for eq, step in enumerate(compact.program.steps, 1)}
    for name in sorted(names_in(after) - names_in(before)):
        if name in steps:
            eq, step = steps[name]
            yield f"{name} is {step.expression}, equation {eq}"
        elif name in compact.names:
            yield f"{DERIVATIVE}{compact.names[name]} is a line of its own"
