"""A derivation as a Python module of its own: both passes in straight-line NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcli.codegen.helpers import Helpers
from gradcli.codegen.numpy_ import Names, array, expression
from gradcli.foreign import docstring
from gradcli.interpret import interpret
from gradcli.ops.core import Array, Op
from gradcli.ops.parts import kept_shape
from gradcli.program import Step
from gradcli.session import Session
from gradcli.sizes import ATOM, Number, numbers
from gradcli.spelling import Written
from gradcli.template import Node
from gradcli.transform.inline import flatten
from gradcli.transform.reify import OWN, Row
from gradcli.transform.vjp import Derived, Known


class Writer:
    """Writes one session's passes; operations are called by the names that `helpers` gives them.

    known: functions that the code need not define, with their names.
    """

    def __init__(self, session: Session, known: Mapping[Any, str] | None = None) -> None:
        self.session = session
        self.derivation = session.derivation.unrolled
        self.program = session.program
        self.steps = flatten(self.program.steps)
        self.helpers = Helpers(known)
        self.calls: dict[int, str] = {}
        for op in self._ops():
            if op.numpy is None:
                self.calls[id(op)] = self.helpers.name(op.forward, op.name)
        reserved = self.helpers.taken | {"inputs", "values", "given", "main", "forward", "backward"}
        self.names = Names({*reserved, "INPUTS", "GIVEN", "json"})

    def _ops(self) -> Iterator[Op]:
        yield from (step.call.op for step in self.steps)
        for row in self.derivation.rows:
            yield from (call.op for call, _ in row.contribution.code.calls)

    def call(self, op: Op, static: Mapping[str, Any], operands: Any) -> Written:
        return expression(op, static, operands, name=lambda op: self.calls[id(op)])

    # ── the forward pass ──

    def forward(self) -> Iterator[str]:
        yield "def forward(inputs):\n"
        yield '    """Every value by name, from the inputs; each has two axes or more."""\n'
        for item in self.program.inputs:
            yield f"    {self.names(item.name)} = inputs[{item.name!r}]\n"
        yield from self._equations()
        yield "    return {\n"
        for name in self.program.shapes:
            yield f"        {name!r}: {self.names(name)},\n"
        yield "    }\n"

    def _equations(self) -> list[str]:
        lines = []

        def line(step: Step, operands: list[Written | Number]) -> Written | Number:
            text = self.call(step.call.op, step.call.static, operands)[0]
            lines.append(f"    {self.names(step.name)} = {text}\n")
            return self.names(step.name), ATOM

        texts: dict[str, Written | Number] = {
            item.name: (self.names(item.name), ATOM) for item in self.program.inputs
        }
        interpret(self.steps, texts, line, lambda number: number)
        return lines

    # ── the backward pass ──

    def backward(self) -> Iterator[str]:
        """The steps of the derivation, each derivative in its variable's own shape."""
        derivation = self.derivation
        yield "def backward(values, given):\n"
        yield f'    """The gradients by name, in {derivation.layout} layout."""\n'
        used = self._used()
        for name in self.program.shapes:
            if name in used:
                yield f"    {self.names(name)} = values[{name!r}]\n"
        known: set[str] = set()
        for item in self.program.given:
            yield f"    {self._total(item.name)} = given[{item.name!r}]\n"
            known.add(item.name)
        if (loss := self.program.loss) is not None:
            one = "np.ones((1, 1))"
            more = f"{self._total(loss)} + {one}" if loss in known else one
            yield f"    {self._total(loss)} = {more}\n"
            known.add(loss)
        owned: set[str] = set()
        for row in derivation.rows:
            yield from (f"    {line}\n" for line in self._step(row, known, owned))
            if row.operand != OWN:
                known.add(row.target)
        yield "    return {\n"
        for name in derivation.wrt:
            total = self._total(name) if name in known else self._zeros(name)
            turn = ".T" if derivation.layout == "numerator" else ""
            yield f"        {name!r}: {total}{turn},\n"
        yield "    }\n"

    def _total(self, name: str) -> str:
        return self.names(f"dL_d{name}")

    def _zeros(self, name: str) -> str:
        return f"np.zeros({numbers(self.program.shapes[name])})"

    def _used(self) -> set[str]:
        """The forward values that the backward steps need."""
        derivation = self.derivation
        leaves = (
            derivation.leaf(row, key)
            for row in derivation.rows
            for key in row.contribution.leaves("denominator")
        )
        return {found.name for found in leaves if isinstance(found, Known)}

    def _step(self, row: Row, known: set[str], owned: set[str]) -> Iterator[str]:
        """A backward step as lines of code. `owned` totals may be written into."""
        value = self._contribution(row)
        if row.operand == OWN:
            yield f"{self.names(row.target)} = {value}"
            return
        target = self._total(row.target)
        if row.region is None:
            more = row.assign == "+=" and row.target in known
            yield f"{target} = {target} + {value}" if more else f"{target} = {value}"
            owned.discard(row.target)
            return
        if row.target not in known:
            yield f"{target} = {self._zeros(row.target)}"
        elif row.target not in owned:
            yield f"{target} = {target}.copy()"
        owned.add(row.target)
        area = [part.slice() for part in row.region]
        where = ", ".join(f"{s.start}:{s.stop}" + (f":{s.step}" if s.step else "") for s in area)
        if len(area) > 2 and any(part.single for part in row.region):
            value = f"({value}).reshape({numbers(kept_shape(self.program.sizes, row.region))})"
        yield f"{target}[{where}] {row.assign} {value}"

    def _contribution(self, row: Row) -> str:
        texts: list[Written | Number] = []
        for node in row.contribution.listed["denominator"]:
            texts.append(self._node(node, texts, row))
        last = texts[-1]
        if (at := row.contribution.at) is not None:
            index = self.derivation.step(row).args[at.operand]
            operands = [last, (self.names(str(index)), ATOM)]
            last = self.call(at.call.op, at.call.static, operands)
        return (array(last) if isinstance(last, Number) else last)[0]

    def _node(self, node: Node, texts: list[Written | Number], row: Row) -> Written | Number:
        if (kind := node.call) is not None:
            return self.call(kind.op, kind.static, [texts[i] for i in node.args])
        found = self.derivation.leaf(row, node.key)
        if isinstance(found, Number):
            return found
        if isinstance(found, Derived) and not found.own:
            return self._total(found.name), ATOM
        return self.names(found.name), ATOM

    # ── the whole ──

    def module(self) -> Iterator[str]:
        passes = [*self.forward(), "\n\n", *self.backward()]
        source = docstring(self.program.source.name)
        yield f'"""The gradients of {source}: both passes, in NumPy alone."""\n\n'
        yield "import json\nimport math\n\nimport numpy as np\n\n\n"
        yield from (f"{text}\n\n" for text in self.helpers.texts)
        yield from passes
        yield "\n\n"
        yield from self._data("INPUTS", self.session.inputs)
        yield from self._data("GIVEN", self.session.given)
        yield "\n\nif __name__ == '__main__':\n"
        yield "    gradients = backward(forward(INPUTS), GIVEN)\n"
        yield "    print(json.dumps({name: value.tolist() for name, value in gradients.items()}))\n"

    def _data(self, title: str, arrays: Mapping[str, Array]) -> Iterator[str]:
        yield f"{title} = {{\n"
        for name, value in arrays.items():
            yield f"    {name!r}: {literal(value)},\n"
        yield "}\n"


def lines(session: Session) -> Iterator[str]:
    """A module that runs on its own: `forward` and `backward`, in straight-line NumPy."""
    return Writer(session).module()


def literal(value: Array) -> str:
    """An array as the code that makes it."""
    text = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({text})" if np.ndim(value) else text
