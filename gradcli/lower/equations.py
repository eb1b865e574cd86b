"""Equations and loops: what a file, a loop and the body of a definition have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradcli.errors import GradError, Source
from gradcli.lower.machine import Machine
from gradcli.lower.names import has_sum, weight
from gradcli.lower.scope import Family, Item, Ref, Scope
from gradcli.ops import TABLE
from gradcli.sizes import ATOM, Number, Sizes
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


class Equations(Machine):
    """Lowers the statements that may stand in a block."""

    def __init__(
        self,
        source: Source,
        signs: Mapping[Place, Place],
        sizes: Sizes,
        used: frozenset[str],
        max_elements: int,
    ) -> None:
        super().__init__(source, signs, sizes, used, max_elements)
        self.errors: list[GradError] = []
        self.families: dict[str, Family] = {}
        self.named: dict[str, Place] = {}  # the left-hand sides, in order
        self.local_names: dict[str, Place] = {}
        self.local_places: list[tuple[str, Place]] = []
        self.handlers: dict[type, Callable[[Any, Scope], None]] = {
            ast.Equation: self._equation,
            ast.For: self._for,
        }

    def block(self, statements: Sequence[Any], scope: Scope) -> None:
        """Lower statements, up to the first that has an error."""
        for statement in statements:
            self.handlers[type(statement)](statement, scope)

    def _equation(self, node: ast.Equation, scope: Scope) -> None:
        self.define(node.target, node.value, scope)

    def define(self, target: ast.Target, code: ast.Code, scope: Scope, total: bool = False) -> Ref:
        """Lower an equation; its last operation carries the name on the left.

        total: whether the result is wanted as a scalar, as a loss is. Sums over a range then go
            over the entries of their terms too, where without that an array would be left.
        """
        name, place = target.name
        if target.members is None:
            self.check_new(target.name, scope)
        elif not isinstance(scope.find(name), Family):
            self._check_family_name(target.name, scope)
        mark = self.mark()
        before = mark.steps
        value = self._quantity(code, scope)
        if total and isinstance(value, Ref) and value.shape != self.one and has_sum(code):
            self.forget(mark)
            self.totals = True
            value = self._quantity(code, scope)
            self.totals = False
        if target.members is not None:
            return self._define_member(target, value, before, scope)
        if scope.kind == "def":
            # The inner names of a definition are the tool's: its operations keep their z names.
            if isinstance(value, Number):
                scope.names[name] = value
                return Ref(name, self.one)
            scope.names[name] = value
            scope.places[name] = place
            return value
        shown, rolled = self._shown_name(target.name, scope)
        ref = finish(self, value, shown, rolled, before, place)
        scope.names[name] = ref
        scope.places[name] = place
        self.named[shown] = place
        return ref

    def _quantity(self, code: ast.Code, scope: Scope) -> Ref | Number:
        item = self.run(code, scope)
        return self.value(item, ast.extent(code))

    def _shown_name(self, name: ast.Name, scope: Scope) -> tuple[str, str | None]:
        """A local name carries its loops' indices; a second loop's local of that name a number."""
        if scope.kind == "file":
            return name.text, None
        base = name.text
        first = self.local_names.setdefault(base, name.place)
        if first != name.place or base in self.later:
            places = sorted({place for n, place in self.local_places if n == base})
            base = f"{base}_{places.index(name.place) + 1 + (name.text in self.later)}"
            while base in self.used:
                base += "_"
        rolled = base + self.rolled_suffix if self.rolled_suffix else None
        return base + self.suffix, rolled

    def _check_family_name(self, name: ast.Name, scope: Scope) -> None:
        found = scope.find(name.text)
        if isinstance(found, Ref) and found.name == name.text:
            raise self.error(
                f"{name.text} is an array: its entries can't be assigned one by one",
                name.place,
                "give the new value a name of its own",
            )
        self.check_new(name, scope)

    def _define_member(
        self, target: ast.Target, value: Ref | Number, before: int, scope: Scope
    ) -> Ref:
        name, place = target.name
        assert target.members is not None
        bounds: list[Item] = [self.number(code, scope, "an index") for code in target.members]
        family = scope.find(name)
        if not isinstance(family, Family):
            family = Family(name, len(bounds), place)
            holder = scope.holder()
            holder.names[name] = family
            holder.places[name] = place
            if holder.kind == "file":
                self.families[name] = family
        key = self.member_key(family, bounds, place)
        member = f"{name}[{', '.join(map(str, key))}]"
        if key in family.members:
            line, _ = self.source.place(self.named.get(member, family.place)[0])
            again = self.named.get(member) == place
            raise self.error(
                f"`{member}` is already defined "
                + ("in an iteration before" if again else f"in line {line}"),
                place,
                "a name is defined once, each member too",
            )
        if scope.holder().kind == "def":
            if isinstance(value, Number):
                value = finish(self, value, self.z(self.counter) + self.suffix, None, before, place)
                self.counter += 1
            family.members[key] = value
            return value
        rolled = None
        if self.rolled_suffix is not None:
            letters = [b.rolled or (b.text, ATOM) for b in bounds if isinstance(b, Number)]
            rolled = f"{name}[{', '.join(text for text, _ in letters)}]"
        ref = finish(self, value, member, rolled, before, place)
        family.members[key] = ref
        self.named[member] = place
        return ref

    def _for(self, node: ast.For, scope: Scope) -> None:
        errors = len(self.errors)
        size = weight(node.body, scope)
        looping = self.looping(node.variable, node.interval, scope, size, node.variable.place)
        with looping as iterations:
            for inner in iterations:
                self.block(node.body, inner)
                if len(self.errors) > errors:
                    break


def finish(
    machine: Machine, value: Ref | Number, name: str, rolled: str | None, before: int, place: Place
) -> Ref:
    """Bind an equation's value to its name: the last step takes it, or a copy is made."""
    steps = machine.steps
    if isinstance(value, Ref) and len(steps) > before and value.name == steps[-1].name:
        return machine.rename(value, name, rolled)
    ref = machine.emit(TABLE["copy"], (value,), (), place)
    return machine.rename(ref, name, rolled)
