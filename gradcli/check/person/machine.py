"""Expressions of a derivation file, lowered by the machine that lowers models.

In a derivation the model's values are known, its sizes, and every derivative in the file's layout.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.person.runs import Arithmetic
from gradcli.derive import Region, displayed
from gradcli.errors import GradError, GradErrors, Span
from gradcli.interpret import interpret
from gradcli.lower.machine import Machine
from gradcli.lower.numbers import PI, of_size
from gradcli.lower.scope import Binding, Family, Item, Ref, Scope
from gradcli.ops.core import Array, Mismatch
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

    def value(self, known: Mapping[str, Array], arithmetic: Arithmetic) -> Array:
        """Its value; nan where it has none (a singular matrix's inverse)."""
        values = {arg: known[arg] for arg in self.quantities() if arg in known}
        with np.errstate(all="ignore"):
            try:
                interpret(self.steps, values, arithmetic.meaning, arithmetic.number)
            except np.linalg.LinAlgError:
                nan = Number(float("nan"), None, "nan", ATOM)
                lead = arithmetic.number(nan).shape[:-2]
                return np.full((*lead, *numbers(self.shape)), np.nan)
        if isinstance(self.result, Number):
            return arithmetic.number(self.result)
        return values[self.result]

    def quantities(self) -> set[str]:
        """The names that it is computed from, its own steps' among them."""
        found = {arg for step in self.steps for arg in step.args if isinstance(arg, str)}
        return found | ({self.result} if isinstance(self.result, str) else set())


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
            self.sizes.literal(int(size.value)) if size.is_constant else size for size in item.shape
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


def meant_by(name: str, known: Container[str]) -> str | None:
    """The quantity whose derivative a person's own name looks like: dW2, grad_W2, W2_grad."""
    for form in (r"d_?(.+)", r"grad_(.+)", r"(.+)_grad"):
        found = re.fullmatch(form, name)
        if found is not None and found[1] in known:
            return found[1]
    return None


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


def reference(text: str, key: Key, place: Place) -> ast.Code:
    """Code that names one of the person's own quantities."""
    name: ast.Code = (("name", text, place),)
    if key is None:
        return name
    indices = tuple(("number", str(index), place) for index in key)
    return (*name, *indices, ("index", (ast.AT,) * len(key), place))
