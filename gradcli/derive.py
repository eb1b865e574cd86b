"""Reverse mode, written out: each forward equation's contributions, from the last to the first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gradcli.errors import GradError
from gradcli.expr import Expr, as_expr, call, leaf
from gradcli.ops.core import Array
from gradcli.ops.shaping import Part, indexed_shape, kept_shape, whole
from gradcli.program import Call, Program, Step
from gradcli.sizes import Number, Shape, Sizes, is_one, is_scalar, numbers, same, spell
from gradcli.template import Node, flip, print_nodes, typed

Region: TypeAlias = tuple[Part, ...]
Box: TypeAlias = tuple[tuple[int, int], ...]

COTANGENT, RESULT = "g", "out"


class Contribution(NamedTuple):
    """What one operand's derivative gains from an operation, at given shapes.

    `nodes` compute it in the variable's own shape. `texts` has for each layout the formula, in
    which {0} stands for the operation's result and {1}, {2} … for its operands.
    """

    nodes: list[Node]
    texts: dict[str, str]
    shape: Shape

    def formula(self, step: Step, layout: str) -> str:
        return self.texts[layout].format(step.name, *step.args)


class Row(NamedTuple):
    """One backward step: `target` assign formula. `eq` is the forward equation's number, from 1.

    `region` is the part of the target's derivative that the step reaches, in the target's own axes;
    None stands for all of it.
    """

    eq: int
    target: str
    assign: str
    contribution: Contribution
    region: Region | None
    operand: int


class Derivation(NamedTuple):
    """The backward steps of a program. `wrt` are the names whose gradients are wanted."""

    program: Program
    rows: tuple[Row, ...]
    wrt: tuple[str, ...]
    layout: str

    def step(self, row: Row) -> Step:
        return self.program.steps[row.eq - 1]

    def formula(self, row: Row) -> str:
        return row.contribution.formula(self.step(row), self.layout)

    def target(self, row: Row) -> str:
        """The target as the layout shows it: a name, or the region of one."""
        return row.target + region_text(row.region, self.layout)

    def shape(self, row: Row) -> Shape:
        return displayed(row.contribution.shape, self.layout)


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
    active = _active(program, wanted)
    rows: list[Row] = []
    for i in range(len(program.steps) - 1, -1, -1):
        step = program.steps[i]
        if not tracker.reached(step.name):
            continue
        for k, arg in enumerate(step.args):
            if isinstance(arg, Number) or arg not in active:
                continue
            for assign, region, piece in tracker.reach(step, k, arg):
                contribution = contribute(step, k, piece)
                if contribution is not None:
                    rows.append(Row(i + 1, arg, assign, contribution, region, k))
    derivation = Derivation(program, tuple(rows), wanted, layout or program.layout)
    verify(derivation, active)
    return derivation


def resolve_wrt(program: Program, names: Iterable[str]) -> tuple[str, ...]:
    """Names and families as the names of quantities. Raises GradError for an unknown one."""
    found: list[str] = []
    for name in names:
        if name in program.shapes:
            found.append(name)
        elif name in program.families:
            found += program.families[name]
        else:
            from gradcli.suggest import suggestion

            known = set(program.shapes) | set(program.families)
            raise GradError(
                f"--wrt {name}: the model has no `{name}`", hint=suggestion(name, known)
            )
    if not found:
        found = [item.name for item in program.inputs if item.role != "const"]
    return tuple(dict.fromkeys(found))


def _active(program: Program, wanted: Iterable[str]) -> set[str]:
    """The names through which a wanted name's derivative flows."""
    active = set(wanted)
    for step in program.steps:
        for k, arg in enumerate(step.args):
            if isinstance(arg, str) and arg in active and contribute(step, k) is not None:
                active.add(step.name)
                break
    return active


# ── contributions ──


def contribute(step: Step, k: int, piece: Region | None = None) -> Contribution | None:
    """What the k-th operand gains from a step; None where no gradient flows.

    piece: the part of the contribution to take, where it is split.
    """
    made = step.call.rules
    numbers_among = tuple([a if isinstance(a, Number) else None for a in step.args])
    key = (k, numbers_among, piece)
    if key not in made:
        made[key] = _contribution(step.call, k, numbers_among, piece)
    found: Contribution | None = made[key]
    return found


