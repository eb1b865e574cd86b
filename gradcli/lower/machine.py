"""Postfix code to steps: a stack machine whose values are quantities, numbers and families."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from gradcli.errors import GradError, Note, Source, Span
from gradcli.lower import numbers
from gradcli.lower.scope import (
    Definition,
    Family,
    Item,
    Listing,
    Ref,
    Scope,
    Text,
    UserFunction,
    elements,
)
from gradcli.ops import FUNCTIONS, OPERATORS, TABLE, Mismatch, Op, Signature
from gradcli.ops.core import Attrs, elementwise_shape, stretched_both_ways
from gradcli.ops.shaping import Part, kept_shape, whole
from gradcli.program import Call, Loop, Operand, Rolled, Step
from gradcli.sizes import ATOM, POSTFIX, Number, Shape, Sizes, is_scalar, same, spell
from gradcli.spelling import Written, write
from gradcli.suggest import FOREIGN, suggestion
from gradcli.syntax import ast
from gradcli.syntax.lexer import token_end

MOST_STEPS = 1_000_000
MOST_OPERANDS = 1_000  # of one operation
MOST_ARRAYS = 2  # times --max-elements: the elements of all arrays of a model
BINARY = {symbol: TABLE[name] for (symbol, count), name in OPERATORS.items() if count == 2}
UNARY = {symbol: TABLE[name] for (symbol, count), name in OPERATORS.items() if count == 1}
KEYWORDS = {
    "keepdims": "the axis is kept at size 1 without asking",
    "keepdim": "the axis is kept at size 1 without asking",
    "dim": "the axis is written axis=",
    "dims": "the axis is written axis=",
}
RECURRENCE = "use a `for` over a family for a recurrence"
RECENT = 100  # steps, in which a message looks for an operand's expression
LONGEST_OPERAND = 40
NEAR = 100  # characters behind an operation, in which a message looks for a name
DEEPEST = 64  # loops, definitions and sums inside each other
MOST_AXES = 8


class Unknown(GradError):
    """A name that is not defined."""

    def __init__(self, name: str, span: Span, hint: str | None) -> None:
        super().__init__(f"`{name}` is not defined", span, hint)
        self.name = name


class Poisoned(Exception):
    """A statement that uses a name whose own statement has an error already reported."""


class Kind(NamedTuple):
    """An operation at given shapes, its result's elements, and the note that it deserves."""

    call: Call
    size: int
    remark: str | None


class PlainCall(NamedTuple):
    """A function whose operands are all quantities, called without keywords."""

    op: Op
    operands: int
    attrs: Attrs


@cache
def _plain_call(name: str) -> PlainCall | None:
    op = FUNCTIONS.get(name)
    if op is None or any(
        not operand.isidentifier() or operand == "size" for operand in op.operands
    ):
        return None
    return PlainCall(op, len(op.operands), tuple(op.keywords.items()))


def _quantities(items: Sequence[Item]) -> bool:
    return all([item.__class__ is Ref for item in items])


