"""A person's derivation, read: each line's target found, its expression lowered at the model's
shapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.person_points import Points
from gradcli.derive import Region, displayed, region_text
from gradcli.errors import GradError, GradErrors, Span
from gradcli.lower.machine import Machine, Poisoned
from gradcli.lower.numbers import of_size
from gradcli.lower.scope import Binding, Family, Item, Ref, Scope
from gradcli.ops.core import Array, Mismatch, asarray
from gradcli.ops.shaping import indexed_shape, kept_shape
from gradcli.program import Operand, Program, Step
from gradcli.sizes import ATOM, Number, Shape, numbers, same
from gradcli.suggest import suggestion
from gradcli.syntax import Parsed, ast

LAYOUTS = ("numerator", "denominator")
MEMBER = re.compile(r"(.*)\[(-?\d+(?:, -?\d+)*)\]")
DL = "dL/d"
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
        values: dict[str, Array] = {}

        def of(arg: Operand) -> Array:
            if isinstance(arg, Number):
                return asarray(arg.value)
            return values[arg] if arg in values else known[arg]

        with np.errstate(all="ignore"):
            try:
                for step in self.steps:
                    arguments = [of(arg) for arg in step.args]
                    values[step.name] = step.call.op.forward(*arguments, **step.call.static)
            except np.linalg.LinAlgError:
                return np.full(numbers(self.shape), np.nan)
        return of(self.result)

    def uses(self, name: str) -> bool:
        return self.result == name or any(name in step.args for step in self.steps)


class Line(NamedTuple):
    """A line of a derivation.

    name: the variable whose derivative it states, None for a name of the person's own.
    region: the part that it states, in the variable's own axes; None for all of it.
    lowered: its expression, or why that has no value.
    own: what the person's own names stand for in it; `sources` are the places of their lines.
    """

    number: int
    node: ast.BackwardLine
    target: str
    name: str | None
    region: Region | None
    lowered: Lowered | Misfit
    code: ast.Code
    own: dict[str, Binding]
    sources: tuple[int, ...]


class Sheet:
    """A derivation file on its model: it lowers expressions and holds the values of the person's
    names.
    """

    def __init__(self, parsed: Parsed, points: Points, max_elements: int) -> None:
        self.points = points
        self.program = points.program
        self.source = parsed.source
        self.layout = _layout(parsed, self.program)
        self.machine = LineMachine(parsed, self.program, self.layout, max_elements)
        self.known = [_known(point.values, point.totals, self.layout) for point in points.points]
        self.lines: list[Line] = []
        self.unusable: set[str] = set()  # the person's own names whose shapes do not fit
        self._read(parsed)

    # ── expressions ──

    def lower(self, code: ast.Code, own: Mapping[str, Binding]) -> Lowered:
        """Raises GradError, and Misfit where shapes do not fit."""
        machine = self.machine
        machine.restart()
        scope = Scope("loop", machine.file)
        scope.names = dict(own)
        try:
            item = machine.value(machine.run(code, scope), code[-1][2])
        except GradError as error:
            if isinstance(error.__context__, Mismatch) or isinstance(error, Misfit):
                hint = error.hint and VERSION.sub("", error.hint)
                raise Misfit(VERSION.sub("", error.message), error.span, hint) from None
            raise
        if isinstance(item, Number):
            return Lowered((), item, machine.one)
        return Lowered(tuple(machine.steps), item.name, item.shape)

    def stated(self, line: Line, value: Array) -> Array:
        """A line's value in its variable's own axes, over its region."""
        assert line.name is not None
        shape = self.program.shapes[line.name]
        if line.region is not None:
            shape = kept_shape(self.program.sizes, line.region)
        whole = numbers(shape)
        if value.size == 1:
            return np.full(whole, value.reshape(-1)[0])
        if self.layout == "numerator":
            return value.reshape(whole[::-1]).T
        return value.reshape(whole)

    def fits(self, line: Line, lowered: Lowered) -> bool:
        """Whether a line's shape is its target's: as symbols, and a region's by number."""
        expected = self.expected(line)
        found = lowered.shape
        if line.region is not None:
            shapes = [numbers(expected)]
            own = indexed_shape(self.program.sizes, line.region)
            shapes += [numbers(own), numbers(own)[::-1]] if len(line.region) > 2 else []
            return numbers(found) in shapes
        if len(found) == len(expected) and all(map(same, found, expected)):
            return True
        return _is_zero(lowered.result) and line.node.assign == "="

    def expected(self, line: Line) -> Shape:
        """The shape that a line must have, as the file's layout shows it."""
        assert line.name is not None
        if line.region is None:
            return displayed(self.program.shapes[line.name], self.layout)
        return displayed(kept_shape(self.program.sizes, line.region), self.layout)

    # ── lines ──

    def _read(self, parsed: Parsed) -> None:
        errors: list[GradError] = list(parsed.errors)
        own: dict[str, Binding] = {}
        places: dict[str, list[int]] = {}
        for node in parsed.statements:
            if not isinstance(node, ast.BackwardLine):
                continue
            used = {name for name in names_in(node.value) if name in places}
            sources = tuple(sorted({place for name in used for place in places[name]}))
            bindings = {name: own[name] for name in used if name in own}
            try:
                line = (
                    self._own(node, own, bindings) if node.own else self._derivative(node, bindings)
                )
            except Poisoned:
                continue
            except GradError as error:
                errors.append(error)
                if node.own:
                    self.machine.poisoned.add(node.name.text)
                continue
            if node.own:
                places[node.name.text] = [
                    *(
                        places.get(node.name.text, ())
                        if node.brackets or node.assign == "+="
                        else ()
                    ),
                    len(self.lines),
                ]
            self.lines.append(line._replace(sources=sources))
        if errors:
            raise GradErrors(errors)

    def _number(self, node: ast.BackwardLine) -> int:
        return self.source.place(node.name.at)[0]

    def attempt(self, code: ast.Code, own: Mapping[str, Binding]) -> Lowered | Misfit:
        """An expression lowered, or why its shapes do not fit. Raises GradError for other
        mistakes.
        """
        try:
            return self.lower(code, own)
        except Misfit as misfit:
            return misfit
        except Poisoned as poisoned:
            if poisoned.args[0] not in self.unusable:
                raise
            return Misfit(f"{poisoned.args[0]} has no value here", self.machine.span(code[0][2]))

    def _derivative(self, node: ast.BackwardLine, own: dict[str, Binding]) -> Line:
        name, region = self._target(node)
        lowered = self.attempt(node.value, own)
        text = DL + name + (region_text(region, self.layout) if region else "")
        return Line(self._number(node), node, text, name, region, lowered, node.value, own, ())

    def _target(self, node: ast.BackwardLine) -> tuple[str, Region | None]:
        """The variable, and the region of it, that a line states the derivative of."""
        machine, (text, at) = self.machine, node.name
        found = machine.derivative(text, at, machine.file)
        brackets = list(node.brackets)
        if isinstance(found, Family):
            if not brackets:
                machine.value(found, at)  # raises: a family is no quantity
            kinds, codes = brackets.pop(0)
            found = machine.member(found, kinds, [machine.run(c, machine.file) for c in codes], at)
        assert isinstance(found, Ref)
        name = found.name.removeprefix(DL)
        if not brackets:
            return name, None
        if len(brackets) > 1:
            raise machine.error("one pair of brackets names a region", at)
        kinds, codes = brackets[0]
        bounds = [machine.run(code, machine.file) for code in codes]
        region = machine.region(found.shape, kinds, bounds, at, found.name)
        if all(part.whole for part in region):
            return name, None
        return name, region[::-1] if self.layout == "numerator" else region

    def _own(
        self, node: ast.BackwardLine, own: dict[str, Binding], bindings: dict[str, Binding]
    ) -> Line:
        """A name of the person's own; its value is kept at every point under its version's name."""
        text, at = node.name
        if self.machine.file.find(text) is not None:
            step = next((s for s in self.program.steps if s.name == text), None)
            raise self.machine.error(
                f"`{text}` is already a name of the model" + (f": {step.text}" if step else ""),
                at,
                "choose another name for your own",
            )
        key = self._own_key(node)
        code = node.value
        if node.assign == "+=":
            code = (*_reference(text, key, at), *code, ("binary", "+", at))
            bindings = {**bindings, **{name: own[name] for name in (text,) if name in own}}
        shown = text + (f"[{', '.join(map(str, key))}]" if key else "")
        lowered = self.attempt(code, bindings)
        if isinstance(lowered, Misfit):
            own.pop(text, None)
            self.machine.poisoned.add(text)
            self.unusable.add(text)
        else:
            self.machine.poisoned.discard(text)
            version = self.version(shown, len(self.lines))
            self.bind(lowered, version)
            own[text] = _bound(own.get(text), text, key, Ref(version, lowered.shape), at)
        return Line(self._number(node), node, shown, None, None, lowered, code, bindings, ())

    @staticmethod
    def version(shown: str, place: int) -> str:
        """Under which name the value of a person's own line is known."""
        return f"{shown}#{place}"  # as VERSION finds it

    def _own_key(self, node: ast.BackwardLine) -> tuple[int, ...] | None:
        if not node.brackets:
            return None
        kinds, codes = node.brackets[0]
        at = node.name.at
        if len(node.brackets) > 1 or any(kind != ast.AT for kind in kinds):
            raise self.machine.error("a name of your own is defined whole, or member by member", at)
        bounds = [self.machine.run(code, self.machine.file) for code in codes]
        return self.machine.member_key(Family(node.name.text, len(bounds), at), bounds, at)

    def bind(self, lowered: Lowered, version: str) -> None:
        for values in self.known:
            values[version] = lowered.value(values)

    # ── other code in a line's place ──

    def dependents(self, place: int) -> list[int]:
        """The lines that use a person's own line, directly or through others, in order."""
        found = {place}
        for later in range(place + 1, len(self.lines)):
            if found.intersection(self.lines[later].sources):
                found.add(later)
        return sorted(found - {place})

    def bases(self, places: Sequence[int], most: int) -> list[int]:
        """The own lines on which some lines build, in order: the nearest ones where they are
        many.
        """
        found: set[int] = set()
        waiting = list(places)
        while waiting and len(found) < most:
            fresh = [s for s in self.lines[waiting.pop(0)].sources if s not in found]
            found.update(fresh)
            waiting += fresh
        return sorted(found)

    def trial(
        self, place: int, code: ast.Code, dependent: int
    ) -> tuple[Lowered, list[tuple[str, Lowered]]]:
        """A line as it is with other code in the place of an own line that it builds on: itself,
        and the own quantities to compute before it. Raises GradError and Poisoned.
        """
        shapes: dict[str, Shape] = {}
        before: list[tuple[str, Lowered]] = []
        for here in (place, *self.dependents(place)):
            line = self.lines[here]
            if here != dependent and not (line.name is None and here < dependent):
                continue
            own = {name: _reshaped(found, shapes) for name, found in line.own.items()}
            target = self.lines[place].target
            version = self.version(target, place)
            if place in line.sources and target not in own and version in shapes:
                own[target] = Ref(version, shapes[version])
            lowered = self.lower(code if here == place else line.code, own)
            if here == dependent:
                return lowered, before
            version = self.version(line.target, here)
            shapes[version] = lowered.shape
            before.append((version, lowered))
        raise AssertionError("the line does not depend on the other")

    def amend(self, place: int, code: ast.Code) -> None:
        """Put other code in the place of an own line, for all lines that build on it."""
        target = self.lines[place].target
        version = self.version(target, place)
        shapes: dict[str, Shape] = {}
        for here in (place, *self.dependents(place)):
            line = self.lines[here]
            own = {name: _reshaped(found, shapes) for name, found in line.own.items()}
            if place in line.sources and target not in own:
                own[target] = Ref(version, shapes[version])
            lowered = self.attempt(code if here == place else line.code, own)
            self.lines[here] = line._replace(lowered=lowered, own=own)
            if line.name is None and not isinstance(lowered, Misfit):
                shapes[self.version(line.target, here)] = lowered.shape
                self.bind(lowered, self.version(line.target, here))


