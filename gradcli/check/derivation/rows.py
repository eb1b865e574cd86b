"""An index in a target's brackets: `dL/dC[Xb] += g` adds row by row, as often as each is named.

Such a line is read as what it adds to the whole derivative, so that all that is done with a line is
done with it as well; what is said of it has the brackets again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.derivation.machine import LineMachine
from gradcli.check.derivation.postfix import operands, parse, plain, starts, text
from gradcli.check.derivation.runs import PLAIN
from gradcli.errors import GradError
from gradcli.lower.scope import Item, Ref
from gradcli.ops import TABLE
from gradcli.ops.core import Array, Call, Signature
from gradcli.program import NOWHERE, Step
from gradcli.sizes import Shape, is_one
from gradcli.syntax import ast
from gradcli.transform.reify import Row
from gradcli.transform.reverse import displayed
from gradcli.transform.vjp import contribute

ADDED = "added_here"  # the name of what is added, in the tool's own formula


class Rows(NamedTuple):
    """Where a line adds. brackets: as they are written.

    before, after: the code around the line's own, which together is what the whole gains.
    numbers: the code of the index, None where nothing can be named twice. shape: that of the rows,
    as the layout shows it. sets: whether the line sets what it should add.
    """

    brackets: str
    before: ast.Code
    after: ast.Code
    numbers: ast.Code | None
    shape: Shape
    sets: bool = False

    def whole(self, code: ast.Code) -> ast.Code:
        """What the whole derivative gains by a line's own code."""
        return (*self.before, *code, *self.after)

    def own(self, code: ast.Code) -> ast.Code | None:
        """A line's own code in what the whole gains; None where that is something else.

        Signs and numbers go inside, for adding rows up is linear.
        """
        outer = code[-1]
        if outer[:2] == ("unary", "-"):
            own = self.own(code[:-1])
            return own and (*own, outer)
        if outer[0] == "binary" and outer[1] in "*/":
            (a, b), (c, d) = operands(code, starts(code), len(code) - 1)
            if d - c == 1 and code[c][0] in ("number", "name"):
                own = self.own(code[a:b])
                return own and (*own, *code[c:])
            if b - a == 1 and code[a][0] in ("number", "name") and outer[1] == "*":
                own = self.own(code[c:d])
                return own and (*code[a:b], *own, outer)
        a, b = len(self.before), len(code) - len(self.after)
        if a >= b or plain((*code[:a], *code[b:])) != plain((*self.before, *self.after)):
            return None
        return code[a:b] if starts(code[a:b])[-1] == 0 else None


def rows(
    machine: LineMachine,
    brackets: tuple[tuple[Any, ...], Sequence[ast.Code]],
    bounds: Sequence[Item],
    found: Ref,
    layout: str,
) -> Rows | None:
    """Where a target with an index in its brackets adds; None for other brackets.

    found: the derivative, as the layout shows it.
    """
    kinds, codes = brackets
    turned = layout == "numerator"
    every = [(b, c) for b, c in zip(bounds, codes, strict=False) if isinstance(b, Ref) and b.below]
    shape = displayed(found.shape, layout)
    if turned:
        kinds, every = kinds[::-1], every[::-1]
    whole = all(kind == (False, False) for kind in kinds[len(every) :])
    fits = len(kinds) == len(shape) if turned else len(kinds) <= len(shape)
    if not every or len(every) != len(codes) or not whole or not fits:
        return None
    signs = iter(text(code) for code in codes)
    shown = ", ".join(next(signs) if kind == ast.AT else ":" for kind in brackets[0])
    index, code = every[-1]
    assert isinstance(index, Ref)
    sizes, own = machine.text.sizes, index.shape
    if len(every) == 1:
        if turned and not is_one(own[-1]):
            code = (
                code[:-1] if code[-1][0] == "transpose" else (*code, ("transpose", None, NOWHERE))
            )
            own = own[::-1]
        kind = _call("take", Signature(sizes, (shape, own), {}))
    elif len(every) == 2 == len(shape) and _counts(machine, every[0][1], shape[0].value):
        kind = _call("pick", Signature(sizes, (shape, own), {"axis": 1}))
    else:
        return None
    step = Step(ADDED, kind, (found.name, text(code)), NOWHERE)
    gained = contribute(step, 0)
    assert gained is not None
    formula = parse(gained.formula(step, layout))
    at = next(i for i, (operation, name, _) in enumerate(formula) if name == ADDED)
    before, after = formula[:at], formula[at + 1 :]
    if len(every) == 2:  # a number stands for every entry there
        size = parse(f"[{', '.join(size.text for size in displayed(kind.shape, layout))}]")
        after = (*size, ("call", ("broadcast", (None, None)), NOWHERE), *after)
    numbers = code if len(every) == 1 else None
    return Rows(f"[{shown}]", before, after, numbers, displayed(kind.shape, layout))


def rows_of(row: Row, step: Step, layout: str) -> Rows | None:
    """Where a step of the tool's own adds, None for one that adds to all or to a region."""
    contribution = row.contribution
    if contribution.at is None:
        return None
    brackets, formula = contribution.shown(step, layout)
    own, whole = parse(formula), parse(contribution.formula(step, layout))
    if whole[: len(own)] != own:
        return None
    return Rows(brackets, (), whole[len(own) :], None, displayed(contribution.shape, layout))


def _call(name: str, signature: Signature) -> Call:
    op = TABLE[name]
    return Call(op, signature, tuple(signature.attrs.items()), op.shape(signature))


def _counts(machine: LineMachine, code: ast.Code, length: Any) -> bool:
    """Whether an index is 0, 1, … up to a length."""
    try:
        lowered = machine.lower(code, {})
    except GradError:
        return False
    made = {step.name for step in lowered.steps}
    if lowered.quantities() - made:
        return False
    return np.array_equal(np.ravel(lowered.value({}, PLAIN)), np.arange(int(length)))


def repeats(numbers: Array, lead: int) -> bool:
    """Whether an index names anything twice at any point. lead: the axes in front."""
    flat = numbers.reshape((-1, int(np.prod(numbers.shape[lead:]))))
    return any(len(np.unique(np.rint(own))) < len(own) for own in flat)
