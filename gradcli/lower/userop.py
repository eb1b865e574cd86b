"""A definition that states its own backward rule, made into an operation of the table's kind."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradcli.errors import GradError
from gradcli.evaluate import run
from gradcli.expr import Expr, as_expr, leaf, named
from gradcli.lower.equations import Equations
from gradcli.lower.scope import Item, Ref, Scope, UserFunction
from gradcli.ops import Array, Op, Signature, Spelling
from gradcli.ops.core import Body, asarray, roman
from gradcli.program import Step
from gradcli.sizes import Number, Shape, same, spell
from gradcli.syntax import ast
from gradcli.syntax.ast import Place
from gradcli.template import flip, postorder, typed

if TYPE_CHECKING:
    from gradcli.lower.declarations import Declarations

LONGEST_RULE = 2_000  # operations
OUT = "out"


def check_rule(lowering: Declarations, node: ast.UserOp) -> None:
    """Raise GradError unless the rule states each parameter's derivative once."""
    stated: set[str] = set()
    names = [parameter.text for parameter in node.parameters]
    if OUT in names:
        place = node.parameters[names.index(OUT)].place
        raise lowering.error("`out` is the result's name in a rule", place, "rename the parameter")
    for line in node.rule:
        if isinstance(line, ast.Layout):
            raise lowering.error(
                "`layout` stands at the head of the file",
                line.name.place,
                "a rule is in the file's layout",
            )
        if line.brackets or line.assign != "=":
            raise lowering.error("a rule states each derivative whole, with `=`", line.name.place)
        if line.own:
            continue
        if line.name.text not in names:
            raise lowering.error(
                f"`{line.name.text}` is not a parameter of {node.name.text}",
                line.name.place,
                "a rule states dL/dPARAMETER = …",
            )
        if line.name.text in stated:
            raise lowering.error(f"dL/d{line.name.text} is stated twice", line.name.place)
        stated.add(line.name.text)
    missing = [name for name in names if name not in stated]
    if missing:
        raise lowering.error(
            f"the rule of {node.name.text} does not state dL/d{missing[0]}",
            node.name.place,
            f"add a line: dL/d{missing[0]} = …",
        )


class RuleMachine(Equations):
    """Lowers an op's result and its rule: only its parameters, sizes and functions are known."""

    def __init__(self, lowering: Declarations) -> None:
        super().__init__(
            lowering.source, lowering.signs, lowering.sizes, lowering.used, lowering.max_elements
        )
        self.derivatives: dict[str, Ref] = {}
        self.lowering = lowering
        self.make_user_op = lowering.make_user_op
        self.depth = lowering.depth

    def derivative(self, name: str, place: Place, scope: Scope) -> Item:
        found = self.derivatives.get(name)
        if found is None:
            raise self.error(
                f"dL/d{name} is not known in a rule",
                place,
                "dL/dout is; dL/dPARAMETER is what it states",
            )
        return found

    def unknown(self, name: str, place: Place, scope: Scope) -> Exception:
        if self.lowering.file.find(name) is not None:
            return self.error(
                f"an op sees only its parameters, and {name} is not one of them",
                place,
                f"make {name} a parameter, so that its derivative is stated too",
            )
        return super().unknown(name, place, scope)


def make(
    lowering: Declarations, function: UserFunction, shapes: tuple[Shape, ...], place: Place
) -> Op:
    """The operation that an op is at its operands' shapes.

    Raises GradError where its result or its rule does not fit them.
    """
    made = function.made.get(shapes)
    if made is not None:
        return made
    node = function.node
    names = tuple(parameter.text for parameter in node.parameters)
    machine = RuleMachine(lowering)
    scope = _scope(lowering, names, shapes)
    result = machine.value(machine.run(node.result, scope), node.name.place)
    shape = result.shape if isinstance(result, Ref) else machine.one
    steps = tuple(machine.steps)

    def forward(*operands: Array) -> Array:
        values = dict(zip(names, operands, strict=True))
        run(steps, values)
        return values[result.name] if isinstance(result, Ref) else asarray(result.value)

    rules = _rules(lowering, node, names, shapes, shape)

    def rule(s: Signature, g: Expr, out: Expr, *operands: Expr) -> Sequence[Expr | None]:
        known = {"g": g, OUT: out, **dict(zip(names, operands, strict=True))}
        return _substitute(rules, known)

    op = Op(
        name=node.name.text,
        operands=names,
        shape=lambda s: shape,
        forward=forward,
        rule=rule,
        about="defined in the model, with a rule of its own",
        cite=f"stated in {lowering.source.name}",
        text=Spelling(node.name.text),
        latex=Spelling(roman(node.name.text) + r"\left({,}\right)"),
        group="user",
        complex_safe=all(step.call.op.complex_safe for step in steps),
        body=Body(names, steps, result.name if isinstance(result, Ref) else result),
    )
    function.made[shapes] = op
    return op


