"""Operations of the table on names and numbers, each once: what a line computes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from gradcli.expr import Expr, as_expr, leaf
from gradcli.ops.core import TABLE, Attrs, Call, Op, Signature
from gradcli.sizes import PRODUCT, Number, Shape, Sizes, is_scalar
from gradcli.transform.vjp import Derived


class Tree:
    """An operation on trees, a name (`key`) or a number. One and the same where it is equal."""

    __slots__ = ("args", "call", "flops", "key", "linear", "number", "shape")

    def __init__(
        self, number: int, key: Any, call: Call | None, args: tuple[Tree, ...], shape: Shape
    ) -> None:
        self.number = number
        self.key = key
        self.call = call
        self.args = args
        self.shape = shape
        self.linear: bool = isinstance(key, Derived) or any(arg.linear for arg in args)
        self.flops = 0 if call is None else int(call.flops.value)


def first(tree: Tree) -> tuple[bool, bool, bool]:
    """What stands first in a product: numbers, what would need brackets behind, a cotangent."""
    product = tree.call is not None and tree.call.op.text.binding == PRODUCT
    return not is_scalar(tree.shape), not product, not tree.linear


class Grove:
    """Where trees are made."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.trees: dict[Any, Tree] = {}
        self.applied: dict[Any, tuple[str, Tree]] = {}  # how a name need not be known to multiply

    def name(self, key: Any, shape: Shape) -> Tree:
        return self._made((key,), key, None, (), shape)

    def number(self, number: Number) -> Tree:
        return self._made(("number", number.text), number, None, (), self.sizes.scalar)

    def apply(self, name: str, *args: Tree, **attrs: Any) -> Tree:
        return self.operation(TABLE[name], args, tuple(attrs.items()))

    def operation(self, op: Op, args: Sequence[Tree], attrs: Attrs = ()) -> Tree:
        key = (op, attrs, tuple([arg.number for arg in args]))
        found = self.trees.get(key)
        if found is None:
            signature = Signature(self.sizes, tuple([a.shape for a in args]), dict(attrs))
            call = Call(op, signature, attrs, op.shape(signature))
            found = self._made(key, None, call, tuple(args), call.shape)
        return found

    def product(self, left: Tree, right: Tree) -> Tree:
        """A product of two matrices; with an inverse the solution of a system."""
        for tree, other in ((left, right), (right, left)):
            turned = tree.call is not None and tree.call.op.turns
            found = self.applied.get(tree.args[0].key if turned else tree.key)
            if found is not None:
                op, matrix = found
                if turned != (tree is right):
                    matrix = self.transposed(matrix)
                if tree is left:
                    return self.apply(op, matrix, other)
                return self.transposed(self.apply(op, matrix, self.transposed(other)))
        return self.apply("matmul", left, right)

    def transposed(self, tree: Tree) -> Tree:
        if is_scalar(tree.shape):
            return tree
        if tree.call is not None and tree.call.op.turns:
            return tree.args[0]
        return self.apply("transpose", tree)

    def _made(
        self, key: Any, name: Any, call: Call | None, args: tuple[Tree, ...], shape: Shape
    ) -> Tree:
        found = self.trees.get(key)
        if found is None:
            found = self.trees[key] = Tree(len(self.trees), name, call, args, shape)
        return found


def below(roots: Iterable[Tree], known: Container[int] = ()) -> list[Tree]:
    """Every tree below some roots once, operands first; nothing below those of known numbers."""
    order: list[Tree] = []
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        tree, ready = stack.pop()
        if tree.number in seen:
            continue
        if ready or not tree.args or tree.number in known:
            seen.add(tree.number)
            order.append(tree)
        else:
            stack.append((tree, True))
            stack.extend((arg, False) for arg in reversed(tree.args))
    return order


class Shared(NamedTuple):
    """What some lines have in common, and what they take as they are then written.

    lines: the trees that get a line of their own, operands first. What is written twice takes its
    operations twice, and has its length, in names and operations, twice.
    """

    lines: list[Tree]
    flops: int
    length: int


def shared(roots: Sequence[Tree], frugal: bool = False) -> Shared:
    """What gets a line of its own: what saves more than one operation an entry by that.

    To write a value down and read it again is no less work than one operation on its entries.
    frugal: whatever saves an operation gets one.
    """
    trees = below(roots)
    given = {root.number for root in roots}
    uses: dict[int, int] = {}
    for tree in reversed(trees):
        free = tree.call is not None and not tree.flops and tree.number not in given
        times = uses.get(tree.number, 0) if free else 1
        for arg in tree.args:
            uses[arg.number] = uses.get(arg.number, 0) + times
    flops: dict[int, int] = {}  # of what a tree adds where it stands, and how long it is there
    lengths: dict[int, int] = {}
    found = Shared([], 0, 0)
    for tree in trees:
        number = tree.number
        weight = tree.flops + sum(flops[arg.number] for arg in tree.args)
        length = 1 + sum(lengths[arg.number] for arg in tree.args)
        more = (uses.get(number, 0) - 1) * weight
        least = 0 if frugal else prod([int(size.value) for size in tree.shape])
        own = tree.flops > 0 and more > least
        if own and number not in given:
            found.lines.append(tree)
        if own or number in given:
            found = found._replace(flops=found.flops + weight, length=found.length + length)
            weight, length = 0, 1
        flops[number], lengths[number] = weight, length
    return found


def expression(root: Tree, known: Mapping[int, Any]) -> tuple[Expr, dict[Any, Shape]]:
    """A tree as an expression, and the shapes of its leaves.

    known: the keys of trees that have a line of their own, by their numbers.
    """
    found: list[Expr] = []
    leaves: dict[Any, Shape] = {}
    stack = [(root, False)]
    while stack:
        tree, ready = stack.pop()
        key = known.get(tree.number)
        if key is None and tree.call is None:
            key = tree.key
        if isinstance(key, Number):
            found.append(as_expr(key))
        elif key is not None:
            leaves[key] = tree.shape
            found.append(leaf(key))
        elif ready:
            assert tree.call is not None
            first = len(found) - len(tree.args)
            found[first:] = [Expr(tree.call.op.name, tuple(found[first:]), tree.call.attrs)]
        else:
            stack.append((tree, True))
            stack.extend((arg, False) for arg in reversed(tree.args))
    return found[0], leaves
