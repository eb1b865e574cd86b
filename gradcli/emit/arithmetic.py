"""Sizes and plain numbers as Python, from their polynomials and from their parsed texts alone."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping

from gradcli.ops.coding import PYTHON
from gradcli.ops.core import FUNCTIONS
from gradcli.sizes import ATOM, POWER, PRODUCT, SIGN, SUM, Number, Size, numeral
from gradcli.spelling import Written

Naming = Callable[[str], str]


def size_code(size: Size, name: Naming) -> Written:
    """A size as Python: its terms, over the least common denominator."""
    below = math.lcm(*(factor.denominator for _, factor in size.terms)) if size.terms else 1
    text, binding = "", SUM
    # A positive term goes first: T - N, not -N + T.
    for monomial, factor in sorted(size.terms, key=lambda term: term[1] < 0):
        whole = abs(int(factor * below))
        factors = [name(dim) if power == 1 else f"{name(dim)}**{power}" for dim, power in monomial]
        if whole != 1 or not factors:
            factors.insert(0, str(whole))
        term = " * ".join(factors)
        if text:
            text += f" {'-' if factor < 0 else '+'} {term}"
        else:
            text = f"-{term}" if factor < 0 else term
            binding = SIGN if factor < 0 else PRODUCT if len(factors) > 1 else ATOM
            if len(factors) == 1 and "**" in term:
                binding = POWER
    if not size.terms:
        return "0", ATOM
    if len(size.terms) > 1:
        binding = SUM
    if below == 1:
        return text, binding
    return (f"({text})" if binding < PRODUCT else text) + f" // {below}", PRODUCT


class Unwritable(Exception):
    """A number whose text is no plain arithmetic over the names that are known."""


def number_code(number: Number, known: Mapping[str, str]) -> Written:
    """A plain number as Python. known: the dims and the loops' variables, as they are called.

    The text is parsed, and each of its parts written anew.
    """
    if number.size is not None and not number.size.is_constant:
        return size_code(number.size, lambda dim: known[dim])
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
