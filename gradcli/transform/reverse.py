"""Reverse mode, written out: each forward equation's contributions, from the last to the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradcli.errors import Defect, GradError, Span
from gradcli.interpret import interpret
from gradcli.ops.parts import Region
from gradcli.program import Operand, Program, Step
from gradcli.sizes import Number, Shape, Size, numbers
from gradcli.transform.reached import Tracker
from gradcli.transform.reify import DERIVATIVE, OWN, Reified, Row, reify
from gradcli.transform.vjp import (
    COTANGENT,
    RESULT,
    Contribution,
    Derived,
    Gains,
    Known,
    Own,
    contribute,
    gains,
)


@dataclass(frozen=True, eq=False)
class Derivation:
    """The backward steps of a program. `wrt` are the names whose gradients are wanted."""

    program: Program
    rows: tuple[Row, ...]
    wrt: tuple[str, ...]
    layout: str

    @property
    def contributions(self) -> tuple[Row, ...]:
        """The rows that state a derivative: all but the own lines of rules."""
        return tuple([row for row in self.rows if row.operand != OWN])

    def step(self, row: Row) -> Step:
        return self.program.steps[row.eq - 1]

    def span(self, row: Row) -> Span:
        """Where the model has what a row is from."""
        return self.program.span(self.step(row).place)

    def formula(self, row: Row) -> str:
        step = self.step(row)
        return row.contribution.listing[self.layout].format(step.name, *step.args, *row.own)

    def leaf(self, row: Row, key: Any) -> Known | Derived | Number:
        """What a leaf of a row's nodes stands for."""
        step = self.step(row)
        return leaf_of(key, step.name, step.args, row.own)

    def target(self, row: Row) -> str:
        """The target as the layout shows it: a name, or the region of one."""
        parts = row.parts[::-1] if self.layout == "numerator" else row.parts
        region = f"[{', '.join(parts)}]" if parts else region_text(row.region, self.layout)
        if (at := row.contribution.at) is not None:
            step = self.step(row)
            region = at.brackets[self.layout].format(step.name, *step.args)
        return row.target + region

    def left(self, row: Row) -> str:
        """What a line of the listing states: a derivative, or a name of the rule's own."""
        return row.target if row.operand == OWN else DERIVATIVE + self.target(row)

    def shape(self, row: Row) -> Shape:
        return displayed(row.contribution.shape, self.layout)

    @property
    def literal(self) -> Derivation | None:
        """The derivation step by step, where this one is a compact form of it."""
        return None

    @property
    def added(self) -> list[Size]:
        """How many entries each row adds to what is there already."""
        sizes = self.program.sizes
        return [
            sizes.product(row.contribution.shape) if row.adds else sizes.constant(0)
            for row in self.rows
        ]

    @property
    def unrolled(self) -> Derivation:
        """The same with a row for each iteration of a loop, where a row stands for all of them."""
        return self

    @cached_property
    def reified(self) -> Reified:
        """The derivation as a program, made when it is first asked for."""
        return reify(self.program, self.rows, self.wrt)


def leaf_of(
    key: Any, name: str, args: Sequence[Operand], own: Sequence[str]
) -> Known | Derived | Number:
    """What a leaf of a contribution's nodes stands for, from what the step's result, its operands
    and its rule's own lines are called.
    """
    if isinstance(key, Known | Derived | Number):
        return key
    if isinstance(key, Own):
        return Derived(own[key.line], own=True)
    if key == COTANGENT:
        return Derived(name)
    arg = name if key == RESULT else args[key]
    return Known(arg) if isinstance(arg, str) else arg


def displayed(shape: Shape, layout: str) -> Shape:
    """The shape of a derivative in a layout."""
    return shape[::-1] if layout == "numerator" else shape


def region_text(region: Region | None, layout: str) -> str:
    if region is None:
        return ""
    parts = region[::-1] if layout == "numerator" else region
    return f"[{', '.join(str(part) for part in parts)}]"


