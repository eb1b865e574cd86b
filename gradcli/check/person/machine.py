"""Expressions of a derivation file, lowered by the machine that lowers models.

In a derivation the model's values are known, its sizes, and every derivative in the file's layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcli.derive import Region, displayed
from gradcli.errors import GradError, GradErrors, Span
from gradcli.lower.machine import Machine
from gradcli.lower.numbers import PI, of_size
from gradcli.lower.scope import Binding, Family, Item, Ref, Scope
from gradcli.ops.core import Array, Mismatch, asarray
from gradcli.program import LAYOUTS, Operand, Program, Step
from gradcli.sizes import ATOM, Number, Shape, numbers
from gradcli.suggest import suggestion
from gradcli.syntax import Parsed, ast
from gradcli.syntax.ast import Place

DL = "dL/d"
Key = tuple[int, ...] | None
MEMBER = re.compile(r"(.*)\[(-?\d+(?:, -?\d+)*)\]")
VERSION = re.compile(r"#\d+")  # tells a person's own names from each other when they are taken anew


class Misfit(GradError):
    """Shapes that do not fit inside a line: a mistake of the derivation, not of its language."""


class Lowered(NamedTuple):
    """An expression at the model's shapes, ready to be computed at any point."""

    steps: tuple[Step, ...]
    result: Operand
    shape: Shape

    def value(self, known: Mapping[str, Array]) -> Array:
        """Its value; nan where it has none (a singular matrix's inverse)."""
        return self.measured(known, {})[0]

    def measured(
        self, known: Mapping[str, Array], extents: Mapping[str, float]
    ) -> tuple[Array, float]:
        """Its value, and the largest entry of all that was computed from derivatives on the way.

        extents: the same for what it is computed from, where that is made of derivatives.
        """
        values: dict[str, Array] = {}
        linear: dict[str, float] = {}
        largest = 0.0
        with np.errstate(all="ignore"):
            try:
                for step in self.steps:
                    found = [linear.get(a, extents.get(a, 0.0)) for a in step.operands()]
                    arguments = [_of(arg, values, known) for arg in step.args]
                    value = step.call.op.forward(*arguments, **step.call.static)
                    values[step.name] = value
                    if any(found):
                        linear[step.name] = extent_of(value)
                        largest = max(largest, linear[step.name], *found)
            except np.linalg.LinAlgError:
                return np.full(numbers(self.shape), np.nan), 0.0
        if isinstance(self.result, str):
            largest = max(largest, extents.get(self.result, 0.0))
        return _of(self.result, values, known), largest

    def quantities(self) -> set[str]:
        """The names that it is computed from, its own steps' among them."""
        found = {arg for step in self.steps for arg in step.args if isinstance(arg, str)}
        return found | ({self.result} if isinstance(self.result, str) else set())


def extent_of(value: Array) -> float:
    """The largest entry of an array, 0 where one is not finite."""
    size = float(np.max(np.abs(value), initial=0))
    return size if np.isfinite(size) else 0.0


def _of(arg: Operand, values: Mapping[str, Array], known: Mapping[str, Array]) -> Array:
    if isinstance(arg, Number):
        return asarray(arg.value)
    return values[arg] if arg in values else known[arg]


