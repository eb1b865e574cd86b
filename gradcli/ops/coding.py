"""How an operation is written as code: the templates that the entries of the table state.

A template has {0}, {1} … for the operands, {,} for all of them, {xp} for the library and {like} for
an array of the kind that is computed with. What depends on shapes is a function of `Site`. All of
them work on arrays with axes in front. A target without a template of its own has NumPy's; what
has none there either is called by its forward function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from gradcli.ops.axes import from_end
from gradcli.ops.core import Signature, Spelling
from gradcli.record import Record
from gradcli.sizes import ATOM, POSTFIX, SUM, Shape, Size

NUMPY, TORCH, JAX, PYTHON = "numpy", "torch", "jax", "python"
CALLED = "called"  # the keyword arguments of its forward function, where they have sizes
SUMMED = "summed"  # a template for NumPy, JAX and torch alike


class Site(Record):
    """An operation where it is written: all that a template may depend on but the operands.

    shape: the result's, without the axes in front. front: the sizes of these, as code. size: a size
    as code. spans: of an index, for each axis its first entry, the part that is taken as a slice,
    and whether that is one entry or all of it.
    batched, numbers: which operands have the axes in front, which are plain numbers.
    summed: whether the result is to be summed over these axes; a template that can't is None.
    """

    signature: Signature
    shape: Shape
    front: tuple[str, ...]
    size: Callable[[Size], str]
    spans: tuple[tuple[str, str, bool, bool], ...] = ()
    batched: tuple[bool, ...] = ()
    numbers: tuple[bool, ...] = ()
    summed: bool = False

    @property
    def rank(self) -> int:
        return self.signature.rank

    def dims(self, shape: Sequence[Size]) -> str:
        """A shape with the axes in front, as code."""
        return f"({', '.join((*self.front, *map(self.size, shape)))})"

    def axes(self) -> str:
        """The axes of a reduction, from the end."""
        found = from_end(self.signature.attrs["axis"], self.rank)
        return str(found[0] if len(found) == 1 else found)


Template: TypeAlias = str | Spelling | Callable[[Site], Spelling]


def called(name: str, python: str = "", **others: Template) -> dict[str, Any]:
    """A function of the library, and of Python's own `math`."""
    found: dict[str, Any] = {NUMPY: Spelling(f"{{xp}}.{name}({{0}})"), **others}
    if python:
        found[PYTHON] = Spelling(f"{python}({{0}})")
    return found


def templates(**texts: str | Spelling | Callable[[Site], Spelling]) -> dict[str, Any]:
    """Templates by target; a text is a call or a name."""
    return {k: Spelling(v) if isinstance(v, str) else v for k, v in texts.items()}


def chosen(number: str = "{1}") -> Callable[[Site], Spelling]:
    """One of two values by a condition.

    number: the first of two plain numbers, which alone do not say what precision is meant.
    """

    def of(site: Site) -> Spelling:
        first = number if all(site.numbers[1:]) else "{1}"
        return Spelling(f"{{xp}}.where({{0}} != 0, {first}, {{2}})", ATOM, (SUM, 0, 0))

    return of


def between(start: str, stop: str, step: str = "") -> str:
    """A slice, with spaces where its ends are more than a name or a number."""
    start = "" if start == "0" else start
    ends = (start, stop, step) if step else (start, stop)
    simple = all(end.lstrip("-").replace("_", "").isalnum() or not end for end in ends)
    return (":" if simple else " : ").join(ends).strip()


def compared(symbol: str) -> dict[str, Any]:
    """A mask of 0 and 1 in the numbers' own type."""
    return {
        NUMPY: Spelling(f"({{0}} {symbol} {{1}}).astype({{like}})", POSTFIX, (SUM, SUM)),
        TORCH: Spelling(f"({{0}} {symbol} {{1}}).to({{like}}.dtype)", POSTFIX, (SUM, SUM)),
        JAX: Spelling(f"({{0}} {symbol} {{1}}).astype({{like}}.dtype)", POSTFIX, (SUM, SUM)),
        PYTHON: Spelling(f"float({{0}} {symbol} {{1}})", ATOM, (SUM, SUM)),
    }
