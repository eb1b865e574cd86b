"""Hints on a wrong or unanswered line, by levels: the rule, the operands, the class, the line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradcli.check.derivation.findings import WRONG, Verdict
from gradcli.foreign import visible

RULE, OPERANDS, CLASS, LINE = 1, 2, 3, 4
NAME = re.compile(r"(?<![\w.])(?:dL/d)?[^\W\d]\w*(?:\[[^\]]*\])?(?!\w*\()")


def hints(line: Verdict, level: int, words: dict[str, str]) -> Iterator[str]:
    """What is told of a line up to a level. words: what is said of each class of mistake."""
    rule = line.rule
    if rule is None and line.verdict != WRONG:
        return
    if rule is not None:
        yield f"rule: {rule.eq}. {rule.equation} ({visible(rule.source)})"
    if level >= OPERANDS and rule is not None:
        yield f"operands: {', '.join(_operands(rule.formulas))}"
    if level >= CLASS and line.verdict == WRONG:
        kind = line.diagnosis or "unknown"
        yield f"mistake: {kind}: {words[kind]}"
    if level >= LINE:
        formulas = (line.expected or "").split("\n") if line.expected else list(line.add)
        if not formulas and rule is not None:
            formulas = list(rule.formulas)
        yield from (f"the line: {formula}" for formula in formulas)


def _operands(formulas: tuple[str, ...]) -> list[str]:
    """The names that some formulas are made of."""
    found: dict[str, None] = {}
    for formula in formulas:
        right = re.split(r" \+?= ", formula, maxsplit=1)[-1]
        found.update(dict.fromkeys(name for name in NAME.findall(right) if name != "axis"))
    return list(found)
