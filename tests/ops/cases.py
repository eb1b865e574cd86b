"""Cases of an operation, found from its table entry alone: operands' shapes, axes, regions, texts.

Shapes are tried from a small pool, and what the entry's own shape rule refuses is left out, so that
an operation that enters the table is tested with nobody writing a test for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradcli.draws import DISTRIBUTIONS
from gradcli.expr import as_expr, leaf
from gradcli.lower.limits import MOST_AXES
from gradcli.ops import FUNCTIONS, Mismatch, Op, Signature
from gradcli.ops.core import tried
from gradcli.sizes import ATOM, Shape, Size, Sizes, numbers, numeral
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
                shape = f"[{', '.join(size.text for size in operand)}]"
                below = self.below(i)
                lines.append(
                    f"index x{i}: {shape} in 0..{below.text} - 1"
                    if below
                    else f"input x{i}: {shape}"
                )
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

    def below(self, k: int) -> Size | None:
        """Of an operand that is an index, below what its whole numbers lie."""
        found = self.op.indexes.get(k)
        return found(signature(self)) if found else None

    def draw(self, seed: int) -> dict[str, Any]:
        """Values within the operation's domain; a mask where no gradient is wanted."""
        rng = np.random.default_rng(seed)
        low, high = self.op.domain
        data = {}
        for i, operand in enumerate(self.operands):
            if not isinstance(operand, tuple):
                continue
            dims = numbers(operand)
            below = self.below(i)
            if below:
                data[f"x{i}"] = rng.integers(0, int(below.value), dims).astype(float)
            elif i in self.op.drawn:
                data[f"x{i}"] = drawn_from(self.op.drawn[i], rng, dims)
            elif self.op.differentiable and not self.flows(i) and not self.op.branches:
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


def drawn_from(name: str, rng: np.random.Generator, dims: tuple[int, ...]) -> Any:
    """A value of a distribution, with the parameters that are left out."""
    found = DISTRIBUTIONS[name]
    return found.sample(rng, dims, tuple(map(found.default, found.names)), 0)


def signature(case: Case) -> Signature:
    one = (case.sizes.constant(1),) * 2
    shapes = tuple(o if isinstance(o, tuple) else one for o in case.operands)
    return Signature(case.sizes, shapes, dict(case.attrs))


@cache
def cases(op: Op) -> list[Case]:
    """An operation's cases: those that its shape rule allows, thinned out evenly."""
    sizes = Sizes()
    n, m, k = (sizes.symbol(name, value) for name, value in DIMS.items())
    one = sizes.constant(1)
    pool: list[Shape] = [
        (one, one), (n, one), (one, m), (n, m), (n, n), (k, n, m), (one, n), (one, n, m), (k, m, n), (m, k, n, m),
    ]  # fmt: skip
    two, three = sizes.constant(2), sizes.constant(3)
    windowed: list[Shape] = [
        (m, k, n), (k, n, m), (m, k, three), (n, k, two), (k, n, two), (m, n, two), (m, k, two),
        (m, k, three, three), (n, k, two, two), (k, n, two, two), (m, n, two, two), (m, k, two, two),
    ]  # fmt: skip
    return _thinned(_fitting(op, pool, sizes) or _fitting(op, windowed, sizes))


def _fitting(op: Op, pool: Sequence[Shape], sizes: Sizes) -> list[Case]:
    found = []
    for operands in _operands(op, pool):
        shapes = tuple(o if isinstance(o, tuple) else sizes.scalar for o in operands)
        for attrs in tried(op, sizes, shapes):
            case = Case(op, operands, attrs, sizes)
            if _fits(case):
                found.append(case)
    return found


def _thinned(found: list[Case]) -> list[Case]:
    """At most MOST cases, spread evenly over all of them."""
    if len(found) <= MOST:
        return found
    return [found[i * len(found) // MOST] for i in range(MOST)]


def _operands(op: Op, pool: Sequence[Shape]) -> Iterator[tuple[Shape | float, ...]]:
    names = op.operands
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


def every(found: Iterable[Case]) -> Callable[[Callable[[Case], None]], Any]:
    """Make a test of a case one of each operation, at all these cases of it.

    There are thousands: as tests of their own they would take longer to collect than to run.
    """
    grouped: dict[str, list[Case]] = {}
    for case in found:
        grouped.setdefault(case.op.name, []).append(case)

    def decorate(test: Callable[[Case], None]) -> Any:
        def batch(op: str) -> None:
            for case in grouped[op]:
                try:
                    test(case)
                except BaseException as error:
                    error.add_note(f"the case: {case}")
                    raise

        batch.__name__, batch.__doc__ = test.__name__, test.__doc__
        return pytest.mark.parametrize("op", grouped)(batch)

    return decorate
