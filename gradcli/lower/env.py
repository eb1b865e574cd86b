"""What an expression is lowered in, and the ways in which texts differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from gradcli.errors import GradError
from gradcli.forms import Letters
from gradcli.lower.limits import DEEPEST, MOST_STEPS
from gradcli.lower.listing import Listing
from gradcli.lower.scope import Frame, Function, Item, Ref, Scope
from gradcli.lower.text import Text
from gradcli.ops import Op
from gradcli.ops.core import Attrs
from gradcli.record import Record
from gradcli.sizes import Number, Shape
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


class Outline(Record):
    """What is known of a text's names from its statements alone, and which of them are lost.

    later: where each name of the file is defined. locals: where each name is that ends with its
    loop. poisoned: the names whose own statements have errors.
    """

    statements: Sequence[Any]
    later: Mapping[str, Place]
    locals: Mapping[str, Sequence[Place]]
    poisoned: set[str]


class Dialect(Record):
    """In what a model, a declared value, an op's rule and a derivation's line differ.

    unknown: the error for a name that is not defined. derivative: what `dL/dx` stands for.
    indexed: what brackets behind an item are. block: lowers the statements of a loop or a
        definition, and says whether they have no error that it has reported.
    gradient: what `grad(L, x)` is; None where there is no such thing.
    repeats: whether an equation does no more than to append its steps and to bind its name.
    """

    unknown: Callable[[Env, str, Place], Exception]
    derivative: Callable[[Env, str, Place], Item]
    indexed: Callable[[Env, Item, tuple[Any, ...], list[Item], Place], Item]
    block: Callable[[Env, Sequence[Any]], bool]
    gradient: Callable[[Env, tuple[str | None, ...], Sequence[Item], Place], Ref] | None = None
    repeats: bool = False


class Env(Record):
    """What an expression is lowered in: the listing it adds to, and what its names stand for."""

    text: Text
    outline: Outline
    dialect: Dialect
    listing: Listing
    scope: Scope
    frame: Frame = Frame()
    prelude: Mapping[str, Function] = MappingProxyType({})  # what the language itself defines

    def error(
        self,
        message: str,
        place: Place,
        hint: str | None = None,
        *,
        kind: str,
        part: int | None = None,
    ) -> GradError:
        return self.text.error(message, place, hint, kind=kind, part=part)

    def error_over(
        self, message: str, code: ast.Code, hint: str | None = None, *, kind: str
    ) -> GradError:
        return self.text.error_over(message, code, hint, kind=kind)

    def emit(
        self,
        op: Op,
        items: Sequence[Ref | Number],
        attrs: Attrs,
        place: Place,
        letters: Letters = (),
    ) -> Ref:
        """Append a step. Raises as Listing.emit does."""
        return self.listing.emit(op, items, attrs, place, self.frame, letters)

    def shape_of(self, item: Ref | Number) -> Shape:
        return item.shape if isinstance(item, Ref) else self.text.sizes.scalar

    def deeper(self, weight: int, place: Place, trips: int = 1) -> Frame:
        """The frame one level deeper, with the indices of this one.

        weight: how many operations one of its trips has. Raises GradError where the whole would be
        too deep or too long.
        """
        frame = self.frame
        if frame.depth >= DEEPEST:
            raise self.error(
                f"loops and definitions nest more than {DEEPEST} deep here", place, kind="too-large"
            )
        if len(self.listing.steps) + frame.trips * trips * weight > MOST_STEPS:
            raise self.error(
                f"this would unroll to more than {MOST_STEPS:,} equations",
                place,
                "make the range or the definition smaller",
                kind="too-large",
            )
        return frame._replace(depth=frame.depth + 1, trips=frame.trips * trips)
