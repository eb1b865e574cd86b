"""What one operand's derivative gains from an operation: its vector–Jacobian product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gradcli.errors import Defect
from gradcli.expr import NAMED, Expr, as_expr, call, leaf
from gradcli.ops.core import Call
from gradcli.ops.parts import Part, Region, indexed_shape, whole
from gradcli.program import Step
from gradcli.record import Record
from gradcli.sizes import Number, Shape, Sizes, alike, is_one, is_scalar, same, spell
from gradcli.template import Node, flip, postorder, print_nodes, typed

COTANGENT, RESULT = "g", "out"


class Code(Record):
    """An expression's calls in order, and the place of its value.

    A place is the number of a call, or ~i for the i-th of the leaves; or it is a plain number.
    """

    calls: tuple[tuple[Call, tuple[int | Number, ...]], ...]
    result: int | Number


class Own(Record):
    """The leaf that stands for the i-th line of a rule's own."""

    line: int


class Known(Record):
    """The leaf that stands for a name of the model, whichever equation it is from."""

    name: str


class Derived(Record):
    """The leaf that stands for a line of the backward pass: a derivative by its variable's name.

    own: whether it is no derivative, but a line under a name of its own.
    """

    name: str
    own: bool = False


class At(Record):
    """An index at whose rows a cotangent is added: a row that it names twice gains both.

    nodes: for each layout what stands in brackets, the numbers of `axes` there before it being
    whole; `brackets` is the text with {1}, {2} … for the operands. call: the operation that adds
    the rows up, of the cotangent and the index; `operand` is the index's place. texts: the
    cotangent's formula in terms of the model's names.
    """

    nodes: dict[str, list[Node]]
    axes: dict[str, int]
    brackets: dict[str, str]
    call: Call
    operand: int
    texts: dict[str, str]


class Contribution(Record):
    """What one operand's derivative gains from an operation, at given shapes; or a rule's own line.

    `nodes` compute it in the variable's own shape, and `texts` has for each layout the formula, in
    which {0} stands for the operation's result and {1}, {2} … for its operands. `listed` and
    `listing` have for each layout the same in terms of the rule's own lines `uses`, which stand
    behind the operands; `code` is it as calls on places. `region` is the part of the variable that
    gains it, None for all of it; `piece` the part of the whole contribution that this one is, where
    it is split. Where it is added `at` an index's rows, what is listed is the cotangent alone, and
    `shape` is its shape.
    """

    expr: Expr
    nodes: list[Node]
    texts: dict[str, str]
    listed: dict[str, list[Node]]
    listing: dict[str, str]
    code: Code
    uses: tuple[int, ...]
    shape: Shape
    region: Region | None
    piece: Region | None
    at: At | None = None

    def formula(self, step: Step, layout: str) -> str:
        """All of it in terms of the model's names."""
        return self.texts[layout].format(step.name, *step.args)

    def leaves(self, layout: str) -> Iterator[Any]:
        """The keys of the leaves of what is listed, an index in brackets included."""
        index = [] if self.at is None else self.at.nodes[layout]
        return (node.key for node in (*self.listed[layout], *index) if node.call is None)

    def shown(self, step: Step, layout: str) -> tuple[str, str]:
        """The same as it is shown: the rows to which it is added, in brackets, and what is."""
        if self.at is None:
            return "", self.formula(step, layout)
        names = step.name, *step.args
        return self.at.brackets[layout].format(*names), self.at.texts[layout].format(*names)


class Gains(Record):
    """What a step's operands gain, None where no gradient flows; the own lines of its rule."""

    operands: tuple[Contribution | None, ...]
    names: tuple[str, ...] = ()
    lines: tuple[Contribution, ...] = ()


def gains(step: Step) -> Gains:
    """What a step's operands gain from it."""
    made = step.call.rules
    plain = tuple([None if a.__class__ is str else a for a in step.args])
    found: Gains | None = made.get(plain)
    if found is None:
        found = made[plain] = _gains(step.call, plain)
    return found


