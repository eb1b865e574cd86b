"""The actions of the grammar: what each reduction makes of its symbols."""

from __future__ import annotations

from typing import Any

from gradcli.syntax import ast
from gradcli.syntax.ast import Place

Begun = tuple[int, Place]  # an expression: where its code begins on the tape, and where it stands
Slice = tuple[Any, list[Begun], Place]  # its kind, its bounds, and where it stands


class Builder:
    """One method an action of the grammar; each takes the rule's kept symbols.

    The value of an expression is the index at which its code begins on the tape, and its place with
    the brackets around it. A rule that holds expressions cuts their code off the tape.
    """

    def __init__(self) -> None:
        self.tape: list[ast.Instruction] = []
        self.push = self.tape.append
        self.signs: dict[Place, ast.Signs] = {}

    def cut(self, begun: Begun) -> ast.Code:
        start = begun[0]
        code = tuple(self.tape[start:])
        del self.tape[start:]
        return code

    def cut_all(self, items: list[Begun]) -> tuple[ast.Code, ...]:
        return tuple([self.cut(item) for item in reversed(items)][::-1])

    # ── expressions ──

    def number(self, symbols: Any) -> Begun:
        _, text, place = symbols[0]
        self.push(("number", text, place))
        return len(self.tape) - 1, place

    def name(self, symbols: Any) -> Begun:
        _, text, place = symbols[0]
        self.push(("name", text, place))
        return len(self.tape) - 1, place

    def derivative(self, symbols: Any) -> Begun:
        _, text, place = symbols[0]
        self.push(("derivative", text[4:], place))
        return len(self.tape) - 1, place

    def string(self, symbols: Any) -> Begun:
        _, text, place = symbols[0]
        self.push(("string", text[1:-1], place))
        return len(self.tape) - 1, place

    def binary(self, symbols: Any) -> Begun:
        (left, first), (_, symbol, sign), (_, second) = symbols
        place = first[0], second[1]
        self.signs[place] = sign, first, second
        self.push(("binary", symbol, place))
        return left, place

    def unary(self, symbols: Any) -> Begun:
        (_, symbol, sign), (operand, inner) = symbols
        place = sign[0], inner[1]
        self.signs[place] = sign, inner
        self.push(("unary", symbol, place))
        return operand, place

    def group(self, symbols: Any) -> Begun:
        (_, _, (start, _)), (operand, _), (_, _, (_, end)) = symbols
        return operand, (start, end)

    def transpose(self, symbols: Any) -> Begun:
        (operand, inner), (_, _, sign) = symbols
        place = inner[0], sign[1]
        self.signs[place] = sign, inner
        self.push(("transpose", None, place))
        return operand, place

    def attribute(self, symbols: Any) -> Begun:
        (operand, (start, _)), _, (_, name, sign) = symbols
        place = start, sign[1]
        self.signs[place] = (sign,)
        self.push(("attribute", name, place))
        return operand, place

    def method(self, symbols: Any) -> Begun:
        (operand, (start, _)), _, (_, name, sign), *rest, (_, _, (_, end)) = symbols
        place = start, end
        self.signs[place] = (sign,)
        arguments = rest[0] if rest else []
        if arguments and isinstance(arguments[0], ast.Comprehension):
            self.push(("comprehension", arguments[0].of(name), place))
            arguments = [(None,)]
        keywords = tuple([a[0] if isinstance(a[0], str) else None for a in arguments])
        self.push(("method", (name, keywords), place))
        return operand, place

    def index(self, symbols: Any) -> Begun:
        (operand, (start, _)), _, slices, (_, _, (_, end)) = symbols
        place = start, end
        self.signs[place] = self.tape[operand][2], *[where for _, _, where in slices]
        self.push(("index", tuple([kind for kind, _, _ in slices]), place))
        return operand, place

    def at(self, symbols: Any) -> Slice:
        return ast.AT, [symbols[0]], symbols[0][1]

    def between(self, symbols: Any) -> Slice:
        first, (_, _, colon), last, second, step = symbols
        start = first[1][0] if first else colon[0]
        end = (step or last or (None, second[2] if second else colon))[1][1]
        bounds = [bound for bound in (first, last, step) if bound is not None]
        place = start, end
        self.signs[place] = place, *[where for _, where in bounds]
        stated = (first is not None, last is not None)
        return (*stated, True) if step else stated, bounds, place

    def call(self, symbols: Any) -> Begun:
        (_, name, sign), *rest, (_, _, (_, end)) = symbols
        place = sign[0], end
        arguments = rest[0] if rest else []
        start = len(self.tape)
        if arguments and isinstance(arguments[0], ast.Comprehension):
            loop = arguments[0].of(name)
            self.signs[place] = (sign,)
            self.push(("comprehension", loop, place))
            return start, place
        keywords = tuple([a[0] if isinstance(a[0], str) else None for a in arguments])
        self.signs[place] = sign, *[a[-1] for a in arguments]
        if arguments:
            start = arguments[0][1] if keywords[0] else arguments[0][0]
        self.push(("call", (name, keywords), place))
        return start, place

    def keyword(self, symbols: Any) -> tuple[str, int, Place]:
        (_, name, (start, _)), (begun, (_, end)) = symbols
        return name, begun, (start, end)

    def comprehension(self, symbols: Any) -> list[ast.Comprehension]:
        body, *rest = symbols
        generators = [one for one in rest if isinstance(one, ast.Generator)]
        named = rest[len(generators) :]
        extra = self.cut_all([one[1:] for one in named])
        code = self.cut(body)
        for depth, generator in enumerate(reversed(generators)):
            found = ast.Comprehension("", generator, code, depth > 0)
            code = (("comprehension", found, body[1]),)
        return [found._replace(keywords=tuple(one[0] for one in named), extra=extra)]

    def generator(self, symbols: Any) -> ast.Generator:
        variable, interval, *conditions = symbols
        return ast.Generator(ast.Name(*variable[1:]), interval, tuple(conditions))

    def condition(self, symbols: Any) -> ast.Code:
        return self.cut(symbols[0])

    def span(self, symbols: Any) -> ast.Interval:
        (_, (start, _)), (_, (_, end)) = symbols
        first, last = self.cut_all(symbols)
        return ast.Interval(first, last, (start, end))

    def column(self, symbols: Any) -> Begun:
        return self._entries("column", symbols)

    def in_order(self, symbols: Any) -> Begun:
        opened, first, *rest, closed = symbols
        return self._entries("tuple", (opened, [first, *(rest[0] if rest else ())], closed))

    def several(self, symbols: Any) -> list[Begun]:
        return [entry for entry in symbols if entry is not None]

    def stacked(self, symbols: Any) -> Begun:
        return self._entries("stacked", symbols)

    def _entries(self, what: str, symbols: Any) -> Begun:
        (_, _, (start, _)), entries, (_, _, (_, end)) = symbols
        place, first = (start, end), entries[0][0]
        self.signs[place] = self.tape[first][2], *[where for _, where in entries]
        self.push((what, len(entries), place))
        return first, place

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

    def indices(self, symbols: Any) -> ast.Declaration:
        return ast.Declaration(symbols[0][1], tuple(symbols[1:]))

    def counted(self, symbols: Any) -> ast.Declared:
        name, family, shape, within, value = symbols
        return ast.Declared(ast.Name(*name[1:]), family, shape, value, within)

    family = staticmethod(tuple)

    def shape(self, symbols: Any) -> tuple[ast.Code, ...]:
        return self.cut_all(symbols[0]) if symbols[0] else ()

    def value(self, symbols: Any) -> ast.Code:
        return self.cut(symbols[0])

    def draw(self, symbols: Any) -> ast.Draw:
        name, arguments = symbols
        keywords = tuple([a[0] if isinstance(a[0], str) else None for a in arguments or ()])
        begun = [a[1:] if isinstance(a[0], str) else a for a in arguments or ()]
        return ast.Draw(ast.Name(*name[1:]), self.cut_all(begun), keywords)

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
        (_, text, place), members, value = symbols
        return ast.GivenItem(ast.Target(ast.Name(text[4:], place), members), value)

    def assume(self, symbols: Any) -> ast.Assume:
        start, place = symbols[0]
        return ast.Assume(ast.Name("assume", place), self.cut((start, place)))

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
        head: ast.UserOp
        head, result, *lines = symbols
        return head._replace(result=self.cut(result), rule=tuple(lines))

    def kernel(self, symbols: Any) -> ast.UserOp:
        head: ast.UserOp
        head, *lines = symbols
        end = next(k for k, line in enumerate(lines) if type(line) is tuple)  # what is returned
        above = lines[:end]
        saved = [name for line in above if isinstance(line, ast.Save) for name in line.names]
        body = tuple([line for line in above if not isinstance(line, ast.Save)])
        rule = tuple(lines[end + 1 :])
        return head._replace(result=lines[end], rule=rule, body=body, saved=tuple(saved))

    def save(self, symbols: Any) -> ast.Save:
        return ast.Save(tuple([ast.Name(*token[1:]) for token in symbols]))

    def op_head(self, symbols: Any) -> ast.UserOp:
        name, *parameters = symbols
        return self._op(name, parameters, surrogate=False)

    def surrogate_head(self, symbols: Any) -> ast.UserOp:
        _, name, *parameters = symbols
        return self._op(name, parameters, surrogate=True)

    def _op(self, name: Any, parameters: Any, *, surrogate: bool) -> ast.UserOp:
        names = tuple([each for each, _ in parameters])
        fixed = frozenset([each.text for each, held in parameters if held])
        return ast.UserOp(ast.Name(*name[1:]), names, (), (), surrogate, fixed)

    def parameter(self, symbols: Any) -> tuple[ast.Name, bool]:
        return ast.Name(*symbols[0][1:]), False

    def fixed(self, symbols: Any) -> tuple[ast.Name, bool]:
        return ast.Name(*symbols[0][1:]), True

    # ── derivation files ──

    def derived(self, symbols: Any) -> Any:
        return symbols[0]

    def blank(self, symbols: Any) -> ast.Blank:
        return self._blank(symbols, own=False)

    def own_blank(self, symbols: Any) -> ast.Blank:
        return self._blank(symbols, own=True)

    def _blank(self, symbols: Any, own: bool) -> ast.Blank:
        (_, text, (start, _)), *brackets, _, (_, _, (_, end)) = symbols
        name = ast.Name(text if own else text[4:], (start, end))
        return ast.Blank(name, own, tuple(brackets))

    def step_line(self, symbols: Any) -> Any:
        return symbols[0]

    def bracket(self, symbols: Any) -> tuple[tuple[Any, ...], tuple[ast.Code, ...]]:
        slices = symbols[0]
        starts = [start for _, found, _ in slices for start in found]
        return tuple(kind for kind, _, _ in slices), self.cut_all(starts)

    def assign(self, symbols: Any) -> str:
        return str(symbols[0][1])

    def step(self, symbols: Any) -> ast.BackwardLine:
        return self._line(symbols, own=False)

    def own(self, symbols: Any) -> ast.BackwardLine:
        return self._line(symbols, own=True)

    def _line(self, symbols: Any, own: bool) -> ast.BackwardLine:
        (_, text, place), *brackets, assign, start = symbols
        name = ast.Name(text if own else text[4:], place)
        return ast.BackwardLine(name, own, tuple(brackets), assign, self.cut(start))
