"""The operation table for reading: each operation's signature, shapes, rules and sources.

Nothing here is kept by hand: the rules are the formulas of a model with this one operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gradcli.errors import GradError
from gradcli.ops import OPERATORS, TABLE, Mismatch, Op, Signature
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import FIRST
from gradcli.ops.core import GROUPS, Call, tried
from gradcli.ops.prelude import NAMES
from gradcli.program import LAYOUTS, Step
from gradcli.render.layout import EQUATION, NOTE, PLAIN, Column, Line, Section
from gradcli.sizes import ATOM, Shape, Sizes, is_scalar, spell
from gradcli.spelling import fill
from gradcli.suggest import foreign, suggestion
from gradcli.transform.reverse import region_text
from gradcli.transform.vjp import contribute
from gradcli.version import __version__

RESULT = "z"
LETTERS = ("a", "b", "c")  # operands where there may be any number
COLUMNS = (
    Column("derivative"),
    Column("numerator layout", flexible=True, least=30),
    Column("denominator layout", flexible=True, least=30),
)


class Rule(NamedTuple):
    """What an operand's derivative gains, in both layouts; None where no gradient flows.

    regions: the part of the derivative that gains it, where that is not all of it.
    """

    operand: str
    numerator: str | None
    denominator: str | None
    regions: dict[str, str] = dict.fromkeys(LAYOUTS, "")
    assign: str = "="

    @property
    def parted(self) -> bool:
        """Whether it is not all of the derivative that gains it."""
        return any(self.regions.values())

    def target(self, layout: str) -> str:
        return f"dL/d{self.operand}{self.regions[layout]}"


class Example(NamedTuple):
    """An operation at the simplest shapes that it takes, and what comes of it."""

    equation: str
    shapes: tuple[Shape, ...]
    result: Shape
    rules: tuple[Rule, ...]


def find(name: str) -> list[Op]:
    """The operations of a name, an alias or a symbol. Raises GradError where there is none."""
    found = [op for op in TABLE.values() if name in names(op)]
    if not found:
        known = [known for op in TABLE.values() for known in names(op)]
        own = "it is a definition in the language: gradcli ops --prelude" if name in NAMES else None
        raise GradError(
            f"there is no operation `{name}`",
            hint=own or foreign(name) or suggestion(name, known) or "`gradcli ops` lists them all",
            kind="bad-option",
        )
    return found


def names(op: Op) -> list[str]:
    """All that an operation is called: its name, its aliases, its symbols."""
    bare = re.sub(r"\{[^{}]*\}", "", op.text.template).strip()  # what is left of {0}.T is .T
    return [name for name in dict.fromkeys([op.name, *op.aliases, *_symbols(op), bare]) if name]


def _symbols(op: Op) -> list[str]:
    return [symbol for (symbol, _), name in OPERATORS.items() if name == op.name]


# ── one operation at work ──


def example(op: Op) -> Example:
    """An operation in a model of its own, at the first shapes that its shape rule takes.

    The plainest attributes are tried at all shapes before any others are.
    """
    sizes = Sizes()
    n, m, k, one = *map(sizes.symbol, "NMK", (3, 2, 4)), sizes.constant(1)
    operands = operand_names(op)
    choices = [(s, list(tried(op, sizes, s))) for s in _shapes(sizes, n, m, k, one)[len(operands)]]
    plainest = [(shapes, attrs[:1]) for shapes, attrs in choices]
    for shapes, attrs in ((s, a) for s, found in (*plainest, *choices) for a in found):
        signature = Signature(sizes, shapes, dict(attrs))
        try:
            call = Call(op, signature, attrs, op.shape(signature))
        except Mismatch:
            continue
        step = Step(RESULT, call, operands, (0, 0))
        rules = tuple(_rule(step, i) for i in range(len(operands)))
        return Example(step.text, shapes, call.shape, rules)
    raise AssertionError(f"{op.name} takes none of the shapes that are tried")


def _rule(step: Step, i: int) -> Rule:
    found = contribute(step, i)
    name = str(step.args[i])
    if found is None:
        return Rule(name, None, None)
    shown = {layout: found.shown(step, layout) for layout in LAYOUTS}
    regions = {k: rows or region_text(found.region, k) for k, (rows, _) in shown.items()}
    numerator, denominator = (formula for _, formula in shown.values())
    return Rule(name, numerator, denominator, regions, "=" if found.at is None else "+=")


def operand_names(op: Op) -> tuple[str, ...]:
    """The operands that are quantities; of any number, two."""
    found: list[str] = []
    for name in op.operands:
        if name.startswith("*"):
            found += LETTERS[:2]
        else:
            found.append(name)
    return tuple(found)


def _shapes(sizes: Sizes, n: Any, m: Any, k: Any, one: Any) -> dict[int, list[tuple[Shape, ...]]]:
    """Operand shapes to try, by the number of operands."""
    two, three = sizes.constant(2), sizes.constant(3)
    windows = [((three,), (two,)), ((three, three), (two, two))]
    return {
        0: [()],
        1: [
            ((n, m),),
            ((n, n),),
            ((n, one),),
            ((one, n, m),),
            ((m, n, k, k),),
            ((m, n, k),),
            ((k, m, n),),
        ],
        2: [
            ((n, m), (n, m)),
            ((n, k), (k, m)),
            ((n, one), (m, one)),
            ((n, one), (n, one)),
            ((n, n), (n, m)),
            *(((m, n, *a), (k, n, *b)) for a, b in windows),
            *(((m, k, *a), (k, n, *b)) for a, b in windows),
            *(((m, n, *a), (m, k, *b)) for a, b in windows),
            *(((m, n, *b), (m, n, *a)) for a, b in windows),
            *(((m, n, *a),) * 2 for a, _ in windows),
        ],
        3: [((n, m),) * 3],
    }


def signature(op: Op) -> str:
    """How an operation is written: x + y, sum(x, axis=), concat(*xs, axis=0)."""
    operands = operand_names(op)
    shown = {key: ATTRIBUTES[key].shown for key in op.attributes}
    if "{" in op.text.template:
        return fill(op.text, shown, [(name, ATOM) for name in operands], "({})")[0]
    first = [text for key, text in shown.items() if ATTRIBUTES[key].stands == FIRST]
    behind = [text for key, text in shown.items() if ATTRIBUTES[key].stands != FIRST]
    keywords = [f"{key}={'' if value is None else value}" for key, value in op.keywords.items()]
    return f"{op.name}({', '.join([*first, *op.operands, *behind, *keywords])})"


# ── rendered ──


def sections(ops: Sequence[Op]) -> list[Section]:
    """Operations in groups, each with its rules in both layouts and its sources."""
    groups: dict[str, list[Line]] = {group: [] for group in GROUPS}
    for op in ops:
        lines = groups[op.group]
        lines += [*([Line(("",))] if lines else []), *_lines(op)]
    return [Section(group.capitalize(), COLUMNS, lines) for group, lines in groups.items() if lines]


def _lines(op: Op) -> Iterator[Line]:
    shown = example(op)
    yield Line((f"{signature(op)}    {op.about}",), EQUATION)
    others = [name for name in names(op) if name not in signature(op).split("(")[0].split()]
    if others:
        yield Line((f"  also: {'  '.join(others)}",), PLAIN)
    yield Line((f"  {shown.equation}:  {_shape_line(shown)}",), PLAIN)
    for rule in shown.rules:
        if rule.numerator is None or rule.denominator is None:
            yield Line((f"dL/d{rule.operand}", "no gradient flows", ""), PLAIN)
        else:
            formulas = zip(rule.regions.values(), (rule.numerator, rule.denominator), strict=True)
            shown_rule = [
                f"{region} {rule.assign} {formula}".strip() for region, formula in formulas
            ]
            yield Line((f"dL/d{rule.operand}", *shown_rule), PLAIN)
    if op.kink:
        yield Line((f"  {op.kink}",), NOTE)
    if op.yields:
        yield Line((f"  a file may define a function {op.name} of its own",), NOTE)
    yield Line((f"  [{op.cite}]",), NOTE)


def _shape_line(shown: Example) -> str:
    before = ", ".join(map(_spell, shown.shapes))
    return f"{before} → {_spell(shown.result)}" if before else _spell(shown.result)


def _spell(shape: Shape) -> str:
    return "scalar" if is_scalar(shape) else spell(shape)


def document(ops: Sequence[Op]) -> dict[str, Any]:
    """The same as one JSON document."""
    return {
        "schema_version": 1,
        "gradcli_version": __version__,
        "operations": [_record(op) for op in ops],
    }


def _record(op: Op) -> dict[str, Any]:
    shown = example(op)
    return {
        "name": op.name,
        "group": op.group,
        "names": names(op),
        "signature": signature(op),
        "about": op.about,
        "example": shown.equation,
        "shapes": [_symbols_of(shape) for shape in shown.shapes],
        "result": _symbols_of(shown.result),
        "rules": [
            {
                "target": rule.operand,
                "numerator": rule.numerator,
                "denominator": rule.denominator,
                **({"assign": rule.assign, "regions": rule.regions} if rule.parted else {}),
            }
            for rule in shown.rules
        ],
        "kink": op.kink or None,
        "complex_safe": op.complex_safe,
        "source": op.cite,
    }


def _symbols_of(shape: Shape) -> list[str]:
    return [] if is_scalar(shape) else [size.text for size in shape]
