"""Postfix code as something to edit: where each operation's operands begin, and its text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from gradcli.errors import Source, Span
from gradcli.ops import OPERATORS, TABLE
from gradcli.sizes import ATOM, POSTFIX
from gradcli.spelling import Written, fill, write
from gradcli.syntax import Parsed, ast, read

PRODUCTS = ("*", "@", "/", "∘", "⊙")
NOWHERE = (-1, -1)  # the place of an instruction that an edit put in


def starts(code: ast.Code) -> list[int]:
    """For each instruction the place where the code of its operands begins."""
    found: list[int] = []
    stack: list[int] = []
    for place, (operation, argument, _) in enumerate(code):
        count = ast.arity(operation, argument)
        start = stack[-count] if count else place
        if count:
            del stack[-count:]
        stack.append(start)
        found.append(start)
    return found


def operands(code: ast.Code, begins: Sequence[int], place: int) -> list[tuple[int, int]]:
    """The operands of an instruction: each as the slice of code that computes it."""
    count = ast.arity(code[place][0], code[place][1])
    found: list[tuple[int, int]] = []
    end = place
    for _ in range(count):
        found.append((begins[end - 1], end))
        end = begins[end - 1]
    return found[::-1]


def plain(code: ast.Code) -> ast.Code:
    """Code without its places: equal for equal expressions."""
    return tuple((operation, argument, NOWHERE) for operation, argument, _ in code)


def degree(code: ast.Code) -> int:
    """How many derivatives are multiplied with each other at most."""
    stack: list[int] = []
    for operation, argument, _ in code:
        count = ast.arity(operation, argument)
        parts = stack[len(stack) - count :] if count else []
        if count:
            del stack[-count:]
        if operation == "binary" and argument in PRODUCTS:
            stack.append(sum(parts))
        else:
            stack.append(max(parts, default=int(operation == "derivative")))
    return stack[-1]


# ── text ──


def text(code: ast.Code) -> str:
    """Code as the language writes it."""
    stack: list[Written] = []
    for operation, argument, _ in code:
        count = ast.arity(operation, argument)
        parts = stack[len(stack) - count :] if count else []
        if count:
            del stack[-count:]
        if operation in ("name", "number"):
            stack.append((argument, ATOM))
        elif operation == "derivative":
            stack.append((f"dL/d{argument}", ATOM))
        elif operation == "string":
            stack.append((f'"{argument}"', ATOM))
        elif operation == "binary":
            spelling = TABLE[OPERATORS[argument, 2]].text
            symbol = spelling.template[3:-3].strip()
            spelling = spelling._replace(template=spelling.template.replace(symbol, argument))
            stack.append(fill(spelling, {}, parts, "({})"))
        elif operation == "unary":
            stack.append(write(TABLE[OPERATORS[argument, 1]], (), parts))
        elif operation == "transpose":
            stack.append(write(TABLE["transpose"], (), parts))
        elif operation == "call":
            name, keywords = argument
            inside = [
                f"{key}={p[0]}" if key else p[0] for key, p in zip(keywords, parts, strict=True)
            ]
            stack.append((f"{name}({', '.join(inside)})", ATOM))
        elif operation in ("column", "stacked"):
            separator = ", " if operation == "column" else "; "
            stack.append((f"[{separator.join(p[0] for p in parts)}]", ATOM))
        elif operation == "tuple":
            inside = [p[0] for p in parts]
            stack.append((f"({', '.join(inside)}{',' if len(inside) == 1 else ''})", ATOM))
        elif operation == "index":
            stack.append(_indexed(argument, parts))
        else:
            stack.append((_sum_text(argument), ATOM))
    return stack[0][0]


def _indexed(kinds: Sequence[object], parts: Sequence[Written]) -> Written:
    base, precedence = parts[0]
    rest = iter(p[0] for p in parts[1:])
    shown = []
    for kind in kinds:
        if kind == ast.AT:
            shown.append(next(rest))
        else:
            assert isinstance(kind, tuple)
            first = next(rest) if kind[0] else ""
            last = next(rest) if kind[1] else ""
            shown.append(f"{first}:{last}" + (f":{next(rest)}" if len(kind) > 2 else ""))
    return f"{base if precedence >= POSTFIX else f'({base})'}[{', '.join(shown)}]", POSTFIX


def _sum_text(loop: ast.Comprehension) -> str:
    inner, generators = loop, [_generator_text(loop)]
    while inner.continued:
        inner = inner.body[0][1]
        generators.append(_generator_text(inner))
    named = [f", {k}={text(code)}" for k, code in zip(loop.keywords, loop.extra, strict=True)]
    return f"{loop.function}({text(inner.body)} {' '.join(generators)}{''.join(named)})"


def _generator_text(loop: ast.Comprehension) -> str:
    variable, interval, conditions = loop.generator
    first, last = text(interval.first), text(interval.last)
    ending = "".join(f" if {text(condition)}" for condition in conditions)
    return f"for {variable.text} in {first}..{last}{ending}"


@lru_cache(maxsize=4096)
def parse(formula: str) -> ast.Code:
    """The code of a formula that the tool itself wrote, without places."""
    parsed = read(Source("", f"\nanswer = {formula}\n"), "derivation")
    line = parsed.statements[0]
    assert isinstance(line, ast.BackwardLine)
    return plain(line.value)


def span(parsed: Parsed, code: ast.Code, start: int, end: int) -> Span | None:
    """Where a slice of code stands in its source; None for what an edit put in.

    An operation without its operands stands where its sign is.
    """
    places = [place for _, _, place in code[start:end] if place != NOWHERE]
    if not places:
        return None
    if len(places) == 1:
        places = [parsed.signs.get(places[0], places)[0]]
    return Span(parsed.source, min(places)[0], max(end for _, end in places))
