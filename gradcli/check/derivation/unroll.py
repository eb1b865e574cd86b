"""The loops of a derivation file, each iteration by itself: `for t in T..1:`.

An iteration's lines have numbers in the place of the loop's variables, so that all that is done
with a line is done with a line of a loop as well; what is said of it has the letters again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gradcli.check.derivation.postfix import operands, starts
from gradcli.errors import GradError
from gradcli.syntax import ast

MOST_LINES = 20_000  # lines of all iterations
DEEPEST = 64  # loops inside each other
NEAR = 2  # how far from its loop's variable an index is written with its letter

Whole = Callable[[ast.Code, str], int]  # the value of code that must be a whole number


def unrolled(
    statements: Sequence[Any], whole: Whole, error: Callable[..., GradError]
) -> Iterator[Any]:
    """The statements of a file with every loop's iterations in its place, in order; the error of a
    loop whose range has none.

    whole: computes a bound, an index. error: makes the error at a place.
    """
    waiting: list[tuple[Any, tuple[tuple[str, int], ...]]] = []
    waiting += [(statement, ()) for statement in reversed(statements)]
    count = 0
    while waiting:
        node, indices = waiting.pop()
        if not isinstance(node, ast.For):
            count += 1
            yield _iteration(node, indices, whole) if indices else node
            continue
        variable, interval = node.variable, node.interval
        try:
            known = dict(indices)
            first, last = (
                whole(substituted(code, known), "a bound")
                for code in (interval.first, interval.last)
            )
            step = 1 if first <= last else -1
            turns = abs(last - first) + 1
            if turns * len(node.body) + len(waiting) + count > MOST_LINES:
                message = f"this would unroll to more than {MOST_LINES:,} lines"
                raise error(message, interval.place, "make the range smaller", kind="too-large")
            if len(indices) >= DEEPEST:
                message = f"loops nest more than {DEEPEST} deep here"
                raise error(message, variable.place, kind="too-large")
        except GradError as found:
            yield found
            continue
        for t in range(last, first - step, -step):
            waiting += [(inner, (*indices, (variable.text, t))) for inner in reversed(node.body)]


def _iteration(node: Any, indices: tuple[tuple[str, int], ...], whole: Whole) -> Any:
    """A line as one iteration has it; the error of one that is none."""
    known = dict(indices)
    try:
        if isinstance(node, ast.BackwardLine | ast.Blank):
            brackets = tuple(
                (kinds, tuple(_bracket(substituted(c, known), c, whole) for c in codes))
                for kinds, codes in node.brackets
            )
            node = node._replace(brackets=brackets)
        if isinstance(node, ast.BackwardLine):
            value = _indices_folded(substituted(node.value, known), node.value, whole)
            return node._replace(value=value, indices=indices)
    except GradError as error:
        return error
    return node


def substituted(code: ast.Code, known: Mapping[str, int]) -> ast.Code:
    """Code with numbers in the place of loops' variables."""
    found: list[ast.Instruction] = []
    for operation, argument, place in code:
        if operation == "name" and argument in known:
            found += _number(known[argument], place)
        elif operation == "comprehension":
            own = argument.generator.variable.text
            inner = {name: t for name, t in known.items() if name != own}
            loop = argument.each(lambda code, inner=inner: substituted(code, inner))
            found.append((operation, loop, place))
        else:
            found.append((operation, argument, place))
    return tuple(found)


def _number(value: int, place: ast.Place) -> ast.Code:
    sign: ast.Code = (("unary", "-", place),) if value < 0 else ()
    return (("number", str(abs(value)), place), *sign)


def _bracket(code: ast.Code, before: ast.Code, whole: Whole) -> ast.Code:
    """What stands in a target's brackets: a number, or an index that has one in its own."""
    if any(operation == "index" for operation, _, _ in code):
        return _indices_folded(code, before, whole)
    return _folded(code, before, whole)


def _folded(code: ast.Code, before: ast.Code, whole: Whole) -> ast.Code:
    """An index as one number, where it had a loop's variable in it."""
    if code == before or len(code) == 1:
        return code
    return _number(whole(code, "an index"), code[-1][2])


def _indices_folded(code: ast.Code, before: ast.Code, whole: Whole) -> ast.Code:
    """Code whose indices are one number each, where they had a loop's variable in them."""
    if code == before:
        return code
    begins = starts(code)
    folded: dict[int, tuple[int, ast.Code]] = {}
    for i, (operation, _, _) in enumerate(code):
        if operation != "index":
            continue
        for start, end in operands(code, begins, i)[1:]:
            inside = code[start:end]
            if end - start > 1 and all(o in ("number", "binary", "unary") for o, _, _ in inside):
                folded[start] = end, _folded(inside, (), whole)
    found: list[ast.Instruction] = []
    i = 0
    while i < len(code):
        if i in folded:
            i, number = folded[i]
            found += number
        else:
            found.append(code[i])
            i += 1
    return tuple(found)


def lettered(code: ast.Code, indices: Sequence[tuple[str, int]]) -> ast.Code:
    """Code of an iteration with its loop's letter in each index that is near to it."""
    if not indices:
        return code
    begins = starts(code)
    found: dict[int, ast.Code] = {}
    for i, (operation, _, _) in enumerate(code):
        if operation != "index":
            continue
        for start, end in operands(code, begins, i)[1:]:
            inside = code[start:end]
            if inside[0][0] != "number" or any(o != "unary" for o, _, _ in inside[1:]):
                continue
            value = int(float(inside[0][1])) * (-1 if end - start > 1 else 1)
            near = [(abs(value - t), name, t) for name, t in reversed(indices)]
            away, name, t = min(near, key=lambda choice: choice[0])
            if away <= NEAR and end - start == 1:
                sign = "+" if value > t else "-"
                place = inside[0][2]
                offset = (("number", str(away), place), ("binary", sign, place)) if away else ()
                found[start] = (("name", name, place), *offset)
    return tuple(j for i, instruction in enumerate(code) for j in found.get(i, (instruction,)))