class LineMachine(Machine):
    """Lowers a line: the model's values, its sizes, and every derivative in the file's layout are
    known.
    """

    def __init__(self, parsed: Parsed, program: Program, layout: str, max_elements: int) -> None:
        bases = {split_name(name)[0] for name in program.shapes} | parsed.names()
        super().__init__(parsed.source, program.sizes, frozenset(bases), max_elements)
        self.poisoned |= parsed.broken
        self.file = Scope("file", None)
        self.derivatives: dict[str, Ref | Family] = {}
        self.file.names["pi"] = Number(3.141592653589793, None, "pi", ATOM)
        for name, size in program.sizes.dims.items():
            self.file.names[name] = of_size(size)._replace(text=name, precedence=ATOM)
        for name, shape in program.shapes.items():
            base, key = split_name(name)
            self._enter(self.file.names, base, base, key, Ref(name, shape))
            derivative = Ref(DL + name, displayed(shape, layout))
            self._enter(self.derivatives, base, DL + base, key, derivative)
        for node in parsed.statements:
            if isinstance(node, ast.BackwardLine) and node.own:
                self.later.setdefault(node.name.text, node.name.at)

    @staticmethod
    def _enter(
        names: dict[str, Any], base: str, shown: str, key: tuple[int, ...] | None, ref: Ref
    ) -> None:
        if key is None:
            names[base] = ref
            return
        family = names.get(base)
        if not isinstance(family, Family):
            family = names[base] = Family(shown, len(key), 0)
        family.members[key] = ref

    def restart(self) -> None:
        """Forget the last line, of which an error may have left the half."""
        self.steps, self.counter, self.shared = [], 0, -1
        self.elements, self.depth, self.trips = 0, 0, 1
        self.suffix, self.indices, self.letters = "", (), ()
        self.notes.clear()

    def derivative(self, name: str, at: int, scope: Scope) -> Item:
        found = self.derivatives.get(name)
        if found is not None:
            return found
        hint = suggestion(name, self.derivatives)
        raise self.error(f"the model has no `{name}`, so there is no dL/d{name}", at, hint)

    def member(self, family: Family, kinds: tuple[Any, ...], bounds: list[Item], at: int) -> Ref:
        return self._member(family, kinds, bounds, at)

    def region(
        self, shape: Shape, kinds: tuple[Any, ...], bounds: list[Item], at: int, name: str
    ) -> Region:
        try:
            return super().region(shape, kinds, bounds, at, name)
        except GradError as error:
            raise Misfit(error.message, error.span, error.hint) from None

    def _index(self, stack: list[Item], kinds: tuple[Any, ...], at: int) -> Item:
        """A slice's size is compared by number: where a person counts, they write numbers."""
        item = super()._index(stack, kinds, at)
        if not isinstance(item, Ref) or not self.steps or item.name != self.steps[-1].name:
            return item
        shape = tuple(
            self.sizes.literal(int(size.value)) if size.is_constant and size.value != 1 else size
            for size in item.shape
        )
        return Ref(item.name, shape)


