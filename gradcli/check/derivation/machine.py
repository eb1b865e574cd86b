"""Expressions of a derivation file, lowered by the machine that lowers models.

In a derivation the model's values are known, its sizes, and every derivative in the file's layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.derivation import functions
from gradcli.check.derivation.runs import Arithmetic
from gradcli.errors import GradError, GradErrors, Span
from gradcli.interpret import interpret
from gradcli.lower.env import Dialect, Env, Outline
from gradcli.lower.equations import block
from gradcli.lower.expressions import number, run
from gradcli.lower.indexing import counted, index
from gradcli.lower.listing import Listing
from gradcli.lower.names import unknown
from gradcli.lower.numbers import PI
from gradcli.lower.operands import value
from gradcli.lower.prelude import prelude
from gradcli.lower.scope import Binding, Family, Item, Ref, Scope
from gradcli.lower.text import Misfit, Poisoned, Text
from gradcli.ops.core import Array
from gradcli.program import LAYOUTS, Operand, Program, Step
from gradcli.sizes import ATOM, Number, Shape, Size, numbers, of_size
from gradcli.suggest import suggestion
from gradcli.syntax import Parsed, ast
from gradcli.syntax.ast import Place
from gradcli.transform.reverse import displayed

DL = "dL/d"
Key = tuple[int, ...] | None
MEMBER = re.compile(r"(.*)\[(-?\d+(?:, -?\d+)*)\]")
VERSION = re.compile(r"#\d+")  # tells a person's own names from each other when they are taken anew


class Lowered(NamedTuple):
    """An expression at the model's shapes, ready to be computed at any point.

    below: of one that holds whole numbers from 0 on, below what they lie.
    """

    steps: tuple[Step, ...]
    result: Operand
    shape: Shape
    below: Size | None = None

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


class LineMachine:
    """Lowers one expression after another. `file` is what the model knows, and nothing else."""

    def __init__(self, parsed: Parsed, program: Program, layout: str, max_elements: int) -> None:
        bases = {split_name(name)[0] for name in program.shapes} | parsed.names()
        self.text = Text(parsed.source, parsed.signs, program.sizes, frozenset(bases), max_elements)
        self.derivatives: dict[str, Any] = {}
        self.poisoned = set(parsed.broken)
        scope = Scope("file", None)
        scope.names["pi"] = PI
        for name, size in program.sizes.dims.items():
            scope.names[name] = of_size(size)._replace(text=name, precedence=ATOM)
        belows = counted(program)
        for name, shape in program.shapes.items():
            base, key = split_name(name)
            _enter(scope.names, base, base, key, Ref(name, shape, below=belows.get(name)))
            derivative = Ref(DL + name, displayed(shape, layout))
            _enter(self.derivatives, base, DL + base, key, derivative)
        self.later: dict[str, Place] = {}  # where the person's own names are defined
        outline = Outline((), self.later, {}, self.poisoned)
        dialect = Dialect(unknown, self._derivative, _index, block)
        model = functions.parsed(program.source)
        own = prelude(parsed.names() | model.names())
        self.file = Env(self.text, outline, dialect, Listing(self.text), scope, prelude=own)
        functions.of_model(model, program.layout, self.file)

    def whole(self, code: ast.Code, what: str) -> int:
        """The value of code that must be a whole number. Raises GradError."""
        try:
            return int(number(self.file, code, what).value)
        except Poisoned as poisoned:
            raise self.text.error(
                f"`{poisoned}` has no value here", ast.extent(code), kind="undefined-name"
            ) from None

    def lower(self, code: ast.Code, own: Mapping[str, Binding]) -> Lowered:
        """An expression in which a person's own names stand for what `own` says.

        Raises Misfit where shapes do not fit, and GradError for mistakes of the language.
        """
        scope = Scope("loop", self.file.scope)
        scope.names = dict(own)
        env = self.file._replace(scope=scope, listing=Listing(self.text, self.file.listing.kinds))
        try:
            item = value(env, run(env, code), ast.extent(code))
        except Misfit as error:
            hint = error.hint and VERSION.sub("", error.hint)
            raise Misfit(
                VERSION.sub("", error.message), error.span, hint, kind=error.kind
            ) from None
        if isinstance(item, Number):
            return Lowered((), item, self.text.sizes.scalar)
        return Lowered(tuple(env.listing.steps), item.name, item.shape, item.below)

    def derivative(self, name: str, place: Place) -> Ref | Family:
        """What dL/dNAME stands for. Raises GradError where the model has no such variable."""
        found: Ref | Family | None = self.derivatives.get(name)
        if found is not None:
            return found
        hint = suggestion(name, self.derivatives)
        raise self.text.error(
            f"the model has no `{name}`, so there is no dL/d{name}",
            place,
            hint,
            kind="undefined-name",
        )

    def _derivative(self, env: Env, name: str, place: Place) -> Item:
        return self.derivative(name, place)

    def bounds(self, codes: tuple[ast.Code, ...]) -> list[Item]:
        """What stands between the brackets of a target."""
        return [run(self.file, code) for code in codes]


def _index(env: Env, base: Item, kinds: tuple[Any, ...], bounds: list[Item], place: Place) -> Item:
    """A slice's size is compared by number: where a person counts, they write numbers."""
    item = index(env, base, kinds, bounds, place)
    steps, sizes = env.listing.steps, env.text.sizes
    if not isinstance(item, Ref) or not steps or item.name != steps[-1].name:
        return item
    shape = tuple(
        sizes.literal(int(size.value)) if size.is_constant else size for size in item.shape
    )
    return Ref(item.name, shape, below=item.below)


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
                waiting += argument.codes()
    return found


def layout_of(parsed: Parsed, program: Program) -> str:
    """The layout that a file states at its head; its model's where it states none."""
    layout = program.layout
    for position, node in enumerate(parsed.statements):
        if not isinstance(node, ast.Layout):
            continue
        text, place = node.name
        error = None
        if text not in LAYOUTS:
            error = f"there is no layout `{text}`", "numerator or denominator"
        elif position:
            error = "`layout` stands at the head of the file", "one file has one layout"
        if error:
            span = Span(parsed.source, *place)
            raise GradErrors(
                [*parsed.errors, GradError(error[0], span, error[1], kind="bad-layout")]
            )
        layout = text
    return layout


def reference(text: str, key: Key, place: Place) -> ast.Code:
    """Code that names one of the person's own quantities."""
    name: ast.Code = (("name", text, place),)
    if key is None:
        return name
    indices = tuple(("number", str(index), place) for index in key)
    return (*name, *indices, ("index", (ast.AT,) * len(key), place))
