"""Why a compact line is allowed: from the literal steps that it stands for, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from gradcli.compact.assembly import Compact, write
from gradcli.compact.gate import proven
from gradcli.compact.holding import names_in
from gradcli.compact.lines import Line
from gradcli.compact.listing import formula
from gradcli.compact.loops.derivation import Looped, summed
from gradcli.compact.loops.reasons import Bodies
from gradcli.compact.terms import Value
from gradcli.program import Operand
from gradcli.proof.verdict import Proof
from gradcli.sizes import Number
from gradcli.transform.reify import DERIVATIVE, OWN, Row, Writer
from gradcli.transform.reverse import Derivation

SHARED = "what several lines share"
TOGETHER = "the steps in one line"


class Reason(NamedTuple):
    """One way of writing a line, and the rule that gives it from the one before.

    step: the number of a literal step, from 1, where it is one of those; `left` what that states.
    proof: what exact evaluation says of it, where it is none of those and states a derivative.
    """

    step: int
    left: str
    assign: str
    formula: str
    rule: str
    proof: Proof | None = None


def why(compact: Derivation) -> Iterator[tuple[Reason, ...]]:
    """For each row of a compact derivation the way to it; none where no form was found."""
    if isinstance(compact, Looped):
        yield from _looped(compact)
        return
    if not isinstance(compact, Compact):
        yield from (() for _ in compact.rows)
        return
    proofs = _Ways(compact)
    for row, line in zip(compact.rows, compact.lines, strict=True):
        if line is None:
            yield (Reason(0, "", "=", compact.formula(row), SHARED, compact.proof(row)),)
        else:
            yield tuple(_reasons(compact, line, row, proofs))


def _looped(compact: Looped) -> Iterator[tuple[Reason, ...]]:
    """The ways to lines that hold for all iterations, in the body that they are of."""
    bodies = Bodies(compact)
    ways: dict[int, _Ways] = {}
    for row, (each, body) in zip(compact.rows, bodies, strict=True):
        if each.line is None:
            rule = SHARED if row.operand == OWN else "nothing flows to it"
            yield (Reason(0, "", "=", compact.formula(row), rule, compact.proof(row)),)
            continue
        proofs = ways.get(id(body)) or ways.setdefault(id(body), _Ways(body))
        found: list[Reason] = []
        for reason in _reasons(body, each.line, each.row, proofs):
            if reason.step:
                number = bodies.number(each, body, reason.step - 1)
                found += [reason._replace(step=number)] if number else []
            else:
                found.append(reason._replace(formula=summed(reason.formula, row)))
        yield tuple(found)


def proofs(compact: Derivation) -> Iterator[Proof | None]:
    """For each row of a compact derivation what exact evaluation says of it; None of own names."""
    if isinstance(compact, Compact | Looped):
        yield from (compact.proof(row) for row in compact.rows)
    else:
        yield from (None for _ in compact.rows)


class _Ways:
    """Proofs of all ways of writing the lines: one program has them beside the literal steps."""

    def __init__(self, compact: Compact) -> None:
        literal = compact.literal.reified
        self.writer = Writer(literal.program)
        self.literal: dict[str, str] = {}  # what each way must be worth
        self.names: dict[tuple[str, Value], str] = {}
        for line in compact.lines:
            if line is not None:
                for x in (line.chained, *(done.value for done in line.way)):
                    self._add(compact, line, x)
        program = literal.program
        made = program._replace(
            steps=program.steps + tuple(self.writer.steps), shapes=self.writer.shapes
        )
        whole = literal._replace(program=made)
        self.proofs = proven(whole, made, self.literal, compact.near)

    def _add(self, compact: Compact, line: Line, x: Value) -> None:
        name = write(self.writer, compact.found.extractor.line(x), {}, _leaf)
        if line.more:
            name = self.writer.apply("add", (line.more, name), {})
        self.names[line.name, x] = name
        self.literal[name] = compact.literal.reified.totals[compact.names[line.name]]

    def of(self, line: Line, x: Value) -> Proof:
        return self.proofs[self.names[line.name, x]]


def _leaf(key: Any) -> Operand:
    return key if isinstance(key, Number) else str(key.name)


def _reasons(compact: Compact, line: Line, row: Row, proofs: _Ways) -> Iterator[Reason]:
    literal, last = compact.literal, compact.formula(row)
    for k in steps_of(compact, line):
        step = literal.rows[k]
        yield Reason(k + 1, literal.left(step), step.assign, literal.formula(step), "")
    first = proofs.of(line, line.chained)
    found = [Reason(0, "", "=", _text(compact, line.chained), TOGETHER, first)]
    before = line.chained
    for done in line.way:
        facts = [done.fact] if done.fact else list(_new_names(compact, before, done.value))
        rule = f"{done.rule}: {', '.join(facts)}" if facts else done.rule
        proof = proofs.of(line, done.value)
        found.append(Reason(0, "", "=", _text(compact, done.value), rule, proof))
        before = done.value
    if found[-1].formula != last:
        named = "names for what other lines compute"
        found.append(Reason(0, "", "=", last, named, compact.proof(row)))
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
