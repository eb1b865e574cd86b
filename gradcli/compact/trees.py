"""Operations of the table on names and numbers, each once: what a line computes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

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

    def transposed(self, tree: Tree) -> Tree:
        if is_scalar(tree.shape):
            return tree
        if tree.call is not None and tree.call.op is TABLE["transpose"]:
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


def shared(roots: Sequence[Tree]) -> list[Tree]:
    """The trees that cost something and are used more than once, operands first."""
    trees = below(roots)
    uses = {root.number: 1 for root in roots}
    for tree in trees:
        for arg in tree.args:
            uses[arg.number] = uses.get(arg.number, 0) + 1
    return [tree for tree in trees if uses[tree.number] > 1 and tree.flops]


def expression(root: Tree, known: Mapping[int, Any]) -> tuple[Expr, dict[Any, Shape]]:
    """A tree as an expression, and the shapes of its leaves.

    known: the keys of trees that have a line of their own, by their numbers.
    """
    found: dict[int, Expr] = {}
    leaves: dict[Any, Shape] = {}
    stack = [(root, False)]
    while stack:
        tree, ready = stack.pop()
        if tree.number in found:
            continue
        key = known.get(tree.number)
        if key is None and tree.call is None:
            key = tree.key
        if key is not None:
            if isinstance(key, Number):
                found[tree.number] = as_expr(key)
            else:
                leaves[key] = tree.shape
                found[tree.number] = leaf(key)
        elif ready:
            assert tree.call is not None
            args = tuple([found[arg.number] for arg in tree.args])
            found[tree.number] = Expr(tree.call.op.name, args, tree.call.attrs)
        else:
            stack.append((tree, True))
            stack.extend((arg, False) for arg in reversed(tree.args))
    return found[root.number], leaves