def _scope(lowering: Declarations, names: Sequence[str], shapes: Sequence[Shape]) -> Scope:
    scope = Scope("file", None)
    for name, found in lowering.file.names.items():
        if not hasattr(found, "shape") and not hasattr(found, "members"):
            scope.names[name] = found  # sizes, numbers and functions
    for name, shape in zip(names, shapes, strict=True):
        scope.names[name] = Ref(name, shape)
    return scope


def _rules(
    lowering: Declarations,
    node: ast.UserOp,
    names: Sequence[str],
    shapes: Sequence[Shape],
    out: Shape,
) -> list[Expr]:
    """The stated rules as expressions in their variables' own shapes."""
    numerator = lowering.layout == "numerator"
    machine = RuleMachine(lowering)
    scope = _scope(lowering, names, shapes)
    scope.names[OUT] = Ref(OUT, out)
    arriving = out[::-1] if numerator else out
    machine.derivatives[OUT] = Ref("g", arriving)
    leaves: dict[Any, Shape] = {**dict(zip(names, shapes, strict=True)), OUT: out, "g": arriving}
    lines: dict[str, Expr] = {}  # the rule's own lines, by the step that each of them is
    turned = {"g"}
    rules = {}
    for line in node.rule:
        assert isinstance(line, ast.BackwardLine)
        value = machine.value(machine.run(line.value, scope), line.name.place)
        if line.own:
            scope.names[line.name.text] = value
            step = machine.steps[-1] if machine.steps else None
            if isinstance(value, Ref) and step and step.name == value.name not in lines:
                stated = _tree(machine.steps, value, lines)
                if numerator:
                    stated = flip(typed(stated, leaves, lowering.sizes), turned)
                lines[value.name] = named(line.name.text, stated)
                leaves[value.name] = value.shape
                turned.add(value.name)
            continue
        own = shapes[names.index(line.name.text)]
        expected = own[::-1] if numerator else own
        found = value.shape if isinstance(value, Ref) else machine.one
        if len(found) != len(expected) or any(
            same(a, b) is None for a, b in zip(found, expected, strict=True)
        ):
            raise machine.error(
                f"this rule is {spell(found)}, but dL/d{line.name.text} is {spell(expected)} "
                f"in {lowering.layout} layout",
                line.name.place,
            )
        if len(machine.steps) > LONGEST_RULE:
            raise machine.error(f"a rule has at most {LONGEST_RULE:,} operations", line.name.place)
        if _written_out(machine.steps, value) > LONGEST_RULE:
            raise machine.error(
                f"a rule has at most {LONGEST_RULE:,} operations, its own names written out",
                line.name.place,
            )
        stated = _tree(machine.steps, value, lines)
        if numerator:
            stated = flip(typed(stated, leaves, lowering.sizes), turned)
        rules[line.name.text] = stated
    for name, stated in lines.items():
        (lines[name],) = _substitute([stated], lines)
    return list(_substitute([rules[name] for name in names], lines))


def _written_out(steps: Sequence[Step], result: Ref | Number) -> int:
    """How many operations a result has as one expression, in which nothing is shared."""
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.name] = 1 + sum(counts.get(arg, 0) for arg in step.operands())
    return counts.get(result.name, 0) if isinstance(result, Ref) else 0


def _tree(steps: Sequence[Step], result: Ref | Number, own: Container[str]) -> Expr:
    """The steps that lead to a result as one expression over the leaves and the `own` lines."""
    known: dict[str, Expr] = {}

    def operand(arg: str | Number) -> Expr:
        if isinstance(arg, Number):
            return as_expr(arg)
        return known[arg] if arg in known else leaf(arg)

    for step in steps:
        args = tuple(operand(arg) for arg in step.args)
        if step.name not in own:
            known[step.name] = Expr(step.call.op.name, args, step.call.attrs)
    return operand(result.name if isinstance(result, Ref) else result)


def _substitute(roots: Sequence[Expr], known: Mapping[str, Expr]) -> tuple[Expr, ...]:
    """The expressions with their leaves replaced, where they are known.

    What they share stays shared.
    """
    done: dict[int, Expr] = {}
    for expr in (expr for root in roots for expr in postorder(root)):
        if id(expr) in done:
            continue
        if expr.op == "leaf":
            done[id(expr)] = known.get(expr.attrs[0], expr)
        elif expr.op == "number":
            done[id(expr)] = expr
        else:
            done[id(expr)] = Expr(expr.op, tuple(done[id(arg)] for arg in expr.args), expr.attrs)
    return tuple(done[id(root)] for root in roots)


__all__ = ["GradError", "check_rule", "make"]
