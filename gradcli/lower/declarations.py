"""Declarations: layout, dims and where their values come from, inputs and their values."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.errors import MOST_ERRORS, GradError, GradErrors
from gradcli.lower.emitter import Poisoned
from gradcli.lower.equations import Equations, finish
from gradcli.lower.limits import MOST_MEMBERS
from gradcli.lower.numbers import PI, of_size, worth
from gradcli.lower.operands import begin
from gradcli.lower.scope import Definition, Family, Ref, Scope
from gradcli.program import LAYOUTS, Drawn, FromFile, Input, Program
from gradcli.sizes import ATOM, Number, Shape, Sizes, numbers, spell
from gradcli.suggest import suggestion
from gradcli.syntax import Parsed, ast

DISTRIBUTIONS = {"normal": ("mean", "deviation"), "uniform": ("low", "high")}


class Options(NamedTuple):
    """What comes from outside a model: its dims' values, the arrays bound to its names, limits."""

    dims: Mapping[str, int] = {}
    data: Mapping[str, Any] = {}
    max_elements: int = 10**8
    rolled: bool = False  # whether loops are recorded for the rolled view


class Declarations(Equations):
    """Lowers what a file declares."""

    def __init__(self, parsed: Parsed, options: Options) -> None:
        super().__init__(parsed.source, Sizes(), parsed.names(), options.max_elements)
        self.parsed = parsed
        self.options = options
        self.errors += parsed.errors
        self.layout = "numerator"
        self.inputs: dict[str, Input] = {}
        self.file = Scope("file", None)
        self.file.names["pi"] = PI

    def _only_in_file(self, what: str, at: int, scope: Scope) -> None:
        if scope.kind != "file":
            raise self.error(
                f"`{what}` does not stand inside a block", at, "move it out of the block"
            )

    def _report(self, error: GradError) -> None:
        """Keep an error and go on, unless there are too many."""
        self.errors.append(error)
        if len(self.errors) >= MOST_ERRORS:
            raise GradErrors(self.errors)

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

    def _check_options(self) -> None:
        for name in self.options.dims:
            if name not in self.sizes.dims and name not in self.poisoned:
                hint = suggestion(name, self.sizes.dims)
                self.errors.append(
                    GradError(f"--dim {name}: the model has no dim `{name}`", hint=hint)
                )

    # ── dims ──

    def _dims(self, node: ast.Dims, scope: Scope) -> None:
        for name, code in node.items:
            self._only_in_file("dim", name.at, scope)
            self.check_new(name, scope)
            given = self.options.dims.get(name.text)
            if given is not None:
                if given < 1:
                    raise self.error(f"a size is positive, not --dim {name.text}={given}", name.at)
                size = self.sizes.symbol(name.text, given)
            elif name.text in self.options.data:
                size = self.sizes.symbol(name.text, self._own_data(name))
            elif code is not None:
                size = self._sized(name, code, scope)
            else:
                size = self.sizes.symbol(name.text, self._from_shapes(name))
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

    def _own_data(self, name: ast.Name) -> int:
        """The value that the data gives to a dim under its own name."""
        values = self.options.data[name.text].reshape(-1).tolist()
        if len(values) != 1 or not float(values[0]).is_integer() or values[0] < 1:
            raise self.error(f"the data's {name.text} is not a positive whole number", name.at)
        return int(values[0])

    def _from_shapes(self, name: ast.Name) -> int:
        """The value of a dim that has none of its own: from the shapes of what is bound."""
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

    # ── inputs ──

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
        ends = [self.ends(interval, scope) for interval in intervals]
        bounds = [(int(first.value), int(last.value)) for first, last in ends]
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

    # ── values ──

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
        from gradcli.data import load_npy

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
            if isinstance(found, Number | Definition):
                constants.names[name] = found
        item = inner.value(inner.run(code, constants), code[0][2])
        finish(inner, item, "value", None, 0, code[0][2])
        return Program(
            self.source, self.sizes, self.layout, (), tuple(inner.steps), inner.shapes,
            {}, None, (), (), (),
        )  # fmt: skip


class Constants(Equations):
    """Lowers a declared value: only numbers, sizes and functions are known."""

    def __init__(self, lowering: Declarations) -> None:
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
