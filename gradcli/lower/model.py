"""Statements to a Program: declarations, equations, loops, definitions, what is differentiated."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.errors import MOST_ERRORS, GradError, GradErrors, Note, Span
from gradcli.lower import userop
from gradcli.lower.machine import RECURRENCE, Machine, Poisoned, Unknown, begin
from gradcli.lower.numbers import of_size, worth
from gradcli.lower.scope import (
    Definition,
    Family,
    Item,
    Ref,
    Scope,
    UserFunction,
)
from gradcli.ops import FUNCTIONS, TABLE
from gradcli.program import Drawn, FromFile, Input, Program, verify
from gradcli.sizes import ATOM, Number, Shape, Sizes, is_scalar, numbers, same, spell
from gradcli.suggest import suggestion
from gradcli.syntax import Parsed, ast

LAYOUTS = ("numerator", "denominator")
MOST_MEMBERS = 100_000
DISTRIBUTIONS = {"normal": ("mean", "deviation"), "uniform": ("low", "high")}


class Options(NamedTuple):
    """What comes from outside a model: its dims' values, the arrays bound to its names, limits."""

    dims: Mapping[str, int] = {}
    data: Mapping[str, Any] = {}
    max_elements: int = 10**8
    rolled: bool = False  # whether loops are recorded for the rolled view


def lower(parsed: Parsed, options: Options | None = None) -> Program:
    """The Program of a model. Raises GradErrors with every error of the file."""
    lowering = Lowering(parsed, options or Options())
    return lowering.program()


