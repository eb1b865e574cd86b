"""The chain rule along the person's own equations: a Jacobian as products of local ones."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from gradcli.session import Session
from gradcli.views.jacobian import Jacobian, between
from gradcli.views.named import equations, part
from gradcli.views.structure import ZERO

MOST_PRODUCTS = 12  # that are written out; more are counted


class Chain(NamedTuple):
    """Local Jacobians, from the end to the start, and the products of them that add up.

    total: how many products there are; `products` is empty where they are too many to write.
    """

    links: tuple[Jacobian, ...]
    products: tuple[str, ...]
    total: int


def chain(session: Session, of: str, wrt: str, written: AbstractSet[str], most: int) -> Chain:
    """The chain from one quantity to another, in the session's layout.

    written: the names of the model's text. most: elements of one Jacobian. Raises GradError.
    """
    program = session.program
    named = {e.name: e for e in equations(program, written | _bases(of, wrt))}
    moves = {wrt}
    for equation in named.values():
        if equation.name != wrt and not moves.isdisjoint(equation.sources):
            moves.add(equation.name)
    links: dict[tuple[str, str], Jacobian] = {}
    waiting, reached = [of], {of}
    while waiting:
        name = waiting.pop(0)
        equation_of = named.get(name)
        if name == wrt or equation_of is None:
            continue
        for source in equation_of.sources:
            if source in moves:
                inner = part(program, equation_of)
                link = between(session, inner, name, source, written, most)
                if link.structure == ZERO:
                    continue
                links[name, source] = link
                if source not in reached:
                    reached.add(source)
                    waiting.append(source)
    count: dict[str, int] = {wrt: 1}
    for name in [wrt, *named]:
        if name != wrt:
            count[name] = sum(count[source] for end, source in links if end == name)
    total = count.get(of, 0)
    ahead = session.derivation.layout == "numerator"
    products = _products(links, of, wrt, ahead) if total <= MOST_PRODUCTS else []
    return Chain(tuple(links.values()), tuple(products), total)


def _products(links: dict[tuple[str, str], Jacobian], of: str, wrt: str, ahead: bool) -> list[str]:
    if of == wrt:
        return []
    found = []
    for end, source in links:
        if end == of:
            own = f"∂{end}/∂{source}"
            for rest in _products(links, source, wrt, ahead) if source != wrt else [""]:
                factors = [own, rest] if ahead else [rest, own]
                found.append(" @ ".join(filter(None, factors)))
    return found


def _bases(*names: str) -> set[str]:
    return {name.partition("[")[0] for name in names}
