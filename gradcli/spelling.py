"""How an operation is written in the language: templates, brackets, arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import FIRST, KEYWORD
from gradcli.ops.core import Op, Spelling
from gradcli.sizes import ATOM

Written: TypeAlias = tuple[str, int]  # a text, and how tightly it binds


def write(op: Op, attrs: Iterable[tuple[str, Any]], operands: Sequence[Written]) -> Written:
    """An operation on written operands, in the language's own syntax."""
    if "{" in op.text.template:
        return fill(op.text, texts(op.text, attrs), operands, "({})")
    before: list[str] = []
    behind: list[str] = []
    for key, value in attrs:
        kind = ATTRIBUTES[key]
        if kind.stands != KEYWORD:
            (before if kind.stands == FIRST else behind).append(kind.text(value))
        elif value != op.keywords.get(key):
            behind.append(f"{key}={kind.text(value)}")
    arguments = [*before, *[text for text, _ in operands], *behind]
    return f"{op.text.template}({', '.join(arguments)})", ATOM


def texts(spelling: Spelling, attrs: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """The attributes that a template names, as they are written."""
    named = ((key, value) for key, value in attrs if f"{{{key}}}" in spelling.template)
    return {key: ATTRIBUTES[key].text(value) for key, value in named}


def fill(
    spelling: Spelling, named: Mapping[str, str], operands: Sequence[Written], brackets: str
) -> Written:
    """A template with its operands, in brackets where they bind too loosely, and attributes."""
    template, binding, needs = spelling
    if template == "[{;}]":
        return f"[{'; '.join(text for text, _ in operands)}]", binding
    shown = [
        text if precedence >= need else brackets.format(text)
        for (text, precedence), need in zip(operands, needs or (0,) * len(operands), strict=True)
    ]
    return template.format(*shown, **named), binding