class Lowering(Machine):
    """Lowers one file. Errors are collected a statement at a time, so that one run reports all."""

    def __init__(self, parsed: Parsed, options: Options) -> None:
        super().__init__(parsed.source, Sizes(), parsed.names(), options.max_elements)
        self.parsed = parsed
        self.options = options
        self.errors: list[GradError] = list(parsed.errors)
        self.poisoned |= parsed.broken
        self.layout = "numerator"
        self.inputs: dict[str, Input] = {}
        self.families: dict[str, Family] = {}
        self.loss: tuple[str, int] | None = None
        self.given_items: list[tuple[ast.GivenItem, Scope]] = []
        self.rolling = self.options.rolled
        self.local_names: dict[str, int] = {}
        self.local_places = list(_local_names(parsed.statements))
        self.named: dict[str, int] = {}  # the left-hand sides, in order, with their offsets
        self.file = Scope("file", None)
        self.file.names["pi"] = Number(3.141592653589793, None, "pi", ATOM)
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
        for name in _defined(statements):
            self.later.setdefault(name.text, name.at)
        self.block(statements, self.file)
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

    def _check_options(self) -> None:
        for name in self.options.dims:
            if name not in self.sizes.dims and name not in self.poisoned:
                hint = suggestion(name, self.sizes.dims)
                self.errors.append(
                    GradError(f"--dim {name}: the model has no dim `{name}`", hint=hint)
                )

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
                    named = next(iter(_defined((statement,))), None)
                    error.span = self.span(named.at) if named else None
                self._report(error)
                self._poison(statement)
            except Poisoned:
                if scope.kind == "def":
                    raise
                self._poison(statement)

    def _report(self, error: GradError) -> None:
        """Keep an error and go on, unless there are too many."""
        self.errors.append(error)
        if len(self.errors) >= MOST_ERRORS:
            raise GradErrors(self.errors)

    def elsewhere(self, name: str, at: int) -> str | None:
        for node in self.parsed.statements:
            if isinstance(node, ast.For) and node.variable.at < at and name in _inner_names(node):
                family = f"a family, {name}[{node.variable.text}], outlives it"
                if name == node.variable.text:
                    family = "behind it the last step has its number"
                return f"{name} ends with its loop; {family}"
            if isinstance(node, ast.Def) and node.name.at < at and name in _inner_names(node):
                return f"{name} is known inside {node.name.text} alone"
        return super().elsewhere(name, at)

    def _poison(self, statement: Any) -> None:
        self.poisoned |= {name.text for name in _defined((statement,))}
        self.poisoned |= {name.text for name, _ in _targets((statement,))}

    def _only_in_file(self, what: str, at: int, scope: Scope) -> None:
        if scope.kind != "file":
            raise self.error(
                f"`{what}` does not stand inside a block", at, "move it out of the block"
            )

    def _layout(self, node: ast.Layout, scope: Scope) -> None:
        self._only_in_file("layout", node.name.at, scope)
        if node.name.text not in LAYOUTS:
            raise self.error(
                f"there is no layout `{node.name.text}`", node.name.at, "numerator or denominator"
            )
        if self.parsed.statements[0] is not node:
            raise self.error(
                "`layout` stands at the head of the file", node.name.at, "move it above the rest"
            )
        self.layout = node.name.text

    def _dims(self, node: ast.Dims, scope: Scope) -> None:
        for name, code in node.items:
            self._only_in_file("dim", name.at, scope)
            self.check_new(name, scope)
            given = self.options.dims.get(name.text)
            if given is not None:
                if given < 1:
                    raise self.error(f"a size is positive, not --dim {name.text}={given}", name.at)
                size = self.sizes.symbol(name.text, given)
            elif code is not None:
                size = self._sized(name, code, scope)
            else:
                size = self.sizes.symbol(name.text, self._from_data(name))
            scope.names[name.text] = of_size(size)._replace(text=name.text, precedence=ATOM)
            scope.places[name.text] = name.at

    def _sized(self, name: ast.Name, code: ast.Code, scope: Scope) -> Any:
        number = self.number(code, scope, "a size")
        if number.value < 1:
            raise self.error(f"a size is positive, not {worth(number)}", begin(code))
        if len(code) == 1 and code[0][0] == "number":
            return self.sizes.symbol(name.text, int(number.value))
        size = number.size
        assert size is not None
        if size.is_constant:
            return self.sizes.symbol(name.text, int(number.value))
        return self.sizes.alias(name.text, size)

    def _from_data(self, name: ast.Name) -> int:
        """The value of a dim that has none in the file."""
        own = self.options.data.get(name.text)
        if own is not None:
            if own.size != 1 or float(own.flat[0]) != int(own.flat[0]) or own.flat[0] < 1:
                raise self.error(f"the data's {name.text} is not a positive whole number", name.at)
            return int(own.flat[0])
        reference = (("name", name.text),)
        for node in self.parsed.statements:
            if not isinstance(node, ast.Declaration):
                continue
            for item in node.items:
                found = self._size_in_data(item, reference)
                if found is not None:
                    return found
        raise self.error(
            f"the dim {name.text} has no value",
            name.at,
            f"write dim {name.text} = 4, or give --dim {name.text}=4",
        )

    def _size_in_data(self, item: ast.Declared, reference: Any) -> int | None:
        """The size that the data, or a literal, gives to a dim that a declaration names alone."""

        def names(code: ast.Code) -> bool:
            return bool(tuple(instruction[:2] for instruction in code) == reference)

        prefix = item.name.text + "["
        members = [key for key in self.options.data if key.startswith(prefix)]
        if (
            item.family is not None
            and len(item.family) == 1
            and names(item.family[0].last)
            and members
        ):
            return max(
                int(key[len(prefix) : -1]) for key in members if key[len(prefix) : -1].isdigit()
            )
        keys = [item.name.text] if item.family is None else members
        arrays = [self.options.data[key] for key in keys if key in self.options.data]
        for axis, code in enumerate(item.shape or ()):
            if not names(code):
                continue
            for array in arrays:
                if array.ndim > axis:
                    return int(array.shape[axis])
            size = self._size_of_literal(item.value, axis)
            if size is not None:
                return size
        return None

    def _size_of_literal(self, value: ast.Value, axis: int) -> int | None:
        if not isinstance(value, tuple) or isinstance(value, ast.Draw):
            return None
        code: ast.Code = value
        if any(instruction[0] not in ("number", "unary", "column") for instruction in code):
            return None
        shape = numbers(self._constant_program(code, self.file).shapes["value"])
        return shape[axis] if axis < len(shape) else None

    # ── declarations ──

    def _declaration(self, node: ast.Declaration, scope: Scope) -> None:
        for item in node.items:
            self._only_in_file(node.role, item.name.at, scope)
            try:
                self._declare(node.role, item, scope)
            except GradError as error:
                self._report(error)
                self.poisoned.add(item.name.text)
            except Poisoned:
                self.poisoned.add(item.name.text)

    def _declare(self, role: str, item: ast.Declared, scope: Scope) -> None:
        name, at = item.name
        self.check_new(item.name, scope)
        shape = self._declared_shape(item, scope)
        value, natural = self._value(item.value, scope, at)
        if shape is None:
            shape = natural or self.one
        elif natural is not None and numbers(natural) != numbers(shape):
            stated = "×".join(map(str, numbers(shape)))
            stated = stated if stated == spell(shape) else f"{spell(shape)} = {stated}"
            assert item.value is not None
            assert not isinstance(item.value, ast.Draw)
            place = begin(item.value)
            raise self.error(
                f"{name} is {stated}, but its value is {'×'.join(map(str, numbers(natural)))}",
                place,
                "it looks transposed" if numbers(natural) == numbers(shape)[::-1] else None,
            )
        size = self.check_size(shape, at)
        scope.places[name] = at
        if item.family is None:
            self.take(size, at)
            scope.names[name] = self._bind_input(name, role, shape, value, at)
            return
        family = Family(name, len(item.family), at)
        scope.names[name] = self.families[name] = family
        for key in self._members(item.family, scope, at):
            member = f"{name}[{', '.join(map(str, key))}]"
            self.take(size, at)
            family.members[key] = self._bind_input(member, role, shape, value, at)

    def _bind_input(self, name: str, role: str, shape: Shape, value: Any, at: int) -> Ref:
        self.inputs[name] = Input(name, role, shape, value, at)
        self.shapes[name] = shape
        return Ref(name, shape)

    def _members(
        self, intervals: Sequence[ast.Interval], scope: Scope, at: int
    ) -> Iterable[tuple[int, ...]]:
        bounds = [self.interval(interval, scope) for interval in intervals]
        count = 1
        for first, last in bounds:
            count *= last - first + 1
        if count > MOST_MEMBERS:
            raise self.error(f"a family of {count:,} members; {MOST_MEMBERS:,} are the limit", at)
        return itertools.product(*(range(first, last + 1) for first, last in bounds))

    def _declared_shape(self, item: ast.Declared, scope: Scope) -> Shape | None:
        if item.shape is None:
            return None
        sizes = [self.number(code, scope, "a size") for code in item.shape]
        for number, code in zip(sizes, item.shape, strict=True):
            if number.value < 1:
                raise self.error(f"a size is positive, not {worth(number)}", begin(code))
        return self.shape(sizes, item.name.at)

    def _value(self, value: ast.Value, scope: Scope, at: int) -> tuple[Any, Shape | None]:
        """How a declared value is had, and the shape that it brings with it."""
        if value is None:
            return None, None
        if isinstance(value, ast.Draw):
            return self._drawn(value, scope), None
        if value[-1][0] == "call" and value[-1][1][0] == "file":
            return self._file(value, scope)
        program = self._constant_program(value, scope)
        return program, program.shapes["value"]

    def _file(self, code: ast.Code, scope: Scope) -> tuple[Any, Shape | None]:
        from gradcli.values import load_npy

        if len(code) != 2 or code[0][0] != "string":
            raise self.error('write file("name.npy")', code[-1][2])
        at = code[0][2]
        found = FromFile(code[0][1], at)
        array = load_npy(found.path, self.span(at), self.max_elements)
        shape = tuple(self.sizes.literal(n) for n in array.shape)
        if len(shape) < 2:
            shape = (*shape, *self.one)[:2] if shape else self.one
        return found, shape

    def _drawn(self, draw: ast.Draw, scope: Scope) -> Drawn:
        name, at = draw.distribution
        if name not in DISTRIBUTIONS:
            hint = (
                suggestion(name, DISTRIBUTIONS) or "normal(mean, deviation) or uniform(low, high)"
            )
            raise self.error(f"there is no distribution `{name}`", at, hint)
        parameters = DISTRIBUTIONS[name]
        if len(draw.arguments) != len(parameters):
            raise self.error(f"{name} takes two arguments: {', '.join(parameters)}", at)
        values = []
        for code in draw.arguments:
            item = self.run(code, scope)
            if not isinstance(item, Number):
                raise self.error(f"{name} takes plain numbers", code[0][2])
            values.append(float(item.value))
        if name == "normal" and values[1] < 0:
            raise self.error("a deviation is not negative", draw.arguments[1][0][2])
        if name == "uniform" and values[0] >= values[1]:
            raise self.error(f"uniform({values[0]:g}, {values[1]:g}): low is not below high", at)
        return Drawn(name, tuple(values))

    def _constant_program(self, code: ast.Code, scope: Scope) -> Program:
        """An expression over constants as a Program of its own, whose last step is `value`."""
        inner = Constants(self)
        constants = Scope("file", None)
        for name, found in scope.names.items():
            if isinstance(found, Number):
                constants.names[name] = found
        item = inner.value(inner.run(code, constants), code[0][2])
        finish(inner, item, "value", None, 0, code[0][2])
        return Program(
            self.source, self.sizes, self.layout, (), tuple(inner.steps), inner.shapes,
            {}, None, (), (), (),
        )  # fmt: skip

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
        if total and isinstance(value, Ref) and value.shape != self.one and _has_sum(code):
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
        self.enter(_weight(node.body, scope), node.variable.at, trips)
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
        weight = _weight(body, scope)
        scope.names[node.name.text] = Definition(node, weight)
        scope.places[node.name.text] = node.name.at

    def _check_names(self, node: ast.Def, body: Sequence[Any], scope: Scope) -> None:
        """Raise GradError for a name in a definition that nothing in the file defines."""
        inner = _inner_names(node) | {name.text for name, _ in _targets(node.body)}
        elsewhere = (inner, scope.names, self.later, FUNCTIONS, self.poisoned)
        for operation, argument, at in _instructions(body):
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
        for operation, argument, at in _instructions(body):
            if operation == "call" and argument[0] == name.text:
                raise self.error(f"`{name.text}` calls itself", at, RECURRENCE)

    def _user_op(self, node: ast.UserOp, scope: Scope) -> None:
        self._check_function(node.name, node.parameters, scope)
        body = (ast.Equation(ast.Target(node.name, None), node.result),)
        self._check_recursion(node.name, body)
        userop.check_rule(self, node)
        scope.names[node.name.text] = UserFunction(node, _weight(body, scope), {})
        scope.places[node.name.text] = node.name.at

    # ── what is differentiated ──

    def _loss(self, node: ast.Loss, scope: Scope) -> None:
        self._only_in_file("loss", node.target.name.at, scope)
        at = node.target.name.at
        if self.loss is not None:
            line, _ = self.source.place(self.loss[1])
            raise self.error(
                f"a second loss; line {line} has the first", at, "add them up: loss L = L1 + L2"
            )
        if node.value is not None:
            self.loss = self.define(node.target, node.value, scope, total=True).name, at
        else:
            self.loss = self._existing(node.target, scope).name, at

    def _existing(self, target: ast.Target, scope: Scope) -> Ref:
        """What `loss L` names. Raises GradError for what is no single computed quantity."""
        name, at = target.name
        found = self._target(target, scope)
        if target.members is None and isinstance(scope.find(name), Family):
            raise self.error(
                f"a loss is a scalar, but {name} is a family",
                at,
                f"loss L = sum({name}[t] for t in …)",
            )
        if found[0].name in self.inputs:
            raise self.error(f"a loss is computed, but {name} is declared", at)
        return found[0]

    def _check_loss(self, name: str, at: int) -> None:
        shape = self.shapes[name]
        one = numbers(shape) == (1, 1)
        if not one or any(same(size, self.one[0]) is None for size in shape):
            raise GradErrors(
                [
                    self.error(
                        f"a loss is a scalar, but {name} is {spell(shape)}",
                        at,
                        f"sum it, or write `given dL/d{name}`",
                    )
                ]
            )

    def _target(self, target: ast.Target, scope: Scope) -> list[Ref]:
        """The quantities that a target names: one, a member, or all members of a family."""
        found = self.lookup(target.name.text, target.name.at, scope)
        if target.members is None:
            if isinstance(found, Family):
                return list(found.members.values())
        else:
            if not isinstance(found, Family):
                raise self.error(
                    f"{target.name.text} is not a family",
                    target.name.at,
                    f"the whole is dL/d{target.name.text}; "
                    "its entries are given by a value behind `=`",
                )
            bounds: list[Item] = [self.number(code, scope, "an index") for code in target.members]
            kinds = (ast.AT,) * len(bounds)
            found = self._member(found, kinds, bounds, target.name.at)
        if not isinstance(found, Ref):
            raise self.error(
                f"{target.name.text} is a number and has no derivative", target.name.at
            )
        return [found]

    def _given(self, node: ast.Given, scope: Scope) -> None:
        for item in node.items:
            self._only_in_file("given", item.target.name.at, scope)
            self.given_items.append((item, scope))

    def _resolve_given(self) -> tuple[Input, ...]:
        """What arrives from above: as stated, or every unused result."""
        found: dict[str, Input] = {}
        for item, scope in self.given_items:
            try:
                self._resolve(item, scope, found)
            except GradError as error:
                self.errors.append(error)
        if self.loss is None and not self.given_items:
            unused = self._unused()
            single = unused[0] if len(unused) == 1 else None
            if single is not None and is_scalar(self.shapes[single]):
                self.loss = single, self.named[single]
                self.notes[-1] = Note(f"{single} is taken as the loss: nothing else is unused")
            else:
                names = ", ".join(f"dL/d{name}" for name in unused[:8]) + (
                    ", …" if unused[8:] else ""
                )
                self.notes[-1] = Note(
                    f"no loss and no given: {names} taken as given, with drawn values"
                )
                for name in unused:
                    found[name] = Input(name, "given", self.shapes[name], None, self.named[name])
        return tuple(found.values())

    def _resolve(self, item: ast.GivenItem, scope: Scope, found: dict[str, Input]) -> None:
        at = item.target.name.at
        value, natural = self._value(item.value, scope, at)
        for ref in self._target(item.target, scope):
            if ref.name in self.inputs:
                raise self.error(f"{ref.name} is not computed, so no derivative arrives for it", at)
            if ref.name in found:
                raise self.error(f"dL/d{ref.name} is given twice", at)
            if natural is not None and numbers(natural) != numbers(ref.shape):
                raise self.error(
                    f"dL/d{ref.name} is given in {ref.name}'s own shape, "
                    f"{'×'.join(map(str, numbers(ref.shape)))}, "
                    f"but its value is {'×'.join(map(str, numbers(natural)))}",
                    at,
                )
            found[ref.name] = Input(ref.name, "given", ref.shape, value, at)

    def _unused(self) -> list[str]:
        used = {arg for step in self.steps for arg in step.args}
        return [name for name in self.named if name not in used]


