"""An `op`: a definition that states its own backward rule, made into an operation of the table's
kind at the shapes of each call.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import reduce
from typing import Any

from gradcli import interpret
from gradcli.expr import Expr, as_expr, leaf, named
from gradcli.lower import equations, indexing
from gradcli.lower.definitions import check_head, check_recursion
from gradcli.lower.env import Dialect, Env, Outline
from gradcli.lower.expressions import run
from gradcli.lower.listing import Listing
from gradcli.lower.names import lookup, unknown
from gradcli.lower.operands import value
from gradcli.lower.outline import targets, weight
from gradcli.lower.prelude import prelude
from gradcli.lower.scope import Frame, Function, Item, Ref, Scope
from gradcli.lower.text import Text
from gradcli.ops import Array, Op, Signature, Spelling
from gradcli.ops.core import Body, roman
from gradcli.program import Step
from gradcli.sizes import Number, Shape, Size, same, spell
from gradcli.suggest import suggestion
from gradcli.syntax import ast
from gradcli.syntax.ast import Place
from gradcli.template import flip, postorder, typed

LONGEST_RULE = 2_000  # operations
OUT = "out"


def user_function(env: Env, node: ast.UserOp, layout: str) -> Function:
    """An `op` as what its calls are. Raises GradError where it can't be one.

    layout: of the derivatives in its rule.
    """
    check_head(env, node.name, node.parameters)
    body = (*node.body, ast.Equation(ast.Target(node.name, None), node.result))
    check_recursion(env, node.name, body)
    _check_saved(env, node)
    _check_rule(env, node)
    file = env.scope
    made: dict[Any, Op] = {}

    def apply(at_call: Env, arguments: Sequence[Ref | Number], place: Place) -> Ref:
        kinds = tuple([(at_call.shape_of(a), getattr(a, "below", None)) for a in arguments])
        if kinds not in made:
            made[kinds] = _operation(at_call.text, at_call.frame, file, node, kinds, layout)
        return at_call.emit(made[kinds], arguments, (), place)

    return Function("op", node, weight(body, env.scope), apply)


def _check_saved(env: Env, node: ast.UserOp) -> None:
    """Raise GradError unless what is saved are names of the inside, each once."""
    inside = {name.text for name, member in targets(node.body) if not member}
    seen: set[str] = set()
    for name, place in node.saved:
        if name not in inside:
            hint = suggestion(name, inside) or "what is saved is a name that a line above defines"
            raise env.error(
                f"`{name}` is no name of the inside of {node.name.text}",
                place,
                hint,
                kind="undefined-name",
            )
        if name in seen:
            raise env.error(f"`{name}` is saved twice", place, kind="defined-twice")
        seen.add(name)


def _check_rule(env: Env, node: ast.UserOp) -> None:
    """Raise GradError unless the rule states each parameter's derivative once."""
    stated: set[str] = set()
    names = [parameter.text for parameter in node.parameters]
    if OUT in names:
        place = node.parameters[names.index(OUT)].place
        raise env.error(
            "`out` is the result's name in a rule",
            place,
            "rename the parameter",
            kind="reserved-name",
        )
    for line in node.rule:
        if isinstance(line, ast.Layout):
            raise env.error(
                "`layout` stands at the head of the file",
                line.name.place,
                "a rule is in the file's layout",
                kind="misplaced-statement",
            )
        if line.brackets or line.assign != "=":
            raise env.error(
                "a rule states each derivative whole, with `=`", line.name.place, kind="bad-rule"
            )
        if line.own:
            continue
        if line.name.text not in names:
            raise env.error(
                f"`{line.name.text}` is not a parameter of {node.name.text}",
                line.name.place,
                "a rule states dL/dPARAMETER = …",
                kind="bad-rule",
            )
        if line.name.text in node.fixed:
            raise env.error(
                f"`{line.name.text}` is const: no gradient flows to it",
                line.name.place,
                "leave the line out, or the word const",
                kind="bad-rule",
            )
        if line.name.text in stated:
            raise env.error(
                f"dL/d{line.name.text} is stated twice", line.name.place, kind="defined-twice"
            )
        stated.add(line.name.text)
    missing = [name for name in names if name not in stated and name not in node.fixed]
    if missing:
        raise env.error(
            f"the rule of {node.name.text} does not state dL/d{missing[0]}",
            node.name.place,
            f"add a line: dL/d{missing[0]} = …, or make it const {missing[0]}",
            kind="bad-rule",
        )


