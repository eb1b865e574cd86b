"""Equations with their loops kept: each once, over arrays that have the loops' axes in front.

A family is one array. An equation's value at an iteration is an entry of its target, and its
operands are entries of theirs: each index is a polynomial over the dims and the loops' variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from gradcli.ops.core import Call
from gradcli.ops.parts import Region
from gradcli.sizes import Number, Shape, Size, Sizes


class Unkept(Exception):
    """A loop that can't be kept as one; the message says why."""


class Loop(NamedTuple):
    """A loop over `variable` from `first` to `last`, both included; `down` where it runs back."""

    variable: str
    first: Size
    last: Size
    key: int  # which loop of the model it is
    down: bool = False


class Span(NamedTuple):
    """What of one axis is taken: from `start` up to `stop`, or all of it; with a `step` or not."""

    start: Size
    stop: Size
    single: bool
    whole: bool
    step: Size | None = None


def spans_of(region: Region | None) -> tuple[Span, ...] | None:
    """What a region takes, the same in all iterations."""
    if region is None:
        return None
    return tuple(Span(p.start, p.stop, p.single, p.whole, p.step) for p in region)


class Ref(NamedTuple):
    """An entry of a quantity: a name, and an index `at` each axis in front of its shape."""

    name: str
    at: tuple[Size, ...] = ()


Operand: TypeAlias = Ref | Number


class Equation(NamedTuple):
    """`target` = call(args), in each iteration of the loops around; `target` += where `adds`.

    spans: of an `index`, the region that it takes; of an equation that adds, the region of the
    target that gains. step: the model's step that it is, where it is one.
    """

    target: Ref
    call: Call
    args: tuple[Operand, ...]
    loops: tuple[Loop, ...] = ()
    adds: bool = False
    spans: tuple[Span, ...] | None = None
    step: Any = None

    def refs(self) -> Iterator[Ref]:
        for arg in self.args:
            if isinstance(arg, Ref):
                yield arg


class Axis(NamedTuple):
    """The indices that a family has along an axis: from `first` to `last`, both included."""

    first: Size
    last: Size


class Nest(NamedTuple):
    """Equations in order.

    shapes: of each name, without the axes of its family. axes: those of each family. order: the
    names of the inputs.
    """

    sizes: Sizes
    equations: tuple[Equation, ...]
    shapes: dict[str, Shape]
    axes: dict[str, tuple[Axis, ...]]


def substitute(sizes: Sizes, size: Size, values: dict[str, Size]) -> Size:
    """A polynomial with variables replaced by polynomials."""
    if not any(name in values for monomial, _ in size.terms for name, _ in monomial):
        return size
    total = sizes.constant(0)
    for monomial, coefficient in size.terms:
        term = sizes.constant(coefficient)
        for name, power in monomial:
            factor = values.get(name) or sizes.dims[name]
            for _ in range(power):
                term = sizes.multiply(term, factor)
        total = sizes.add(total, term)
    return total


def variables(size: Size) -> set[str]:
    return {name for monomial, _ in size.terms for name, _ in monomial}


def coefficient(size: Size, variable: str) -> Any:
    """The coefficient of a variable that stands in a polynomial linearly; None elsewhere."""
    found: Any = 0
    for monomial, factor in size.terms:
        if any(name == variable for name, _ in monomial):
            if monomial != ((variable, 1),):
                return None
            found = factor
    return found


def ends(sizes: Sizes, size: Size, loops: Iterable[Loop]) -> Axis:
    """The least and the greatest value of a polynomial over the iterations of loops."""
    low = high = size
    for loop in reversed(list(loops)):
        low = _end(sizes, low, loop, least=True)
        high = _end(sizes, high, loop, least=False)
    return Axis(low, high)


def _end(sizes: Sizes, size: Size, loop: Loop, least: bool) -> Size:
    first = substitute(sizes, size, {loop.variable: loop.first})
    last = substitute(sizes, size, {loop.variable: loop.last})
    return min(first, last, key=_value) if least else max(first, last, key=_value)


def hull(axes: Sequence[Axis]) -> Axis:
    """The least range that holds some ranges, at the sizes that are known."""
    first = min((axis.first for axis in axes), key=_value)
    last = max((axis.last for axis in axes), key=_value)
    return Axis(first, last)


def _value(size: Size) -> Any:
    return size.value
