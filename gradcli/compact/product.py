"""One product as operations of the table: its order, its orientation, its number."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol, TypeAlias

from gradcli.compact.atoms import Atoms, Constant, Made, Name, Seed, Total
from gradcli.compact.contraction import Item, Node, is_product, plan
from gradcli.compact.scalars import Scalar
from gradcli.compact.terms import (
    IDENTITY,
    Factor,
    Term,
    Value,
    apart,
    relabelled,
    sizes_of,
)
from gradcli.compact.trees import Grove, Tree, first
from gradcli.ops.subscripts import LETTERS
from gradcli.sizes import Size, alike, plain
from gradcli.transform.vjp import Derived, Known

Want: TypeAlias = tuple[int | None, ...]  # for each axis its label, None where its size is 1


class Makes(Protocol):
    """What makes trees of sums and of values."""

    def sum(self, terms: Sequence[tuple[Term, Fraction]], want: Want) -> Tree: ...

    def line(self, x: Value) -> Tree: ...


class Product:
    """One term on its way to a tree."""

    def __init__(
        self, book: Atoms, grove: Grove, makes: Makes, term: Term, c: Fraction, want: Want
    ) -> None:
        self.book = book
        self.grove = grove
        self.makes = makes
        self.want = want
        self.sizes = sizes_of(term)
        self.scalar = Scalar(c)
        self.factors: list[Factor] = []
        for f in term:
            if isinstance(f.atom.what, Seed):
                continue
            if isinstance(f.atom.what, Size | Constant):
                self.scalar = self.scalar.times(f.atom.what, f.exponent)
            else:
                self.factors.append(f)
        self.factors.sort(
            key=lambda f: (bool(f.labels), not f.atom.linear, isinstance(f.atom.what, Total))
        )
        self.negated: Factor | None = None
        if self.scalar.number < 0:
            sums = [f for f in self.factors if isinstance(f.atom.what, Total) and f.exponent == 1]
            if sums:
                self.negated = sums[0]
                self.scalar = self.scalar.negative()
        self.at: Node | None = None  # the node that the number multiplies
        self.mean: Node | None = None

    def tree(self) -> Tree:
        if not self.factors:
            return self._number(self.scalar)
        items = [
            Item(frozenset(f.labels), f.exponent < 0, 0 if abs(f.exponent) == 1 else 1)
            for f in self.factors
        ]
        sizes = {label: int(size.value) for label, size in self.sizes.items()}
        root = plan(items, frozenset(w for w in self.want if w is not None), sizes)
        self._place(root)
        tree = self._build(root, self.want)
        if self._divides(root):
            return self.grove.apply("div", self._number(self.scalar), tree)
        return tree

    def _place(self, root: Node) -> None:
        """Where the number is multiplied: at a mean, or where there is least."""
        if root.inverse or self.scalar.is_one:
            return
        nodes = root.nodes()
        for node in nodes:
            if node.summed and self._sums(node):
                count = [self.sizes[label] for label in node.summed]
                if self.scalar.inverts(count, self.book.sizes):
                    self.mean = node
                    return
        nodes.sort(key=lambda node: (node.size, node.inverse))
        least = [n for n in nodes if (n.size, n.inverse) == (nodes[0].size, nodes[0].inverse)]
        self.at = least[-1]

    def _divides(self, node: Node) -> bool:
        """Whether what is around a node is divided by it.

        Not so where a number that is no inverse is divided by it first.
        """
        if not node.inverse or (node is self.at and not self.scalar.divides):
            return False
        if node.left is None or node.right is None:
            return True
        return self._divides(node.left) and self._divides(node.right)

    def _sums(self, node: Node) -> bool:
        """Whether a node's labels are summed along axes, not by a product."""
        if node.left is None or node.right is None:
            return True
        both = node.left.labels | node.right.labels
        flat = len(self.want) <= 2
        product = flat and is_product(node.left.labels, node.right.labels, node.summed)
        return not product and len(both) <= max(2, len(self.want))

    def _build(self, node: Node, want: Want) -> Tree:
        tree = self._node(node, want)
        if node is not self.at:
            return tree
        if not node.inverse:
            return self.scaled(tree)
        if not self._divides(node):
            return self.grove.apply("div", self._number(self.scalar), tree)
        return self.grove.apply("mul", self._number(self.scalar.inverse()), tree)

    def _number(self, scalar: Scalar) -> Tree:
        return self.grove.number(scalar.as_number(self.book.sizes))

    def scaled(self, tree: Tree) -> Tree:
        """A tree by the number of the term."""
        if self.scalar.number == -1 and self.scalar.is_plain:
            return self.grove.apply("neg", tree)
        if self.scalar.divides:
            return self.grove.apply("div", tree, self._number(self.scalar.inverse()))
        return self.grove.apply("mul", self._number(self.scalar), tree)

    def _node(self, node: Node, want: Want) -> Tree:
        if node.left is None or node.right is None:
            return self._alone(node, want)
        left, right = node.left, node.right
        if not node.summed and not (self._divides(left) or self._divides(right)):
            lone = (left.labels, right.labels)
            if all(len(s) == 1 for s in lone) and left.labels != right.labels and len(want) == 2:
                first, second = (left, right) if want[0] in left.labels else (right, left)
                return self.grove.apply(
                    "matmul",
                    self._build(first, (want[0], None)),
                    self._build(second, (None, want[1])),
                )
        if not node.summed:
            return self._elementwise(left, right, want)
        if is_product(left.labels, right.labels, node.summed) and len(want) == 2:
            return self._matmul(left, right, want, *node.summed)
        full = _filled(want, node.summed)
        if full is None or len(left.labels | right.labels) > len(full):
            return self._einsum(left, right, want)
        return self._reduced(self._elementwise(left, right, full), full, want, node)

    def _elementwise(self, left: Node, right: Node, want: Want) -> Tree:
        for mask, other in ((left, right), (right, left)):
            if (put := self._put(mask, other, want)) is not None:
                return put
        a, b = (self._build(n, _narrow(want, n.labels)) for n in (left, right))
        if self._divides(left) != self._divides(right):
            return self.grove.apply("div", *((b, a) if self._divides(left) else (a, b)))
        return self.grove.apply("mul", *sorted((a, b), key=first))

    def _put(self, mask: Node, other: Node, want: Want) -> Tree | None:
        """One entry a row by a mask that has one 1 a row: the entries at their places."""
        if mask.item < 0 or mask.summed or mask is self.at or self._divides(other):
            return None
        atom, labels, exponent = self.factors[mask.item]
        made = atom.what
        if not isinstance(made, Made) or not made.op.places or exponent != 1 or labels != want:
            return None
        if labels[-1] in other.labels:
            return None
        numbers = self.makes.line(made.args[0])
        entries = self._build(other, _narrow(want, other.labels))
        if not alike(entries.shape, numbers.shape):
            entries = self.grove.apply("broadcast", entries, shape=numbers.shape)
        axis = len(want) - 1
        return self.grove.apply(made.op.places, entries, numbers, **dict(made.attrs), axis=axis)

    def _positive(self, node: Node, want: Want) -> Tree:
        tree = self._build(node, want)
        if not self._divides(node):
            return tree
        return self.grove.apply("div", self.grove.number(plain(1)), tree)

    def _matmul(self, left: Node, right: Node, want: Want, k: int) -> Tree:
        row, column = want
        if (row is not None and row in right.labels) or (
            row is None and column is not None and column in left.labels
        ):
            left, right = right, left
        one, other = self._positive(left, (row, k)), self._positive(right, (k, column))
        return self.grove.product(one, other)

    def _reduced(self, tree: Tree, full: Want, want: Want, node: Node) -> Tree:
        """Sum, or average, over the labels that are not wanted."""
        op = "mean" if node is self.mean else "sum"
        missing = len(full) - len(tree.shape)  # axes in front that the tree lacks
        pairs = enumerate(zip(full, want, strict=True))
        axes = [k - missing for k, (a, b) in pairs if a != b]
        if all(w is None for w in want):
            return self.grove.apply(op, tree, axis=None)
        for axis in axes:
            tree = self.grove.apply(op, tree, axis=axis)
        return tree

    def _alone(self, node: Node, want: Want) -> Tree:
        factor = self.factors[node.item]
        if not node.summed:
            return self._factor(factor, want)
        if isinstance(factor.atom.what, Total) or len(factor.atom.shape) != len(want):
            full = _filled(want, node.summed, prefer=factor.labels)
        else:
            full = _own(factor, want)
        if full is None:
            full = tuple(dict.fromkeys(factor.labels))
        tree = self._factor(factor, full)
        if factor.exponent < 0:
            tree = self.grove.apply("div", self.grove.number(plain(1)), tree)
        if len(full) != len(want):
            return self._einsum_of([(tree, full)], want)
        return self._reduced(tree, full, want, node)

    # ── factors ──

    def _factor(self, factor: Factor, want: Want) -> Tree:
        """A factor to the absolute value of its exponent, its axes as they are wanted."""
        tree = self._base(factor, want)
        power = abs(Fraction(factor.exponent))
        if power == 1:
            return tree
        if power == Fraction(1, 2):
            return self.grove.apply("sqrt", tree)
        return self.grove.apply(
            "pow", tree, self.grove.number(Scalar(power).as_number(self.book.sizes))
        )

    def _base(self, factor: Factor, want: Want) -> Tree:
        atom, labels, _ = factor
        if isinstance(atom.what, Total):
            names = dict(enumerate(labels))
            sign = -1 if factor is self.negated else 1
            taken = max((c for c in (*labels, *want) if c is not None), default=0) + 1
            inner = [
                (tuple(relabelled(apart(t, taken), names)), sign * c)
                for t, c in atom.what.value.terms
            ]
            return self.makes.sum(inner, want)
        have: list[int | None] = [None] * len(atom.shape)
        for axis, label in zip(atom.axes, labels, strict=True):
            have[axis] = label
        return self._turned(self._leaf(factor), tuple(have), want)

    def _leaf(self, factor: Factor) -> Tree:
        atom = factor.atom
        if isinstance(atom.what, Name):
            name = atom.what.name
            return self.grove.name(Derived(name) if atom.linear else Known(name), atom.shape)
        if atom.what == IDENTITY:
            return self.grove.apply("eye", size=atom.shape[0])
        assert isinstance(atom.what, Made)
        args = [self.makes.line(arg) for arg in atom.what.args]
        return self.grove.operation(atom.what.op, args, atom.what.attrs)

    def _turned(self, tree: Tree, have: Want, want: Want) -> Tree:
        """A tree with its axes moved to where they are wanted."""
        if have == want or all(h is None for h in have):
            return tree
        if len(set(have) - {None}) < sum(h is not None for h in have) and len(have) == 2:
            tree = self.grove.apply("diag", tree)
            have = (have[0], None)
        trimmed = list(have)
        while len(trimmed) > len(want) and trimmed[0] is None:
            trimmed.pop(0)
        padded = (None,) * (len(want) - len(have)) + have
        if padded == want:
            return tree
        if have[::-1] == want:
            return self.grove.transposed(tree)
        return self._einsum_of([(tree, have)], want)

    # ── more than two axes ──

    def _einsum(self, left: Node, right: Node, want: Want) -> Tree:
        sides = []
        for node in (left, right):
            lone = node.left is None and not node.summed
            order = self.factors[node.item].labels if lone else sorted(node.labels)
            own = tuple(dict.fromkeys(order))
            full: Want = own if len(own) >= 2 else (*own, *(None,) * (2 - len(own)))
            sides.append((self._positive(node, full), full))
        return self._einsum_of(sides, want)

    def _einsum_of(self, operands: Sequence[tuple[Tree, Want]], want: Want) -> Tree:
        letters: dict[int, str] = {}
        spare = iter(LETTERS)
        terms = []
        for _, have in operands:
            terms.append(
                "".join(
                    next(spare)
                    if h is None
                    else letters.setdefault(h, "") or _new(letters, h, spare)
                    for h in have
                )
            )
        output = "".join(letters[w] for w in want if w is not None)
        text = f"{','.join(terms)}->{output}"
        tree = self.grove.apply("einsum", *(t for t, _ in operands), subscripts=text)
        shape = tuple([self.book.sizes.constant(1) if w is None else self.sizes[w] for w in want])
        if len(tree.shape) == len(shape) and all(
            a.value == b.value for a, b in zip(tree.shape, shape, strict=True)
        ):
            return tree
        return self.grove.apply("reshape", tree, shape=shape)


def _new(letters: dict[int, str], label: int, spare: object) -> str:
    letters[label] = next(spare)  # type: ignore[call-overload]
    return letters[label]


def _own(factor: Factor, want: Want) -> Want | None:
    """A factor's own axes, where what is wanted of them lies as it does there."""
    have: list[int | None] = [None] * len(want)
    for axis, label in zip(factor.atom.axes, factor.labels, strict=True):
        have[axis] = label
    if all(w is None or w == h for w, h in zip(want, have, strict=True)):
        return tuple(have)
    return _filled(want, frozenset(factor.labels) - set(want), prefer=factor.labels)


def _narrow(want: Want, labels: frozenset[int]) -> Want:
    return tuple([w if w in labels else None for w in want])


def _filled(want: Want, summed: frozenset[int], prefer: Sequence[int] = ()) -> Want | None:
    """The wanted axes, with labels that are summed at axes of size 1; None where there are few."""
    free = [k for k, w in enumerate(want) if w is None]
    if len(free) < len(summed):
        return None
    full = list(want)
    order = sorted(summed, key=lambda c: prefer.index(c) if c in prefer else c)
    for k, label in zip(free[len(free) - len(order) :], order, strict=True):
        full[k] = label
    return tuple(full)