def _operation(
    text: Text,
    frame: Frame,
    file: Scope,
    node: ast.UserOp,
    kinds: tuple[tuple[Shape, Size | None], ...],
    layout: str,
) -> Op:
    """The operation that an op is at its operands' shapes.

    kinds: these shapes, and below what an index's numbers lie. file: the scope of the file, whose
    sizes, numbers and functions are known. Raises GradError where its result or its rule does not
    fit.
    """
    names = tuple(parameter.text for parameter in node.parameters)
    parameters = {name: shape for name, (shape, _) in zip(names, kinds, strict=True)}
    belows = {name: below for name, (_, below) in zip(names, kinds, strict=True)}
    inner = Frame(depth=frame.depth)
    env = _inside(text, inner, file, parameters, {}, belows)
    env.scope.kind = "def"  # the names of the inside are its own
    equations.block(env, node.body)
    found = value(env, run(env, node.result), node.name.place)
    shape = env.shape_of(found)
    steps = tuple(env.listing.steps)
    result = found.name if isinstance(found, Ref) else found

    def forward(*operands: Array) -> Array:
        values = interpret.run(steps, dict(zip(names, operands, strict=True)))
        return values[result] if isinstance(result, str) else interpret.number(result)

    arriving = {OUT: Ref("g", shape[::-1] if layout == "numerator" else shape)}
    saved = {name.text: value(env, lookup(env, *name), name.place) for name in node.saved}
    trees = {name: named(name, _tree(steps, item, ())) for name, item in saved.items()}
    kept = {name: env.shape_of(item) for name, item in saved.items()}
    known = {**parameters, **kept, OUT: shape}
    hidden = {name.text for name, _ in targets(node.body)} - set(kept)
    env = _inside(text, inner, file, known, arriving, belows, hidden)
    found_rule = _rule(env, node, {**known, "g": arriving[OUT].shape}, layout)
    stated = _substitute(found_rule, trees)
    places = [names.index(name) for name in names if name not in node.fixed]

    def rule(s: Signature, g: Expr, out: Expr, *operands: Expr) -> Sequence[Expr | None]:
        known = {"g": g, OUT: out, **dict(zip(names, operands, strict=True))}
        gained: list[Expr | None] = [None] * len(names)
        for place, expr in zip(places, _substitute(stated, known), strict=True):
            gained[place] = expr
        return gained

    return Op(
        name=node.name.text,
        operands=names,
        shape=lambda s: shape,
        forward=forward,
        vjp=rule,
        flops=lambda s, shape: reduce(
            s.sizes.add, (step.call.flops for step in steps), s.sizes.constant(0)
        ),
        about="defined in the model, with a rule of its own",
        cite=f"stated in {text.source.name}",
        text=Spelling(node.name.text),
        latex=Spelling(roman(node.name.text) + r"\left({,}\right)"),
        group="user",
        surrogate=node.surrogate or any(step.call.op.surrogate for step in steps),
        complex_safe=all(step.call.op.complex_safe for step in steps),
        body=Body(names, steps, result, _steps_of(saved, steps)),
    )


def _steps_of(saved: Mapping[str, Item], steps: Sequence[Step]) -> tuple[tuple[str, str], ...]:
    """The steps that compute what is saved."""
    computed = {step.name for step in steps}
    return tuple(
        (name, item.name)
        for name, item in saved.items()
        if isinstance(item, Ref) and item.name in computed
    )