class Machine:
    """The state of lowering: the steps so far, their shapes, and the numbers of the z names."""

    def __init__(
        self, source: Source, sizes: Sizes, used: frozenset[str], max_elements: int
    ) -> None:
        self.source = source
        self.sizes = sizes
        self.used = used
        self.max_elements = max_elements
        self.steps: list[Step] = []
        self.shapes: dict[str, Shape] = {}
        self.notes: dict[int, Note] = {}
        self.poisoned: set[str] = set()
        self.kinds: dict[Any, Kind] = {}
        self.elements = 0  # of all arrays
        self.most_elements = MOST_ARRAYS * max_elements
        self.later: dict[str, int] = {}  # where names are defined, known before they are
        self.one = (sizes.constant(1), sizes.constant(1))
        self.suffix: str = ""  # the loops' indices, as names show them
        self.rolling = False  # whether loops are recorded, and steps with letters for indices
        self.loops: list[Loop] = []
        self.rolled_suffix: str | None = None  # the suffix with letters
        self.indices: tuple[int, ...] = ()
        self.letters: tuple[str, ...] = ()
        self.depth = 0
        self.trips = 1  # how often the innermost loop's body runs in all
        self.expanding: list[str] = []  # the definitions around, from the outermost
        self.counter = 0
        self.totals = False  # whether sums over a range go over the entries of their terms too
        self.shared = -1  # the number that the running total of a sum uses more than once
        self.z_names: list[str] = []
        self.z_next = 1
        self.make_user_op: Callable[..., Op]

    # ── errors ──

    def span(self, at: int) -> Span:
        return Span(self.source, at, token_end(self.source, at))

    def error(self, message: str, at: int, hint: str | None = None) -> GradError:
        return GradError(message, self.span(at), hint)

    # ── names ──

    def z(self, number: int) -> str:
        """The number-th name for an unnamed operation, past those that the file uses."""
        if number < len(self.z_names):
            return self.z_names[number]
        while len(self.z_names) <= number:
            name = f"z{self.z_next}"
            self.z_next += 1
            if name not in self.used:
                self.z_names.append(name)
        return self.z_names[number]

    def lookup(self, name: str, at: int, scope: Scope) -> Item:
        found = scope.find(name)
        if found is None:
            raise self.unknown(name, at, scope)
        if isinstance(found, Definition | UserFunction):
            what = "def" if isinstance(found, Definition) else "op"
            raise self.error(f"`{name}` is a function (`{what}`)", at, f"write {name}(…)")
        return found

    def unknown(self, name: str, at: int, scope: Scope) -> Exception:
        if name in self.poisoned:
            return Poisoned(name)
        if name in FUNCTIONS:
            return self.error(f"`{name}` is a function", at, f"write {name}(…)")
        hint = self.elsewhere(name, at) or suggestion(name, scope.visible())
        return Unknown(name, self.span(at), hint)

    def elsewhere(self, name: str, at: int) -> str | None:
        """A hint for a name that means something, but not here."""
        place = self.later.get(name)
        if place is not None and place > at:
            line, _ = self.source.place(place)
            return f"it is defined in line {line}, and known only behind that"
        if place is not None and self.source.text[at + len(name) :].startswith("["):
            return (
                f"no member of {name} is defined yet; a recurrence has a first line, {name}[0] = …"
            )
        if place is not None:
            return f"this equation defines it; a recurrence is a family: {name}[t] = … {name}[t-1]"
        if name == "T" and self.source.text[:at].rstrip(" \t(").endswith(("^", "**")):
            return "a transpose is written x.T"
        return None

    # ── emitting steps ──

    def emit(self, op: Op, items: Sequence[Ref | Number], attrs: Attrs, at: int) -> Ref:
        """Append a step with the next z name. Raises GradError where the operands do not fit."""
        shapes = tuple([i.shape if i.__class__ is Ref else self.one for i in items])
        key = (op, shapes, attrs)
        kind = self.kinds.get(key)
        if kind is None:
            kind = self.kinds[key] = self._kind(op, items, shapes, attrs, at)
        call, size, remark = kind
        self.elements += size
        if self.elements > self.most_elements or len(self.steps) >= MOST_STEPS:
            raise self._too_many(at)
        if remark:
            self.note(remark, at)
        base = self.z(self.counter)
        self.counter += 1
        name = base + self.suffix
        args: tuple[Operand, ...] = tuple([i.name if isinstance(i, Ref) else i for i in items])
        rolled = None
        if self.rolled_suffix is not None:
            rolled = self._roll(base, op, items, attrs)
        self.steps.append(Step(name, call, args, at, rolled))
        self.shapes[name] = call.shape
        return Ref(name, call.shape, rolled.name if rolled else None)

    def note(self, message: str, at: int) -> None:
        self.notes.setdefault(at, Note(message, self.span(at)))

    def take(self, size: int, at: int) -> None:
        """Count an array's elements. Raises GradError where those of all arrays are too many."""
        self.elements += size
        if self.elements > self.most_elements:
            raise self._too_many(at)

    def _too_many(self, at: int) -> GradError:
        if len(self.steps) >= MOST_STEPS:
            return self.error(f"the model has more than {MOST_STEPS:,} equations", at)
        return self.error(
            f"the model's arrays have more than {self.most_elements:,} elements in all",
            at,
            "--max-elements raises the limit",
        )

    def _kind(
        self,
        op: Op,
        items: Sequence[Ref | Number],
        shapes: tuple[Shape, ...],
        attrs: Attrs,
        at: int,
    ) -> Kind:
        """The operation at its operands' shapes. Raises GradError where they do not fit."""
        if len(items) > MOST_OPERANDS:
            raise self.error(
                f"an operation has at most {MOST_OPERANDS:,} operands, not {len(items):,}", at
            )
        signature = Signature(self.sizes, shapes, dict(attrs))
        try:
            shape = op.shape(signature)
        except Mismatch as mismatch:
            written = [self.described(item) for item in items]
            message = mismatch.message.format(*(_quoted(text) for text, _ in written))
            hint = mismatch.hint and mismatch.hint.format(
                *(text if binding >= POSTFIX else f"({text})" for text, binding in written)
            )
            raise self.error(message, at, hint) from None
        size = self.check_size(shape, at)
        remark = None
        if op.shape is elementwise_shape and stretched_both_ways(shapes, shape):
            first, second = (spell(stretched) for stretched in shapes)
            remark = f"both sides are stretched: {first} and {second} give {spell(shape)}"
        return Kind(Call(op, signature, attrs, shape), size, remark)

    def described(self, item: Ref | Number) -> Written:
        """An operand as a message shows it: what has no name in the file by its expression."""
        if isinstance(item, Number):
            return item.text, item.precedence
        steps = {step.name: step for step in self.steps[-RECENT:]}

        def spelled(arg: Operand, depth: int) -> Written:
            if isinstance(arg, Number):
                return arg.text, arg.precedence
            step = steps.get(arg)
            if step is None or arg.partition("[")[0] in self.used:
                return arg, ATOM
            if depth == 0 or any(key == "data" for key, _ in step.call.attrs):
                return "…", ATOM
            return write(step.call.op, step.call.attrs, [spelled(a, depth - 1) for a in step.args])

        shown = [spelled(item.name, depth) for depth in (4, 3, 2, 1)]
        return next((w for w in shown if len(w[0]) <= LONGEST_OPERAND), (item.name, ATOM))

    def check_size(self, shape: Shape, at: int) -> int:
        """How many elements an array has. Raises GradError where they are too many."""
        if len(shape) > MOST_AXES:
            raise self.error(f"an array has at most {MOST_AXES} axes, not {len(shape)}", at)
        size = elements(shape)
        if size > self.max_elements:
            raise self.error(
                f"{spell(shape)} = {size:,} elements are more than {self.max_elements:,}",
                at,
                "--max-elements raises the limit",
            )
        return size

    def _roll(self, base: str, op: Op, items: Sequence[Ref | Number], attrs: Attrs) -> Rolled:
        """The step with the loops' indices as letters."""
        name = base + (self.rolled_suffix or "")
        args: list[Operand] = []
        for item in items:
            if isinstance(item, Ref):
                args.append(item.rolled or item.name)
            elif item.rolled:
                args.append(item._replace(text=item.rolled[0], precedence=item.rolled[1]))
            else:
                args.append(item)
        region = ""
        shown = attrs
        if attrs and attrs[0][0] == "region":
            texts = [part.rolled or str(part) for part in attrs[0][1]]
            region = ", ".join(texts)
            shown = (("region", texts),)
        written = [(a, ATOM) if isinstance(a, str) else (a.text, a.precedence) for a in args]
        return Rolled(name, tuple(args), write(op, shown, written)[0], region)

    def forget(self, count: int) -> None:
        """Take back all but the first `count` steps, with the z names that they took."""
        for step in self.steps[count:]:
            del self.shapes[step.name]
            self.elements -= elements(step.call.shape)
        self.counter -= len({step.name.partition("[")[0] for step in self.steps[count:]})
        del self.steps[count:]

    def rename(self, item: Ref, name: str, rolled: str | None) -> Ref:
        """Give the last step the name on the left of its equation."""
        step = self.steps[-1]
        base = step.name.partition("[")[0]  # without the indices of a loop or a sum
        if self.counter and base == self.z(self.counter - 1) and self.shared != self.counter - 1:
            self.counter -= 1
        new = step.rolled._replace(name=rolled or name) if step.rolled else None
        self.steps[-1] = Step(name, step.call, step.args, step.at, new)
        self.shapes[name] = self.shapes.pop(step.name)
        return Ref(name, item.shape, rolled)

    # ── expressions ──

    def value(self, item: Item, at: int) -> Ref | Number:
        """An item as an operand. Raises GradError for families and texts."""
        if isinstance(item, Ref | Number):
            return item
        if isinstance(item, Listing):
            return self._listing(item)
        if isinstance(item, Family):
            index = ", ".join("ijk"[: item.arity]) if item.arity <= 3 else "…"
            raise self.error(
                f"{item.name} is a family, not a quantity",
                self._nearest(item.name, at),
                f"name a member: {item.name}[{index}]",
            )
        raise self.error("a text can't be computed with", at)

    def _nearest(self, name: str, at: int) -> int:
        """Where a name stands nearest to an offset: in an operand of what stands there."""
        words = re.finditer(rf"\b{name}\b", self.source.text[: at + NEAR])
        return min((word.start() for word in words), key=lambda place: abs(place - at), default=at)

    def run(self, code: ast.Code, scope: Scope) -> Item:
        """The value of an expression; its operations are appended as steps."""
        stack: list[Any] = []
        push = stack.append
        known: dict[str, Any] = scope.names
        for operation, argument, at in code:
            if operation == "name":
                found = known.get(argument)
                push(found if found.__class__ is Ref else self.lookup(argument, at, scope))
            elif operation == "binary":
                y, x = stack.pop(), stack.pop()
                if x.__class__ is Ref and y.__class__ is Ref:
                    push(self.emit(BINARY[argument], (x, y), (), at))
                else:
                    push(
                        self._apply(
                            BINARY[argument], (self.value(x, at), self.value(y, at)), (), at
                        )
                    )
            elif operation == "number":
                try:
                    push(numbers.literal(self.sizes, argument))
                except GradError as error:
                    raise self.error(error.message, at) from None
            elif operation == "call":
                count = len(argument[1])
                items = stack[len(stack) - count :] if count else []
                if count:
                    del stack[-count:]
                name, keywords = argument
                plain = _plain_call(name)
                if plain and plain.operands == count and not any(keywords) and _quantities(items):
                    push(self.emit(plain.op, items, plain.attrs, at))
                else:
                    push(self._function(name, keywords, items, at, scope))
            elif operation == "index":
                push(self._index(stack, argument, at))
            elif operation == "transpose":
                push(self._apply(TABLE["transpose"], (self.value(stack.pop(), at),), (), at))
            elif operation == "unary":
                x = self.value(stack.pop(), at)
                push(self._apply(UNARY[argument], (x,), (), at))
            elif operation in ("column", "stacked"):
                items = stack[-argument:]
                del stack[-argument:]
                push(self._brackets(items, operation == "stacked", at))
            elif operation == "comprehension":
                push(self._sum(argument, at, scope))
            elif operation == "string":
                push(Text(argument))
            else:
                push(self.derivative(argument, at, scope))
        result: Item = stack[0]
        return result

    def derivative(self, name: str, at: int, scope: Scope) -> Item:
        raise self.error(
            f"dL/d{name} is a derivative, and belongs to `given`, `op` rules and .grad files",
            at,
            "a division is written with spaces: dL / d" + name,
        )

    def _apply(
        self, op: Op, items: tuple[Ref | Number, ...], attrs: Attrs, at: int
    ) -> Ref | Number:
        """An operation on operands; on numbers alone it is computed here and now."""
        if op.foldable and all(isinstance(item, Number) for item in items):
            plain = [item for item in items if isinstance(item, Number)]
            try:
                return numbers.apply(self.sizes, op, plain)
            except GradError as error:
                raise self.error(error.message, at, error.hint) from None
        return self.emit(op, items, attrs, at)

    def number(self, code: ast.Code, scope: Scope, what: str) -> Number:
        """The value of code that must be a whole number. Raises GradError elsewhere."""
        at = begin(code)
        try:
            item = self.run(code, scope)
            value = numbers.whole(item, what)
            assert isinstance(item, Number)
            size = item.size or self.sizes.constant(value)
        except Unknown as error:
            error.hint = error.hint or f"a size is declared with dim: dim {error.name} = 4"
            raise
        except GradError as error:
            raise self.error(
                error.message, error.span.start if error.span else at, error.hint
            ) from None
        return item._replace(value=value, size=size)

    def shape(self, sizes: Sequence[Item], at: int) -> Shape:
        """Items as the sizes of a shape."""
        found = []
        for item in sizes:
            try:
                value = numbers.whole(item, "a size")
            except GradError as error:
                raise self.error(error.message, at, error.hint) from None
            assert isinstance(item, Number)
            if value < 1:
                raise self.error(f"a size is positive, not {numbers.worth(item)}", at)
            found.append(item.size or self.sizes.constant(value))
        shape = tuple(found)
        if not shape:
            return self.one
        return (shape[0], self.one[0]) if len(shape) == 1 else shape

    # ── brackets ──

    def _brackets(self, items: Sequence[Item], stacked: bool, at: int) -> Listing:
        depth = 1 + max(item.depth if isinstance(item, Listing) else 0 for item in items)
        if depth > DEEPEST:
            raise self.error(f"brackets nest more than {DEEPEST} deep here", at)
        return Listing(tuple(items), stacked, at, depth)

    def _listing(self, listing: Listing) -> Ref | Number:
        """A listing as a value: a literal where all is numbers, otherwise blocks stacked."""
        data = _data(listing)
        if data is not None:
            return self._constant(data, listing.at)
        if not listing.stacked and all(isinstance(item, Listing) for item in listing.items):
            return self._rows(listing)
        items = [self.value(item, listing.at) for item in listing.items]
        if not listing.stacked:
            for item in items:
                if isinstance(item, Ref) and not is_scalar(item.shape):
                    raise self.error(
                        f"[a, b] makes a column of scalars, but {item.name} is {spell(item.shape)}",
                        listing.at,
                        "[a; b] stacks blocks vertically; concat(a, b, axis=1) joins side by side",
                    )
        return self.emit(TABLE["vstack"], items, (), listing.at)

    def _constant(self, data: tuple[Any, ...], at: int) -> Ref:
        rows = len(data)
        columns = len(data[0]) if isinstance(data[0], tuple) else 1
        for row in data:
            if (len(row) if isinstance(row, tuple) else 1) != columns or (
                isinstance(row, tuple) != isinstance(data[0], tuple)
            ):
                raise self.error(
                    "the rows of this literal differ in length", at, "[[1, 2], [3, 4]]"
                )
            if isinstance(row, tuple) and any(isinstance(entry, tuple) for entry in row):
                raise self.error(
                    "a literal is a column or a matrix", at, "stack(a, b) adds an axis"
                )
        shape = (self.sizes.literal(rows), self.sizes.literal(columns))
        return self.emit(TABLE["constant"], (), (("data", data), ("shape", shape)), at)

    def _rows(self, listing: Listing) -> Ref:
        """[[a, b], [c, d]]: a matrix of scalars, by rows."""
        rows = [item for item in listing.items if isinstance(item, Listing)]
        if len({len(row.items) for row in rows}) > 1:
            raise self.error("the rows of this matrix differ in length", listing.at)
        flat = Listing(tuple(entry for row in rows for entry in row.items), False, listing.at)
        shape = (self.sizes.constant(len(rows)), self.sizes.constant(len(rows[0].items)))
        column = self.value(flat, listing.at)
        return self.emit(TABLE["reshape"], (column,), (("shape", shape),), listing.at)

    def _index(self, stack: list[Item], kinds: tuple[Any, ...], at: int) -> Item:
        """A member of a family, or a slice of an array."""
        count = sum(1 if kind == ast.AT else sum(kind) for kind in kinds)
        bounds = stack[len(stack) - count :] if count else []
        if count:
            del stack[-count:]
        base = stack.pop()
        if isinstance(base, Family):
            return self._member(base, kinds, bounds, at)
        array = self.value(base, at)
        if isinstance(array, Number):
            raise self.error(f"{array.text} is a number and has no entries", at)
        region = self.region(array.shape, kinds, bounds, at, array.name)
        return self.emit(TABLE["index"], (array,), (("region", region),), at)

    def _member(self, family: Family, kinds: tuple[Any, ...], bounds: list[Item], at: int) -> Ref:
        if any(kind != ast.AT for kind in kinds):
            raise self.error(
                f"{family.name} is a family: an index names one member", at, f"{family.name}[1]"
            )
        key = self.member_key(family, bounds, at)
        found = family.members.get(key)
        if found is not None:
            letters = [b.rolled for b in bounds if isinstance(b, Number)]
            if self.rolled_suffix is not None and any(letters):
                index = ", ".join(
                    (b.rolled or (b.text, ATOM))[0] for b in bounds if isinstance(b, Number)
                )
                return Ref(found.name, found.shape, f"{family.name}[{index}]")
            return Ref(found.name, found.shape)
        if family.name in self.poisoned:
            raise Poisoned(family.name)
        name = f"{family.name}[{', '.join(map(str, key))}]"
        raise self.error(f"`{name}` is not defined", at, _range(family))

    def member_key(self, family: Family, bounds: Sequence[Item], at: int) -> tuple[int, ...]:
        if len(bounds) != family.arity:
            plural = "index" if family.arity == 1 else "indices"
            raise self.error(
                f"{family.name} has {family.arity} {plural}, not {len(bounds)}", at, _range(family)
            )
        try:
            return tuple([numbers.whole(bound, "an index") for bound in bounds])
        except GradError as error:
            raise self.error(error.message, at, error.hint) from None

    def region(
        self, shape: Shape, kinds: tuple[Any, ...], bounds: list[Item], at: int, name: str
    ) -> tuple[Part, ...]:
        """What an index takes of each axis. Raises GradError where it is out of range."""
        if len(kinds) > len(shape):
            raise self.error(
                f"{name} is {spell(shape)} and has {len(shape)} axes, not {len(kinds)}", at
            )
        rest = iter(bounds)
        parts = []
        for axis, size in enumerate(shape):
            if axis >= len(kinds) or kinds[axis] == (False, False):
                parts.append(whole(size, self.sizes))
            elif kinds[axis] == ast.AT:
                item = next(rest)
                start, rolled = self._bound(item, size, at)
                if not 0 <= start.value < size.value:
                    assert isinstance(item, Number)
                    raise self.error(
                        f"index {numbers.worth(item)} is out of range: "
                        f"axis {axis} of {name} has size "
                        f"{_sized(size)}, and its first entry is 0",
                        at,
                    )
                parts.append(Part(start, self.sizes.add(start, self.one[0]), True, rolled=rolled))
            else:
                parts.append(self._slice(kinds[axis], rest, size, axis, at, name))
        return tuple(parts)

    def _slice(self, kind: Any, rest: Any, size: Any, axis: int, at: int, name: str) -> Part:
        start, first = (
            self._bound(next(rest), size, at) if kind[0] else (self.sizes.constant(0), "")
        )
        stop, last = self._bound(next(rest), size, at) if kind[1] else (size, "")
        if not 0 <= start.value < stop.value <= size.value:
            what = "is empty" if start.value >= stop.value else "is out of range"
            raise self.error(
                f"the slice {start.value}:{stop.value} {what}: axis {axis} of {name} has size "
                f"{_sized(size)}",
                at,
                "slices count from 0 and leave the end out",
            )
        colon = " : " if " " in first + last else ":"
        rolled = f"{first}{colon}{last}" if first or last else ""
        if same(stop, size) and start.value == 0:
            return whole(size, self.sizes)
        return Part(start, stop, rolled=rolled)

    def _bound(self, item: Item, size: Any, at: int) -> tuple[Any, str]:
        """A bound of a slice as a size; a negative one counts from the end."""
        try:
            value = numbers.whole(item, "an index")
        except GradError as error:
            raise self.error(error.message, at, error.hint) from None
        assert isinstance(item, Number)
        bound = item.size or self.sizes.constant(value)
        rolled = ""
        if self.rolled_suffix is not None:
            rolled = item.rolled[0] if item.rolled else item.text
        return (self.sizes.add(size, bound) if value < 0 else bound), rolled

    # ── functions ──

    def _function(
        self, name: str, keywords: tuple[Any, ...], items: list[Item], at: int, scope: Scope
    ) -> Item:
        op = FUNCTIONS.get(name)
        if op is not None:
            operands, attrs = self._bind(op, name, keywords, items, at, scope)
            return self._apply(op, tuple(operands), attrs, at)
        found = scope.find(name)
        if isinstance(found, Definition | UserFunction):
            arguments = self._arguments(found.node, keywords, items, at)
            if isinstance(found, Definition):
                return self._expand(found, arguments, at, scope)
            shapes = tuple(a.shape if isinstance(a, Ref) else self.one for a in arguments)
            return self.emit(self.make_user_op(found, shapes, at), arguments, (), at)
        if found is not None:
            what = "a family" if isinstance(found, Family) else "a value"
            index = "[t]" if isinstance(found, Family) else "[i]"
            raise self.error(
                f"`{name}` is not a function, but {what}",
                at,
                f"a product is written {name} * (…), an entry {name}{index}",
            )
        if name in self.poisoned:
            raise Poisoned(name)
        raise self.no_function(name, at, scope)

    def no_function(self, name: str, at: int, scope: Scope) -> GradError:
        if name == "file":
            return self.error('file("…") stands only as the value of a declaration', at)
        functions = {
            n for n in scope.visible() if isinstance(scope.find(n), Definition | UserFunction)
        }
        hint = FOREIGN.get(name) or suggestion(name, functions | set(FUNCTIONS))
        if name in self.later:
            hint = self.elsewhere(name, at)
        return self.error(
            f"there is no function `{name}`", at, hint or "`gradcli ops` lists them all"
        )

    def _arguments(
        self, node: Any, keywords: tuple[Any, ...], items: list[Item], at: int
    ) -> list[Ref | Number]:
        if any(keywords):
            raise self.error(f"{node.name.text} takes no keyword arguments", at)
        if len(items) != len(node.parameters):
            names = ", ".join(p.text for p in node.parameters)
            raise self.error(
                f"{node.name.text}({names}) takes {_count(len(node.parameters))}, not {len(items)}",
                at,
            )
        return [self.value(item, at) for item in items]

    def _expand(
        self, definition: Definition, arguments: Sequence[Ref | Number], at: int, scope: Scope
    ) -> Item:
        """A definition's body in place of its call, with names of its own."""
        node = definition.node
        name = node.name.text
        if name in self.expanding:
            way = " → ".join([*self.expanding[self.expanding.index(name) :], name])
            raise self.error(f"`{name}` calls itself: {way}", at, RECURRENCE)
        self.enter(definition.weight, at)
        self.expanding.append(name)
        file = scope
        while file.parent is not None:
            file = file.parent
        inner = Scope("def", file)
        inner.names.update(zip((p.text for p in node.parameters), arguments, strict=True))
        try:
            self.block(node.body, inner)
            return self.value(self.run(node.result, inner), begin(node.result))
        except GradError as error:
            self._tell_call(error, name, at)
            raise
        finally:
            self.expanding.pop()
            self.depth -= 1

    def _tell_call(self, error: GradError, name: str, at: int) -> None:
        """Say in an error inside a definition where the definition is called."""
        if error.span is None or len(self.expanding) > 1:
            return
        line, _ = self.source.place(at)
        if line != self.source.place(error.span.start)[0]:
            error.message += f" ({name} is called in line {line})"

    def block(self, statements: Sequence[Any], scope: Scope) -> None:
        raise NotImplementedError

    def enter(self, weight: int, at: int, trips: int = 1) -> None:
        """Go one level deeper. Raises GradError where the whole would be too deep or too long."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"loops and definitions nest more than {DEEPEST} deep here", at)
        if len(self.steps) + self.trips * trips * weight > MOST_STEPS:
            raise self.error(
                f"this would unroll to more than {MOST_STEPS:,} equations",
                at,
                "make the range or the definition smaller",
            )

    def _bind(
        self,
        op: Op,
        name: str,
        keywords: tuple[Any, ...],
        items: list[Item],
        at: int,
        scope: Scope,
    ) -> tuple[list[Ref | Number], Attrs]:
        """A call's arguments as the operation's operands and attributes."""
        positional = [item for key, item in zip(keywords, items, strict=True) if key is None]
        named: dict[str, Any] = dict(op.keywords)
        seen: set[str] = set()
        if any(key is None for key in keywords[len(positional) :]):
            raise self.error(f"{name}'s operands stand before its keyword arguments", at)
        for key, item in zip(keywords, items, strict=True):
            if key is None:
                continue
            if key not in op.keywords:
                takes = ", ".join(f"{k}=" for k in op.keywords)
                hint = f"it takes {takes}" if takes else None
                if key not in KEYWORDS and scope.find(key) is not None:
                    hint = f"a comparison is written {key} == …"
                raise self.error(f"{name} has no argument `{key}`", at, KEYWORDS.get(key, hint))
            if key in seen:
                raise self.error(f"{name} is given {key}= twice", at)
            seen.add(key)
            named[key] = item
        attrs: list[tuple[str, Any]] = []
        parameters = list(op.operands)
        if parameters[0] == '"subscripts"':
            if not positional or not isinstance(positional[0], Text):
                raise self.error(
                    f"{name} begins with its subscripts", at, f'{name}("ij,jk->ik", A, B)'
                )
            attrs.append(("subscripts", positional.pop(0).text))  # type: ignore[union-attr]
            parameters.pop(0)
        if parameters[-1] == "[shape]":
            if len(positional) != 2 or not isinstance(positional[1], Listing):
                raise self.error(f"{name} takes a quantity and a shape", at, f"{name}(x, [N, M])")
            attrs.append(("shape", self.shape(positional.pop().items, at)))  # type: ignore[union-attr]
            parameters.pop()
        if parameters[-1] in ("*sizes", "size"):
            attrs.append(("sizes", self._sizes(name, parameters[-1] == "size", positional, at)))
            positional, parameters = [], []
        self._check_count(op, name, parameters, positional, at)
        operands = [self.value(item, at) for item in positional]
        for key, value in named.items():
            attrs.append((key, self._axis(op, value, operands, at)))
        return operands, tuple(attrs)

    def _sizes(self, name: str, single: bool, items: list[Item], at: int) -> Shape:
        if len(items) == 1 and isinstance(items[0], Listing):
            items = list(items[0].items)
        if not items or (single and len(items) != 1):
            what, form = ("one size", "N") if single else ("its sizes", "N, M")
            raise self.error(f"{name} takes {what}", at, f"{name}({form})")
        shape = self.shape(items, at)
        return shape[:1] if len(items) == 1 else shape

    def _check_count(
        self, op: Op, name: str, parameters: list[str], items: list[Item], at: int
    ) -> None:
        if parameters and parameters[-1].startswith("*"):
            if len(items) < 1:
                raise self.error(f"{name} takes at least one operand", at)
            return
        if len(items) == len(parameters):
            return
        hint = None
        if len(items) == 2 and op.keywords and isinstance(items[1], Number):
            hint = f"the axis has its name: {name}(…, axis={items[1].text})"
        elif len(items) == 2 and f"{name}imum" in FUNCTIONS:
            hint = f"{name}imum(a, b) takes two quantities"
        elif len(items) > len(parameters) and "axis" in op.keywords:
            hint = f"join them first: {name}([a; b])"
        names = ", ".join(parameters)
        raise self.error(
            f"{name}({names}) takes {_count(len(parameters))}, not {len(items)}", at, hint
        )

    def _axis(self, op: Op, value: Any, operands: Sequence[Ref | Number], at: int) -> int | None:
        """An axis, counted from 0; a negative one counts from the end."""
        if value is None or isinstance(value, int):
            return value
        try:
            axis = numbers.whole(value, "an axis")
        except GradError as error:
            raise self.error(error.message, at, error.hint) from None
        first = operands[0]
        rank = (len(first.shape) if isinstance(first, Ref) else 2) + op.new_axes
        if not -rank <= axis < rank:
            raise self.error(f"axis {axis} is out of range: there are {rank} axes, from 0", at)
        return axis % rank

    # ── sums over a range ──

    def _sum(self, loop: ast.Comprehension, at: int, scope: Scope) -> Item:
        """sum(… for t in 1..T): a running total, one addition a term."""
        if loop.function != "sum":
            raise self.error(f"{loop.function} does not go over a range; sum does", at)
        first, last = self.interval(loop.interval, scope)
        trips = last - first + 1
        self.check_new(loop.variable, scope)
        self.enter(len(loop.body) + 1, at, trips)
        start, most = self.counter, self.counter
        outer = self.suffix, self.rolled_suffix, self.indices, self.letters, self.trips
        self.trips *= trips
        total: Ref | Number | None = None
        number = self.open_loop(loop.variable, loop.interval, scope, is_sum=True)
        iterations = []
        running = ""
        for t in range(first, last + 1):
            self.counter = start
            begin = len(self.steps)
            inner = self.iteration(scope, loop.variable, t, outer)
            term = self.value(self.run(loop.body, inner), at)
            if total is None:
                total = term
            else:
                if t > first + 1:
                    self.shared = self.counter
                if self.rolling and isinstance(total, Ref):
                    running = self.z(self.counter)
                    rolled = self._rolled_total(running, f"{loop.variable.text} - 1")
                    total = Ref(total.name, total.shape, rolled)
                total = self._apply(TABLE["add"], (total, term), (), at)
            most = max(most, self.counter)
            iterations.append((begin, len(self.steps)))
        self.close_loop(number, iterations)
        if self.rolling and isinstance(total, Ref):
            final = self._rolled_total(running, str(last)) if running else None
            if trips == 1 and total.rolled:
                final = re.sub(rf"\b{loop.variable.text}\b", str(last), total.rolled)
            total = Ref(total.name, total.shape, final)
        self.counter = most
        self.suffix, self.rolled_suffix, self.indices, self.letters, self.trips = outer
        self.depth -= 1
        assert total is not None
        if self.totals and isinstance(total, Ref) and not is_scalar(total.shape):
            total = self.emit(TABLE["sum"], (total,), (("axis", None),), at)
        return total

    def _rolled_total(self, running: str, index: str) -> str:
        """A sum's running total after one of its terms, with letters for the loops around it."""
        return f"{running}[{', '.join((*self.letters[:-1], index))}]"

    def open_loop(
        self, variable: ast.Name, interval: ast.Interval, scope: Scope, is_sum: bool = False
    ) -> int | None:
        """Begin the record of a loop's run, where one is asked for."""
        if not self.rolling:
            return None
        first, last = (
            self.number(code, scope, "a bound") for code in (interval.first, interval.last)
        )
        bounds = tuple(bound.rolled[0] if bound.rolled else bound.text for bound in (first, last))
        self.loops.append(
            Loop(
                variable.text, int(first.value), int(last.value), (bounds[0], bounds[1]),
                len(self.indices), variable.at, is_sum, (),
            )
        )  # fmt: skip
        return len(self.loops) - 1

    def close_loop(self, number: int | None, iterations: list[tuple[int, int]]) -> None:
        if number is not None:
            self.loops[number] = self.loops[number]._replace(iterations=tuple(iterations))

    def iteration(self, scope: Scope, variable: ast.Name, t: int, outer: tuple[Any, ...]) -> Scope:
        """The scope of one iteration, and the machine's indices set for it."""
        _, _, indices, letters, _ = outer
        self.indices = (*indices, t)
        self.letters = (*letters, variable.text)
        self.suffix = f"[{', '.join(map(str, self.indices))}]"
        self.rolled_suffix = f"[{', '.join(self.letters)}]" if self.rolling else None
        inner = Scope("loop", scope)
        size = self.sizes.constant(t)
        rolled = (variable.text, ATOM) if self.rolling else None
        inner.names[variable.text] = numbers.of_size(size, rolled)
        inner.places[variable.text] = variable.at
        return inner

    def interval(self, interval: ast.Interval, scope: Scope) -> tuple[int, int]:
        """The bounds of a range. Raises GradError for an empty one."""
        first = self.number(interval.first, scope, "a bound")
        last = self.number(interval.last, scope, "a bound")
        if first.value > last.value:
            raise self.error(
                f"the range {first.text}..{last.text} is empty: "
                f"{first.value} is more than {last.value}",
                interval.at,
                "a range counts up, both ends included",
            )
        return int(first.value), int(last.value)

    def check_new(self, name: ast.Name, scope: Scope) -> None:
        """Raise GradError where a name is already defined."""
        text = name.text
        if scope.kind == "def":
            place = scope.places.get(text)
            found = scope.names.get(text)
        else:
            found = scope.find(text)
            if found is None:
                return
            place = next((s.places[text] for s in scope.chain() if text in s.places), None)
        if found is None:
            return
        if place is None:
            raise self.error(
                f"`{text}` is predefined" if text == "pi" else f"`{text}` is already a parameter",
                name.at,
                "choose another name",
            )
        line, _ = self.source.place(place)
        raise self.error(
            f"`{text}` is already defined in line {line}",
            name.at,
            "a name is defined once; give the new value a name of its own",
        )


