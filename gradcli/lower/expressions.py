"""Postfix code to steps: a stack machine whose values are quantities, numbers and families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from gradcli.lower.unroll import iterate, plain_iterations
from gradcli.ops import FUNCTIONS, OPERATORS, TABLE, Op
from gradcli.record import Record
from gradcli.sizes import Form, Lettered, Number, Sizes, is_scalar, of_size
from gradcli.syntax import ast
from gradcli.syntax.ast import Place

BINARY = {symbol: TABLE[name] for (symbol, count), name in OPERATORS.items() if count == 2}
TOTAL = ("add",)  # the fold of a sum, which in a loss goes over the entries of its terms too
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
            bounds = _popped(stack, ast.arity(operation, argument) - 1)
            push(env.dialect.indexed(env, stack.pop(), argument, bounds, place))
        elif operation == "transpose":
            push(apply(env, TABLE["transpose"], (value(env, stack.pop(), place, 0),), (), place))
        elif operation == "unary":
            push(apply(env, UNARY[argument], (value(env, stack.pop(), place, 0),), (), place))
        elif operation in ("column", "stacked", "tuple"):
            push(brackets(env, _popped(stack, argument), operation, place))
        elif operation == "comprehension":
            push(_over_range(env, argument, place))
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


# ── over a range: sum(… for t in 1..T), stack(… for t in 1..T) ──


class Part(Record):
    """What some terms come to, and how many they are."""

    item: Ref | Number
    terms: Number


def _over_range(env: Env, loop: ast.Comprehension, place: Place) -> Item:
    """A function over the terms of one or several ranges."""
    op = FUNCTIONS.get(loop.function)
    if op is not None and op.operands[-1].startswith("*"):
        terms: list[Item] = list(_terms(env, loop, place))
        if not terms:
            raise _nothing(env, loop)
        extra = [run(env, code) for code in loop.extra]
        return call(env, loop.function, (None,) * len(terms) + loop.keywords, terms + extra, place)
    if op is None or not op.fold or loop.keywords:
        raise _no_range(env, loop, op, place)
    add, *ends = op.fold
    found = _folded(env, loop, TABLE[add], place)
    if found is None:
        raise _nothing(env, loop)
    total = found.item
    for end in ends:
        total = apply(env, TABLE[end], (total, found.terms), (), place)
    if (
        op.fold == TOTAL
        and env.frame.totals
        and isinstance(total, Ref)
        and not is_scalar(total.shape)
    ):
        total = env.emit(TABLE["sum"], (total,), (("axis", None),), place)
    return total


def _folded(env: Env, loop: ast.Comprehension, op: Op, place: Place) -> Part | None:
    """The terms drawn together, one operation each after the first; None where there are none."""
    if _chosen(loop):
        return _chosen_folded(env, loop, op, place)
    variable, (first, last) = loop.generator.variable, ends(env, loop.generator.interval)
    sizes, numbering = env.text.sizes, env.listing.numbering
    letter = sizes.lettered(variable.text)
    before = numbers.lettered(sizes, BINARY["-"], (letter, numbers.literal(sizes, "1")))
    total: Ref | Number | None = None
    counts: list[Number] = []
    running = ""  # the total's z name, which all operations share
    body = None if loop.continued else (loop.body,)
    weight = len(loop.body) + 1
    for inner in iterate(env, variable, (first, last), weight, place, loop.function, body):
        part = _term(inner, loop, op, place)
        assert part is not None
        counts.append(part.terms)
        if total is None:
            total = part.item
            continue
        if isinstance(total, Ref):
            if running:
                numbering.shared = numbering.counter
            running = numbering.next()
            total = Ref(total.name, total.shape, Member(running, (*env.frame.letters, before)))
        total = apply(inner, op, (total, part.item), (), place)
    assert total is not None
    if isinstance(total, Ref):
        name = env.listing.steps[-1].name if running else total.name
        total = Ref(name, total.shape, _ended(env, total.rolled, letter, last.form))
    return Part(total, _count(sizes, first, last, counts))


def _count(sizes: Sizes, first: Number, last: Number, counts: Sequence[Number]) -> Number:
    """How many terms there are: as many in each iteration where these are alike."""
    if any(count != counts[0] for count in counts):
        return numbers.literal(sizes, str(sum(int(count.value) for count in counts)))
    one = numbers.literal(sizes, "1")
    turns = last
    if first != one:
        turns = numbers.apply(sizes, BINARY["-"], (last, first)) if first.value else last
        turns = numbers.apply(sizes, BINARY["+"], (turns, one))
    if turns.size is not None and not turns.size.is_constant:
        turns = of_size(turns.size)._replace(rolled=turns.rolled)
    return turns if counts[0] == one else numbers.apply(sizes, BINARY["*"], (turns, counts[0]))


def _term(env: Env, loop: ast.Comprehension, op: Op, place: Place) -> Part | None:
    """What an iteration adds: its term, or what the next range comes to."""
    if loop.continued:
        return _folded(env, loop.body[0][1], op, place)
    return Part(
        value(env, run(env, loop.body), ast.extent(loop.body)), numbers.literal(env.text.sizes, "1")
    )


def _chosen_folded(env: Env, loop: ast.Comprehension, op: Op, place: Place) -> Part | None:
    """The same where conditions choose the terms: no loop is kept of what has gaps."""
    found: Part | None = None
    for inner in _chosen_iterations(env, loop, place):
        part = _term(inner, loop, op, place)
        if part is None:
            continue
        if found is None:
            found = part
        else:
            total = apply(inner, op, (found.item, part.item), (), place)
            terms = numbers.apply(env.text.sizes, BINARY["+"], (found.terms, part.terms))
            found = Part(total, terms)
    return found


def _terms(env: Env, loop: ast.Comprehension, place: Place) -> Iterator[Ref | Number]:
    """All terms, the last range's variable the fastest."""
    generator = loop.generator
    if _chosen(loop):
        for inner in _chosen_iterations(env, loop, place):
            yield from _body_terms(inner, loop, place)
        return
    sizes = env.text.sizes
    letter = sizes.lettered(generator.variable.text)
    bounds = ends(env, generator.interval)
    for t, inner in enumerate(
        iterate(env, generator.variable, bounds, len(loop.body) + 1, place, loop.function),
        int(bounds[0].value),
    ):
        at = of_size(sizes.constant(t)).form
        for item in _body_terms(inner, loop, place):
            if isinstance(item, Ref):
                rolled = _ended(env, item.rolled, letter, at)
                yield Ref(item.name, item.shape, rolled, item.below)
            else:
                yield item


