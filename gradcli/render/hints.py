"""How much is told of a line: all, a hint, or only whether it is right; and the hints by levels,
the rule, the operands, the class, the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from gradcli.check.derivation.findings import WRONG, Verdict
from gradcli.foreign import visible

RULE, OPERANDS, CLASS, LINE = 1, 2, 3, 4
NAME = re.compile(r"(?<![\w.])(?:dL/d)?[^\W\d]\w*(?:\[[^\]]*\])?(?!\w*\()")


HINTS = {
    "missing-accumulate": "look at `=` and `+=`, and at what its total is made of",
    "nothing-to-accumulate": "look at `=` and `+=`",
    "counted-twice": "look at what its total is made of",
    "transpose": "look at the transposes",
    "operand-order": "look at the order of the operands",
    "missing-factor": "something is left out",
    "extra-factor": "something does not belong there",
    "wrong-operand": "one quantity stands where another belongs",
    "sign": "look at the signs",
    "scale": "it is wrong by a number",
    "softmax-diagonal": "the Jacobian of a softmax is no diagonal matrix",
    "missing-sum": "broadcasting stretched something, and must be summed again",
    "shape": "look at the shapes",
    "unknown": "the cause is unknown",
}


class Detail(StrEnum):
    """How much is said: all, the class of each mistake, or only right and wrong."""

    full = "full"
    hint = "hint"
    quiet = "quiet"


def hints(line: Verdict, level: int) -> Iterator[str]:
    """What is told of a line up to a level."""
    rule = line.rule
    if rule is None and line.verdict != WRONG:
        return
    if rule is not None:
        yield f"rule: {rule.stated} ({visible(rule.source)})"
    if level >= OPERANDS and rule is not None:
        yield f"operands: {', '.join(_operands(rule.formulas))}"
    if level >= CLASS and line.verdict == WRONG:
        kind = line.diagnosis or "unknown"
        yield f"mistake: {kind}: {HINTS[kind]}"
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