def begin(code: ast.Code) -> int:
    """The offset at which an expression begins."""
    return min(at for _, _, at in code)


def _quoted(text: str) -> str:
    """An operand in a message: in quotes where it is more than a name or a number."""
    return text if re.fullmatch(r"[\w.]+(\[[\w, ]*\])?", text) else f"`{text}`"


def _count(n: int) -> str:
    return "one argument" if n == 1 else f"{n} arguments"


def _sized(size: Any) -> str:
    return size.text if size.text == str(size.value) else f"{size.text} = {size.value}"


def _data(listing: Listing) -> tuple[Any, ...] | None:
    """The nested numbers of a literal, or None where a quantity is among them."""
    data: list[Any] = []
    for item in listing.items:
        if isinstance(item, Number):
            data.append(float(item.value))
        elif isinstance(item, Listing) and not listing.stacked:
            inner = _data(item)
            if inner is None:
                return None
            data.append(inner)
        else:
            return None
    return tuple(data)


def _range(family: Family) -> str | None:
    keys = list(family.members)
    if not keys or family.arity != 1:
        return None
    low, high = min(keys)[0], max(keys)[0]
    if len(keys) == 1:
        return f"{family.name}[{low}] alone is defined"
    if len(keys) == high - low + 1:
        return f"{family.name}[{low}] to {family.name}[{high}] are defined"
    return f"{len(keys)} members between {family.name}[{low}] and {family.name}[{high}] are defined"


__all__ = ["Machine", "Poisoned", "kept_shape"]
