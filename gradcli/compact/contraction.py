"""In which order the factors of a product are multiplied and summed: the cheapest, by dynamic
programming over their subsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

FLAT = 2  # of what is multiplied entry by entry, unless there is no other way
NEVER = 10**6
MOST = 6  # factors whose every order is tried


class Item(NamedTuple):
    """What is multiplied: its labels, its cost, and whether it is divided by."""

    labels: frozenset[int]
    inverse: bool
    cost: int = 0


class Node(NamedTuple):
    """A product of some items: of two nodes, or an item alone. `labels` are left, `summed` gone."""

    labels: frozenset[int]
    summed: frozenset[int]
    inverse: bool
    item: int
    left: Node | None
    right: Node | None
    cost: int
    size: int

    def nodes(self) -> list[Node]:
        below = [n for side in (self.left, self.right) if side for n in side.nodes()]
        return [*below, self]


def plan(items: Sequence[Item], wanted: frozenset[int], sizes: Mapping[int, int]) -> Node:
    """The cheapest order. wanted: the labels of the result."""
    if all(item.labels <= wanted for item in items):
        return _entry_by_entry(items, wanted, sizes)
    alike: dict[tuple[frozenset[int], bool], list[int]] = {}
    for k, item in enumerate(items):
        alike.setdefault((item.labels, item.inverse), []).append(k)
    if len(alike) < len(items):  # what has the same axes is multiplied first
        groups = list(alike.values())
        lone = [_grouped(items, group, sizes) for group in groups]
        whole = [Item(n.labels, n.inverse, n.cost) for n in lone]
        return _put_in(plan(whole, wanted, sizes), lone)
    if len(items) <= MOST:
        return _Planner(items, wanted, sizes).best((1 << len(items)) - 1)
    # Pairs first that shrink the most; then what is left as a whole.
    half = sorted(range(len(items)), key=lambda k: sorted(items[k].labels))
    left, right = half[: len(half) // 2], half[len(half) // 2 :]
    both = []
    for mine, others in ((left, right), (right, left)):
        kept = wanted.union(*(items[k].labels for k in others))
        part = plan([items[k] for k in mine], kept, sizes)
        both.append(_renumbered(part, mine))
    return _joined(both[0], both[1], wanted, sizes)


def _entry_by_entry(
    items: Sequence[Item], wanted: frozenset[int], sizes: Mapping[int, int]
) -> Node:
    """What is not summed is multiplied from the fewest labels to the most, numerators first."""
    order = sorted(
        range(len(items)),
        key=lambda k: (len(items[k].labels), sorted(items[k].labels), items[k].inverse),
    )
    total: Node | None = None
    group: Node | None = None
    for k in order:
        node = _alone(k, items[k], wanted, sizes)
        if group is not None and group.labels != node.labels:
            total = group if total is None else _joined(total, group, wanted, sizes)
            group = None
        group = node if group is None else _joined(group, node, wanted, sizes)
    assert group is not None
    return group if total is None else _joined(total, group, wanted, sizes)


def _grouped(items: Sequence[Item], group: Sequence[int], sizes: Mapping[int, int]) -> Node:
    """The product of some items on the same labels."""
    labels = items[group[0]].labels
    total = _alone(group[0], items[group[0]], labels, sizes)
    for k in group[1:]:
        total = _joined(total, _alone(k, items[k], labels, sizes), labels, sizes)
    return total


def _put_in(node: Node, groups: Sequence[Node]) -> Node:
    """A plan over groups, with each group's own plan in its place."""
    if node.left is not None and node.right is not None:
        return node._replace(left=_put_in(node.left, groups), right=_put_in(node.right, groups))
    own = groups[node.item]
    if own.left is None or own.right is None:
        return node._replace(item=own.item)
    return node._replace(item=-1, left=own.left, right=own.right)


def _renumbered(node: Node, numbers: Sequence[int]) -> Node:
    if node.left is None or node.right is None:
        return node._replace(item=numbers[node.item])
    return node._replace(
        left=_renumbered(node.left, numbers), right=_renumbered(node.right, numbers)
    )


class _Planner:
    def __init__(
        self, items: Sequence[Item], wanted: frozenset[int], sizes: Mapping[int, int]
    ) -> None:
        self.items = items
        self.wanted = wanted
        self.sizes = sizes
        self.known: dict[int, Node] = {}

    def best(self, mask: int) -> Node:
        found = self.known.get(mask)
        if found is not None:
            return found
        others = [item.labels for k, item in enumerate(self.items) if not mask >> k & 1]
        kept = self.wanted.union(*others)
        if mask & (mask - 1) == 0:
            k = mask.bit_length() - 1
            found = _alone(k, self.items[k], kept, self.sizes)
        else:
            low = mask & -mask
            rest = mask ^ low
            part = rest
            while True:
                part = (part - 1) & rest
                node = _joined(self.best(low | part), self.best(rest ^ part), kept, self.sizes)
                if found is None or node.cost < found.cost:
                    found = node
                if not part:
                    break
        self.known[mask] = found
        return found


def _alone(k: int, item: Item, kept: frozenset[int], sizes: Mapping[int, int]) -> Node:
    labels = item.labels & kept
    summed = item.labels - kept
    size = _size(labels, sizes)
    cost = item.cost
    inverse = item.inverse
    if summed:
        entries = _size(item.labels, sizes)
        cost += entries - size + (entries if inverse else 0)
        inverse = False
    return Node(labels, summed, inverse, k, None, None, cost, size)


def _joined(one: Node, other: Node, kept: frozenset[int], sizes: Mapping[int, int]) -> Node:
    both = one.labels | other.labels
    labels = both & kept
    summed = both - kept
    size, entries = _size(labels, sizes), _size(both, sizes)
    cost = one.cost + other.cost
    inverse = one.inverse and other.inverse
    if not summed:
        cost += entries if len(both) <= FLAT else entries * NEVER
    elif is_product(one.labels, other.labels, summed):
        (k,) = summed
        cost += size * (2 * sizes[k] - 1)
        cost += sum(n.size for n in (one, other) if n.inverse)
        inverse = False
    elif len(both) <= FLAT:
        cost += 2 * entries - size + (entries if inverse else 0)
        inverse = False
    else:
        cost += 2 * entries + sum(n.size for n in (one, other) if n.inverse)
        inverse = False
    return Node(labels, summed, inverse, -1, one, other, cost, size)


def is_product(one: frozenset[int], other: frozenset[int], summed: frozenset[int]) -> bool:
    """Whether it is a matrix product."""
    return len(summed) == 1 and one & other == summed and len(one) <= 2 and len(other) <= 2


def _size(labels: frozenset[int], sizes: Mapping[int, int]) -> int:
    return prod([sizes[label] for label in labels])
