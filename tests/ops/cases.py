"""Cases of an operation, found from its table entry alone: operands' shapes, axes, regions, texts.

Shapes are tried from a small pool, and what the entry's own shape rule refuses is left out, so that
an operation that enters the table is tested with nobody writing a test for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.expr import as_expr, leaf
from gradcli.lower.limits import MOST_AXES
from gradcli.ops import FUNCTIONS, Mismatch, Op, Signature
from gradcli.ops.regions import Part, indexed_shape, whole
from gradcli.sizes import ATOM, Shape, Sizes, is_one, numbers, numeral
from gradcli.spelling import write

DIMS = {"N": 3, "M": 2, "K": 2}
MOST = 36  # cases of one operation
PLAIN = (2, 0.5, 1, 3, -1, 0)  # the plain numbers that are tried as operands


class Case(NamedTuple):
    """An operation on operands of given shapes; a number among them is a plain number."""

    op: Op
    operands: tuple[Shape | float, ...]
    attrs: tuple[tuple[str, Any], ...]
    sizes: Sizes

    @property
    def names(self) -> list[str]:
        """The operands that are quantities."""
        return [f"x{i}" for i, operand in enumerate(self.operands) if isinstance(operand, tuple)]

    @property
    def expression(self) -> str:
        written = [
            (f"x{i}", ATOM)
            if isinstance(operand, tuple)
            else (numeral(operand), ATOM if operand >= 0 else 0)
            for i, operand in enumerate(self.operands)
        ]
        return write(self.op, self.attrs, written)[0]

    @property
    def declarations(self) -> str:
        lines = ["dim " + ", ".join(f"{name} = {n}" for name, n in DIMS.items())]
        for i, operand in enumerate(self.operands):
            if isinstance(operand, tuple):
                lines.append(f"input x{i}: [{', '.join(size.text for size in operand)}]")
        return "\n".join(lines)

    @property
    def model(self) -> str:
        return f"{self.declarations}\nz = {self.expression}\ngiven dL/dz\n"

    def __str__(self) -> str:
        shapes = [
            "×".join(s.text for s in o) if isinstance(o, tuple) else str(o) for o in self.operands
        ]
        attrs = [f"{k}={v}" for k, v in self.attrs]
        return f"{self.op.name}({', '.join(shapes + attrs)})"

    def draw(self, seed: int) -> dict[str, Any]:
        """Values within the operation's domain; a mask where no gradient is wanted."""
        rng = np.random.default_rng(seed)
        low, high = self.op.domain
        data = {}
        for i, operand in enumerate(self.operands):
            if not isinstance(operand, tuple):
                continue
            dims = numbers(operand)
            if self.op.differentiable and not self.flows(i):
                data[f"x{i}"] = rng.integers(0, 2, dims).astype(float)
            else:
                data[f"x{i}"] = rng.uniform(low, high, dims)
        return data

    def flows(self, k: int) -> bool:
        """Whether the rule states a contribution to the k-th operand."""
        leaves = [
            leaf(i) if isinstance(o, tuple) else as_expr(o) for i, o in enumerate(self.operands)
        ]
        return self.op.vjp(signature(self), leaf("g"), leaf("out"), *leaves)[k] is not None


def signature(case: Case) -> Signature:
    one = (case.sizes.constant(1),) * 2
    shapes = tuple(o if isinstance(o, tuple) else one for o in case.operands)
    return Signature(case.sizes, shapes, dict(case.attrs))


def cases(op: Op) -> list[Case]:
    """An operation's cases: those that its shape rule allows, thinned out evenly."""
    sizes = Sizes()
    n, m, k = (sizes.symbol(name, value) for name, value in DIMS.items())
    one = sizes.constant(1)
    pool: list[Shape] = [
        (one, one), (n, one), (one, m), (n, m), (n, n), (k, n, m), (one, n), (one, n, m), (k, m, n), (m, k, n, m),
    ]  # fmt: skip
    found = []
    for operands in _operands(op, pool):
        for attrs in _attrs(op, operands, sizes):
            case = Case(op, operands, attrs, sizes)
            if _fits(case):
                found.append(case)
    return _thinned(found)


