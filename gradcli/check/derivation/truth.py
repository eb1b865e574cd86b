"""Changes of a wrong line that are made of the truth: its names, its factors, its terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gradcli.check.derivation.edits import (
    COMPARISONS,
    DIAGONAL,
    EXTRA,
    FACTOR,
    MINUS,
    OPERAND,
    SCALE,
    TRANSPOSED,
    Edit,
    binary,
    fixed,
    leaves,
    number,
)
from gradcli.check.derivation.postfix import operands, plain, starts, text
from gradcli.ops import FUNCTIONS
from gradcli.syntax import ast


def renames(code: ast.Code, names: Iterable[ast.Code]) -> Iterator[Edit]:
    places = leaves(code)
    for name in names:
        for start, end in places:
            yield from _renamed(code, start, end, [name])


def _renamed(code: ast.Code, start: int, end: int, names: Iterable[ast.Code]) -> Iterator[Edit]:
    for name in names:
        note = f"{text(code[start:end])} where {text(name)} belongs"
        yield Edit(OPERAND, code[:start] + name + code[end:], start, end, note)


def indices(code: ast.Code, names: Sequence[ast.Code]) -> Iterator[Edit]:
    """Another entry, or other bounds of a slice; of `names`, which hold indices, another one."""
    begins = starts(code)
    for i, (operation, _, _) in enumerate(code):
        if operation != "index":
            continue
        for start, end in operands(code, begins, i)[1:]:
            if end - start == 1 and plain(code[start:end]) in names:
                yield from _renamed(code, start, end, names)
            if end - start != 1 or code[start][0] != "number":
                continue
            number, at = int(float(code[start][1])), code[start][2]
            for other in (number - 1, number + 1, number - 2, number + 2, -number):
                sign = () if other >= 0 else (MINUS,)
                changed = (*code[:start], ("number", str(abs(other)), at), *sign, *code[end:])
                yield Edit(
                    OPERAND, changed, start, end, f"the index {number} is wrong: it is {other}"
                )


def functions(code: ast.Code) -> Iterator[Edit]:
    """Another function of one operand, another comparison."""
    begins = starts(code)
    others = [
        name
        for name, op in FUNCTIONS.items()
        if op.group == "elementwise" and len(op.operands) == 1
    ]
    for i, (operation, argument, at) in enumerate(code):
        if operation == "binary" and argument in COMPARISONS:
            for other in COMPARISONS:
                changed = (*code[:i], (operation, other, at), *code[i + 1 :])
                yield Edit(OPERAND, changed, i, i + 1, f"`{argument}` where `{other}` belongs")
        elif operation == "call" and argument[0] in others:
            for name in others:
                changed = (*code[:i], (operation, (name, argument[1]), at), *code[i + 1 :])
                yield Edit(
                    OPERAND, changed, begins[i], i + 1, f"{argument[0]} where {name} belongs"
                )


ONE = ("number", "1")
REDUCTIONS = {"mean": "sum", "sum": "mean"}


def reductions(code: ast.Code) -> Iterator[Edit]:
    """A sum for a mean, a mean for a sum."""
    begins = starts(code)
    for i, (operation, argument, at) in enumerate(code):
        if operation == "call" and argument[0] in REDUCTIONS:
            other = REDUCTIONS[argument[0]]
            changed = (*code[:i], (operation, (other, argument[1]), at), *code[i + 1 :])
            note = f"a {argument[0]} where a {other} belongs"
            yield Edit(SCALE, changed, begins[i], i + 1, note)


def powers(code: ast.Code) -> Iterator[Edit]:
    """A quantity for its square, and the other way round."""
    begins = starts(code)
    squared = {
        begins[i]: i
        for i, (operation, argument, _) in enumerate(code)
        if operation == "binary" and argument in ("^", "**") and code[i - 1][:2] == ("number", "2")
    }
    for start, end in leaves(code):
        if start in squared and squared[start] == end + 1:
            continue
        behind = end + (end < len(code) and code[end][0] == "transpose")
        shown = text(code[start:behind])
        changed = (*code[:behind], *number("2"), binary("^"), *code[behind:])
        yield Edit(FACTOR, changed, start, behind, f"{shown} is not squared")
    for start, place in squared.items():
        changed = code[: place - 1] + code[place + 1 :]
        shown = text(code[start : place - 1])
        yield Edit(EXTRA, changed, start, place + 1, f"{shown} is squared, and should not be")


def factors(code: ast.Code, pool: Iterable[ast.Code], symbols: str = "*@") -> Iterator[Edit]:
    """One of the factors of what is expected, put in; with `/` as its quotient.

    None that cancels what the line multiplies with: it is plainer to leave that out.
    """
    begins = starts(code)
    closed = fixed(code, begins)
    places = [i for i in reversed(range(len(code))) if i not in closed and code[i][:2] != ONE]
    below = _divisors(code, begins)
    multiplied = _multiplied(code)
    for factor in pool:
        shown = text(factor)
        cancels = _multiplied(factor) <= multiplied
        for i in places:
            inside = code[begins[i] : i + 1]
            for combined in (
                (*inside, *factor, binary("*")),
                (*inside, *factor, binary("@")),
                (*factor, *inside, binary("@")),
                (*inside, *factor, binary("/")),
            ):
                if combined[-1][1] not in symbols:
                    continue
                if cancels and (combined[-1][1] == "/") != (i in below):
                    continue
                changed = code[: begins[i]] + combined + code[i + 1 :]
                note = f"the factor {shown} is missing"
                if combined[-1][1] == "/":
                    note = f"the division by {shown} is missing"
                yield Edit(FACTOR, changed, begins[i], i + 1, note)


def _divisors(code: ast.Code, begins: list[int]) -> set[int]:
    """The places of an expression's code that stand in a divisor."""
    found: set[int] = set()
    for i, (operation, argument, _) in enumerate(code):
        if operation == "binary" and argument == "/":
            found |= set(range(*operands(code, begins, i)[1]))
    return found


