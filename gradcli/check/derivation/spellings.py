"""How people spell derivatives and expressions, read as the language writes them.

dW2, grad_W2 and W2_bar are dL/dW2 where the model has that name; np.sum(dz, axis=0), dz.sum(0) and
torch.mm(a, b) are the operations that they mean. The spellings stand in tables, here and in
`libraries`; what they are read as is the code that the language's own spelling has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from typing import NamedTuple

from gradcli.check.derivation.libraries import (
    AXES,
    CONSTANTS,
    KEYWORDS,
    MODULES,
    SAME,
    SHAPED,
    UNSAID,
    WRITTEN,
)
from gradcli.check.derivation.machine import split_name
from gradcli.check.derivation.postfix import parse
from gradcli.errors import GradError, Source
from gradcli.ops import FUNCTIONS
from gradcli.ops.prelude import NAMES as PRELUDE
from gradcli.program import Program
from gradcli.suggest import foreign, suggestion
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

OWN_WAY = "dL/d{}"
NAMES = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}_bar")
# What only a derivative is called so: names that a person may expect to be one.
ALIKE = re.compile(r"d_?(?=[A-Z]|[a-z]+_?\d)(?P<a>\w+)|grad_(?P<b>\w+)|(?P<c>\w+)_(?:grad|bar)")


class Call(NamedTuple):
    """A call as it is written: its arguments' codes, and the keyword of each or None.

    dotted: whether it is a library's, np.sum(x), or an object's, x.sum().
    """

    name: str
    keywords: tuple[str | None, ...]
    arguments: list[ast.Code]
    place: Place
    dotted: bool


class Spellings:
    """What the names and functions of one derivation file are on its model.

    error: makes the error at a place.
    """

    def __init__(self, program: Program, source: Source, error: Callable[..., GradError]) -> None:
        self.program = program
        self.source = source
        self.error = error
        self.bases = {split_name(name)[0] for name in program.shapes}
        self.taken = self.bases | program.sizes.dims.keys() | {"pi"}
        self.spelled: dict[str, str] = {}  # how the file writes each derivative
        self.forms: Counter[str] = Counter()

    # ── names ──

    def variable(self, name: str) -> str | None:
        """The variable whose derivative a name is, None for a name that is none."""
        if name in self.taken:
            return None
        for form in NAMES:
            before, _, after = form.partition("{}")
            base = name[len(before) : len(name) - len(after)]
            if name.startswith(before) and name.endswith(after) and base in self.bases:
                return base
        return None

    def pointed_out(self, name: str) -> str | None:
        """What a name that looks like a derivative looks like the derivative of."""
        found = ALIKE.fullmatch(name)
        return found and next(base for base in found.groups() if base)

    def _spelled(self, variable: str, place: Place) -> None:
        """Keep how the file writes a derivative."""
        written = self.source.text[slice(*place)]
        if not written.endswith(variable) and variable not in written:
            return
        self.spelled.setdefault(variable, written)
        known = (form for form in NAMES if form.format(variable) == written)
        self.forms[next(known, None) or "{}".join(written.rsplit(variable, 1))] += 1

    def say(self, text: str) -> str:
        """A text of the tool's in the file's own spelling of derivatives."""
        if not self.forms or set(self.forms) == {OWN_WAY}:
            return text
        form = self.forms.most_common(1)[0][0]

        def written(found: re.Match[str]) -> str:
            name = found[1]
            return self.spelled.get(name) or (form.format(name) if form.count("{}") == 1 else "")

        return re.sub(r"dL/d([^\W\d]\w*)", written, text)

    # ── lines ──

    def line(self, node: ast.BackwardLine) -> ast.BackwardLine:
        """A line as the language writes it. Raises GradError."""
        (name, place), own = node.name, node.own
        variable = self.variable(name) if own else name
        if variable is not None:
            self._spelled(variable, place)
            name, own = variable, False
        brackets = tuple(
            (kinds, tuple(self.code(code) for code in codes)) for kinds, codes in node.brackets
        )
        return node._replace(
            name=ast.Name(name, place), own=own, brackets=brackets, value=self.code(node.value)
        )

    def definition(self, node: ast.Def) -> ast.Def:
        """A definition as the language writes it. Raises GradError."""
        local = {name.text for name in node.parameters}
        body = []
        for inner in node.body:
            if not isinstance(inner, ast.Equation):
                body.append(inner)
                continue
            body.append(inner._replace(value=self.code(inner.value, local)))
            local.add(inner.target.name.text)
        return node._replace(body=tuple(body), result=self.code(node.result, local))

    def code(self, code: ast.Code, local: Container[str] = ()) -> ast.Code:
        """An expression as the language writes it. Raises GradError.

        local: names that mean something else in it: a definition's parameters.
        """
        stack: list[ast.Code] = []
        for operation, argument, place in code:
            count = ast.arity(operation, argument)
            parts = stack[len(stack) - count :] if count else []
            if count:
                del stack[-count:]
            stack.append(self._instruction((operation, argument, place), parts, local))
        found = stack[0]
        for operation, argument, place in found:
            if operation in ("attribute", "module"):
                raise self._strange(argument, place)
        return found

    def _instruction(
        self, instruction: ast.Instruction, parts: list[ast.Code], local: Container[str]
    ) -> ast.Code:
        operation, argument, place = instruction
        if operation == "name" and argument not in local:
            variable = self.variable(argument)
            if variable is not None:
                self._spelled(variable, place)
                return (("derivative", variable, place),)
        elif operation == "derivative":
            self._spelled(argument, place)
        elif operation == "call":
            name, keywords = argument
            return self._call(Call(name, keywords, parts, place, dotted=False))
        elif operation == "method":
            name, keywords = argument
            if not self._is_module(parts[0]):
                return self._call(Call(name, (None, *keywords), parts, place, dotted=True))
            return self._call(Call(name, keywords, parts[1:], place, dotted=True))
        elif operation == "attribute":
            return self._attribute(argument, parts[0], place)
        elif operation == "index" and parts[0][-1][:2] == ("attribute", "shape"):
            return self._size(parts, place)
        elif operation == "comprehension":
            inner = {argument.generator.variable.text}
            return ((operation, argument.each(lambda code: self.code(code, inner)), place),)
        return (*(i for part in parts for i in part), instruction)

    # ── attributes ──

    def _is_module(self, code: ast.Code) -> bool:
        (operation, argument, _), known = code[0], self.taken
        return len(code) == 1 and (
            operation == "module" or (operation == "name" and argument in MODULES - known)
        )

    def _attribute(self, name: str, base: ast.Code, place: Place) -> ast.Code:
        if self._is_module(base):
            if name in CONSTANTS:
                return _placed(parse(CONSTANTS[name]), {}, place)
            return (("module" if name in MODULES else "attribute", name, place),)
        return (*base, ("attribute", name, place))

    def _size(self, parts: Sequence[ast.Code], place: Place) -> ast.Code:
        """`x.shape[0]`: the size of an axis."""
        base, axis = parts[0][:-1], parts[1] if len(parts) == 2 else ()
        name = base[0][1] if len(base) == 1 and base[0][0] == "name" else None
        shape = self.program.shapes.get(name or "", ())
        number = int(axis[0][1]) if len(axis) == 1 and str(axis[0][1]).isdigit() else len(shape)
        if number >= len(shape):
            raise self.error(
                "only a quantity of the model has a shape here, and a number says which axis",
                place,
                "a size is known by its dim's name",
                kind="bad-index",
            )
        return _placed(parse(shape[number].text), {}, place)

    def _strange(self, name: str, place: Place) -> GradError:
        return self.error(
            f"`.{name}` means nothing here",
            place,
            "dL/dC[i] += g adds row by row"
            if name == "at"
            else "a transpose is written x.T, a size by its dim's name",
            kind="undefined-name",
        )

    # ── calls ──

    def _call(self, call: Call) -> ast.Code:
        """A call, by the language's own name and arguments."""
        name = call.name
        if _summed(call):
            return call.arguments[0]
        if call.dotted and name in SAME and call.arguments:
            return call.arguments[0]
        keywords, arguments = _arguments(call)
        if name in SHAPED and call.dotted and len(arguments) > 1:
            return self._shaped(call, arguments)
        written = WRITTEN.get(name)
        if written is not None and (call.dotted or name not in FUNCTIONS):
            return self._written(call, parse(written), keywords, arguments)
        if name not in FUNCTIONS:
            if call.dotted and name not in PRELUDE:
                raise self.error(
                    f"there is no function `{name}`",
                    call.place,
                    foreign(name) or suggestion(name, {*FUNCTIONS, *WRITTEN}),
                    kind="undefined-function",
                )
            keywords, arguments = call.keywords, call.arguments
        return _flat(arguments, ("call", (name, keywords), call.place))

    def _written(
        self,
        call: Call,
        code: ast.Code,
        keywords: tuple[str | None, ...],
        arguments: Sequence[ast.Code],
    ) -> ast.Code:
        """A call of what the language writes otherwise. An axis goes with its one function."""
        if call.name in AXES:
            keywords, arguments = (None,), arguments[:1]
        axis = None
        if keywords and keywords[-1] == "axis" and code[-1][0] == "call":
            axis, keywords, arguments = arguments[-1], keywords[:-1], arguments[:-1]
        wanted = sorted({i[1] for i in code if i[0] == "name"})
        if any(keywords) or len(arguments) != len(wanted):
            count = "one operand" if len(wanted) == 1 else f"{len(wanted)} operands"
            raise self.error(f"{call.name} takes {count} here", call.place, kind="bad-arguments")
        found = _placed(code, dict(zip(wanted, arguments, strict=True)), call.place)
        if axis is None:
            return found
        last = ("call", (code[-1][1][0], (None, "axis")), call.place)
        return (*found[:-1], *axis, last)

    def _shaped(self, call: Call, arguments: Sequence[ast.Code]) -> ast.Code:
        sizes = _flat(arguments[1:], ("column", len(arguments) - 1, call.place))
        if len(arguments) == 2 and arguments[1][-1][0] == "column":
            sizes = arguments[1]
        last = ("call", (SHAPED[call.name], (None, None)), call.place)
        return _flat([arguments[0], sizes], last)


