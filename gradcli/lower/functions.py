"""Calls: the functions of the language, definitions, and operations with rules of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from gradcli.errors import GradError
from gradcli.lower import numbers
from gradcli.lower.emitter import Poisoned
from gradcli.lower.limits import DEEPEST, MOST_STEPS
from gradcli.lower.operands import Operands
from gradcli.lower.scope import Definition, Family, Item, Listing, Ref, Scope, Text, UserFunction
from gradcli.ops import FUNCTIONS, Mismatch, Op
from gradcli.ops.core import Attrs
from gradcli.ops.regions import regions
from gradcli.sizes import Number, Shape
from gradcli.suggest import FOREIGN, suggestion
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

RECURRENCE = "use a `for` over a family for a recurrence"
KEYWORDS = {
    "keepdims": "the axis is kept at size 1 without asking",
    "keepdim": "the axis is kept at size 1 without asking",
    "dim": "the axis is written axis=",
    "dims": "the axis is written axis=",
}


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


class Functions(Operands):
    """Binds a call's arguments to what the function takes."""

    make_user_op: Callable[..., Op]

    def _function(
        self, name: str, keywords: tuple[Any, ...], items: list[Item], place: Place, scope: Scope
    ) -> Item:
        op = FUNCTIONS.get(name)
        if op is not None:
            operands, attrs = self._bind(op, name, keywords, items, place, scope)
            return self._apply(op, tuple(operands), attrs, place)
        found = scope.find(name)
        if isinstance(found, Definition | UserFunction):
            arguments = self._arguments(found.node, keywords, items, place)
            if isinstance(found, Definition):
                return self._expand(found, arguments, place, scope)
            shapes = tuple(a.shape if isinstance(a, Ref) else self.one for a in arguments)
            return self.emit(self.make_user_op(found, shapes, place), arguments, (), place)
        if found is not None:
            what = "a family" if isinstance(found, Family) else "a value"
            index = "[t]" if isinstance(found, Family) else "[i]"
            raise self.error(
                f"`{name}` is not a function, but {what}",
                place,
                f"a product is written {name} * (…), an entry {name}{index}",
            )
        if name in self.poisoned:
            raise Poisoned(name)
        raise self.no_function(name, place, scope)

    def no_function(self, name: str, place: Place, scope: Scope) -> GradError:
        if name == "file":
            return self.error('file("…") stands only as the value of a declaration', place)
        functions = {
            n for n in scope.visible() if isinstance(scope.find(n), Definition | UserFunction)
        }
        hint = FOREIGN.get(name) or suggestion(name, functions | set(FUNCTIONS))
        if name in self.later:
            hint = self.elsewhere(name, place)
        return self.error(
            f"there is no function `{name}`", place, hint or "`gradcli ops` lists them all"
        )

    def _arguments(
        self, node: Any, keywords: tuple[Any, ...], items: list[Item], place: Place
    ) -> list[Ref | Number]:
        if any(keywords):
            raise self.error(f"{node.name.text} takes no keyword arguments", place)
        if len(items) != len(node.parameters):
            names = ", ".join(p.text for p in node.parameters)
            raise self.error(
                f"{node.name.text}({names}) takes {_count(len(node.parameters))}, not {len(items)}",
                place,
            )
        return [self.value(item, place) for item in items]

    def _expand(
        self, definition: Definition, arguments: Sequence[Ref | Number], place: Place, scope: Scope
    ) -> Item:
        """A definition's body in place of its call, with names of its own."""
        node = definition.node
        name = node.name.text
        if name in self.expanding:
            way = " → ".join([*self.expanding[self.expanding.index(name) :], name])
            raise self.error(f"`{name}` calls itself: {way}", place, RECURRENCE)
        self.enter(definition.weight, place)
        self.expanding.append(name)
        file = scope
        while file.parent is not None:
            file = file.parent
        inner = Scope("def", file)
        inner.names.update(zip((p.text for p in node.parameters), arguments, strict=True))
        try:
            self.block(node.body, inner)
            return self.value(self.run(node.result, inner), ast.extent(node.result))
        except GradError as error:
            self._tell_call(error, name, place)
            raise
        finally:
            self.expanding.pop()
            self.depth -= 1

    def _tell_call(self, error: GradError, name: str, place: Place) -> None:
        """Say in an error inside a definition where the definition is called."""
        if error.span is None or len(self.expanding) > 1:
            return
        line, _ = self.source.place(place[0])
        if line != self.source.place(error.span.start)[0]:
            error.message += f" ({name} is called in line {line})"

    def block(self, statements: Sequence[Any], scope: Scope) -> None:
        raise NotImplementedError

    def enter(self, weight: int, place: Place, trips: int = 1) -> None:
        """Go one level deeper. Raises GradError where the whole would be too deep or too long."""
        if self.depth >= DEEPEST:
            raise self.error(f"loops and definitions nest more than {DEEPEST} deep here", place)
        if len(self.steps) + self.trips * trips * weight > MOST_STEPS:
            raise self.error(
                f"this would unroll to more than {MOST_STEPS:,} equations",
                place,
                "make the range or the definition smaller",
            )
        self.depth += 1

    def _bind(
        self,
        op: Op,
        name: str,
        keywords: tuple[Any, ...],
        items: list[Item],
        place: Place,
        scope: Scope,
    ) -> tuple[list[Ref | Number], Attrs]:
        """A call's arguments as the operation's operands and attributes."""
        positional = [item for key, item in zip(keywords, items, strict=True) if key is None]
        named: dict[str, Any] = dict(op.keywords)
        seen: set[str] = set()
        if any(key is None for key in keywords[len(positional) :]):
            raise self.error(f"{name}'s operands stand before its keyword arguments", place)
        for key, item in zip(keywords, items, strict=True):
            if key is None:
                continue
            if key not in op.keywords:
                takes = ", ".join(f"{k}=" for k in op.keywords)
                hint = f"it takes {takes}" if takes else None
                if key not in KEYWORDS and scope.find(key) is not None:
                    hint = f"a comparison is written {key} == …"
                raise self.error(f"{name} has no argument `{key}`", place, KEYWORDS.get(key, hint))
            if key in seen:
                raise self.error(f"{name} is given {key}= twice", place)
            seen.add(key)
            named[key] = item
        attrs: list[tuple[str, Any]] = []
        parameters = list(op.operands)
        if parameters[0] == '"subscripts"':
            if not positional or not isinstance(positional[0], Text):
                raise self.error(
                    f"{name} begins with its subscripts", place, f'{name}("ij,jk->ik", A, B)'
                )
            attrs.append(("subscripts", positional.pop(0).text))  # type: ignore[union-attr]
            parameters.pop(0)
        places = None
        if parameters[0] == '"regions"':
            if not positional or not isinstance(positional[0], Text):
                raise self.error(
                    f"{name} begins with its regions", place, f'{name}("0:2, :", x, [N, M])'
                )
            places = positional.pop(0).text  # type: ignore[union-attr]
            parameters.pop(0)
        if parameters[-1] == "[shape]":
            if len(positional) < 2 or not isinstance(positional[-1], Listing):
                raise self.error(
                    f"{name} takes a quantity and a shape", place, f"{name}(x, [N, M])"
                )
            attrs.append(("shape", self.shape(positional.pop().items, place)))  # type: ignore[union-attr]
            parameters.pop()
            if places is not None:
                try:
                    found = regions(places, attrs[-1][1], self.sizes)
                except Mismatch as mismatch:
                    raise self.error(mismatch.message, place, mismatch.hint) from None
                attrs.insert(0, ("regions", found))
        if parameters[-1] in ("*sizes", "size"):
            attrs.append(("sizes", self._sizes(name, parameters[-1] == "size", positional, place)))
            positional, parameters = [], []
        self._check_count(op, name, parameters, positional, place)
        operands = [self.value(item, place) for item in positional]
        for key, value in named.items():
            attrs.append((key, self._axis(op, value, operands, place)))
        return operands, tuple(attrs)

    def _sizes(self, name: str, single: bool, items: list[Item], place: Place) -> Shape:
        if len(items) == 1 and isinstance(items[0], Listing):
            items = list(items[0].items)
        if not items or (single and len(items) != 1):
            what, form = ("one size", "N") if single else ("its sizes", "N, M")
            raise self.error(f"{name} takes {what}", place, f"{name}({form})")
        shape = self.shape(items, place)
        return shape[:1] if len(items) == 1 else shape

    def _check_count(
        self, op: Op, name: str, parameters: list[str], items: list[Item], place: Place
    ) -> None:
        if parameters and parameters[-1].startswith("*"):
            if len(items) < 1:
                raise self.error(f"{name} takes at least one operand", place)
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
            f"{name}({names}) takes {_count(len(parameters))}, not {len(items)}", place, hint
        )

    def _axis(
        self, op: Op, value: Any, operands: Sequence[Ref | Number], place: Place
    ) -> int | None:
        """An axis, counted from 0; a negative one counts from the end."""
        if value is None or isinstance(value, int):
            return value
        try:
            axis = numbers.whole(value, "an axis")
        except GradError as error:
            raise self.error(error.message, place, error.hint) from None
        first = operands[0]
        rank = (len(first.shape) if isinstance(first, Ref) else 2) + op.new_axes
        if not -rank <= axis < rank:
            raise self.error(f"axis {axis} is out of range: there are {rank} axes, from 0", place)
        return axis % rank


def _count(n: int) -> str:
    return "one argument" if n == 1 else f"{n} arguments"