def _contribution(
    kind: Call, k: int, plain: Sequence[Number | None], piece: Region | None
) -> Contribution | None:
    sizes, shapes = kind.signature.sizes, kind.signature.shapes
    operands = [leaf(i) if n is None else as_expr(n) for i, n in enumerate(plain)]
    stated = kind.op.rule(kind.signature, leaf(COTANGENT), leaf(RESULT), *operands)[k]
    if stated is None:
        return None
    leaves: dict[Any, Shape] = {COTANGENT: kind.shape, RESULT: kind.shape}
    leaves.update(enumerate(shapes))
    target = shapes[k]
    if kind.op.region is not None:
        target = indexed_shape(sizes, kind.op.region(kind.signature))
    expr = unbroadcast(stated, typed(stated, leaves, sizes)[-1].shape, target, sizes)
    if piece is not None:
        expr = call("index", expr, region=piece)
    nodes = typed(expr, leaves, sizes)
    turned = flip(nodes, COTANGENT, leaf(COTANGENT))
    flipped = typed(turned, {**leaves, COTANGENT: kind.shape[::-1]}, sizes)
    shape = nodes[-1].shape
    expected = target if piece is None else indexed_shape(sizes, piece)
    for found, wanted in ((shape, expected), (flipped[-1].shape, expected[::-1])):
        fits = len(found) == len(wanted) and all(map(same, found, wanted))
        assert fits, f"the rule of {kind.op.name} gives {spell(found)}, not {spell(wanted)}"
    texts = {"denominator": _text(nodes), "numerator": _text(flipped)}
    return Contribution(nodes, texts, expected)


def _text(nodes: list[Node]) -> str:
    def name(key: Any) -> str:
        if key == COTANGENT:
            return "dL/d{0}"
        return "{0}" if key == RESULT else f"{{{key + 1}}}"

    return print_nodes(nodes, name)[0]


def unbroadcast(expr: Expr, shape: Shape, target: Shape, sizes: Sizes) -> Expr:
    """Sum over what broadcasting stretched: the one place where it is undone."""
    if len(shape) == len(target) and all(same(a, b) for a, b in zip(shape, target, strict=True)):
        return expr
    if is_scalar(target):
        return call("sum", expr, axis=None)
    for _ in range(len(shape) - len(target)):
        expr = call("sum", expr, axis=0)
        first = Part(sizes.constant(0), sizes.constant(1), single=True)
        rest = tuple(whole(size, sizes) for size in shape[1:])
        expr = call("index", expr, region=(first, *rest))
        shape = shape[1:]
    for axis, (size, wanted) in enumerate(zip(shape, target, strict=True)):
        if is_one(wanted) and not is_one(size):
            expr = call("sum", expr, axis=axis)
    return expr


# ── `=` and `+=` ──


class Tracker:
    """What of each derivative has been reached, entry by entry where a slice reached a part."""

    def __init__(self, program: Program, always: bool) -> None:
        self.program = program
        self.always = always
        self.full = set(program.outputs())
        self.partial: dict[str, Array] = {}
        self.left: dict[str, int] = {}  # how many entries of a partly reached one are missing

    def reached(self, name: str) -> bool:
        return name in self.full or name in self.partial

    def reach(
        self, step: Step, k: int, target: str
    ) -> Iterator[tuple[str, Region | None, Region | None]]:
        """The steps that a contribution needs: assign, the target's region, the part of it."""
        if contribute(step, k) is None:
            return
        signature = step.call.signature
        shape = self.program.shapes[target]
        region = step.call.op.region(signature) if step.call.op.region else None
        if region is not None and covers(region, shape, signature.sizes):
            region = None
        if self.always:
            self.full.add(target)
            yield "+=", region, None
        elif target in self.full:
            yield "+=", region, None
        elif region is None and target not in self.partial:
            self.full.add(target)
            yield "=", None, None
        else:
            yield from self._reach_part(target, shape, region, signature.sizes)

    def _reach_part(
        self, target: str, shape: Shape, region: Region | None, sizes: Sizes
    ) -> Iterator[tuple[str, Region | None, Region | None]]:
        if target not in self.partial:
            self.partial[target] = np.zeros(numbers(shape), dtype=bool)
            self.left[target] = self.partial[target].size
        area = region or tuple(whole(size, sizes) for size in shape)
        mask = self.partial[target][tuple(part.slice() for part in area)]
        before = int(np.count_nonzero(mask))
        if before == 0:
            yield "=", region, None
        elif before == mask.size:
            yield "+=", region, None
        else:
            for old, box in boxes(mask):
                yield "+=" if old else "=", *_pieces(area, box, shape, sizes)
        self.left[target] -= mask.size - before
        mask[...] = True
        if not self.left[target]:
            self.full.add(target)
            del self.partial[target], self.left[target]


