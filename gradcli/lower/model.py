"""Statements to a Program: equations, loops, definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradcli.errors import GradError, GradErrors, Span
from gradcli.lower import userop
from gradcli.lower.declarations import Options, finish
from gradcli.lower.emitter import Poisoned, Unknown
from gradcli.lower.functions import RECURRENCE
from gradcli.lower.names import (
    defined,
    has_sum,
    inner_names,
    instructions,
    local_names,
    targets,
    weight,
)
from gradcli.lower.results import Results
from gradcli.lower.scope import Definition, Family, Item, Ref, Scope, UserFunction
from gradcli.ops import FUNCTIONS
from gradcli.program import Input, Program, verify
from gradcli.sizes import ATOM, Number
from gradcli.suggest import suggestion
from gradcli.syntax import Parsed, ast


def lower(parsed: Parsed, options: Options | None = None) -> Program:
    """The Program of a model. Raises GradErrors with every error of the file."""
    lowering = Lowering(parsed, options or Options())
    return lowering.program()


class Lowering(Results):
    """Lowers one file. Errors are collected a statement at a time, so that one run reports all."""

    def __init__(self, parsed: Parsed, options: Options) -> None:
        super().__init__(parsed, options)
        self.poisoned |= parsed.broken
        self.rolling = self.options.rolled
        self.local_names: dict[str, int] = {}
        self.local_places = list(local_names(parsed.statements))
        self.make_user_op = lambda function, shapes, at: userop.make(self, function, shapes, at)
        self.handlers: dict[type, Callable[[Any, Scope], None]] = {
            ast.Layout: self._layout,
            ast.Dims: self._dims,
            ast.Declaration: self._declaration,
            ast.Equation: self._equation,
            ast.Loss: self._loss,
            ast.Given: self._given,
            ast.For: self._for,
            ast.Def: self._def,
            ast.UserOp: self._user_op,
        }

    def program(self) -> Program:
        statements = self.parsed.statements
        for name in defined(statements):
            self.later.setdefault(name.text, name.at)
        try:
            self.block(statements, self.file)
        except GradErrors as error:  # there is no going on
            raise GradErrors([*self.errors, *error.errors]) from None
        self._check_options()
        if not self.steps and not self.errors:
            self.errors.append(
                GradError(
                    "there is no equation in this file",
                    Span(self.source, 1, 1),
                    "an equation is written name = expression",
                )
            )
        given: tuple[Input, ...] = ()
        if not self.errors:
            given = self._resolve_given()
        if self.loss is not None and not self.errors:
            self._check_loss(*self.loss)
        if self.errors:
            raise GradErrors(self.errors)
        program = Program(
            source=self.source,
            sizes=self.sizes,
            layout=self.layout,
            inputs=tuple(self.inputs.values()),
            steps=tuple(self.steps),
            shapes=self.shapes,
            families={
                name: tuple(ref.name for ref in family.members.values())
                for name, family in self.families.items()
            },
            loss=self.loss[0] if self.loss else None,
            given=given,
            loops=tuple(self.loops),
            notes=tuple(self.notes[at] for at in sorted(self.notes)),
        )
        verify(program)
        return program

    # ── statements ──

    def block(self, statements: Sequence[Any], scope: Scope) -> None:
        """Lower statements. In the file and in loops an error ends its own statement alone."""
        for statement in statements:
            try:
                self.handlers[type(statement)](statement, scope)
            except GradError as error:
                if scope.kind == "def":
                    raise
                if error.span is None:
                    named = next(iter(defined((statement,))), None)
                    error.span = self.span(named.at) if named else None
                self._report(error)
                self._poison(statement)
            except Poisoned:
                if scope.kind == "def":
                    raise
                self._look_over(statement, scope)
                self._poison(statement)

    def _is_function(self, name: str, scope: Scope) -> bool:
        return name in FUNCTIONS or name in self.poisoned or scope.find(name) is not None

    def _look_over(self, statement: Any, scope: Scope) -> None:
        """Report the unknown names in a statement that another's error keeps from being lowered."""
        if not isinstance(statement, ast.Equation | ast.Loss):
            return
        for operation, argument, at in statement.value or ():
            try:
                if operation == "name":
                    self.lookup(argument, at, scope)
                elif operation == "call" and not self._is_function(argument[0], scope):
                    self._report(self.no_function(argument[0], at, scope))
            except GradError as error:
                self._report(error)
            except Poisoned:
                continue

    def elsewhere(self, name: str, at: int) -> str | None:
        for node in self.parsed.statements:
            if isinstance(node, ast.For) and node.variable.at < at and name in inner_names(node):
                family = f"a family, {name}[{node.variable.text}], outlives it"
                if name == node.variable.text:
                    family = "behind it the last step has its number"
                return f"{name} ends with its loop; {family}"
            if isinstance(node, ast.Def) and node.name.at < at and name in inner_names(node):
                return f"{name} is known inside {node.name.text} alone"
        return super().elsewhere(name, at)

    def _poison(self, statement: Any) -> None:
        self.poisoned |= {name.text for name in defined((statement,))}
        self.poisoned |= {name.text for name, _ in targets((statement,))}

    # ── equations and loops ──

    def _equation(self, node: ast.Equation, scope: Scope) -> None:
        self.define(node.target, node.value, scope)

    def define(self, target: ast.Target, code: ast.Code, scope: Scope, total: bool = False) -> Ref:
        """Lower an equation; its last operation carries the name on the left.

        total: whether the result is wanted as a scalar, as a loss is. Sums over a range then go
            over the entries of their terms too, where without that an array would be left.
        """
        name, at = target.name
        if target.members is None:
            self.check_new(target.name, scope)
        elif not isinstance(scope.find(name), Family):
            self._check_family_name(target.name, scope)
        before = len(self.steps)
        value = self._quantity(code, scope)
        if total and isinstance(value, Ref) and value.shape != self.one and has_sum(code):
            self.forget(before)
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
            scope.places[name] = at
            return value
        shown, rolled = self._shown_name(target.name, scope)
        ref = finish(self, value, shown, rolled, before, at)
        scope.names[name] = ref
        scope.places[name] = at
        self.named[shown] = at
        return ref

    def _quantity(self, code: ast.Code, scope: Scope) -> Ref | Number:
        item = self.run(code, scope)
        return self.value(item, code[0][2])

    def _shown_name(self, name: ast.Name, scope: Scope) -> tuple[str, str | None]:
        """A local name carries its loops' indices; a second loop's local of that name a number."""
        if scope.kind == "file":
            return name.text, None
        base = name.text
        first = self.local_names.setdefault(base, name.at)
        if first != name.at or base in self.later:
            places = sorted({at for n, at in self.local_places if n == base})
            base = f"{base}_{places.index(name.at) + 1 + (name.text in self.later)}"
            while base in self.used:
                base += "_"
        rolled = base + self.rolled_suffix if self.rolled_suffix else None
        return base + self.suffix, rolled

    def _check_family_name(self, name: ast.Name, scope: Scope) -> None:
        found = scope.find(name.text)
        if isinstance(found, Ref) and found.name == name.text:
            raise self.error(
                f"{name.text} is an array: its entries can't be assigned one by one",
                name.at,
                "give the new value a name of its own",
            )
        self.check_new(name, scope)

    def _define_member(
        self, target: ast.Target, value: Ref | Number, before: int, scope: Scope
    ) -> Ref:
        name, at = target.name
        assert target.members is not None
        bounds: list[Item] = [self.number(code, scope, "an index") for code in target.members]
        family = scope.find(name)
        if not isinstance(family, Family):
            family = Family(name, len(bounds), at)
            holder = scope.holder()
            holder.names[name] = family
            holder.places[name] = at
            if holder.kind == "file":
                self.families[name] = family
        key = self.member_key(family, bounds, at)
        member = f"{name}[{', '.join(map(str, key))}]"
        if key in family.members:
            line, _ = self.source.place(self.named.get(member, family.at))
            again = self.named.get(member) == at
            raise self.error(
                f"`{member}` is already defined "
                + ("in an iteration before" if again else f"in line {line}"),
                at,
                "a name is defined once, each member too",
            )
        if scope.holder().kind == "def":
            if isinstance(value, Number):
                value = finish(self, value, self.z(self.counter) + self.suffix, None, before, at)
                self.counter += 1
            family.members[key] = value
            return value
        rolled = None
        if self.rolled_suffix is not None:
            letters = [b.rolled or (b.text, ATOM) for b in bounds if isinstance(b, Number)]
            rolled = f"{name}[{', '.join(text for text, _ in letters)}]"
        ref = finish(self, value, member, rolled, before, at)
        family.members[key] = ref
        self.named[member] = at
        return ref

    def _for(self, node: ast.For, scope: Scope) -> None:
        first, last = self.interval(node.interval, scope)
        self.check_new(node.variable, scope)
        trips = last - first + 1
        self.enter(weight(node.body, scope), node.variable.at, trips)
        start, most, errors = self.counter, self.counter, len(self.errors)
        outer = self.suffix, self.rolled_suffix, self.indices, self.letters, self.trips
        self.trips *= trips
        iterations = []
        number = self.open_loop(node.variable, node.interval, scope)
        try:
            for t in range(first, last + 1):
                self.counter = start
                begin = len(self.steps)
                self.block(node.body, self.iteration(scope, node.variable, t, outer))
                iterations.append((begin, len(self.steps)))
                most = max(most, self.counter)
                if len(self.errors) > errors:
                    break
        finally:
            self.counter = most
            self.suffix, self.rolled_suffix, self.indices, self.letters, self.trips = outer
            self.depth -= 1
        self.close_loop(number, iterations)

    # ── definitions ──

    def _check_function(self, name: ast.Name, parameters: Sequence[ast.Name], scope: Scope) -> None:
        self._only_in_file("def", name.at, scope)
        if name.text in FUNCTIONS:
            raise self.error(
                f"`{name.text}` is a function of the language", name.at, "choose another name"
            )
        self.check_new(name, scope)
        seen: set[str] = set()
        for parameter in parameters:
            if parameter.text in seen:
                raise self.error(f"the parameter `{parameter.text}` stands twice", parameter.at)
            seen.add(parameter.text)

    def _def(self, node: ast.Def, scope: Scope) -> None:
        self._check_function(node.name, node.parameters, scope)
        body = (*node.body, ast.Equation(ast.Target(node.name, None), node.result))
        self._check_recursion(node.name, body)
        self._check_names(node, body, scope)
        scope.names[node.name.text] = Definition(node, weight(body, scope))
        scope.places[node.name.text] = node.name.at

    def _check_names(self, node: ast.Def, body: Sequence[Any], scope: Scope) -> None:
        """Raise GradError for a name in a definition that nothing in the file defines."""
        inner = inner_names(node) | {name.text for name, _ in targets(node.body)}
        elsewhere = (inner, scope.names, self.later, FUNCTIONS, self.poisoned)
        for operation, argument, at in instructions(body):
            if operation == "comprehension":
                inner.add(argument.variable.text)
            if operation not in ("name", "call"):
                continue
            name = argument if operation == "name" else argument[0]
            if any(name in known for known in elsewhere):
                continue
            if operation == "call":
                raise self.no_function(name, at, scope)
            hint = suggestion(name, inner | set(scope.names) | set(self.later))
            raise Unknown(name, self.span(at), hint)

    def _check_recursion(self, name: ast.Name, body: Sequence[Any]) -> None:
        for operation, argument, at in instructions(body):
            if operation == "call" and argument[0] == name.text:
                raise self.error(f"`{name.text}` calls itself", at, RECURRENCE)

    def _user_op(self, node: ast.UserOp, scope: Scope) -> None:
        self._check_function(node.name, node.parameters, scope)
        body = (ast.Equation(ast.Target(node.name, None), node.result),)
        self._check_recursion(node.name, body)
        userop.check_rule(self, node)
        scope.names[node.name.text] = UserFunction(node, weight(body, scope), {})
        scope.places[node.name.text] = node.name.at