def _multiplied(code: ast.Code) -> set[ast.Code]:
    """What is multiplied elementwise anywhere in code; of a single expression, that."""
    begins = starts(code)
    found = {plain(code)} if not code or code[-1][:2] != ("binary", "*") else set()
    for i, (operation, argument, _) in enumerate(code):
        if operation == "binary" and argument == "*":
            parts = (code[a:b] for a, b in operands(code, begins, i))
            found |= {plain(part) for part in parts if part[-1][:2] != ("binary", "*")}
    return found


def terms(code: ast.Code, pool: Iterable[ast.Code], coupled: bool) -> Iterator[Edit]:
    """One of the terms of what is expected, put in. coupled: whether a reduction among them is what
    normalising makes of a derivative.
    """
    begins = starts(code)
    closed = fixed(code, begins)
    for term in pool:
        shown = text(term)
        kind = DIAGONAL if coupled and any(_reduces(step) for step in term) else FACTOR
        for i in reversed(range(len(code))):
            if i in closed:
                continue
            inside = code[begins[i] : i + 1]
            for combined, sign in (
                ((*inside, *term, binary("+")), ""),
                ((*inside, *term, binary("-")), "-"),
                ((*term, *inside, binary("-")), ""),
            ):
                if i == len(code) - 1 and combined[-2] == code[-1]:
                    continue  # two mistakes: a sign, and the term
                changed = code[: begins[i]] + combined + code[i + 1 :]
                yield Edit(kind, changed, begins[i], i + 1, f"the term {sign}{shown} is missing")


def _reduces(step: ast.Instruction) -> bool:
    return step[0] == "call" and step[1][0] in REDUCTIONS


def contributions(code: ast.Code, pool: Iterable[ast.Code]) -> Iterator[Edit]:
    """One of the contributions of what is expected, added to the whole."""
    for formula in pool:
        changed = (*code, *formula, binary("+"))
        yield Edit(FACTOR, changed, 0, len(code), f"the term {text(formula)} is missing")


def replacements(code: ast.Code, pool: Iterable[ast.Code]) -> Iterator[Edit]:
    """One of the factors of what is expected, in the place of another expression.

    Neither has a derivative in it: a whole formula in the place of a line explains nothing.
    """
    begins = starts(code)
    closed = fixed(code, begins)
    for factor in pool:
        if _has_derivative(factor):
            continue
        for i in range(len(code) - 1):
            inside = code[begins[i] : i + 1]
            if i in closed or _has_derivative(inside):
                continue
            changed = code[: begins[i]] + factor + code[i + 1 :]
            note = f"{text(inside)} where {text(factor)} belongs"
            yield Edit(OPERAND, changed, begins[i], i + 1, note)


def products(code: ast.Code, pool: Iterable[ast.Code]) -> Iterator[Edit]:
    """One of the factors of what is expected, in the place of several that stand side by side: the
    derivative of one activation where that of another belongs.
    """
    factors = _chain(code)
    for put in pool:
        if _has_derivative(put):
            continue
        for count in range(len(factors) - 1, 0, -1):
            for first in range(len(factors) - count + 1):
                within = factors[first : first + count]
                if any(_has_derivative(factor) for factor in within):
                    continue
                was, rest = _product(within), [*factors[:first], put, *factors[first + count :]]
                note = f"{text(was)} where {text(put)} belongs"
                yield Edit(OPERAND, _product(rest), 0, len(code), note)


def _chain(code: ast.Code) -> list[ast.Code]:
    """The factors of a product, in order."""
    if code[-1][:2] != ("binary", "*"):
        return [code]
    (a, b), (c, d) = operands(code, starts(code), len(code) - 1)
    return [*_chain(code[a:b]), *_chain(code[c:d])]


def _product(factors: Sequence[ast.Code]) -> ast.Code:
    found = factors[0]
    for factor in factors[1:]:
        found = (*found, *factor, binary("*"))
    return found


def quantities(code: ast.Code, names: Iterable[ast.Code]) -> Iterator[Edit]:
    """One of the model's quantities, or its square, as a factor of the whole."""
    square = (*number("2"), binary("^"))
    for name in names:
        for factor in (name, (*name, TRANSPOSED), (*name, *square), (*name, *square, TRANSPOSED)):
            for symbol, what in (("*", "factor"), ("/", "division by")):
                changed = (*code, *factor, binary(symbol))
                note = f"the {what} {text(factor)} is missing"
                yield Edit(FACTOR, changed, 0, len(code), note)


def _has_derivative(code: ast.Code) -> bool:
    return any(operation == "derivative" for operation, _, _ in code)