def derive(
    program: Program,
    wrt: Sequence[str] = (),
    accumulate: str = "auto",
    layout: str | None = None,
) -> Derivation:
    """The derivation of a program's gradients.

    wrt: names, or families, whose gradients are wanted; none for every input and param.
    accumulate: "auto" for `=` at the first contribution, "always" for `+=` throughout.
    layout: "numerator" or "denominator"; None for the program's own.
    Raises GradError for an unknown name.
    """
    wanted = resolve_wrt(program, wrt)
    tracker = Tracker(program, accumulate == "always")
    found = [gains(step) for step in program.steps]
    active = _active(program, found, set(wanted))
    names = OwnNames(program)
    rows: list[Row] = []
    listed: set[tuple[int, int]] = set()
    for i in range(len(program.steps) - 1, -1, -1):
        step = program.steps[i]
        if not tracker.reached(step.name):
            continue
        for k, arg in enumerate(step.args):
            whole = found[i].operands[k]
            if whole is None or arg not in active:
                continue
            assert isinstance(arg, str)  # a plain number gains nothing
            own = names.of(i, found[i].names)
            rows += _own_lines(i, found[i], whole, own, listed)
            for assign, region, piece in tracker.reach(step.call, whole, arg):
                part = whole if piece is None else contribute(step, k, piece)
                assert part is not None
                rows.append(Row(i + 1, arg, assign, part, region, k, own))
    verify(program, rows, found, active)
    return Derivation(program, tuple(rows), wanted, layout or program.layout)


def resolve_wrt(program: Program, names: Iterable[str]) -> tuple[str, ...]:
    """Names and families as the names of quantities. Raises GradError for an unknown one."""
    found: list[str] = []
    for name in names:
        if name in program.shapes:
            found.append(name)
        elif name in program.families:
            found += program.families[name]
        else:
            from gradcli.suggest import some_of, suggestion

            known = set(program.shapes) | set(program.families)
            declared = [item.name for item in program.inputs if item.role != "const"]
            raise GradError(
                f"--wrt {name}: the model has no `{name}`",
                hint=suggestion(name, known) or f"it has {some_of(declared or [*program.shapes])}",
                kind="bad-option",
            )
    if not found:
        found = [item.name for item in program.inputs if item.role != "const"]
    return tuple(dict.fromkeys(found))


def _own_lines(
    i: int, gained: Gains, part: Contribution, names: tuple[str, ...], listed: set[tuple[int, int]]
) -> list[Row]:
    """The own lines of a step's rule that a contribution needs and that are not listed yet."""
    rows: list[Row] = []
    for line in part.uses:
        if (i, line) not in listed:
            listed.add((i, line))
            rows += _own_lines(i, gained, gained.lines[line], names, listed)
            rows.append(Row(i + 1, names[line], "=", gained.lines[line], None, OWN, names))
    return rows


class OwnNames:
    """What the own lines of the rules are called in a listing: as stated, or with a number."""

    def __init__(self, program: Program) -> None:
        self.taken = {name.partition("[")[0] for name in program.shapes}
        self.known: dict[int, tuple[str, ...]] = {}

    def of(self, i: int, names: Sequence[str]) -> tuple[str, ...]:
        """The names of the lines of the i-th step's rule."""
        if not names:
            return ()
        if i not in self.known:
            self.known[i] = tuple([self._free(name) for name in names])
        return self.known[i]

    def _free(self, name: str) -> str:
        number, free = 2, name
        while free in self.taken:
            free = f"{name}_{number}"
            number += 1
        self.taken.add(free)
        return free


def _active(program: Program, found: Iterable[Gains], wanted: set[str]) -> set[Operand]:
    """The names through which a wanted name's derivative flows."""
    gained = iter(found)

    def flows(step: Step, operands: list[bool]) -> bool:
        pairs = zip(operands, next(gained).operands, strict=True)
        return True in [flow and gain is not None for flow, gain in pairs] or step.name in wanted

    known = {item.name: item.name in wanted for item in program.inputs}
    interpret(program.steps, known, flows, lambda number: False)
    return {name for name, flow in known.items() if flow}


def verify(
    program: Program, rows: Sequence[Row], gained: Sequence[Gains], active: set[Operand]
) -> None:
    """Check that each operand that wants a gradient has its contribution, entry for entry.

    A contribution that is split is there whole, each entry once. Raises Defect.
    """
    found: dict[tuple[int, int], list[Row]] = {}
    reached = set(program.outputs())
    for row in rows:
        found.setdefault((row.eq - 1, row.operand), []).append(row)
        reached.add(row.target)
    for i, step in enumerate(program.steps):
        if step.name not in reached:
            continue
        for k, (arg, whole) in enumerate(zip(step.args, gained[i].operands, strict=True)):
            if whole is not None and arg in active and not covered(whole, found.get((i, k), ())):
                raise Defect(f"{arg} in equation {i + 1} lacks a part of its contribution")


def covered(whole: Contribution, rows: Sequence[Row]) -> bool:
    """Whether some rows hold all of a contribution, each of its entries once."""
    if len(rows) == 1:
        return rows[0].contribution is whole
    count = np.zeros(numbers(whole.shape), dtype=int)
    for row in rows:
        piece = row.contribution.piece
        if piece is None:
            return False
        count[tuple(part.slice() for part in piece)] += 1
    return bool((count == 1).all())