class LineMachine(Machine):
    """Lowers one expression after another. `file` is the scope of what the model knows."""

    def __init__(self, parsed: Parsed, program: Program, layout: str, max_elements: int) -> None:
        bases = {split_name(name)[0] for name in program.shapes} | parsed.names()
        super().__init__(parsed.source, parsed.signs, program.sizes, frozenset(bases), max_elements)
        self.poisoned |= parsed.broken
        self.file = Scope("file", None)
        self.derivatives: dict[str, Ref | Family] = {}
        self.file.names["pi"] = PI
        for name, size in program.sizes.dims.items():
            self.file.names[name] = of_size(size)._replace(text=name, precedence=ATOM)
        for name, shape in program.shapes.items():
            base, key = split_name(name)
            _enter(self.file.names, base, base, key, Ref(name, shape))
            derivative = Ref(DL + name, displayed(shape, layout))
            _enter(self.derivatives, base, DL + base, key, derivative)
        for node in parsed.statements:
            if isinstance(node, ast.BackwardLine) and node.own:
                self.later.setdefault(node.name.text, node.name.place)

    def lower(self, code: ast.Code, own: Mapping[str, Binding]) -> Lowered:
        """An expression in which a person's own names stand for what `own` says.

        Raises Misfit where shapes do not fit, and GradError for mistakes of the language.
        """
        self._restart()
        scope = Scope("loop", self.file)
        scope.names = dict(own)
        try:
            item = self.value(self.run(code, scope), ast.extent(code))
        except GradError as error:
            if isinstance(error.__context__, Mismatch) or isinstance(error, Misfit):
                hint = error.hint and VERSION.sub("", error.hint)
                raise Misfit(VERSION.sub("", error.message), error.span, hint) from None
            raise
        if isinstance(item, Number):
            return Lowered((), item, self.one)
        return Lowered(tuple(self.steps), item.name, item.shape)

    def _restart(self) -> None:
        """Forget the last expression, of which an error may have left the half."""
        self.steps, self.counter, self.shared = [], 0, -1
        self.elements, self.depth, self.trips = 0, 0, 1
        self.suffix, self.indices, self.letters = "", (), ()
        self.notes.clear()

    def derivative(self, name: str, place: Place, scope: Scope) -> Item:
        found = self.derivatives.get(name)
        if found is not None:
            return found
        hint = suggestion(name, self.derivatives)
        raise self.error(f"the model has no `{name}`, so there is no dL/d{name}", place, hint)

    def member(
        self, family: Family, kinds: tuple[Any, ...], codes: tuple[ast.Code, ...], place: Place
    ) -> Ref:
        """The member that the brackets behind a family's name are for."""
        return self._member(family, kinds, self.bounds(codes), place)

    def bounds(self, codes: tuple[ast.Code, ...]) -> list[Item]:
        """What stands between the brackets of a target."""
        return [self.run(code, self.file) for code in codes]

    def region(
        self, shape: Shape, kinds: tuple[Any, ...], bounds: list[Item], place: Place, name: str
    ) -> Region:
        try:
            return super().region(shape, kinds, bounds, place, name)
        except GradError as error:
            raise Misfit(error.message, error.span, error.hint) from None

    def _index(self, stack: list[Item], kinds: tuple[Any, ...], place: Place) -> Item:
        """A slice's size is compared by number: where a person counts, they write numbers."""
        item = super()._index(stack, kinds, place)
        if not isinstance(item, Ref) or not self.steps or item.name != self.steps[-1].name:
            return item
        shape = tuple(
            self.sizes.literal(int(size.value)) if size.is_constant else size
            for size in item.shape
        )
        return Ref(item.name, shape)


def _enter(
    names: dict[str, Any], base: str, shown: str, key: tuple[int, ...] | None, ref: Ref
) -> None:
    if key is None:
        names[base] = ref
        return
    family = names.get(base)
    if not isinstance(family, Family):
        family = names[base] = Family(shown, len(key), (0, 0))
    family.members[key] = ref


def split_name(name: str) -> tuple[str, Key]:
    """A quantity's name as a person writes it: a name, and the indices of a family's member."""
    found = MEMBER.fullmatch(name) if name.endswith("]") else None
    if found is None:
        return name, None
    return found[1], tuple(int(index) for index in found[2].split(", "))


def names_in(code: ast.Code) -> set[str]:
    """The names that code uses, those inside sums included."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        for operation, argument, _ in waiting.pop():
            if operation == "name":
                found.add(argument)
            elif operation == "comprehension":
                waiting.append(argument.body)
    return found


def layout_of(parsed: Parsed, program: Program) -> str:
    """The layout that a file states at its head; its model's where it states none."""
    layout = program.layout
    for number, node in enumerate(parsed.statements):
        if not isinstance(node, ast.Layout):
            continue
        text, place = node.name
        error = None
        if text not in LAYOUTS:
            error = f"there is no layout `{text}`", "numerator or denominator"
        elif number:
            error = "`layout` stands at the head of the file", "one file has one layout"
        if error:
            span = Span(parsed.source, *place)
            raise GradErrors([*parsed.errors, GradError(error[0], span, error[1])])
        layout = text
    return layout


def known_values(
    values: Mapping[str, Array], totals: Mapping[str, Array], layout: str
) -> dict[str, Array]:
    known = dict(values)
    for name, total in totals.items():
        known[DL + name] = total.T if layout == "numerator" else total
    return known


def reference(text: str, key: Key, place: Place) -> ast.Code:
    """Code that names one of the person's own quantities."""
    name: ast.Code = (("name", text, place),)
    if key is None:
        return name
    indices = tuple(("number", str(index), place) for index in key)
    return (*name, *indices, ("index", (ast.AT,) * len(key), place))
