"""What a derivation costs: operations on numbers, and bytes read and written, as the sizes go."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from gradcli.errors import GradError
from gradcli.ops.core import Call
from gradcli.record import Record
from gradcli.session import Session
from gradcli.sizes import Shape, Size, Sizes
from gradcli.transform.reify import times
from gradcli.transform.reverse import Derivation

BYTES = 8  # of a number in double precision


class Cost(Record):
    """Floating-point operations, and the bytes of all operands and results.

    As polynomials over the dims where these are short, else as numbers.
    """

    flops: Size
    bytes: Size


def costs(session: Session) -> dict[str, Cost]:
    """What each pass costs: the forward one, the backward one step by step, and the compact one."""
    derivation, sizes = session.derivation, session.program.sizes
    literal = derivation.literal or derivation
    found = {
        "forward": cost((step.call for step in session.program.steps), sizes),
        "backward": cost((step.call for step in literal.reified.steps), sizes),
    }
    if derivation.literal is not None:
        looped = any(row.loops or row.over for row in derivation.rows)
        found["compact"] = (
            _of_lines(derivation, sizes)
            if looped
            else cost((step.call for step in derivation.reified.steps), sizes)
        )
    return found


def quotient(one: Size, other: Size, sizes: Sizes) -> str:
    """One polynomial over another, without the factors that all of their terms share: `2`, or
    `(M + 3)/(2*M + 1)`.
    """
    terms = [*one.terms, *other.terms]
    shared = dict(terms[0][0]) if terms else {}
    for monomial, _ in terms:
        own = dict(monomial)
        shared = {name: min(power, own.get(name, 0)) for name, power in shared.items()}
    whole = gcd(*(abs(int(factor)) for _, factor in terms)) or 1
    if any(factor.denominator != 1 for _, factor in terms):
        whole = 1
    above, below = (_divided(size, shared, whole, sizes) for size in (one, other))
    if below.terms and above.terms:
        factor = above.terms[0][1] / below.terms[0][1]
        if sizes.multiply(below, sizes.constant(factor)) is above:
            return str(factor)
    if not below.terms:
        return ""
    texts = [f"({size.text})" if len(size.terms) > 1 else size.text for size in (above, below)]
    return above.text if below.one else "/".join(texts)


def _divided(size: Size, shared: dict[str, int], whole: int, sizes: Sizes) -> Size:
    found = sizes.constant(0)
    for monomial, factor in size.terms:
        term = sizes.constant(factor / whole)
        for name, power in monomial:
            for _ in range(power - shared.get(name, 0)):
                term = sizes.multiply(term, sizes.dims[name])
        found = sizes.add(found, term)
    return found


def _of_lines(derivation: Derivation, sizes: Sizes) -> Cost:
    """What lines cost that hold for all iterations: each by how many these are."""
    moved = []
    for row, more in zip(derivation.rows, derivation.added, strict=True):
        once = cost((call for call, _ in row.contribution.code.calls), sizes)
        moved += [sizes.multiply(times(row, sizes), once.bytes), total([more], sizes, 3 * BYTES)]
    return Cost(total(of_rows(derivation), sizes), total(moved, sizes))


def cost(calls: Iterable[Call], sizes: Sizes) -> Cost:
    """What some operations cost together."""
    flops, moved = [], []
    for call in calls:
        flops.append(call.flops)
        moved += [sizes.product(shape) for shape in (*call.signature.shapes, call.shape)]
    return Cost(total(flops, sizes), total(moved, sizes, BYTES))


def added(found: Cost, shapes: Iterable[Shape], sizes: Sizes) -> Cost:
    """A cost with that of additions of arrays of some shapes: each reads two and writes one."""
    entries = [sizes.product(shape) for shape in shapes]
    moved = [found.bytes, *([total(entries, sizes, 3 * BYTES)] if entries else [])]
    return Cost(total([found.flops, *entries], sizes), total(moved, sizes))


def of_rows(derivation: Derivation) -> list[Size]:
    """The operations of each line of a listing, in all iterations, with the additions of a `+=`."""
    sizes = derivation.program.sizes
    found = []
    for row, more in zip(derivation.rows, derivation.added, strict=True):
        once = total((call.flops for call, _ in row.contribution.code.calls), sizes)
        found.append(sizes.add(sizes.multiply(times(row, sizes), once), more))
    return found


def total(counts: Iterable[Size], sizes: Sizes, each: int = 1) -> Size:
    """The sum of some counts, each so many times."""
    every = list(counts)
    try:
        total = sizes.constant(0)
        for count in every:
            total = sizes.add(total, count)
        return sizes.multiply(sizes.constant(each), total)
    except GradError:  # a polynomial of too many terms
        return sizes.constant(each * sum(int(count.value) for count in every))