class Constants(Machine):
    """Lowers a declared value: only numbers, sizes and functions are known."""

    def __init__(self, lowering: Lowering) -> None:
        super().__init__(lowering.source, lowering.sizes, lowering.used, lowering.max_elements)
        self.lowering = lowering

    def unknown(self, name: str, at: int, scope: Scope) -> Exception:
        if isinstance(self.lowering.file.find(name), Ref | Family):
            return self.error(
                f"a declared value is made of numbers and sizes; {name} is a quantity",
                at,
                "what is computed is an equation: name = expression",
            )
        return self.lowering.unknown(name, at, self.lowering.file)


def finish(
    machine: Machine, value: Ref | Number, name: str, rolled: str | None, before: int, at: int
) -> Ref:
    """Bind an equation's value to its name: the last step takes it, or a copy is made."""
    steps = machine.steps
    if isinstance(value, Ref) and len(steps) > before and value.name == steps[-1].name:
        return machine.rename(value, name, rolled)
    ref = machine.emit(TABLE["copy"], (value,), (), at)
    return machine.rename(ref, name, rolled)


def _has_sum(code: ast.Code) -> bool:
    return any(operation == "comprehension" for operation, _, _ in code)


def _defined(statements: Iterable[Any]) -> list[ast.Name]:
    """The names that statements define for the file, loops' locals left out."""
    found: list[ast.Name] = []
    for node in statements:
        if isinstance(node, ast.Equation | ast.Loss):
            if not isinstance(node, ast.Loss) or node.value is not None:
                found.append(node.target.name)
        elif isinstance(node, ast.Dims | ast.Declaration):
            found += [item.name for item in node.items]
        elif isinstance(node, ast.Def | ast.UserOp):
            found.append(node.name)
        elif isinstance(node, ast.For):
            found += [n for n, members in _targets(node.body) if members]
    return found


