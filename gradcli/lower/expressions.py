"""Postfix code to steps: a stack machine whose values are quantities, numbers and families."""

from __future__ import annotations

from typing import Any

from gradcli.errors import GradError
from gradcli.forms import Member
from gradcli.lower import numbers
from gradcli.lower.env import Env
from gradcli.lower.functions import call, plain_call
from gradcli.lower.names import lookup
from gradcli.lower.operands import apply, brackets, value
from gradcli.lower.scope import Item, Quoted, Ref
from gradcli.lower.text import Unknown
from gradcli.lower.unroll import iterate
from gradcli.ops import FUNCTIONS, OPERATORS, TABLE
from gradcli.sizes import Form, Lettered, Number, is_scalar
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

BINARY = {symbol: TABLE[name] for (symbol, count), name in OPERATORS.items() if count == 2}
UNARY = {symbol: TABLE[name] for (symbol, count), name in OPERATORS.items() if count == 1}


def run(env: Env, code: ast.Code) -> Item:
    """The value of an expression; its operations are appended as steps."""
    stack: list[Any] = []
    push = stack.append
    known: dict[str, Any] = env.scope.names
    emit, frame = env.listing.emit, env.frame
    for operation, argument, place in code:
        if operation == "name":
            found = known.get(argument)
            push(found if found.__class__ is Ref else lookup(env, argument, place))
        elif operation == "binary":
            y, x = stack.pop(), stack.pop()
            if x.__class__ is Ref and y.__class__ is Ref:
                push(emit(BINARY[argument], (x, y), (), place, frame))
            else:
                push(
                    apply(
                        env,
                        BINARY[argument],
                        (value(env, x, place, 0), value(env, y, place, 1)),
                        (),
                        place,
                    )
                )
        elif operation == "number":
            push(_literal(env, argument, place))
        elif operation == "call":
            name, keywords = argument
            items = _popped(stack, len(keywords))
            plain = plain_call(env, name, keywords, items)
            if plain:
                push(emit(plain.op, items, plain.attrs, place, frame))
            else:
                push(call(env, name, keywords, items, place))
        elif operation == "index":
            bounds = _popped(stack, sum(1 if kind == ast.AT else sum(kind) for kind in argument))
            push(env.dialect.indexed(env, stack.pop(), argument, bounds, place))
        elif operation == "transpose":
            push(apply(env, TABLE["transpose"], (value(env, stack.pop(), place, 0),), (), place))
        elif operation == "unary":
            push(apply(env, UNARY[argument], (value(env, stack.pop(), place, 0),), (), place))
        elif operation in ("column", "stacked"):
            push(brackets(env, _popped(stack, argument), operation == "stacked", place))
        elif operation == "comprehension":
            push(_sum(env, argument, place))
        elif operation == "string":
            push(Quoted(argument))
        else:
            push(env.dialect.derivative(env, argument, place))
    result: Item = stack[0]
    return result


def quantity(env: Env, code: ast.Code) -> Ref | Number:
    """The value of an expression as an operand."""
    return value(env, run(env, code), ast.extent(code))


def number(env: Env, code: ast.Code, what: str) -> Number:
    """The value of code that must be a whole number. Raises GradError elsewhere."""
    try:
        item = run(env, code)
        found = numbers.whole(item, what)
        assert isinstance(item, Number)
        size = item.size or env.text.sizes.constant(found)
    except Unknown as error:
        error.hint = error.hint or f"a size is declared with dim: dim {error.name} = 4"
        raise
    except GradError as error:
        span = error.span or env.text.span(ast.extent(code))
        raise GradError(error.message, span, error.hint, kind=error.kind) from None
    return item._replace(value=found, size=size)


def ends(env: Env, interval: ast.Interval) -> tuple[Number, Number]:
    """The first and the last of a range. Raises GradError for an empty one."""
    first = number(env, interval.first, "a bound")
    last = number(env, interval.last, "a bound")
    if first.value > last.value:
        raise env.error(
            f"the range {first.text}..{last.text} is empty: "
            f"{first.value} is more than {last.value}",
            interval.place,
            "a range counts up, both ends included",
            kind="bad-range",
        )
    return first, last


def _literal(env: Env, text: str, place: Place) -> Number:
    try:
        return numbers.literal(env.text.sizes, text)
    except GradError as error:
        raise env.error(error.message, place, kind=error.kind) from None


def _popped(stack: list[Any], count: int) -> list[Any]:
    """The last items of the stack, taken off it."""
    if not count:
        return []
    items = stack[-count:]
    del stack[-count:]
    return items


# ── sums ──


def _sum(env: Env, loop: ast.Comprehension, place: Place) -> Item:
    """sum(… for t in 1..T): a running total, one addition a term."""
    function = FUNCTIONS.get(loop.function)
    if function is None or not function.ranges:
        raise env.error(
            f"{loop.function} does not go over a range; sum does", place, kind="bad-arguments"
        )
    variable, (first, last) = loop.variable, ends(env, loop.interval)
    sizes, numbering = env.text.sizes, env.listing.numbering
    letter = sizes.lettered(variable.text)
    before = numbers.lettered(sizes, BINARY["-"], (letter, numbers.literal(sizes, "1")))
    total: Ref | Number | None = None
    running = ""  # the total's z name, which all additions share
    for inner in iterate(env, variable, (first, last), len(loop.body) + 1, place, is_sum=True):
        term = value(inner, run(inner, loop.body), ast.extent(loop.body))
        if total is None:
            total = term
            continue
        if isinstance(total, Ref):
            if running:
                numbering.shared = numbering.counter
            running = numbering.next()
            total = Ref(total.name, total.shape, Member(running, (*env.frame.letters, before)))
        total = apply(inner, TABLE["add"], (total, term), (), place)
    assert total is not None
    if isinstance(total, Ref):
        total = Ref(total.name, total.shape, _ended(env, total.rolled, letter, last.form))
        if env.frame.totals and not is_scalar(total.shape):
            total = env.emit(TABLE["sum"], (total,), (("axis", None),), place)
    return total


def _ended(env: Env, form: Member | None, letter: Lettered, last: Form) -> Member | None:
    """A form of the last iteration, with the end of the range for its letter."""
    if form is None:
        return None
    sizes = env.text.sizes
    return Member(form.family, tuple([numbers.put(sizes, i, letter, last) for i in form.indices]))