def _layout(parsed: Parsed, program: Program) -> str:
    """The layout that a file states at its head; its model's where it states none."""
    layout = program.layout
    for place, node in enumerate(parsed.statements):
        if not isinstance(node, ast.Layout):
            continue
        text, at = node.name
        error = None
        if text not in LAYOUTS:
            error = f"there is no layout `{text}`", "numerator or denominator"
        elif place:
            error = "`layout` stands at the head of the file", "one file has one layout"
        if error:
            span = Span(parsed.source, at, at + len(text))
            raise GradErrors([*parsed.errors, GradError(error[0], span, error[1])])
        layout = text
    return layout


def _known(
    values: Mapping[str, Array], totals: Mapping[str, Array], layout: str
) -> dict[str, Array]:
    known = dict(values)
    for name, total in totals.items():
        known[DL + name] = total.T if layout == "numerator" else total
    return known


def split_name(name: str) -> tuple[str, tuple[int, ...] | None]:
    """A quantity's name as a person writes it: a name, and the indices of a family's member."""
    found = MEMBER.fullmatch(name) if name.endswith("]") else None
    if found is None:
        return name, None
    return found[1], tuple(int(index) for index in found[2].split(", "))


def _bound(
    old: Binding | None, text: str, key: tuple[int, ...] | None, ref: Ref, at: int
) -> Binding:
    """What a person's own name stands for from here on: a quantity, or a family with one member
    more.
    """
    if key is None:
        return ref
    family = Family(text, len(key), at)
    family.members = {**(old.members if isinstance(old, Family) else {}), key: ref}
    return family


def _reshaped(binding: Binding, shapes: Mapping[str, Shape]) -> Binding:
    """A binding with the new shapes of some quantities."""
    if isinstance(binding, Ref):
        return Ref(binding.name, shapes.get(binding.name, binding.shape))
    if isinstance(binding, Family):
        family = Family(binding.name, binding.arity, binding.at)
        for key, ref in binding.members.items():
            family.members[key] = Ref(ref.name, shapes.get(ref.name, ref.shape))
        return family
    return binding


def _is_zero(result: Operand) -> bool:
    return isinstance(result, Number) and result.value == 0


def _reference(text: str, key: tuple[int, ...] | None, at: int) -> ast.Code:
    """Code that names one of the person's own quantities."""
    name: ast.Code = (("name", text, at),)
    if key is None:
        return name
    indices = tuple(("number", str(index), at) for index in key)
    return (*name, *indices, ("index", (ast.AT,) * len(key), at))


def names_in(code: ast.Code) -> list[str]:
    """The names that code uses, those inside sums included."""
    found: list[str] = []
    waiting = [code]
    while waiting:
        for operation, argument, _ in waiting.pop():
            if operation == "name":
                found.append(argument)
            elif operation == "comprehension":
                waiting.append(argument.body)
    return found
