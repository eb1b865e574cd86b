"""How an operation is written in the language: templates, brackets, arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from gradcli.ops.core import Op, Spelling
from gradcli.sizes import ATOM, numeral

Written: TypeAlias = tuple[str, int]  # a text, and how tightly it binds


def write(op: Op, attrs: Iterable[tuple[str, Any]], operands: Sequence[Written]) -> Written:
    """An operation on written operands, in the language's own syntax."""
    if "{" not in op.text.template:
        arguments = [text for text, _ in operands]
        for key, value in attrs:
            if key == "subscripts":
                arguments.insert(0, f'"{value}"')
            elif key == "regions":
                arguments.insert(0, f'"{spell_regions(value)}"')
            elif key == "shape":
                arguments.append("[" + ", ".join(size.text for size in value) + "]")
            elif key == "sizes":
                arguments += [size.text for size in value]
            elif value != op.keywords.get(key):
                arguments.append(f"{key}={value}")
        return f"{op.text.template}({', '.join(arguments)})", ATOM
    return fill(op.text, attrs, operands, "({})")


def fill(
    spelling: Spelling, attrs: Iterable[tuple[str, Any]], operands: Sequence[Written], brackets: str
) -> Written:
    """A template with its operands, in brackets where they bind too loosely."""
    template, binding, needs = spelling
    if template == "[{;}]":
        return f"[{'; '.join(text for text, _ in operands)}]", binding
    texts = [
        text if precedence >= need else brackets.format(text)
        for (text, precedence), need in zip(operands, needs or (0,) * len(operands), strict=True)
    ]
    extra = {
        "region": spell_region,
        "data": literal,
    }
    named = {
        {"data": "literal"}.get(key, key): extra[key](value) for key, value in attrs if key in extra
    }
    return template.format(*texts, **named), binding


def spell_region(region: Iterable[object]) -> str:
    return ", ".join(map(str, region))


def spell_regions(regions: Iterable[Iterable[object]]) -> str:
    return "; ".join(map(spell_region, regions))


def literal(data: Any) -> str:
    """A literal's nested tuples as they are written: a column has numbers, a matrix rows."""
    if isinstance(data, tuple):
        return "[" + ", ".join(literal(entry) for entry in data) + "]"
    return numeral(data)
