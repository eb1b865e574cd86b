"""Sizes and plain numbers as Python, from their polynomials and from their parsed texts alone."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from gradcli.ops.coding import PYTHON
from gradcli.ops.core import FUNCTIONS
from gradcli.sizes import ATOM, POWER, PRODUCT, SIGN, SUM, Number, Size, numeral
from gradcli.spelling import Written

Naming = Callable[[str], str]


def size_code(size: Size, name: Naming) -> Written:
    """A size as Python: its terms, over the least common denominator."""
    below, under = divisor(size)
    text, binding = "0", ATOM
    # A positive term goes first: T - N, not -N + T.
    for k, (monomial, factor) in enumerate(sorted(size.terms, key=lambda term: term[1] < 0)):
        whole = Counter(dict(monomial))
        whole.update(under)
        term, tight = _product(abs(int(factor * below)), sorted(whole.items()), name)
        if k:
            text += f" {'-' if factor < 0 else '+'} {term}"
            binding = SUM
        else:
            text, binding = (f"-{term}", SIGN) if factor < 0 else (term, tight)
    if below == 1 and not under:
        return text, binding
    lower, tight = _product(below, sorted(under.items()), name)
    lower = f"({lower})" if tight <= PRODUCT else lower
    return (f"({text})" if binding < PRODUCT else text) + f" // {lower}", PRODUCT


def divisor(size: Size) -> tuple[int, dict[str, int]]:
    """What a size is divided by: a number, and dims with their powers."""
    under: dict[str, int] = {}
    for monomial, _ in size.terms:
        for dim, power in monomial:
            if power < 0:
                under[dim] = max(under.get(dim, 0), -power)
    return math.lcm(*(factor.denominator for _, factor in size.terms)), under


def _product(number: int, dims: Sequence[tuple[str, int]], name: Naming) -> Written:
    factors = [name(dim) if power == 1 else f"{name(dim)}**{power}" for dim, power in dims if power]
    if number != 1 or not factors:
        factors.insert(0, str(number))
    if len(factors) > 1:
        return " * ".join(factors), PRODUCT
    return factors[0], POWER if "**" in factors[0] else ATOM


class Unwritable(Exception):
    """A number whose text is no plain arithmetic over the names that are known."""


def number_code(number: Number, known: Mapping[str, str]) -> Written:
    """A plain number as Python. known: the dims and the loops' variables, as they are called.

    The text is parsed, and each of its parts written anew. 1/N is no size: `//` would make it 0.
    """
    size = number.size
    if size is not None and not size.is_constant and divisor(size) == (1, {}):
        return size_code(size, lambda dim: known[dim])
    text = number.text
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval").body
        if _names(tree):
            return _written(tree, known)
    except (SyntaxError, Unwritable, KeyError, RecursionError):
        pass
    text = numeral(number.value)
    if math.isinf(number.value) or math.isnan(number.value):
        text = f'float("{number.value}")'
    return text, SIGN if text.startswith("-") else ATOM


def _names(tree: ast.AST) -> set[str]:
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and n not in called}


OPERATORS: dict[type, tuple[str, int]] = {
    ast.Add: ("+", SUM),
    ast.Sub: ("-", SUM),
    ast.Mult: ("*", PRODUCT),
    ast.Div: ("/", PRODUCT),
}


def _written(node: ast.AST, known: Mapping[str, str]) -> Written:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return repr(node.value), ATOM
    if isinstance(node, ast.Name):
        return known[node.id], ATOM
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return f"-{_inside(node.operand, known, SIGN)}", SIGN
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        left, right = _inside(node.left, known, ATOM), _inside(node.right, known, SIGN)
        return power(left, right), POWER
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        symbol, binding = OPERATORS[type(node.op)]
        left, right = _inside(node.left, known, binding), _inside(node.right, known, binding + 1)
        return f"{left} {symbol} {right}", binding
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        op = FUNCTIONS.get(node.func.id)
        if op is not None and PYTHON in op.code and not node.keywords:
            spelling = op.code[PYTHON]
            needs = spelling.needs or (0,) * len(node.args)
            pairs = zip(node.args, needs, strict=True)
            texts = [_inside(arg, known, need) for arg, need in pairs]
            return spelling.template.format(*texts), spelling.binding
    raise Unwritable


def power(left: str, right: str) -> str:
    """A power, with no spaces where both sides are names or numbers, as formatters have it."""
    simple = all(re.fullmatch(r"-?[\w.]+", side) for side in (left, right))
    return f"{left}**{right}" if simple else f"{left} ** {right}"


def _inside(node: ast.AST, known: Mapping[str, str], least: int) -> str:
    text, binding = _written(node, known)
    return text if binding >= least else f"({text})"
