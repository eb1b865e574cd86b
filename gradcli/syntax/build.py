"""The actions of the grammar: what each reduction makes of its symbols."""

from __future__ import annotations

from typing import Any

from gradcli.syntax import ast


class Builder:
    """One method an action of the grammar; each takes the rule's kept symbols.

    The value of an expression is the index at which its code begins on the tape. A rule that holds
    expressions cuts their code off the tape.
    """

    def __init__(self) -> None:
        self.tape: list[ast.Instruction] = []
        self.push = self.tape.append

    def cut(self, start: int) -> ast.Code:
        code = tuple(self.tape[start:])
        del self.tape[start:]
        return code

    def cut_all(self, starts: list[int]) -> tuple[ast.Code, ...]:
        return tuple([self.cut(start) for start in reversed(starts)][::-1])

    # ── expressions ──

    def number(self, symbols: Any) -> int:
        _, text, at = symbols[0]
        self.tape.append(("number", text, at))
        return len(self.tape) - 1

    def name(self, symbols: Any) -> int:
        _, text, at = symbols[0]
        self.push(("name", text, at))
        return len(self.tape) - 1

    def derivative(self, symbols: Any) -> int:
        _, text, at = symbols[0]
        self.tape.append(("derivative", text[4:], at))
        return len(self.tape) - 1

    def string(self, symbols: Any) -> int:
        _, text, at = symbols[0]
        self.tape.append(("string", text[1:-1], at))
        return len(self.tape) - 1

    def binary(self, symbols: Any) -> int:
        left: int
        left, (_, symbol, at), _ = symbols
        self.push(("binary", symbol, at))
        return left

    def unary(self, symbols: Any) -> int:
        (_, symbol, at), operand = symbols
        self.tape.append(("unary", symbol, at))
        return int(operand)

    def group(self, symbols: Any) -> int:
        return int(symbols[0])

    def transpose(self, symbols: Any) -> int:
        operand, (_, _, at) = symbols
        self.tape.append(("transpose", None, at))
        return int(operand)

    def index(self, symbols: Any) -> int:
        operand, slices = symbols
        self.tape.append(("index", tuple(kind for kind, _ in slices), self.tape[operand][2]))
        return int(operand)

    def at(self, symbols: Any) -> tuple[Any, list[int]]:
        return ast.AT, [symbols[0]]

    def between(self, symbols: Any) -> tuple[Any, list[int]]:
        first, last = symbols
        return (first is not None, last is not None), [s for s in symbols if s is not None]

    def call(self, symbols: Any) -> int:
        (_, name, at), *rest = symbols
        arguments = rest[0] if rest else []
        start = len(self.tape)
        if arguments and isinstance(arguments[0], ast.Comprehension):
            loop = arguments[0]._replace(function=name)
            self.tape.append(("comprehension", loop, at))
            return start
        keywords = tuple(a[0] if isinstance(a, tuple) else None for a in arguments)
        if arguments:
            first = arguments[0]
            start = first[1] if isinstance(first, tuple) else first
        self.tape.append(("call", (name, keywords), at))
        return start

    def keyword(self, symbols: Any) -> tuple[str, int]:
        (_, name, _), start = symbols
        return name, start

    def comprehension(self, symbols: Any) -> list[ast.Comprehension]:
        start, variable, interval = symbols
        return [ast.Comprehension("", ast.Name(*variable[1:]), self.cut(start), interval)]

    def span(self, symbols: Any) -> ast.Interval:
        first, last = symbols
        at = self.tape[first][2]
        codes = self.cut_all([first, last])
        return ast.Interval(codes[0], codes[1], at)

    def column(self, symbols: Any) -> int:
        return self._entries("column", symbols[0])

    def stacked(self, symbols: Any) -> int:
        return self._entries("stacked", symbols[0])

    def _entries(self, what: str, starts: list[int]) -> int:
        self.tape.append((what, len(starts), self.tape[starts[0]][2]))
        return starts[0]

    # ── statements ──

    def layout(self, symbols: Any) -> ast.Layout:
        return ast.Layout(ast.Name(*symbols[0][1:]))

    def dim_item(self, symbols: Any) -> ast.Dim:
        name, start = symbols
        return ast.Dim(ast.Name(*name[1:]), None if start is None else self.cut(start))

    def plain(self, symbols: Any) -> Any:
        """`dim` and `given`: all their items; the other statements have actions of their own."""
        items = tuple(symbols)
        return ast.Dims(items) if isinstance(items[0], ast.Dim) else ast.Given(items)

    def role(self, symbols: Any) -> str:
        return str(symbols[0][1])

    def declaration(self, symbols: Any) -> ast.Declaration:
        role, *items = symbols
        return ast.Declaration(role, tuple(items))

    def declared(self, symbols: Any) -> ast.Declared:
        name, family, shape, value = symbols
        return ast.Declared(ast.Name(*name[1:]), family, shape, value)

    family = staticmethod(tuple)

    def shape(self, symbols: Any) -> tuple[ast.Code, ...]:
        return self.cut_all(symbols[0]) if symbols[0] else ()

    def value(self, symbols: Any) -> ast.Code:
        return self.cut(symbols[0])

    def draw(self, symbols: Any) -> ast.Draw:
        name, *starts = symbols
        return ast.Draw(ast.Name(*name[1:]), self.cut_all(starts))

    def members(self, symbols: Any) -> tuple[ast.Code, ...]:
        return self.cut_all(symbols)

    def target(self, symbols: Any) -> ast.Target:
        name, members = symbols
        return ast.Target(ast.Name(*name[1:]), members)

    def equation(self, symbols: Any) -> ast.Equation:
        target, start = symbols
        return ast.Equation(target, self.cut(start))

    def loss(self, symbols: Any) -> ast.Loss:
        target, start = symbols
        return ast.Loss(target, None if start is None else self.cut(start))

    def given_item(self, symbols: Any) -> ast.GivenItem:
        (_, text, at), members, value = symbols
        return ast.GivenItem(ast.Target(ast.Name(text[4:], at), members), value)

    def statement(self, symbols: Any) -> Any:
        return symbols[0]

    def suite(self, symbols: Any) -> tuple[Any, ...]:
        return tuple(symbols)

    def for_head(self, symbols: Any) -> tuple[ast.Name, ast.Interval]:
        variable, interval = symbols
        return ast.Name(*variable[1:]), interval

    def for_block(self, symbols: Any) -> ast.For:
        (variable, interval), body = symbols
        return ast.For(variable, interval, body)

    def names(self, symbols: Any) -> tuple[ast.Name, ...]:
        return tuple(ast.Name(*token[1:]) for token in symbols)

    def return_line(self, symbols: Any) -> ast.Code:
        return self.cut(symbols[0])

    def def_line(self, symbols: Any) -> ast.Def:
        (name, parameters), start = symbols
        return ast.Def(ast.Name(*name[1:]), parameters, (), self.cut(start))

    def def_block(self, symbols: Any) -> ast.Def:
        (name, parameters), *body, result = symbols
        return ast.Def(ast.Name(*name[1:]), parameters, tuple(body), result)

    def op_block(self, symbols: Any) -> ast.UserOp:
        (name, parameters), result, *lines = symbols
        return ast.UserOp(ast.Name(*name[1:]), parameters, self.cut(result), tuple(lines))

    # ── derivation files ──

    def step_line(self, symbols: Any) -> Any:
        return symbols[0]

    def bracket(self, symbols: Any) -> tuple[tuple[Any, ...], tuple[ast.Code, ...]]:
        slices = symbols[0]
        starts = [start for _, found in slices for start in found]
        return tuple(kind for kind, _ in slices), self.cut_all(starts)

    def assign(self, symbols: Any) -> str:
        return str(symbols[0][1])

    def step(self, symbols: Any) -> ast.BackwardLine:
        return self._line(symbols, own=False)

    def own(self, symbols: Any) -> ast.BackwardLine:
        return self._line(symbols, own=True)

    def _line(self, symbols: Any, own: bool) -> ast.BackwardLine:
        (_, text, at), *brackets, assign, start = symbols
        name = ast.Name(text if own else text[4:], at)
        return ast.BackwardLine(name, own, tuple(brackets), assign, self.cut(start))
