"""The text that is lowered: its errors, its limits, and what an operation is at given shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gradcli.errors import GradError, Source, Span
from gradcli.lower.limits import MOST_AXES, MOST_OPERANDS
from gradcli.lower.scope import Ref, elements
from gradcli.ops import Mismatch, Op, Signature
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import KEYWORD, LAST, Attribute
from gradcli.ops.broadcasting import stretched_both_ways
from gradcli.ops.core import Attrs, Call, elementwise_shape
from gradcli.program import Operand, Step
from gradcli.record import Record
from gradcli.sizes import ATOM, POSTFIX, Number, Shape, Sizes, spell
from gradcli.spelling import Written, write
from gradcli.syntax import ast
from gradcli.syntax.ast import Place, Signs

KEYWORD_NAME = re.compile(r"(\w+)\s*=(?!=)")
RECENT = 100  # steps, in which a message looks for an operand's expression
LONGEST_OPERAND = 40


class Unknown(GradError):
    """A name that is not defined."""

    def __init__(self, name: str, span: Span, hint: str | None) -> None:
        super().__init__(f"`{name}` is not defined", span, hint, kind="undefined-name")
        self.name = name


class Misfit(GradError):
    """Shapes that do not fit: an operation's operands, or an index and what it is an index of."""


class Poisoned(Exception):
    """A statement that uses a name whose own statement has an error already reported."""


class Text(Record):
    """What is lowered: its source, its sizes, the names it uses, and how large an array may be.

    signs: under the place of each operation, where its operator or its function's name stands, and
        behind that where each of its operands does.
    """

    source: Source
    signs: Mapping[Place, Signs]
    sizes: Sizes
    used: frozenset[str]
    max_elements: int

    def span(self, place: Place) -> Span:
        return Span(self.source, *place)

    def sign(self, place: Place) -> Place:
        """Where the sign of the operation at a place stands; the place itself elsewhere."""
        return self.signs.get(place, (place,))[0]

    def part(self, place: Place, k: int) -> Place:
        """Where the k-th operand, argument or slice of the operation at a place stands; the
        operation's sign where that is not known.
        """
        sign, *found = self.signs.get(place, (place,))
        return found[k] if k < len(found) else sign

    def error(
        self,
        message: str,
        place: Place,
        hint: str | None = None,
        *,
        kind: str,
        part: int | None = None,
    ) -> GradError:
        """An error at a name, at the sign of an operation, or at one of its parts."""
        return GradError(message, self.span(self._culprit(place, part)), hint, kind=kind)

    def error_over(
        self, message: str, code: ast.Code, hint: str | None = None, *, kind: str
    ) -> GradError:
        """An error at a whole expression."""
        return GradError(message, self.span(ast.extent(code)), hint, kind=kind)

    def misfit(
        self,
        message: str,
        place: Place,
        hint: str | None = None,
        kind: str = "shape-mismatch",
        part: int | None = None,
    ) -> Misfit:
        return Misfit(message, self.span(self._culprit(place, part)), hint, kind=kind)

    def attribute(self, place: Place, kind: Attribute) -> int | None:
        """Which part of the call at a place an attribute is."""
        parts = self.signs.get(place, (place,))[1:]
        named = [KEYWORD_NAME.match(self.source.text, *part) for part in parts]
        if kind.stands == KEYWORD:
            return next(
                (k for k, found in enumerate(named) if found and found[1] == kind.name), None
            )
        plain = [k for k, found in enumerate(named) if not found]
        return plain[-1 if kind.stands == LAST else 0] if plain else None

    def _culprit(self, place: Place, part: int | None) -> Place:
        return self.sign(place) if part is None else self.part(place, part)

    def line(self, place: Place) -> int:
        return self.source.place(place[0])[0]

    def size(self, shape: Shape, place: Place) -> int:
        """How many elements an array has. Raises GradError where they are too many."""
        if len(shape) > MOST_AXES:
            raise self.error(
                f"an array has at most {MOST_AXES} axes, not {len(shape)}", place, kind="too-large"
            )
        size = elements(shape)
        if size > self.max_elements:
            raise self.error(
                f"{spell(shape)} = {size:,} elements are more than {self.max_elements:,}",
                place,
                "--max-elements raises the limit",
                kind="too-large",
            )
        return size


class Kind(Record):
    """An operation at given shapes, its result's elements, and the note that it deserves."""

    call: Call
    size: int
    remark: str | None


def kind_of(
    text: Text,
    steps: Sequence[Step],
    op: Op,
    items: Sequence[Ref | Number],
    attrs: Attrs,
    place: Place,
) -> Kind:
    """The operation at its operands' shapes. Raises GradError, Misfit where they do not fit.

    steps: those before, from which messages take the operands' expressions.
    """
    if len(items) > MOST_OPERANDS:
        raise text.error(
            f"an operation has at most {MOST_OPERANDS:,} operands, not {len(items):,}",
            place,
            kind="too-large",
        )
    shapes = tuple(i.shape if isinstance(i, Ref) else text.sizes.scalar for i in items)
    signature = Signature(text.sizes, shapes, dict(attrs))
    try:
        shape = op.shape(signature)
    except Mismatch as mismatch:
        written = [described(item, steps, text.used) for item in items]
        message = mismatch.message.format(*(_quoted(shown) for shown, _ in written))
        hint = mismatch.hint and mismatch.hint.format(
            *(shown if binding >= POSTFIX else f"({shown})" for shown, binding in written)
        )
        wrong = ATTRIBUTES[mismatch.attribute] if mismatch.attribute else None
        part = text.attribute(place, wrong) if wrong else None
        raise text.misfit(message, place, hint, part=part) from None
    except GradError as error:  # a size of the result is beyond the limit
        own = text.span(text.sign(place))
        raise GradError(error.message, own, error.hint, kind=error.kind) from None
    size = text.size(shape, place)
    remark = None
    if op.shape is elementwise_shape and stretched_both_ways(shapes, shape):
        first, second = (spell(stretched) for stretched in shapes)
        remark = f"both sides are stretched: {first} and {second} give {spell(shape)}"
    return Kind(Call(op, signature, attrs, shape), size, remark)


def described(item: Ref | Number, steps: Sequence[Step], used: frozenset[str]) -> Written:
    """An operand as a message shows it: what has no name in the file by its expression."""
    if isinstance(item, Number):
        return item.text, item.precedence
    known = {step.name: step for step in steps[-RECENT:]}

    def spelled(arg: Operand, depth: int) -> Written:
        if isinstance(arg, Number):
            return arg.text, arg.precedence
        step = known.get(arg)
        if step is None or arg.partition("[")[0] in used:
            return arg, ATOM
        if depth == 0:
            return "…", ATOM
        return write(step.call.op, step.call.attrs, [spelled(a, depth - 1) for a in step.args])

    shown = [spelled(item.name, depth) for depth in (4, 3, 2, 1)]
    return next((w for w in shown if len(w[0]) <= LONGEST_OPERAND), (item.name, ATOM))


def _quoted(text: str) -> str:
    """An operand in a message: in quotes where it is more than a name or a number."""
    return text if re.fullmatch(r"[\w.]+(\[[\w, ]*\])?", text) else f"`{text}`"