def _targets(statements: Iterable[Any]) -> Iterable[tuple[ast.Name, bool]]:
    """The left-hand sides inside loops, and whether each is a family's member."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.For):
            waiting.extend(node.body)
        elif isinstance(node, ast.Equation):
            yield node.target.name, node.target.members is not None


def _inner_names(node: ast.For | ast.Def) -> set[str]:
    """The names that end with a block: loop variables, parameters, what is defined inside."""
    names = {name.text for name, member in _targets(node.body) if not member}
    loops = [node]
    while loops:
        block = loops.pop()
        heads = block.parameters if isinstance(block, ast.Def) else (block.variable,)
        names |= {head.text for head in heads}
        loops += [inner for inner in block.body if isinstance(inner, ast.For)]
    return names


def _local_names(statements: Iterable[Any]) -> Iterable[tuple[str, int]]:
    for node in statements:
        if isinstance(node, ast.For):
            for name, member in _targets(node.body):
                if not member:
                    yield name.text, name.at


def _instructions(statements: Iterable[Any]) -> Iterable[ast.Instruction]:
    """Every instruction of statements, those of sums included."""
    waiting: list[Any] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.For):
            waiting.extend(node.body)
            waiting += [node.interval.first, node.interval.last]
        elif isinstance(node, ast.Equation):
            waiting.append(node.value)
        elif type(node) is tuple:  # code; what else stands in a block is refused there
            for instruction in node:
                yield instruction
                if instruction[0] == "comprehension":
                    waiting.append(instruction[1].body)


def _weight(statements: Iterable[Any], scope: Scope) -> int:
    """How many operations statements unroll to, ranges inside them counted once."""
    weight = 0
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.For):
            waiting.extend(node.body)
        elif isinstance(node, ast.Equation):
            weight += max(1, _operations(node.value, scope))
    return weight


def _operations(code: ast.Code, scope: Scope) -> int:
    count = 0
    for operation, argument, _ in _instructions((code,)):
        count += operation not in ("name", "number", "string")
        if operation == "call":
            found = scope.find(argument[0])
            if isinstance(found, Definition | UserFunction):
                count += found.weight
    return count