def contribute(step: Step, k: int, piece: Region | None = None) -> Contribution | None:
    """What the k-th operand gains from a step; None where no gradient flows.

    piece: the part of the contribution to take, where it is split.
    """
    all_of_it = gains(step)
    whole = all_of_it.operands[k]
    if whole is None or piece is None:
        return whole
    made = step.call.rules
    key = (k, piece, whole.texts["denominator"])
    if key not in made:
        rule = Rule(step.call, {id(line.expr): i for i, line in enumerate(all_of_it.lines)})
        expr = call("index", whole.expr, region=piece)
        made[key] = rule.contribution(expr, whole.region, piece)
    found: Contribution = made[key]
    return found


def rules(kind: Call, plain: Sequence[Any]) -> list[Expr | None]:
    """An operation's rules, each in its operand's own shape, with broadcasting undone.

    plain: for each operand the plain number that it is, or None.
    """
    operands = [leaf(i) if n is None else as_expr(n) for i, n in enumerate(plain)]
    stated = kind.op.vjp(kind.signature, leaf(COTANGENT), leaf(RESULT), *operands)
    sizes, known = kind.signature.sizes, leaves(kind)
    return [
        rule and unbroadcast(rule, typed(rule, known, sizes)[-1].shape, shape, sizes)
        for rule, shape in zip(stated, kind.signature.shapes, strict=True)
    ]


def leaves(kind: Call) -> dict[Any, Shape]:
    """The shapes of what a rule is stated in."""
    own = dict(enumerate(kind.signature.shapes))
    return {COTANGENT: kind.shape, RESULT: kind.shape, **own}


def _gains(kind: Call, plain: Sequence[Any]) -> Gains:
    stated = rules(kind, plain)
    own = [e for e in _each(e for e in stated if e is not None) if e.op == NAMED]
    rule = Rule(kind, {id(expr): i for i, expr in enumerate(own)})
    lines = tuple([rule.contribution(expr, None, None) for expr in own])
    found = [None if e is None else rule.operand(k, e) for k, e in enumerate(stated)]
    return Gains(tuple(found), tuple([expr.attrs[0] for expr in own]), lines)


def _each(roots: Iterable[Expr]) -> Iterator[Expr]:
    seen: set[int] = set()
    for root in roots:
        for expr in postorder(root):
            if id(expr) not in seen:
                seen.add(id(expr))
                yield expr


class Rule:
    """An operation's rule at given shapes. `own` numbers its own lines, by their identity."""

    def __init__(self, kind: Call, own: Mapping[int, int]) -> None:
        self.kind = kind
        self.own = own
        self.sizes = kind.signature.sizes
        self.shapes = leaves(kind)

    def operand(self, k: int, expr: Expr) -> Contribution:
        """The contribution to the k-th operand."""
        inner, region = expr, None
        wanted = self.kind.signature.shapes[k]
        root = None if expr.op == NAMED else typed(expr, self.shapes, self.sizes)[-1].call
        if root is not None and root.op.region is not None and len(expr.args) == 1:
            (region,) = root.op.region(root.signature)  # the listing's target, not its formula
            (inner,) = expr.args
            wanted = indexed_shape(self.sizes, region)
        found = self.contribution(inner, region, None)
        if not alike(found.shape, wanted):
            message = f"the rule of {self.kind.op.name} gives {spell(found.shape)}"
            raise Defect(f"{message}, not {spell(wanted)}")
        if root is not None and root.op.rows is not None and _is_operand(expr.args[1]):
            return self._at(found, root, expr)
        return found

    def _at(self, whole: Contribution, root: Call, expr: Expr) -> Contribution:
        """A contribution whose rows are added at an index, with what is added listed alone."""
        inner, index = expr.args
        assert root.op.rows is not None
        listed = self.contribution(inner, None, None)
        stands = zip(whole.listed, root.op.rows(root.signature, index), strict=True)
        nodes = {layout: typed(own, self.shapes, self.sizes) for layout, own in stands}
        axes = {"denominator": 0, "numerator": len(whole.shape) - 1}
        count = len(self.kind.signature.shapes)
        brackets = {k: f"[{':, ' * axes[k]}{_text(own, count)}]" for k, own in nodes.items()}
        at = At(nodes, axes, brackets, root, index.attrs[0], listed.texts)
        return whole._replace(
            listed=listed.listed,
            listing=listed.listing,
            shape=listed.shape,
            at=at,
        )

    def contribution(self, expr: Expr, region: Region | None, piece: Region | None) -> Contribution:
        listed, listing = self._written(expr, self.shapes, {COTANGENT})
        nodes, texts = listed["denominator"], listing
        uses: tuple[int, ...] = ()
        if self.own:
            shapes, used = dict(self.shapes), {}
            shown = expr.args[0] if expr.op == NAMED else expr
            for inner in _each([shown]):
                if id(inner) in self.own:
                    used[id(inner)] = key = Own(self.own[id(inner)])
                    shapes[key] = typed(inner, self.shapes, self.sizes)[-1].shape
            shown = replaced(shown, {i: leaf(key) for i, key in used.items()})
            listed, listing = self._written(shown, shapes, {COTANGENT, *used.values()})
            uses = tuple(sorted(key.line for key in used.values()))
        count = len(self.kind.signature.shapes)
        order = (COTANGENT, RESULT, *range(count), *map(Own, range(len(self.own))))
        shape = nodes[-1].shape
        return Contribution(
            expr,
            nodes,
            texts,
            listed,
            listing,
            code(listed["denominator"], order),
            uses,
            shape,
            region,
            piece,
        )

    def _written(
        self, expr: Expr, shapes: Mapping[Any, Shape], turned: set[Any]
    ) -> tuple[dict[str, list[Node]], dict[str, str]]:
        """An expression's nodes, and its text, in each layout."""
        nodes = typed(expr, shapes, self.sizes)
        other = {key: s[::-1] if key in turned else s for key, s in shapes.items()}
        flipped = typed(flip(nodes, turned), other, self.sizes)
        shape, back = nodes[-1].shape, flipped[-1].shape
        if not alike(back, shape[::-1]):
            raise Defect(f"a rule of {self.kind.op.name} is {spell(back)} when transposed")
        count = len(self.kind.signature.shapes)
        both = {"denominator": nodes, "numerator": flipped}
        return both, {layout: _text(some, count) for layout, some in both.items()}


