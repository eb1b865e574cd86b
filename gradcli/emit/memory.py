"""What it costs in memory that loops are cut, and fewer cuts where that is more than allowed."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from gradcli.emit.schedule import Item, schedule
from gradcli.emit.stores import LOCAL, stores
from gradcli.nests.nest import Nest, substitute
from gradcli.sizes import Size

BYTES = 8  # of a number in double precision


class Plan(NamedTuple):
    """The items of a pass, and the arrays over all iterations that an uncut loop would not have."""

    items: list[Item]
    arrays: dict[str, Size]  # in bytes


def planned(
    nest: Nest,
    kept: Container[str],
    arriving: Container[str],
    fixed: bool,
    limit: int | None,
    dims: Mapping[str, int],
) -> Plan:
    """A pass with its loops cut as far as memory allows.

    kept, arriving: as for `stores`. fixed: as for `schedule`. limit: of the arrays, in bytes at the
    sizes `dims`; the largest are given up first.
    """
    uncut = schedule(nest, at_once=False)
    local = {
        name
        for name, store in stores(nest, uncut, kept, arriving).of.items()
        if store.kind == LOCAL
    }
    held: set[str] = set()
    while True:
        items = schedule(nest, True, fixed, held)
        found = stores(nest, items, kept, arriving).of
        arrays = {
            name: _bytes(nest, name)
            for name, store in found.items()
            if store.kind != LOCAL and name in local and nest.axes[name]
        }
        known = {name: worth(nest, size, dims) for name, size in arrays.items()}
        if limit is None or sum(known.values()) <= limit:
            return Plan(items, arrays)
        largest = max(known, key=lambda name: known[name])
        more = {largest} | {
            equation.target.name
            for equation in nest.equations
            if equation.loops and any(ref.name == largest for ref in equation.refs())
        }
        if more <= held:
            more = {equation.target.name for equation in nest.equations}
        if more <= held:
            return Plan(items, arrays)
        held |= more


def total(nest: Nest, arrays: Mapping[str, Size]) -> Size:
    """The bytes of some arrays together."""
    found = nest.sizes.constant(0)
    for size in arrays.values():
        found = nest.sizes.add(found, size)
    return found


def _bytes(nest: Nest, name: str) -> Size:
    sizes = nest.sizes
    found = sizes.constant(BYTES)
    for axis in nest.axes[name]:
        length = sizes.add(sizes.add(axis.last, axis.first, -1), sizes.constant(1))
        found = sizes.multiply(found, length)
    for size in nest.shapes[name]:
        found = sizes.multiply(found, size)
    return found


def worth(nest: Nest, size: Size, dims: Mapping[str, int]) -> float:
    """What a size is worth where the dims are those of the model, not the small ones."""
    own = {name: nest.sizes.constant(value) for name, value in dims.items()}
    return float(substitute(nest.sizes, size, own).value)
