"""Statements to a Program: equations, loops, definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.errors import GradError, GradErrors, Span
from gradcli.lower import userop
from gradcli.lower.declarations import Options
from gradcli.lower.emitter import Poisoned, Unknown
from gradcli.lower.functions import RECURRENCE
from gradcli.lower.names import (
    defined,
    inner_names,
    instructions,
    local_names,
    targets,
    weight,
)
from gradcli.lower.results import Results
from gradcli.lower.scope import Definition, Scope, UserFunction
from gradcli.ops import FUNCTIONS
from gradcli.program import Input, Program, verify
from gradcli.suggest import suggestion
from gradcli.syntax import Parsed, ast
from gradcli.syntax.ast import Place


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
        self.local_places = list(local_names(parsed.statements))
        self.make_user_op = lambda function, shapes, place: userop.make(
            self, function, shapes, place
        )
        self.handlers |= {
            ast.Layout: self._layout,
            ast.Dims: self._dims,
            ast.Declaration: self._declaration,
            ast.Loss: self._loss,
            ast.Given: self._given,
            ast.Def: self._def,
            ast.UserOp: self._user_op,
        }

    def program(self) -> Program:
        statements = self.parsed.statements
        for name in defined(statements):
            self.later.setdefault(name.text, name.place)
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
            notes=tuple(self.notes[place] for place in sorted(self.notes)),
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
                    error.span = self.span(named.place) if named else None
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
        for operation, argument, place in statement.value or ():
            try:
                if operation == "name":
                    self.lookup(argument, place, scope)
                elif operation == "call" and not self._is_function(argument[0], scope):
                    self._report(self.no_function(argument[0], place, scope))
            except GradError as error:
                self._report(error)
            except Poisoned:
                continue

    def elsewhere(self, name: str, place: Place) -> str | None:
        for node in self.parsed.statements:
            if (
                isinstance(node, ast.For)
                and node.variable.place[0] < place[0]
                and name in inner_names(node)
            ):
                family = f"a family, {name}[{node.variable.text}], outlives it"
                if name == node.variable.text:
                    family = "behind it the last step has its number"
                return f"{name} ends with its loop; {family}"
            if (
                isinstance(node, ast.Def)
                and node.name.place[0] < place[0]
                and name in inner_names(node)
            ):
                return f"{name} is known inside {node.name.text} alone"
        return super().elsewhere(name, place)

    def _poison(self, statement: Any) -> None:
        self.poisoned |= {name.text for name in defined((statement,))}
        self.poisoned |= {name.text for name, _ in targets((statement,))}

    # ── definitions ──

    def _check_function(self, name: ast.Name, parameters: Sequence[ast.Name], scope: Scope) -> None:
        self._only_in_file("def", name.place, scope)
        if name.text in FUNCTIONS:
            raise self.error(
                f"`{name.text}` is a function of the language", name.place, "choose another name"
            )
        self.check_new(name, scope)
        seen: set[str] = set()
        for parameter in parameters:
            if parameter.text in seen:
                raise self.error(f"the parameter `{parameter.text}` stands twice", parameter.place)
            seen.add(parameter.text)

    def _def(self, node: ast.Def, scope: Scope) -> None:
        self._check_function(node.name, node.parameters, scope)
        body = (*node.body, ast.Equation(ast.Target(node.name, None), node.result))
        self._check_recursion(node.name, body)
        self._check_names(node, body, scope)
        scope.names[node.name.text] = Definition(node, weight(body, scope))
        scope.places[node.name.text] = node.name.place

    def _check_names(self, node: ast.Def, body: Sequence[Any], scope: Scope) -> None:
        """Raise GradError for a name in a definition that nothing in the file defines."""
        inner = inner_names(node) | {name.text for name, _ in targets(node.body)}
        elsewhere = (inner, scope.names, self.later, FUNCTIONS, self.poisoned)
        for operation, argument, place in instructions(body):
            if operation == "comprehension":
                inner.add(argument.variable.text)
            if operation not in ("name", "call"):
                continue
            name = argument if operation == "name" else argument[0]
            if any(name in known for known in elsewhere):
                continue
            if operation == "call":
                raise self.no_function(name, place, scope)
            hint = suggestion(name, inner | set(scope.names) | set(self.later))
            raise Unknown(name, self.span(place), hint)

    def _check_recursion(self, name: ast.Name, body: Sequence[Any]) -> None:
        for operation, argument, place in instructions(body):
            if operation == "call" and argument[0] == name.text:
                raise self.error(f"`{name.text}` calls itself", place, RECURRENCE)

    def _user_op(self, node: ast.UserOp, scope: Scope) -> None:
        self._check_function(node.name, node.parameters, scope)
        body = (ast.Equation(ast.Target(node.name, None), node.result),)
        self._check_recursion(node.name, body)
        userop.check_rule(self, node)
        scope.names[node.name.text] = UserFunction(node, weight(body, scope), {})
        scope.places[node.name.text] = node.name.place
