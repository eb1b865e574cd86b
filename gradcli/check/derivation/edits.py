"""The small changes that may make a wrong line right, each with the class of mistake that it mends.

A generator takes the code of an expression and yields changed codes. All of them cut and paste
slices of postfix code; none asks what the expression is worth.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from gradcli.check.derivation.postfix import NOWHERE, operands, parse, starts, text
from gradcli.ops import FUNCTIONS
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import ALONE, LAST
from gradcli.ops.core import Op
from gradcli.syntax import ast

SIGN, TRANSPOSE, ORDER = "sign", "transpose", "operand-order"
FACTOR, OPERAND, SCALE = "missing-factor", "wrong-operand", "scale"
SUM, SHAPE, DIAGONAL = "missing-sum", "shape", "softmax-diagonal"
EXTRA = "extra-factor"
UNKNOWN = "unknown"
ACCUMULATE = "missing-accumulate"

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class Edit(NamedTuple):
    """A changed code. The culprit is the slice of the unchanged code from `start` to `end`."""

    kind: str
    code: ast.Code
    start: int
    end: int
    note: str


def binary(symbol: str) -> ast.Instruction:
    return ("binary", symbol, NOWHERE)


def number(value: str) -> ast.Code:
    return (("number", value, NOWHERE),)


MINUS: ast.Instruction = ("unary", "-", NOWHERE)
TRANSPOSED: ast.Instruction = ("transpose", None, NOWHERE)


def signs(code: ast.Code) -> Iterator[Edit]:
    begins = starts(code)
    for i, (operation, argument, at) in enumerate(code):
        if operation == "unary" and argument == "-":
            yield Edit(SIGN, code[:i] + code[i + 1 :], i, i + 1, "this minus does not belong here")
        elif operation == "binary" and argument in "+-":
            other = "-" if argument == "+" else "+"
            changed = (*code[:i], (operation, other, at), *code[i + 1 :])
            yield Edit(SIGN, changed, i, i + 1, f"`{argument}` where `{other}` belongs")
    closed = fixed(code, begins)
    for i in reversed(range(len(code))):
        if i not in closed and code[i][0] not in ("number", "unary"):
            changed = (*code[: i + 1], MINUS, *code[i + 1 :])
            yield Edit(SIGN, changed, begins[i], i + 1, "the sign is wrong")


def transposes(code: ast.Code) -> Iterator[Edit]:
    begins = starts(code)
    closed = fixed(code, begins)
    for i, (operation, _, _) in enumerate(code):
        if operation == "transpose":
            yield Edit(
                TRANSPOSE, code[:i] + code[i + 1 :], i, i + 1, "this transpose does not belong here"
            )
        elif i not in closed and operation != "number":
            changed = (*code[: i + 1], TRANSPOSED, *code[i + 1 :])
            shown = text(code[begins[i] : i + 1])
            yield Edit(TRANSPOSE, changed, begins[i], i + 1, f"{shown} is not transposed")


def orders(code: ast.Code) -> Iterator[Edit]:
    begins = starts(code)
    for i, (operation, argument, _) in enumerate(code):
        parts = operands(code, begins, i)
        pairs: list[int] = []
        if operation == "binary" and argument in ("@", "/", "^", "**"):
            pairs = [0]
        elif operation == "call" and not any(argument[1]):
            pairs = list(range(len(parts) - 1))
        for k in pairs:
            (a, b), (_, d) = parts[k], parts[k + 1]
            changed = code[:a] + code[b:d] + code[a:b] + code[d:]
            if operation == "binary":
                note = f"the operands of `{argument}` are in the wrong order"
            else:
                note = f"the arguments of {argument[0]} are in the wrong order"
            yield Edit(ORDER, changed, begins[i], i + 1, note)


def drops(code: ast.Code, constants: Sequence[ast.Code]) -> Iterator[Edit]:
    """Leave out a factor, a term, a function."""
    begins = starts(code)
    sizes = {constant[0][1] for constant in constants if len(constant) == 1}
    for i, (operation, argument, _) in enumerate(code):
        parts = operands(code, begins, i)
        if operation == "binary" and argument not in COMPARISONS:
            for keep, drop in ((0, 1), (1, 0)):
                if keep == 1 and argument in ("^", "**"):
                    continue
                a, b = parts[keep]
                c, d = parts[drop]
                if argument in "+-" and b - a == 1 and code[a][:2] == ("number", "1"):
                    continue  # as a factor, `1 - y` is left out as a whole
                changed = code[: begins[i]] + code[a:b]
                if keep == 1 and argument == "-":
                    changed = (*changed, MINUS)
                elif keep == 1 and argument == "/":
                    changed = (*code[: begins[i]], *number("1"), *code[a:b], binary("/"))
                changed = changed + code[i + 1 :]
                plain = all(
                    o != "derivative" and (o != "name" or n in sizes) for o, n, _ in code[c:d]
                )
                kind = SCALE if plain and argument in "*/" else EXTRA
                what = (
                    "term" if argument in "+-" else "power" if argument in ("^", "**") else "factor"
                )
                yield Edit(
                    kind, changed, c, d, f"the {what} {text(code[c:d])} does not belong here"
                )
        elif operation == "call" and parts:
            a, b = parts[0]
            changed = code[: begins[i]] + code[a:b] + code[i + 1 :]
            kind = SHAPE if _has_axis(argument[0]) else EXTRA
            yield Edit(kind, changed, begins[i], i + 1, f"{argument[0]} does not belong here")


def _has_axis(function: str) -> bool:
    return function in FUNCTIONS and "axis" in FUNCTIONS[function].keywords


def addends(code: ast.Code) -> Iterator[tuple[ast.Code, ast.Code]]:
    """Each term of each sum in an expression, and the expression without it."""
    begins = starts(code)
    for i, (operation, argument, _) in enumerate(code):
        if operation == "binary" and argument in ("+", "-"):
            (a, b), (c, d) = operands(code, begins, i)
            sign = () if argument == "+" else (MINUS,)
            yield code[a:b], (*code[: begins[i]], *code[c:d], *sign, *code[i + 1 :])
            yield code[c:d], code[: begins[i]] + code[a:b] + code[i + 1 :]


def sums(code: ast.Code) -> Iterator[Edit]:
    """Sum what broadcasting stretched."""
    begins = starts(code)
    closed = fixed(code, begins)
    for i in reversed(range(len(code))):
        if i in closed or code[i][0] == "number":
            continue
        inside = code[begins[i] : i + 1]
        for axis in ("0", "1", None):
            wrapped = _sum(inside, axis)
            along = f" along axis {axis}" if axis else ""
            yield Edit(
                SUM,
                code[: begins[i]] + wrapped + code[i + 1 :],
                begins[i],
                i + 1,
                f"{text(inside)} must be summed{along}: broadcasting stretched the operand",
            )


def _sum(inside: ast.Code, axis: str | None) -> ast.Code:
    if axis is None:
        return (*inside, ("call", ("sum", (None,)), NOWHERE))
    return (*inside, *number(axis), ("call", ("sum", (None, "axis")), NOWHERE))


def shapes(code: ast.Code, sizes: Sequence[ast.Code]) -> Iterator[Edit]:
    """Another axis, the other product, a broadcast to the shape that is wanted."""
    begins = starts(code)
    for i, (operation, argument, at) in enumerate(code):
        if operation == "call" and "axis" in argument[1]:
            a, b = operands(code, begins, i)[argument[1].index("axis")]
            for axis in ("0", "1", "2"):
                changed = (*code[:a], ("number", axis, code[a][2]), *code[b:])
                yield Edit(
                    SHAPE, changed, begins[i], i + 1, f"{argument[0]} goes along axis {axis} here"
                )
            whole = (*code[:a], *code[b:i], ("call", (argument[0], (None,)), at))
            yield Edit(
                SHAPE,
                whole + code[i + 1 :],
                begins[i],
                i + 1,
                f"{argument[0]} goes over everything here",
            )
        elif operation == "call" and _has_axis(argument[0]):
            for axis in ("0", "1", "2"):
                changed = (
                    *code[:i],
                    *number(axis),
                    ("call", (argument[0], (*argument[1], "axis")), at),
                    *code[i + 1 :],
                )
                yield Edit(
                    SHAPE, changed, begins[i], i + 1, f"{argument[0]} goes along axis {axis} here"
                )
        elif operation == "binary" and argument in "@*∘⊙":
            other = "*" if argument == "@" else "@"
            changed = (*code[:i], (operation, other, at), *code[i + 1 :])
            yield Edit(SHAPE, changed, i, i + 1, f"`{argument}` where `{other}` belongs")
    if not sizes:
        return
    closed = fixed(code, begins)
    listed = tuple(instruction for size in sizes for instruction in size)
    shaped = (
        *listed,
        ("column", len(sizes), NOWHERE),
        ("call", ("broadcast", (None, None)), NOWHERE),
    )
    for i in reversed(range(len(code))):
        if i not in closed:
            changed = (*code[: i + 1], *shaped, *code[i + 1 :])
            note = f"{text(code[begins[i] : i + 1])} has another shape than its derivative"
            yield Edit(SHAPE, changed, begins[i], i + 1, note)


def scales(
    code: ast.Code, constants: Sequence[ast.Code], stated: Sequence[ast.Code] = ()
) -> Iterator[Edit]:
    """Another number, or a factor more. stated: the numbers that are expected."""
    begins = starts(code)
    closed = fixed(code, begins)
    known = {constant[0][:2] for constant in constants if len(constant) == 1}
    others = [
        (i, c, constant)
        for i, c in enumerate(code)
        if i not in closed and (c[0] == "number" or c[:2] in known)
        for constant in constants
    ]
    # A size is hardly written for a number that it happens to be: that comes last.
    unlikely = [
        found
        for found in others
        if found[1][0] == "name"
        and (found[2] not in stated if len(found[2]) > 1 else found[2][0][0] == "number")
    ]
    yield from (_restated(code, *found) for found in others if found not in unlikely)
    exponents = {
        operands(code, begins, i)[1][1] - 1 for i, c in enumerate(code) if c[1] in ("^", "**")
    }
    for i in reversed(range(len(code))):
        if i in closed or i in exponents:
            continue
        inside = code[begins[i] : i + 1]
        for constant in constants:
            if constant[0][1] in ("0", "1"):
                continue
            for symbol, joined in (
                ("*", constant + inside),
                ("*", inside + constant),
                ("/", inside + constant),
            ):
                changed = (*code[: begins[i]], *joined, binary(symbol), *code[i + 1 :])
                shown = text(constant) if symbol == "*" else f"1/{text(constant)}"
                yield Edit(SCALE, changed, begins[i], i + 1, f"the factor {shown} is missing")
    yield from (_restated(code, *found) for found in unlikely)


def _restated(code: ast.Code, i: int, was: ast.Instruction, constant: ast.Code) -> Edit:
    """Another number in the place of one."""
    note = f"{was[1]} where {text(constant)} belongs"
    return Edit(SCALE, code[:i] + constant + code[i + 1 :], i, i + 1, note)


def numerals(code: ast.Code) -> Iterator[Edit]:
    """What a numeral is near: 1/3 for 0.333, pi for 3.14, 3 for 3.0001."""
    closed = bounds(code, starts(code))
    for i, (operation, argument, _) in enumerate(code):
        if operation != "number" or i in closed:
            continue
        for meant, rounds in _near(str(argument)):
            note = f"{argument} is only near {text(meant)}" + ", which it rounds" * rounds
            yield Edit(SCALE, code[:i] + meant + code[i + 1 :], i, i + 1, note)


def _near(numeral: str) -> Iterator[tuple[ast.Code, bool]]:
    """The fractions of small numbers, their roots, and those with pi, near a numeral; and whether
    it rounds them.
    """
    digits = re.sub(r"[eE].*|\.", "", numeral).strip("0")
    if len(digits) < 2 or not float(numeral):
        return
    value, room = float(numeral), 0.51 * 10.0 ** (1 - len(digits))
    most = min(1000, 10 ** (len(digits) // 2) + 3)
    for shown, scale, power in (
        ("{}", 1.0, 1),
        ("{} * pi", math.pi, 1),
        ("{} / pi", 1 / math.pi, 1),
        ("sqrt({})", 1.0, 2),
    ):
        near = Fraction(value**power / scale).limit_denominator(most)
        off = abs(float(near) * scale / value**power - 1) / power
        if near and 0 < off < room:
            yield parse(shown.format(near).removeprefix("1 * ")), off * int(digits) < 0.51


def fixed(code: ast.Code, begins: Sequence[int]) -> set[int]:
    """The places that no edit wraps: indices, axes, sizes, texts, and the h of h[2]."""
    found = bounds(code, begins)
    for i, (operation, _, _) in enumerate(code):
        if operation == "index":
            found.add(operands(code, begins, i)[0][1] - 1)
        elif operation == "string":
            found.add(i)
    return found


def bounds(code: ast.Code, begins: Sequence[int]) -> set[int]:
    """The places that state an index, a size or an axis, not a value."""
    found: set[int] = set()
    for i, (operation, argument, _) in enumerate(code):
        parts = operands(code, begins, i)
        if operation == "index":
            parts = parts[1:]
        elif operation == "call":
            op = FUNCTIONS.get(argument[0])
            places = {ATTRIBUTES[key].stands for key in op.attributes} if op else set()
            first = 0 if ALONE in places else _before(op) if LAST in places else len(parts)
            parts = [p for k, p in enumerate(parts) if k >= first or argument[1][k] is not None]
        else:
            continue
        for start, end in parts:
            found.update(range(start, end))
    return found


def _before(op: Op | None) -> int:
    """How many operands stand before a function's attributes."""
    return len(op.operands) if op is not None else 1


def leaves(code: ast.Code) -> list[tuple[int, int]]:
    """The slices of code that name a quantity: x, dL/dx, and with their index h[2], dL/dz1[3]."""
    begins = starts(code)
    indexing = bounds(code, begins)
    found: dict[int, int] = {}
    for i, (operation, argument, _) in enumerate(code):
        if operation in ("name", "derivative") and i not in indexing:
            found[i] = i + 1
        elif operation == "index" and set(argument) == {ast.AT}:
            base, *indices = operands(code, begins, i)
            simple = all(code[start][0] == "number" and end - start == 1 for start, end in indices)
            if base[1] - base[0] == 1 and base[0] in found and simple:
                found[base[0]] = i + 1
    return sorted(found.items())