def _is_operand(expr: Expr) -> bool:
    return expr.op == "leaf" and isinstance(expr.attrs[0], int)


def replaced(root: Expr, known: Mapping[int, Expr]) -> Expr:
    """The expression with some of those in it, by identity, replaced."""
    done: dict[int, Expr] = {}
    for expr in postorder(root):
        found = known.get(id(expr))
        if found is None and expr.args:
            found = Expr(expr.op, tuple(done[id(arg)] for arg in expr.args), expr.attrs)
        done[id(expr)] = expr if found is None else found
    return done[id(root)]


def code(nodes: Sequence[Node], order: Sequence[Any]) -> Code:
    """An expression's nodes as calls on places; `order` has the keys of the leaves."""
    places: list[int | Number] = []
    calls: list[tuple[Call, tuple[int | Number, ...]]] = []
    for node in nodes:
        if node.call is not None:
            calls.append((node.call, tuple([places[i] for i in node.args])))
            places.append(len(calls) - 1)
        else:
            own = isinstance(node.key, Number)
            places.append(node.key if own else ~order.index(node.key))
    return Code(tuple(calls), places[-1])


def _text(nodes: list[Node], operands: int) -> str:
    def name(key: Any) -> str:
        if key == COTANGENT:
            return "dL/d{0}"
        if isinstance(key, Own):
            return f"{{{operands + 1 + key.line}}}"
        return "{0}" if key == RESULT else f"{{{key + 1}}}"

    return print_nodes(nodes, name)[0]


def unbroadcast(expr: Expr, shape: Shape, target: Shape, sizes: Sizes) -> Expr:
    """Sum over what broadcasting stretched: the one place where it is undone."""
    if len(shape) == len(target) and all(same(a, b) for a, b in zip(shape, target, strict=True)):
        return expr
    if is_scalar(target):
        return call("sum", expr, axis=None)
    for _ in range(len(shape) - len(target)):
        expr = call("sum", expr, axis=0)
        first = Part(sizes.constant(0), sizes.constant(1), single=True)
        rest = tuple(whole(size, sizes) for size in shape[1:])
        expr = call("index", expr, region=(first, *rest))
        shape = shape[1:]
    stretched = [is_one(b) and not is_one(a) for a, b in zip(shape, target, strict=True)]
    axes = tuple(axis for axis, own in enumerate(stretched) if own)
    return call("sum", expr, axis=axes if len(axes) > 1 else axes[0]) if axes else expr
