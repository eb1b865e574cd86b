"""Postfix code to steps: a stack machine whose values are quantities, numbers and families."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradcli.errors import GradError
from gradcli.lower import numbers
from gradcli.lower.functions import Functions, _plain_call, _quantities
from gradcli.lower.scope import Item, Ref, Scope, Text
from gradcli.ops import OPERATORS, TABLE
from gradcli.program import Loop
from gradcli.sizes import ATOM, Number, is_scalar
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

BINARY = {symbol: TABLE[name] for (symbol, count), name in OPERATORS.items() if count == 2}
UNARY = {symbol: TABLE[name] for (symbol, count), name in OPERATORS.items() if count == 1}


class Machine(Functions):
    """Runs postfix code, and goes over ranges."""

    def run(self, code: ast.Code, scope: Scope) -> Item:
        """The value of an expression; its operations are appended as steps."""
        stack: list[Any] = []
        push = stack.append
        known: dict[str, Any] = scope.names
        for operation, argument, place in code:
            if operation == "name":
                found = known.get(argument)
                push(found if found.__class__ is Ref else self.lookup(argument, place, scope))
            elif operation == "binary":
                y, x = stack.pop(), stack.pop()
                if x.__class__ is Ref and y.__class__ is Ref:
                    push(self.emit(BINARY[argument], (x, y), (), place))
                else:
                    push(
                        self._apply(
                            BINARY[argument],
                            (self.value(x, place), self.value(y, place)),
                            (),
                            place,
                        )
                    )
            elif operation == "number":
                try:
                    push(numbers.literal(self.sizes, argument))
                except GradError as error:
                    raise self.error(error.message, place) from None
            elif operation == "call":
                count = len(argument[1])
                items = stack[len(stack) - count :] if count else []
                if count:
                    del stack[-count:]
                name, keywords = argument
                plain = _plain_call(name)
                if plain and plain.operands == count and not any(keywords) and _quantities(items):
                    push(self.emit(plain.op, items, plain.attrs, place))
                else:
                    push(self._function(name, keywords, items, place, scope))
            elif operation == "index":
                push(self._index(stack, argument, place))
            elif operation == "transpose":
                push(self._apply(TABLE["transpose"], (self.value(stack.pop(), place),), (), place))
            elif operation == "unary":
                x = self.value(stack.pop(), place)
                push(self._apply(UNARY[argument], (x,), (), place))
            elif operation in ("column", "stacked"):
                items = stack[-argument:]
                del stack[-argument:]
                push(self._brackets(items, operation == "stacked", place))
            elif operation == "comprehension":
                push(self._sum(argument, place, scope))
            elif operation == "string":
                push(Text(argument))
            else:
                push(self.derivative(argument, place, scope))
        result: Item = stack[0]
        return result

    def derivative(self, name: str, place: Place, scope: Scope) -> Item:
        raise self.error(
            f"dL/d{name} is a derivative, and belongs to `given`, `op` rules and .grad files",
            place,
            "a division is written with spaces: dL / d" + name,
        )

    # ── ranges ──

    def _sum(self, loop: ast.Comprehension, place: Place, scope: Scope) -> Item:
        """sum(… for t in 1..T): a running total, one addition a term."""
        if loop.function != "sum":
            raise self.error(f"{loop.function} does not go over a range; sum does", place)
        variable = loop.variable.text
        total: Ref | Number | None = None
        terms = 0
        running = ""
        looping = self.looping(loop.variable, loop.interval, scope, len(loop.body) + 1, place, True)
        with looping as iterations:
            for inner in iterations:
                term = self.value(self.run(loop.body, inner), place)
                terms += 1
                if total is None:
                    total = term
                    continue
                if terms > 2:
                    self.shared = self.counter
                if self.rolling and isinstance(total, Ref):
                    running = self.z(self.counter)
                    rolled = self._rolled_total(running, f"{variable} - 1")
                    total = Ref(total.name, total.shape, rolled)
                total = self._apply(TABLE["add"], (total, term), (), place)
            if self.rolling and isinstance(total, Ref):
                last = str(self.indices[-1])
                final = self._rolled_total(running, last) if running else None
                if terms == 1 and total.rolled:
                    final = re.sub(rf"\b{variable}\b", last, total.rolled)
                total = Ref(total.name, total.shape, final)
        assert total is not None
        if self.totals and isinstance(total, Ref) and not is_scalar(total.shape):
            total = self.emit(TABLE["sum"], (total,), (("axis", None),), place)
        return total

    def _rolled_total(self, running: str, index: str) -> str:
        """A sum's running total after one of its terms, with letters for the loops around it."""
        return f"{running}[{', '.join((*self.letters[:-1], index))}]"

    @contextmanager
    def looping(
        self,
        variable: ast.Name,
        interval: ast.Interval,
        scope: Scope,
        weight: int,
        place: Place,
        is_sum: bool = False,
    ) -> Iterator[Iterator[Scope]]:
        """The scopes of the iterations of a loop or a sum; afterwards the indices are as before.

        weight: how many operations one iteration has. Raises GradError for a range that is empty,
        a variable that is not new, and a whole that is too long.
        """
        first, last = self.ends(interval, scope)
        self.check_new(variable, scope)
        times = range(int(first.value), int(last.value) + 1)
        self.enter(weight, place, len(times))
        outer = self.suffix, self.rolled_suffix, self.indices, self.letters, self.trips
        start = most = self.counter
        self.trips *= len(times)
        number = self._open_loop(variable, first, last, is_sum)
        steps: list[tuple[int, int]] = []

        def iterations() -> Iterator[Scope]:
            nonlocal most
            for t in times:
                self.counter = start
                begin = len(self.steps)
                yield self._iteration(scope, variable, t, outer)
                steps.append((begin, len(self.steps)))
                most = max(most, self.counter)

        try:
            yield iterations()
        finally:
            self.counter = most
            self.suffix, self.rolled_suffix, self.indices, self.letters, self.trips = outer
            self.depth -= 1
            if number is not None:
                self.loops[number] = self.loops[number]._replace(iterations=tuple(steps))

    def _open_loop(
        self, variable: ast.Name, first: Number, last: Number, is_sum: bool
    ) -> int | None:
        """Begin the record of a loop's run, where one is asked for."""
        if not self.rolling:
            return None
        bounds = tuple(bound.rolled[0] if bound.rolled else bound.text for bound in (first, last))
        self.loops.append(
            Loop(
                variable.text, int(first.value), int(last.value), (bounds[0], bounds[1]),
                len(self.indices), variable.place, is_sum, (),
            )
        )  # fmt: skip
        return len(self.loops) - 1

    def _iteration(self, scope: Scope, variable: ast.Name, t: int, outer: tuple[Any, ...]) -> Scope:
        """The scope of one iteration, and the machine's indices set for it."""
        _, _, indices, letters, _ = outer
        self.indices = (*indices, t)
        self.letters = (*letters, variable.text)
        self.suffix = f"[{', '.join(map(str, self.indices))}]"
        self.rolled_suffix = f"[{', '.join(self.letters)}]" if self.rolling else None
        inner = Scope("loop", scope)
        size = self.sizes.constant(t)
        rolled = (variable.text, ATOM) if self.rolling else None
        inner.names[variable.text] = numbers.of_size(size, rolled)
        inner.places[variable.text] = variable.place
        return inner

    def ends(self, interval: ast.Interval, scope: Scope) -> tuple[Number, Number]:
        """The first and the last of a range. Raises GradError for an empty one."""
        first = self.number(interval.first, scope, "a bound")
        last = self.number(interval.last, scope, "a bound")
        if first.value > last.value:
            raise self.error(
                f"the range {first.text}..{last.text} is empty: "
                f"{first.value} is more than {last.value}",
                interval.place,
                "a range counts up, both ends included",
            )
        return first, last

    def check_new(self, name: ast.Name, scope: Scope) -> None:
        """Raise GradError where a name is already defined."""
        text = name.text
        if scope.kind == "def":
            before = scope.places.get(text)
            found = scope.names.get(text)
        else:
            found = scope.find(text)
            if found is None:
                return
            before = next((s.places[text] for s in scope.chain() if text in s.places), None)
        if found is None:
            return
        if before is None:
            raise self.error(
                f"`{text}` is predefined" if text == "pi" else f"`{text}` is already a parameter",
                name.place,
                "choose another name",
            )
        line, _ = self.source.place(before[0])
        raise self.error(
            f"`{text}` is already defined in line {line}",
            name.place,
            "a name is defined once; give the new value a name of its own",
        )