def _inside(
    text: Text,
    frame: Frame,
    file: Scope,
    quantities: Mapping[str, Shape],
    derivatives: Mapping[str, Ref],
    belows: Mapping[str, Size | None],
    hidden: Container[str] = (),
) -> Env:
    """What an op's result or its rule is lowered in: only its parameters are quantities there."""
    scope = Scope("file", None)
    for name, found in file.names.items():
        if isinstance(found, Number | Function):
            scope.names[name] = found
    for name, shape in quantities.items():
        scope.names[name] = Ref(name, shape, below=belows.get(name))

    def strange(env: Env, name: str, place: Place) -> Exception:
        if name in hidden:
            return env.error(
                f"`{name}` is of the inside of the op, and not saved",
                place,
                f"save {name}",
                kind="undefined-name",
            )
        if file.find(name) is None:
            return unknown(env, name, place)
        return env.error(
            f"an op sees only its parameters, and {name} is not one of them",
            place,
            f"make {name} a parameter, so that its derivative is stated too",
            kind="undefined-name",
        )

    def derivative(env: Env, name: str, place: Place) -> Item:
        if name not in derivatives:
            raise env.error(
                f"dL/d{name} is not known in a rule",
                place,
                "dL/dout is; dL/dPARAMETER is what it states",
                kind="undefined-name",
            )
        return derivatives[name]

    dialect = Dialect(strange, derivative, indexing.index, equations.block)
    own = prelude(text.used)
    return Env(text, Outline((), {}, {}, set()), dialect, Listing(text), scope, frame, own)


# ── the rule ──


def _rule(
    env: Env, node: ast.UserOp, quantities: Mapping[str, Shape], layout: str
) -> tuple[Expr, ...]:
    """What the rule states for each parameter, in the parameter's own shape.

    quantities: the shapes of the parameters, of the result and, as `g`, of its derivative.
    """
    leaves: dict[Any, Shape] = dict(quantities)
    lines: dict[str, Expr] = {}  # the rule's own lines, by the step that each of them is
    turned = {"g"}  # the leaves that stand for derivatives
    stated = {}

    def expression(found: Ref | Number) -> Expr:
        root = _tree(env.listing.steps, found, lines)
        return flip(typed(root, leaves, env.text.sizes), turned) if layout == "numerator" else root

    for line in node.rule:
        assert isinstance(line, ast.BackwardLine)
        found = value(env, run(env, line.value), line.name.place)
        if not line.own:
            _check_shape(env, line.name, env.shape_of(found), quantities[line.name.text], layout)
            _check_length(env, found, line.name.place)
            stated[line.name.text] = expression(found)
            continue
        env.scope.names[line.name.text] = found
        last = env.listing.steps[-1].name if env.listing.steps else None
        if isinstance(found, Ref) and found.name == last and last not in lines:
            lines[last] = named(line.name.text, expression(found))
            leaves[last] = found.shape
            turned.add(last)
    for step, own in lines.items():
        (lines[step],) = _substitute([own], lines)
    wanted = [p.text for p in node.parameters if p.text not in node.fixed]
    return _substitute([stated[name] for name in wanted], lines)


def _check_shape(env: Env, name: ast.Name, found: Shape, own: Shape, layout: str) -> None:
    expected = own[::-1] if layout == "numerator" else own
    if len(found) != len(expected) or not all(map(same, found, expected)):
        raise env.error(
            f"this rule is {spell(found)}, but dL/d{name.text} is {spell(expected)} "
            f"in {layout} layout",
            name.place,
            kind="bad-rule",
        )


def _check_length(env: Env, found: Ref | Number, place: Place) -> None:
    steps = env.listing.steps
    if len(steps) > LONGEST_RULE:
        raise env.error(f"a rule has at most {LONGEST_RULE:,} operations", place, kind="too-large")
    if _written_out(steps, found) > LONGEST_RULE:
        raise env.error(
            f"a rule has at most {LONGEST_RULE:,} operations, its own names written out",
            place,
            kind="too-large",
        )


def _written_out(steps: Sequence[Step], result: Ref | Number) -> int:
    """How many operations a result has as one expression, in which nothing is shared."""
    counts = dict.fromkeys(interpret.leaves(steps), 0)
    interpret.interpret(steps, counts, lambda step, operands: 1 + sum(operands), lambda number: 0)
    return counts.get(result.name, 0) if isinstance(result, Ref) else 0


def _tree(steps: Sequence[Step], result: Ref | Number, own: Container[str]) -> Expr:
    """The steps that lead to a result as one expression over the leaves and the `own` lines."""

    def meaning(step: Step, operands: list[Expr]) -> Expr:
        if step.name in own:
            return leaf(step.name)
        return Expr(step.call.op.name, tuple(operands), step.call.attrs)

    if isinstance(result, Number):
        return as_expr(result)
    known = {name: leaf(name) for name in (result.name, *interpret.leaves(steps))}
    return interpret.interpret(steps, known, meaning, as_expr)[result.name]


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