def covers(region: Region, shape: Shape, sizes: Sizes) -> bool:
    """Whether a region is all of an array, and its contribution has the array's own axes."""
    if len(shape) > 2 and any(part.single for part in region):
        return False
    return numbers(kept_shape(sizes, region)) == numbers(shape)


def boxes(mask: Array) -> Iterator[tuple[bool, Box]]:
    """A mask as boxes: those where it is True, then those where it is False."""
    for value in (True, False):
        rest = mask == value
        while rest.any():
            first = np.unravel_index(int(np.argmax(rest)), rest.shape)
            box = [(int(i), int(i) + 1) for i in first]
            for axis in reversed(range(rest.ndim)):
                while box[axis][1] < rest.shape[axis]:
                    start, stop = box[axis]
                    box[axis] = (stop, stop + 1)
                    grows = bool(rest[tuple(slice(a, b) for a, b in box)].all())
                    box[axis] = (start, stop + 1 if grows else stop)
                    if not grows:
                        break
            rest[tuple(slice(a, b) for a, b in box)] = False
            yield value, tuple(box)


def _pieces(area: Region, box: Box, shape: Shape, sizes: Sizes) -> tuple[Region, Region]:
    """A box within a region as the target's region and as the part of the contribution."""
    target, piece = [], []
    for part, (start, stop), size in zip(area, box, shape, strict=True):
        origin = int(part.start.value)
        if part.single:
            target.append(part)
            if len(area) == 2:
                piece.append(whole(sizes.constant(1), sizes))
            continue
        length = int(part.length(sizes).value)
        target.append(_part(origin + start, origin + stop, int(size.value), size, sizes, len(area)))
        piece.append(_part(start, stop, length, part.length(sizes), sizes, len(area)))
    while len(piece) < 2:
        piece.append(whole(sizes.constant(1), sizes))
    return tuple(target), tuple(piece)


def _part(start: int, stop: int, length: int, size: Any, sizes: Sizes, rank: int) -> Part:
    if start == 0 and stop == length:
        return whole(size, sizes)
    single = stop - start == 1 and rank == 2
    return Part(sizes.constant(start), sizes.constant(stop), single)


def verify(derivation: Derivation, active: set[str]) -> None:
    """Check that each operand that wants a gradient has its contribution, in its own shape.

    Raises AssertionError: a failure is a defect of gradcli.
    """
    found: set[tuple[int, int]] = set()
    for row in derivation.rows:
        region = row.region
        shape = derivation.program.shapes[row.target]
        if region is not None:
            shape = kept_shape(derivation.program.sizes, region)
        reached_by = row.contribution.shape
        assert shape == reached_by or math.prod(numbers(shape)) == math.prod(numbers(reached_by))
        found.add((row.eq, row.operand))
    reached = set(derivation.program.outputs()) | {row.target for row in derivation.rows}
    for i, step in enumerate(derivation.program.steps, 1):
        if step.name not in reached:
            continue
        for k, arg in enumerate(step.args):
            if isinstance(arg, str) and arg in active and contribute(step, k) is not None:
                assert (i, k) in found, f"{arg} in equation {i} has no contribution"
