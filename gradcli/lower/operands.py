"""Operands: numbers and sizes, brackets, members of families, slices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gradcli.errors import GradError
from gradcli.lower import numbers
from gradcli.lower.emitter import Emitter, Poisoned, Unknown
from gradcli.lower.limits import DEEPEST
from gradcli.lower.scope import Family, Item, Listing, Ref, Scope
from gradcli.ops import TABLE, Op
from gradcli.ops.core import Attrs
from gradcli.ops.regions import Part, whole
from gradcli.sizes import ATOM, Number, Shape, is_scalar, same, spell
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

NEAR = 100  # characters behind an operation, in which a message looks for a name


class Operands(Emitter):
    """What may stand on the stack, made into operands."""

    def run(self, code: ast.Code, scope: Scope) -> Item:
        """The value of an expression; its operations are appended as steps."""
        raise NotImplementedError

    def value(self, item: Item, place: Place) -> Ref | Number:
        """An item as an operand. Raises GradError for families and texts."""
        if isinstance(item, Ref | Number):
            return item
        if isinstance(item, Listing):
            return self._listing(item)
        if isinstance(item, Family):
            index = ", ".join("ijk"[: item.arity]) if item.arity <= 3 else "…"
            raise self.error(
                f"{item.name} is a family, not a quantity",
                self._nearest(item.name, place),
                f"name a member: {item.name}[{index}]",
            )
        raise self.error("a text can't be computed with", place)

    def _nearest(self, name: str, place: Place) -> Place:
        """Where a name stands nearest to an offset: in an operand of what stands there."""
        words = re.finditer(rf"\b{name}\b", self.source.text[: place[0] + NEAR])
        sign = self.sign(place)[0]
        return min((word.span() for word in words), key=lambda p: abs(p[0] - sign), default=place)

    def _apply(
        self, op: Op, items: tuple[Ref | Number, ...], attrs: Attrs, place: Place
    ) -> Ref | Number:
        """An operation on operands; on numbers alone it is computed here and now."""
        if op.foldable and all(isinstance(item, Number) for item in items):
            plain = [item for item in items if isinstance(item, Number)]
            try:
                return numbers.apply(self.sizes, op, plain)
            except GradError as error:
                raise self.error(error.message, place, error.hint) from None
        return self.emit(op, items, attrs, place)

    def number(self, code: ast.Code, scope: Scope, what: str) -> Number:
        """The value of code that must be a whole number. Raises GradError elsewhere."""
        place = ast.extent(code)
        try:
            item = self.run(code, scope)
            value = numbers.whole(item, what)
            assert isinstance(item, Number)
            size = item.size or self.sizes.constant(value)
        except Unknown as error:
            error.hint = error.hint or f"a size is declared with dim: dim {error.name} = 4"
            raise
        except GradError as error:
            span = error.span or self.span(place)
            raise GradError(error.message, span, error.hint) from None
        return item._replace(value=value, size=size)

    def shape(self, sizes: Sequence[Item], place: Place) -> Shape:
        """Items as the sizes of a shape."""
        found = []
        for item in sizes:
            try:
                value = numbers.whole(item, "a size")
            except GradError as error:
                raise self.error(error.message, place, error.hint) from None
            assert isinstance(item, Number)
            if value < 1:
                raise self.error(f"a size is positive, not {numbers.worth(item)}", place)
            found.append(item.size or self.sizes.constant(value))
        shape = tuple(found)
        if not shape:
            return self.one
        return (shape[0], self.one[0]) if len(shape) == 1 else shape

    # ── brackets ──

    def _brackets(self, items: Sequence[Item], stacked: bool, place: Place) -> Listing:
        depth = 1 + max(item.depth if isinstance(item, Listing) else 0 for item in items)
        if depth > DEEPEST:
            raise self.error(f"brackets nest more than {DEEPEST} deep here", place)
        return Listing(tuple(items), stacked, place, depth)

    def _listing(self, listing: Listing) -> Ref | Number:
        """A listing as a value: a literal where all is numbers, otherwise blocks stacked."""
        data = _data(listing)
        if data is not None:
            return self._constant(data, listing.place)
        if not listing.stacked and all(isinstance(item, Listing) for item in listing.items):
            return self._rows(listing)
        items = [self.value(item, listing.place) for item in listing.items]
        if not listing.stacked:
            for item in items:
                if isinstance(item, Ref) and not is_scalar(item.shape):
                    raise self.error(
                        f"[a, b] makes a column of scalars, but {item.name} is {spell(item.shape)}",
                        listing.place,
                        "[a; b] stacks blocks vertically; concat(a, b, axis=1) joins side by side",
                    )
        return self.emit(TABLE["vstack"], items, (), listing.place)

    def _constant(self, data: tuple[Any, ...], place: Place) -> Ref:
        rows = len(data)
        columns = len(data[0]) if isinstance(data[0], tuple) else 1
        for row in data:
            if (len(row) if isinstance(row, tuple) else 1) != columns or (
                isinstance(row, tuple) != isinstance(data[0], tuple)
            ):
                raise self.error(
                    "the rows of this literal differ in length", place, "[[1, 2], [3, 4]]"
                )
            if isinstance(row, tuple) and any(isinstance(entry, tuple) for entry in row):
                raise self.error(
                    "a literal is a column or a matrix", place, "stack(a, b) adds an axis"
                )
        shape = (self.sizes.literal(rows), self.sizes.literal(columns))
        return self.emit(TABLE["constant"], (), (("data", data), ("shape", shape)), place)

    def _rows(self, listing: Listing) -> Ref:
        """[[a, b], [c, d]]: a matrix of scalars, by rows."""
        rows = [item for item in listing.items if isinstance(item, Listing)]
        if len({len(row.items) for row in rows}) > 1:
            raise self.error("the rows of this matrix differ in length", listing.place)
        flat = Listing(tuple(entry for row in rows for entry in row.items), False, listing.place)
        shape = (self.sizes.constant(len(rows)), self.sizes.constant(len(rows[0].items)))
        column = self.value(flat, listing.place)
        return self.emit(TABLE["reshape"], (column,), (("shape", shape),), listing.place)

    # ── members and slices ──

    def _index(self, stack: list[Item], kinds: tuple[Any, ...], place: Place) -> Item:
        """A member of a family, or a slice of an array."""
        count = sum(1 if kind == ast.AT else sum(kind) for kind in kinds)
        bounds = stack[len(stack) - count :] if count else []
        if count:
            del stack[-count:]
        base = stack.pop()
        if isinstance(base, Family):
            return self._member(base, kinds, bounds, place)
        array = self.value(base, place)
        if isinstance(array, Number):
            raise self.error(f"{array.text} is a number and has no entries", place)
        region = self.region(array.shape, kinds, bounds, place, array.name)
        return self.emit(TABLE["index"], (array,), (("region", region),), place)

    def _member(
        self, family: Family, kinds: tuple[Any, ...], bounds: list[Item], place: Place
    ) -> Ref:
        if any(kind != ast.AT for kind in kinds):
            raise self.error(
                f"{family.name} is a family: an index names one member", place, f"{family.name}[1]"
            )
        key = self.member_key(family, bounds, place)
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
        raise self.error(f"`{name}` is not defined", place, _range(family))

    def member_key(self, family: Family, bounds: Sequence[Item], place: Place) -> tuple[int, ...]:
        if len(bounds) != family.arity:
            plural = "index" if family.arity == 1 else "indices"
            raise self.error(
                f"{family.name} has {family.arity} {plural}, not {len(bounds)}",
                place,
                _range(family),
            )
        try:
            return tuple([numbers.whole(bound, "an index") for bound in bounds])
        except GradError as error:
            raise self.error(error.message, place, error.hint) from None

    def region(
        self, shape: Shape, kinds: tuple[Any, ...], bounds: list[Item], place: Place, name: str
    ) -> tuple[Part, ...]:
        """What an index takes of each axis. Raises GradError where it is out of range."""
        if len(kinds) > len(shape):
            raise self.error(
                f"{name} is {spell(shape)} and has {len(shape)} axes, not {len(kinds)}", place
            )
        rest = iter(bounds)
        parts = []
        for axis, size in enumerate(shape):
            if axis >= len(kinds) or kinds[axis] == (False, False):
                parts.append(whole(size, self.sizes))
            elif kinds[axis] == ast.AT:
                item = next(rest)
                start, rolled = self._bound(item, size, place)
                if not 0 <= start.value < size.value:
                    assert isinstance(item, Number)
                    raise self.error(
                        f"index {numbers.worth(item)} is out of range: "
                        f"axis {axis} of {name} has size "
                        f"{_sized(size)}, and its first entry is 0",
                        place,
                    )
                parts.append(Part(start, self.sizes.add(start, self.one[0]), True, rolled=rolled))
            else:
                parts.append(self._slice(kinds[axis], rest, size, axis, place, name))
        return tuple(parts)

    def _slice(self, kind: Any, rest: Any, size: Any, axis: int, place: Place, name: str) -> Part:
        start, first = (
            self._bound(next(rest), size, place) if kind[0] else (self.sizes.constant(0), "")
        )
        stop, last = self._bound(next(rest), size, place) if kind[1] else (size, "")
        if not 0 <= start.value < stop.value <= size.value:
            what = "is empty" if start.value >= stop.value else "is out of range"
            raise self.error(
                f"the slice {start.value}:{stop.value} {what}: axis {axis} of {name} has size "
                f"{_sized(size)}",
                place,
                "slices count from 0 and leave the end out",
            )
        colon = " : " if " " in first + last else ":"
        rolled = f"{first}{colon}{last}" if first or last else ""
        if same(stop, size) and start.value == 0:
            return whole(size, self.sizes)
        return Part(start, stop, rolled=rolled)

    def _bound(self, item: Item, size: Any, place: Place) -> tuple[Any, str]:
        """A bound of a slice as a size; a negative one counts from the end."""
        try:
            value = numbers.whole(item, "an index")
        except GradError as error:
            raise self.error(error.message, place, error.hint) from None
        assert isinstance(item, Number)
        bound = item.size or self.sizes.constant(value)
        rolled = ""
        if self.rolled_suffix is not None:
            rolled = item.rolled[0] if item.rolled else item.text
        return (self.sizes.add(size, bound) if value < 0 else bound), rolled


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