def _summed(call: Call) -> bool:
    """Whether it is np.sum(… for t in 1..T)."""
    last = call.arguments[-1][-1] if call.arguments else None
    return last is not None and last[0] == "comprehension" and last[1].function == call.name


def _arguments(call: Call) -> tuple[tuple[str | None, ...], list[ast.Code]]:
    """A call's keywords and arguments, without those that say nothing here, and with its axis by
    its name.
    """
    keywords: list[str | None] = []
    arguments: list[ast.Code] = []
    for keyword, code in zip(call.keywords, call.arguments, strict=True):
        if keyword in UNSAID or (keyword in KEYWORDS and code[-1][1] == "None"):
            continue
        keywords.append(KEYWORDS.get(keyword or "", keyword))
        arguments.append(code)
    op = FUNCTIONS.get(call.name)
    reduces = call.name in ("amax", "amin") or (op is not None and "axis" in op.keywords)
    if call.dotted and reduces and keywords == [None, None] and _are_axes(arguments[1]):
        keywords[1] = "axis"
    return tuple(keywords), arguments


def _are_axes(code: ast.Code) -> bool:
    """Whether code is a number or a tuple of numbers."""
    return code[0][0] == "number" and all(i[0] in ("number", "unary", "tuple") for i in code)


def _flat(parts: Sequence[ast.Code], last: ast.Instruction) -> ast.Code:
    return (*(instruction for part in parts for instruction in part), last)


def _placed(code: ast.Code, known: Mapping[str, ast.Code], place: Place) -> ast.Code:
    """Code with its names replaced, all that is not theirs at one place."""
    found: list[ast.Instruction] = []
    for operation, argument, _ in code:
        if operation == "name" and argument in known:
            found += known[argument]
        else:
            found.append((operation, argument, place))
    return tuple(found)