def _thinned(found: list[Case]) -> list[Case]:
    """At most MOST cases, spread evenly over all of them."""
    if len(found) <= MOST:
        return found
    return [found[i * len(found) // MOST] for i in range(MOST)]


def _operands(op: Op, pool: Sequence[Shape]) -> Iterator[tuple[Shape | float, ...]]:
    names = [name for name in op.operands if name[0] not in '["' and name not in ("size", "*sizes")]
    if not names:
        yield ()
    elif names[-1].startswith("*"):
        if op.name in FUNCTIONS:  # brackets need two blocks
            yield from ((shape,) for shape in pool)
        yield from itertools.product(pool, repeat=2)
        yield from ((s, s, s) for s in pool)
        yield from ((pool[1], 2.0, pool[1]), (pool[0], 3.0))
    else:
        yield from itertools.product(pool, repeat=len(names))
        if len(names) > 1 and op.foldable:
            yield from _with_numbers(pool, len(names))


def _with_numbers(pool: Sequence[Shape], arity: int) -> Iterator[tuple[Shape | float, ...]]:
    for place in range(arity):
        for number in PLAIN:
            for shape in (pool[0], pool[3]):
                yield tuple(float(number) if i == place else shape for i in range(arity))


def _attrs(op: Op, operands: Sequence[Any], sizes: Sizes) -> Iterator[tuple[tuple[str, Any], ...]]:
    """Every choice of an operation's arguments besides its operands."""
    one = sizes.constant(1)
    shapes = [o if isinstance(o, tuple) else (one, one) for o in operands]
    choices: list[list[tuple[str, Any]]] = []
    for key, default in op.keywords.items():
        rank = len(shapes[0]) + op.new_axes
        axes = ([None] if default is None else []) + list(range(rank))
        choices.append([(key, axis) for axis in axes])
    n, m, k = sizes.dims.values()
    if "[shape]" in op.operands:
        targets = [
            shapes[0][::-1], (sizes.product(shapes[0]), one), (one, sizes.product(shapes[0])),
            (n, m), (m, n), (n, n), (k, n, m), (m, n, k), (k, n, n), (n, k, m),
        ]  # fmt: skip
        choices.append([("shape", target) for target in targets])
    if "*sizes" in op.operands:
        choices.append([("sizes", target) for target in ((n,), (n, m), (k, n, m))])
    if "size" in op.operands:
        choices.append([("sizes", (n,)), ("sizes", (one,))])
    if '"subscripts"' in op.operands:
        choices.append([("subscripts", text) for text in _subscripts(shapes)])
    if '"regions"' in op.operands:
        choices.insert(0, [("regions", found) for found in _scattered(shapes, (k, n, m), sizes)])
    if "{region}" in op.text.template:
        choices.append([("region", region) for region in _regions(shapes[0], sizes)])
    if op.operands == ():
        choices.append([("data", ((1.0, 2.0), (3.0, 4.0)))])
        choices.append([("shape", (sizes.literal(2), sizes.literal(2)))])
    yield from (tuple(choice) for choice in itertools.product(*choices))


def _regions(shape: Shape, sizes: Sizes) -> Iterable[tuple[Part, ...]]:
    """Of each axis: all of it, a slice, a single entry."""
    choices = []
    for size in shape:
        parts = [whole(size, sizes)]
        if not is_one(size):
            last = int(size.value)
            parts.append(Part(sizes.constant(last - 1), sizes.constant(last), single=True))
            parts.append(Part(sizes.constant(0), sizes.constant(last - 1)))
        choices.append(parts)
    return [
        region for region in itertools.product(*choices) if not all(part.whole for part in region)
    ]


def _scattered(
    shapes: Sequence[Shape], filled: Shape, sizes: Sizes
) -> Iterator[tuple[tuple[Part, ...], ...]]:
    """For each operand the regions of its size, in arrays of two axes and of three."""
    for target in (filled[1:], filled):
        fitting = [
            [r for r in _regions(target, sizes) if indexed_shape(sizes, r) == shape]
            for shape in shapes
        ]
        yield from itertools.product(*fitting)


def _subscripts(shapes: Sequence[Shape]) -> Iterator[str]:
    """Letters for the operands' axes: all apart, equal sizes joined, repeated, some left out."""
    fresh = iter("abcdefghijklmnop")
    apart = ["".join(next(fresh) for _ in shape) for shape in shapes]
    known = list(dict.fromkeys(size for shape in shapes for size in shape))
    joined = ["".join("ijklmnop"[known.index(size)] for size in shape) for shape in shapes]
    for terms in (apart, joined):
        every = "".join(dict.fromkeys("".join(terms)))
        for right in dict.fromkeys((every, every[::-1], every[:2], every[1:], every[:1], "")):
            yield f"{','.join(terms)}->{right}"


def _fits(case: Case) -> bool:
    """Whether the shape rule allows a case, and its value is finite where numbers are in it."""
    known = signature(case)
    try:
        if len(case.op.shape(known)) > MOST_AXES:
            return False
    except Mismatch:
        return False
    if all(isinstance(operand, tuple) for operand in case.operands):
        return True
    drawn = case.draw(0)
    values = [
        drawn[f"x{i}"] if isinstance(operand, tuple) else np.full((1, 1), operand)
        for i, operand in enumerate(case.operands)
    ]
    with np.errstate(all="ignore"):
        return bool(np.isfinite(case.op.forward(*values, **case.op.static(known))).all())