def _body_terms(env: Env, loop: ast.Comprehension, place: Place) -> Iterator[Ref | Number]:
    if loop.continued:
        yield from _terms(env, loop.body[0][1], place)
    else:
        yield value(env, run(env, loop.body), ast.extent(loop.body))


def _chosen(loop: ast.Comprehension) -> bool:
    """Whether conditions choose among the terms of a range, or of those after it."""
    while not loop.generator.conditions and loop.continued:
        loop = loop.body[0][1]
    return bool(loop.generator.conditions)


def _chosen_iterations(env: Env, loop: ast.Comprehension, place: Place) -> Iterator[Env]:
    """The iterations in which all conditions hold."""
    variable, interval, conditions = loop.generator
    bounds = ends(env, interval)
    for inner in plain_iterations(env, variable, bounds, len(loop.body) + 1, place, loop.function):
        if all([_holds(inner, condition) for condition in conditions]):
            yield inner


def _holds(env: Env, condition: ast.Code) -> bool:
    found = run(env, condition)
    if not isinstance(found, Number):
        raise env.error_over(
            "a condition is about loops' variables and sizes, which are numbers",
            condition,
            "if i != j; where(mask, a, b) chooses by values",
            kind="bad-range",
        )
    return found.value != 0


def _no_range(env: Env, loop: ast.Comprehension, op: Op | None, place: Place) -> GradError:
    if op is not None and op.fold:
        return env.error(
            f"{loop.function} over a range takes nothing else", place, kind="bad-arguments"
        )
    known = [name for name, entry in FUNCTIONS.items() if entry.fold]
    return env.error(
        f"{loop.function} does not go over a range",
        place,
        f"{', '.join(known)} do, and stack and concat",
        kind="bad-arguments",
    )


def _nothing(env: Env, loop: ast.Comprehension) -> GradError:
    return env.error(
        "no term is left: the conditions hold nowhere",
        loop.generator.interval.place,
        kind="bad-range",
    )


def _ended(env: Env, form: Member | None, letter: Lettered, last: Form) -> Member | None:
    """A form of the last iteration, with the end of the range for its letter."""
    if form is None:
        return None
    sizes = env.text.sizes
    return Member(form.family, tuple([numbers.put(sizes, i, letter, last) for i in form.indices]))
